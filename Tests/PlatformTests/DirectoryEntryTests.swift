import Glibc
import Platform
import TestSupport
import Testing

@Suite("Directory entries")
struct DirectoryEntryTests {
  let temporary = TemporaryDirectory()

  func open() throws -> Directory { try Directory(opening: temporary.path) }

  @Test("tells all that is there and of what kind, in the order of the bytes")
  func kinds() throws {
    mkdir(temporary.path("dir"), 0o700)
    Files.write([1], to: temporary.path("file"))
    symlink("file", temporary.path("a-link"))
    mkfifo(temporary.path("z-fifo"), 0o600)
    let entries = try open().entries()
    #expect(entries.map(\.text) == ["a-link", "dir", "file", "z-fifo"])
    #expect(entries.map(\.kind) == [.symbolicLink, .directory, .regular, .other])
  }

  @Test("a name is any bytes, and what bears it is opened by them") func bytes() throws {
    let name: [UInt8] = [0xFF, 0x0A, 0x80]
    let path = (Array(temporary.path("").utf8) + name).map { CChar(bitPattern: $0) } + [0]
    close(Glibc.open(path, O_WRONLY | O_CREAT, 0o600))
    let directory = try open()
    let entry = try #require(try directory.entries().first)
    #expect(entry.name == name)
    #expect(try directory.file(entry).status().kind == .regular)
  }

  @Test("neither a file nor a directory is opened through a link, and a FIFO does not wait")
  func opens() throws {
    mkdir(temporary.path("dir"), 0o700)
    Files.write([7], to: temporary.path("dir/file"))
    symlink("dir", temporary.path("link"))
    mkfifo(temporary.path("pipe"), 0o600)
    let directory = try open()
    let entries = try directory.entries()
    let child = try directory.directory(entries[0])
    let file = try #require(try child.entries().first)
    #expect(try child.file(file).readAll(limit: 10) == [7])
    #expect(throws: Errno.notDirectory) { _ = try directory.directory(entries[1]).status() }
    #expect(throws: Errno.symbolicLink) { _ = try directory.file(entries[1]).status() }
    #expect(try directory.file(entries[2]).status().kind == .other)
  }
}
