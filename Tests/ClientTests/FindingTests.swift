import Testing
import Wire

@testable import Client

@Suite("Findings")
struct FindingTests {
  @Test("what cofferd prints is read, each hint with its finding") func reads() {
    let findings = Finding.findings(in: [
      "ok       slots: slots 1 passphrase; generation 3",
      "wrong    files: /a:b is open to others",
      "         hint: close it with 'chmod 600 /a:b'",
      "unknown  chain: only an open vault tells", "a line of something else", "",
      "perhaps  moon: it is full",
    ])
    #expect(
      findings == [
        Finding("slots", .ok, "slots 1 passphrase; generation 3"),
        Finding(
          "files", .wrong, "/a:b is open to others", hint: "close it with 'chmod 600 /a:b'"),
        Finding("chain", .unknown, "only an open vault tells"),
      ])
  }

  @Test("what is printed is read back as it was") func roundTrip() {
    let findings = [
      Finding("space", .unknown, "a:b: it cannot be told"),
      Finding("directory", .wrong, "others may write to it", hint: "close it: chmod 700"),
      Finding("version", .ok, "cofferd 1"),
    ]
    #expect(Finding.findings(in: findings.flatMap(\.lines)) == findings)
    #expect(findings[1].lines.map { $0.prefix(9) } == ["wrong    ", "         "])
  }

  @Test("what the daemon tells is read, and an unknown verdict says nothing") func tells() {
    let wrong = StatusFields(["FINDING", "subject=space", "verdict=wrong", "text=none", "hint=go"])
    #expect(Finding(wrong) == Finding("space", .wrong, "none", hint: "go"))
    let odd = StatusFields(["FINDING", "subject=space", "verdict=fine", "text=much"])
    #expect(Finding(odd) == Finding("space", .unknown, "much"))
  }

  @Test("findings stand in columns, hints below their text") func lines() {
    let lines = Finding.lines([
      Finding("slots", .ok, "fine"), Finding("directory", .unknown, "far away", hint: "go there"),
    ])
    #expect(
      lines == [
        "ok       slots      fine", "unknown  directory  far away",
        "                    hint: go there",
      ])
  }
}

@Suite("Sources of secrets")
struct SecretSourcesTests {
  static func sources(_ arguments: [String], environment: String? = nil) throws -> SecretSources {
    let sorted = try Arguments(arguments, SecretAnswers.options, command: "rekey")
    return SecretSources(sorted, environmentPath: environment, namesSlots: true)
  }

  @Test("a slot's own is taken before one for any, and each once, in order") func order() throws {
    var sources = try Self.sources(
      ["--key-file", "first", "--key-file", "3=third", "--key-file", "second"], environment: "last")
    #expect(sources.takeKeyFile(of: 1) == "first")
    #expect(sources.takeKeyFile(of: 3) == "third")
    #expect(sources.takeKeyFile(of: 4) == "second")
    #expect(sources.takeKeyFile(of: 5) == "last")
    #expect(sources.takeKeyFile(of: 6) == nil)
  }

  @Test("what is for one slot is never used for another") func others() throws {
    var sources = try Self.sources(["--passphrase-fd", "2=7", "--key-file", "2=a"])
    #expect(sources.takeDescriptor(of: 1) == nil)
    #expect(sources.takeKeyFile(of: nil) == nil)
    #expect(sources.takeDescriptor(of: 2) == "7")
  }

  @Test("a path may hold an equals sign") func path() throws {
    var sources = try Self.sources(["--key-file", "a=b", "--key-file", "./2=c"])
    #expect(sources.takeKeyFile(of: 1) == "a=b")
    #expect(sources.takeKeyFile(of: 2) == "./2=c")
  }

  @Test("the environment's key file opens unless a passphrase is named") func keyFile() throws {
    #expect(try Self.sources([], environment: "key").hasKeyFile)
    #expect(try !Self.sources(["--passphrase-fd", "3"], environment: "key").hasKeyFile)
    #expect(try Self.sources(["--key-file", "other"]).hasKeyFile)
    #expect(try !Self.sources([]).hasKeyFile)
  }
}
