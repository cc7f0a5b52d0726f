internal import CLinux
internal import Glibc

/// Random bytes of the kernel, for programs without libsodium.
///
/// Source: getrandom(2).
package enum SystemRandom {
  /// Overwrites all of `bytes`; waits until the kernel has gathered enough.
  ///
  /// - Parameter bytes: At most 256, which the kernel gives at once.
  /// - Throws: ``Errno`` if the kernel gives none.
  package static func fill(_ bytes: inout MutableSpan<UInt8>) throws(Errno) {
    precondition(bytes.count <= 256, "at most 256 bytes are random at once")
    let count = bytes.count
    let received = try unsafe bytes.withUnsafeMutableBufferPointer {
      (buffer) throws(Errno) -> Int in
      try retrying { unsafe getrandom(buffer.baseAddress, count, 0) }
    }
    guard received == count else { throw Errno(code: EIO) }
  }
}
