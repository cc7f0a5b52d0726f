import Glibc
import TestSupport
import Testing

/// Rows that somebody changes behind the daemon's back, and more rows than fit
/// into an answer.
@Suite("The audit's file")
struct AuditDamageTests {
  let fixture = VaultFixture()

  init() {
    fixture.initializeWithKeys()
    for number in 0..<6 { fixture.coffer("create", "me/key-\(number)") }
  }

  private var path: String { fixture.statePath + "/audit.1" }

  /// Where each row begins, and behind the last one where it ends.
  private func offsets(_ bytes: [UInt8]) -> [Int] {
    var offsets = [72]
    while let start = offsets.last, start + 12 <= bytes.count {
      let count = (0..<4).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) }
      offsets.append(start + 12 + count)
    }
    return offsets
  }

  @Test("--check finds a flipped byte in whatever row, and names the row") func flipped() {
    let bytes = Files.read(path)
    let offsets = offsets(bytes)
    #expect(offsets.last == bytes.count)
    let count = offsets.count - 1
    #expect(count >= 10)
    // A row that tells the time may come between two looks at the file.
    let isTold = eventually {
      let count = self.offsets(Files.read(path)).count - 1
      return fixture.coffer("audit", "--check").outputText == "all \(count) rows are whole\n"
        && fixture.coffer("audit", "--check", "--json").line == #"{"rows":\#(count)}"#
    }
    #expect(isTold)
    for row in 1...count {
      // The length, the number, the box, and the very last byte.
      for offset in [
        offsets[row - 1], offsets[row - 1] + 4, offsets[row - 1] + 30, offsets[row] - 1,
      ] {
        flip(path, at: offset)
        defer { flip(path, at: offset) }
        let result = fixture.coffer("audit", "--check")
        #expect(result.status == 1 && result.output.isEmpty, "row \(row) at \(offset)")
        #expect(
          result.errorText.hasPrefix("coffer: audit.1: damaged: row \(row) has changed (offset ")
            || result.errorText.contains("row \(row) has changed"), "\(result.errorText)")
        // Who lists rows is told as well, and gets none that is not whole.
        let listed = fixture.coffer("audit")
        #expect(listed.status == 1 && listed.errorText.contains("row \(row) "))
      }
    }
    // The time may have been told by further rows meanwhile.
    #expect(fixture.coffer("audit", "--check").outputText.hasSuffix(" rows are whole\n"))
  }

  /// Changes a bit of the file in its place, or changes it back.
  private func flip(_ path: String, at offset: Int) {
    let file = open(path, O_RDWR)
    var byte: UInt8 = 0
    #expect(pread(file, &byte, 1, offset) == 1)
    byte ^= 1
    #expect(pwrite(file, &byte, 1, offset) == 1)
    close(file)
  }

  struct Damage: CustomTestStringConvertible {
    let testDescription: String

    /// The first bad row; nil is the last one of all.
    let row: Int?

    /// What becomes of the file; gets where its rows begin.
    let change: @Sendable ([UInt8], [Int]) -> [UInt8]
  }

  static let damages: [Damage] = [
    Damage(testDescription: "a row is left out", row: 4) { bytes, offsets in
      Array(bytes[..<offsets[3]] + bytes[offsets[4]...])
    },
    Damage(testDescription: "a row is there twice", row: 5) { bytes, offsets in
      Array(bytes[..<offsets[4]] + bytes[offsets[3]...])
    },
    Damage(testDescription: "two rows are exchanged", row: 4) { bytes, offsets in
      Array(
        bytes[..<offsets[3]] + bytes[offsets[4]..<offsets[5]] + bytes[offsets[3]..<offsets[4]]
          + bytes[offsets[5]...])
    },
    Damage(testDescription: "the last row is cut off", row: nil) { bytes, offsets in
      Array(bytes[..<offsets[offsets.count - 2]])
    },
    Damage(testDescription: "all rows are cut off", row: 1) { bytes, _ in Array(bytes[..<72]) },
  ]

  @Test("--check names the first bad row, however the file was changed", arguments: damages)
  func damaged(_ damage: Damage) {
    let bytes = Files.read(path)
    let offsets = offsets(bytes)
    let count = offsets.count - 1
    #expect(count >= 10)
    Files.write(damage.change(bytes, offsets), to: path)
    let result = fixture.coffer("audit", "--check")
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(result.errorText.contains("row \(damage.row ?? count) "), "\(result.errorText)")
    fixture.killDaemon()
    Files.write(bytes, to: path)
    #expect(fixture.coffer("audit", "--check").status == 0)
  }

  @Test("more rows than fit into an answer come in pages, none twice and none left out")
  func pages() throws {
    let client = try fixture.connect()
    client.send(String(repeating: "ENV web/stripe\n", count: 2500))
    for _ in 0..<2500 { #expect(client.readReply().last == "OK") }
    let before = try fixture.auditRows().count
    let page = client.ask("AUDIT")
    // A row that only tells the time is looked at, and not shown.
    #expect((1000...1024).contains(page.filter { $0.hasPrefix("S ROW ") }.count))
    #expect(page.dropLast().last == "S MORE after=1024")
    let lines = fixture.coffer("audit", "--json").outputText.split(separator: "\n")
    #expect(lines.count == before)
    let numbers = lines.compactMap { Int($0.dropFirst(5).prefix { $0 != "," }) }
    #expect(numbers.count == before && zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
    #expect(lines.filter { $0.contains(#""verb":"ENV""#) }.count == 2500)
    let key = fixture.coffer("audit", "--key", "web/stripe").outputText
    #expect(key.split(separator: "\n").count == 2502)
    let last = fixture.coffer("audit", "--key", "me/key-5", "--json").outputText
    #expect(last.split(separator: "\n").count == 1)
    #expect(client.code("AUDIT --limit=1025") == 55)
    #expect(client.code("AUDIT --limit=0") == 55)
    #expect(client.ask("AUDIT --limit=1").filter { $0.hasPrefix("S ROW ") }.count == 1)
    let check = client.ask("AUDIT --check")
    #expect(check == ["S CHECKED rows=1024", "S MORE after=1024", "OK"])
    let checked = fixture.coffer("audit", "--check").outputText
    #expect(checked.hasPrefix("all 25") && checked.hasSuffix(" rows are whole\n"), "\(checked)")
    // A byte far behind the first page is found too.
    var bytes = Files.read(path)
    let offsets = offsets(bytes)
    bytes[offsets[2000] + 20] ^= 0x80
    Files.write(bytes, to: path)
    let damaged = fixture.coffer("audit", "--check")
    #expect(damaged.status == 1 && damaged.errorText.contains("row 2001 has changed"))
  }
}
