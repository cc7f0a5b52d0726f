@testable import Keyring
import Testing

@Suite("PositionTable")
struct PositionTableTests {
  /// A list whose words are found by a table, beside what a dictionary says of them.
  private struct Words {
    var list: [String] = []
    var table = PositionTable()
    var expected: [String: Int] = [:]

    /// So few hashes that many words have the same one.
    static func hash(of word: String) -> UInt32 { UInt32(word.utf8.count % 3) }

    mutating func insert(_ word: String) {
      expected[word] = list.count
      table.insert(list.count, hash: Self.hash(of: word))
      list.append(word)
    }

    func position(of word: String) -> Int? {
      table.position(hash: Self.hash(of: word)) { list[$0] == word }
    }
  }

  /// Words of different lengths.
  private static func word(_ number: Int) -> String {
    String(repeating: "x", count: number % 7) + String(number)
  }

  @Test("an empty table finds nothing") func emptyTable() {
    #expect(Words().position(of: "word") == nil)
    #expect(PositionTable() == PositionTable())
  }

  @Test("what was taken in is found, also where hashes are the same")
  func finds() {
    var words = Words()
    for number in 0..<500 { words.insert(Self.word(number)) }
    #expect(words.table.count == 500)
    for (word, position) in words.expected { #expect(words.position(of: word) == position) }
    #expect(words.position(of: "another") == nil)
  }

  @Test("what was taken out is found no more, and all else still is")
  func removes() {
    var words = Words()
    for number in 0..<200 { words.insert(Self.word(number)) }
    var generator = SystemRandomNumberGenerator()
    for number in (0..<200).shuffled(using: &generator).prefix(150) {
      let word = Self.word(number)
      let wasThere = words.table.remove(number, hash: Words.hash(of: word))
      let isThere = words.table.remove(number, hash: Words.hash(of: word))
      #expect(wasThere && !isThere)
      words.expected[word] = nil
      for number in 0..<200 {
        #expect(words.position(of: Self.word(number)) == words.expected[Self.word(number)])
      }
    }
  }

  @Test("a position that moves is found at its new place")
  func replaces() {
    var words = Words()
    for number in 0..<10 { words.insert(Self.word(number)) }
    words.list.swapAt(2, 7)
    for (former, next) in [(2, 17), (7, 2), (17, 7)] {
      let word = Self.word(former == 7 ? 7 : 2)
      words.table.replace(former, by: next, hash: Words.hash(of: word))
    }
    #expect(words.position(of: Self.word(2)) == 7)
    #expect(words.position(of: Self.word(7)) == 2)
  }

  @Test("tables are equal that lead to the same positions, in whatever order they were made")
  func equality() {
    var (forward, backward) = (PositionTable(), PositionTable())
    backward.reserveCapacity(1000)
    for position in 0..<50 {
      forward.insert(position, hash: UInt32(position % 4))
      backward.insert(49 - position, hash: UInt32((49 - position) % 4))
    }
    #expect(forward == backward)
    backward.remove(7, hash: 3)
    #expect(forward != backward)
    backward.insert(7, hash: 2)
    #expect(forward != backward)
  }
}
