import Testing
import Wire

@testable import Client

@Suite("Effects")
struct EffectsTests {
  static let changed = statuses(
    "USER name=bob uid=1001 role=member state=disabled changed=yes",
    "EFFECT key=@bob/laptop id=0abcDEF123gh change=suspended",
    "EFFECT key=web/ci id=1abcDEF123gh change=no%20longer%20orphaned")
  static let seen = statuses(
    "SEEN key=web/stripe id=2abcDEF123gh version=3 how=injected at=2026-11-20T10:00:00Z user=bob")

  @Test("nothing is told of nothing") func nothing() {
    #expect(Effects([]).lines == [])
    #expect(Effects(statuses("USER name=bob changed=yes")).json.isEmpty)
  }

  @Test("tells the keys that change") func changes() {
    #expect(
      Effects(Self.changed).lines == [
        "KEY          ID            CHANGE",
        "@bob/laptop  0abcDEF123gh  suspended",
        "web/ci       1abcDEF123gh  no longer orphaned",
      ])
  }

  @Test("tells the values that somebody has had, and what to do") func values() {
    let lines = Effects(Self.changed + Self.seen).lines
    #expect(
      lines.dropFirst(3) == [
        "",
        "Live values that the person has had; rotate or replace them:",
        "KEY         ID            VERSION  HOW       WHEN        USER",
        "web/stripe  2abcDEF123gh  3        injected  2026-11-20  bob",
      ])
    #expect(Effects(Self.seen).lines.first?.hasPrefix("Live values") == true)
    #expect(lines.allSatisfy { $0.count <= 70 })
  }

  @Test("as JSON, a line says which of both it is") func json() {
    #expect(
      Effects(Self.changed + Self.seen).json.map(\.text) == [
        #"{"effect":"change","key":"@bob/laptop","id":"0abcDEF123gh","change":"suspended"}"#,
        #"{"effect":"change","key":"web/ci","id":"1abcDEF123gh","change":"no longer orphaned"}"#,
        #"{"effect":"seen","key":"web/stripe","id":"2abcDEF123gh","version":3,"#
          + #""how":"injected","at":"2026-11-20T10:00:00Z","user":"bob"}"#,
      ])
  }
}

@Suite("Change")
struct ChangeTests {
  static let change = Change(
    command: Command(.user, words: ["DISABLE", "bob"]), done: "disabled bob",
    planned: "would disable bob", unchanged: "bob is disabled already")

  @Test("says what was done, what would be, and what was so already") func events() {
    func event(_ statuses: [StatusFields], isDryRun: Bool) -> String {
      Self.change.event(statuses, isDryRun: isDryRun)
    }
    #expect(event(EffectsTests.changed, isDryRun: false) == "disabled bob")
    #expect(event(EffectsTests.changed, isDryRun: true) == "would disable bob")
    #expect(
      event(statuses("USER name=bob changed=yes"), isDryRun: true)
        == "would disable bob; no key would change")
    for isDryRun in [true, false] {
      #expect(
        event(statuses("USER name=bob changed=no"), isDryRun: isDryRun)
          == "bob is disabled already")
    }
  }

  @Test("the daemon is told of a trial") func commands() throws {
    let arguments = try Arguments(
      ["--dry-run", "--uid=7"], Subcommand.user.options, command: "user")
    #expect(
      Change.command(.user, arguments, options: ["uid"], words: ["REBIND", "bob"]).line
        == "USER --uid=7 --dry-run REBIND bob")
    #expect(
      Change.command(.user, arguments, words: ["REMOVE", "bob"]).line
        == "USER --dry-run REMOVE bob")
  }

  @Test("tells each rule of the policy that changes") func policy() {
    let changed = statuses(
      "POLICY name=max-lifetime value=30d changed=yes",
      "POLICY name=default-lifetime value=30d changed=yes",
      "POLICY name=max-grace value=7d changed=no")
    #expect(
      Subcommand.policySettings(changed) == ["max-lifetime is 30d", "default-lifetime is 30d"])
  }

  @Test("as JSON, the policy is one object with numbers and truths") func policyAsJSON() {
    let rules = statuses(
      "POLICY name=max-lifetime value=365d", "POLICY name=allow-never value=false",
      "POLICY name=idle-days value=90")
    #expect(
      Subcommand.policyAsJSON(rules).text
        == #"{"max-lifetime":"365d","allow-never":false,"idle-days":90}"#)
  }
}
