import Glibc
import Platform
import TestSupport
import Testing

@Suite("ProcessReference")
struct ProcessReferenceTests {
  let directory = TemporaryDirectory()

  /// A connection to a process of its own, which keeps it open and reads nothing.
  struct Connected: ~Copyable {
    let socket: UnixSocket
    let process: Subprocess
  }

  func connected() throws -> Connected {
    let listener = try Sockets.listening(at: directory.path("socket"))
    let process = Subprocess(
      try #require(Programs.find("python3")),
      [
        "-c",
        "import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
          + "time.sleep(100)", directory.path("socket"),
      ], environment: [:], streams: [.null, .null, .null])
    let raw = listener.withRawValue { $0 }
    try #require(Sockets.isReadable(raw, within: 20_000))
    return Connected(socket: try Sockets.accepted(by: listener), process: process)
  }

  @Test("this kernel's best way is to ask for what it has kept, and one without it counts")
  func bestWay() {
    #expect(ProcessReference.Way.best == .kept)
    let refused = ProcessReference.Way.best { _ in
      errno = ENOPROTOOPT
      return -1
    }
    #expect(refused == .byNumber)
  }

  @Test(
    "the process behind a connection is found, and its end is told",
    arguments: [ProcessReference.Way.kept, .byNumber])
  func findsPeer(way: ProcessReference.Way) throws {
    let connected = try connected()
    let found = try ProcessReference.peer(of: connected.socket, way)
    guard let found else {
      Issue.record("no process was found")
      return
    }
    let hasEndedBefore = found.hasEnded
    #expect(!hasEndedBefore)
    let flags = found.withRawValue { fcntl($0, F_GETFD) }
    #expect(flags & FD_CLOEXEC != 0)
    connected.process.signal(SIGKILL)
    // Before anybody has waited for it.
    let isReadable = found.withRawValue { Sockets.isReadable($0, within: 20_000) }
    #expect(isReadable)
    connected.process.waitForEnd()
    let hasEnded = found.hasEnded
    #expect(hasEnded)
  }

  @Test(
    "a process that has ended is none", arguments: [ProcessReference.Way.kept, .byNumber])
  func findsNoEndedPeer(way: ProcessReference.Way) throws {
    let connected = try connected()
    connected.process.signal(SIGKILL)
    connected.process.waitForEnd()
    let found = try ProcessReference.peer(of: connected.socket, way)
    // Newer kernels still tell which one it was.
    let hasEnded = found?.hasEnded ?? true
    #expect(hasEnded)
  }

  @Test("by its number nobody is found behind a connection that was closed")
  func findsNoPeerThatHungUp() throws {
    let pair = try Sockets.pair()
    let own = pair.one
    let before = try ProcessReference.peer(of: own, .byNumber) != nil
    #expect(before)
    // This process runs on, but it might as well be another one with its number.
    Sockets.close(pair.other)
    let after = try ProcessReference.peer(of: own, .byNumber) != nil
    #expect(!after)
  }

  @Test("a number that no process has is none") func findsNoNumber() throws {
    let process = Subprocess("/bin/true", [], environment: [:], streams: [.null, .null, .null])
    process.waitForEnd()
    let found = try ProcessReference.process(process.id) != nil
    #expect(!found)
  }

  @Test("the reference stays when the process executes another program") func survivesExecution()
    throws
  {
    let process = Subprocess(
      "/bin/sh", ["-c", "sleep 0.2; exec sleep 100"], environment: [:],
      streams: [.null, .null, .null])
    guard let found = try ProcessReference.process(process.id) else {
      Issue.record("no process was found")
      return
    }
    let path = "/proc/\(process.id)/comm"
    #expect(eventually { String(decoding: Files.read(path), as: UTF8.self) == "sleep\n" })
    let hasEnded = found.hasEnded
    #expect(!hasEnded)
    process.signal(SIGKILL)
    let isReadable = found.withRawValue { Sockets.isReadable($0, within: 20_000) }
    #expect(isReadable)
  }
}
