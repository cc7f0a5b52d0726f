package import Keyring
internal import Platform

/// What `cofferd` was told on its command line.
package struct Options: Equatable, Sendable {
  /// Whether it serves all uids of the machine, and not its own alone.
  package var isSystem = false

  /// Absolute.
  package var statePath: String
  package var socketPath: String

  /// Where systemd fetches credentials, absolute; nil if that is not served.
  package var credentialSocketPath: String?

  /// How long an unused vault stays open; nil for ever.
  package var idleLock: Seconds? = Seconds(8 * 3600)

  /// How long a vault stays open, used or not; nil for ever.
  package var maximumUnlock: Seconds?

  /// Whether it does not start where secrets could be swapped.
  package var requiresLockedMemory = false

  /// Whether all is only looked at, and nothing served.
  package var checksOnly = false

  /// The backup that is to be read through instead, if there is one.
  package var backup: Backup?

  /// A backup, and where the secret is that opens it.
  package struct Backup: Equatable, Sendable {
    package let path: String
    package var keyFilePath: String?
    package var passphraseDescriptor: Int32?
  }

  static let systemStatePath = "/var/lib/coffer"
  static let systemSocketPath = "/run/coffer/socket"
  static let systemCredentialSocketPath = "/run/coffer/credential"

  /// Why the command line could not be used.
  package struct UsageError: Error, Equatable {
    package let message: String
  }

  /// What the command line comes to.
  package enum Outcome: Equatable {
    case run(Options)
    case help
    case manual
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
    var credentialSocket: String?
    var (backup, keyFile): (String?, String?) = (nil, nil)
    var passphraseDescriptor: Int32?
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
      case "--credential-socket": credentialSocket = try absolute(try value(), name)
      case "--idle-lock": options.idleLock = try lockTime(try value(), name)
      case "--max-unlock": options.maximumUnlock = try lockTime(try value(), name)
      case "--backup": backup = try absolute(try value(), "--backup")
      case "--key-file": keyFile = try absolute(try value(), "--key-file")
      case "--passphrase-fd": passphraseDescriptor = try descriptor(try value())
      case "--system" where parts.count == 1: options.isSystem = true
      case "--require-mlock" where parts.count == 1: options.requiresLockedMemory = true
      case "--check" where parts.count == 1: options.checksOnly = true
      case "--help", "-h": return .help
      case "--man": return .manual
      case "--version": return .version
      case _ where name.hasPrefix("-"): throw UsageError(message: "unknown option \(name)")
      case _: throw UsageError(message: "cofferd takes options only")
      }
    }
    if let backup {
      guard options.checksOnly, keyFile == nil || passphraseDescriptor == nil else {
        throw UsageError(message: "--backup goes with --check, and with one secret at the most")
      }
      options.backup = Backup(
        path: backup, keyFilePath: keyFile, passphraseDescriptor: passphraseDescriptor)
      // No state directory is looked at.
      return .run(options)
    }
    guard keyFile == nil, passphraseDescriptor == nil else {
      throw UsageError(message: "--key-file and --passphrase-fd go with --check --backup")
    }
    if let state {
      options.statePath = try absolute(state, "--state")
    } else {
      let path = try defaultStatePath(isSystem: options.isSystem, environment)
      options.statePath = try absolute(path, "the state directory")
    }
    let defaultSocket = options.isSystem ? systemSocketPath : options.statePath + "/socket"
    options.socketPath = try absolute(socket ?? defaultSocket, "--socket")
    guard options.isSystem || credentialSocket == nil else {
      throw UsageError(message: "--credential-socket goes with --system")
    }
    if options.isSystem {
      options.credentialSocketPath =
        credentialSocket ?? (socket == nil ? systemCredentialSocketPath : nil)
    }
    return .run(options)
  }

  private static func descriptor(_ text: String) throws(UsageError) -> Int32 {
    guard let number = Int32(digits: text) else {
      throw UsageError(message: "--passphrase-fd takes the number of an open descriptor")
    }
    return number
  }

  private static func lockTime(_ text: String, _ option: String) throws(UsageError) -> Seconds? {
    if text == "0" { return nil }
    guard let duration = Seconds(parsing: text), duration.count > 0 else {
      throw UsageError(message: "\(option) takes a time such as 8h or 30m, or 0 for never")
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
