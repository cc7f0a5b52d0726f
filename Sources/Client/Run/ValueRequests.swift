internal import Keyring
internal import Wire

/// What the daemon is asked for: lines, and what the answer to each one holds.
///
/// All lines go out in one write, and nothing is run unless each is answered; but a
/// key that may be missing has a line of its own, and is left out if it is not found.
struct ValueRequests {
  /// A key whose value is asked for by itself, whatever it is used for then.
  struct Request {
    let key: KeyReference
    let isOptional: Bool

    /// Whether the name that the vault has for it is wanted as well.
    let wantsName: Bool

    /// The line of a file that needs it, as in `./coffer.env:3`; nil for an option.
    let place: String?
  }

  struct Line {
    let command: Command
    let contents: Contents
  }

  enum Contents: Equatable {
    /// Keys under the names that the vault has for them.
    case vaultNamed

    /// The values of requests, by their numbers.
    case values([Int])
  }

  private(set) var requests: [Request] = []

  /// The requests of keys that must be there, and of those that may be missing.
  private var required: [KeyReference: Int] = [:]
  private var optional: [KeyReference: Int] = [:]
  private(set) var lines: [Line] = []

  /// A line with more bytes could be cut by a client in between.
  private static let maximumLineByteCount = 900

  /// How much of a line the names of `--only` take at the most; a name has up to 64.
  private static let maximumNamesByteCount = 300

  /// - Parameters:
  ///   - selection: What is selected.
  ///   - isOneByOne: Whether each key has a line of its own, so that each has an answer
  ///     of its own.
  init(_ selection: VariableSelection, isOneByOne: Bool = false) {
    let maximum = isOneByOne ? 1 : Int.max
    for names in Self.packed(selection.only) {
      for workspace in selection.workspaces {
        let options = [("workspace", workspace)] + names
        lines.append(Line(command: Command(.environment, options: options), contents: .vaultNamed))
      }
      for words in Self.packed(
        selection.vaultNamed.map(\.text), behind: names, maximum: maximum)
      {
        lines.append(
          Line(
            command: Command(.environment, options: names, words: words), contents: .vaultNamed))
      }
    }
    for variable in selection.variables {
      let place = variable.place == nil ? nil : variable.origin
      for reference in variable.references where number(of: reference) == nil {
        if reference.isOptional {
          optional[reference.key] = requests.count
        } else {
          required[reference.key] = requests.count
        }
        requests.append(
          Request(
            key: reference.key, isOptional: reference.isOptional, wantsName: false, place: place))
      }
    }
    for file in selection.files {
      requests.append(
        Request(key: file.key, isOptional: false, wantsName: file.name == nil, place: nil))
    }
    if let key = selection.standardInput {
      requests.append(Request(key: key, isOptional: false, wantsName: false, place: nil))
    }
    addLinesOfRequests(maximum: maximum)
  }

  /// The request that answers a reference; nil if there is none yet.
  func number(of reference: DotenvReference) -> Int? {
    required[reference.key] ?? (reference.isOptional ? optional[reference.key] : nil)
  }

  /// The requests of keys that are given in files, in their order, and that of
  /// standard input.
  func numbers(of selection: VariableSelection) -> (files: Range<Int>, standardInput: Int?) {
    let end = requests.count - (selection.standardInput == nil ? 0 : 1)
    return (end - selection.files.count..<end, selection.standardInput.map { _ in end })
  }

  /// Each value is asked for under a name of its own, which tells them apart.
  private static func alias(of number: Int) -> String { "V\(number)" }

  /// The request that an answer belongs to; nil if none has that name.
  static func number(ofAlias name: String) -> Int? {
    name.hasPrefix("V") ? Int(digits: String(name.dropFirst())) : nil
  }

  private mutating func addLinesOfRequests(maximum: Int) {
    func standsAlone(_ number: Int) -> Bool {
      requests[number].isOptional || requests[number].wantsName
    }
    let together = requests.indices.filter { !standsAlone($0) }
    var left = together[...]
    for words in Self.packed(together.map(word), maximum: maximum) {
      let numbers = Array(left.prefix(words.count))
      left = left.dropFirst(words.count)
      add(words, numbers)
    }
    for number in requests.indices where standsAlone(number) {
      add([word(number)], [number])
    }
  }

  private mutating func add(_ words: [String], _ numbers: [Int]) {
    lines.append(
      Line(command: Command(.environment, words: words), contents: .values(numbers)))
  }

  private func word(_ number: Int) -> String {
    let request = requests[number]
    return request.wantsName
      ? request.key.text : "\(request.key.text)=\(Self.alias(of: number))"
  }

  // MARK: Packing

  /// Words for lines that are short enough for any client in between.
  private static func packed(
    _ all: [String], behind options: [(String, String?)] = [], maximum: Int
  ) -> [[String]] {
    var lines: [[String]] = []
    var words: [String] = []
    let emptyByteCount = Command(.environment, options: options).line.utf8.count
    var byteCount = emptyByteCount
    for word in all {
      let wordByteCount = 1 + Percent.encodedWord(word).utf8.count
      let isFull = byteCount + wordByteCount > maximumLineByteCount || words.count == maximum
      if isFull, !words.isEmpty {
        lines.append(words)
        (words, byteCount) = ([], emptyByteCount)
      }
      words.append(word)
      byteCount += wordByteCount
    }
    return words.isEmpty ? lines : lines + [words]
  }

  /// Options `--only` that are short enough to leave room for a key; one that is
  /// none if all names are wanted.
  private static func packed(_ names: [String]?) -> [[(String, String?)]] {
    guard let names else { return [[]] }
    var options: [[(String, String?)]] = []
    var text = ""
    for name in names {
      if text.utf8.count + name.utf8.count + 1 > maximumNamesByteCount {
        options.append([("only", text)])
        text = ""
      }
      text += text.isEmpty ? name : "," + name
    }
    return text.isEmpty ? options : options + [[("only", text)]]
  }

  /// Whether a line asks for the name of a key that is given in a file.
  func wantsName(_ line: Line) -> Bool {
    guard case .values(let numbers) = line.contents else { return false }
    return numbers.contains { requests[$0].wantsName }
  }
}
