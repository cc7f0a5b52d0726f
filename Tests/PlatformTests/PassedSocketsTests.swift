import Glibc
import Platform
import TestSupport
import Testing

/// The manager speaks by the environment, so each test has a process of its own.
@Suite("PassedSockets")
struct PassedSocketsTests {
  /// Where the first socket is passed.
  ///
  /// A manager puts it at 3, where the runtime of a test has descriptors of its own,
  /// which it uses and closes.
  static let first: CInt = 100

  /// Passes `socket` at `place`, and says so as a manager does.
  static func pass(
    _ socket: consuming FileDescriptor, at place: CInt = first, names: String? = nil
  ) {
    let raw = socket.release()
    dup2(raw, place)
    close(raw)
    setenv("LISTEN_PID", String(getpid()), 1)
    setenv("LISTEN_FDS", String(place - first + 1), 1)
    if let names { setenv("LISTEN_FDNAMES", names, 1) }
  }

  /// Puts two listening sockets there, by these names.
  static func passTwo(names: String?, in directory: String) throws {
    for (place, name) in [(first + 1, "b"), (first, "a")] {
      let socket = try Sockets.bound(at: "\(directory)/\(name)")
      socket.withRawValue { _ = listen($0, 5) }
      pass(socket, at: place, names: names)
    }
    setenv("LISTEN_FDS", "2", 1)
  }

  /// What taking the passed sockets comes to: 42 for one, 43 for two of which the
  /// second is for credentials, 44 for the first, 1 for none.
  static func take() -> Int32 {
    do throws(PassedSockets.PassingError) {
      guard var sockets = try PassedSockets.take(from: first) else { return 1 }
      guard let socket = sockets.takeMain() else { return 3 }
      let flags = socket.withRawValue { ($0, fcntl($0, F_GETFD), fcntl($0, F_GETFL)) }
      guard flags.1 == FD_CLOEXEC, flags.2 == flags.2 | O_NONBLOCK else { return 2 }
      guard sockets.hasCredential else { return flags.0 == first ? 42 : 4 }
      guard let credential = sockets.takeCredential() else { return 5 }
      return credential.withRawValue { $0 == first + 1 ? 43 : 44 }
    } catch {
      switch error {
      case .wrongKind: return 10
      case .count: return 11
      case .names: return 12
      }
    }
  }

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

  @Test("fault 59: takes none that was passed to another process") func leavesOthers() async {
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

  @Test(
    "tells the one for credentials by its name",
    arguments: [
      ("main:credential", 43), ("credential:main", 44), ("cofferd.socket:credential", 43),
    ] as [(String, Int32)])
  func namesTwo(names: String, outcome: Int32) async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .exitCode(outcome)) {
      [path = directory.path as String, names = names as String] in
      try Self.passTwo(names: names, in: path)
      Process.exit(Self.take())
    }
  }

  @Test(
    "refuses two whose names do not tell which is which, and that for credentials alone",
    arguments: ["main:main", "credential:credential", "", "main", "unknown:unknown:credential"])
  func refusesNames(names: String) async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .exitCode(12)) {
      [path = directory.path as String, names = names as String] in
      try Self.passTwo(names: names, in: path)
      Process.exit(Self.take())
    }
  }

  @Test("fault 59: refuses three sockets, and none at all", arguments: ["0", "3", "-1", "many"])
  func refusesCount(count: String) async {
    await #expect(processExitsWith: .exitCode(11)) { [count = count as String] in
      setenv("LISTEN_PID", String(getpid()), 1)
      setenv("LISTEN_FDS", count, 1)
      Process.exit(Self.take())
    }
  }

  @Test("fault 59: refuses a socket that does not listen") func refusesIdleSocket() async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .exitCode(10)) { [path = directory.path("s") as String] in
      Self.pass(try Sockets.bound(at: path))
      Process.exit(Self.take())
    }
  }

  @Test("fault 59: refuses what is no stream socket of this family") func refusesOtherKinds() async
  {
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
}
