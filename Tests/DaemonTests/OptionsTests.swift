import Keyring
import Testing

@testable import Daemon

@Suite("Options")
struct OptionsTests {
  static func parsed(
    _ arguments: [String], _ environment: [String: String] = ["HOME": "/home/ada"]
  ) throws(Options.UsageError) -> Options.Outcome {
    try Options.parse(arguments) { environment[$0] }
  }

  static func options(
    _ arguments: [String], _ environment: [String: String] = ["HOME": "/home/ada"]
  ) throws -> Options {
    guard case .run(let options) = try parsed(arguments, environment) else {
      throw Options.UsageError(message: "nothing is to be run")
    }
    return options
  }

  // MARK: Paths

  struct Case: CustomTestStringConvertible {
    let testDescription: String
    var arguments: [String] = []
    var environment: [String: String] = ["HOME": "/home/ada"]
    let state: String
    let socket: String
  }

  static let cases: [Case] = [
    Case(
      testDescription: "HOME", state: "/home/ada/.local/state/coffer",
      socket: "/home/ada/.local/state/coffer/socket"),
    Case(
      testDescription: "XDG_STATE_HOME", environment: ["XDG_STATE_HOME": "/x", "HOME": "/h"],
      state: "/x/coffer", socket: "/x/coffer/socket"),
    Case(
      testDescription: "a relative XDG_STATE_HOME",
      environment: ["XDG_STATE_HOME": "x", "HOME": "/h"], state: "/h/.local/state/coffer",
      socket: "/h/.local/state/coffer/socket"),
    Case(
      testDescription: "COFFER_HOME",
      environment: ["COFFER_HOME": "/c/", "XDG_STATE_HOME": "/x", "HOME": "/h"], state: "/c",
      socket: "/c/socket"),
    Case(
      testDescription: "--state", arguments: ["--state", "/s"],
      environment: ["COFFER_HOME": "/c"], state: "/s", socket: "/s/socket"),
    Case(
      testDescription: "--state=", arguments: ["--state=/s=t/"], environment: [:],
      state: "/s=t", socket: "/s=t/socket"),
    Case(
      testDescription: "--socket", arguments: ["--socket", "/run/c.sock"],
      environment: ["COFFER_HOME": "/c"], state: "/c", socket: "/run/c.sock"),
    Case(
      testDescription: "--system", arguments: ["--system"], environment: ["COFFER_HOME": "/c"],
      state: "/var/lib/coffer", socket: "/run/coffer/socket"),
    Case(
      testDescription: "--system --state", arguments: ["--state=/s", "--system"],
      state: "/s", socket: "/run/coffer/socket"),
    Case(
      testDescription: "--system --socket", arguments: ["--system", "--socket=/s"],
      state: "/var/lib/coffer", socket: "/s"),
    Case(
      testDescription: "an option twice", arguments: ["--state=/a", "--state=/b"],
      state: "/b", socket: "/b/socket"),
  ]

  @Test("finds state directory and socket", arguments: cases)
  func finds(_ test: Case) throws {
    let options = try Self.options(test.arguments, test.environment)
    #expect(options.statePath == test.state)
    #expect(options.socketPath == test.socket)
    #expect(options.isSystem == test.arguments.contains("--system"))
    #expect(!options.checksOnly)
  }

  // MARK: The rest

  @Test("locks after eight hours unless told") func locksWhenIdle() throws {
    #expect(try Self.options([]).idleLock == Seconds(8 * 3600))
    #expect(try Self.options(["--idle-lock", "30m"]).idleLock == Seconds(1800))
    #expect(try Self.options(["--idle-lock=2s"]).idleLock == Seconds(2))
    #expect(try Self.options(["--idle-lock=0"]).idleLock == nil)
  }

  @Test("checks, helps and tells its version when told") func takesOthers() throws {
    #expect(try Self.options(["--check"]).checksOnly)
    #expect(try Self.options(["--require-mlock"]).requiresLockedMemory)
    #expect(try !Self.options([]).requiresLockedMemory)
    #expect(try Self.parsed(["--help"]) == .help)
    #expect(try Self.parsed(["-h"], [:]) == .help)
    #expect(try Self.parsed(["--system", "--version", "--nonsense"], [:]) == .version)
  }

  struct Wrong: CustomTestStringConvertible {
    let arguments: [String]
    var environment: [String: String] = ["HOME": "/home/ada"]
    let message: String

    var testDescription: String { "\(arguments) \(environment)" }
  }

  static let time = "--idle-lock takes a time such as 8h or 30m, or 0 for never"
  static let absolute = "must be an absolute path, one that begins with /"

  static let wrong: [Wrong] = [
    Wrong(arguments: ["--state", "s"], message: "--state \(absolute)"),
    Wrong(arguments: ["--state="], message: "--state \(absolute)"),
    Wrong(arguments: ["--state", "--system"], message: "--state \(absolute)"),
    Wrong(arguments: ["--socket=./s"], message: "--socket \(absolute)"),
    Wrong(arguments: ["--socket", ""], message: "--socket \(absolute)"),
    Wrong(
      arguments: [], environment: ["COFFER_HOME": "c", "HOME": "/h"],
      message: "the state directory \(absolute)"),
    Wrong(
      arguments: [], environment: ["HOME": "h"], message: "the state directory \(absolute)"),
    Wrong(
      arguments: [], environment: [:],
      message: "no state directory: HOME is not set; use --state DIR or set COFFER_HOME"),
    Wrong(arguments: ["--state"], message: "--state needs a value behind it"),
    Wrong(arguments: ["--check", "--socket"], message: "--socket needs a value behind it"),
    Wrong(arguments: ["--idle-lock"], message: "--idle-lock needs a value behind it"),
    Wrong(arguments: ["--idle-lock=8"], message: time),
    Wrong(arguments: ["--idle-lock=0s"], message: time),
    Wrong(arguments: ["--idle-lock=-1h"], message: time),
    Wrong(arguments: ["--idle-lock="], message: time),
    Wrong(arguments: ["--nonsense"], message: "unknown option --nonsense"),
    Wrong(arguments: ["--nonsense=x"], message: "unknown option --nonsense"),
    Wrong(arguments: ["--system=yes"], message: "unknown option --system"),
    Wrong(arguments: ["--require-mlock=1"], message: "unknown option --require-mlock"),
    Wrong(arguments: ["--check="], message: "unknown option --check"),
    Wrong(arguments: ["-s"], message: "unknown option -s"),
    Wrong(arguments: ["--"], message: "unknown option --"),
    Wrong(arguments: ["serve"], message: "cofferd takes options only"),
    Wrong(arguments: [""], message: "cofferd takes options only"),
  ]

  @Test("says what cannot be used", arguments: wrong)
  func refuses(_ test: Wrong) {
    #expect(throws: Options.UsageError(message: test.message)) {
      _ = try Self.parsed(test.arguments, test.environment)
    }
  }

  @Test("the usage names every option") func namesOptions() {
    let names = [
      "socket", "state", "system", "idle-lock", "require-mlock", "check", "help", "version",
    ]
    for name in names { #expect(Options.usage.contains("--" + name)) }
  }
}
