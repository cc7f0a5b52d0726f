import Keyring
import Platform
import Sodium
import Testing

@testable import Store

@Suite("OpenedFrames")
struct OpenedFramesTests {
  private static let frameCount = 5000
  private let key: VaultKey
  private let empty: SealedLog
  private var bytes: [UInt8]

  /// Where each frame ends.
  private var ends: [Int] = []

  init() throws {
    let id = VaultID(bytes: Array(1...16))
    key = try VaultKey(
      deriving: Secret(copying: [UInt8](repeating: 7, count: VaultKey.byteCount).span), vault: id)
    empty = SealedLog(kind: .audit, vault: id, number: 1, made: Instant(secondsSinceEpoch: 1))
    bytes = empty.header
    var log = empty
    for number in 0..<Self.frameCount {
      bytes += log.seal(Self.payload(number), key: key.audit)
      ends.append(bytes.count)
    }
  }

  private static func payload(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(number % 256), count: 100 + number % 200)
  }

  @Test("what is opened ahead is what a reader would open") func same() throws {
    let contents = AuditReading.Contents(log: empty, bytes: bytes)
    let payloads = try #require(OpenedFrames(of: contents, key: key)).take()
    var log = empty
    var offset = SealedLog.headerByteCount
    for number in 0..<Self.frameCount {
      #expect(payloads[number] == Self.payload(number))
      let next = log.passFrame(of: bytes, at: offset)
      offset = try #require(next)
      #expect(offset == ends[number])
    }
    #expect(payloads[Self.frameCount] == nil)
    let behind = log.passFrame(of: bytes, at: offset)
    #expect(behind == nil)
    var read = empty
    offset = SealedLog.headerByteCount
    while let frame = read.openFrame(of: bytes, at: offset, key: key.audit) { offset = frame.next }
    #expect(read.head == log.head)
  }

  @Test("nothing is opened ahead from the first frame on that is damaged or cut")
  func damaged() throws {
    var flipped = bytes
    flipped[ends[3999] + 40] ^= 1
    let cut = Array(bytes.prefix(ends[3999] + 40))
    for broken in [flipped, cut] {
      let contents = AuditReading.Contents(log: empty, bytes: broken)
      let payloads = try #require(OpenedFrames(of: contents, key: key)).take()
      #expect(payloads[3999] == Self.payload(3999))
      #expect(payloads[4000] == nil)
    }
  }

  @Test("of a short file nothing is opened ahead") func short() {
    let contents = AuditReading.Contents(log: empty, bytes: Array(bytes.prefix(ends[999])))
    #expect(OpenedFrames(of: contents, key: key) == nil)
  }
}
