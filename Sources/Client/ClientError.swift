internal import Keyring
internal import Platform
internal import Wire

/// How the client ends.
package enum ExitStatus {
  package static let done: Int32 = 0

  /// Refused or failed.
  package static let failed: Int32 = 1
  package static let usage: Int32 = 2

  /// The vault is locked, and nobody could be asked to open it.
  package static let locked: Int32 = 3

  /// No daemon could be reached or started.
  package static let noDaemon: Int32 = 4

  /// Of `run`: the command was not started, for a reason of Coffer's.
  package static let notRun: Int32 = 125

  /// Of `run`: the command is there and cannot be executed.
  package static let notExecutable: Int32 = 126

  /// Of `run`: the command is not there.
  package static let notFound: Int32 = 127
}

/// Why a command of the client was not done, as its user is told.
struct ClientError: Error, Equatable {
  let status: Int32

  /// One line, as in `web/deploy: not found`.
  let message: String

  /// What to do next, as another line.
  let hint: String?

  /// What the daemon answered, if it is a daemon's answer.
  private(set) var code: Failure.Code?

  /// Whether a passphrase or key file did not fit, so that another may.
  var isWrongSecret: Bool { code == .wrongPassphrase }

  init(_ status: Int32 = ExitStatus.failed, _ message: String, hint: String? = nil) {
    self.status = status
    self.message = PrintableText.line(message)
    self.hint = hint.map { PrintableText.line($0) }
  }

  /// The exit status of `run`: for the one who reads it, a command that did not run is
  /// not one that failed.
  var runStatus: Int32 {
    let isOfTheCommand = [ExitStatus.notExecutable, ExitStatus.notFound].contains(status)
    return isOfTheCommand ? status : ExitStatus.notRun
  }

  static func usage(_ message: String, hint: String? = nil) -> ClientError {
    ClientError(ExitStatus.usage, message, hint: hint)
  }

  /// The error in the words of the command line: a command of the protocol is called as
  /// the subcommand is, and of a name that is not there it is told where those are that
  /// are, which is the same for what is out of sight.
  func inWords(of subcommand: String) -> ClientError {
    let (object, rest) = message.divided(at: ":")
    if let rest, Verb(rawValue: object) != nil {
      return ClientError(code, "\(subcommand):\(rest)", hint: hint)
    }
    guard code == .notFound, hint == nil else { return self }
    let isKey = message.utf8.contains(UInt8(ascii: "/")) || message.hasPrefix("id:")
    return ClientError(
      code, message,
      hint: isKey
        ? "'coffer list' has the keys in sight"
        : "'coffer list', 'coffer workspace list' and 'coffer user list' have what is in sight")
  }

  /// What the rules refuse before the daemon is asked.
  ///
  /// - Parameters:
  ///   - refusal: Why.
  ///   - place: What stands before it, as the line of a file.
  init(_ refusal: Refusal, at place: String? = nil) {
    let failure = Failure(refusal)
    let start = place.map { $0 + ": " } ?? ""
    self.init(ExitStatus.failed, start + failure.message, hint: failure.hint)
  }

  /// What the daemon answered with `ERR`.
  init(_ code: Failure.Code?, _ message: String, hint: String?) {
    self.init(code == .locked ? ExitStatus.locked : ExitStatus.failed, message, hint: hint)
    self.code = code
  }
}

/// Runs calls of the system, and says of a failure what was tried.
///
/// - Parameters:
///   - attempt: As in `key.txt: opening the key file`, for the message.
///   - body: The calls.
/// - Returns: What `body` returns.
/// - Throws: ``ClientError`` with exit status 1.
func attempting<Result: ~Copyable>(
  _ attempt: String, _ body: () throws(Errno) -> Result
) throws(ClientError) -> Result {
  do throws(Errno) {
    return try body()
  } catch {
    throw ClientError(ExitStatus.failed, "\(attempt) failed: \(error)")
  }
}

extension ClientError {
  /// The daemon has gone away in the middle of a dialogue.
  static let lost = ClientError(
    ExitStatus.noDaemon, "the daemon closed the connection before it had answered",
    hint: "'coffer status' tells whether it runs")

  static func protocolBroken(_ reason: String) -> ClientError {
    ClientError(
      ExitStatus.noDaemon, "the daemon does not speak Coffer's protocol: \(reason)",
      hint: "is another program listening on the socket?")
  }
}
