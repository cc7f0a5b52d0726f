import Testing
import Wire

@testable import Client

@Suite("Unused keys")
struct UnusedKeysTests {
  static let list = UnusedKeys(
    statuses(
      "KEY class=never-used id=0abcDEF123gh name=web/a created=2026-01-01T00:00:00Z "
        + "detail=made%2020%20days%20ago",
      "KEY class=idle id=1abcDEF123gh name=web/long created=2026-01-01T00:00:00Z "
        + "last_used=2026-02-01T00:00:00Z",
      "LIST count=2 token=abc"))

  @Test("keeps the token of the list that is shown") func token() {
    #expect(Self.list.token == "abc")
    #expect(Self.list.keys.count == 2)
    #expect(UnusedKeys([]).token == nil)
  }

  @Test("lists by class") func lists() {
    #expect(
      Self.list.lines == [
        "CLASS       NAME      CREATED     LAST USED   DETAIL",
        "never-used  web/a     2026-01-01              made 20 days ago",
        "idle        web/long  2026-01-01  2026-02-01",
      ])
    #expect(
      Self.list.json[0].text
        == #"{"class":"never-used","id":"0abcDEF123gh","name":"web/a","#
        + #""created":"2026-01-01T00:00:00Z","last_used":null,"detail":"made 20 days ago"}"#)
  }

  @Test(
    "all but a yes is a no",
    arguments: [
      ("y\n", true), ("yes\n", true), ("YES \r\n", true), (" Y", true), ("", false), ("\n", false),
      ("n\n", false), ("no\n", false), ("yess\n", false), ("y n\n", false), ("ja\n", false),
    ])
  func confirms(line: String, isYes: Bool) {
    #expect(Confirmation.isYes(line.utf8) == isYes)
  }
}

@Suite("Explanation")
struct ExplanationTests {
  static let refused = statuses(
    "WHY allowed=no action=use key=web/stripe subject=bob",
    "STEP allows=yes text=bob%20is%20active",
    "STEP allows=no text=bob%20has%20no%20role%20in%20web",
    "CHANGE text=grant%20bob%20viewer%20web")

  @Test("tells the chain step by step, and what would change it") func chain() throws {
    let explanation = try Explanation(Self.refused, workspace: nil)
    #expect(!explanation.isAllowed)
    #expect(
      explanation.lines == [
        "bob may not use web/stripe",
        "  yes  bob is active",
        "  no   bob has no role in web",
        "to change it: grant bob viewer web",
      ])
    #expect(
      explanation.json.text
        == #"{"allowed":false,"action":"use","key":"web/stripe","subject":"bob","#
        + #""workspace":null,"steps":[{"allows":true,"text":"bob is active"},"#
        + #"{"allows":false,"text":"bob has no role in web"}],"#
        + #""changes":["grant bob viewer web"]}"#)
  }

  @Test("tells what a key itself may do in a workspace") func key() throws {
    let explanation = try Explanation(
      statuses("WHY allowed=yes action=list key=me/laptop subject=me/laptop"), workspace: "web")
    #expect(explanation.isAllowed)
    #expect(explanation.lines == ["me/laptop may list in web"])
    #expect(explanation.json.text.contains(#""workspace":"web","steps":[],"changes":[]"#))
  }

  @Test("an answer without a verdict is none") func nothing() {
    #expect(throws: ClientError.self) { _ = try Explanation([], workspace: nil) }
  }
}

@Suite("Audit rows")
struct AuditRowTests {
  static func row(_ fields: String) -> AuditRow {
    AuditRow(statuses("ROW n=7 time=2026-11-23T14:56:07Z uid=1000 pid=4 " + fields)[0])
  }

  @Test("rows stand in columns") func columns() {
    #expect(
      AuditRow.header
        == "TIME                 WHO         VERB       ON                       OUTCOME")
    #expect(
      Self.row("user=ada verb=ENV outcome=ok on=web/stripe").line
        == "2026-11-23 14:56:07  ada         ENV        web/stripe               ok")
    #expect(
      Self.row("user=ada verb=WORKSPACE outcome=wrong%20state on=web/stripe").line.count <= 80)
  }

  @Test("names who acted: the key, else the user, else the uid") func who() {
    #expect(Self.row("user=ada key=web/ci verb=LIST").line.contains("  web/ci      LIST"))
    #expect(Self.row("user=ada verb=LIST").line.contains("  ada         LIST"))
    #expect(Self.row("verb=LIST").line.contains("  uid 1000    LIST"))
  }

  @Test("what is too wide moves the rest, and is not cut") func wide() {
    let line = Self.row(
      "user=a-very-long-name verb=ENV on=web/a,web/b,web/c,web/d,web/e outcome=ok"
    )
    .line
    #expect(line.contains("a-very-long-name  ENV        web/a,web/b,web/c,web/d,web/e  ok"))
  }

  @Test("tells what is no key, and how often it came") func others() {
    #expect(
      Self.row("verb=VERIFY outcome=denied object=x more=12").line
        .hasSuffix("VERIFY     x                        denied and 12 more"))
    #expect(Self.row("verb=VERIFY outcome=ok more=0").line.hasSuffix("  ok"))
  }

  @Test("as JSON, numbers are numbers, and names of keys a list") func json() {
    #expect(
      Self.row("user=ada command=make verb=ENV outcome=ok on=web/a,web/b").json.text
        == #"{"n":7,"time":"2026-11-23T14:56:07Z","user":"ada","key":null,"uid":1000,"pid":4,"#
        + #""command":"make","verb":"ENV","outcome":"ok","code":null,"on":["web/a","web/b"],"#
        + #""object":null,"more":null}"#)
  }
}
