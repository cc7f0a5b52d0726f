internal import Glibc

/// An `errno` value, captured immediately after a failed call.
package struct Errno: Error, Equatable, Hashable, Sendable {
  /// The number, as in errno(3).
  package let code: CInt

  package init(code: CInt) { self.code = code }

  /// The value that the last failed call of this thread left.
  package static var current: Errno { Errno(code: errno) }

  package static let notPermitted = Errno(code: EPERM)
  package static let noSuchProcess = Errno(code: ESRCH)
  package static let interrupted = Errno(code: EINTR)
  package static let wouldBlock = Errno(code: EAGAIN)
  package static let notFound = Errno(code: ENOENT)
  package static let exists = Errno(code: EEXIST)
  package static let connectionRefused = Errno(code: ECONNREFUSED)
  package static let nameTooLong = Errno(code: ENAMETOOLONG)
  package static let symbolicLink = Errno(code: ELOOP)
  package static let notExecutable = Errno(code: ENOEXEC)
  package static let notDirectory = Errno(code: ENOTDIR)
  package static let permissionDenied = Errno(code: EACCES)
  package static let outOfMemory = Errno(code: ENOMEM)
  package static let noSuchDevice = Errno(code: ENXIO)
  package static let tooManyOpenFiles = Errno(code: EMFILE)
  package static let brokenPipe = Errno(code: EPIPE)
  package static let inputOutput = Errno(code: EIO)
  package static let invalidArgument = Errno(code: EINVAL)
  package static let tooLarge = Errno(code: EFBIG)
}

extension Errno: CustomStringConvertible {
  /// The system's words for it, lowercase, as in `no such file or directory`.
  package var description: String {
    let text = unsafe String(cString: strerror(code))
    // `EOF`-like abbreviations keep their capitals; sentences lose theirs.
    guard text.dropFirst().first?.isLowercase == true else { return text }
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}

/// Repeats `call` while it fails with `EINTR`.
///
/// Do not use it for `close(2)`: on Linux the descriptor is gone even when
/// `close` reports `EINTR`.
///
/// - Returns: The first result other than −1.
/// - Throws: ``Errno`` for every failure other than `EINTR`.
///
/// Source: signal(7), "Interruption of system calls".
@inline(__always)
func retrying<Result: FixedWidthInteger>(_ call: () -> Result) throws(Errno) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let failure = Errno.current
    if failure != .interrupted { throw failure }
  }
}
