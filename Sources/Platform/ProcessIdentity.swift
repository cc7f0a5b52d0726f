internal import CLinux
internal import Glibc

/// A process, told apart from all others that have its number at another time or in
/// another namespace.
package struct ProcessIdentity: Equatable, Sendable {
  package let id: Int32

  /// When it was started, in clock ticks since the start of the system.
  package let start: UInt64

  /// The namespace in which `id` is its number.
  package let namespace: UInt64

  /// This process; nil without /proc.
  package static var current: ProcessIdentity? {
    guard let start = start(of: getpid()), let namespace = currentNamespace else { return nil }
    return ProcessIdentity(id: getpid(), start: start, namespace: namespace)
  }

  private init(id: Int32, start: UInt64, namespace: UInt64) {
    (self.id, self.start, self.namespace) = (id, start, namespace)
  }

  /// As in `4211.8070450.4026531836`, for ``init(text:)``.
  package var text: String { "\(id).\(start).\(namespace)" }

  /// Reads what ``text`` has written; nil for anything else.
  package init?(text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let id = Int32(parts[0]), id > 0, let start = UInt64(parts[1]),
      let namespace = UInt64(parts[2])
    else { return nil }
    self.init(id: id, start: start, namespace: namespace)
    guard self.text == text else { return nil }
  }

  /// Whether it is in the namespace of this process, so that it can be looked for.
  package var isInSight: Bool { namespace == Self.currentNamespace }

  /// Whether it has ended; false for one that may not be looked at.
  package var hasEnded: Bool { Process.hasEnded(id) || isAnother }

  /// Whether a later process has its number.
  private var isAnother: Bool { Self.start(of: id).map { $0 != start } ?? false }

  /// Waits until it has ended.
  ///
  /// - Throws: ``Errno`` if it cannot be waited for.
  ///
  /// Source: pidfd_open(2), poll(2).
  package func waitForEnd() throws(Errno) {
    let descriptor: FileDescriptor
    do throws(Errno) {
      descriptor = FileDescriptor(owning: try retrying { clinux_pidfd_open(id) })
    } catch .noSuchProcess {
      return
    }
    // Whose number it is is asked while the descriptor keeps it from being given away.
    guard !isAnother else { return }
    _ = try descriptor.withRawValue { (rawValue) throws(Errno) in
      try retrying { clinux_wait_until_readable(rawValue) }
    }
  }

  /// When a process was started, in clock ticks since the start of the system; nil if
  /// there is none in sight.
  ///
  /// Source: proc(5), `/proc/PID/stat`.
  package static func start(of id: Int32) -> UInt64? {
    guard let file = try? FileDescriptor.open("/proc/\(id)/stat", flags: O_RDONLY) else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: 1024)
    var span = bytes.mutableSpan
    guard let count = try? file.read(into: &span) else { return nil }
    // The second field is a name in parentheses, which may hold anything; the third one
    // stands behind the last parenthesis.
    guard let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(end + 1)..<count].split(separator: UInt8(ascii: " "))
    guard fields.count > 19 else { return nil }
    return UInt64(String(decoding: fields[19], as: UTF8.self))
  }

  /// Source: pid_namespaces(7), `/proc/self/ns/pid`.
  private static var currentNamespace: UInt64? {
    "/proc/self/ns/pid".linkTarget.flatMap { UInt64($0.filter(\.isNumber)) }
  }
}
