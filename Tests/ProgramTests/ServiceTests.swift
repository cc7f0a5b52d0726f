import Glibc
import Platform
import TestSupport
import Testing

/// A service manager, as far as a daemon hears and tells of one.
final class FakeManager {
  let path: String
  private let socket: CInt

  init(in directory: TemporaryDirectory) throws {
    path = directory.path("notify")
    socket = Glibc.socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let code = withUnsafePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) }
    }
    try #require(code == 0)
  }

  deinit { close(socket) }

  /// The next message; nil if none comes in time.
  func next(seconds: Double = 10) -> String? {
    var watched = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    guard poll(&watched, 1, Int32(seconds * 1000)) == 1 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 1000)
    let count = recv(socket, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
  }

  /// Reads until a message comes; whether it came.
  func hears(_ message: String, seconds: Double = 10) -> Bool {
    let end = BootInstant.now.advanced(byMilliseconds: Int64(seconds * 1000))
    while BootInstant.now < end {
      guard let next = next(seconds: 0.1) else { continue }
      if next == message { return true }
    }
    return false
  }

  /// Throws away what has come.
  func forget() { while next(seconds: 0) != nil {} }
}

@Suite("cofferd as a service")
struct ServiceTests {
  let fixture = VaultFixture()

  @Test("the manager hears when it is ready, how the vault is, and that it ends")
  func tells() throws {
    let manager = try FakeManager(in: fixture.directory)
    fixture.startDaemon(environment: ["NOTIFY_SOCKET": manager.path])
    #expect(manager.hears("READY=1"))
    #expect(manager.hears("STATUS=The vault: none"))
    fixture.initialize()
    #expect(manager.hears("STATUS=The vault: unlocked"))
    fixture.coffer("lock")
    #expect(manager.hears("STATUS=The vault: locked"))
    fixture.daemon?.signal(SIGTERM)
    #expect(manager.hears("STOPPING=1"))
  }

  @Test("fault 60: the loop itself feeds the watchdog, and a daemon that stands still does not")
  func watchdog() throws {
    let manager = try FakeManager(in: fixture.directory)
    fixture.startDaemon(
      environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"])
    #expect(manager.hears("READY=1"))
    manager.forget()
    for _ in 0..<5 {
      #expect(manager.hears("WATCHDOG=1", seconds: 0.4), "twice in each interval")
    }
    let id = try #require(fixture.daemonID)
    kill(id, SIGSTOP)
    manager.forget()
    #expect(manager.next(seconds: 1) == nil)
    kill(id, SIGCONT)
    #expect(manager.hears("WATCHDOG=1", seconds: 1))
  }

  @Test("a manager that does not listen keeps nobody waiting") func deafManager() throws {
    let manager = try FakeManager(in: fixture.directory)
    fixture.startDaemon(
      environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "2000"])
    // By now the kernel keeps no more of what it was told.
    sleep(milliseconds: 1_500)
    let client = try fixture.connect()
    client.send("NOP\n")
    #expect(client.readLine(seconds: 5) == "OK")
    fixture.daemon?.signal(SIGTERM)
    #expect(fixture.daemon?.waitForEnd(seconds: 5) == 0)
    #expect(manager.next() != nil)
  }

  @Test("a daemon that no manager watches tells nothing again and again") func quiet() throws {
    let manager = try FakeManager(in: fixture.directory)
    fixture.startDaemon(environment: ["NOTIFY_SOCKET": manager.path])
    #expect(manager.hears("STATUS=The vault: none"))
    manager.forget()
    #expect(manager.next(seconds: 1) == nil)
  }
}

@Suite("Credentials that open the vault")
struct CredentialUnlockTests {
  let fixture = VaultFixture()

  var credentials: String { fixture.directory.path("credentials") }

  /// Makes a vault with a slot for a credential, and ends its daemon.
  func makeVault() throws {
    fixture.startDaemon()
    fixture.initializeWithKeys()
    mkdir(credentials, 0o700)
    let added = fixture.coffer(
      "slot", "add", "credential", "--new-key-file", "\(credentials)/coffer.key")
    try #require(added.status == 0, "\(added.errorText)")
    fixture.killDaemon()
  }

  func start() {
    fixture.startDaemon(environment: ["CREDENTIALS_DIRECTORY": credentials])
  }

  func status() -> String {
    fixture.coffer(["status"], environment: fixture.environment).outputText
  }

  @Test("a credential of systemd opens the vault at the start, and leaves a row")
  func opens() throws {
    try makeVault()
    start()
    #expect(eventually { status().contains("unlocked") })
    let used = fixture.coffer(
      ["run", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY"], environment: fixture.environment)
    #expect(used.line == VaultFixture.stripeValue)
    #expect(fixture.log.contains("the credential coffer.key has opened the vault"))
    #expect(fixture.coffer("audit").outputText.contains("credential coffer.key"))
  }

  @Test("who comes while the credential is tried finds the vault open") func early() throws {
    try makeVault()
    for _ in 0..<10 {
      start()
      let used = fixture.coffer(
        ["run", "-k", "web/stripe", "--", "true"], environment: fixture.environment)
      #expect(used.status == 0, "\(used.errorText)")
      fixture.killDaemon()
    }
  }

  @Test("readiness is told when the vault is open") func ready() throws {
    try makeVault()
    let manager = try FakeManager(in: fixture.directory)
    fixture.startDaemon(
      environment: ["CREDENTIALS_DIRECTORY": credentials, "NOTIFY_SOCKET": manager.path])
    #expect(manager.hears("READY=1"))
    #expect(status().contains("unlocked"))
  }

  struct Useless: CustomTestStringConvertible {
    let testDescription: String
    let contents: [UInt8]?
    let problem: String
  }

  static let uselessOnes: [Useless] = [
    Useless(
      testDescription: "missing", contents: nil,
      problem: "the vault has a slot for a credential, and systemd has brought no coffer.key"),
    Useless(
      testDescription: "of another vault", contents: Array(repeating: 7, count: 32),
      problem: "it fits no slot of the vault"),
    Useless(
      testDescription: "too short", contents: [1, 2, 3],
      problem: "a key file has at least 32 random bytes"),
    Useless(
      testDescription: "empty", contents: [], problem: "a key file has at least 32 random bytes"),
    Useless(
      testDescription: "too long", contents: Array(repeating: 65, count: 70_000),
      problem: "reading failed"),
  ]

  @Test(
    "a credential that opens nothing leaves a daemon that runs, locked, and says why",
    arguments: uselessOnes)
  func useless(_ useless: Useless) throws {
    try makeVault()
    unlink("\(credentials)/coffer.key")
    if let contents = useless.contents { Files.write(contents, to: "\(credentials)/coffer.key") }
    start()
    #expect(eventually { status().contains("problem") })
    #expect(status().contains("locked") && status().contains(useless.problem), "\(status())")
    #expect(fixture.log.contains(useless.problem))
    #expect(fixture.coffer("unlock").status == 0)
    #expect(!status().contains("problem"))
  }

  @Test("a job that waits goes on waiting where a credential opens nothing, until somebody unlocks")
  func waits() throws {
    try makeVault()
    unlink("\(credentials)/coffer.key")
    start()
    #expect(eventually { status().contains("credential problem") }, "\(status())")
    let job = Subprocess(
      Programs.client, ["list", "--wait", "20s"], environment: fixture.environment,
      streams: [.null, .null, .null], ownSession: true)
    #expect(job.waitForEnd(seconds: 1) == nil)
    #expect(fixture.coffer("unlock").status == 0)
    #expect(job.waitForEnd(seconds: 10) == 0)
  }

  @Test("without a slot for it, and without a vault, no credential is missed") func notMissed() {
    fixture.startDaemon()
    #expect(!status().contains("problem"))
    fixture.initialize()
    fixture.killDaemon()
    fixture.startDaemon()
    #expect(status().contains("locked") && !status().contains("problem"))
  }
}
