import Platform
import TestSupport
import Testing
import Wire

@testable import Client

@Suite("VariableSelection")
struct VariableSelectionTests {
  let directory = TemporaryDirectory()

  /// What `coffer run` makes of its command line.
  static func selection(_ arguments: [String]) throws(ClientError) -> VariableSelection {
    try VariableSelection(
      try Arguments(
        arguments, Subcommand.run.options, command: "run", endsAtFirstWord: true))
  }

  static func lines(_ arguments: [String]) throws(ClientError) -> [String] {
    var selection = try selection(arguments)
    _ = selection.narrow { _ in false }
    return ValueRequests(selection).lines.map(\.command.line)
  }

  func write(_ text: String, to name: String = "x.env") -> String {
    Files.write(Array(text.utf8), to: directory.path(name))
    return directory.path(name)
  }

  @Test("asks for keys in one line, and for each workspace in one of its own") func asks() throws {
    #expect(try Self.lines(["make"]) == [])
    #expect(try Self.lines(["-k", "web/stripe", "-k", "me/a"]) == ["ENV web/stripe me/a"])
    #expect(
      try Self.lines(["-k", "web/a", "-w", "ci", "--workspace=web", "--key", "b"])
        == ["ENV --workspace=ci", "ENV --workspace=web", "ENV web/a b"])
  }

  @Test("a key whose name is chosen is asked for by itself, and once") func asksForChosen() throws {
    #expect(
      try Self.lines(["-k", "web/a=A", "-k", "b", "-k", "web/a=B", "-k", "me/c=C"])
        == ["ENV b", "ENV web/a=V0 me/c=V1"])
  }

  @Test("each key of the files is asked for once, and optional ones in lines of their own")
  func asksForReferences() throws {
    let first = write("A=coffer://web/a\nB=x:coffer://web/b:coffer://web/a\nC=plain\n")
    let second = write("D=coffer://web/d?\nE=coffer://web/e?\nF=coffer://web/a?\n", to: "y.env")
    #expect(
      try Self.lines(["-e", first, "-e", second])
        == ["ENV web/a=V0 web/b=V1", "ENV web/d=V2", "ENV web/e=V3"])
  }

  @Test("a later file, and a later line, win over earlier ones") func laterWins() throws {
    let first = write("A=coffer://web/a\nB=coffer://web/b\n")
    let second = write("A=plain\nB=coffer://web/c\nB=coffer://web/d\nC\n", to: "y.env")
    #expect(try Self.lines(["-e", first, "-e", second]) == ["ENV web/d=V0"])
    #expect(try Self.lines(["-e", second, "-e", first]) == ["ENV web/a=V0 web/b=V1"])
    #expect(try Self.selection(["-e", second]).variables.map(\.name) == ["A", "B"])
  }

  @Test("--only leaves out what is not wanted before anything is asked") func only() throws {
    let file = write("A=coffer://web/a\nB=coffer://web/b\n")
    let all = ["-e", file, "-k", "web/c=C", "-k", "web/d", "-w", "ci"]
    #expect(try Self.lines(all + ["--only", "A"]) == ["ENV web/a=V0"])
    #expect(try Self.lines(all + ["--only", "C,B"]) == ["ENV web/c=V0 web/b=V1"])
    #expect(
      try Self.lines(all + ["--only", "A,X,Y"])
        == ["ENV --workspace=ci --only=X,Y", "ENV --only=X,Y web/d", "ENV web/a=V0"])
  }

  @Test("many names of --only are asked for in several lines") func manyNames() throws {
    let names = (0..<40).map { "A_RATHER_LONG_NAME_FOR_A_VARIABLE_\($0)" }
    let lines = try Self.lines(["-w", "web", "-k", "web/a", "--only", names.joined(separator: ",")])
    #expect(lines.allSatisfy { $0.utf8.count <= 900 })
    let asked = try lines.filter { $0.contains("--workspace") }.flatMap { line in
      try Command(parsing: line.utf8.span).value(of: "only")?.split(separator: ",").map(String.init)
        ?? []
    }
    #expect(asked == names)
    #expect(lines.filter { $0.hasSuffix(" web/a") }.count == lines.count / 2)
  }

  @Test("names that are unknown so far are told") func unknownNames() throws {
    var selection = try Self.selection(["-k", "web/a=A", "-k", "web/b", "--only", "A,X"])
    #expect(selection.narrow { _ in false } == ["X"])
    #expect(selection.only == ["X"])
    #expect(selection.hasVaultNames)
  }

  @Test("what is kept is not asked for") func kept() throws {
    var selection = try Self.selection(["-k", "web/a=A", "-k", "web/b=B", "-k", "web/c"])
    _ = selection.narrow { $0 == "A" || $0 == "C" }
    #expect(ValueRequests(selection).lines.map(\.command.line) == ["ENV web/c", "ENV web/b=V0"])
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

  @Test(
    "refuses a name of a file that steers programs, unless it is left out",
    arguments: ["PATH", "LD_PRELOAD", "NODE_OPTIONS", "COFFER_HOME"])
  func refusesReserved(name: String) throws {
    let path = write("A=1\n\(name)=hunter2\n")
    let error = #expect(throws: ClientError.self) { try Self.selection(["-e", path]).checkNames() }
    #expect(error?.message.hasPrefix("\(path):2: \(name): invalid: ") == true)
    #expect(error?.message.contains("hunter2") == false)
    var selection = try Self.selection(["-e", path, "--only", "A"])
    _ = selection.narrow { _ in false }
    try selection.checkNames()
  }

  @Test("lines have at most 900 bytes, and no key is lost", arguments: [1, 5, 30, 500])
  func packs(count: Int) throws {
    let references = (0..<count).map { number in
      let length = number * 7 % 60
      return "workspace/" + String(repeating: "k", count: length) + "\(number)"
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
    let workspace = String(repeating: "w", count: 35)
    let words = (0..<8).map { workspace + "/" + String(repeating: "a", count: 63) + "\($0)" }
    let fitting = workspace + "/" + String(repeating: "b", count: 52)
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
