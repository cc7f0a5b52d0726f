/// A process that a key lives no longer than, as far as it can be told again by who
/// comes later.
///
/// A number is given to another process when the one that had it has ended, and
/// counting begins anew with each boot of the machine. Number, boot and the moment at
/// which it was started name one process.
package struct ProcessBinding: Hashable, Sendable {
  /// One run of the machine's kernel.
  package struct Boot: Hashable, Sendable {
    package static let byteCount = 16

    private let number: UInt128

    /// - Parameter bytes: Exactly ``byteCount`` bytes.
    package init(_ bytes: [UInt8]) {
      precondition(bytes.count == Self.byteCount, "a boot is told by 16 bytes")
      number = bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }

    package var bytes: [UInt8] {
      (1...Self.byteCount).map { UInt8(truncatingIfNeeded: number >> (8 * (Self.byteCount - $0))) }
    }
  }

  /// nil where that cannot be told; then the process is known to nobody later.
  package let boot: Boot?

  /// 0 for one that has no number where the daemon is.
  package let processID: Int32

  /// In the kernel's ticks since it was booted; nil where that cannot be told.
  package let start: UInt64?

  package init(boot: Boot?, processID: Int32, start: UInt64?) {
    self.boot = boot
    self.processID = processID
    self.start = start
  }
}
