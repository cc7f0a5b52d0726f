import Testing
import Wire

@testable import Client

@Suite("People")
struct PeopleTests {
  @Test("whoami tells of a user") func user() {
    let answer = statuses("uid=1000", "user=ada", "role=owner", "WORKSPACE name=web role=owner")
    #expect(
      Subcommand.linesOfIdentity(answer)
        == ["uid     1000", "user    ada", "role    owner", "in web  owner"])
    #expect(
      Subcommand.identity(answer).text
        == #"{"uid":1000,"user":"ada","role":"owner","workspaces":[{"name":"web","role":"owner"}]}"#
    )
  }

  @Test("whoami tells of a key, and of its scope") func key() {
    let answer = statuses(
      "uid=1000", "key=me/laptop", "id=0abcDEF123gh", "type=user",
      "WORKSPACE name=web role=viewer", "SCOPE text=web:list")
    #expect(
      Subcommand.linesOfIdentity(answer) == [
        "uid     1000", "key     me/laptop", "id      0abcDEF123gh", "type    user",
        "scope   web:list", "in web  viewer",
      ])
    #expect(
      Subcommand.identity(answer).text
        == #"{"uid":1000,"key":"me/laptop","id":"0abcDEF123gh","type":"user","#
        + #""scope":"web:list","workspaces":[{"name":"web","role":"viewer"}]}"#)
  }

  static let ada = statuses(
    "USER name=ada uid=1000 role=owner state=active",
    "USER name=bob uid=1001 role=member state=active",
    "ROLE user=bob workspace=web role=editor", "ROLE user=bob workspace=ci role=viewer")

  @Test("users are listed with their roles, and with a state where one has an unusual one")
  func users() {
    #expect(
      Subcommand.userTable(Self.ada) == [
        "NAME  UID   ROLE    WORKSPACES", "ada   1000  owner",
        "bob   1001  member  web:editor ci:viewer",
      ])
    let eve = statuses("USER name=eve uid=1002 role=member state=disabled")
    #expect(
      Subcommand.userTable(eve) == [
        "NAME  UID   ROLE    STATE", "eve   1002  member  disabled",
      ])
    #expect(
      Subcommand.usersAsJSON(eve).map(\.text)
        == [#"{"name":"eve","uid":1002,"role":"member","state":"disabled","workspaces":[]}"#])
  }

  @Test("an unknown action is answered with those that there are") func wrongActions() {
    let actions = ["add", "archive", "list"]
    #expect(
      Subcommand.wrongAction("frob", of: "workspace", actions).hint
        == "it has add, archive and list")
    #expect(
      Subcommand.wrongAction("lst", of: "workspace", actions).hint
        == "did you mean 'coffer workspace list'?")
    #expect(
      Subcommand.wrongAction("add", of: "workspace", actions).message
        == "workspace add: too few or too many arguments")
  }
}

@Suite("Events")
struct EventTests {
  @Test("says what became of a key, or how it was before") func events() {
    let changed = statuses("KEY id=0abcDEF123gh state=suspended changed=yes")[0]
    let unchanged = statuses("KEY id=0abcDEF123gh state=active changed=no")[0]
    #expect(
      Subcommand.event("suspended", changed, "web/ci") == "suspended web/ci (id 0abcDEF123gh)")
    #expect(
      Subcommand.event("resumed", unchanged, "web/ci")
        == "web/ci was active already (id 0abcDEF123gh)")
  }

  @Test("tells of a new version, and of the former one") func versions() {
    #expect(
      Subcommand.newVersionLines(
        statuses("KEY id=0abcDEF123gh env=CI expires=2026-12-31T00:00:00Z version=2")[0])
        == [
          "id       0abcDEF123gh", "env      CI", "expires  2026-12-31T00:00:00Z", "version  2",
        ])
    #expect(
      Subcommand.newVersionLines(statuses("KEY id=0abcDEF123gh env=CI custody=hidden")[0])
        == ["id       0abcDEF123gh", "env      CI", "expires  never", "custody  hidden"])
    #expect(
      Subcommand.formerText(statuses("FORMER version=1 ends=2026-11-24T10:00:00Z")[0])
        == "the former text (version 1) is accepted until 2026-11-24T10:00:00Z")
    #expect(
      Subcommand.formerText(statuses("FORMER version=1")[0])
        == "the former text (version 1) is not accepted any more")
  }

  @Test(
    "warns of a clock that has jumped, either way",
    arguments: [("7200", "2h ahead"), ("-86400", "1d back"), ("5", "5s ahead"), ("?", "? ahead")])
  func clock(seconds: String, told: String) {
    #expect(
      Subcommand.clockWarning(seconds)
        == "the clock has jumped \(told); expiry is judged by the time from before that")
  }
}
