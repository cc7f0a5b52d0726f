internal import CLinux
internal import Glibc

/// A pipe, whose ends are closed on `exec`.
///
/// Source: pipe(2).
package final class Pipe {
  /// The end that is read; nil once it was given away.
  private var reading: FileDescriptor?

  /// The end that is written; nil once the other one was given away.
  package private(set) var writing: FileDescriptor?

  package init() throws(Errno) {
    var ends: [CInt] = [-1, -1]
    _ = try retrying { unsafe clinux_pipe(&ends) }
    reading = FileDescriptor(owning: ends[0])
    writing = FileDescriptor(owning: ends[1])
  }

  /// Gives away the end that is read, and closes the one that is written: another process
  /// has it.
  package func takeReading() -> FileDescriptor? {
    writing = nil
    return reading.take()
  }

  /// Gives away the end that is written, and closes the one that is read.
  package func takeWriting() -> FileDescriptor? {
    reading = nil
    return writing.take()
  }
}
