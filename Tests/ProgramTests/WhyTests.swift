import TestSupport
import Testing

/// `coffer why` beside what really happens, with real uids.
@Suite("coffer why", .enabled(if: Team.isPossible, "needs root and setpriv"))
struct WhyTests {
  let team = Team()

  init() {
    team.owner("create", "web/deploy")
    team.owner("create", "web/editors", "--access", "editor")
    team.owner("create", "web/checked", "--custody", "verify-only")
    team.owner("create", "web/paused")
    team.owner("suspend", "web/paused")
    team.owner("create", "org/billing")
    team.owner("import", "org/shared", "--use-role", "member", input: "value-of-all")
    for uid in [Team.ada, Team.eve, Team.vic] { team.coffer(as: uid, ["create", "me/own"]) }
  }

  static let keys = [
    "web/stripe", "web/deploy", "web/editors", "web/checked", "web/paused", "org/billing",
    "org/shared", "me/own", "@vic/own",
  ]

  /// The command that does what `action` names; those that end a key come last.
  private func attempt(_ action: String, _ key: String, as uid: Int) -> Subprocess.Result {
    let arguments: [String]
    switch action {
    case "use": arguments = ["run", "-k", "\(key)=VALUE", "--", "true"]
    // Each who may brings it forward more than the one before, by either of its names.
    case "expire":
      let index = Self.keys.firstIndex(of: key) ?? 0
      arguments = ["expire", key, "\((uid - Team.ada) * 10 + 20 - index)h"]
    case "rotate": arguments = ["rotate", key, "--now"]
    default: arguments = [action, key]
    }
    return team.coffer(as: uid, arguments, input: "another-value")
  }

  @Test("what it says is what happens, for each person, key and action") func agrees() {
    var allowed = 0
    var refused = 0
    for action in ["show", "use", "replace", "rotate", "expire", "suspend", "resume", "revoke"] {
      for uid in [Team.max, Team.vic, Team.eve, Team.ada] {
        for key in Self.keys {
          let why = team.coffer(as: uid, ["why", key, action])
          let outcome = attempt(action, key, as: uid)
          let said = "\(uid) \(action) \(key): \(why.outputText)\(outcome.errorText)"
          #expect((why.status == 0) == (outcome.status == 0), "\(said)")
          guard why.status == 0 || !why.output.isEmpty else {
            #expect(why.errorLine == "coffer: \(key): not found", "\(said)")
            continue
          }
          let steps = why.outputText.split(separator: "\n").dropFirst()
            .filter { $0.hasPrefix("  ") }
          #expect(steps.dropLast().allSatisfy { $0.hasPrefix("  yes  ") }, "\(said)")
          #expect(steps.last?.hasPrefix(why.status == 0 ? "  yes  " : "  no   ") == true, "\(said)")
          if why.status == 0 { allowed += 1 } else { refused += 1 }
        }
      }
    }
    #expect(allowed > 50 && refused > 50, "\(allowed) \(refused)")
  }

  @Test("a refusal names the first link that refuses, and what would change it") func refusal() {
    let rotate = team.viewer("why", "web/deploy", "rotate")
    #expect(rotate.status == 1)
    #expect(
      rotate.outputText == """
        vic may not rotate web/deploy
          yes  vic is an active user
          yes  web is active
          no   vic is viewer in web, and rotate needs editor or higher
        to change it: an Admin or Owner grants it: 'coffer grant vic editor web'

        """)
    let use = team.viewer("why", "web/paused").outputText
    #expect(use.hasSuffix("  no   it is suspended\nto change it: 'coffer resume web/paused'\n"))
    // What is said to help does help.
    team.owner("grant", "vic", "editor", "web")
    #expect(team.viewer("why", "web/deploy", "rotate").status == 0)
    #expect(team.viewer("rotate", "web/deploy", "--now").status == 0)
  }

  /// A fixed bug: to revoke what has ended is no refusal, and why said that it was.
  @Test("why allows what is idempotent: a revoked key may be revoked again") func revokeAgain() {
    team.owner("revoke", "web/deploy")
    #expect(team.owner("why", "web/deploy", "revoke").status == 0)
    #expect(team.owner("revoke", "web/deploy").status == 0)
    #expect(team.viewer("why", "web/deploy", "revoke").status == 1)
  }

  @Test("of others and of keys themselves only those may ask who oversee the key") func others() {
    let vic = team.editor("why", "web/editors", "use", "--user", "vic")
    #expect(vic.status == 1 && vic.outputText.contains("  no   vic is viewer in web"))
    let text = team.owner("create", "web/ci").line
    #expect(team.editor("why", "web/ci", "list", "-w", "web").status == 0)
    let elsewhere = team.owner("why", "web/ci", "use", "-w", "api")
    #expect(elsewhere.status == 1)
    #expect(elsewhere.outputText.hasSuffix("  no   it is a key of web only\n"))
    #expect(
      team.editor("why", "web/ci", "use", "-w", "api").errorLine == "coffer: api: not found")
    for arguments in [["web/ci", "use", "--user", "eve"], ["web/ci", "use", "-w", "web"]] {
      let refused = team.coffer(as: Team.vic, ["why"] + arguments)
      #expect(refused.status == 1 && refused.errorText.hasPrefix("coffer: web/ci: forbidden: "))
    }
    // And it is what the key really may do.
    for (action, place) in [("use", "web"), ("import", "web"), ("use", "api")] {
      let why = team.owner("why", "web/ci", action, "-w", place).status
      let verify = team.owner("verify", "--require", action, "-w", place, input: text).status
      #expect(why == verify, "\(action) in \(place)")
    }
    let json = team.owner("why", "web/ci", "use", "-w", "api", "--json").line
    #expect(json.hasPrefix(#"{"allowed":false,"action":"use","key":"web/ci","subject":"web/ci","#))
    #expect(json.hasSuffix(#"{"allows":false,"text":"it is a key of web only"}],"changes":[]}"#))
    #expect(team.owner("why", "web/ci", "fly").errorText.hasPrefix("coffer: action: invalid: "))
  }
}
