internal import Wire

/// What there is to know of all commands together, and the manual page coffer(1).
enum Manual {
  static let summary = "Keeps API keys in an encrypted vault, for the commands that need them."

  private static let introduction = [
    "A daemon, cofferd(8), holds the vault. coffer asks it for keys, and starts it where none "
      + "runs. 'coffer run' fetches all that a command needs in one round trip and becomes the "
      + "command: same process id, terminal, signals and exit status. If a key cannot be had, the "
      + "command does not run.",
    "A key is written me/NAME (a user key of yours), @USER/NAME (one of somebody else's), "
      + "WORKSPACE/NAME, org/NAME (of the organization), id:ID (any key, by its 12 characters), or "
      + "NAME alone, where exactly one live key in sight bears it. In files it is "
      + "coffer://WORKSPACE/NAME.",
  ]

  /// The variables that the program looks at.
  static let environment = [
    (
      "COFFER_HOME",
      "the state directory of your own vault; else $XDG_STATE_HOME/coffer, else "
        + "~/.local/state/coffer"
    ),
    ("COFFER_SOCKET", "the socket of the daemon; none is started then"),
    ("COFFER_KEY_FILE", "a file that opens a locked vault"),
    (
      "COFFER_API_KEY",
      "the text of a key to act as; init, unlock, status, restore, verify, burn, help and version "
        + "leave it alone"
    ),
    ("NO_COLOR", "if it is set, and not empty, nothing is printed in colour"),
    (
      "DISPLAY, WAYLAND_DISPLAY",
      "where there is no terminal to ask on, pinentry(1) asks on this display"
    ),
  ]

  static let exitStatuses = [
    ("0", "done"),
    ("1", "refused or failed, and the answer no"),
    ("2", "the command line is wrong"),
    ("3", "the vault is locked, and there is nobody to ask"),
    ("4", "no daemon"),
    ("125", "of run: Coffer failed, for whatever reason"),
    ("126, 127", "of run: the command cannot be executed; it is not there"),
  ]

  private static let files = [
    ("~/.local/state/coffer", "the vault, and the socket of its daemon"),
    ("/var/lib/coffer, /run/coffer/socket", "those of the system's daemon"),
  ]

  private static let groupTitles: [Subcommand.Group: String] = [
    .everyday: "Everyday commands", .vault: "The vault", .people: "People and policy",
    .checking: "Checking", .shell: "In shells and other tools", .other: "Other commands",
  ]

  static func title(of group: Subcommand.Group) -> String { groupTitles[group] ?? "" }

  /// The manual page.
  static var page: ManualPage {
    var page = ManualPage(
      "coffer", section: 1, summary: "puts API keys into the environment of commands")
    page.addSection("Synopsis")
    page.addLines(["coffer COMMAND [ARGUMENT...]", "coffer COMMAND --help"])
    page.addSection("Description")
    for paragraph in introduction { page.addParagraph(paragraph) }
    for group in Subcommand.Group.allCases {
      page.addSection(title(of: group))
      for subcommand in Subcommand.all where subcommand.group == group {
        add(subcommand, to: &page)
      }
    }
    page.addSection("Environment")
    for (name, words) in environment { page.addItem(name, words) }
    page.addSection("Files")
    for (name, words) in files { page.addItem(name, words) }
    page.addSection("Exit status")
    for (status, words) in exitStatuses { page.addItem(status, words) }
    page.addSection("See also")
    page.addParagraph("cofferd(8), pinentry(1), systemd.exec(5)")
    return page
  }

  private static func add(_ subcommand: Subcommand, to page: inout ManualPage) {
    page.addSubsection("coffer \(subcommand.synopsis)")
    page.addParagraph(subcommand.summary)
    for paragraph in subcommand.details.split(separator: "") { add(paragraph, to: &page) }
    for option in subcommand.options { page.addItem(option.term, option.help) }
    page.addLines(subcommand.examples)
  }

  /// Adds what stands between two empty lines of the help.
  private static func add(_ paragraph: ArraySlice<String>, to page: inout ManualPage) {
    var rest = paragraph
    while let line = rest.first {
      // What is indented is a list, whose lines stay as they are.
      let isList = line.hasPrefix(" ")
      let part = rest.prefix { $0.hasPrefix(" ") == isList }
      if isList {
        page.addLines(Array(part))
      } else {
        page.addParagraph(part.joined(separator: " "))
      }
      rest = rest.dropFirst(part.count)
    }
  }
}
