import Glibc
import Platform
import TestSupport
import Testing

/// People who leave, come back or change, with real uids.
@Suite("People who leave", .enabled(if: Team.isPossible, "needs root and setpriv"))
struct LeaverTests {
  let team = Team()
  let laptop: String
  let deploy: String

  /// Eve's user key, and a key of `web` that she has made.
  init() {
    laptop = team.editor("create", "me/laptop").line
    deploy = team.editor("create", "web/deploy").line
    team.editor("run", "-k", "web/stripe", "--", "true")
  }

  private func isValid(_ text: String) -> Bool {
    team.root("verify", "--quiet", input: text).status == 0
  }

  private func flags(_ name: String) -> String {
    let json = team.owner("show", name, "--json").line
    let start = json.split(separator: #""flags":["#).dropFirst().first ?? ""
    return String(start.prefix { $0 != "]" })
  }

  @Test("who is disabled is nobody at once, and is all again when enabled") func disable() {
    let paused = team.editor("create", "me/paused").line
    team.owner("suspend", "@eve/paused")
    let disabled = team.owner("user", "disable", "eve")
    #expect(disabled.status == 0, "\(disabled.errorText)")
    #expect(disabled.errorText.hasPrefix("coffer: disabled eve\n"))
    #expect(disabled.errorText.contains("@eve/laptop"))
    #expect(disabled.errorText.contains("suspended"))
    #expect(team.editor("list").errorText.contains("this uid is no user"))
    #expect(!isValid(laptop))
    let acting = team.coffer(as: Team.stranger, ["whoami"], key: laptop)
    #expect(acting.status == 1)
    #expect(isValid(deploy))
    #expect(flags("web/deploy").contains("orphaned"))
    #expect(flags("@eve/laptop").contains("owner-disabled"))
    #expect(team.owner("user", "disable", "eve").errorText == "coffer: eve is disabled already\n")
    #expect(team.owner("user", "enable", "eve").status == 0)
    #expect(team.editor("whoami").outputText.contains("in web  editor"))
    #expect(isValid(laptop))
    #expect(!isValid(paused), "enabling brings back what disabling has suspended, and no more")
    #expect(!flags("web/deploy").contains("orphaned"))
  }

  /// Example 17.
  @Test("who is removed leaves keys of a workspace that live, flagged, and none of their own")
  func remove() {
    let removed = team.owner("user", "remove", "eve")
    #expect(removed.errorText.hasPrefix("coffer: removed eve\n"), "\(removed.errorText)")
    // What the person has had is told, with how.
    for (key, how) in [("web/stripe", "injected"), ("web/deploy", "shown")] {
      let line = removed.errorText.split(separator: "\n").first {
        $0.contains("  \(key)") && $0.contains(how)
      }
      #expect(line != nil, "\(key) \(how): \(removed.errorText)")
    }
    #expect(!isValid(laptop) && isValid(deploy))
    #expect(flags("web/deploy").contains("orphaned"))
    #expect(team.owner("unused", "--class", "orphaned").outputText.contains("web/deploy"))
    let rotated = team.owner("rotate", "web/deploy", "--now").line
    #expect(!flags("web/deploy").contains("orphaned"))
    #expect(isValid(rotated) && !isValid(deploy))
    for arguments in [["enable", "eve"], ["disable", "eve"], ["remove", "eve"]] {
      let result = team.coffer(as: Team.ada, ["user"] + arguments)
      #expect(result.errorText.hasPrefix("coffer: eve: not found\n"))
    }
    #expect(!team.owner("user", "list").outputText.contains("eve"))
  }

  @Test("a user of the same name and uid as a removed one is another") func comeBack() {
    let id = IssuedText.id(of: laptop)
    team.owner("user", "remove", "eve")
    let added = team.owner("user", "add", "eve", "--uid", "\(Team.eve)")
    #expect(added.status == 0, "\(added.errorText)")
    let whoami = team.editor("whoami").outputText
    #expect(whoami.contains("user  eve\nrole  member\n") && !whoami.contains("in web"), "\(whoami)")
    #expect(team.editor("list").output.isEmpty)
    for name in ["me/laptop", "id:\(id)", "web/deploy", "web/stripe"] {
      let refused = team.editor("show", name)
      #expect(
        refused.errorText == """
          coffer: \(name): not found
          coffer: hint: 'coffer list' has the keys in sight

          """)
      #expect(team.editor("run", "-k", name, "--", "true").status == 125)
    }
    #expect(team.editor("audit").output.isEmpty)
    #expect(!isValid(laptop))
    let second = team.editor("create", "me/laptop").line
    #expect(isValid(second) && !isValid(laptop) && IssuedText.id(of: second) != id)
    #expect(team.owner("show", "id:\(id)", "--json").line.contains(#""state":"revoked""#))
    team.owner("user", "disable", "eve")
    team.owner("user", "enable", "eve")
    #expect(isValid(second) && !isValid(laptop))
    #expect(flags("web/deploy").contains("orphaned"), "the new Eve did not make it")
  }

  @Test("an Owner binds a user to another uid, who takes all along") func rebind() {
    let other = 4309
    let rebound = team.owner("user", "rebind", "eve", "--uid", "\(other)")
    #expect(rebound.errorText.hasPrefix("coffer: bound eve to uid 4309\n"), "\(rebound.errorText)")
    #expect(team.editor("list").errorText.contains("this uid is no user"))
    #expect(team.coffer(as: other, ["list"]).outputText.contains("me/laptop"))
    #expect(isValid(laptop) && isValid(deploy))
    let before = team.fixture.records
    for (uid, message) in [
      (Team.vic, "coffer: eve: conflict: uid 4303 is bound to vic\n"),
      (65_534, "coffer: uid 65534: invalid: "), (61_184, "coffer: uid 61184: invalid: "),
    ] {
      let refused = team.owner("user", "rebind", "eve", "--uid", "\(uid)")
      #expect(refused.errorText.hasPrefix(message), "\(refused.errorText)")
    }
    let own = team.coffer(as: other, ["user", "rebind", "eve", "--uid", "\(Team.eve)"])
    #expect(own.errorText.hasPrefix("coffer: eve: forbidden: only an Owner"))
    #expect(team.fixture.records == before)
  }

  @Test("root binds a user only with a secret that opens the vault") func rebindByRoot() {
    let wrong = team.fixture.directory.path("wrong")
    Files.write(Array(String(repeating: "k", count: 64).utf8), to: wrong)
    let key = team.fixture.keyFilePath
    let before = team.fixture.records
    let without = team.root("user", "rebind", "ada", "--uid", "4310")
    #expect(
      without.errorText.hasPrefix("coffer: ada: a secret that opens the vault is needed\n"),
      "\(without.errorText)")
    let refused = team.root("user", "rebind", "ada", "--uid", "4310", "--key-file", wrong)
    #expect(refused.status == 1)
    #expect(team.fixture.records == before)
    #expect(team.owner("audit", "--json").outputText.contains(#""outcome":"wrong passphrase""#))
    // Nobody else is asked for it, nor does it help them.
    chown(key, UInt32(Team.stranger), UInt32(Team.stranger))
    for (uid, message) in [
      (Team.stranger, "coffer: caller: forbidden: this uid is no user"),
      (Team.eve, "coffer: eve: forbidden: only an Owner"),
    ] {
      chown(key, UInt32(uid), UInt32(uid))
      let other = team.coffer(
        as: uid, ["user", "rebind", "eve", "--uid", "4310", "--key-file", key])
      #expect(other.status == 1 && other.errorText.hasPrefix(message), "\(other.errorText)")
    }
    chown(key, 0, 0)
    #expect(team.fixture.records == before)
    let tried = team.root(
      "user", "rebind", "ada", "--uid", "4310", "--key-file", key, "--dry-run")
    #expect(tried.status == 0 && team.fixture.records == before, "\(tried.errorText)")
    let done = team.root("user", "rebind", "ada", "--uid", "4310", "--key-file", key)
    #expect(done.status == 0, "\(done.errorText)")
    #expect(team.owner("list").errorText.contains("this uid is no user"))
    let whoami = team.coffer(as: 4310, ["whoami", "--json"]).line
    #expect(whoami.hasPrefix(#"{"uid":4310,"user":"ada","role":"owner""#))
    // The secret gives no other rights.
    #expect(team.root("list").status == 1)
  }

  @Test("with its workspace a key ends, and keys of others lose it") func archive() {
    let all = team.owner("create", "org/all").line
    let archived = team.owner("workspace", "archive", "web")
    #expect(archived.errorText.hasPrefix("coffer: archived the workspace web\n"))
    #expect(!isValid(deploy) && isValid(laptop) && isValid(all))
    for text in [laptop, all] {
      let result = team.root("verify", "--require", "list", "-w", "web", input: text)
      #expect(result.errorText.hasPrefix("coffer: no permission: "), "\(result.errorText)")
    }
    #expect(team.coffer(as: Team.stranger, ["list"], key: all).output.isEmpty)
    let injected = team.editor("run", "-k", "web/stripe", "--", "echo", "ran")
    #expect(injected.status == 125 && injected.output.isEmpty)
    #expect(team.editor("create", "web/new").status == 1)
    let again = team.owner("workspace", "add", "web")
    #expect(again.errorText == "coffer: web: conflict: a workspace has this name\n")
    #expect(
      team.owner("workspace", "archive", "web").errorText
        == "coffer: the workspace web is archived already\n")
  }

  /// Example 18.
  @Test("the last active Owner stays one, until there is another") func lastOwner() {
    let changes = [
      ["grant", "ada", "member"], ["user", "disable", "ada"], ["user", "remove", "ada"],
    ]
    let before = team.fixture.records
    for arguments in changes {
      for arguments in [arguments, arguments + ["--dry-run"]] {
        let result = team.coffer(as: Team.ada, arguments)
        #expect(
          result.errorText.hasPrefix(
            "coffer: ada: wrong state: the last active Owner stays one\n"), "\(result.errorText)")
      }
    }
    #expect(team.fixture.records == before)
    team.owner("grant", "vic", "owner")
    team.owner("user", "disable", "vic")
    #expect(team.owner("user", "remove", "ada").status == 1, "a disabled Owner is no other one")
    team.owner("user", "enable", "vic")
    #expect(team.owner("user", "remove", "ada").status == 0)
    #expect(team.viewer("user", "remove", "vic").status == 1)
  }
}
