internal import Wire

extension Subcommand {
  static let help = Subcommand(
    name: "help", group: .other, synopsis: "help [COMMAND] | help --man",
    summary: "Lists all commands, or explains one of them.",
    options: [OptionSpecification("man", "print the manual page of all, for man(1)")],
    wordCount: 0...1, examples: ["coffer help", "coffer help run"]
  ) { arguments throws(ClientError) in
    guard let name = arguments.words.first else {
      if arguments.has("man") {
        try Console.print(text: Manual.page.text)
      } else {
        try Console.print(overview)
      }
      return ExitStatus.done
    }
    guard !arguments.has("man") else {
      throw .usage("--man prints the page of all commands, and takes none of them")
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
    summary: "Prints the version of this program.",
    examples: ["coffer version", "coffer --version"]
  ) { _ throws(ClientError) in
    try Console.print(["coffer \(Product.version)"])
    return ExitStatus.done
  }

  /// The commands of every day: one screen of 24 lines, 80 columns wide.
  static var everydayOverview: [String] {
    [
      Manual.summary, "Usage: coffer COMMAND [ARGUMENT...]", "",
      "Everyday commands:",
    ] + rows(of: .everyday) + [
      "", "'coffer init --organization NAME' makes your vault; 'coffer COMMAND --help'",
      "explains a command, and 'coffer help' lists all of them.",
    ]
  }

  /// All commands, a line each.
  static var overview: [String] {
    var lines = [
      Manual.summary,
      "Usage: coffer COMMAND [ARGUMENT...]; 'coffer COMMAND --help' explains one.",
    ]
    for group in Group.allCases { lines += ["\(Manual.title(of: group)):"] + rows(of: group) }
    return lines
  }

  private static func rows(of group: Group) -> [String] {
    // A name that is longer moves its own row only.
    let width = 12
    return all.filter { $0.group == group }.map { subcommand in
      let space = String(repeating: " ", count: max(width - subcommand.name.count, 2))
      return "  \(subcommand.name)\(space)\(subcommand.summary)"
    }
  }
}
