import Glibc
import Platform
import TestSupport
import Testing

/// The manager speaks by the environment, so each test has a process of its own.
@Suite("ServiceManager")
struct ServiceManagerTests {
  /// Puts `socket` where a manager passes it, and says so as it does.
  static func pass(_ socket: consuming FileDescriptor, count: Int = 1) {
    let raw = socket.release()
    if raw != 3 {
      dup2(raw, 3)
      close(raw)
    }
    setenv("LISTEN_PID", String(getpid()), 1)
    setenv("LISTEN_FDS", String(count), 1)
  }

  /// What taking the passed socket comes to: 42 for a socket, 1 for none.
  static func take() -> Int32 {
    do throws(ServiceManager.PassingError) {
      guard let socket = try ServiceManager.takePassedSocket() else { return 1 }
      let flags = socket.withRawValue { ($0, fcntl($0, F_GETFD), fcntl($0, F_GETFL)) }
      return flags == (3, FD_CLOEXEC, flags.2 | O_NONBLOCK) ? 42 : 2
    } catch {
      return error == .wrongKind ? 10 : 11
    }
  }

  // MARK: Sockets

  @Test("takes the socket that was passed, which then neither blocks nor is inherited")
  func takesSocket() async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .exitCode(42)) { [path = directory.path("s") as String] in
      let socket = try Sockets.bound(at: path)
      socket.withRawValue { _ = listen($0, 5) }
      Self.pass(socket)
      Process.exit(Self.take())
    }
  }

  @Test("takes none that was passed to another process") func leavesOthers() async {
    await #expect(processExitsWith: .exitCode(1)) {
      setenv("LISTEN_FDS", "1", 1)
      setenv("LISTEN_PID", String(getppid()), 1)
      Process.exit(Self.take())
    }
  }

  @Test("takes none where none is passed") func findsNone() async {
    await #expect(processExitsWith: .exitCode(1)) {
      unsetenv("LISTEN_PID")
      unsetenv("LISTEN_FDS")
      Process.exit(Self.take())
    }
  }

  @Test("refuses several sockets, and none at all", arguments: [0, 2])
  func refusesCount(count: Int) async {
    await #expect(processExitsWith: .exitCode(11)) { [count = count as Int] in
      setenv("LISTEN_PID", String(getpid()), 1)
      setenv("LISTEN_FDS", String(count), 1)
      Process.exit(Self.take())
    }
  }

  @Test("refuses a socket that does not listen") func refusesIdleSocket() async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .exitCode(10)) { [path = directory.path("s") as String] in
      Self.pass(try Sockets.bound(at: path))
      Process.exit(Self.take())
    }
  }

  @Test("refuses what is no stream socket of this family") func refusesOtherKinds() async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .exitCode(10)) { [path = directory.path("s") as String] in
      let packets = try Sockets.bound(at: path, type: SOCK_SEQPACKET)
      packets.withRawValue { _ = listen($0, 5) }
      Self.pass(packets)
      guard Self.take() == 10 else { Process.exit(1) }
      let network = FileDescriptor(owning: socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0))
      network.withRawValue { _ = listen($0, 5) }
      Self.pass(network)
      guard Self.take() == 10 else { Process.exit(2) }
      Self.pass(try FileDescriptor.open("/dev/null", flags: O_RDWR))
      Process.exit(Self.take())
    }
  }

  // MARK: States

  @Test("tells the manager its state, at a path and at an abstract name") func notifies() async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .success) { [path = directory.path("n") as String] in
      for name in [path, "@" + path] {
        let bound = name.hasPrefix("@") ? "\0" + path : path
        let socket = try Sockets.bound(at: bound, type: SOCK_DGRAM)
        setenv("NOTIFY_SOCKET", name, 1)
        ServiceManager.notify("READY=1\nSTATUS=ok")
        let isTold = socket.withRawValue { Sockets.isReadable($0, within: 1000) }
        try #require(isTold, "\(name)")
        var bytes = [UInt8](repeating: 0, count: 100)
        var span = bytes.mutableSpan
        let count = try socket.read(into: &span)
        #expect(String(decoding: bytes.prefix(count), as: UTF8.self) == "READY=1\nSTATUS=ok")
      }
    }
  }

  @Test("does nothing without a manager that can be told") func notifiesNobody() async {
    await #expect(processExitsWith: .success) {
      for name in ["", "relative", "/nonexistent/socket", String(repeating: "/x", count: 100)] {
        setenv("NOTIFY_SOCKET", name, 1)
        ServiceManager.notify("READY=1")
      }
      unsetenv("NOTIFY_SOCKET")
      ServiceManager.notify("READY=1")
    }
  }
}
