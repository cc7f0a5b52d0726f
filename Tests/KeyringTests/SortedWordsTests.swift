import Testing

@testable import Keyring

@Suite("SortedWords")
struct SortedWordsTests {
  private let words = SortedWords(["AB", "ABD_", "B", "_"])

  @Test("what is one of them is found, and nothing else") func contains() {
    for word in words.words { #expect(words.contains(word)) }
    for word in ["", "A", "ABA", "ABD", "ABD_X", "C", "~", "Ä"] { #expect(!words.contains(word)) }
    #expect(!SortedWords([]).contains(""))
  }

  @Test("what begins with one of them is found, and nothing else") func prefixes() {
    let prefixes = SortedWords(["LD_", "PYTHON", "zle_"])
    for text in ["LD_", "LD_PRELOAD", "PYTHONPATH", "zle_bracketed_paste"] {
      #expect(prefixes.containsPrefix(of: text))
    }
    for text in ["", "LD", "L", "M", "PYTHO", "ZLE_X", "zz"] {
      #expect(!prefixes.containsPrefix(of: text))
    }
  }

  @Test(
    "the tables are in order, each word once",
    arguments: [
      ReservedNames.exact, ReservedNames.endings, ReservedNames.eitherCase,
      ReservedNames.prefixes, ReservedNames.eitherCasePrefixes, ReservedNames.toolPrefixes,
    ])
  func order(_ table: SortedWords) {
    for (one, next) in zip(table.words, table.words.dropFirst()) {
      #expect(one.utf8.lexicographicallyPrecedes(next.utf8), "\(one) \(next)")
    }
  }

  @Test(
    "no prefix begins with another one",
    arguments: [ReservedNames.prefixes, ReservedNames.toolPrefixes])
  func independence(_ table: SortedWords) {
    for (one, next) in zip(table.words, table.words.dropFirst()) {
      #expect(!next.hasPrefix(one), "\(one) \(next)")
    }
  }

  @Test("an ending can begin at an underscore only") func endings() {
    for ending in ReservedNames.endings.words { #expect(ending.hasPrefix("_")) }
  }
}
