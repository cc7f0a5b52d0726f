import TestSupport
import Testing

/// Who reads while the vault is written anew gets what is right.
@Suite("Reads during long work", .enabled(if: Programs.canTrace, "needs root and strace"))
struct LongWorkTests {
  /// What writes the vault anew.
  enum Work: String, CaseIterable, CustomTestStringConvertible {
    case compaction
    case rekey

    var testDescription: String { rawValue }
  }

  private let fixture = VaultFixture()
  private static let keyCount = 20

  /// How long each synchronization of the work takes; those of changes are other calls.
  private static let fault = "fsync:delay_enter=700000"

  /// As many reads meanwhile show that none of them waits for the work.
  private static let leastReadCount = 200

  init() {
    fixture.initialize()
    for number in 0..<Self.keyCount {
      fixture.coffer("import", "me/k\(number)", "--env", "K\(number)", input: "first-\(number)")
    }
    fixture.coffer("import", "me/big", input: Self.big("a"))
  }

  private static func big(_ letter: String) -> String { String(repeating: letter, count: 40_000) }

  /// Reads a key, of which all of the answer must be right.
  private func expect(_ value: String, of number: Int, _ client: AssuanClient) {
    let reply = client.ask("ENV me/k\(number)")
    #expect(
      reply == ["S ENV key=me/k\(number) name=K\(number)", "D K\(number)=\(value)\0", "OK"])
  }

  /// Whether the new records are there, and the former ones not gone yet.
  private var isInTheMaking: Bool {
    let names = Files.names(in: fixture.statePath)
    return names.contains("records.1") && names.contains("records.2")
  }

  /// Begins the work; its answer, if it has one, is not waited for.
  private func begin(_ work: Work, _ client: AssuanClient) {
    switch work {
    case .compaction:
      // More than half of the records is dead then.
      for letter in ["b", "c"] { fixture.coffer("replace", "me/big", input: Self.big(letter)) }
    case .rekey:
      #expect(client.ask("REKEY").last?.hasPrefix("INQUIRE") == true)
      client.send(Array("D ".utf8) + Files.read(fixture.keyFilePath) + Array("\nEND\n".utf8))
    }
    #expect(eventually { isInTheMaking })
  }

  @Test(
    "every value is right before, during and after it, also of what changes meanwhile",
    arguments: Work.allCases)
  func reads(_ work: Work) throws {
    let faults = InjectedFaults(try #require(fixture.daemonID), [Self.fault])
    let (owner, reader, writer) = (
      try fixture.connect(), try fixture.connect(), try fixture.connect()
    )
    var values = (0..<Self.keyCount).map { "first-\($0)" }
    begin(work, owner)
    // A change waits for a turn of the work; who reads waits for neither.
    var changed: Int?
    var count = 0
    while isInTheMaking {
      let number = count % Self.keyCount
      if number != changed { expect(values[number], of: number, reader) }
      if count == 0 {
        #expect(writer.ask("REPLACE me/k7").last == "INQUIRE VALUE")
        writer.send("D second-7\nEND\n")
        changed = 7
      }
      count += 1
    }
    faults.end()
    #expect(count >= Self.leastReadCount, "\(count) reads")
    #expect(writer.readReply().last == "OK")
    values[7] = "second-7"
    for (number, value) in values.enumerated() { expect(value, of: number, reader) }
    fixture.killDaemon()
    fixture.coffer("unlock")
    let client = try fixture.connect()
    for (number, value) in values.enumerated() { expect(value, of: number, client) }
    let big = fixture.coffer("run", "-k", "me/big=BIG", "--", "printenv", "BIG")
    #expect(big.line == Self.big(work == .compaction ? "c" : "a"))
  }
}
