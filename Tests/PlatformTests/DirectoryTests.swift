import Glibc
import Platform
import TestSupport
import Testing

@Suite("Directory")
struct DirectoryTests {
  let temporary = TemporaryDirectory()

  func open() throws -> Directory { try Directory(opening: temporary.path) }

  func permissions(_ name: String) throws -> UInt32? {
    try FileStatus.ofFile(at: temporary.path(name), followsLinks: false)?.permissions
  }

  // MARK: Making and opening

  @Test("makes a directory and its parents for their owner only") func creates() throws {
    try Directory.create(temporary.path("a/b//c/"), permissions: 0o700)
    for name in ["a", "a/b", "a/b/c"] { #expect(try permissions(name) == 0o700) }
  }

  @Test("leaves a directory that is there as it is") func keeps() throws {
    try #require(mkdir(temporary.path("a"), 0o755) == 0)
    try #require(chmod(temporary.path("a"), 0o755) == 0)
    try Directory.create(temporary.path("a"), permissions: 0o700)
    try Directory.create(temporary.path("a/b"), permissions: 0o700)
    #expect(try permissions("a") == 0o755)
  }

  @Test("makes no directory below a file") func refusesBelowFile() throws {
    Files.write([], to: temporary.path("file"))
    #expect(throws: Errno.notDirectory) {
      try Directory.create(temporary.path("file/a"), permissions: 0o700)
    }
  }

  @Test("makes a directory below the one that the process works in") func createsRelative() async {
    await #expect(processExitsWith: .success) { [path = temporary.path as String] in
      try #require(chdir(path) == 0)
      try Directory.create("a/b", permissions: 0o700)
      let status = try FileStatus.ofFile(at: path + "/a/b", followsLinks: false)
      #expect(status?.kind == .directory)
    }
  }

  @Test("opens no link, unless told so") func refusesLink() throws {
    try Directory.create(temporary.path("real"), permissions: 0o700)
    try #require(symlink("real", temporary.path("link")) == 0)
    let failure = #expect(throws: Errno.self) {
      _ = try Directory(opening: temporary.path("link"))
    }
    #expect(failure == .notDirectory || failure == .symbolicLink)
    let directory = try Directory(opening: temporary.path("link"), followsLink: true)
    let real = try FileStatus.ofFile(at: temporary.path("real"), followsLinks: false)
    #expect(try directory.status() == real)
  }

  @Test("opens nothing but directories") func refusesFile() {
    Files.write([], to: temporary.path("file"))
    #expect(throws: Errno.notDirectory) { _ = try Directory(opening: temporary.path("file")) }
    #expect(throws: Errno.notFound) { _ = try Directory(opening: temporary.path("missing")) }
  }

  // MARK: Files

  @Test("a new file is its owner's only, and was not there before") func createsFile() throws {
    let directory = try open()
    let file = try directory.open("file", for: .creating)
    #expect(try file.status().permissions == 0o600)
    #expect(file.withRawValue { fcntl($0, F_GETFD) } & FD_CLOEXEC != 0)
    #expect(throws: Errno.exists) { _ = try directory.open("file", for: .creating) }
  }

  @Test("a file is made if it is missing, and left alone if it is there") func createsIfMissing()
    throws
  {
    let directory = try open()
    try directory.open("file", for: .creatingIfMissing).writeAll("abc".utf8.span)
    let again = try directory.open("file", for: .creatingIfMissing)
    #expect(try again.status().permissions == 0o600)
    #expect(try again.readAll(limit: 10) == Array("abc".utf8))
  }

  @Test("opens a file for reading and writing, and makes none") func opensFile() throws {
    let directory = try open()
    #expect(throws: Errno.notFound) { _ = try directory.open("file", for: .readingAndWriting) }
    Files.write(Array("abc".utf8), to: temporary.path("file"))
    let file = try directory.open("file", for: .readingAndWriting)
    try file.writeAll("X".utf8.span)
    #expect(Files.read(temporary.path("file")) == Array("Xbc".utf8))
  }

  @Test("never follows a link at the end of a name") func refusesLinkedFile() throws {
    let directory = try open()
    Files.write(Array("abc".utf8), to: temporary.path("file"))
    try #require(symlink("file", temporary.path("link")) == 0)
    try #require(symlink("missing", temporary.path("dangling")) == 0)
    for opening in [Directory.Opening.readingAndWriting, .creatingIfMissing] {
      for name in ["link", "dangling"] {
        #expect(throws: Errno.symbolicLink) { _ = try directory.open(name, for: opening) }
      }
    }
    #expect(throws: Errno.exists) { _ = try directory.open("dangling", for: .creating) }
    #expect(try directory.status(of: "link")?.kind == .symbolicLink)
    #expect(try FileStatus.ofFile(at: temporary.path("missing"), followsLinks: false) == nil)
  }

  @Test("neither opening a FIFO nor reading it waits for the other end") func doesNotWait() throws {
    try #require(mkfifo(temporary.path("fifo"), 0o600) == 0)
    let file = try open().open("fifo", for: .readingAndWriting)
    #expect(try file.status().kind == .other)
    try #require(file.withRawValue { fcntl($0, F_GETFL) } & O_NONBLOCK != 0)
    var bytes: [UInt8] = [0]
    var span = bytes.mutableSpan
    #expect(throws: Errno.wouldBlock) { _ = try file.read(into: &span) }
  }

  // MARK: Names

  @Test("renames a file in place of another one") func renames() throws {
    let directory = try open()
    Files.write([1], to: temporary.path("one"))
    Files.write([2], to: temporary.path("two"))
    try directory.rename("one", to: "two")
    try directory.synchronize()
    #expect(try directory.names() == ["two"])
    #expect(Files.read(temporary.path("two")) == [1])
    #expect(throws: Errno.notFound) { try directory.rename("one", to: "two") }
  }

  @Test("removes a file, and minds none that is missing") func removes() throws {
    let directory = try open()
    Files.write([1], to: temporary.path("one"))
    Files.write([2], to: temporary.path("two"))
    try directory.remove("one")
    try directory.remove("one")
    #expect(try directory.names() == ["two"])
    try Directory.removeFile(temporary.path("two"))
    try Directory.removeFile(temporary.path("two"))
    #expect(try directory.names() == [])
  }

  @Test("removes a link, not what it leads to, and no directory") func removesLink() throws {
    let directory = try open()
    Files.write([1], to: temporary.path("file"))
    try #require(symlink("file", temporary.path("link")) == 0)
    try Directory.create(temporary.path("inner"), permissions: 0o700)
    try directory.remove("link")
    #expect(throws: Errno(code: EISDIR)) { try directory.remove("inner") }
    #expect(try directory.names() == ["file", "inner"])
  }

  @Test("tells the names in order, as often as it is asked") func listsNames() throws {
    let directory = try open()
    let longest = String(repeating: "x", count: 255)
    let names = (0..<300).map { "name-\($0)" } + [".hidden", "é", longest]
    for name in names { Files.write([], to: temporary.path(name)) }
    #expect(try directory.names() == names.sorted())
    #expect(try directory.names() == names.sorted())
  }

  @Test("tells the status of a name, or that there is none") func tellsStatus() throws {
    let directory = try open()
    Files.write([1, 2], to: temporary.path("file"))
    #expect(try directory.status(of: "file")?.byteCount == 2)
    #expect(try directory.status(of: "missing") == nil)
  }

  @Test("stays the directory that was opened when another takes its name") func staysSame() throws {
    try Directory.create(temporary.path("state"), permissions: 0o700)
    let directory = try Directory(opening: temporary.path("state"))
    try #require(Glibc.rename(temporary.path("state"), temporary.path("moved")) == 0)
    try Directory.create(temporary.path("state"), permissions: 0o700)
    Files.write([1], to: temporary.path("state/planted"))
    _ = try directory.open("own", for: .creating)
    #expect(try directory.names() == ["own"])
    #expect(Files.names(in: temporary.path("moved")) == ["own"])
  }
}
