internal import Wire

/// An option of a command.
struct OptionSpecification: Sendable {
  /// Without the hyphens.
  let long: String
  let short: Unicode.Scalar?

  /// What stands for the value in the help; nil for an option without one.
  let value: String?

  /// Whether it may stand more than once.
  let repeats: Bool
  let help: String

  init(
    _ long: String, short: Unicode.Scalar? = nil, value: String? = nil, repeats: Bool = false,
    _ help: String
  ) {
    self.long = long
    self.short = short
    self.value = value
    self.repeats = repeats
    self.help = help
  }

  /// How it is written, as `-k, --key KEY`.
  var term: String {
    (short.map { "-\($0), " } ?? "") + "--\(long)" + (value.map { " \($0)" } ?? "")
  }
}

/// What a command was given, sorted into options and words.
struct Arguments {
  /// In the order in which they were given.
  private(set) var options: [(name: String, value: String?)] = []
  private(set) var words: [String] = []

  /// The words of another command, as of `run`, byte for byte.
  private(set) var commandWords: [[UInt8]] = []

  /// Sorts arguments as the kernel passed them, as the other initializer does.
  ///
  /// Throws as well if one that is not another command's is not UTF-8.
  init(
    bytes arguments: [[UInt8]], _ specifications: [OptionSpecification], command: String,
    endsAtFirstWord: Bool = false
  ) throws(ClientError) {
    let texts = arguments.map(Self.text)
    try self.init(
      zip(texts, arguments).map { $0 ?? String(decoding: $1, as: UTF8.self) }, specifications,
      command: command, endsAtFirstWord: endsAtFirstWord)
    if endsAtFirstWord { commandWords = arguments.suffix(words.count) }
    guard !texts.dropLast(commandWords.count).contains(nil) else {
      throw .usage("an argument is not UTF-8", hint: "names, options and paths are text")
    }
  }

  /// The bytes as text; nil if they are not UTF-8.
  private static func text(_ bytes: [UInt8]) -> String? {
    do throws(UTF8.ValidationError) {
      return String(copying: try UTF8Span(validating: bytes.span))
    } catch {
      return nil
    }
  }

  /// Sorts `arguments`, those behind the command's name.
  ///
  /// - Parameters:
  ///   - arguments: As the shell passed them.
  ///   - specifications: The options that the command takes.
  ///   - command: Its name, for messages.
  ///   - endsAtFirstWord: Whether all from the first word on belongs to
  ///     another command, as of `run`.
  /// - Throws: A usage error for an unknown option or a missing value. What is
  ///   no option is never repeated in a message: it may be a secret.
  init(
    _ arguments: [String], _ specifications: [OptionSpecification], command: String,
    endsAtFirstWord: Bool = false
  ) throws(ClientError) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--" {
        words += rest
        return
      }
      if argument.begins(with: "--") {
        try takeLong(String(argument.unicodeScalars.dropFirst(2)), &rest, specifications, command)
      } else if argument.begins(with: "-"), argument.utf8.count > 1 {
        try takeShort(argument.unicodeScalars.dropFirst(), &rest, specifications, command)
      } else if endsAtFirstWord {
        words += [argument] + rest
        return
      } else {
        words.append(argument)
      }
    }
  }

  private mutating func takeLong(
    _ text: String, _ rest: inout ArraySlice<String>,
    _ specifications: [OptionSpecification], _ command: String
  ) throws(ClientError) {
    let (name, told) = text.divided(at: "=")
    guard let specification = specifications.first(where: { $0.long == name }) else {
      throw Self.unknown("--\(name)", specifications, command)
    }
    var value: String?
    if specification.value != nil {
      value = told ?? rest.popFirst()
    } else if told != nil {
      throw .usage("--\(name) takes no value")
    }
    try append(specification, value)
  }

  private mutating func takeShort(
    _ letters: Substring.UnicodeScalarView, _ rest: inout ArraySlice<String>,
    _ specifications: [OptionSpecification], _ command: String
  ) throws(ClientError) {
    var letters = letters
    while let letter = letters.popFirst() {
      guard let specification = specifications.first(where: { $0.short == letter }) else {
        throw Self.unknown("-\(letter)", specifications, command)
      }
      guard specification.value != nil else {
        try append(specification, nil)
        continue
      }
      let value = letters.isEmpty ? rest.popFirst() : String(letters)
      return try append(specification, value)
    }
  }

  private mutating func append(
    _ specification: OptionSpecification, _ value: String?
  ) throws(ClientError) {
    if let placeholder = specification.value, value == nil {
      throw .usage("--\(specification.long) needs a value behind it: \(placeholder)")
    }
    guard specification.repeats || !has(specification.long) else {
      throw .usage("--\(specification.long) was given twice")
    }
    options.append((specification.long, value))
  }

  private static func unknown(
    _ option: String, _ specifications: [OptionSpecification], _ command: String
  ) -> ClientError {
    let known = specifications.map { "--" + $0.long }
    let hint =
      Suggestion.closest(to: option, among: known).map { "did you mean \($0)?" }
      ?? "'coffer \(command) --help' lists the options"
    return .usage("unknown option \(option)", hint: hint)
  }

  func has(_ name: String) -> Bool { options.contains { $0.name == name } }

  /// Those of the options that were given, for a line of the protocol.
  func given(_ names: [String]) -> [(String, String?)] {
    names.compactMap { name in options.first { $0.name == name } }
  }

  /// Makes sure that only options of one action of a command were given.
  ///
  /// - Parameters:
  ///   - names: The options of the action, besides `--system` and `--wait`.
  ///   - action: As in `user disable`, for the message.
  /// - Throws: A usage error for another option of the command.
  func allow(_ names: [String], for action: String) throws(ClientError) {
    let allowed = names + ["system", "wait"]
    guard let other = options.first(where: { !allowed.contains($0.name) }) else { return }
    throw .usage(
      "--\(other.name) is no option of '\(action)'",
      hint: names.isEmpty
        ? nil : "it takes " + names.map { "--" + $0 }.joined(separator: " and "))
  }

  /// Throws if more than one of the options was given.
  func exclude(_ names: [String]) throws(ClientError) {
    let told = names.filter(has).map { "--" + $0 }
    guard told.count > 1 else { return }
    throw .usage("\(told[0]) and \(told[1]) exclude each other")
  }

  /// The value of an option that stands once; nil if it is missing.
  subscript(name: String) -> String? { options.first { $0.name == name }?.value }
}
