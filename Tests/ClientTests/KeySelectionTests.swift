import Testing
import Wire

@testable import Client

@Suite("KeySelection")
struct KeySelectionTests {
  /// What `coffer run` makes of its command line.
  static func selection(_ arguments: [String]) throws(ClientError) -> KeySelection {
    try KeySelection(
      try Arguments(
        arguments, Subcommand.run.options, command: "run", endsAtFirstWord: true))
  }

  static func lines(_ arguments: [String]) throws(ClientError) -> [String] {
    try selection(arguments).commands.map(\.line)
  }

  @Test("asks for keys in one line, and for each workspace in one of its own") func asks() throws {
    #expect(try Self.lines(["make"]) == [])
    #expect(try Self.lines(["-k", "web/stripe", "-k", "me/a=B"]) == ["ENV web/stripe me/a=B"])
    #expect(
      try Self.lines(["-k", "web/a", "-w", "ci", "--workspace=web", "--key", "b"])
        == ["ENV --workspace=ci", "ENV --workspace=web", "ENV web/a b"])
  }

  @Test("knows whether anything is selected, and which names were chosen") func knows() throws {
    #expect(try Self.selection(["make"]).isEmpty)
    #expect(try !Self.selection(["-w", "web"]).isEmpty)
    let selection = try Self.selection(["-k", "a=ONE", "-k", "b", "-k", "c=TWO", "-w", "web"])
    #expect(!selection.isEmpty)
    #expect(selection.chosenNames == ["ONE", "TWO"])
  }

  @Test(
    "refuses a name that no key may be injected as, before anything is asked",
    arguments: ["", "1A", "A-B", "PATH", "LD_PRELOAD", "A=B", "é"])
  func refusesNames(name: String) {
    let error = #expect(throws: ClientError.self) {
      _ = try Self.selection(["-k", "web/a=\(name)"])
    }
    #expect(error?.status == ExitStatus.failed)
    #expect(error?.hint != nil)
  }

  @Test("lines have at most 900 bytes, and no key is lost", arguments: [1, 5, 30, 500])
  func packs(count: Int) throws {
    let references = (0..<count).map { number in
      let length = number * 7 % 60
      return "workspace/" + String(repeating: "k", count: length) + "\(number)=NAME_\(number)"
    }
    let lines = try Self.lines(references.flatMap { ["-k", $0] })
    #expect(lines.allSatisfy { $0.utf8.count <= 900 })
    let words = try lines.flatMap { try Command(parsing: $0.utf8.span).words }
    #expect(words == references)
    // Each line is as full as the next word allows.
    for (line, next) in zip(lines, lines.dropFirst()) {
      let first = try #require(next.split(separator: " ").dropFirst().first)
      #expect(line.utf8.count + 1 + first.utf8.count > 900)
    }
  }

  @Test("fills a line up to exactly 900 bytes") func fillsLine() throws {
    // "ENV" and eight words of 100 bytes with their spaces: 811 bytes.
    let words = (0..<8).map { "web/" + String(repeating: "a", count: 95) + "\($0)" }
    let fitting = "web/" + String(repeating: "b", count: 84)
    func counts(_ last: String) throws -> [Int] {
      try Self.lines((words + [last]).flatMap { ["-k", $0] }).map(\.utf8.count)
    }
    #expect(try counts(fitting) == [900])
    #expect(try counts(fitting + "b") == [811, 93])
  }

  @Test(
    "a key or workspace that is named by nothing is refused",
    arguments: [
      ["-k", ""], ["-k", "=NAME"], ["-w", ""], ["-k", "web/a", "-k", ""],
    ])
  func refusesEmptyNames(_ arguments: [String]) {
    let error = #expect(throws: ClientError.self) { _ = try Self.lines(arguments) }
    #expect(error?.status == ExitStatus.usage)
    #expect(error?.message.hasSuffix("names nothing") == true)
  }

  @Test("what is too long for a name is refused, and not repeated whole") func refusesLongKey() {
    let error = #expect(throws: ClientError.self) {
      _ = try Self.lines(["-k", "web/" + String(repeating: "a", count: 1000)])
    }
    #expect(error?.status == ExitStatus.usage)
    #expect((error?.message.utf8.count ?? 999) < 200)
  }
}
