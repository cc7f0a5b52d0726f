internal import Glibc

/// Standard output and standard error, without a buffer of their own.
package enum StandardStream: Sendable {
  case output
  case error

  private var descriptor: CInt {
    switch self {
    case .output: STDOUT_FILENO
    case .error: STDERR_FILENO
    }
  }

  package var isTerminal: Bool { isatty(descriptor) == 1 }

  /// Whether it is open for writing.
  ///
  /// Source: fcntl(2), `F_GETFL`.
  package var isWritable: Bool {
    let flags = fcntl(descriptor, F_GETFL)
    return flags != -1 && flags & O_ACCMODE != O_RDONLY
  }

  /// Writes all of `bytes`, also where another process has made the stream non-blocking.
  ///
  /// - Throws: ``Errno`` as write(2) sets it.
  package func write(_ bytes: Span<UInt8>) throws(Errno) {
    var offset = 0
    while offset < bytes.count {
      do throws(Errno) {
        offset += try writeOnce(bytes, from: offset)
      } catch .wouldBlock {
        try Polling.wait(for: descriptor, writing: true)
      }
    }
  }

  private func writeOnce(_ bytes: Span<UInt8>, from offset: Int) throws(Errno) -> Int {
    try unsafe bytes.withUnsafeBufferPointer { (all) throws(Errno) -> Int in
      let rest = unsafe UnsafeBufferPointer(rebasing: all[offset...])
      return try retrying { unsafe Glibc.write(descriptor, rest.baseAddress, rest.count) }
    }
  }

  /// Writes `text`, whether anyone reads it or not.
  package func write(_ text: String) {
    try? write(text.utf8.span)
  }
}
