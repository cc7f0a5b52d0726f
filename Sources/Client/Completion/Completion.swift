internal import Platform
internal import Wire

/// What the last word of an unfinished command line may become.
enum Completion: Equatable {
  /// One of these.
  case candidates([Candidate])

  /// A file, which the shell knows better.
  case file

  /// A command of its own that begins at the word with this number, counted from 0.
  case command(at: Int)

  struct Candidate: Equatable {
    let word: String
    var explanation = ""
  }

  /// - Parameters:
  ///   - words: All behind the program's name; the last one is unfinished, or empty.
  ///   - names: Finds the keys, workspaces and users in sight.
  init(of words: [String], names: (Place) -> [Candidate]) {
    guard let first = words.first, words.count > 1,
      let subcommand = Subcommand.all.first(where: { $0.name == first })
    else {
      self = .candidates(words.count > 1 ? [] : Self.subcommands)
      return
    }
    var line = UnfinishedLine(subcommand)
    for word in words[1..<(words.count - 1)] { line.append(word) }
    self = line.completion(of: words[words.count - 1], names: names)
  }

  private static var subcommands: [Candidate] {
    Subcommand.all.map { Candidate(word: $0.name, explanation: $0.summary) }
      + [
        Candidate(word: "--help", explanation: Subcommand.help.summary),
        Candidate(word: "--version", explanation: Subcommand.version.summary),
      ]
  }

  /// What tells it to the script of a shell, a line each: a directive with a colon, or
  /// candidates that begin as `word` does, each with a tab and its explanation.
  func text(for word: String) -> String {
    let lines =
      switch self {
      case .file: [":file"]
      case .command(let index): [":command \(index)"]
      case .candidates(let candidates):
        candidates.filter { $0.word.hasPrefix(word) }.map { candidate in
          [candidate.word, candidate.explanation].map(PrintableText.withoutControls)
            .joined(separator: "\t")
        }
      }
    return lines.map { $0 + "\n" }.joined()
  }
}

/// A command line up to its last word.
private struct UnfinishedLine {
  private let subcommand: Subcommand
  private let options: [OptionSpecification]
  private var words: [String] = []

  /// How many words there are, with those of options.
  private var count = 1

  /// The option whose value comes next.
  private var pending: OptionSpecification?
  private var hasOptionsEnd = false

  init(_ subcommand: Subcommand) {
    self.subcommand = subcommand
    options = subcommand.options + Subcommand.commonOptions
  }

  /// Whether another command has begun.
  private var isInCommand: Bool { subcommand.endsAtFirstWord && !words.isEmpty }

  mutating func append(_ word: String) {
    // The words of another command are counted by that.
    guard !isInCommand else { return }
    if pending != nil {
      pending = nil
    } else if hasOptionsEnd || !word.hasPrefix("-") || word.count == 1 {
      words.append(word)
      if isInCommand { return }
    } else if word == "--" {
      hasOptionsEnd = true
    } else {
      pending = optionThatWaits(behind: word)
    }
    count += 1
  }

  /// The option that takes its value from the word behind `word`.
  private func optionThatWaits(behind word: String) -> OptionSpecification? {
    if word.hasPrefix("--") {
      return options.first { "--" + $0.long == word && $0.value != nil }
    }
    for (index, letter) in word.unicodeScalars.dropFirst().enumerated() {
      guard let option = options.first(where: { $0.short == letter }), option.value != nil else {
        continue
      }
      return index == word.unicodeScalars.count - 2 ? option : nil
    }
    return nil
  }

  func completion(
    of word: String, names: (Place) -> [Completion.Candidate]
  ) -> Completion {
    if isInCommand { return .command(at: count) }
    if let pending { return completion(of: place(of: pending), names: names) }
    if hasOptionsEnd || !word.hasPrefix("-") {
      return subcommand.endsAtFirstWord ? .command(at: count) : wordCompletion(names)
    }
    if let equals = word.firstIndex(of: "=") {
      return valueCompletion(of: String(word[..<equals]), names: names)
    }
    return .candidates(
      options.map { .init(word: "--" + $0.long, explanation: $0.help) })
  }

  private func place(of option: OptionSpecification) -> Place { Place(option.value ?? "") }

  /// Of a value behind `--option=`.
  private func valueCompletion(
    of option: String, names: (Place) -> [Completion.Candidate]
  ) -> Completion {
    guard let specification = options.first(where: { "--" + $0.long == option }) else {
      return .candidates([])
    }
    let completion = completion(of: place(of: specification), names: names)
    guard case .candidates(let candidates) = completion else { return completion }
    return .candidates(
      candidates.map { .init(word: "\(option)=\($0.word)", explanation: $0.explanation) })
  }

  private func wordCompletion(_ names: (Place) -> [Completion.Candidate]) -> Completion {
    let places = Synopsis(subcommand.synopsis, of: subcommand.name).places(behind: words)
    if places.contains(.file) { return .file }
    var candidates: [Completion.Candidate] = []
    for place in places {
      guard case .candidates(let further) = completion(of: place, names: names) else { continue }
      candidates += further.filter { !candidates.contains($0) }
    }
    return .candidates(candidates)
  }

  private func completion(
    of place: Place, names: (Place) -> [Completion.Candidate]
  ) -> Completion {
    switch place {
    case .file: .file
    case .free: .candidates([])
    case .choice(let choices): .candidates(choices.map { .init(word: $0) })
    case .subcommand:
      .candidates(Subcommand.all.map { .init(word: $0.name, explanation: $0.summary) })
    case .key, .workspace, .user: .candidates(names(place))
    }
  }
}
