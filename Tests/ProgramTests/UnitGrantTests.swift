import Glibc
import Platform
import TestSupport
import Testing

/// Which unit may be given which key, by one person on a daemon of their own.
@Suite("coffer grant --unit")
struct UnitGrantTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  private func units(_ key: String) -> String {
    let json = fixture.coffer("show", key, "--json").line
    return String(
      json.split(separator: #""units":["#).dropFirst().first?.prefix { $0 != "]" } ?? "none")
  }

  @Test("grants, lists, shows and withdraws, and says what was so already") func life() {
    let unit = ["grant", "--unit", "web.service"]
    let granted = fixture.coffer(unit + ["web/stripe"])
    #expect(granted.status == 0 && granted.output.isEmpty)
    #expect(
      granted.errorText.hasPrefix(
        "coffer: web.service is given web/stripe\n"
          + "coffer: hint: put into the unit, below [Service]: "
          + "LoadCredential=stripe:/run/coffer/credential\n"), "\(granted.errorText)")
    #expect(granted.errorText.contains("warning: this daemon is your own"))
    let named = fixture.coffer(
      "grant", "--unit", "db.mount", "web/deploy", "--credential", "the key")
    #expect(
      named.errorText.contains(
        "below [Mount]: LoadCredential=the key:/run/coffer/credential\n"), "\(named.errorText)")
    #expect(
      fixture.coffer(unit + ["web/stripe"]).errorText.hasPrefix(
        "coffer: web.service was given web/stripe already\n"))
    #expect(
      fixture.coffer(unit).outputText == """
        UNIT         CREDENTIAL  KEY
        web.service  stripe      web/stripe

        """)
    #expect(
      fixture.coffer(unit + ["--json"]).line
        == #"{"unit":"web.service","credential":"stripe","key":"web/stripe","restored":false}"#)
    #expect(
      units("web/stripe") == #"{"unit":"web.service","credential":"stripe","restored":false}"#)
    #expect(fixture.coffer("show", "web/deploy").outputText.contains("for db.mount  as the key\n"))
    let withdrawn = fixture.coffer(unit + ["web/stripe", "none"])
    #expect(withdrawn.errorText == "coffer: web.service is not given web/stripe any more\n")
    #expect(
      fixture.coffer(unit + ["web/stripe", "none"]).errorText
        == "coffer: web.service was not given web/stripe\n")
    let none = fixture.coffer(unit)
    #expect(
      none.output.isEmpty && none.errorText == "coffer: web.service is given no key in sight\n")
    #expect(fixture.coffer(unit + ["--json"]).output.isEmpty && units("web/stripe").isEmpty)
  }

  @Test("is there after a crash, and gone with the key") func survives() {
    fixture.coffer("grant", "--unit", "web@.service", "web/deploy")
    fixture.killDaemon()
    fixture.startDaemon()
    #expect(units("web/deploy").contains("web@.service"))
    #expect(
      fixture.coffer("grant", "--unit", "web@1.service").outputText
        .contains("web@.service  deploy      web/deploy"))
    fixture.coffer("revoke", "web/deploy")
    #expect(units("web/deploy").isEmpty)
    fixture.coffer("create", "web/deploy")
    #expect(units("web/deploy").isEmpty)
    #expect(fixture.coffer("grant", "--unit", "web@.service").output.isEmpty)
  }

  @Test("the lines of the protocol are those that it has by its documentation") func lines() throws
  {
    let client = try fixture.connect()
    let plain = "GRANT --unit=web.service web/stripe"
    let answer = "S GRANT unit=web.service credential=stripe key=web/stripe"
    let before = fixture.records
    #expect(
      client.ask("\(plain) --dry-run") == [
        "\(answer) changed=yes", "S UNSERVED unit=web.service", "OK",
      ])
    #expect(fixture.records == before)
    for changed in ["yes", "no"] {
      #expect(
        client.ask(plain) == [
          "\(answer) changed=\(changed)", "S UNSERVED unit=web.service", "OK",
        ])
    }
    #expect(client.ask("GRANT --unit=web.service") == [answer, "OK"])
    let shown = client.ask("SHOW web/stripe")
    #expect(shown.contains("S UNIT unit=web.service credential=stripe"), "\(shown)")
    #expect(
      client.ask("GRANT --unit=web.service --credential=a%20key web/stripe").first
        == "S GRANT unit=web.service credential=a%20key key=web/stripe changed=yes")
    for (line, code) in [
      ("GRANT --unit=web.service web/none", 27), ("GRANT --unit=web.service web/none none", 27),
      ("GRANT --unit=web.timer web/stripe", 55), ("GRANT --unit=web web/stripe", 55),
      ("GRANT --unit=web.service web/stripe --credential=a/b", 55),
      ("GRANT --unit=web.service --credential=stripe web/deploy", 70),
      ("GRANT --unit=web.service web/stripe viewer", 280),
      ("GRANT --unit=web.service web/stripe none more", 280),
      ("GRANT --unit=web.service --credential=a", 174), ("GRANT --unit web/stripe", 280),
      ("GRANT root admin web --credential=a", 174), ("GRANT", 280), ("GRANT root", 280),
    ] {
      let reply = client.ask(line)
      #expect(AssuanClient.errorCode(of: reply) == code, "\(line): \(reply)")
    }
    #expect(
      client.ask("\(plain) none") == ["\(answer) changed=yes", "OK"])
  }

  @Test("the text of a key is told and kept nowhere that was taken for a unit's or credential's")
  func keyTexts() throws {
    let text = fixture.coffer("create", "me/job").line
    let secret = text.dropFirst(20).prefix(24)
    let client = try fixture.connect()
    for line in [
      "GRANT --unit=\(text).service web/stripe", "GRANT --unit=a@\(text).service",
      "GRANT --unit=web.service web/stripe --credential=\(text)",
    ] {
      let reply = client.ask(line)
      #expect(AssuanClient.errorCode(of: reply) == 55, "\(line)")
      #expect(!reply.contains { $0.contains(secret) }, "\(reply)")
    }
    #expect(!fixture.coffer("audit", "--json").outputText.contains(secret))
    #expect(!fixture.log.contains(secret))
  }

  @Test("wrong forms are usage, and told with the right one") func usage() {
    for arguments in [
      ["grant"], ["grant", "ada"], ["grant", "--unit", "web.service", "web/stripe", "viewer"],
      ["grant", "--unit", "web.service", "--credential", "a"],
      ["grant", "ada", "viewer", "web", "--credential", "a"],
    ] {
      let result = fixture.coffer(arguments)
      #expect(result.status == 2 && result.errorText.contains("hint: "), "\(result.errorText)")
    }
    let wrong = fixture.coffer("grant", "--unit", "web", "web/stripe")
    #expect(wrong.status == 1)
    #expect(wrong.errorText.hasPrefix("coffer: web: invalid: a unit's name has"))
  }

  @Test("comes back from a backup, and waits until somebody has looked") func restored() {
    fixture.coffer("grant", "--unit", "web.service", "web/stripe")
    let path = fixture.directory.path("vault.backup")
    let copy = VaultFixture()
    fixture.coffer("backup", path, "--key-file", copy.keyFilePath)
    let made = copy.coffer("restore", path, "--key-file", copy.keyFilePath)
    #expect(made.errorText.contains("coffer: 1 grant to systemd units, too"), "\(made.errorText)")
    let waiting = copy.coffer("list", "--flag", "restored-grant", "--json").outputText
    #expect(waiting.split(separator: "\n").count == 1 && waiting.contains("web/stripe"))
    #expect(
      copy.coffer("grant", "--unit", "web.service").outputText.contains("web/stripe  restored"))
    #expect(copy.coffer("show", "web/stripe").outputText.contains("as stripe (restored)"))
    let resumed = copy.coffer("resume", "--restored")
    #expect(
      resumed.errorText
        == "coffer: resumed 1 key and 1 grant to units that came back from a backup or a repair\n")
    #expect(!copy.coffer("grant", "--unit", "web.service").outputText.contains("restored"))
  }
}

/// The same by several people, each with a real uid.
@Suite("Grants to units in a team", .enabled(if: Team.isPossible, "needs root and setpriv"))
struct TeamUnitGrantTests {
  let team = Team()

  @Test("Owners grant, nobody else does, and nobody learns of what is out of sight")
  func sight() {
    let granted = team.owner("grant", "--unit", "web.service", "web/stripe")
    #expect(granted.status == 0 && !granted.errorText.contains("warning"), "\(granted.errorText)")
    let refused = team.editor("grant", "--unit", "b.service", "web/stripe")
    let reason = "forbidden: only an Owner grants keys to units"
    #expect(refused.errorText.hasPrefix("coffer: web/stripe: \(reason)"), "\(refused.errorText)")
    team.owner("grant", "eve", "admin", "web")
    #expect(team.editor("grant", "--unit", "b.service", "web/stripe").status == 1)
    #expect(team.editor("grant", "--unit", "web.service", "web/stripe", "none").status == 1)
    #expect(team.viewer("grant", "--unit", "web.service").outputText.contains("web/stripe"))
    // Max has no role there.
    for arguments in [
      ["web/stripe"], ["web/stripe", "none"], ["web/never"], ["web/never", "none"],
    ] {
      let result = team.coffer(as: Team.max, ["grant", "--unit", "web.service"] + arguments)
      #expect(result.status == 1)
      #expect(result.errorLine == "coffer: \(arguments[0]): not found")
    }
    let (given, ungiven) = ["web.service", "never.service"].map {
      team.coffer(as: Team.max, ["grant", "--unit", $0])
    }.pair
    #expect(given.status == 0 && ungiven.status == 0 && given.output.isEmpty)
    #expect(given.errorText == "coffer: web.service is given no key in sight\n")
    #expect(ungiven.errorText == "coffer: never.service is given no key in sight\n")
    // One's own keys are one's own, but not what a unit is given.
    team.viewer("import", "me/mail", input: "value")
    let own = team.viewer("grant", "--unit", "mail.service", "me/mail")
    #expect(own.errorText.hasPrefix("coffer: me/mail: \(reason)"), "\(own.errorText)")
    #expect(team.owner("grant", "--unit", "mail.service", "@vic/mail").status == 1)
    #expect(team.root("grant", "--unit", "web.service").errorText.contains("this uid is no user"))
  }
}

extension [Subprocess.Result] {
  /// The first two of them.
  fileprivate var pair: (Subprocess.Result, Subprocess.Result) { (self[0], self[1]) }
}
