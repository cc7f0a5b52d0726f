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

    private let words: [2 of UInt64]

    /// - Parameter bytes: Exactly ``byteCount`` bytes.
    package init(_ bytes: [UInt8]) {
      precondition(bytes.count == Self.byteCount, "a boot is told by 16 bytes")
      var words: [2 of UInt64] = [0, 0]
      for (index, byte) in bytes.enumerated() {
        words[index / 8] = words[index / 8] << 8 | UInt64(byte)
      }
      self.words = words
    }

    package var bytes: [UInt8] {
      (0..<Self.byteCount).map {
        UInt8(truncatingIfNeeded: words[$0 / 8] >> (56 - 8 * ($0 % 8)))
      }
    }

    package static func == (left: Boot, right: Boot) -> Bool {
      left.words[0] == right.words[0] && left.words[1] == right.words[1]
    }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(words[0])
      hasher.combine(words[1])
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
