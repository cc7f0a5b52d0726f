internal import Glibc
internal import Keyring
internal import Platform
internal import Wire

/// Stores the values of a dotenv file as keys, and then puts references in their place.
///
/// The file is written once, at the end, when the daemon has acknowledged each key that
/// it names; whatever fails before, a value is in the vault or in the file, or in both.
/// ``EnvFileRewriting`` does that.
final class EnvFileImport {
  private let arguments: Arguments

  /// Where the keys go, as `web/`.
  private let place: String

  private let file: DotenvFile
  private var rewriting: EnvFileRewriting

  /// Whether a value that was to be stored is not.
  private var hasRefusal = false

  /// A value that is to be stored.
  private struct Item {
    let assignment: DotenvAssignment
    let text: Range<Int>
    let key: String
  }

  /// - Parameter arguments: Of `import`, with `--env-file`.
  /// - Throws: ``ClientError`` for a file that cannot be read, or be replaced by another.
  init(_ arguments: Arguments) throws(ClientError) {
    self.arguments = arguments
    place = try Self.place(arguments.words[0])
    let path = arguments["env-file"] ?? ""
    let shown = PrintableText.object(path)
    let opened = try Self.open(path, shown)
    let status = try attempting("\(shown): looking at the file") { () throws(Errno) in
      try opened.status()
    }
    try Self.check(status, shown)
    file = try DotenvFile(reading: opened, named: shown)
    rewriting = EnvFileRewriting(path, of: file, opened, status)
  }

  private static func place(_ word: String) throws(ClientError) -> String {
    let name = word.hasSuffix("/") ? String(word.dropLast()) : word
    guard !name.utf8.contains(UInt8(ascii: "/")) else {
      throw .usage(
        "--env-file makes keys named after the variables, so \(PrintableText.object(word)) "
          + "cannot be the name",
        hint: "name the workspace, as in 'coffer import web/ --env-file .env', or me/ or org/")
    }
    return name + "/"
  }

  private static func open(
    _ path: String, _ shown: String
  ) throws(ClientError) -> FileDescriptor {
    do throws(Errno) {
      return try FileDescriptor.open(
        path, flags: O_RDONLY | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW)
    } catch .symbolicLink {
      throw ClientError(
        ExitStatus.failed, "\(shown): it is a link, and another file would take its place",
        hint: "name the file that it leads to")
    } catch {
      throw ClientError(ExitStatus.failed, "\(shown): opening the file failed: \(error)")
    }
  }

  /// Throws for what another file cannot take the place of.
  private static func check(_ status: FileStatus, _ shown: String) throws(ClientError) {
    guard status.kind == .regular else {
      throw ClientError(ExitStatus.failed, "\(shown): it is no regular file")
    }
    guard status.owner == Process.userID else {
      throw ClientError(
        ExitStatus.failed, "\(shown): it belongs to another user, uid \(status.owner)")
    }
    guard status.linkCount == 1 else {
      throw ClientError(
        ExitStatus.failed, "\(shown): it has other names too, which would keep the values",
        hint: "remove them first: 'find -samefile \(shown)' tells which")
    }
  }

  // MARK: Doing it

  /// Asks, stores, and rewrites the file.
  ///
  /// - Returns: The exit status: 1 if a value is still in the file that was to be stored.
  /// - Throws: ``ClientError``.
  func run() throws(ClientError) -> Int32 {
    rewriting.noteLeftovers()
    var chosen: [Item] = []
    for item in items() where try isWanted(item) { chosen.append(item) }
    guard !chosen.isEmpty else {
      rewriting.leave("nothing was stored, and the file is as it was")
      return hasRefusal ? ExitStatus.failed : ExitStatus.done
    }
    do throws(ClientError) {
      let dialogue = try Dialogue(arguments)
      for item in chosen { try store(item, dialogue) }
    } catch {
      // What is stored by now is stored; its values need not stay.
      try rewriting.finish()
      throw error
    }
    try rewriting.finish()
    return hasRefusal ? ExitStatus.failed : ExitStatus.done
  }

  /// What can be stored; tells what cannot.
  private func items() -> [Item] {
    let counts = file.assignments.reduce(into: [:]) { $0[$1.name, default: 0] += 1 }
    var items: [Item] = []
    for item in possibleItems(counts) {
      if let other = items.first(where: { $0.key == item.key }) {
        hasRefusal = true
        Console.note(
          "\(file.place(of: item.assignment)): \(item.assignment.name) is left alone: "
            + "\(other.assignment.name) would have the same key, \(item.key)")
        Console.hint(
          "'coffer import \(place)NAME --env \(item.assignment.name)' stores it under another name")
      } else {
        items.append(item)
      }
    }
    return items
  }

  private func possibleItems(_ counts: [String: Int]) -> [Item] {
    file.assignments.compactMap { assignment in
      if let reason = reasonToLeave(assignment, isOnly: counts[assignment.name] == 1) {
        Console.note("\(file.place(of: assignment)): \(assignment.name) is left alone: \(reason)")
        return nil
      }
      guard case .text(let text)? = assignment.pieces.first,
        let name = Self.keyName(for: assignment.name)
      else { return nil }
      return Item(assignment: assignment, text: text, key: place + name)
    }
  }

  private func reasonToLeave(_ assignment: DotenvAssignment, isOnly: Bool) -> String? {
    guard assignment.valueRange != nil else { return "it has no value" }
    guard !assignment.pieces.isEmpty else { return "it is empty" }
    guard assignment.references.isEmpty else { return "it is a reference already" }
    guard isOnly else { return "it stands there more than once" }
    guard EnvironmentName(stored: assignment.name)?.isReserved == false else {
      return "the name is reserved, since programs are steered by it; set it elsewhere, as "
        + "'coffer run -e' refuses the file with it"
    }
    return Self.keyName(for: assignment.name) == nil ? "no name of a key can be made of it" : nil
  }

  /// The name of a key for a variable: `stripe-key` for `STRIPE_KEY`.
  static func keyName(for variable: String) -> String? {
    let text = variable.lowercased().map { $0 == "_" ? "-" : $0 }.drop { $0 == "-" }
    return (try? Name(parsing: String(text.prefix(Name.maximumCount))))?.text
  }

  private func isWanted(_ item: Item) throws(ClientError) -> Bool {
    guard !arguments.has("all") else { return true }
    let question =
      "\(file.place(of: item.assignment)): store \(item.assignment.name) "
      + "(\(item.text.count) bytes) as \(item.key)"
    guard let answer = try Confirmation.ask(question) else {
      throw ClientError(
        ExitStatus.failed, "there is no terminal to ask on, so nothing was stored",
        hint: "say --all to store all values of the file")
    }
    return answer
  }

  // MARK: Storing

  private func store(_ item: Item, _ dialogue: Dialogue) throws(ClientError) {
    do throws(ClientError) {
      let options = arguments.given(["expires", "use-role", "note"])
      let statuses = try Subcommand.namingWorkspaces { () throws(ClientError) in
        try dialogue.ask(
          Command(
            .importKey, options: [("env", item.assignment.name)] + options, words: [item.key]),
          answeringWith: value(of: item)
        ).statuses
      }
      note(item, as: item.key, "stored")
      Subcommand.warnOfSameValues(statuses)
    } catch {
      try settle(item, dialogue, after: error)
    }
  }

  private func value(of item: Item) throws(ClientError) -> Secret {
    do throws(SecretError) {
      return try file.withText(item.text) { (bytes) throws(SecretError) in
        try Secret(copying: bytes)
      }
    } catch {
      throw .outOfMemory
    }
  }

  /// Goes on where a key was not made: with one that has the value already, or with the
  /// next value, if it is this one that cannot be stored.
  private func settle(
    _ item: Item, _ dialogue: Dialogue, after error: ClientError
  ) throws(ClientError) {
    guard error.code == .conflict || error.code == .invalid else { throw error }
    var holders: [String] = []
    for key in try self.holders(of: item, dialogue) where key.hasPrefix(place) {
      if try lasts(key, dialogue) { holders.append(key) }
    }
    if let key = holders.first(where: { $0 == item.key }) ?? holders.first {
      return note(item, as: key, "already stored")
    }
    hasRefusal = true
    Console.note("\(file.place(of: item.assignment)): \(error.message)")
    Console.hint(
      error.code == .conflict
        ? "'coffer import \(place)NAME --env \(item.assignment.name)' stores it under another "
          + "name; 'coffer replace \(item.key)' takes a new value for that key"
        : error.hint ?? "the line is left as it is")
  }

  /// The keys that hold a value, of those that the caller may use; none where that is not
  /// told, as to who acts as a key.
  private func holders(
    of item: Item, _ dialogue: Dialogue
  ) throws(ClientError) -> [String] {
    do throws(ClientError) {
      return try scan(item, dialogue)
    } catch {
      guard error.code == .forbidden else { throw error }
      return []
    }
  }

  private func scan(_ item: Item, _ dialogue: Dialogue) throws(ClientError) -> [String] {
    var isAsked = false
    let reply = try dialogue.ask(Command(.scan)) { step, _ throws(ClientError) in
      guard case .inquiry = step else { return }
      if isAsked {
        try dialogue.connection.answer(with: SecretBuffer().finish())
      } else {
        try dialogue.connection.answer(with: value(of: item))
      }
      isAsked = true
    }
    return reply.statuses.filter { $0.keywords == ["STORED"] }.compactMap { $0["name"] }
  }

  /// Whether a key gives the value back at any time, so that the file need not hold it: it
  /// can be injected now, and ends no earlier than the value itself.
  private func lasts(_ key: String, _ dialogue: Dialogue) throws(ClientError) -> Bool {
    do throws(ClientError) {
      _ = try dialogue.ask(Command(.environment, options: [("dry-run", nil)], words: [key]))
      let fields = try dialogue.ask(Command(.show, words: [key])).statuses.filter {
        $0.keywords.isEmpty
      }
      let isIssued = fields.contains { $0["origin"] == "issued" }
      return isIssued || !fields.contains { $0["expires"] != nil }
    } catch {
      guard error.status == ExitStatus.failed else { throw error }
      return false
    }
  }

  private func note(_ item: Item, as key: String, _ event: String) {
    rewriting.refer(item.assignment, to: key)
    Console.note("\(event) \(item.assignment.name) as \(key)")
  }
}
