package import Keyring
internal import Platform

/// What `cofferd` was told on its command line.
package struct Options: Equatable, Sendable {
  /// Whether it serves all uids of the machine, and not its own alone.
  package var isSystem = false

  /// Absolute.
  package var statePath: String
  package var socketPath: String

  /// How long an unused vault stays open; nil for ever.
  package var idleLock: Seconds? = Seconds(8 * 3600)

  /// Whether the start is only tried, and nothing served.
  package var checksOnly = false

  static let systemStatePath = "/var/lib/coffer"
  static let systemSocketPath = "/run/coffer/socket"

  package static let usage = """
    Usage: cofferd [--socket PATH] [--state DIR] [--system] [--idle-lock TIME] [--check]

    Keeps API keys, and serves them to 'coffer' over a Unix domain socket. Stays in
    the foreground and logs to standard error.

      --socket PATH     listen there (default: DIR/socket; with --system
                        /run/coffer/socket)
      --state DIR       keep the vault there (default: COFFER_HOME, else
                        $XDG_STATE_HOME/coffer, else ~/.local/state/coffer; with
                        --system /var/lib/coffer)
      --system          serve every uid of the machine, each with its user's rights;
                        without it only the uid that cofferd runs as
      --idle-lock TIME  lock the vault when nobody has used it for that long, as 8h
                        (the default) or 30m; 0 for never
      --check           check the state directory and what would be served, say what
                        is wrong, and end
      --help, --version

    A socket that systemd passes (LISTEN_FDS) is used in place of one of its own.

    """

  /// Why the command line could not be used.
  package struct UsageError: Error, Equatable {
    package let message: String
  }

  /// What the command line comes to.
  package enum Outcome: Equatable {
    case run(Options)
    case help
    case version
  }

  /// Reads the arguments behind the program's name.
  ///
  /// Throws ``UsageError`` for what it does not know.
  package static func parse(
    _ arguments: [String], environment: (String) throws(UsageError) -> String?
  ) throws(UsageError) -> Outcome {
    var state: String?
    var socket: String?
    var options = Options(statePath: "", socketPath: "")
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      func value() throws(UsageError) -> String {
        if parts.count == 2 { return String(parts[1]) }
        guard let next = rest.popFirst() else {
          throw UsageError(message: "\(name) needs a value behind it")
        }
        return next
      }
      switch name {
      case "--socket": socket = try value()
      case "--state": state = try value()
      case "--idle-lock": options.idleLock = try idleLock(try value())
      case "--system" where parts.count == 1: options.isSystem = true
      case "--check" where parts.count == 1: options.checksOnly = true
      case "--help", "-h": return .help
      case "--version": return .version
      case _ where name.hasPrefix("-"): throw UsageError(message: "unknown option \(name)")
      case _: throw UsageError(message: "cofferd takes options only")
      }
    }
    if let state {
      options.statePath = try absolute(state, "--state")
    } else {
      let path = try defaultStatePath(isSystem: options.isSystem, environment)
      options.statePath = try absolute(path, "the state directory")
    }
    let defaultSocket = options.isSystem ? systemSocketPath : options.statePath + "/socket"
    options.socketPath = try absolute(socket ?? defaultSocket, "--socket")
    return .run(options)
  }

  private static func idleLock(_ text: String) throws(UsageError) -> Seconds? {
    if text == "0" { return nil }
    guard let duration = Seconds(parsing: text), duration.count > 0 else {
      throw UsageError(message: "--idle-lock takes a time such as 8h or 30m, or 0 for never")
    }
    return duration
  }

  private static func absolute(_ path: String, _ option: String) throws(UsageError) -> String {
    guard path.hasPrefix("/") else {
      throw UsageError(message: "\(option) must be an absolute path, one that begins with /")
    }
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    return trimmed
  }

  private static func defaultStatePath(
    isSystem: Bool, _ environment: (String) throws(UsageError) -> String?
  ) throws(UsageError) -> String {
    if isSystem { return systemStatePath }
    guard let path = try StatePath.ofUser(environment) else {
      throw UsageError(
        message: "no state directory: HOME is not set; use --state DIR or set COFFER_HOME")
    }
    return path
  }
}
