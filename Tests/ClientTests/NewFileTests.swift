import Glibc
import Platform
import TestSupport
import Testing

@testable import Client

@Suite("NewFile")
struct NewFileTests {
  let temporary = TemporaryDirectory()
  var path: String { temporary.path("file") }
  let new: [UInt8] = Array("new".utf8)

  func status() throws -> FileStatus {
    try #require(try FileStatus.ofFile(at: path, followsLinks: false))
  }

  @Test("takes a name that is free, and no other") func takesFreeName() throws {
    #expect(try NewFile(path, permissions: 0o640).finish(with: new.span))
    #expect(Files.read(path) == new)
    #expect(try status().permissions == 0o640)
    #expect(try !NewFile(path, permissions: 0o600).finish(with: [1].span))
    #expect(Files.read(path) == new)
    #expect(Files.names(in: temporary.path) == ["file"])
  }

  @Test("takes the place of a file that is as it was, for the same readers") func replaces() throws
  {
    Files.write(Array("former".utf8), to: path)
    chmod(path, 0o604)
    let former = try FileDescriptor.open(path, flags: O_RDONLY)
    let file = try NewFile(path, inPlaceOf: former)
    #expect(try file.finish(with: new.span, inPlaceOf: try status()))
    #expect(Files.read(path) == new)
    #expect(try status().permissions == 0o604)
    #expect(Files.names(in: temporary.path) == ["file"])
  }

  @Test("a file that has changed stays: written to, or saved anew, or gone", arguments: [0, 1, 2])
  func keeps(way: Int) throws {
    Files.write(Array("former".utf8), to: path)
    let before = try status()
    let file = try NewFile(path, inPlaceOf: try FileDescriptor.open(path, flags: O_RDONLY))
    switch way {
    case 0: Files.write(Array("edited".utf8), to: path)
    case 1:
      Files.write(Array("saved".utf8), to: path + "~")
      rename(path + "~", path)
    case _: unlink(path)
    }
    if way == 2 {
      #expect(throws: Errno.notFound) { try file.finish(with: new.span, inPlaceOf: before) }
      #expect(Files.names(in: temporary.path).isEmpty)
    } else {
      #expect(try !file.finish(with: new.span, inPlaceOf: before))
      #expect(Files.read(path) == Array((way == 0 ? "edited" : "saved").utf8))
      #expect(Files.names(in: temporary.path) == ["file"])
    }
  }
}
