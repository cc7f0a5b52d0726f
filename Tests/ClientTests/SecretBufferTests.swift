import Glibc
import Platform
import TestSupport
import Testing

@testable import Client

@Suite("SecretBuffer")
struct SecretBufferTests {
  let directory = TemporaryDirectory()

  static func bytes(_ buffer: borrowing SecretBuffer) -> [UInt8] {
    buffer.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }

  static func counting(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
  }

  static func buffer(_ text: String) throws(ClientError) -> SecretBuffer {
    var buffer = SecretBuffer()
    try buffer.append(text.utf8.span)
    return buffer
  }

  @Test("holds nothing at first") func startsEmpty() throws {
    let buffer = SecretBuffer()
    #expect(buffer.count == 0)
    #expect(Self.bytes(buffer) == [])
    let secret = try buffer.finish()
    #expect(secret.count == 0)
  }

  @Test("holds all that is added, however often it grows") func grows() throws {
    var buffer = SecretBuffer()
    var expected: [UInt8] = []
    for count in [0, 1, 16_382, 1, 1, 20_000, 0, 100_000, 3] {
      let more = Self.counting(count)
      try buffer.append(more.span)
      expected += more
      #expect(buffer.count == expected.count)
    }
    #expect(isSame(Self.bytes(buffer), expected))
    let secret = try buffer.finish()
    let count = secret.count
    #expect(count == expected.count)
    #expect(isSame(secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }, expected))
  }

  @Test("gives its memory away as it is, with nothing in it too") func takesMemory() throws {
    let memory = try Self.buffer("secret").takeMemory()
    #expect(memory.withBytes { bytes in (0..<6).map { bytes[$0] } } == Array("secret".utf8))
    let nothing = try SecretBuffer().takeMemory()
    let count = nothing.count
    #expect(count == 0)
  }

  @Test("leaves no copy behind when it grows") func wipesFormer() async {
    await #expect(processExitsWith: .success) {
      // Every secret takes its own block, so the former one can be looked at.
      _ = try SecretArena.reserve([
        SecretArena.Supply(blockByteCount: 16_384, blockCount: 1),
        SecretArena.Supply(blockByteCount: 65_536, blockCount: 1),
      ])
      var buffer = SecretBuffer()
      try buffer.append([UInt8](repeating: 0xA5, count: 16_384).span)
      #expect(SecretArena.usedByteCount == 16_384)
      try buffer.append([0xA5].span)
      #expect(SecretArena.usedByteCount == 65_536)
      let former = try Secret(count: 16_384)
      #expect(former.withBytes { bytes in bytes.indices.allSatisfy { bytes[$0] == 0 } })
      #expect(buffer.count == 16_385)
    }
  }

  @Test("reads a file to its end", arguments: [0, 1, 16_383, 16_384, 16_385, 65_538, 100_000])
  func reads(count: Int) throws {
    let content = Self.counting(count)
    Files.write(content, to: directory.path("file"))
    let file = try FileDescriptor.open(directory.path("file"), flags: O_RDONLY)
    var buffer = SecretBuffer()
    while try buffer.read(from: file, named: "file", limit: 200_000) {}
    #expect(isSame(Self.bytes(buffer), content))
  }

  @Test("says what could not be read") func reportsReading() throws {
    let file = try FileDescriptor.open(directory.path, flags: O_RDONLY)
    var buffer = SecretBuffer()
    do throws(ClientError) {
      _ = try buffer.read(from: file, named: "key.txt", limit: 10)
      Issue.record("a directory was read")
    } catch {
      #expect(error.message == "key.txt: reading failed: is a directory")
      #expect(error.status == ExitStatus.failed)
    }
  }

  struct Case: CustomTestStringConvertible {
    let text: String
    let result: String

    var testDescription: String { text.debugDescription }
  }

  static let cases: [Case] = [
    Case(text: "", result: ""),
    Case(text: "\n", result: ""),
    Case(text: "value", result: "value"),
    Case(text: "value\n", result: "value"),
    Case(text: "value\r\n", result: "value\r"),
    Case(text: "\nvalue", result: "\nvalue"),
    Case(text: "\nvalue\n", result: "\nvalue\n"),
    Case(text: "value\n\n", result: "value\n\n"),
    Case(text: "one\ntwo", result: "one\ntwo"),
    Case(text: "-----BEGIN\nKEY\n", result: "-----BEGIN\nKEY\n"),
    Case(text: "value\0\n", result: "value\0"),
  ]

  @Test("takes off a line feed at the end if it is the only one", arguments: cases)
  func removesLineEnd(_ test: Case) throws {
    var buffer = try Self.buffer(test.text)
    buffer.removeOnlyLineEnd()
    #expect(Self.bytes(buffer) == Array(test.result.utf8))
    let secret = try buffer.finish()
    #expect(secret.withBytes { $0.count } == test.result.utf8.count)
  }

  @Test("never reads more than the limit") func keepsLimit() throws {
    Files.write(Self.counting(100), to: directory.path("file"))
    let file = try FileDescriptor.open(directory.path("file"), flags: O_RDONLY)
    var buffer = SecretBuffer()
    while try buffer.read(from: file, named: "file", limit: 10) {}
    let count = buffer.count
    #expect(count <= 10)
  }
}
