import Testing
import Wire

@testable import Client

@Suite("What units are given")
struct UnitGrantTests {
  static let listed = statuses(
    "GRANT unit=web.service credential=stripe key=web/stripe",
    "GRANT unit=web@.service credential=the%20key key=me/mail restored=yes")

  @Test("grants are listed, with what came back and was not looked at") func list() {
    #expect(
      Subcommand.grantTable(Self.listed) == [
        "UNIT          CREDENTIAL  KEY         STATE",
        "web.service   stripe      web/stripe",
        "web@.service  the key     me/mail     restored",
      ])
    #expect(
      Subcommand.grantsAsJSON(Self.listed).map(\.text) == [
        #"{"unit":"web.service","credential":"stripe","key":"web/stripe","restored":false}"#,
        #"{"unit":"web@.service","credential":"the key","key":"me/mail","restored":true}"#,
      ])
  }

  @Test("show tells to which units a key is given") func show() {
    let shown = statuses(
      "name=web/stripe", "UNIT unit=a.service credential=stripe",
      "UNIT unit=b.mount credential=pay restored=yes", "VERSION number=1 state=active")
    let lines = Subcommand.linesOfKey(shown)
    #expect(lines.contains("for a.service  as stripe"), "\(lines)")
    #expect(lines.contains("for b.mount    as pay (restored)"), "\(lines)")
    #expect(
      Subcommand.shownKey(shown).text.contains(
        #""units":[{"unit":"a.service","credential":"stripe","restored":false},"#
          + #"{"unit":"b.mount","credential":"pay","restored":true}],"versions":["#))
    #expect(Subcommand.shownKey(statuses("name=web/a")).text.contains(#""units":[],"#))
  }

  @Test("the line for the unit is written so that systemd reads the name that was granted")
  func line() {
    for (name, written) in [
      ("stripe", "stripe"), ("a.b_c-D", "a.b_c-D"), ("50%", "50%%"), (#"a\b"#, #"a\\b"#),
      ("a b", "a b"), (" a", #"\ a"#),
    ] {
      #expect(
        Subcommand.credentialLine(name) == "LoadCredential=\(written):/run/coffer/credential")
    }
  }
}
