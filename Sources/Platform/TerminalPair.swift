internal import CLinux
internal import Glibc

/// A pseudo-terminal: what a program takes for a terminal, and the end from which its
/// output is read and what is typed is written.
///
/// Source: pty(7).
package final class TerminalPair {
  /// The end of whoever plays the terminal; it never waits.
  package let leader: FileDescriptor

  /// The end of the programs; nil when it was closed here.
  package private(set) var follower: FileDescriptor?

  package init() throws(Errno) {
    var raw: CInt = -1
    leader = FileDescriptor(owning: try retrying { unsafe clinux_open_pseudo_terminal(&raw) })
    follower = FileDescriptor(owning: raw)
  }

  /// How much of what was typed no program has read; of a line only once it is finished.
  ///
  /// Source: ioctl_tty(2), `FIONREAD`, `TIOCGPTPEER`.
  package var typedByteCount: Int {
    leader.withRawValue { max(0, Int(clinux_typed_byte_count($0))) }
  }

  /// Closes the end of the programs, when they have been given it.
  package func closeFollower() { follower = nil }
}
