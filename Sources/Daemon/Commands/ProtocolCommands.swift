internal import Platform
internal import Wire

// The commands of the protocol itself, which every Assuan client knows.

extension CommandDefinition {
  static let nop = CommandDefinition(
    verb: .nop, synopsis: "NOP", help: ["Does nothing."], availability: .always
  ) { _, _ in .done }

  static let bye = CommandDefinition(
    verb: .bye, synopsis: "BYE", help: ["Ends the connection."], availability: .always
  ) { exchange, _ in
    exchange.succeed("closing connection", thenCloses: true)
    return .pending
  }

  static let reset = CommandDefinition(
    verb: .reset, synopsis: "RESET",
    help: ["Forgets what OPTION has set. Who is connected stays the same."],
    availability: .always
  ) { exchange, _ in
    exchange.ownSession.claimedCommand = ""
    return .done
  }

  static let cancel = CommandDefinition(
    verb: .cancel, synopsis: "CANCEL",
    help: ["Answers an inquiry with nothing, as CAN does. Elsewhere it does nothing."],
    availability: .always
  ) { _, _ in .done }

  static let help = CommandDefinition(
    verb: .help, synopsis: "HELP [COMMAND]",
    help: ["Lists the commands, or says what one of them does."], wordCount: 0...1,
    availability: .always
  ) { exchange, command throws(Failure) in
    guard let word = command.words.first else {
      for verb in Verb.allCases { exchange.comment(CommandDefinition.of(verb).synopsis) }
      return .done
    }
    guard let verb = Verb(rawValue: word.uppercased()) else {
      throw Failure(.notFound, "there is no such command", hint: "'HELP' lists the commands")
    }
    let definition = CommandDefinition.of(verb)
    for line in [definition.synopsis, ""] + definition.help { exchange.comment(line) }
    return .done
  }

  static let option = CommandDefinition(
    verb: .option, synopsis: "OPTION command[=NAME]",
    help: [
      "Says the name of the command that the client works for. The audit shows it as claimed.",
      "Also written 'OPTION command = NAME' and 'OPTION --command=NAME'.",
    ],
    options: ["command"], wordCount: 0...3, availability: .always
  ) { exchange, command throws(Failure) in
    let (name, value) = try settingOfOption(command)
    guard name == "command" else { throw Failure(.unknownOption, "there is no such option") }
    exchange.ownSession.claimedCommand = PrintableText.claim(value)
    return .done
  }

  /// The name and value of `name=value`, `name = value`, `name value` or `--name=value`.
  private static func settingOfOption(
    _ command: Command
  ) throws(Failure) -> (name: String, value: String) {
    if let value = command.value(of: "command"), command.words.isEmpty {
      return ("command", value)
    }
    var words = command.words
    if words.count == 3, words[1] == "=" { words.remove(at: 1) }
    guard let first = words.first, words.count <= 2 else {
      throw Failure(.parameter, "this is not how it is written: OPTION command=NAME")
    }
    if words.count == 2 { return (first, words[1]) }
    let parts = first.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    return (String(parts[0]), parts.count == 2 ? String(parts[1]) : "")
  }

  static let getInfo = CommandDefinition(
    verb: .getInfo, synopsis: "GETINFO WHAT",
    help: [
      "Tells one thing of the daemon, as data:",
      "  version       its version",
      "  pid           its process id",
      "  socket_name   the path of its socket",
      "  state         none, locked, unlocked or damaged",
      "  state_dir     the directory of its vault",
      "  protocol      the version of this protocol",
    ],
    wordCount: 1...1, availability: .always
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    switch command.words[0] {
    case "version": exchange.data(Product.version)
    case "pid": exchange.data(String(Process.id))
    case "socket_name": exchange.data(server.options.socketPath)
    case "state":
      let keeper = server.keeper
      exchange.data((keeper.isLocking ? .locked : keeper.state).text)
    case "state_dir": exchange.data(server.options.statePath)
    case "protocol": exchange.data(String(Product.protocolVersion))
    case _:
      throw Failure(.parameter, "there is no such information", hint: "'HELP GETINFO' lists it")
    }
    return .done
  }
}
