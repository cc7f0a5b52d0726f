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
    ],
    options: selectingOptions + [
      OptionSpecification("clean", "inherit only what a login sets, as PATH"),
      OptionSpecification("keep-login", "leave what logs in to Coffer to the command"),
      systemOption, waitOption,
    ],
    wordCount: 0...Int.max, endsAtFirstWord: true,
    examples: [
      "coffer run -k web/stripe -- ./deploy.sh",
      "coffer run -w web -k me/github=GH_TOKEN -- make release",
      "coffer run --wait 10m -k web/deploy -- ./nightly.sh",
    ]
  ) { arguments throws(ClientError) in
    try arguments.exclude(["keep", "override"])
    try arguments.exclude(["clean", "keep"])
    try arguments.exclude(["clean", "override"])
    guard let command = arguments.words.first else {
      throw .usage("no command is named", hint: "as in 'coffer run -k web/stripe -- ./deploy.sh'")
    }
    let selection = try VariableSelection(arguments)
    guard !VariableSelection.isEmpty(arguments) else {
      throw .usage(
        "nothing is selected",
        hint: "name keys with '-k KEY', or all of a workspace with '-w WORKSPACE'")
    }
    let set = SetVariables(arguments)
    let obtained = try Obtained(selection, set, for: command, arguments)
    let environment = try obtained.variables(set).environment(set)
    throw CommandExecution(arguments.commandWords).run(environment)
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
      "only", value: "NAME,...", "of all this, inject only these variables"),
    OptionSpecification("override", "replace variables that are set already"),
    OptionSpecification("keep", "leave variables that are set already as they are"),
  ]
}
