import TestSupport
import Testing

/// Who sees which rows of the audit, with real uids.
@Suite("Sight of the audit", .enabled(if: Team.isPossible, "needs root and setpriv"))
struct AuditSightTests {
  let team = Team()

  init() {
    team.owner("import", "api/stripe", input: "value-of-api")
    team.owner("create", "org/billing")
    team.owner("create", "me/private")
    team.editor("create", "web/deploy")
    team.editor("create", "me/laptop")
    team.owner("run", "-k", "web/stripe=A", "-k", "api/stripe=B", "--", "true")
    team.viewer("rotate", "web/deploy")
    team.coffer(as: Team.max, ["show", "web/stripe"])
  }

  /// What a person sees, as `VERB keys user outcome`.
  private func rows(_ uid: Int, _ arguments: String...) -> [String] {
    let lines = team.coffer(as: uid, ["audit", "--json"] + arguments).outputText
    return lines.split(separator: "\n").map { line in
      func field(_ name: String) -> String {
        let rest = line.split(separator: "\"\(name)\":", maxSplits: 1).dropFirst().first ?? ""
        if rest.hasPrefix("[") { return String(rest.dropFirst().prefix { $0 != "]" }) }
        return String(rest.prefix { $0 != "," })
      }
      return ["verb", "on", "user", "outcome"].map(field).joined(separator: " ")
        .filter { $0 != "\"" }
    }
  }

  @Test("an Editor sees what was done in the workspace, of others' keys nothing") func editor() {
    let seen = rows(Team.eve)
    #expect(
      seen == [
        "WORKSPACE  ada ok", "GRANT  ada ok", "GRANT  ada ok", "IMPORT web/stripe ada ok",
        "CREATE web/deploy eve ok",
        "CREATE me/laptop eve ok", "ENV web/stripe ada ok", "ROTATE web/deploy vic forbidden",
        "SHOW web/stripe max not found",
      ])
    let all = team.editor("audit", "--json").outputText
    for word in ["api", "org/", "private", "INIT"] { #expect(!all.contains(word), "\(word)") }
  }

  @Test("a Viewer and a Member see what is their own, and no more") func viewer() {
    #expect(rows(Team.vic) == [])
    #expect(rows(Team.max) == [])
    team.viewer("create", "me/mine")
    #expect(rows(Team.vic) == ["CREATE me/mine vic ok"])
    let key = team.viewer("audit", "--key", "web/stripe")
    #expect(
      key.errorText == "coffer: web/stripe: forbidden: only who oversees a key sees what was done "
        + "to it\n")
    #expect(
      team.viewer("audit", "--key", "api/stripe").errorLine == "coffer: api/stripe: not found")
    #expect(team.viewer("audit", "--user", "ada").errorLine == "coffer: ada: not found")
    #expect(team.viewer("audit", "--user", "ghost").errorLine == "coffer: ghost: not found")
  }

  @Test("an Owner sees all rows, also those of strangers, and of one user") func owner() {
    let text = team.owner("create", "web/ci").line
    team.coffer(as: Team.stranger, ["verify"], input: text)
    team.coffer(as: Team.stranger, ["list"])
    let seen = rows(Team.ada)
    #expect(seen.contains("ENV web/stripe,api/stripe ada ok"))
    #expect(seen.suffix(2) == ["VERIFY web/ci null ok", "LIST  null forbidden"], "\(seen)")
    #expect(team.owner("audit").outputText.contains("uid \(Team.stranger)"))
    #expect(
      rows(Team.ada, "--user", "eve") == ["CREATE web/deploy eve ok", "CREATE @eve/laptop eve ok"])
    #expect(rows(Team.eve, "--key", "web/deploy").count == 2)
    // The rows of who was removed are still found.
    team.owner("user", "remove", "eve")
    #expect(rows(Team.ada, "--user", "eve").count == 2)
  }

  @Test("only an Owner checks the whole audit") func check() {
    #expect(team.owner("audit", "--check").status == 0)
    for uid in [Team.eve, Team.vic, Team.max] {
      let refused = team.coffer(as: uid, ["audit", "--check"])
      #expect(refused.status == 1)
      #expect(
        refused.errorText.hasPrefix(
          "coffer: audit: forbidden: only an Owner checks the whole audit\n"))
    }
  }
}
