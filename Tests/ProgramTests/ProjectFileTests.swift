import Glibc
import Platform
import TestSupport
import Testing

@Suite("coffer.env")
struct ProjectFileTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()
  var project: String { directory.path("project") }
  var path: String { project + "/coffer.env" }
  var copy: String { fixture.statePath + "/trusted" + path }

  static let text = "STRIPE=coffer://web/stripe\nSENTRY=coffer://web/sentry?\nWORD=hunter2\n"

  init() {
    fixture.initializeWithKeys()
    try? Directory.create(project + "/deep/down", permissions: 0o700)
  }

  func write(_ text: String, to name: String = "coffer.env", mode: UInt32 = 0o644) {
    let path = project + "/" + name
    Files.write(Array(text.utf8), to: path, mode: mode)
    chmod(path, mode)
  }

  /// Runs `coffer` in a directory of the project, without a terminal.
  func coffer(_ arguments: [String], in place: String = "") -> Subprocess.Result {
    Subprocess.run(
      "/bin/sh", ["-c", "cd \"$0\" && exec \"$@\"", project + place, Programs.client] + arguments,
      environment: fixture.environmentWithKeyFile)
  }

  /// Starts `coffer` on a terminal in a directory of the project.
  func terminal(
    _ arguments: [String], in place: String = "", output: String? = nil
  ) -> PseudoTerminal {
    PseudoTerminal(
      "/bin/sh", ["-c", "cd \"$0\" && exec \"$@\"", project + place, Programs.client] + arguments,
      environment: fixture.environmentWithKeyFile, output: output)
  }

  /// Runs `coffer` on a terminal, and answers its question.
  func answer(
    _ answer: String, _ arguments: [String], in place: String = "",
    after question: String = "Trust it as long as it stays as it is? [y/N] "
  ) -> (screen: String, rest: String, status: Int32) {
    let output = directory.path("screen")
    let terminal = terminal(arguments, in: place, output: output)
    #expect(terminal.shows(question), "\(terminal.text)")
    let screen = terminal.text
    terminal.type(answer + "\n")
    _ = terminal.readToEnd()
    defer { unlink(output) }
    return (
      screen, String(decoding: Files.read(output), as: UTF8.self), terminal.process.waitForEnd()
    )
  }

  private func trust(_ options: String...) {
    let answered = answer("y", ["run"] + options + ["--", "true"])
    #expect(answered.status == 0)
  }

  @Test("is found in the working directory and above, once it is trusted") func found() {
    write(Self.text)
    trust()
    for place in ["", "/deep", "/deep/down"] {
      let result = coffer(["run", "--", "sh", "-c", "echo $STRIPE $SENTRY $WORD"], in: place)
      #expect(result.line == "\(VaultFixture.stripeValue) hunter2", "\(result.errorText)")
    }
  }

  @Test("the nearest one counts") func nearest() {
    write("A=far\n")
    write("A=near\n", to: "deep/coffer.env")
    _ = answer("y", ["run", "--", "true"], in: "/deep/down")
    #expect(coffer(["run", "--", "printenv", "A"], in: "/deep/down").line == "near")
    #expect(coffer(["run", "--", "printenv", "A"]).status == 125)
  }

  @Test("without a terminal it is refused until it is trusted, with the way to name it")
  func untrusted() {
    write(Self.text)
    let result = coffer(["run", "--", "echo", "ran"])
    #expect(result.status == 125)
    #expect(result.output.isEmpty)
    #expect(
      result.errorText
        == "coffer: \(path): the file is not trusted yet, and there is no terminal to ask on\n"
        + "coffer: hint: 'coffer run -e \(path)' names it, and a file that is named is trusted\n")
    let named = coffer(["run", "-e", "./coffer.env", "--", "printenv", "STRIPE"])
    #expect(named.line == VaultFixture.stripeValue)
    #expect(Files.read(copy).isEmpty)
  }

  @Test("a terminal asks once, and shows names and references, but no values") func asks() {
    write(Self.text)
    let first = answer("yes", ["run", "--", "printenv", "STRIPE"])
    #expect(first.rest == VaultFixture.stripeValue + "\n")
    #expect(first.screen.contains("\(path) is not trusted yet. It sets:"), "\(first.screen)")
    #expect(first.screen.contains("STRIPE  web/stripe"))
    #expect(first.screen.contains("SENTRY  web/sentry?"))
    #expect(first.screen.contains("WORD    text of the file"))
    #expect(!first.screen.contains("hunter2"))
    #expect(Files.read(copy) == Array(Self.text.utf8))
    let status = try? FileStatus.ofFile(at: copy, followsLinks: false)
    #expect(status?.permissions == 0o600)
    #expect(coffer(["run", "--", "printenv", "STRIPE"]).line == VaultFixture.stripeValue)
  }

  @Test("what stands around a key is shown, since it tells where the key goes") func around() {
    write("URL=https://evil.example/?k=coffer://web/stripe\n")
    let seen = answer("n", ["run", "--", "true"])
    #expect(seen.screen.contains("URL  https://evil.example/?k=<web/stripe>"), "\(seen.screen)")
  }

  @Test("what stands around a key cannot steer the terminal") func controls() {
    write("URL=\"https://x/\u{1B}[2J\u{E4}?k=coffer://web/stripe\"\n")
    let seen = answer("n", ["run", "--", "true"])
    #expect(seen.screen.contains("URL  https://x/?[2J???k=<web/stripe>"), "\(seen.screen)")
  }

  @Test(
    "what stands around a key is in locked memory only while it is shown",
    .enabled(if: Programs.isRoot, "needs root"))
  func lockedMemory() {
    write("URL=https://user:hunter2-hunter2@x/?k=coffer://web/stripe\n")
    let terminal = terminal(["run", "--", "true"])
    #expect(terminal.waitFor("? [y/N] "))
    let search = SecretSearch(Array("hunter2-hunter2".utf8))
    let id = terminal.process.id
    #expect(search.found(inMemoryOf: id) != [])
    #expect(search.found(inMemoryOf: id, mayBeLocked: true) == [])
    terminal.type("n\n")
    _ = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 125)
  }

  @Test("what was typed before the question is no answer to it") func typedAhead() {
    write(Self.text)
    let script = "cd \"$0\" && echo ready && sleep 1 && exec \"$@\""
    let terminal = PseudoTerminal(
      "/bin/sh", ["-c", script, project, Programs.client, "run", "--", "echo", "has", "run"],
      environment: fixture.environmentWithKeyFile)
    #expect(terminal.waitFor("ready"))
    terminal.type("y\n")
    #expect(terminal.waitFor("Trust it as long as it stays as it is? [y/N] "))
    terminal.type("n\n")
    let rest = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 125, "\(rest)")
    #expect(!rest.contains("has run"))
  }

  @Test("an import takes the values out of the copy that was trusted as well") func imported() {
    write("STRIPE_SECRET=plain-text-value\n")
    trust()
    #expect(!Files.read(copy).isEmpty)
    let result = coffer(["import", "web/", "--env-file", "coffer.env", "--all"])
    #expect(result.status == 0, "\(result.errorText)")
    #expect(Files.read(copy).isEmpty)
    let left = Files.read(path)
    #expect(String(decoding: left, as: UTF8.self) == "STRIPE_SECRET=coffer://web/stripe-secret\n")
  }

  @Test("a no runs nothing, and is asked again", arguments: ["n", "", "later"])
  func refused(word: String) {
    write(Self.text)
    for _ in 1...2 {
      let answered = answer(word, ["run", "--", "echo", "ran"])
      #expect(answered.status == 125)
      #expect(answered.rest.isEmpty)
    }
    #expect(Files.read(copy).isEmpty)
  }

  @Test("a changed file is asked for again, and told to be changed") func changed() {
    write(Self.text)
    trust()
    write(Self.text + "DEPLOY=coffer://web/deploy\n")
    let result = coffer(["run", "--", "echo", "ran"])
    #expect(result.status == 125)
    #expect(result.errorText.contains("the file has changed since it was trusted"))
    let answered = answer("y", ["run", "--", "sh", "-c", "echo ${#DEPLOY}"])
    #expect(answered.rest == "57\n")
    #expect(answered.screen.contains("DEPLOY  web/deploy"))
    #expect(coffer(["run", "--", "true"]).status == 0)
    write(Self.text)
    #expect(coffer(["run", "--", "true"]).status == 125)
  }

  @Test("the same file at another place is another one") func moved() {
    write(Self.text)
    trust()
    rename(project, directory.path("other"))
    let result = Subprocess.run(
      "/bin/sh",
      ["-c", "cd \"$0\" && exec \"$@\"", directory.path("other"), Programs.client]
        + ["run", "--", "echo", "ran"],
      environment: fixture.environmentWithKeyFile)
    #expect(result.status == 125)
    #expect(result.errorText.contains("is not trusted yet"))
  }

  @Test("one that everybody may write to is refused, trusted or not") func writable() {
    write(Self.text)
    trust()
    write(Self.text, mode: 0o646)
    let result = coffer(["run", "--", "echo", "ran"])
    #expect(result.status == 125)
    #expect(
      result.errorText.hasPrefix(
        "coffer: \(path): everybody may write to it, so it is not used\n"))
  }

  @Test("one that belongs to somebody else is refused", .enabled(if: Programs.isRoot, "needs root"))
  func foreign() {
    write(Self.text)
    trust()
    chown(path, 12345, 12345)
    let result = coffer(["run", "--", "echo", "ran"])
    #expect(result.status == 125)
    #expect(
      result.errorText.hasPrefix(
        "coffer: \(path): it belongs to uid 12345, neither you nor root, so it is not used\n"))
  }

  @Test("one that is no regular file is refused, and not waited for") func fifo() {
    mkfifo(path, 0o600)
    let result = coffer(["run", "--", "echo", "ran"])
    #expect(result.status == 125)
    #expect(result.errorText.contains("it is no regular file"))
  }

  @Test("one with an error is refused before anybody is asked to trust it") func malformed() {
    write("A=1\nB='hunter2\n")
    let result = coffer(["run", "--", "echo", "ran"])
    #expect(result.errorText.hasPrefix("coffer: \(path):2: the value begins with a quote that"))
    #expect(!result.errorText.contains("hunter2"))
  }

  @Test("it is not looked at where something is selected") func notLookedAt() {
    write("A=1\nB='broken\n")
    let result = coffer(["run", "-k", "web/stripe", "--", "sh", "-c", "echo $STRIPE_KEY$A"])
    #expect(result.line == VaultFixture.stripeValue)
  }

  @Test("a profile has a file of its own, in place of coffer.env") func profile() {
    write("A=plain\nB=plain\n")
    write("A=staging\n", to: "coffer.staging.env")
    _ = answer("y", ["run", "--profile", "staging", "--", "true"], in: "/deep")
    let result = coffer(
      ["run", "--profile", "staging", "--", "sh", "-c", "echo $A $B"], in: "/deep/down")
    #expect(result.line == "staging", "\(result.errorText)")
    let missing = coffer(["run", "--profile", "production", "--", "echo", "ran"])
    #expect(missing.status == 125)
    #expect(
      missing.errorText.hasPrefix(
        "coffer: there is no coffer.production.env in \(project), nor above it\n"))
  }

  @Test("with nothing selected and no file the ways to select are told") func nothing() {
    let result = coffer(["run", "--", "echo", "ran"])
    #expect(result.status == 125)
    for way in ["nothing is selected", "'-k KEY'", "'-w WORKSPACE'", "'-e FILE'", "coffer.env"] {
      #expect(result.errorText.contains(way), "\(result.errorText)")
    }
  }

  @Test("--only narrows it, and asks for no other key") func only() {
    write("A=coffer://web/stripe\nB=coffer://web/nothing\n")
    trust("--only", "A")
    #expect(
      coffer(["run", "--only", "A", "--", "printenv", "A"]).line == VaultFixture.stripeValue)
    #expect(coffer(["run", "--", "true"]).errorText.hasPrefix("coffer: \(path):2: web/nothing: "))
  }
}
