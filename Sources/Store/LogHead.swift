internal import Sodium

/// The last frame of a log: how many frames there are, and the tag that stands
/// for all of them.
struct LogHead: Equatable, Sendable {
  static let tagByteCount = SealedBox.tagByteCount

  /// 0 in a log without frames.
  let sequence: UInt64

  /// Each tag covers the one before it.
  let tag: [UInt8]

  /// Before any log is known; no log has this head.
  static let none = LogHead(sequence: 0, tag: [])
}
