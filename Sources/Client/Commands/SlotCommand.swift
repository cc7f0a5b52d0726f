internal import Keyring
internal import Wire

extension Subcommand {
  static let slot = Subcommand(
    name: "slot", group: .vault,
    synopsis: "slot list | add KIND | remove SLOT | change SLOT [options]",
    summary: "Lists, adds, removes or changes what opens the vault.",
    details: [
      "  slot list          lists the slots: what opens the vault, by number",
      "  slot add KIND      adds a passphrase, key-file, credential (a key file that",
      "                     systemd passes on) or recovery (a code, shown once)",
      "  slot remove SLOT   removes one, but never the last besides a recovery code",
      "  slot change SLOT   gives a slot another passphrase or key file",
      "An old copy of the slots opens today's vault with the secrets of its time. So",
      "remove and change make a new key for the vault, as 'coffer rekey' does, and ask",
      "for the secret of every slot that stays; a recovery code becomes another one.",
      "With --keep-key they do not, and ask less. Whole copies from before still open",
      "with what opened them then.",
    ],
    options: SecretAnswers.options + [
      OptionSpecification(
        "new-key-file", value: "PATH", "the new key file; it is made if it is not there"),
      OptionSpecification(
        "new-passphrase-fd", value: "N", "read the new passphrase from a descriptor"),
      OptionSpecification("keep-key", "of remove, change: make no new vault key"),
      jsonOption, systemOption, waitOption,
    ],
    wordCount: 1...2, asksForSecret: true,
    examples: [
      "coffer slot list", "coffer slot change 1",
      "coffer slot add key-file --new-key-file ~/.config/coffer.key",
    ]
  ) { arguments throws(ClientError) in
    let word = arguments.words.last ?? ""
    switch (arguments.words[0], arguments.words.count) {
    case ("list", 1): try listSlots(arguments)
    case ("add", 2): try addSlot(word, arguments)
    case ("remove", 2): try removeSlot(try slotNumber(word), arguments)
    case ("change", 2): try changeSlot(try slotNumber(word), arguments)
    case _:
      throw wrongAction(arguments.words[0], of: "slot", ["list", "add", "remove", "change"])
    }
    return ExitStatus.done
  }

  private static func slotNumber(_ word: String) throws(ClientError) -> String {
    guard Int(digits: word) != nil else {
      throw .usage(
        "\(PrintableText.object(word)) is no number of a slot", hint: "'coffer slot list' has them")
    }
    return word
  }

  private static func listSlots(_ arguments: Arguments) throws(ClientError) {
    try arguments.allow(["json"], for: "slot list")
    let statuses = try Dialogue(arguments).ask(Command(.slot, words: ["LIST"])).statuses
    let slots = VaultSlots(statuses)
    if arguments.has("json") {
      try Console.print(slots.json)
    } else {
      try Console.printTable(slots.lines)
    }
  }

  private static func addSlot(_ kind: String, _ arguments: Arguments) throws(ClientError) {
    var allowed = ["key-file", "passphrase-fd"]
    switch kind {
    case "passphrase": allowed.append("new-passphrase-fd")
    case "key-file", "credential":
      guard arguments.has("new-key-file") else {
        throw .usage(
          "the new key file is not named",
          hint: "use --new-key-file PATH; it is made if it is not there")
      }
      allowed.append("new-key-file")
    case "recovery": try Console.requireOutput()
    case _:
      throw .usage(
        "\(PrintableText.object(kind)) is no kind of slot",
        hint: "the kinds are passphrase, key-file, credential and recovery")
    }
    try arguments.allow(allowed, for: "slot add \(kind)")
    try arguments.exclude(["key-file", "passphrase-fd"])
    let answers = try SecretAnswers(ofVault: arguments)
    let command = Command(.slot, options: answers.keyFileFlag, words: ["ADD", kind])
    let reply = try Dialogue(arguments).ask(
      command, answeringFrom: answers, activity: "making the slot")
    let number = VaultSlots(reply.statuses).numbers.first ?? ""
    Console.note("added slot \(number): its \(VaultSlots.noun(ofKind: kind)) opens the vault too")
    try VaultSlots.printRecoveryCode(reply, replacing: false)
  }

  /// What takes long about it, unless the vault keeps its key.
  private static let changingSlots = "changing what opens the vault"

  private static func removeSlot(_ number: String, _ arguments: Arguments) throws(ClientError) {
    let keepsKey = arguments.has("keep-key")
    try arguments.allow(
      keepsKey ? ["keep-key"] : ["keep-key", "key-file", "passphrase-fd"], for: "slot remove")
    if !keepsKey { try Console.requireOutput() }
    let command = Command(
      .slot, options: arguments.given(["keep-key"]), words: ["REMOVE", number])
    let answers = try SecretAnswers(ofVault: arguments)
    let dialogue = try Dialogue(arguments)
    try dialogue.requireKeyFiles(of: answers, removing: Int(number), keepsKey: keepsKey)
    let reply = try dialogue.ask(command, answeringFrom: answers, activity: changingSlots)
    Console.note("removed slot \(number)\(keepsKey ? "" : "; the vault has a new key")")
    noteCopies(keepsKey: keepsKey, object: "its secret")
    try VaultSlots.printRecoveryCode(reply, replacing: true)
  }

  private static func changeSlot(_ number: String, _ arguments: Arguments) throws(ClientError) {
    let keepsKey = arguments.has("keep-key")
    try arguments.allow(
      ["keep-key", "key-file", "passphrase-fd", "new-key-file", "new-passphrase-fd"],
      for: "slot change")
    try arguments.exclude(["new-key-file", "new-passphrase-fd"])
    if keepsKey { try arguments.exclude(["key-file", "passphrase-fd"]) }
    try Console.requireOutput()
    let answers = try SecretAnswers(ofVault: arguments)
    let options = arguments.given(["keep-key"]) + answers.keyFileFlag
    let dialogue = try Dialogue(arguments)
    try dialogue.requireKeyFiles(of: answers, changing: Int(number), keepsKey: keepsKey)
    let reply = try dialogue.ask(
      Command(.slot, options: options, words: ["CHANGE", number]), answeringFrom: answers,
      activity: changingSlots)
    Console.note("changed slot \(number)\(keepsKey ? "" : "; the vault has a new key")")
    noteCopies(keepsKey: keepsKey, object: "its former secret")
    try VaultSlots.printRecoveryCode(reply, replacing: true)
  }

  /// Tells what the former secret of a slot still opens.
  private static func noteCopies(keepsKey: Bool, object: String) {
    if keepsKey {
      Console.note("a copy of the former slots still opens the vault with \(object)")
      Console.hint("'coffer rekey' ends that")
    } else {
      Console.note("copies of the vault from before still open with \(object)")
    }
  }
}

/// What opens the vault, as the daemon tells it.
struct VaultSlots {
  private let slots: [StatusFields]

  init(_ statuses: [StatusFields]) { slots = statuses.filter { $0.keywords == ["SLOT"] } }

  var numbers: [String] { slots.compactMap { $0["number"] } }

  var lines: [String] {
    Table.linesOfFilled(
      header: ["SLOT", "KIND", "COST OF A TRY"],
      rows: slots.map { [$0["number"] ?? "", $0["kind"] ?? "", Self.cost(of: $0)] })
  }

  /// What a try costs whoever guesses; nothing stands there for what nobody guesses.
  private static func cost(of slot: StatusFields) -> String {
    guard let bytes = slot["memory"].flatMap({ Int($0) }), let passes = slot["passes"] else {
      return ""
    }
    return "\(bytes >> 20) MiB, \(passes) passes"
  }

  var json: [JSON] {
    slots.map { slot in
      .object([
        ("number", .integer(slot["number"])), ("kind", .optional(slot["kind"])),
        ("memory", .integer(slot["memory"])), ("passes", .integer(slot["passes"])),
      ])
    }
  }

  /// What the secret of a kind of slot is called.
  static func noun(ofKind kind: String) -> String {
    switch kind {
    case "key-file": "key file"
    case "recovery": "recovery code"
    case _: kind
    }
  }

  /// Prints the recovery code that an answer carries, if it carries one.
  static func printRecoveryCode(
    _ reply: consuming DaemonConnection.Reply, replacing: Bool
  ) throws(ClientError) {
    guard reply.data.count > 0 else { return }
    Console.note(
      replacing
        ? "the recovery code is another one from now on; keep it now:"
        : "the recovery code opens the vault when all else is lost; keep it now:")
    try Console.print(
      try reply.data.finish(),
      orTell: (
        "the recovery code is lost",
        "before the vault is locked: 'coffer rekey' draws another one"
      ))
  }
}
