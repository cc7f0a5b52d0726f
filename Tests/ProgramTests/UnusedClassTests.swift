import TestSupport
import Testing

/// The report on keys that could go, after days that have passed for the daemon.
@Suite("coffer unused", .enabled(if: ClockFixture.isInstalled, "needs clang on the PATH"))
struct UnusedClassTests {
  let clock = ClockFixture()
  var vault: VaultFixture { clock.vault }

  /// Lets so many seconds pass since the vault was made, while the daemon is down.
  private func pass(days: Int, seconds: Int = 0) {
    clock.set(days * 86_400 + seconds)
    clock.restart()
    vault.coffer("unlock")
  }

  private func names(_ unusedClass: String) -> [String] {
    let lines = vault.coffer("unused", "--class", unusedClass, "--json").outputText
    return lines.split(separator: "\n").map { line in
      let rest = line.split(separator: #""name":""#, maxSplits: 1).dropFirst().first ?? ""
      return String(rest.prefix { $0 != "\"" })
    }
  }

  /// Example 27, and the classes at their borders.
  @Test("keys come to be never-used after seven days, and idle as the policy says") func classes() {
    vault.coffer("workspace", "add", "web")
    let used = vault.coffer("create", "web/used", "--expires", "300d").line
    vault.coffer("create", "web/unused", "--expires", "300d")
    vault.coffer("import", "web/stripe", input: "value")
    #expect(vault.coffer("verify", input: used).status == 0)
    pass(days: 6, seconds: 86_000)
    #expect(names("never-used") == [])
    pass(days: 7, seconds: 60)
    #expect(names("never-used") == ["web/unused", "web/stripe"])
    #expect(vault.coffer("list", "--flag", "never-used").outputText.contains("web/unused"))
    // An injection is a use.
    vault.coffer("run", "-k", "web/stripe", "--", "true")
    #expect(names("never-used") == ["web/unused"])
    pass(days: 89, seconds: 86_000)
    #expect(names("idle") == [])
    pass(days: 90, seconds: 60)
    #expect(names("idle") == ["web/used"])
    vault.coffer("policy", "set", "idle-days", "80")
    #expect(names("idle") == ["web/used", "web/stripe"])
    #expect(vault.coffer("unused", "--revoke", "idle", "--yes").status == 0)
    #expect(names("idle") == [])
    let shown = vault.coffer("show", "web/used", "--json").line
    #expect(shown.contains(#""state":"revoked""#))
    #expect(vault.coffer("show", "web/unused", "--json").line.contains(#""state":"active""#))
  }

  @Test("a grace that runs out while the daemon is down is over when it is up again") func grace() {
    vault.coffer("workspace", "add", "web")
    let first = vault.coffer("create", "web/ci", "--expires", "30d").line
    let second = vault.coffer("rotate", "web/ci", "--grace", "24h").line
    pass(days: 0, seconds: 86_000)
    #expect(vault.coffer("verify", "-q", input: first).status == 0)
    pass(days: 1, seconds: 60)
    #expect(vault.coffer("verify", "-q", input: first).status == 1)
    #expect(vault.coffer("verify", "-q", input: second).status == 0)
    // And the clock set back does not bring it to life again.
    pass(days: 0)
    #expect(vault.coffer("verify", "-q", input: first).status == 1)
    pass(days: 30, seconds: 60)
    #expect(vault.coffer("verify", "-q", input: second).status == 1)
    #expect(vault.coffer("show", "web/ci", "--json").line.contains(#""state":"expired""#))
  }
}
