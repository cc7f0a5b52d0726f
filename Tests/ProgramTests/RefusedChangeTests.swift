import Platform
import TestSupport
import Testing

/// A change that is refused, or only tried, leaves the records as they are.
@Suite("Refused changes", .enabled(if: Team.isPossible, "needs root and setpriv"))
struct RefusedChangeTests {
  let team = Team()

  init() {
    team.owner("create", "web/deploy")
    team.owner("create", "web/ended")
    team.owner("revoke", "web/ended")
    team.owner("create", "web/paused")
    team.owner("suspend", "web/paused")
    team.owner("create", "web/editors", "--access", "editor")
    team.owner("create", "org/billing")
    team.owner("import", "api/stripe", input: "value-of-api")
    team.editor("create", "me/laptop")
    team.owner("workspace", "add", "old")
    team.owner("workspace", "archive", "old")
  }

  struct Case {
    let uid: Int
    let arguments: [String]
    var input = ""

    /// What the message has behind `coffer: `.
    let message: String

    init(_ uid: Int, _ arguments: [String], input: String = "", _ message: String) {
      self.uid = uid
      self.arguments = arguments
      self.input = input
      self.message = message
    }
  }

  static let keys: [Case] = [
    Case(Team.vic, ["create", "web/new"], "web/new: forbidden: this needs the role editor"),
    Case(Team.vic, ["import", "web/new"], input: "v", "web/new: forbidden: this needs the role"),
    Case(Team.vic, ["replace", "web/stripe"], input: "v", "web/stripe: forbidden: "),
    Case(Team.vic, ["rotate", "web/deploy"], "web/deploy: forbidden: "),
    Case(Team.vic, ["suspend", "web/deploy"], "web/deploy: forbidden: "),
    Case(Team.vic, ["resume", "web/paused"], "web/paused: forbidden: "),
    Case(Team.vic, ["expire", "web/deploy", "1h"], "web/deploy: forbidden: "),
    Case(Team.vic, ["revoke", "web/deploy"], "web/deploy: forbidden: "),
    Case(
      Team.vic, ["run", "-k", "web/editors", "--", "true"], "web/editors: forbidden: the key may"),
    Case(Team.max, ["revoke", "web/deploy"], "web/deploy: not found\n"),
    Case(Team.max, ["create", "web/new"], "web/new: not found\n"),
    Case(Team.eve, ["create", "api/new"], "api/new: not found\n"),
    Case(Team.eve, ["create", "nowhere/new"], "nowhere/new: not found\n"),
    Case(Team.eve, ["revoke", "api/stripe"], "api/stripe: not found\n"),
    Case(Team.eve, ["create", "org/new"], "org/new: forbidden: only an Owner"),
    Case(Team.eve, ["revoke", "org/billing"], "org/billing: not found\n"),
    Case(Team.eve, ["create", "web/new", "--access", "admin"], "--access: invalid: "),
    Case(Team.eve, ["create", "web/deploy"], "web/deploy: conflict: a live key has this name\n"),
    Case(Team.eve, ["create", "web/new", "--env", "STRIPE"], "web/new: conflict: web/stripe has"),
    Case(Team.eve, ["import", "web/new", "--env", "PATH"], input: "v", "PATH: invalid: "),
    Case(
      Team.eve, ["import", "web/new", "--env", "GIT_SSH_COMMAND"], input: "v",
      "GIT_SSH_COMMAND: invalid: "),
    Case(
      Team.eve, ["create", "web/new", "--expires", "366d"], "web/new: invalid: the lifetime is"),
    Case(Team.eve, ["create", "me/new", "--expires", "366d"], "me/new: invalid: the lifetime is"),
    Case(
      Team.eve, ["create", "me/new", "--expires", "never"],
      "me/new: invalid: an issued key must expire"),
    Case(Team.eve, ["create", "me/new", "--scope", "api:use"], "api: not found\n"),
    Case(Team.eve, ["create", "me/new", "--scope", ":use"], "--scope: invalid: "),
    Case(
      Team.eve, ["create", "web/new", "--scope", "web:use"], "web/new: invalid: only a user key"),
    Case(Team.eve, ["create", "web/new", "--custody", "glass"], "--custody: invalid: "),
    Case(Team.eve, ["rotate", "web/ended"], "web/ended: wrong state: the key is revoked\n"),
    Case(Team.eve, ["rotate", "web/paused"], "web/paused: wrong state: the key is suspended\n"),
    Case(Team.eve, ["rotate", "web/deploy", "--grace", "31d"], "web/deploy: invalid: "),
    Case(Team.eve, ["suspend", "web/ended"], "web/ended: wrong state: the key is revoked\n"),
    Case(Team.eve, ["resume", "web/ended"], "web/ended: wrong state: the key is revoked\n"),
    Case(Team.eve, ["expire", "web/deploy", "400d"], "web/deploy: invalid: an expiry is brought"),
    Case(Team.eve, ["expire", "web/ended", "1h"], "web/ended: wrong state: the key is revoked\n"),
    Case(Team.eve, ["suspend", "web/deploy", "--reason", "a\nb"], "note: invalid: "),
    Case(Team.ada, ["rotate", "@eve/laptop"], "@eve/laptop: forbidden: only its own user"),
    Case(Team.ada, ["run", "-k", "@eve/laptop", "--", "true"], "@eve/laptop: forbidden: only its"),
    Case(Team.ada, ["resume", "@eve/laptop"], "@eve/laptop: forbidden: only its own user"),
    Case(Team.ada, ["expire", "@eve/laptop", "1h"], "@eve/laptop: forbidden: only its own user"),
    Case(Team.ada, ["create", "old/new"], "old: wrong state: the workspace is archived\n"),
  ]

  static let people: [Case] = [
    Case(
      Team.eve, ["grant", "max", "viewer", "web"], "web: forbidden: only its Admins and Owners"),
    Case(Team.eve, ["grant", "max", "viewer", "api"], "api: not found\n"),
    Case(Team.eve, ["grant", "eve", "owner"], "eve: forbidden: only an Owner gives roles"),
    Case(
      Team.eve, ["user", "add", "new", "--uid", "9"], "new: forbidden: only an Owner adds users"),
    Case(Team.eve, ["user", "disable", "vic"], "vic: forbidden: only an Owner"),
    Case(Team.eve, ["user", "remove", "nobody"], "nobody: forbidden: only an Owner"),
    Case(Team.eve, ["user", "rebind", "vic", "--uid", "9"], "vic: forbidden: only an Owner"),
    Case(Team.eve, ["workspace", "add", "new"], "new: forbidden: only an Owner adds workspaces"),
    Case(Team.eve, ["workspace", "archive", "web"], "web: forbidden: only an Owner archives"),
    Case(Team.eve, ["policy", "set", "allow-never", "true"], "allow-never: forbidden: only an"),
    Case(Team.ada, ["grant", "max", "boss", "web"], "role: invalid: "),
    Case(
      Team.ada, ["grant", "max", "editor", "old"], "old: wrong state: the workspace is archived"),
    Case(Team.ada, ["user", "add", "eve", "--uid", "9"], "eve: conflict: a user has this name\n"),
    Case(Team.ada, ["user", "add", "new", "--uid", "4302"], "new: conflict: uid 4302 is bound"),
    Case(Team.ada, ["user", "add", "new", "--uid", "61184"], "uid 61184: invalid: "),
    Case(Team.ada, ["user", "add", "New", "--uid", "9"], "New: invalid: a name"),
    Case(Team.ada, ["user", "disable", "nobody"], "nobody: not found\n"),
    Case(Team.ada, ["user", "remove", "ada"], "ada: wrong state: the last active Owner"),
    Case(Team.ada, ["workspace", "add", "old"], "old: conflict: a workspace has this name\n"),
    Case(Team.ada, ["workspace", "add", "me"], "me: invalid: me, org and id are reserved"),
    Case(Team.ada, ["workspace", "archive", "none"], "none: not found\n"),
    Case(Team.ada, ["policy", "set", "max-lifetime", "0d"], "max-lifetime: invalid: "),
    Case(Team.ada, ["policy", "set", "color", "red"], "policy: invalid: "),
    Case(Team.ada, ["policy", "set", "allow-never", "maybe"], "allow-never: invalid: "),
    Case(Team.ada, ["policy", "set", "max-grace", "31d"], "max-grace: invalid: "),
  ]

  @Test("what is refused is told with its object and rule, and not a byte of the records changes")
  func refused() {
    let before = team.fixture.records
    #expect(before.count == 1 && before.values.allSatisfy { $0.count > 1000 })
    for test in Self.keys + Self.people {
      let result = team.coffer(as: test.uid, test.arguments, input: test.input)
      let said = test.arguments.joined(separator: " ")
      #expect([1, 125].contains(result.status), "\(said)")
      #expect(result.output.isEmpty, "\(said)")
      #expect(
        result.errorText.hasPrefix("coffer: \(test.message)"), "\(said): \(result.errorText)")
      #expect(isSame(before["records.1"], team.fixture.records["records.1"]), "\(said)")
    }
    #expect(team.fixture.records.keys == before.keys)
  }

  @Test("of a workspace that is not found, or out of sight, it is told where the others are")
  func workspaceHint() {
    for key in ["nowhere/new", "api/new"] {
      for verb in ["create", "import"] {
        let result = team.coffer(as: Team.eve, [verb, key], input: verb == "import" ? "v" : "")
        #expect(
          result.errorText == """
            coffer: \(key): not found
            coffer: hint: 'coffer workspace list' has the workspaces in sight; an Owner adds \
            another one with 'coffer workspace add'

            """)
      }
    }
    let other = team.coffer(as: Team.eve, ["create", "@nobody/new"])
    #expect(
      other.errorText == """
        coffer: @nobody/new: not found
        coffer: hint: 'coffer list' has the keys in sight

        """)
  }

  static let dryRuns: [([String], String)] = [
    (["user", "disable", "eve"], "@eve/laptop"), (["user", "remove", "eve"], "revoked"),
    (["user", "rebind", "eve", "--uid", "4311"], ""), (["grant", "eve", "none", "web"], "web"),
    (["grant", "eve", "viewer", "web"], "web: editor, then viewer"),
    (["grant", "vic", "owner"], ""), (["workspace", "archive", "web"], "web/deploy"),
    (["policy", "set", "max-lifetime", "30d"], ""),
  ]

  @Test("--dry-run tells what would change, and changes not a byte of the records") func dryRun() {
    let before = team.fixture.records
    let listed = team.owner("list", "--json").outputText + team.owner("user", "list").outputText
    for (arguments, effect) in Self.dryRuns {
      let said = arguments.joined(separator: " ")
      let tried = team.coffer(as: Team.ada, arguments + ["--dry-run"])
      #expect(tried.status == 0, "\(tried.errorText)")
      #expect(tried.errorText.contains("would ") || arguments[0] == "policy", "\(tried.errorText)")
      #expect(effect.isEmpty || tried.outputText.contains(effect), "\(said): \(tried.outputText)")
      #expect(isSame(before["records.1"], team.fixture.records["records.1"]), "\(said)")
    }
    #expect(
      team.owner("list", "--json").outputText + team.owner("user", "list").outputText == listed)
    // The same change, done, has the effects that were told.
    let tried = team.owner("user", "remove", "eve", "--dry-run", "--json").outputText
    let done = team.owner("user", "remove", "eve", "--json").outputText
    #expect(tried == done && tried.contains(#""change":"revoked""#), "\(tried)\n\(done)")
    #expect(!isSame(before["records.1"], team.fixture.records["records.1"]))
  }

  @Test("what is so already is no refusal, and changes not a byte either") func unchanged() {
    let before = team.fixture.records
    for arguments in [
      ["revoke", "web/ended"], ["suspend", "web/paused"], ["resume", "web/deploy"],
      ["grant", "eve", "editor", "web"], ["grant", "ada", "owner"], ["user", "enable", "eve"],
      ["user", "rebind", "eve", "--uid", "4302"], ["workspace", "archive", "old"],
      ["policy", "set", "max-lifetime", "365d"],
    ] {
      let result = team.coffer(as: Team.ada, arguments)
      #expect(result.status == 0, "\(result.errorText)")
      #expect(result.errorText.contains("already"), "\(result.errorText)")
    }
    #expect(team.fixture.records == before)
  }
}
