internal import Keyring
internal import Platform
internal import Wire

extension Subcommand {
  static let unlock = Subcommand(
    name: "unlock", group: .vault, synopsis: "unlock [--key-file PATH | --passphrase-fd N]",
    summary: "Opens the vault.",
    details: [
      "Asks for the passphrase on the terminal; the recovery code will do as well. An",
      "open vault stays as it is, but what an option names is tried nevertheless.",
      "COFFER_KEY_FILE names a key file that opens it without being asked. Other",
      "commands open a locked vault by themselves in the same way; of those that run at",
      "the same time one asks, and the others go on when it is open. Without a terminal",
      "they fail, or with '--wait 5m' wait so long for somebody who opens it.",
    ],
    options: [
      OptionSpecification("key-file", value: "PATH", "open it with this file"),
      OptionSpecification("passphrase-fd", value: "N", "read the passphrase from a descriptor"),
      systemOption, waitOption,
    ],
    asksForSecret: true,
    examples: ["coffer unlock", "coffer unlock --key-file ~/.config/coffer.key"]
  ) { arguments throws(ClientError) in
    try arguments.exclude(["key-file", "passphrase-fd"])
    let dialogue = try Dialogue(arguments, presentsKey: false)
    let status = try dialogue.connection.status()
    guard status["state"] != "none" else { throw .noVault }
    if let secret = try SecretInput.readNamed(by: arguments) {
      try Unlocking.unlock(
        dialogue.connection, with: secret, isKeyFile: arguments.has("key-file"))
    } else if status["state"] == "unlocked" {
      Console.note("the vault was unlocked already")
      return ExitStatus.done
    } else {
      try dialogue.unlock()
    }
    Console.note("the vault is unlocked")
    return ExitStatus.done
  }

  static let lock = Subcommand(
    name: "lock", group: .vault, synopsis: "lock",
    summary: "Forgets all keys and values, until the vault is unlocked.",
    options: [systemOption], examples: ["coffer lock", "coffer lock --system"]
  ) { arguments throws(ClientError) in
    let address = try DaemonAddress(wantsSystem: arguments.has("system"))
    guard let connection = try DaemonConnection.open(address, starts: false) else {
      Console.note("no daemon runs, so nothing is unlocked")
      return ExitStatus.done
    }
    try connection.receiveGreeting()
    do throws(ClientError) {
      try PresentedKey.present(on: connection)
      try connection.send([Command(.lock)])
      _ = try connection.receiveReply()
      Console.note("locked the vault")
    } catch {
      guard error.status == ExitStatus.locked else { throw error }
      Console.note("the vault was locked already")
    }
    return ExitStatus.done
  }

  static let status = Subcommand(
    name: "status", group: .vault, synopsis: "status [--json]",
    summary: "Tells whether the vault is open, and how the daemon is.",
    options: [jsonOption, systemOption], examples: ["coffer status", "coffer status --json"]
  ) { arguments throws(ClientError) in
    let dialogue = try Dialogue(arguments, presentsKey: false)
    try dialogue.connection.send([Command(.status)])
    let fields = try dialogue.connection.receiveReply().statuses.flatMap(\.fields)
    if arguments.has("json") {
      try Console.print([JSON.object(fields.map { ($0.name, statusValue($0)) })])
    } else {
      try Console.print(Table.lines(fields.map(statusLine)))
    }
    if StatusFields(fields: fields)["state"] == "none" {
      Console.hint("'coffer init --organization NAME' makes a vault")
    }
    if let seconds = StatusFields(fields: fields)["clock_ahead"] {
      Console.note("warning: \(clockWarning(seconds))")
      Console.hint(
        "a corrected clock ends this; if it is right, 'coffer doctor --repair clock' (Owners)")
    }
    return ExitStatus.done
  }

  /// What is told of a clock that is not believed.
  static func clockWarning(_ seconds: String) -> String {
    let isBehind = seconds.hasPrefix("-")
    let length = Seconds(parsing: (isBehind ? seconds.dropFirst() : seconds[...]) + "s")
    let jump = "\(length?.text ?? seconds) \(isBehind ? "back" : "ahead")"
    return "the clock has jumped \(jump); expiry is judged by the time from before that"
  }

  /// A field of the status as people read it.
  static func statusLine(_ field: (name: String, value: String)) -> (String, String) {
    switch field.name {
    case "memory_locked":
      ("secrets", field.value == "yes" ? "in memory only" : "could be written to swap")
    case "locks_in":
      ("locks after", "\(duration(ofSeconds: field.value)) without use")
    case "locks_anyway_in": ("locks anyway", "in \(duration(ofSeconds: field.value))")
    case _: (Table.label(field.name), field.value)
    }
  }

  /// Seconds as `7h59m`, or `59s`.
  private static func duration(ofSeconds text: String) -> String {
    guard let seconds = Int64(text), seconds >= 60 else { return "\(text)s" }
    let minutes = seconds / 60
    return minutes >= 60 ? "\(minutes / 60)h\(minutes % 60)m" : "\(minutes)m"
  }

  private static func statusValue(_ field: (name: String, value: String)) -> JSON {
    switch field.name {
    case "writable", "memory_locked": .boolean(field.value == "yes")
    case "locks_in", "locks_anyway_in", "clock_ahead", "generation": .integer(field.value)
    case _: .string(field.value)
    }
  }
}
