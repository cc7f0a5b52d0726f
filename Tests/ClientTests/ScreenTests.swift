import Testing

@testable import Client

@Suite("Screen")
struct ScreenTests {
  let colored = Screen(columnCount: 40, hasColor: true)
  let plain = Screen(columnCount: nil, hasColor: false)
  static let header = ["NAME", "STATE", "NOTE"]

  @Test("paints the header, and words that tell how something is, in their column only")
  func painted() {
    let lines = Table.lines(
      header: Self.header,
      rows: [["revoked", "suspended", "revoked"], ["web/a", "active", ""]], on: colored)
    #expect(
      colored.painted(lines, under: lines[0]) == [
        "\u{1B}[1mNAME     STATE      NOTE\u{1B}[0m",
        "revoked  \u{1B}[33msuspended\u{1B}[0m  revoked",
        "web/a    active",
      ])
    #expect(plain.painted(lines, under: lines[0]) == lines)
  }

  @Test("a table fits a terminal, where the widest cells but the names are cut")
  func fits() {
    let name = "web/" + String(repeating: "n", count: 16)
    let rows = [[name, "active", String(repeating: "x", count: 40)], ["a", "b", "c"]]
    let lines = Table.lines(header: Self.header, rows: rows, on: colored)
    #expect(lines.allSatisfy { $0.count <= 40 })
    #expect(lines[1].hasPrefix(name + "  active  xxx"))
    #expect(lines[1].hasSuffix("x…"))
    #expect(Table.lines(header: Self.header, rows: rows, on: plain)[1].hasSuffix("xxxx"))
  }

  @Test("a terminal that is too narrow for the names has them whole")
  func tooNarrow() {
    let narrow = Screen(columnCount: 10, hasColor: false)
    let lines = Table.lines(
      header: Self.header, rows: [["web/a-long-name", "active", "nothing"]], on: narrow)
    #expect(lines[1] == "web/a-long-name  active  nothi…")
  }
}
