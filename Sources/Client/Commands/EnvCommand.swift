internal import Platform
internal import Wire

extension Subcommand {
  static let printEnvironment = Subcommand(
    name: "env", group: .shell,
    synopsis: "env [-k KEY[=NAME]] [-w WORKSPACE] [-e FILE] [--shell sh|fish]",
    summary: "Prints variables with keys, as commands for a shell.",
    details: [
      "For a shell that is to have them itself: whatever it starts has them too, so",
      "'coffer run' is the better way wherever one command needs them. What is",
      "selected, and how, is as of 'coffer run'. Nothing is printed to a terminal. If",
      "any key cannot be had, 'false' is all that is printed, so that the eval fails.",
      "",
      "For direnv, put this into ~/.config/direnv/direnvrc, and 'use coffer' with",
      "options of 'coffer env' into .envrc:",
      "",
    ] + direnvFunction.map { "  " + $0 },
    options: selectingOptions + [
      OptionSpecification("shell", value: "SHELL", "sh (also for bash and zsh, the default), fish"),
      systemOption, waitOption,
    ],
    isEvaluated: true,
    examples: [
      "eval \"$(coffer env -w web)\"", "coffer env -k web/stripe --shell fish | source",
    ]
  ) { arguments throws(ClientError) in
    try SetVariables.check(arguments)
    let shell = try ShellQuoting(named: arguments["shell"] ?? ShellQuoting.posix.rawValue)
    guard !StandardStream.output.isTerminal else {
      throw ClientError(
        ExitStatus.failed, "standard output is a terminal, and would show what is secret",
        hint: "as in 'eval \"$(coffer env -w web)\"'")
    }
    try Console.requireOutput()
    let selection = try VariableSelection.selected(by: arguments)
    let set = SetVariables(arguments)
    let obtained = try Obtained(selection, set, for: "coffer env", arguments)
    let variables = try obtained.variables(set)
    var text = SecretBuffer()
    try variables.forEach { (name, value) throws(ClientError) in
      try shell.append(name, value, to: &text)
    }
    try Console.print(secret: text)
    return ExitStatus.done
  }

  /// What direnv knows 'use coffer' by.
  ///
  /// Source: direnv-stdlib(1), "use <program_name>".
  static let direnvFunction = [
    "use_coffer() {",
    "  local exports",
    "  watch_file coffer.env",
    "  exports=$(coffer env \"$@\") || return",
    "  eval \"$exports\"",
    "}",
  ]
}

/// How a shell is told to set a variable.
enum ShellQuoting: String, CaseIterable {
  case posix = "sh"
  case fish

  init(named name: String) throws(ClientError) {
    switch name {
    case "sh", "bash", "zsh", "dash", "ksh": self = .posix
    case "fish": self = .fish
    case _:
      throw .usage(
        "--shell: \(PrintableText.object(name)) is none that is known",
        hint: "it is sh, which is right for bash and zsh too, or fish")
    }
  }

  /// Adds a line that sets a variable to exactly these bytes.
  ///
  /// Source: POSIX.1-2017, Shell Command Language, 2.2.2 "Single-Quotes"; fish,
  /// "Quotes".
  func append(
    _ name: String, _ value: Span<UInt8>, to text: inout SecretBuffer
  ) throws(ClientError) {
    switch self {
    case .posix: try text.append("export \(name)='")
    case .fish: try text.append("set -gx \(name) '")
    }
    var start = 0
    for index in value.indices {
      guard let escaped = escaped(value[index]) else { continue }
      try text.append(value.extracting(start..<index))
      try text.append(escaped.utf8.span)
      start = index + 1
    }
    try text.append(value.extracting(start..<value.count))
    try text.append("'\n")
  }

  /// What stands for a byte between single quotes; nil for itself.
  private func escaped(_ byte: UInt8) -> String? {
    switch (self, byte) {
    case (.posix, UInt8(ascii: "'")): "'\\''"
    case (.fish, UInt8(ascii: "'")): "\\'"
    case (.fish, UInt8(ascii: "\\")): "\\\\"
    case (.posix, _), (.fish, _): nil
    }
  }
}
