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
    #expect(commands.count > 15)
    var script = "set -e\n"
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
    #expect(terminal.waitFor("Passphrase of the vault: "), "\(terminal.text)")
    terminal.type(passphrase + "\n")
    let rest = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0, "\(rest)")
    #expect(rest.contains("[done \(commands.count - 1)]"))
    fixture.endDaemon(at: fixture.directory.path + "/.local/state/coffer/socket")
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
    fixture.endDaemon(at: fixture.directory.path + "/.local/state/coffer/socket")
  }

  @Test(
    "the commands for several users work for them",
    .enabled(if: Programs.isRoot && Programs.find("setpriv") != nil, "needs root and setpriv"))
  func severalUsers() {
    let commands = Self.lines(of: "sh").filter {
      $0.hasPrefix("sudo ") || $0.hasPrefix("coffer user") || $0.hasPrefix("coffer grant")
        || $0.hasPrefix("coffer whoami")
    }
    #expect(commands.count == 5)
    chmod(fixture.directory.path, 0o755)
    let socket = fixture.directory.path("socket")
    let key = fixture.directory.path("key")
    // The same words, with a place of their own and without a person to ask.
    let script = commands.map { command -> String in
      if command == "sudo cofferd --system &" {
        return "cofferd --system --state \(fixture.statePath) --socket \(socket) 2>/dev/null &\n"
          + "until [ -S \(socket) ]; do sleep 0.01; done"
      }
      if command.hasPrefix("sudo ") {
        return command.dropFirst(5) + " --key-file \(key) --no-recovery\n"
          + "COFFER_KEY_FILE= coffer status\n" + asAda("coffer workspace add web")
      }
      return asAda(command)
    }
    let result = Subprocess.run(
      "/bin/sh", ["-c", "set -e\n" + script.joined(separator: "\n")],
      environment: environment.merging(["COFFER_SOCKET": socket]) { $1 })
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.outputText.hasSuffix("user    ada\nrole    owner\nin web  owner\n"))
    fixture.endDaemon(at: socket)
  }

  private func asAda(_ command: String) -> String {
    "setpriv --reuid 1000 --regid 1000 --clear-groups \(command)"
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
      !["bash ", "sudo ", "coffer user", "coffer grant", "coffer whoami", "swift run"].contains {
        line.hasPrefix($0)
      } && !line.contains("coffer.key")
    }
    #expect(others == [], "commands that no test runs")
  }
}
