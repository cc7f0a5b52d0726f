/// Words in the order of their bytes, each once, which are looked up by halving.
///
/// A set would be made first, at the start of each program that asks; these lie in the
/// program as they are.
struct SortedWords: Sendable {
  let words: [String]

  /// - Parameter words: In ascending order of their bytes.
  init(_ words: [String]) { self.words = words }

  /// Whether `text` is one of them.
  func contains(_ text: String) -> Bool { last(notBehind: text) == text }

  /// Whether `text` begins with one of them, none of which may begin with another one.
  func containsPrefix(of text: String) -> Bool {
    // What stands between a prefix and what begins with it begins with it as well.
    last(notBehind: text).map { text.hasPrefix($0) } ?? false
  }

  /// The last word that does not stand behind `text`; nil if all do.
  private func last(notBehind text: String) -> String? {
    var (start, end) = (0, words.count)
    while start < end {
      let middle = (start + end) / 2
      if text < words[middle] { end = middle } else { start = middle + 1 }
    }
    return start > 0 ? words[start - 1] : nil
  }
}
