import Glibc
import Platform
import TestSupport
import Testing

@Suite("Files in memory, and directories that are removed")
struct MemoryFileTests {
  @Test("a sealed file holds its bytes from the beginning, and nobody can change it") func sealed()
    throws
  {
    let file = try FileDescriptor.sealedMemory(holding: "secret".utf8.span, named: "x")
    var bytes = [UInt8](repeating: 0, count: 16)
    var span = bytes.mutableSpan
    #expect(try file.read(into: &span) == 6)
    #expect(bytes.starts(with: Array("secret".utf8)))
    let written = #expect(throws: Errno.self) { try file.writeAll("x".utf8.span, at: 0) }
    #expect(written == Errno(code: EPERM))
    let cut = #expect(throws: Errno.self) { try file.truncate(to: 0) }
    #expect(cut == Errno(code: EPERM))
    let flags = file.withRawValue { fcntl($0, F_GETFD) }
    #expect(flags == FD_CLOEXEC)
  }

  @Test("an empty file can be sealed, too") func empty() throws {
    let none: [UInt8] = []
    let file = try FileDescriptor.sealedMemory(holding: none.span, named: "x")
    #expect(try file.status().byteCount == 0)
  }

  @Test("tells which file systems are in memory") func fileSystems() throws {
    #expect(try FileSystem.isInMemory("/dev/shm"))
    #expect(try !FileSystem.isInMemory("/proc"))
    let error = #expect(throws: Errno.self) { try FileSystem.isInMemory("/nonexistent") }
    #expect(error == .notFound)
  }

  @Test("a new directory is its user's alone, and must not be there") func new() throws {
    let directory = TemporaryDirectory()
    try Directory.createNew(directory.path("new"))
    let status = try FileStatus.ofFile(at: directory.path("new"), followsLinks: false)
    #expect(status?.kind == .directory)
    #expect(status?.permissions == 0o700)
    let error = #expect(throws: Errno.self) { try Directory.createNew(directory.path("new")) }
    #expect(error == .exists)
  }

  @Test("a tree is removed whole, and what links lead to stays") func removesTree() throws {
    let directory = TemporaryDirectory()
    try Directory.create(directory.path("tree/a/b"), permissions: 0o700)
    Files.write([1], to: directory.path("kept"))
    Files.write([1], to: directory.path("tree/a/b/file"), mode: 0o400)
    symlink(directory.path("kept"), directory.path("tree/a/link"))
    symlink(directory.path, directory.path("tree/up"))
    try Directory.removeTree(directory.path("tree"))
    #expect(Files.names(in: directory.path) == ["kept"])
    try Directory.removeTree(directory.path("tree"))
    symlink(directory.path, directory.path("link"))
    #expect(throws: Errno.self) { try Directory.removeTree(directory.path("link")) }
    #expect(Files.read(directory.path("kept")) == [1])
  }
}
