internal import Platform
internal import Wire

extension Subcommand {
  static let help = Subcommand(
    name: "help", group: .other, synopsis: "help [COMMAND]",
    summary: "Lists the commands, or explains one of them.", wordCount: 0...1,
    examples: ["coffer help", "coffer help run"]
  ) { arguments throws(ClientError) in
    guard let name = arguments.words.first else {
      try Console.print(overview)
      return ExitStatus.done
    }
    guard let subcommand = all.first(where: { $0.name == name }) else {
      let hint = Suggestion.closest(to: name, among: all.map(\.name))
        .map { "did you mean 'coffer help \($0)'?" }
      throw .usage(
        "unknown command \(PrintableText.object(name))", hint: hint ?? "'coffer help' lists them")
    }
    try Console.print(subcommand.help)
    return ExitStatus.done
  }

  static let version = Subcommand(
    name: "version", group: .other, synopsis: "version",
    summary: "Prints the version of this program.", examples: ["coffer version"]
  ) { _ throws(ClientError) in
    try Console.print(["coffer \(Product.version)"])
    return ExitStatus.done
  }

  /// All commands, a line each: one screen of 40 lines, 80 columns wide.
  static var overview: [String] {
    var lines = [
      "Keeps API keys in an encrypted vault, for the commands that need them.",
      "Usage: coffer COMMAND [ARGUMENT...]; 'coffer COMMAND --help' explains one.",
    ]
    let width = (all.map(\.name.count).max() ?? 0) + 2
    for group in Group.allCases {
      lines.append("\(group.rawValue.prefix(1).uppercased())\(group.rawValue.dropFirst()):")
      for subcommand in all where subcommand.group == group {
        let space = String(repeating: " ", count: width - subcommand.name.count)
        lines.append("  \(subcommand.name)\(space)\(subcommand.summary)")
      }
    }
    return lines
  }
}
