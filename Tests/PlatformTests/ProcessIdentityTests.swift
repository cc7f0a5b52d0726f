import Glibc
import Platform
import TestSupport
import Testing

@Suite("ProcessIdentity")
struct ProcessIdentityTests {
  /// A process that waits until it is killed, and what tells it apart.
  private func start() throws -> (process: Subprocess, identity: ProcessIdentity) {
    let process = Subprocess(
      "/bin/sleep", ["300"], environment: [:], streams: [.null, .null, .null])
    let own = try #require(ProcessIdentity.current)
    let stat = String(
      decoding: Files.readUnsized("/proc/\(process.id)/stat"), as: UTF8.self)
    let start = try #require(stat.split(separator: " ").dropFirst(21).first)
    let text = "\(process.id).\(start).\(own.namespace)"
    return (process, try #require(ProcessIdentity(text: text)))
  }

  @Test("is of this process, and the same when it is read again") func current() throws {
    let own = try #require(ProcessIdentity.current)
    #expect(own.id == getpid())
    #expect(own.isInSight)
    #expect(!own.hasEnded)
    #expect(ProcessIdentity(text: own.text) == own)
  }

  @Test(
    "is read from nothing else",
    arguments: ["", "1.2", "1.2.3.4", "0.2.3", "-1.2.3", "x.2.3", "1.+2.3", "01.2.3", "1..3"])
  func malformed(text: String) { #expect(ProcessIdentity(text: text) == nil) }

  @Test("has ended when the process has, reaped or not") func ends() throws {
    let (process, identity) = try start()
    #expect(!identity.hasEnded)
    process.signal(SIGKILL)
    #expect(eventually { identity.hasEnded })
    process.waitForEnd()
    #expect(identity.hasEnded)
    try identity.waitForEnd()
  }

  @Test("has ended where another process has its number") func reused() throws {
    let own = try #require(ProcessIdentity.current)
    let former = try #require(
      ProcessIdentity(text: "\(own.id).\(own.start - 1).\(own.namespace)"))
    #expect(former.hasEnded)
    // Nobody waits for the wrong one.
    try former.waitForEnd()
  }

  @Test("of another namespace is not in sight") func namespace() throws {
    let own = try #require(ProcessIdentity.current)
    let other = try #require(
      ProcessIdentity(text: "\(own.id).\(own.start).\(own.namespace + 1)"))
    #expect(!other.isInSight)
  }

  @Test("a process whose name looks like fields is told apart as well") func strangeName() throws {
    let directory = TemporaryDirectory()
    let path = directory.path(") 1 2 (")
    Files.write(Files.read("/bin/sleep"), to: path, mode: 0o700)
    let process = Subprocess(path, ["300"], environment: [:], streams: [.null, .null, .null])
    let own = try #require(ProcessIdentity.current)
    let text = "\(process.id).\(own.start).\(own.namespace)"
    // Its start is later than ours, if it is read from the right field.
    #expect(try #require(ProcessIdentity(text: text)).hasEnded)
    #expect(!Process.hasEnded(process.id))
  }
}
