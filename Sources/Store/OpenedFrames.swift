internal import Platform

/// The frames of a file of the audit, opened on a thread of their own while the records
/// are read.
///
/// To open a frame needs nothing but its file; what it means is judged by the records, and
/// so later. Where no thread is to be had, and of few rows, nothing is opened ahead.
final class OpenedFrames: Sendable {
  private let result: BlockingQueue<Payloads>

  /// Shorter files are read in less time than a thread takes to start.
  private static let minimumByteCount = 1 << 19

  /// The payloads, up to the first frame that cannot be opened.
  struct Payloads: Sendable {
    fileprivate var bytes: [UInt8] = []
    fileprivate var ends: [Int] = []

    /// That of the frame with this number, counted from 0; nil if it was not opened.
    subscript(number: Int) -> [UInt8]? {
      guard number < ends.count else { return nil }
      return Array(bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]])
    }
  }

  /// Begins to open the frames; nil if that is to be left to whoever wants them.
  init?(of contents: AuditReading.Contents, key: VaultKey) {
    guard contents.bytes.count >= Self.minimumByteCount,
      let result = try? BlockingQueue<Payloads>()
    else { return nil }
    self.result = result
    do throws(Errno) {
      try Thread.start { result.append(Self.payloads(of: contents, key: key)) }
    } catch {
      return nil
    }
  }

  /// Waits for what was opened; to be called once.
  func take() -> Payloads { result.next() }

  private static func payloads(
    of contents: AuditReading.Contents, key: VaultKey
  ) -> Payloads {
    var payloads = Payloads()
    payloads.bytes.reserveCapacity(contents.bytes.count)
    var (log, offset) = (contents.log, SealedLog.headerByteCount)
    while let (payload, next) = log.openFrame(of: contents.bytes, at: offset, key: key.audit) {
      payloads.bytes += payload
      payloads.ends.append(payloads.bytes.count)
      offset = next
    }
    return payloads
  }
}
