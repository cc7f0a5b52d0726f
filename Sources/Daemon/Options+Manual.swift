internal import Wire

// What `--help` and the manual page say, from the same words.

extension Options {
  /// The ways in which it is called, and the lines that go on.
  private static let synopses = [
    "cofferd [--socket PATH] [--state DIR] [--idle-lock TIME]",
    "        [--max-unlock TIME] [--require-mlock]",
    "        [--system [--credential-socket PATH]]",
    "cofferd --check [--state DIR] [--system]",
    "cofferd --check --backup FILE [--key-file PATH | --passphrase-fd N]",
  ]

  private static let introduction =
    "Keeps API keys, and serves them to 'coffer' over a Unix domain socket. Stays in the "
    + "foreground and logs to standard error."

  private static let explanations = [
    ("--socket PATH", "listen there (default: DIR/socket; with --system /run/coffer/socket)"),
    (
      "--state DIR",
      "keep the vault there (default: COFFER_HOME, else $XDG_STATE_HOME/coffer, else "
        + "~/.local/state/coffer; with --system /var/lib/coffer)"
    ),
    (
      "--system",
      "serve every uid of the machine, each with its user's rights; without it only the uid that "
        + "cofferd runs as"
    ),
    (
      "--credential-socket PATH",
      "with --system: hand credentials to systemd there, as its LoadCredential=NAME:PATH asks "
        + "for them (default: /run/coffer/credential, unless --socket is given)"
    ),
    (
      "--idle-lock TIME",
      "lock the vault when nobody has used it for that long, as 8h (the default) or 30m; 0 for "
        + "never"
    ),
    (
      "--max-unlock TIME",
      "lock the vault that long after it was opened, used or not; 0, the default, for never"
    ),
    (
      "--require-mlock",
      "do not start if the memory for secrets cannot be locked; without it that is logged, and "
        + "secrets may be swapped"
    ),
    (
      "--check",
      "look at the state directory and what would be served, say what is found, and end; nothing "
        + "is changed"
    ),
    (
      "--backup FILE",
      "with --check: read the backup at this absolute path through, and nothing else; its "
        + "passphrase is asked for on the "
        + "terminal, unless --key-file or --passphrase-fd is given"
    ),
    ("--key-file PATH", "with --backup: a file that opens it"),
    ("--passphrase-fd N", "with --backup: read its passphrase from a descriptor"),
    ("--help", "show this"),
    ("--man", "print the manual page, for man(1)"),
    ("--version", "print the version"),
  ]

  private static let notes = [
    "Sockets that systemd passes (LISTEN_FDS) are used in place of its own: one, and with "
      + "--system one more named credential. A key file that systemd has put into "
      + "$CREDENTIALS_DIRECTORY as coffer.key opens the vault at the start. SIGUSR1 locks it, and "
      + "so does waking from sleep."
  ]

  private static let files = [
    ("slots", "what opens the vault, a line for each"),
    ("records.N", "the sealed records of keys and people"),
    ("audit.N", "the sealed rows of what was done and refused"),
    ("lock", "held while a daemon runs"),
    ("socket", "where it listens, unless it serves the system"),
  ]

  /// Where the explanations begin.
  private static let indentation = 21
  private static let columnCount = 79

  /// The help.
  package static var usage: String {
    var lines = synopses.enumerated().map { ($0 == 0 ? "Usage: " : "       ") + $1 }
    lines += [""] + Paragraph.lines(of: introduction, columnCount: columnCount) + [""]
    for (option, words) in explanations {
      let parts = Paragraph.lines(of: words, columnCount: columnCount - indentation)
      let space = indentation - 2 - option.count
      let isApart = space < 1
      let first = "  " + option + String(repeating: " ", count: max(space, 0))
      lines += isApart ? [first] : [first + (parts.first ?? "")]
      lines += parts.dropFirst(isApart ? 0 : 1).map {
        String(repeating: " ", count: indentation) + $0
      }
    }
    for note in notes { lines += [""] + Paragraph.lines(of: note, columnCount: columnCount) }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The manual page cofferd(8).
  static var manualPage: ManualPage {
    var page = ManualPage("cofferd", section: 8, summary: "keeps API keys in an encrypted vault")
    page.addSection("Synopsis")
    page.addLines(synopses)
    page.addSection("Description")
    page.addParagraph(introduction)
    for note in notes { page.addParagraph(note) }
    page.addSection("Options")
    for (option, words) in explanations { page.addItem(option, words) }
    page.addSection("Files")
    page.addParagraph("In the state directory:")
    for (file, words) in files { page.addItem(file, words) }
    page.addSection("See also")
    page.addParagraph("coffer(1), systemd.exec(5)")
    return page
  }
}
