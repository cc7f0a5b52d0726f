internal import Glibc

/// A name in a directory, byte for byte, and what bears it.
package struct DirectoryEntry: Sendable {
  /// Without NUL.
  package let name: [UInt8]

  package let kind: FileStatus.Kind

  /// The name as text; what is not UTF-8 in it is replaced.
  package var text: String { String(decoding: name, as: UTF8.self) }

  /// The name as C wants it.
  fileprivate var characters: [CChar] { name.map { CChar(bitPattern: $0) } + [0] }

  /// What a directory says of its entry; nil where the file system does not tell.
  fileprivate static func kind(ofType type: UInt8) -> FileStatus.Kind? {
    switch Int(type) {
    case Int(DT_REG): .regular
    case Int(DT_DIR): .directory
    case Int(DT_SOCK): .socket
    case Int(DT_LNK): .symbolicLink
    case Int(DT_UNKNOWN): nil
    case _: .other
    }
  }
}

// What a directory holds, for who reads trees of other people's making.

extension Directory {
  /// All that is in the directory but `.` and `..`, in the order of the bytes of the names.
  ///
  /// Source: readdir(3).
  package borrowing func entries() throws(Errno) -> [DirectoryEntry] {
    let duplicate = try descriptor.withRawValue { (directory) throws(Errno) in
      try retrying { unsafe openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }
    guard let stream = unsafe fdopendir(duplicate) else {
      let failure = Errno.current
      _ = Glibc.close(duplicate)
      throw failure
    }
    defer { _ = unsafe closedir(stream) }
    var entries: [DirectoryEntry] = []
    while let entry = unsafe try Self.next(of: stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
        unsafe field.withMemoryRebound(to: UInt8.self, capacity: 256) { characters in
          unsafe [UInt8](UnsafeRawBufferPointer(start: characters, count: strlen(field)))
        }
      }
      guard name != Array(".".utf8), name != Array("..".utf8) else { continue }
      let told = DirectoryEntry.kind(ofType: unsafe entry.pointee.d_type)
      var kind = told
      if kind == nil { kind = try self.kind(ofUntold: name) }
      entries.append(DirectoryEntry(name: name, kind: kind ?? .other))
    }
    return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
  }

  /// Reads the next entry; nil at the end, which readdir(3) tells from a failure by `errno`
  /// alone.
  private static func next(of stream: OpaquePointer) throws(Errno) -> UnsafeMutablePointer<dirent>?
  {
    errno = 0
    if let entry = unsafe readdir(stream) { return unsafe entry }
    guard Errno.current.code == 0 else { throw .current }
    return nil
  }

  private borrowing func kind(ofUntold name: [UInt8]) throws(Errno) -> FileStatus.Kind {
    // One that is gone by now is told of when it is opened.
    try status(of: String(decoding: name, as: UTF8.self))?.kind ?? .regular
  }

  /// The directory of that name in this one; never follows a link.
  ///
  /// - Throws: ``Errno``; `ENOTDIR` or `ELOOP` if it is something else by now.
  ///
  /// Source: openat(2), `O_DIRECTORY`, `O_NOFOLLOW`.
  package borrowing func directory(_ entry: DirectoryEntry) throws(Errno) -> Directory {
    Directory(try open(entry, flags: O_RDONLY | O_DIRECTORY))
  }

  /// Opens what bears that name, for reading; never waits, and never follows a link.
  ///
  /// - Throws: ``Errno`` as openat(2) sets it; `ELOOP` for a link.
  ///
  /// Source: openat(2).
  package borrowing func file(_ entry: DirectoryEntry) throws(Errno) -> FileDescriptor {
    try open(entry, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY)
  }

  private borrowing func open(
    _ entry: DirectoryEntry, flags: CInt
  ) throws(Errno) -> FileDescriptor {
    let name = entry.characters
    return FileDescriptor(
      owning: try descriptor.withRawValue { (directory) throws(Errno) in
        try retrying { unsafe openat(directory, name, flags | O_CLOEXEC | O_NOFOLLOW) }
      })
  }
}
