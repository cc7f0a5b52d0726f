internal import Platform
internal import Wire

extension Subcommand {
  static let gitCredential = Subcommand(
    name: "git-credential", group: .shell,
    synopsis: "git-credential -k KEY --host HOST [--username NAME] get",
    summary: "Gives git the password of one host.",
    details: [
      "git itself runs it, as a credential helper:",
      "",
      "  git config --global credential.https://github.com.helper \\",
      "    '!coffer git-credential -k me/github --host github.com'",
      "",
      "The value of the key goes to git as the password, for https and this host only,",
      "wherever the helper is configured. HOST has the port behind a colon, if git's",
      "address has one. Where git knows no user name it is given that of --username;",
      "without one it asks. Of another host, or another user name than --username has,",
      "nothing is told, and git asks its other helpers. 'store' and 'erase', with which",
      "git runs it too, do nothing: that is what 'coffer replace KEY' is for.",
    ],
    options: [
      OptionSpecification("key", short: "k", value: "KEY", "whose value is the password"),
      OptionSpecification("host", value: "HOST", "the only host that it is given to"),
      OptionSpecification("username", value: "NAME", "the name that belongs to the password"),
      systemOption, waitOption,
    ],
    wordCount: 1...1,
    examples: [
      "coffer git-credential -k me/github --host github.com get",
      "coffer git-credential -k web/git --host localhost:8443 --username ci get",
    ]
  ) { arguments throws(ClientError) in
    let wanted = try GitCredential.Wanted(arguments)
    // Others are left alone, also those that git may have one day.
    // Source: gitcredentials(7), "Custom helpers".
    guard arguments.words[0] == "get" else { return ExitStatus.done }
    guard !StandardStream.output.isTerminal else {
      throw ClientError(
        ExitStatus.failed, "standard output is a terminal, where no value is shown",
        hint: "git runs this; 'coffer git-credential --help' tells how to configure it")
    }
    let request = try GitCredential.readRequest()
    guard let username = try wanted.answer(to: request) else { return ExitStatus.done }
    try GitCredential.give(username, wanted.key, Dialogue(arguments))
    return ExitStatus.done
  }
}

/// The dialogue with git, which asks for a user name and a password.
///
/// Source: git-credential(1), "Input/output format".
enum GitCredential {
  /// What git has told of the address that it wants to reach.
  struct Request: Equatable {
    var scheme: String?
    var host: String?
    var username: String?

    /// Reads lines `NAME=value`; of several of one name the last one counts.
    ///
    /// - Parameter text: All lines, up to an empty one.
    init(_ text: Span<UInt8>) {
      var start = 0
      while start < text.count {
        let end = text.firstIndex(of: 0x0A, from: start) ?? text.count
        guard end > start else { break }
        read(text.extracting(start..<end))
        start = end + 1
      }
    }

    private mutating func read(_ line: Span<UInt8>) {
      guard let sign = line.firstIndex(of: UInt8(ascii: "=")) else { return }
      let value = line.extracting((sign + 1)..<line.count)
      // Others, of which one may be a password, become no text.
      switch line.extracting(0..<sign).text {
      case "protocol": scheme = value.text
      case "host": host = value.text
      case "username": username = value.text
      case _: break
      }
    }
  }

  /// Whose password it is, as the configuration of git tells.
  struct Wanted {
    let key: String
    private let host: String
    private let username: String?

    /// - Throws: A usage error if an option is missing, or can be no such thing.
    init(_ arguments: Arguments) throws(ClientError) {
      guard let key = arguments["key"], !key.isEmpty else {
        throw .usage("no key is named", hint: "as in '-k me/github'")
      }
      guard !key.utf8.contains(UInt8(ascii: "=")) else {
        throw .usage("-k names a key here, without an environment name")
      }
      guard let host = arguments["host"], !host.isEmpty else {
        throw .usage(
          "no host is named", hint: "as in '--host github.com': no other one is given the key")
      }
      guard !host.utf8.contains(where: { Self.isControl($0) || " /".utf8.contains($0) }) else {
        throw .usage("--host takes a name, and a port if need be, without 'https://' and path")
      }
      username = arguments["username"]
      guard username.map({ !$0.isEmpty && !$0.utf8.contains(where: Self.isControl) }) ?? true
      else {
        throw .usage("--username can be no user name")
      }
      (self.key, self.host) = (key, host)
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

    /// Whether two hosts are the same, but for the case of ASCII's letters: that of others
    /// is folded by no resolver, and would make one of two names.
    ///
    /// Source: RFC 4343.
    private static func isSame(_ left: String, _ right: String) -> Bool {
      func folded(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
      return left.utf8.elementsEqual(right.utf8) { folded($0) == folded($1) }
    }

    /// Whether the password is to be given, and with which user name.
    ///
    /// - Parameter request: What git has told.
    /// - Returns: The user name, empty if git is to ask for it; nil if the password is
    ///   none of this request's.
    /// - Throws: ``ClientError`` for a connection that others could read.
    func answer(to request: Request) throws(ClientError) -> String? {
      guard let asked = request.host, Self.isSame(asked, host) else { return nil }
      guard request.scheme == "https" else {
        throw ClientError(
          ExitStatus.failed,
          "\(PrintableText.object(host)): \(key) is given over https only",
          hint: "use an address that begins with 'https://'")
      }
      guard let asked = request.username else { return username ?? "" }
      return username == nil || username == asked ? asked : nil
    }
  }

  /// Reads what git tells, in which a former password may be.
  static func readRequest() throws(ClientError) -> Request {
    let text = try SecretInput.readStandardInput(for: "git's request")
    return text.withBytes { Request($0) }
  }

  /// Gives git the user name, and the value of a key as the password.
  ///
  /// - Parameters:
  ///   - username: Empty if git is to ask for it.
  ///   - key: As the configuration names it.
  ///   - dialogue: With the daemon.
  /// - Throws: ``ClientError``; then git has been told nothing.
  static func give(
    _ username: String, _ key: String, _ dialogue: Dialogue
  ) throws(ClientError) {
    _ = try dialogue.ask(Command(.option, options: [("command", "git-credential")]))
    let reply = try dialogue.ask(Command(.environment, words: ["\(key)=\(variable)"]))
    var answer = SecretBuffer()
    if !username.isEmpty { try answer.append("username=\(username)\n") }
    try answer.append("password=")
    try reply.data.withBytes { (bytes) throws(ClientError) -> Void in
      try answer.append(bytes.extracting(placeOfValue(in: bytes, of: key)))
    }
    try answer.append("\n")
    try Console.print(secret: answer)
  }

  /// The name under which the daemon gives the value.
  private static let variable = "PASSWORD"

  /// Where the value stands in `PASSWORD=value` NUL.
  private static func placeOfValue(
    in entry: Span<UInt8>, of key: String
  ) throws(ClientError) -> Range<Int> {
    let head = Array("\(variable)=".utf8)
    guard entry.count > head.count, entry.holds(head.span, at: 0, before: entry.count),
      entry.firstIndex(of: 0) == entry.count - 1
    else { throw .protocolBroken("it sent another value than the one of the key") }
    guard entry.firstIndex(of: 0x0A) == nil else {
      throw ClientError(
        ExitStatus.failed, "\(key): the value has a line end, which git takes in no password")
    }
    return head.count..<(entry.count - 1)
  }
}
