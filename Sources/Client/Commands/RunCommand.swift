internal import Keyring
internal import Platform
internal import Wire

extension Subcommand {
  static let run = Subcommand(
    name: "run", group: .everyday,
    synopsis: "run [-k KEY[=NAME]] [-w WORKSPACE] [-e FILE] [--] COMMAND [ARG...]",
    summary: "Runs a command with keys in its environment.",
    details: [
      "Coffer gets out of the way: the command has this process' id, terminal,",
      "signals and exit status. If any key cannot be had, the command does not run,",
      "and the exit status is 125 (126: it cannot be executed, 127: it is not there).",
      "A locked vault is one reason; '--wait 5m' gives somebody the time to open it.",
      "",
      "A dotenv file has lines NAME=value, in which coffer://web/stripe stands for the",
      "value of a key, also inside a longer value; with a ? at the very end the",
      "variable is left out if there is no such key. Later files win. Where nothing",
      "is selected, coffer.env is looked for in this directory and above; a terminal",
      "asks once whether to trust it.",
      "",
      "A name that the vault has chosen (-w, -k without =NAME) never replaces a",
      "variable that is set to something else. Files of --file are in memory, in",
      "$CREDENTIALS_DIRECTORY, and are gone when the command is; if even the process",
      "is killed that removes them, with the next --file.",
      "",
      "With --issue the command gets a key of its own in COFFER_API_KEY, which is",
      "revoked when the command ends, and after 24 hours at the latest.",
      "",
      "With --mask coffer stays, and passes on signals, the window's size, job control",
      "and the exit status; the command has a terminal where coffer has one. It ends",
      "with the command; what that leaves running is masked by a copy of coffer, which",
      "stays as long as anything can still print. Beside another program on the same",
      "terminal the command gets the keyboard when it reads, or when nobody else takes",
      "a line; on its own it has it from the start, so what is typed ahead for the",
      "shell is lost. 'coffer mask --help' tells what is found and what is not.",
      "",
      "'--ci github' prints values to standard output, as commands to the runner of",
      "GitHub Actions, which hides them in its log; never to a terminal. GitLab's",
      "runner has no such commands.",
    ],
    options: selectingOptions + [
      OptionSpecification(
        "file", value: "KEY[=NAME]", repeats: true,
        "give a key in a file, whose path is in NAME_FILE"),
      OptionSpecification("stdin", value: "KEY", "give a key on standard input"),
      OptionSpecification(
        "issue", value: "WORKSPACE", "issue a key of it that ends with the command"),
      OptionSpecification(
        "access", value: "ACCESS", "what it may do: viewer (the default) or editor"),
      OptionSpecification("clean", "inherit only what a login sets, as PATH"),
      OptionSpecification("keep-login", "leave what logs in to Coffer to the command"),
      OptionSpecification("explain", "tell what would be injected, and run nothing"),
      OptionSpecification("json", "tell it as JSON"),
      maskOption, runnerOption, systemOption, waitOption,
    ],
    wordCount: 0...Int.max, endsAtFirstWord: true,
    examples: [
      "coffer run -k web/stripe -- ./deploy.sh",
      "coffer run -w web -k me/github=GH_TOKEN -- make release",
      "coffer run -e .env --only STRIPE_KEY -- ./pay.sh",
      "coffer run --mask -w web -- npm test",
      "coffer run --wait 10m -k web/deploy -- ./nightly.sh",
      "coffer run --issue web -- ./job.sh",
      "coffer run --profile staging --explain",
    ]
  ) { arguments throws(ClientError) in
    try SetVariables.check(arguments)
    let issued = try IssuedKey(arguments)
    let masking = try RunMasking(arguments)
    guard !arguments.has("explain") else { return try explain(arguments, issued) }
    guard !arguments.has("json") else {
      throw .usage("--json is of --explain", hint: "give both, or neither")
    }
    guard let command = arguments.words.first else {
      throw .usage("no command is named", hint: "as in 'coffer run -k web/stripe -- ./deploy.sh'")
    }
    let selection = try VariableSelection.selected(by: arguments)
    let set = SetVariables(arguments)
    var obtained = try Obtained(selection, set, for: command, arguments)
    var variables = try obtained.variables(set)
    try CredentialFiles.add(of: obtained, set, to: &variables)
    try CredentialFiles.replaceStandardInput(of: obtained)
    // Last, so that nothing is issued for a command that does not run.
    try issued?.add(to: &variables, &obtained.values, for: command, arguments)
    if set.keepsLogin { try PresentedKey.add(to: &obtained.values) }
    let environment = try variables.environment(set)
    let execution = CommandExecution(arguments.commandWords)
    return try masking.run(execution, environment, obtained)
  }

  private static func explain(
    _ arguments: Arguments, _ issued: IssuedKey?
  ) throws(ClientError) -> Int32 {
    let (selection, untrusted) = try VariableSelection.explained(by: arguments)
    var explanation = try RunExplanation(selection, SetVariables(arguments), arguments)
    if let issued { explanation.add(issued) }
    if arguments.has("json") {
      try Console.print(explanation.json)
    } else if explanation.rows.isEmpty {
      try Console.print(["nothing that you may use is selected"])
    } else {
      try Console.printTable(explanation.lines)
    }
    if let untrusted {
      Console.note("\(untrusted) is not trusted: 'coffer run' asks for that on a terminal")
    }
    return explanation.isRunnable && untrusted == nil ? ExitStatus.done : ExitStatus.notRun
  }

  /// The options of the commands that select variables.
  static let selectingOptions = [
    OptionSpecification(
      "key", short: "k", value: "KEY[=NAME]", repeats: true,
      "inject a key, as its environment name or this"),
    OptionSpecification(
      "workspace", short: "w", value: "WORKSPACE", repeats: true,
      "inject all keys of a workspace that you may use"),
    OptionSpecification(
      "env-file", short: "e", value: "FILE", repeats: true,
      "inject what a dotenv file sets, as coffer://KEY"),
    OptionSpecification(
      "profile", value: "NAME", "look for coffer.NAME.env, and not for coffer.env"),
    OptionSpecification(
      "only", value: "NAME,...", "of all this, inject only these variables"),
    OptionSpecification("override", "replace variables that are set already"),
    OptionSpecification("keep", "leave variables that are set already as they are"),
  ]
}
