internal import Platform
internal import Wire

extension Subcommand {
  static let mask = Subcommand(
    name: "mask", group: .shell,
    synopsis: "mask [-k KEY]... [-w WORKSPACE]... [--ci github]",
    summary: "Replaces values of keys in what comes on standard input.",
    details: maskingDetails + [
      "",
      "With '--ci github' nothing is read: it prints the commands that tell the runner",
      "of GitHub Actions what to mask in the rest of the job, with the values in them.",
      "It refuses to print them to a terminal, and where GITHUB_ACTIONS is not 'true'.",
      "The runner of GitLab takes no such commands.",
    ],
    options: [
      OptionSpecification(
        "key", short: "k", value: "KEY", repeats: true, "replace the value of a key"),
      OptionSpecification(
        "workspace", short: "w", value: "WORKSPACE", repeats: true,
        "replace the values of a workspace's keys"),
      OptionSpecification("ci", value: "RUNNER", "github: tell the runner the values to mask"),
      systemOption, waitOption,
    ],
    examples: [
      "./deploy.sh 2>&1 | coffer mask -w web >deploy.log",
      "coffer mask -k web/stripe -k web/github <old.log",
    ]
  ) { arguments throws(ClientError) in
    let runner = try arguments["ci"].map { (name) throws(ClientError) in try Runner(named: name) }
    if runner == .gitlab {
      throw .usage(
        "--ci gitlab: its runner takes no commands to mask values",
        hint: "'coffer run --ci gitlab' masks them itself, as 'coffer mask' does in a pipe")
    }
    if runner == .github { try RunnerMasks.requireRunner() }
    let obtained = try Obtained(
      try selection(arguments), SetVariables(arguments), for: "coffer mask", arguments)
    guard runner == nil else {
      try RunnerMasks.print(obtained.values)
      return ExitStatus.done
    }
    var filter = try MaskFilter(MaskPatterns.of(obtained.values))
    try filter.run()
    return ExitStatus.done
  }

  private static func selection(_ arguments: Arguments) throws(ClientError) -> VariableSelection {
    guard !VariableSelection.isEmpty(arguments) else {
      throw .usage(
        "no key is selected",
        hint: "name keys with '-k KEY', or all of a workspace with '-w WORKSPACE'")
    }
    for case ("key", let value?) in arguments.options where value.utf8.contains(UInt8(ascii: "=")) {
      throw .usage("-k KEY=NAME is of 'coffer run'", hint: "name the key alone, as in '-k KEY'")
    }
    return try VariableSelection(arguments)
  }

  /// What masking finds, and what it cannot find.
  static let maskingDetails = [
    "In place of a value stands the name of its key, as in <web/stripe>. It is found",
    "as it is, with each line of 8 bytes and more also by itself; in Base64 of both",
    "alphabets, also within a longer encoded text; with percent signs as in URLs; and",
    "escaped as in JSON. All else goes through byte for byte.",
    "",
    "What may be the beginning of a value is held until more comes; on a terminal the",
    "first three bytes of it are shown after 50 ms, so that no prompt is cut off.",
    "",
    "Not found: a value of fewer than 8 bytes (it says so); one that is hashed,",
    "compressed, reversed, spelt in hexadecimal or changed otherwise; the rest of one",
    "that is cut off; one that is broken at the edge of a window by moving the",
    "cursor, or printed with colours, cursor movements or expanded tabs in it; a",
    "Base64 text that is broken into lines, unless it begins with the value; what a",
    "dotenv file says itself; and what a command writes to files, to descriptors that",
    "it inherits behind standard error, or to /dev/tty while none of its standard",
    "streams is a terminal.",
  ]
}
