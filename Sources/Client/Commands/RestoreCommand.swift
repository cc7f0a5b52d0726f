internal import Glibc
internal import Platform
internal import Wire

extension Subcommand {
  static let restore = Subcommand(
    name: "restore", group: .vault,
    synopsis: "restore FILE [--key-file PATH | --passphrase-fd N]",
    summary: "Makes a vault of a backup, where none is.",
    details: [
      "Asks for the passphrase of the backup, which opens the vault from then on, and",
      "leaves it unlocked. '-' reads the backup from standard input.",
      "Imported keys are usable at once. Issued ones are suspended: what was revoked or",
      "rotated after the backup was made must not live again unseen. Look at them with",
      "'coffer list', revoke what has to go, then 'coffer resume --restored'. Until",
      "then systemd units are given nothing either: 'coffer list --flag restored-grant'",
      "has the keys that are granted to some.",
    ],
    options: [
      OptionSpecification("key-file", value: "PATH", "the file that opens the backup"),
      OptionSpecification(
        "passphrase-fd", value: "N", "read its passphrase from a descriptor"),
      systemOption,
    ],
    wordCount: 1...1, asksForSecret: true,
    examples: [
      "coffer restore vault.backup",
      "ssh host cat vault.backup | coffer restore - --key-file backup.key",
    ]
  ) { arguments throws(ClientError) in
    try arguments.exclude(["key-file", "passphrase-fd"])
    let path = arguments.words[0]
    if path == "-" {
      guard arguments["passphrase-fd"] != "0" else {
        throw .usage("standard input is the backup, and cannot be its passphrase as well")
      }
      // The stream is the caller's, and stays open for it.
      let file = FileDescriptor(owning: STDIN_FILENO)
      do throws(ClientError) {
        try restore(from: file, named: "standard input", arguments)
      } catch {
        _ = file.release()
        throw error
      }
      _ = file.release()
    } else {
      try restore(path, arguments)
    }
    return ExitStatus.done
  }

  /// Restores from a file, which is read anew when a person has mistyped its passphrase.
  private static func restore(_ path: String, _ arguments: Arguments) throws(ClientError) {
    let isTyped = !arguments.has("key-file") && !arguments.has("passphrase-fd")
    var left = isTyped ? Unlocking.tries : 1
    while true {
      let file = try attempting("\(path): opening the backup") { () throws(Errno) in
        try FileDescriptor.open(path, flags: O_RDONLY)
      }
      do throws(ClientError) {
        return try restore(from: file, named: path, arguments)
      } catch {
        left -= 1
        guard error.isWrongSecret, left > 0 else { throw error }
        Console.report(error)
      }
    }
  }

  private static func restore(
    from file: borrowing FileDescriptor, named name: String, _ arguments: Arguments
  ) throws(ClientError) {
    let answers = SecretAnswers(
      present: SecretSources(arguments), new: SecretSources(arguments),
      presentObject: "the backup")
    let dialogue = try Dialogue(arguments, presentsKey: false, makesVault: true)
    try requireNoVault(dialogue)
    let connection = dialogue.connection
    try connection.send([Command(.restore, options: answers.keyFileFlag)])
    let reply = try connection.showingProgress(of: "making the vault") {
      () throws(ClientError) in
      try connection.receiveReply { step, _ throws(ClientError) in
        guard case .inquiry(let inquiry) = step else { return }
        if inquiry.keyword == "BACKUP" {
          try connection.answer(withContentsOf: file, named: name)
        } else {
          try answers.answer(inquiry, on: connection)
        }
      }
    }
    announceRestored(reply.statuses)
  }

  private static func announceRestored(_ statuses: [StatusFields]) {
    let restored = statuses.first { $0.keywords == ["RESTORED"] }
    let suspended = restored?["suspended"] ?? "0"
    Console.note(
      "made the vault of \(restored?["organization"] ?? "") with \(restored?["keys"] ?? "its") keys"
        + "\(restored?["made"].map { ", as they were at \($0)" } ?? ""); it is unlocked")
    Console.note("nothing but the secret of the backup opens it")
    Console.hint("'coffer slot add recovery' draws a recovery code for it")
    if suspended != "0" {
      Console.note(
        "\(suspended) issued \(suspended == "1" ? "key is" : "keys are") suspended until you have looked"
      )
      Console.hint(
        "'coffer list --state suspended' shows them; 'coffer resume --restored' ends it for all")
    }
    if let grants = restored?["grants"], grants != "0" {
      Console.note(
        "\(grants) \(grants == "1" ? "grant" : "grants") to systemd units, too: nothing is given by them"
      )
      Console.hint(
        "'coffer list --flag restored-grant' has their keys, and 'coffer show KEY' the units")
    }
  }
}
