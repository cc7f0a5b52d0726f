internal import Keyring
internal import Wire

/// One command: what it is called, takes, says of itself, and does.
struct CommandDefinition: Sendable {
  let verb: Verb

  /// As in `SHOW KEY`.
  let synopsis: String

  /// A line, and behind it what else there is to know.
  let help: [String]

  /// The options that it takes with a value, and those that it takes without.
  var options: Set<String> = []
  var flags: Set<String> = []

  /// How many words it takes besides.
  var wordCount: ClosedRange<Int> = 0...0

  let availability: Availability

  let run: @Sendable (Exchange, Command) throws(Failure) -> Progress

  /// When a command is served, and to whom.
  enum Availability: Sendable {
    /// Always, to everyone who is let in.
    case always

    /// While no vault is there.
    case withoutVault

    /// While a vault is there, locked or not.
    case withVault

    /// While the vault is unlocked, to its users and to who acts as a key.
    case unlocked

    /// While the vault is unlocked, to everyone who is let in.
    case unlockedToAll
  }

  /// What a connection that acts as a key is served; nothing else, whatever the
  /// key's owner may do.
  static let verbsOfKeys: Set<Verb> = [
    .nop, .bye, .reset, .help, .option, .cancel, .getInfo, .status, .whoAmI, .authenticate,
    .list, .show, .environment, .verify, .burn, .importKey, .replace,
  ]

  /// Throws unless `command` has the options and words that it takes.
  func check(_ command: Command) throws(Failure) {
    for option in command.options {
      let name = PrintableText.object(option.name)
      guard options.contains(option.name) || flags.contains(option.name) else {
        throw Failure(
          .unknownOption, "\(verb.rawValue) has no option --\(name)",
          hint: "'HELP \(verb.rawValue)' lists them")
      }
      guard options.contains(option.name) == (option.value != nil) else {
        let form = option.value == nil ? "a value, as --\(name)=VALUE" : "no value"
        throw Failure(.parameter, "--\(name) takes \(form)")
      }
    }
    guard wordCount.contains(command.words.count) else {
      throw Failure(.parameter, "this is not how it is written: \(synopsis)")
    }
  }

  /// Throws for an option that the command takes, but not in this form of it.
  static func allow(_ names: [String], in command: Command) throws(Failure) {
    for option in command.options where !names.contains(option.name) {
      let form = command.words.first.map { " " + PrintableText.object($0).uppercased() } ?? ""
      throw Failure(
        .unknownOption, "\(command.verb)\(form) has no option --\(option.name) here",
        hint: "'HELP \(command.verb)' lists them")
    }
  }

  /// The number behind which a page begins; 0 for the first page.
  static func pageStart(_ command: Command) throws(Failure) -> UInt64 {
    guard let text = command.value(of: "after") else { return 0 }
    guard let number = UInt64(digits: text) else {
      throw Failure(.parameter, "--after is a number that an answer has told")
    }
    return number
  }

  /// Reads a client's words by the rules; what breaks one is no matter of rights.
  static func parsed<Result>(
    _ body: () throws(Refusal) -> Result
  ) throws(Failure) -> Result {
    do throws(Refusal) { return try body() } catch { throw Failure(error) }
  }

  /// The definition of each command; a new verb does not compile without one.
  static func of(_ verb: Verb) -> CommandDefinition {
    switch verb {
    case .nop: .nop
    case .bye: .bye
    case .reset: .reset
    case .help: .help
    case .option: .option
    case .cancel: .cancel
    case .getInfo: .getInfo
    case .initialize: .initialize
    case .unlock: .unlock
    case .lock: .lock
    case .status: .status
    case .check: .check
    case .slot: .slot
    case .rekey: .rekey
    case .backup: .backup
    case .restore: .restore
    case .whoAmI: .whoAmI
    case .authenticate: .authenticate
    case .workspace: .workspace
    case .user: .user
    case .grant: .grant
    case .policy: .policy
    case .create: .create
    case .importKey: .importKey
    case .replace: .replace
    case .rotate: .rotate
    case .expire: .expire
    case .suspend: .suspend
    case .resume: .resume
    case .revoke: .revoke
    case .environment: .environment
    case .verify: .verify
    case .burn: .burn
    case .list: .list
    case .show: .show
    case .holders: .holders
    case .unused: .unused
    case .why: .why
    case .audit: .audit
    case .scan: .scan
    }
  }
}
