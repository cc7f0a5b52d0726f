internal import Platform
internal import Wire

extension Subcommand {
  static let scan = Subcommand(
    name: "scan", group: .checking, synopsis: "scan [PATH...] | --staged | --install-hook",
    summary: "Finds keys in files, and in what git is about to commit.",
    details: [
      "Texts of issued keys are found by their shape and checksum, in any file, without",
      "a daemon. In files that are named, and with --staged in what git has staged, the",
      "values of keys are found too that the vault keeps and that you may use, where",
      "they stand as they are, and have 8 bytes or more: not encoded or cut in two. In",
      "directories (. unless told) .git is left out, and links are not followed.",
      "Exit status: 0 if nothing was found, 1 if something was, or if a file could not",
      "be read; if the vault cannot be asked for values 3 or 4, as of any command. With",
      "--staged it is 0 then, and a note, since a locked vault must not keep anybody",
      "from committing; with --wait too it asks, or waits, and fails.",
    ],
    options: [
      OptionSpecification("staged", "search what is staged in the git repository"),
      OptionSpecification("offline", "look for texts of issued keys only, and ask no daemon"),
      OptionSpecification("install-hook", "have git search each commit before it is made"),
      jsonOption, systemOption, waitOption,
    ],
    wordCount: 0...Int.max,
    examples: ["coffer scan", "coffer scan .env notes.txt", "coffer scan --install-hook"]
  ) { arguments throws(ClientError) in
    try checkScan(arguments)
    guard !arguments.has("install-hook") else {
      try GitHook.install()
      return ExitStatus.done
    }
    let isStaged = arguments.has("staged")
    let report = ScanReport(isJSON: arguments.has("json"))
    // A key file opens the vault without asking anybody.
    let hasKeyFile = try Unlocking.keyFilePath() != nil
    let opensVault = !isStaged || arguments.has("wait") || hasKeyFile
    let values =
      arguments.has("offline") ? nil : StoredValueSearch(arguments, opensVault: opensVault)
    try scan(arguments, FileSearch(report, values))
    report.finishProgress()
    if let obstacle = values?.obstacle {
      Console.note("stored values were not looked for: \(obstacle.message)")
      Console.hint(obstacle.hint ?? "open the vault with 'coffer unlock', or say --offline")
    }
    guard report.findCount == 0, report.unreadableCount == 0 else { return ExitStatus.failed }
    let isTolerated = isStaged && !arguments.has("wait")
    guard let obstacle = values?.obstacle, !isTolerated else { return ExitStatus.done }
    // A key that may not ask is no find.
    return obstacle.status == ExitStatus.failed ? ExitStatus.locked : obstacle.status
  }

  private static func scan(
    _ arguments: Arguments, _ search: consuming FileSearch
  ) throws(ClientError) {
    if arguments.has("staged") {
      var scan = StagedScan(search)
      try scan.scan()
    } else {
      var scan = TreeScan(search)
      for path in arguments.words.isEmpty ? ["."] : arguments.words { try scan.scan(path) }
      try scan.finish()
    }
  }

  private static func checkScan(_ arguments: Arguments) throws(ClientError) {
    for option in ["json", "system", "wait"] {
      try arguments.exclude(["install-hook", option])
    }
    for option in ["system", "wait"] { try arguments.exclude(["offline", option]) }
    for pair in [["staged", "install-hook"], ["offline", "install-hook"]] {
      try arguments.exclude(pair)
    }
    for option in ["staged", "install-hook"] where arguments.has(option) {
      guard arguments.words.isEmpty else {
        throw .usage(
          "--\(option) takes no path",
          hint: option == "staged"
            ? "it searches all that is staged; 'coffer scan PATH' searches files"
            : "it works on the repository of the working directory")
      }
    }
  }
}
