internal import Wire

extension Subcommand {
  static let rekey = Subcommand(
    name: "rekey", group: .vault, synopsis: "rekey [options]",
    summary: "Makes a new key for the vault, and seals everything again.",
    details: [
      "After that no old copy of the slots opens what is in the vault from now on:",
      "worth it when one may have fallen into wrong hands, or after a slot was removed",
      "or changed with --keep-key. Asks for the secret of each slot. A recovery code is",
      "replaced by a new one, which is printed to standard output, this once. Whole",
      "copies from before still open with what opened them then: rotate and replace",
      "the keys in them if that matters.",
    ],
    options: SecretAnswers.options + [systemOption, waitOption],
    asksForSecret: true,
    examples: ["coffer rekey", "coffer rekey --key-file 2=/etc/coffer.key"]
  ) { arguments throws(ClientError) in
    try Console.requireOutput()
    let answers = try SecretAnswers(ofVault: arguments)
    let dialogue = try Dialogue(arguments)
    try dialogue.requireKeyFiles(of: answers)
    let reply = try dialogue.ask(
      Command(.rekey), answeringFrom: answers, activity: "sealing everything anew")
    let count = VaultSlots(reply.statuses).numbers.count
    Console.note(
      "the vault has a new key; \(count == 1 ? "one slot opens" : "\(count) slots open") it")
    Console.note("copies of the vault from before still open with what opened them then")
    try VaultSlots.printRecoveryCode(reply, replacing: true)
    return ExitStatus.done
  }
}

extension SecretAnswers {
  /// The options that say where the secrets are that open the vault now.
  static let options = [
    OptionSpecification(
      "key-file", value: "[S=]PATH", repeats: true,
      "a file that opens the vault now, or just slot S"),
    OptionSpecification(
      "passphrase-fd", value: "[S=]N", repeats: true,
      "the same of a passphrase, from descriptor N"),
  ]

  /// Answers from what a command line names of the vault's secrets, then from the
  /// environment, then from the terminal.
  convenience init(ofVault arguments: Arguments) throws(ClientError) {
    self.init(
      present: SecretSources(
        arguments, environmentPath: try Unlocking.keyFilePath(), namesSlots: true),
      new: SecretSources(arguments, prefix: "new-"))
  }
}
