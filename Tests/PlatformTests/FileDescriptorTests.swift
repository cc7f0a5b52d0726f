import Glibc
import Platform
import TestSupport
import Testing

@Suite("FileDescriptor")
struct FileDescriptorTests {
  let directory = TemporaryDirectory()

  /// A new file with `content`, open for reading and writing.
  func file(_ content: String = "", _ name: String = "file") throws -> FileDescriptor {
    Files.write(Array(content.utf8), to: directory.path(name))
    return try FileDescriptor.open(directory.path(name), flags: O_RDWR)
  }

  /// The two ends of a new pipe.
  static func pipe() throws -> (reader: CInt, writer: CInt) {
    var ends: [CInt] = [-1, -1]
    try #require(Glibc.pipe(&ends) == 0)
    return (ends[0], ends[1])
  }

  // MARK: Opening and closing

  @Test("opening a missing file reports ENOENT") func reportsMissing() {
    #expect(throws: Errno.notFound) {
      _ = try FileDescriptor.open("/nonexistent", flags: O_RDONLY)
    }
  }

  @Test("a file is created with the mode that was told") func createsWithMode() throws {
    let file = try FileDescriptor.open(
      directory.path("new"), flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o400)
    #expect(try file.status().permissions == 0o400)
    #expect(throws: Errno.exists) {
      _ = try FileDescriptor.open(
        directory.path("new"), flags: O_RDWR | O_CREAT | O_EXCL, mode: 0o400)
    }
  }

  @Test("is closed in programs that are executed") func closesOnExec() throws {
    let flags = try file().withRawValue { fcntl($0, F_GETFD) }
    #expect(flags & FD_CLOEXEC != 0)
  }

  @Test("is closed when its owner goes away") func closesAtEnd() throws {
    let (reader, writer) = try Self.pipe()
    let source = FileDescriptor(owning: reader)
    do {
      let sink = FileDescriptor(owning: writer)
      try sink.writeAll("a".utf8.span)
    }
    // The end is seen only when nobody has the other side open.
    #expect(try source.readAll(limit: 10) == Array("a".utf8))
  }

  @Test("close reports what is wrong") func reportsClosing() throws {
    let (reader, writer) = try Self.pipe()
    try FileDescriptor(owning: reader).close()
    try FileDescriptor(owning: writer).close()
    #expect(Self.failure(ofClosing: FileDescriptor(owning: 1 << 30)) == Errno(code: EBADF))
  }

  static func failure(ofClosing descriptor: consuming FileDescriptor) -> Errno? {
    do throws(Errno) {
      try descriptor.close()
      return nil
    } catch {
      return error
    }
  }

  @Test("release gives up ownership without closing") func releases() throws {
    let (reader, writer) = try Self.pipe()
    let raw = FileDescriptor(owning: writer).release()
    #expect(raw == writer)
    #expect(fcntl(writer, F_GETFD) != -1)
    _ = FileDescriptor(owning: reader)
    _ = FileDescriptor(owning: writer)
  }

  @Test("a negative number kills the process") func refusesNegative() async {
    await #expect(processExitsWith: .failure) { _ = FileDescriptor(owning: -1) }
  }

  // MARK: Reading

  @Test("reads behind what is there, up to a limit") func readsAtOffset() throws {
    let file = try file("abcdef")
    var bytes = [UInt8](repeating: 0x2E, count: 6)
    var span = bytes.mutableSpan
    let first = try file.read(into: &span, at: 1, limit: 3)
    let second = try file.read(into: &span, at: 4)
    let third = try file.read(into: &span)
    let last = try file.read(into: &span)
    #expect([first, second, third, last] == [3, 2, 1, 0])
    #expect(bytes == Array("fabcde".utf8))
  }

  @Test("reads nothing where nothing has room") func readsNothing() throws {
    let file = try file("abc")
    var bytes: [UInt8] = [1, 2]
    var span = bytes.mutableSpan
    #expect(try file.read(into: &span, at: 2) == 0)
    #expect(bytes == [1, 2])
  }

  @Test("reads a whole file that keeps the limit", arguments: [0, 1, 4095, 4096, 4097, 100_000])
  func readsAll(count: Int) throws {
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    Files.write(content, to: directory.path("file"))
    let open = { try FileDescriptor.open(directory.path("file"), flags: O_RDONLY) }
    #expect(isSame(try open().readAll(limit: count), content))
    #expect(isSame(try open().readAll(limit: count + 1), content))
    #expect(isSame(try open().readAll(limit: 1 << 30), content))
    if count > 0 { #expect(try open().readAll(limit: count - 1) == nil) }
  }

  @Test("reads all of a file whose length the kernel does not tell", arguments: [3, 4096, 20_000])
  func readsPipe(count: Int) throws {
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 11) }
    for (limit, expected) in [(count, content), (count - 1, nil)] {
      let (reader, writer) = try Self.pipe()
      let source = FileDescriptor(owning: reader)
      let sink = FileDescriptor(owning: writer)
      try sink.writeAll(content.span)
      try sink.close()
      #expect(isSame(try source.readAll(limit: limit), expected))
    }
  }

  // MARK: Writing

  @Test("reads what was written") func roundTrips() throws {
    let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }
    let file = try file()
    try file.writeAll(content.span)
    try file.synchronize()
    try file.synchronizeData()
    #expect(isSame(Files.read(directory.path("file")), content))
  }

  @Test("writes at an offset, whatever the file's position is") func writesAtOffset() throws {
    let file = try file("abcdef")
    try file.writeAll("XY".utf8.span, at: 2)
    // Its own position has not moved.
    try file.writeAll("1".utf8.span)
    try file.writeAll("Z".utf8.span, at: 7)
    #expect(Files.read(directory.path("file")) == Array("1bXYef\0Z".utf8))
  }

  @Test("writing to what is open for reading reports EBADF") func reportsWriting() throws {
    _ = try file("abc")
    let file = try FileDescriptor.open(directory.path("file"), flags: O_RDONLY)
    #expect(throws: Errno(code: EBADF)) { try file.writeAll("x".utf8.span) }
    #expect(throws: Errno(code: EBADF)) { try file.writeAll("x".utf8.span, at: 0) }
  }

  @Test("cuts a file") func truncates() throws {
    let file = try file("abcdef")
    try file.truncate(to: 2)
    #expect(Files.read(directory.path("file")) == Array("ab".utf8))
  }

  // MARK: Locking

  @Test("a lock that another open file holds is told, without waiting") func locks() throws {
    let one = try file("x")
    let other = try FileDescriptor.open(directory.path("file"), flags: O_RDWR)
    #expect(try one.tryLock())
    #expect(try one.tryLock())
    #expect(try !other.tryLock())
    try one.close()
    #expect(try other.tryLock())
  }
}

@Suite("FileStatus")
struct FileStatusTests {
  let directory = TemporaryDirectory()

  func status(_ name: String, followsLinks: Bool = false) throws -> FileStatus? {
    try FileStatus.ofFile(at: directory.path(name), followsLinks: followsLinks)
  }

  @Test("tells the kinds of files apart") func tellsKinds() throws {
    Files.write([1, 2, 3], to: directory.path("file"), mode: 0o640)
    try #require(symlink("file", directory.path("link")) == 0)
    try #require(symlink("missing", directory.path("dangling")) == 0)
    try #require(mkfifo(directory.path("fifo"), 0o600) == 0)
    _ = try Sockets.bound(at: directory.path("socket"))
    #expect(try status("file")?.kind == .regular)
    #expect(try status("link")?.kind == .symbolicLink)
    #expect(try status("link", followsLinks: true)?.kind == .regular)
    #expect(try status("fifo")?.kind == .other)
    #expect(try status("socket")?.kind == .socket)
    #expect(try status("")?.kind == .directory)
    #expect(try status("missing") == nil)
    #expect(try status("dangling")?.kind == .symbolicLink)
    #expect(try status("dangling", followsLinks: true) == nil)
  }

  @Test("tells mode, owner, size and links") func tellsRest() throws {
    Files.write([1, 2, 3], to: directory.path("file"), mode: 0o640)
    try #require(chmod(directory.path("file"), 0o4640) == 0)
    try #require(link(directory.path("file"), directory.path("other")) == 0)
    let status = try #require(try status("file"))
    #expect(status.permissions == 0o4640)
    #expect(status.owner == geteuid())
    #expect(status.byteCount == 3)
    #expect(status.linkCount == 2)
  }

  @Test("one file has one identity, whatever it is called") func tellsIdentity() throws {
    Files.write([1], to: directory.path("file"))
    Files.write([1], to: directory.path("other"))
    try #require(link(directory.path("file"), directory.path("same")) == 0)
    let identity = try #require(try status("file")?.identity)
    #expect(try status("same")?.identity == identity)
    #expect(try status("other")?.identity != identity)
    let file = try FileDescriptor.open(directory.path("same"), flags: O_RDONLY)
    #expect(try file.status().identity == identity)
  }
}
