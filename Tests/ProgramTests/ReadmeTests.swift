import Glibc
import Platform
import TestSupport
import Testing

/// Every command of README.md is run as a reader would run it.
@Suite("README")
struct ReadmeTests {
  static let text = String(decoding: Files.read(HouseTests.root + "README.md"), as: UTF8.self)

  /// The lines of all code blocks of a language, in order.
  static func lines(of language: String) -> [String] {
    var lines: [String] = []
    var isInside = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("```") {
        isInside = line == "```\(language)"
      } else if isInside, !line.isEmpty {
        lines.append(String(line))
      }
    }
    return lines
  }

  /// What is done on a CI runner once it has a vault; a booted system does it.
  static let runnerLines = lines(of: "console").filter { $0.hasPrefix("runner# ") }
    .map { String($0.dropFirst(8)) }.filter { !$0.hasPrefix("coffer init ") }

  let fixture = VaultFixture()

  var environment: [String: String] {
    var environment = fixture.environment
    environment["COFFER_HOME"] = nil
    environment["PATH"] = "\(Programs.directory):/usr/bin:/bin"
    return environment
  }

  @Test("the sessions work as they stand, from the first line to the last") func sessions() {
    let commands = Self.lines(of: "console").filter { $0.hasPrefix("$ ") }
      .map { String($0.dropFirst(2)) }
    #expect(commands.count > 25)
    var script = "set -e\ncd \(fixture.directory.path)\n"
    for (number, command) in commands.enumerated() {
      script += "\(command)\necho \"[done \(number)]\"\n"
    }
    // Where there is a person, there is a terminal.
    let terminal = PseudoTerminal("/bin/sh", ["-c", script], environment: environment)
    let passphrase = "correct horse battery staple"
    #expect(terminal.waitFor("New passphrase for the vault: "))
    terminal.type(passphrase + "\n")
    #expect(terminal.waitFor("The same again: "))
    terminal.type(passphrase + "\n")
    #expect(terminal.waitFor("Value of web/stripe: "), "\(terminal.text)")
    terminal.type("sk_live_typed\n")
    #expect(terminal.waitFor("13 57"), "\(terminal.text)")
    let (changed, ofBackup) = ("another passphrase", "a passphrase for the backup")
    for (prompt, typed) in [
      ("Passphrase of the vault: ", passphrase), ("Passphrase of the vault: ", passphrase),
      ("New passphrase for slot 1: ", changed),
      ("The same again: ", changed), ("Passphrase of the vault: ", changed),
      ("New passphrase for the backup: ", ofBackup), ("The same again: ", ofBackup),
      ("Passphrase of the backup: ", ofBackup), ("Passphrase of the backup: ", ofBackup),
    ] {
      #expect(terminal.waitFor(prompt), "\(terminal.text)")
      terminal.type(typed + "\n")
    }
    let rest = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0, "\(rest)")
    #expect(rest.contains("[done \(commands.count - 1)]"))
    fixture.endDaemon(at: fixture.directory.path + "/.local/state/coffer/socket")
    fixture.endDaemon(at: fixture.directory.path + "/elsewhere/socket")
  }

  @Test("the key file of the README opens the vault") func keyFile() {
    let commands = Self.lines(of: "sh").filter { $0.contains("coffer.key") }
    #expect(commands.count == 2)
    let script =
      "set -e\nmkdir .config\n" + commands.joined(separator: "\n")
      + "\ncoffer lock\ncoffer create me/x >/dev/null\ncoffer run -k me/x -- true"
    let result = Subprocess.run(
      "/bin/sh", ["-c", "cd \(fixture.directory.path)\n" + script], environment: environment)
    #expect(result.status == 0, "\(result.errorText)")
    let socket = fixture.directory.path + "/.local/state/coffer/socket"
    guard Programs.find("gpg-connect-agent") != nil else {
      print("skipped: gpg-connect-agent is not installed")
      return fixture.endDaemon(at: socket)
    }
    let end = Self.lines(of: "sh").filter { $0.hasPrefix("kill ") }
    #expect(end.count == 1)
    let ended = Subprocess.run("/bin/sh", ["-c", end.joined()], environment: environment)
    #expect(ended.status == 0, "\(ended.errorText)")
    #expect(eventually { (try? UnixSocket.connect(to: socket)) == nil })
  }

  // MARK: The team

  /// A line at the prompt of one of the people of the walk through.
  struct TeamLine {
    let person: String
    let command: String

    /// Whether the line says of itself that it is refused.
    let isRefused: Bool

    static let uids = ["ada": 1000, "bob": 1001, "job": 1002]

    init?(_ line: String) {
      guard let prompt = Self.uids.keys.first(where: { line.hasPrefix("\($0)$ ") }) else {
        return nil
      }
      person = prompt
      command = String(line.dropFirst(prompt.utf8.count + 2))
      isRefused = command.contains("# refused: ")
    }

    /// The arguments of `setpriv` that run it.
    var words: [String] {
      let line = command.hasPrefix("sudo ") ? String(command.dropFirst(5)) : command
      let uid = command.hasPrefix("sudo ") ? 0 : Self.uids[person] ?? 0
      return ["--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", "/bin/sh", "-c", line]
    }
  }

  @Test(
    "the walk through for a team works as it stands, each line by whom it names",
    .enabled(if: Programs.isRoot && Programs.find("setpriv") != nil, "needs root and setpriv"))
  func team() {
    let lines = Self.lines(of: "console").compactMap(TeamLine.init)
    #expect(lines.count > 25)
    let place = TeamPlace(fixture)
    var texts: [(command: String, text: String)] = []
    for line in lines {
      let result = place.run(line)
      #expect(
        result.status == (line.isRefused ? 1 : 0),
        "\(line.person)$ \(line.command)\n\(result.outputText)\(result.errorText)")
      texts.append((line.command, result.outputText + result.errorText))
    }
    func text(_ beginning: String) -> String {
      texts.first { $0.command.hasPrefix(beginning) }?.text ?? "no line begins so"
    }
    #expect(text("coffer list  ").contains("this uid is no user"))
    #expect(text("COFFER_API_KEY=$(cat old) coffer whoami").contains("key     web/deploy\n"))
    #expect(text("COFFER_API_KEY=$(cat old) coffer create").contains("never manages"))
    #expect(text("coffer verify < old").contains("former text until"))
    #expect(text("coffer verify < old  ") == "coffer: denied\n")
    #expect(text("coffer unused  ").contains("superseded  web/deploy"))
    for (_, text) in texts where text.contains("remove bob") || text.contains("removed bob") {
      #expect(text.contains("@bob/laptop") && text.contains("revoked"))
      #expect(text.contains("web/stripe") && text.contains("supplied"))
    }
    #expect(texts.count { $0.text.contains("@bob/laptop") && $0.text.contains("supplied") } == 2)
    #expect(text("coffer verify < laptop  ") == "coffer: denied\n")
    #expect(text("COFFER_API_KEY=$(cat new) coffer run") == "deployed with sk_live_5\n")
    #expect(text("coffer list --flag orphaned").contains("web/deploy"))
    #expect(text("coffer unused --class orphaned").contains("bob could not make it now"))
    #expect(text("coffer why").hasPrefix("web/deploy may use in web\n"))
    #expect(text("coffer audit --key web/deploy").contains("denied: dead-key"))
    #expect(text("coffer audit --check").contains("rows are whole"))
    #expect(!place.run("coffer list --flag orphaned", as: "ada").outputText.contains("web/deploy"))
    fixture.endDaemon()
  }

  @Test("the scripts and programs that it names are there, and what it links to") func links() {
    for line in Self.lines(of: "sh") where line.hasPrefix("bash ") {
      let path = line.split(separator: " ")[1]
      #expect(!Files.read(HouseTests.root + path).isEmpty, "\(path)")
    }
    let targets = Self.text.split(separator: "](").dropFirst().map { $0.prefix { $0 != ")" } }
    #expect(targets.count >= 4)
    for target in targets {
      #expect(!Files.read(HouseTests.root + target).isEmpty, "\(target)")
    }
    let others = Self.lines(of: "sh").filter { line in
      !["bash ", "kill ", "swift run"].contains { line.hasPrefix($0) }
        && !line.contains("coffer.key")
    }
    #expect(others == [], "commands that no test runs")
  }
}

/// Where the walk through takes place: the same words, with files of their own.
private struct TeamPlace {
  private let fixture: VaultFixture
  private let programs: String

  init(_ fixture: VaultFixture) {
    self.fixture = fixture
    programs = fixture.directory.path("programs")
    chmod(fixture.directory.path, 0o777)
    mkdir(programs, 0o755)
    let script = "#!/bin/sh\necho \"deployed with $STRIPE_KEY\"\n"
    Files.write(Array(script.utf8), to: fixture.directory.path("deploy.sh"))
    chmod(fixture.directory.path("deploy.sh"), 0o755)
  }

  func run(_ line: ReadmeTests.TeamLine) -> Subprocess.Result {
    // The booted system installs for good.
    if line.command.hasPrefix("bash ") || line.command.contains("usermod") {
      return Subprocess.run("/bin/true", [])
    }
    var words = line.words
    let last = words.count - 1
    if line.command.hasPrefix("sudo bash systemd/install.sh --system ") {
      fixture.startDaemon(["--system"], socket: fixture.directory.path("socket"))
      words[last] = "install -m 755 \(Programs.client) \(Programs.daemon) \(programs)"
    } else if line.command.hasPrefix("sudo coffer init ") {
      // There is nobody to ask for a passphrase.
      words[last] += " --key-file \(fixture.keyFilePath) --no-recovery"
    }
    words[last] = "cd \(fixture.directory.path)\n" + words[last]
    return Subprocess.run(
      Programs.find("setpriv") ?? "", words,
      environment: [
        "PATH": "\(programs):/usr/bin:/bin", "COFFER_SOCKET": fixture.directory.path("socket"),
      ])
  }

  func run(_ command: String, as person: String) -> Subprocess.Result {
    guard let line = ReadmeTests.TeamLine("\(person)$ \(command)") else {
      preconditionFailure("nobody is called \(person)")
    }
    return run(line)
  }
}
