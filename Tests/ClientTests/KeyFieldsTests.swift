import Testing
import Wire

@testable import Client

@Suite("KeyFields")
struct KeyFieldsTests {
  static let stripe = statuses(
    "KEY id=0abcDEF123gh name=web/stripe type=workspace workspace=web origin=imported "
      + "state=active env=STRIPE_KEY use_role=viewer created=2026-01-01T00:00:00Z creator=ada "
      + "last_used=2026-11-01T10:00:00Z uses=12 flags=idle")[0]

  static let deploy = statuses(
    "KEY id=1abcDEF123gh name=web/deploy type=workspace workspace=web origin=issued "
      + "state=suspended env=DEPLOY access=editor custody=sealed "
      + "expires=2026-12-31T00:00:00Z created=2026-01-02T00:00:00Z creator=ada uses=0 "
      + "flags=orphaned,never-used")[0]

  static let laptop = statuses(
    "KEY id=2abcDEF123gh name=me/laptop type=user owner=ada origin=issued state=active "
      + "env=LAPTOP custody=hidden scope=web:list,use expires=2027-01-31T00:00:00Z "
      + "created=2026-01-02T00:00:00Z creator=ada uses=0")[0]

  // MARK: Lists

  @Test("lists keys in columns, and leaves out those that are empty") func lists() {
    #expect(
      KeyFields.table([Self.stripe, Self.laptop]) == [
        "NAME        ORIGIN    STATE   ENV         EXPIRES     LAST USED   FLAGS",
        "web/stripe  imported  active  STRIPE_KEY  never       2026-11-01  idle",
        "me/laptop   issued    active  LAPTOP      2027-01-31",
      ])
    #expect(
      KeyFields.table([Self.laptop]) == [
        "NAME       ORIGIN  STATE   ENV     EXPIRES",
        "me/laptop  issued  active  LAPTOP  2027-01-31",
      ])
  }

  @Test("shortens flags only where lines get longer than 80 columns") func shortens() {
    #expect(KeyFields.table([Self.deploy])[1].hasSuffix("  orphaned,never-used"))
    let both = KeyFields.table([Self.stripe, Self.deploy])
    #expect(both[1].hasSuffix("  2026-11-01  idle"))
    #expect(both[2].hasSuffix("  orphaned+1"))
    #expect(both.allSatisfy { $0.count <= 80 })
  }

  @Test("as JSON, what is not there is null, flags are a list and uses a number") func json() {
    #expect(
      JSON.object(KeyFields.members(Self.deploy)).text
        == #"{"id":"1abcDEF123gh","name":"web/deploy","type":"workspace","workspace":"web","#
        + #""owner":null,"origin":"issued","state":"suspended","env":"DEPLOY","#
        + #""access":"editor","custody":"sealed","scope":null,"use_role":null,"#
        + #""expires":"2026-12-31T00:00:00Z","created":"2026-01-02T00:00:00Z","#
        + #""creator":"ada","last_used":null,"uses":0,"flags":["orphaned","never-used"]}"#)
    let laptop = JSON.object(KeyFields.members(Self.laptop)).text
    #expect(laptop.contains(#""scope":"web:list,use""#))
    #expect(laptop.hasSuffix(#""uses":0,"flags":[]}"#))
  }

  // MARK: One key

  static let shown = statuses(
    "id=1abcDEF123gh", "name=web/deploy", "last_used=2026-11-01T10:00:00Z", "uses=2",
    "last_uid=1000", "flags=in-grace,expiring", "RIGHT workspace=web actions=list,use",
    "VERSION number=1 state=grace author=ada created=2026-01-01T00:00:00Z "
      + "expires=2026-12-31T00:00:00Z ends=2026-11-24T10:00:00Z",
    "VERSION number=2 state=active author=ada created=2026-11-23T10:00:00Z "
      + "last_used=2026-11-23T11:00:00Z")

  @Test("shows the fields of a key, its rights and its versions") func shows() {
    #expect(
      Subcommand.linesOfKey(Self.shown) == [
        "id         1abcDEF123gh",
        "name       web/deploy",
        "last used  2026-11-01T10:00:00Z",
        "uses       2",
        "last uid   1000",
        "flags      in-grace,expiring",
        "in web     list, use",
        "",
        "VERSION  STATE   AUTHOR  CREATED     EXPIRES     ENDS                  LAST USED",
        "1        grace   ada     2026-01-01  2026-12-31  2026-11-24T10:00:00Z",
        "2        active  ada     2026-11-23  never                             2026-11-23",
      ])
  }

  @Test("as JSON, rights and versions are lists") func showsAsJSON() {
    let text = Subcommand.shownKey(Self.shown).text
    #expect(text.contains(#""last_uid":1000,"#))
    #expect(text.contains(#""note":null,"#))
    #expect(
      text.contains(
        #""rights":[{"workspace":"web","own":false,"organization":false,"#
          + #""actions":["list","use"]}]"#))
    #expect(
      text.hasSuffix(
        #""versions":[{"number":1,"state":"grace","author":"ada","#
          + #""created":"2026-01-01T00:00:00Z","expires":"2026-12-31T00:00:00Z","#
          + #""ends":"2026-11-24T10:00:00Z","last_used":null},"#
          + #"{"number":2,"state":"active","author":"ada","created":"2026-11-23T10:00:00Z","#
          + #""expires":null,"ends":null,"last_used":"2026-11-23T11:00:00Z"}]}"#))
  }
}

@Suite("KeyRights")
struct KeyRightsTests {
  @Test("names each place, and what may be done there") func fields() {
    let rights = KeyRights(
      statuses(
        "VALID name=me/a", "RIGHT workspace=web actions=list,use", "RIGHT own=yes actions=verify",
        "RIGHT organization=yes actions="))
    #expect(
      rights.fields.map(\.0) == ["in web", "with one's own keys", "with the organization's keys"])
    #expect(rights.fields.map(\.1) == ["list, use", "verify", "nothing"])
  }
}
