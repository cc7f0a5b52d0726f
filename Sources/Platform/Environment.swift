internal import Glibc

/// The environment that this process was started with.
///
/// It is never changed: `setenv` would leave copies of what it is given.
///
/// Source: environ(7).
package enum Environment {
  /// The value of the variable `name`, or nil if it is not set; what is not UTF-8
  /// in it is replaced.
  package static func value(of name: String) -> String? {
    bytes(of: name).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Whether the variable `name` is set; its value, which may be a secret, is not copied.
  package static func isSet(_ name: String) -> Bool { unsafe getenv(name) != nil }

  /// The value of a variable that is acted on as text, such as a path of ours.
  ///
  /// - Parameter name: The variable.
  /// - Returns: The value; nil if it is not set.
  /// - Throws: ``NotText`` if it is not UTF-8: a changed path is another one.
  package static func text(of name: String) throws(NotText) -> String? {
    guard let bytes = bytes(of: name) else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw NotText(name: name) }
    return text
  }

  /// A variable whose value is not UTF-8.
  package struct NotText: Error, Equatable {
    package let name: String
  }

  /// The value of the variable `name` byte for byte, or nil if it is not set; for
  /// what is no secret.
  ///
  /// Source: getenv(3).
  package static func bytes(of name: String) -> [UInt8]? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe [UInt8](UnsafeRawBufferPointer(start: value, count: strlen(value)))
  }

  /// Takes a copy of the value of the variable `name`, for one that holds a secret.
  ///
  /// - Parameter name: The variable.
  /// - Returns: Its bytes as they are; nil if it is not set.
  /// - Throws: ``SecretError/outOfLockedMemory`` as ``Secret`` does.
  ///
  /// Source: getenv(3).
  package static func secret(of name: String) throws(SecretError) -> Secret? {
    guard let value = unsafe getenv(name) else { return nil }
    let count = unsafe strlen(value)
    return try Secret(count: count) { bytes in
      for index in 0..<count { bytes[index] = unsafe UInt8(bitPattern: value[index]) }
    }
  }

  /// Calls `body` with each entry, as its position, its name and its size.
  static func forEachEntry(_ body: (_ position: Int, _ name: String, _ byteCount: Int) -> Void) {
    var position = 0
    while let entry = unsafe environ[position] {
      let byteCount = unsafe strlen(entry)
      // Only the name becomes a string: the value may be a secret.
      let name = unsafe UnsafeRawBufferPointer(start: entry, count: strcspn(entry, "="))
      body(position, unsafe String(decoding: name, as: UTF8.self), byteCount)
      position += 1
    }
  }

  /// The names of all variables that are set.
  package static var names: [String] {
    var names: [String] = []
    forEachEntry { _, name, _ in names.append(name) }
    return names
  }

  /// Whether the variable `name` is set, to exactly the bytes of `value`.
  package static func hasValue(_ value: Span<UInt8>, of name: String) -> Bool {
    guard let current = unsafe getenv(name) else { return false }
    let count = unsafe strlen(current)
    guard count == value.count else { return false }
    for index in value.indices {
      guard unsafe UInt8(bitPattern: current[index]) == value[index] else { return false }
    }
    return true
  }
}

/// The environment of a program that is about to take this process' place.
///
/// Inherited entries stay where they are; added ones are in one secret.
package struct EnvironmentBlock: ~Copyable {
  private let added: Secret
  private let addedStarts: [Int]
  private let inheritedPositions: [Int]

  /// The bytes that entries and pointers take of the system's limit.
  package let byteCount: Int

  /// - Parameters:
  ///   - added: Entries `NAME=value`, each with a NUL behind it.
  ///   - addedByteCount: How much of `added` is used.
  ///   - isInherited: Whether an entry of this process stays, by its name.
  package init(
    added: consuming Secret, addedByteCount: Int, inheriting isInherited: (String) -> Bool
  ) {
    var starts: [Int] = []
    added.withBytes { bytes in
      var start = 0
      for index in 0..<addedByteCount where bytes[index] == 0 {
        starts.append(start)
        start = index + 1
      }
      precondition(start == addedByteCount, "each entry ends with NUL")
    }
    var positions: [Int] = []
    var total = addedByteCount
    Environment.forEachEntry { position, name, byteCount in
      guard isInherited(name) else { return }
      positions.append(position)
      total += byteCount + 1
    }
    self.byteCount = total + (positions.count + starts.count) * MemoryLayout<Int>.size
    self.added = added
    addedStarts = starts
    inheritedPositions = positions
  }

  /// Lets a process that is forked execute a program with this environment.
  package borrowing func keepOnFork() { added.keepOnFork() }

  /// Overwrites the entries that were added: another process has them now.
  package borrowing func wipe() { added.wipeShared() }

  /// Replaces this process by the program at `path`.
  ///
  /// - Parameters:
  ///   - path: The program's file, without NUL.
  ///   - arguments: Starting with the program's name, without NUL.
  /// - Returns: Why it failed; on success nothing returns.
  ///
  /// Source: execve(2).
  package borrowing func execute(_ path: [UInt8], arguments: [[UInt8]]) -> Errno {
    let path = path.map { CChar(bitPattern: $0) } + [0]
    let arguments = CStringArray(arguments)
    let count = inheritedPositions.count + addedStarts.count
    let entries = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
      capacity: count + 1)
    defer { unsafe entries.deallocate() }
    for (index, position) in inheritedPositions.enumerated() {
      unsafe entries[index] = environ[position]
    }
    unsafe entries[count] = nil
    return unsafe added.withUnsafePointer { base in
      for (index, start) in addedStarts.enumerated() {
        let entry = unsafe UnsafeMutableRawPointer(mutating: base + start)
        unsafe entries[inheritedPositions.count + index] =
          entry.assumingMemoryBound(to: CChar.self)
      }
      _ = unsafe execve(path, arguments.pointers, entries)
      return Errno.current
    }
  }
}
