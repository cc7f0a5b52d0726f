/// What can stand in a place of a command line.
enum Place: Equatable, Sendable {
  case key
  case workspace
  case user
  case file

  /// A command of this program.
  case subcommand

  /// One of a few words.
  case choice([String])

  /// What only the one who types it knows.
  case free

  /// What a placeholder of the help stands for.
  ///
  /// - Parameter placeholder: As `KEY[=NAME]` or `STATE`; a word in lower case stands
  ///   for itself.
  init(_ placeholder: String) {
    if placeholder.first?.isLowercase == true {
      self = .choice([placeholder])
    } else {
      self = Self.ofPlaceholders[placeholder] ?? .free
    }
  }

  private static let ofPlaceholders: [String: Place] = [
    "KEY": .key, "KEY[=NAME]": .key, "WORKSPACE": .workspace, "USER": .user,
    "FILE": .file, "PATH": .file, "PATH...": .file, "DIR": .file, "COMMAND": .subcommand,
    "ACCESS": .choice(["viewer", "editor"]),
    "ACTION": .choice([
      "list", "show", "use", "replace", "rotate", "suspend", "resume", "expire", "revoke", "verify",
      "import",
    ]),
    "CLASS": .choice(["never-used", "idle", "superseded", "orphaned"]),
    "CUSTODY": .choice(["sealed", "hidden", "verify-only"]),
    "FLAG": .choice([
      "restored", "restored-grant", "orphaned", "in-grace", "expiring", "never-used", "idle",
      "superseded", "owner-disabled",
    ]),
    "KIND": .choice(["passphrase", "key-file", "credential", "recovery"]),
    "RIGHT": .choice(["list", "use", "import", "verify"]),
    "ROLE": .choice(["viewer", "editor", "admin", "owner", "member", "none"]),
    "RULE": .choice([
      "max-lifetime", "default-lifetime", "allow-never", "max-grace", "default-grace",
      "idle-days", "audit-days",
    ]),
    "RUNNER": .choice(["github", "gitlab"]),
    "SHELL": .choice(["bash", "zsh", "fish"]),
    "STATE": .choice(["active", "suspended", "expired", "revoked"]),
    "TYPE": .choice(["user", "workspace", "organization"]),
  ]
}

/// The forms in which a command is written, as its synopsis tells.
struct Synopsis {
  /// The places of each form, without its options.
  let forms: [[Place]]

  /// - Parameters:
  ///   - text: As `grant USER ROLE [WORKSPACE] | --unit UNIT [KEY [none]]`.
  ///   - name: The command's, which may begin each form.
  init(_ text: String, of name: String) {
    forms = Self.forms(of: text).map { form in
      Self.places(of: form.hasPrefix(name) ? String(form.dropFirst(name.count)) : form)
    }
  }

  /// The forms, each as it is written.
  static func forms(of text: String) -> [String] { parts(of: text, dividedBy: "|") }

  /// What can stand behind the words that were typed.
  func places(behind words: [String]) -> [Place] {
    forms.compactMap { form in
      guard words.count < form.count else { return nil }
      let fits = zip(form, words).allSatisfy { place, word in
        if case .choice(let choices) = place { choices.contains(word) } else { true }
      }
      return fits ? form[words.count] : nil
    }
  }

  private static func places(of form: String) -> [Place] {
    var places: [Place] = []
    var isOptionValue = false
    for part in parts(of: form, dividedBy: " ") {
      if part.hasPrefix("-") {
        // The value of an option is no place of its own.
        isOptionValue = part != "--"
      } else if part.hasPrefix("["), part.hasSuffix("]") {
        let content = String(part.dropFirst().dropLast())
        guard !content.hasPrefix("-"), content != "options" else { continue }
        let choices = Self.parts(of: content, dividedBy: "|")
        places +=
          choices.count > 1 ? [.choice(choices)] : self.places(of: content)
        isOptionValue = false
      } else if !part.hasPrefix("[") {
        if !isOptionValue { places.append(Place(part)) }
        isOptionValue = false
      }
    }
    return places
  }

  /// The parts of a text, divided where no bracket is open, without spaces around.
  private static func parts(of text: String, dividedBy divider: Character) -> [String] {
    var parts = [""]
    var depth = 0
    for character in text {
      if character == "[" { depth += 1 }
      if character == "]" { depth -= 1 }
      if character == divider, depth == 0 {
        parts.append("")
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    return parts.map { $0.trimmed }.filter { !$0.isEmpty }
  }
}

extension String {
  /// Without spaces at either end.
  fileprivate var trimmed: String {
    let text = self.drop { $0 == " " }
    return String(text.reversed().drop { $0 == " " }.reversed())
  }
}
