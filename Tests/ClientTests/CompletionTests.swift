import Testing

@testable import Client

@Suite("Completion")
struct CompletionTests {
  struct Case: CustomTestStringConvertible {
    let words: [String]
    let text: String
    var testDescription: String { words.joined(separator: " ") }
  }

  static func names(_ place: Place) -> [Completion.Candidate] {
    switch place {
    case .key: [.init(word: "web/stripe", explanation: "imported"), .init(word: "me/laptop")]
    case .workspace: [.init(word: "web")]
    case .user: [.init(word: "ada")]
    case .file, .subcommand, .choice, .free: []
    }
  }

  static let cases = [
    Case(words: ["unsus"], text: ""),
    Case(words: ["unu"], text: "unused\tLists keys that seem to be used no more, or ends them.\n"),
    Case(words: ["--vers"], text: "--version\tPrints the version of this program.\n"),
    Case(words: ["nothing", ""], text: ""),
    Case(words: ["show", ""], text: "web/stripe\timported\nme/laptop\t\n"),
    Case(words: ["show", "we"], text: "web/stripe\timported\n"),
    Case(words: ["show", "web/stripe", ""], text: ""),
    Case(words: ["show", "--js"], text: "--json\tprint JSON\n"),
    Case(words: ["show", "--", "we"], text: "web/stripe\timported\n"),
    Case(words: ["list", "--state", "s"], text: "suspended\t\n"),
    Case(words: ["list", "--state=s"], text: "--state=suspended\t\n"),
    Case(words: ["list", "-w", ""], text: "web\t\n"),
    Case(words: ["list", "--workspace=w"], text: "--workspace=web\t\n"),
    Case(words: ["grant", "a"], text: "ada\t\n"),
    Case(words: ["grant", "ada", "ed"], text: "editor\t\n"),
    Case(words: ["grant", "ada", "editor", ""], text: "web\t\n"),
    Case(words: ["user", "disable", ""], text: "ada\t\n"),
    Case(words: ["user", "list", ""], text: ""),
    Case(words: ["workspace", "ar"], text: "archive\t\n"),
    Case(words: ["workspace", "archive", ""], text: "web\t\n"),
    Case(words: ["slot", "add", "k"], text: "key-file\t\n"),
    Case(words: ["policy", "set", "max-g"], text: "max-grace\t\n"),
    Case(words: ["doctor", "--repair", "c"], text: "clock\t\n"),
    Case(words: ["backup", ""], text: ":file\n"),
    Case(words: ["unlock", "--key-file", ""], text: ":file\n"),
    Case(words: ["unlock", "--key-file="], text: ":file\n"),
    Case(
      words: ["help", "whoa"],
      text: "whoami\tTells on whose behalf you are served, and your roles.\n"),
    Case(words: ["run", "-k", "we"], text: "web/stripe\timported\n"),
    Case(words: ["run", "-w", "web", "-k", "me"], text: "me/laptop\t\n"),
    Case(words: ["run", "gi"], text: ":command 1\n"),
    Case(words: ["run", "-k", "web/stripe", "gi"], text: ":command 3\n"),
    Case(words: ["run", "-k", "web/stripe", "--", "git", "-"], text: ":command 4\n"),
    Case(words: ["run", "-kweb/stripe", "git", "log", ""], text: ":command 2\n"),
  ]

  @Test("offers what can stand there, and nothing else", arguments: cases)
  func offers(_ test: Case) {
    let completion = Completion(of: test.words, names: Self.names)
    #expect(completion.text(for: test.words.last ?? "") == test.text)
  }

  @Test("asks for names only where names can stand") func asksRarely() {
    var asked: [Place] = []
    for words in [["sh"], ["list", "--st"], ["list", "--state", ""], ["run", "--", "ls", ""]] {
      _ = Completion(of: words) { place in
        asked.append(place)
        return []
      }
    }
    #expect(asked.isEmpty)
  }

  @Test("every placeholder of a synopsis or an option is one that is known, or is free text")
  func placeholders() {
    let free: Set = [
      "NAME", "N", "TIME", "TEXT", "SCOPE", "WHEN", "SLOT", "UNIT", "VALUE", "[S=]PATH", "[S=]N",
      "HOST", "NAME,...",
    ]
    for subcommand in Subcommand.all {
      for value in subcommand.options.compactMap(\.value) where !free.contains(value) {
        #expect(Place(value) != .free, "\(subcommand.name): \(value)")
      }
    }
  }

  @Test("a synopsis comes to its forms, without options") func forms() {
    let synopsis = Synopsis("grant USER ROLE [WORKSPACE] | --unit UNIT [KEY [none]]", of: "grant")
    #expect(synopsis.forms.count == 2)
    #expect(synopsis.places(behind: []) == [.user, .key])
    #expect(synopsis.places(behind: ["ada", "editor"]) == [.workspace])
    let doctor = Synopsis("doctor [--json] | doctor --repair [clock | vault]", of: "doctor")
    #expect(doctor.places(behind: []) == [.choice(["clock", "vault"])])
  }
}
