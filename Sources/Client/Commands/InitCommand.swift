internal import Keyring
internal import Platform
internal import Wire

extension Subcommand {
  static let initialize = Subcommand(
    name: "init", group: .vault,
    synopsis: "init --organization NAME [options]",
    summary: "Makes a vault, and leaves it unlocked.",
    details: [
      "Asks twice for a passphrase on the terminal, unless another secret is named.",
      "A recovery code is printed to standard output, this once: write it down.",
      "With --system root makes the vault of the machine, and names its Owner.",
    ],
    options: [
      OptionSpecification(
        "organization", value: "NAME", "the organization that the keys belong to"),
      OptionSpecification("owner", value: "NAME", "the Owner's name (default: the login name)"),
      OptionSpecification("owner-uid", value: "N", "with --system, the Owner's uid"),
      OptionSpecification(
        "key-file", value: "PATH", "open it with this file; it is made if it is not there"),
      OptionSpecification("passphrase-fd", value: "N", "read the passphrase from a descriptor"),
      OptionSpecification("no-recovery", "make no recovery code"),
      systemOption,
    ],
    asksForSecret: true,
    examples: [
      "coffer init --organization acme",
      "coffer init --organization acme --key-file ~/.config/coffer.key --no-recovery",
    ]
  ) { arguments throws(ClientError) in
    let command = try initCommand(arguments)
    try Console.requireOutput()
    let dialogue = try Dialogue(arguments, presentsKey: false, makesVault: true)
    try requireNoVault(dialogue)
    if let path = arguments["key-file"] {
      try found(command, withKeyFile: path, dialogue.connection)
    } else {
      let secret: Secret? = try initSecret(arguments)
      try dialogue.connection.send([command])
      try announce(try dialogue.connection.receiveReply(answeringWith: secret))
    }
    return ExitStatus.done
  }

  private static func initCommand(_ arguments: Arguments) throws(ClientError) -> Command {
    guard let organization = arguments["organization"] else {
      throw .usage(
        "the organization is missing", hint: "as in 'coffer init --organization acme'")
    }
    for option in ["organization", "owner"] {
      guard let name = arguments[option], Name(name) == nil else { continue }
      throw .usage("--\(option): \(PrintableText.object(name)): \(Name.rule)")
    }
    try arguments.exclude(["key-file", "passphrase-fd"])
    var options: [(String, String?)] = [("organization", organization)]
    for name in ["owner", "owner-uid"] {
      if let value = arguments[name] { options.append((name, value)) }
    }
    if arguments.has("key-file") { options.append(("key-file", nil)) }
    if arguments.has("no-recovery") { options.append(("no-recovery", nil)) }
    return Command(.initialize, options: options)
  }

  /// Throws unless there is no vault, before anybody is asked for what will open it.
  static func requireNoVault(_ dialogue: Dialogue) throws(ClientError) {
    try dialogue.connection.send([Command(.status)])
    let status = StatusFields(
      fields: try dialogue.connection.receiveReply().statuses.flatMap(\.fields))
    guard status["state"] != "none" else { return }
    if status["state"] == "damaged" {
      throw ClientError(
        ExitStatus.failed, status["problem"] ?? "the vault is damaged",
        hint: "set COFFER_HOME to make another vault elsewhere")
    }
    throw ClientError(
      ExitStatus.failed, "there is a vault already",
      hint: "set COFFER_HOME to have another one elsewhere")
  }

  private static func initSecret(_ arguments: Arguments) throws(ClientError) -> Secret {
    if let secret = try SecretInput.readNamed(by: arguments) { return secret }
    return try NewPassphrase.ask(
      for: "the vault", named: "passphrase-fd", or: "--key-file PATH")
  }

  /// Makes the vault with a key file, and that too if it is not there.
  ///
  /// A refused command leaves no file behind, since it is made only when the daemon
  /// asks for it. From then on it stays: another one may have read it, and made the
  /// vault with it.
  private static func found(
    _ command: Command, withKeyFile path: String, _ connection: DaemonConnection
  ) throws(ClientError) {
    var isNew = false
    do throws(ClientError) {
      try connection.send([command])
      let reply = try connection.receiveReply { step, _ throws(ClientError) in
        guard case .inquiry = step else { return }
        isNew = try KeyFile.make(path)
        try connection.answer(with: try KeyFile.read(path))
      }
      if isNew { Console.note("made the key file \(path): whoever has it opens the vault") }
      try announce(reply)
    } catch {
      if isNew, error.code != nil {
        Console.note("the key file \(path) was made and is left there")
      }
      throw error
    }
  }

  private static func announce(
    _ reply: consuming DaemonConnection.Reply
  ) throws(ClientError) {
    Console.note("made the vault; it is unlocked")
    guard reply.data.count > 0 else { return }
    Console.note("the recovery code opens the vault when all else is lost; keep it now:")
    try Console.print(
      try reply.data.finish(),
      orTell: (
        "the recovery code is lost",
        "the vault is there; its passphrase or key file alone opens it, so keep that well"
      ))
  }
}
