import Platform
import Testing

@testable import Store

@Suite("LogFile")
struct LogFileTests {
  @Test("nothing is written that a start could not read again") func full() throws {
    let fixture = StoreFixture()
    _ = try fixture.create()
    let before = fixture.read("audit.1")
    let file = try LogFile("audit.1", in: try fixture.directory())
    let limit = 4 << 30
    for offset in [limit - 1, limit - SealedLog.maximumFrameByteCount, limit, limit + 1] {
      #expect(throws: StoreError.full(file: "audit.1")) { try file.write([1], at: offset) }
    }
    #expect(fixture.read("audit.1") == before)
    // Up to there it is; the file has a hole then, and takes no room.
    try file.write([1], at: limit - SealedLog.maximumFrameByteCount - 1)
    #expect(try file.read(at: limit - SealedLog.maximumFrameByteCount - 1, atMost: 8) == [1])
  }
}
