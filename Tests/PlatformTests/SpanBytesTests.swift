import Glibc
import Platform
import Testing

@Suite("Span of bytes")
struct SpanBytesTests {
  static func changed(
    _ text: String, _ body: (inout MutableSpan<UInt8>) -> Void
  ) -> String {
    var bytes = Array(text.utf8)
    var span = bytes.mutableSpan
    body(&span)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("copies bytes over others") func replaces() {
    #expect(Self.changed("abcdef") { $0.replace(at: 2, with: "XY".utf8.span) } == "abXYef")
    #expect(Self.changed("abc") { $0.replace(at: 0, with: "XYZ".utf8.span) } == "XYZ")
    #expect(Self.changed("abc") { $0.replace(at: 3, with: "".utf8.span) } == "abc")
    #expect(Self.changed("") { $0.replace(at: 0, with: "".utf8.span) } == "")
  }

  @Test("moves bytes, also onto themselves") func moves() {
    #expect(Self.changed("abcdef") { $0.move(2..<6, to: 0) } == "cdefef")
    #expect(Self.changed("abcdef") { $0.move(0..<4, to: 2) } == "ababcd")
    #expect(Self.changed("abcdef") { $0.move(3..<3, to: 6) } == "abcdef")
    #expect(Self.changed("abcdef") { $0.move(1..<3, to: 1) } == "abcdef")
  }

  @Test("wipes exactly a range") func wipes() {
    #expect(Self.changed("abcdef") { $0.wipe(1..<4) } == "a\0\0\0ef")
    #expect(Self.changed("abc") { $0.wipe(3..<3) } == "abc")
    #expect(Self.changed("abc") { $0.wipe(0..<3) } == "\0\0\0")
  }

  @Test("finds the first byte at or behind a start") func findsByte() {
    let bytes = Array("a,b,c".utf8)
    #expect(bytes.span.firstIndex(of: 0x2C) == 1)
    #expect(bytes.span.firstIndex(of: 0x2C, from: 1) == 1)
    #expect(bytes.span.firstIndex(of: 0x2C, from: 2) == 3)
    #expect(bytes.span.firstIndex(of: 0x2C, from: 4) == nil)
    #expect(bytes.span.firstIndex(of: 0x2C, from: 5) == nil)
    #expect(bytes.span.firstIndex(of: 0x2C, from: 6) == nil)
    #expect([UInt8]().span.firstIndex(of: 0) == nil)
  }

  @Test("finds a pattern, and counts a byte") func findsPatterns() {
    let bytes = Array("cof_cocof_cof".utf8)
    #expect(bytes.span.firstIndex(of: "cof_", from: 0) == 0)
    #expect(bytes.span.firstIndex(of: "cof_", from: 1) == 6)
    for start in [7, 13, 14] { #expect(bytes.span.firstIndex(of: "cof_", from: start) == nil) }
    #expect([UInt8]().span.firstIndex(of: "cof_", from: 0) == nil)
    #expect(bytes.span.count(of: UInt8(ascii: "c"), before: 13) == 4)
    #expect(bytes.span.count(of: UInt8(ascii: "c"), before: 6) == 2)
    #expect(bytes.span.count(of: UInt8(ascii: "c"), before: 0) == 0)
  }

  // MARK: Bounds

  @Test("a copy past the end kills the process", arguments: [-1, 2, 4])
  func trapsCopy(offset: Int) async {
    await #expect(processExitsWith: .failure) { [offset = offset as Int] in
      print(Self.changed("abc") { $0.replace(at: offset, with: "XY".utf8.span) })
    }
  }

  @Test("a move past the end kills the process", arguments: [-1, 2])
  func trapsMove(offset: Int) async {
    await #expect(processExitsWith: .failure) { [offset = offset as Int] in
      print(Self.changed("abc") { $0.move(0..<2, to: offset) })
    }
  }

  @Test("moving or wiping what is outside kills the process", arguments: [false, true])
  func trapsRange(wipes: Bool) async {
    await #expect(processExitsWith: .failure) { [wipes = wipes as Bool] in
      print(Self.changed("abc") { if wipes { $0.wipe(2..<4) } else { $0.move(2..<4, to: 0) } })
    }
  }
}

@Suite("SystemRandom")
struct SystemRandomTests {
  @Test("overwrites all bytes with others each time", arguments: [0, 1, 32, 256])
  func fills(count: Int) throws {
    var seen = [Set<UInt8>](repeating: [], count: count)
    for _ in 0..<40 {
      var bytes = [UInt8](repeating: 0, count: count)
      var span = bytes.mutableSpan
      try SystemRandom.fill(&span)
      for index in bytes.indices { seen[index].insert(bytes[index]) }
    }
    // That one place holds the same byte 40 times happens once in 2^312.
    #expect(seen.allSatisfy { $0.count > 1 })
  }

  @Test("asking for more than the kernel gives at once kills the process") func trapsMore() async {
    await #expect(processExitsWith: .failure) {
      var bytes = [UInt8](repeating: 0, count: 257)
      var span = bytes.mutableSpan
      try SystemRandom.fill(&span)
      print(bytes)
    }
  }
}
