/// What somebody may have meant.
enum Suggestion {
  /// What other programs call what a command does, and what closeness would miss.
  static let synonyms = [
    ("ls", "list"), ("keys", "list"), ("get", "show"), ("read", "show"), ("info", "show"),
    ("add", "import"), ("set", "import"), ("put", "import"), ("insert", "import"),
    ("rm", "revoke"), ("delete", "revoke"), ("remove", "revoke"), ("del", "revoke"),
    ("update", "replace"), ("edit", "replace"), ("new", "create"), ("generate", "create"),
    ("exec", "run"), ("export", "env"), ("login", "unlock"), ("open", "unlock"),
    ("close", "lock"), ("logout", "lock"), ("log", "audit"), ("users", "user"),
    ("workspaces", "workspace"),
  ]

  /// The command that somebody may have meant.
  static func command(for word: String, among names: [String]) -> String? {
    synonyms.first { $0.0 == word }?.1 ?? closest(to: word, among: names)
  }

  /// The one of `candidates` that is closest to `word`, if it is close enough; never the
  /// opposite of it.
  static func closest(to word: String, among candidates: [String]) -> String? {
    let possible = candidates.filter { "un" + $0 != word && $0 != "un" + word }
    let ranked = possible.map { ($0, distance($0, word)) }.min { $0.1 < $1.1 }
    guard let (candidate, distance) = ranked, distance <= max(1, word.count / 3) else { return nil }
    return candidate
  }

  /// How many characters must be added, left out, changed or swapped.
  ///
  /// Source: Damerau and Levenshtein, in the form of optimal string alignment.
  static func distance(_ one: String, _ other: String) -> Int {
    let (one, other) = (Array(one), Array(other))
    var beforeLast = [Int](repeating: 0, count: other.count + 1)
    var last = Array(0...other.count)
    for row in one.indices {
      var current = [row + 1]
      for column in other.indices {
        var best = min(last[column + 1] + 1, current[column] + 1)
        best = min(best, last[column] + (one[row] == other[column] ? 0 : 1))
        if row > 0, column > 0, one[row] == other[column - 1], one[row - 1] == other[column] {
          best = min(best, beforeLast[column - 1] + 1)
        }
        current.append(best)
      }
      (beforeLast, last) = (last, current)
    }
    return last[other.count]
  }
}
