// Slots that no writer has written.

extension MalformedFile {
  static let slots: [MalformedFile] = [
    MalformedFile("is empty", .lives, "slots") { _ in [] },
    MalformedFile("another first word", .lives, "slots") {
      MalformedFile.slots($0, "coffer slots", "coffee slots")
    },
    MalformedFile("a later least version", .lives, "slots", "unknown version") {
      MalformedFile.slots($0, "slots 1 1", "slots 2 2")
    },
    MalformedFile("an earlier least version", .lives, "slots") {
      MalformedFile.slots($0, "slots 1 1", "slots 1 0")
    },
    MalformedFile("a later format", .lives, "slots") {
      MalformedFile.slots($0, "slots 1 1", "slots 2 1")
    },
    MalformedFile("a leading zero", .lives, "slots") {
      MalformedFile.slots($0, "generation 1", "generation 01")
    },
    MalformedFile("a sign", .lives, "slots") {
      MalformedFile.slots($0, "generation 1", "generation +1")
    },
    MalformedFile("no generation", .lives, "slots") {
      MalformedFile.slots($0, "generation 1", "generation 0")
    },
    MalformedFile("an absurd number", .lives, "slots") {
      MalformedFile.slots($0, "number 1", "number 9223372036854775808")
    },
    MalformedFile("two spaces", .lives, "slots") { MalformedFile.slots($0, "slot 1", "slot  1") },
    MalformedFile("lines that end in CR LF", .lives, "slots") {
      MalformedFile.slots($0, "\n", "\r\n")
    },
    MalformedFile("no audit", .lives, "slots") { MalformedFile.slots($0, "audit 1\n", "audit\n") },
    MalformedFile("a file of the audit twice", .lives, "slots") {
      MalformedFile.slots($0, "audit 1", "audit 1 1")
    },
    MalformedFile("files of the audit out of order", .compacted, "slots") {
      MalformedFile.slots($0, "audit 1 2", "audit 2 1")
    },
    MalformedFile("1025 files of the audit", .lives, "slots") {
      MalformedFile.slots(
        $0, "audit 1", "audit " + (1...1025).map(String.init).joined(separator: " "))
    },
    MalformedFile("a line is missing", .lives, "slots") {
      MalformedFile.slots($0) { $0.filter { $0 != "number 1" } }
    },
    MalformedFile("lines are exchanged", .lives, "slots") {
      MalformedFile.slots($0) { [$0[0], $0[2], $0[1]] + $0[3...] }
    },
    MalformedFile("a line more", .lives, "slots") {
      MalformedFile.slots($0) { $0.dropLast() + ["note"] + $0.suffix(1) }
    },
    MalformedFile("no slot", .lives, "slots") {
      MalformedFile.slots($0) { $0.filter { !$0.hasPrefix("slot ") } }
    },
    MalformedFile("17 slots", .lives, "slots") {
      MalformedFile.slots($0) { lines in
        let rest = lines[5].dropFirst("slot 1".count)
        return lines[..<5] + (1...17).map { "slot \($0)\(rest)" } + lines[6...]
      }
    },
    MalformedFile("two slots of one number", .lives, "slots") {
      MalformedFile.slots($0) { $0[...5] + [$0[5]] + $0[6...] }
    },
    MalformedFile("a slot of a number without end", .lives, "slots") {
      MalformedFile.slots($0, "slot 1", "slot 4294967296")
    },
    MalformedFile("an unknown kind", .lives, "slots") {
      MalformedFile.slots($0, "key-file", "key-fire")
    },
    MalformedFile("another known kind", .lives, "slots", "wrong secret") {
      MalformedFile.slots($0, "key-file", "credential")
    },
    MalformedFile("too much memory", .new, "slots") {
      MalformedFile.slots($0, "8388608 1", "1073741825 1")
    },
    MalformedFile("too little memory", .new, "slots") {
      MalformedFile.slots($0, "8388608 1", "8388607 1")
    },
    MalformedFile("too many passes", .new, "slots") {
      MalformedFile.slots($0, "8388608 1", "8388608 11")
    },
    MalformedFile("no pass", .new, "slots") { MalformedFile.slots($0, "8388608 1", "8388608 0") },
    MalformedFile("other passes", .new, "slots", "wrong secret") {
      MalformedFile.slots($0, "8388608 1", "8388608 2")
    },
    MalformedFile("digits in upper case", .lives, "slots") { bytes in
      MalformedFile.slots(bytes) {
        $0.map { $0.hasPrefix("vault") ? "vault" + $0.dropFirst(5).uppercased() : $0 }
      }
    },
    MalformedFile("a salt that is too short", .lives, "slots") {
      MalformedFile.slots($0) { lines in
        lines.map { $0.hasPrefix("slot") ? MalformedFile.cut($0, word: 3) : $0 }
      }
    },
    MalformedFile("the MAC of other slots", .lives, "slots") {
      MalformedFile.slots($0) { $0.dropLast() + ["mac " + String(repeating: "0", count: 64)] }
    },
    MalformedFile("no MAC", .lives, "slots") { MalformedFile.slots($0) { $0.dropLast() } },
    MalformedFile("another vault's", .lives, "slots", "wrong secret") {
      MalformedFile.slots($0) { [$0[0], "vault " + String(repeating: "0", count: 32)] + $0[2...] }
    },
    MalformedFile("another generation", .lives, "slots") {
      MalformedFile.slots($0, "generation 1", "generation 2")
    },
    MalformedFile("a wrong sum", .lives, "slots") {
      $0.dropLast(2) + [$0[$0.count - 2] ^ 1, 0x0A]
    },
    MalformedFile("no sum", .lives, "slots") { Array($0.dropLast(37)) },
    MalformedFile("no end of the last line", .lives, "slots") { Array($0.dropLast()) },
    MalformedFile("a byte that is no text", .lives, "slots") { [0xFF] + $0 },
    MalformedFile("is too long", .lives, "slots") { $0 + [UInt8](repeating: 0x0A, count: 65_536) },
  ]

  /// The line with two characters less in one of its words.
  private static func cut(_ line: String, word: Int) -> String {
    var words = line.split(separator: " ").map(String.init)
    words[word] = String(words[word].dropLast(2))
    return words.joined(separator: " ")
  }

}
