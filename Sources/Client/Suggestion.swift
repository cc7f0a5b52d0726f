/// What somebody may have meant.
enum Suggestion {
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
