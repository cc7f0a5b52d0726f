import Platform
import Testing

@testable import Client

@Suite("Waiting")
struct WaitingTimeTests {
  static func time(_ words: [String]) throws(ClientError) -> WaitingTime? {
    try WaitingTime.told(by: Arguments(words, [Subcommand.waitOption], command: "list"))
  }

  @Test("reads a length of time, and nothing else") func reads() throws {
    #expect(try Self.time([]) == nil)
    #expect(try Self.time(["--wait", "90s"])?.text == "90s")
    #expect(try Self.time(["--wait=5m"])?.text == "5m")
    let end = try #require(try Self.time(["--wait", "0s"])).end
    #expect(end <= .now)
    for text in ["", "never", "5", "5x", "2026-12-31T00:00:00Z"] {
      #expect(throws: ClientError.self) { try Self.time(["--wait", text]) }
    }
  }

  @Test("every command that opens a locked vault can wait, and no other") func commands() {
    let others: Set = ["init", "restore", "lock", "status", "completion", "help", "version"]
    for subcommand in Subcommand.all {
      let waits = subcommand.options.contains { $0.long == "wait" }
      #expect(waits == !others.contains(subcommand.name), "\(subcommand.name)")
    }
  }

  @Test("the system's daemon is looked at through its unit") func systemDaemon() throws {
    guard Environment.value(of: "COFFER_SOCKET") == nil else { return }
    let address = try DaemonAddress(wantsSystem: true)
    #expect(address.whatToLookAt(4711) == "'systemctl status cofferd' tells how it is")
  }
}
