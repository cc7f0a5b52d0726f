import Platform
import TestSupport
import Testing

/// What is shown of a key, what can be injected, and what pauses or ends it.
@Suite("Custody and state")
struct CustodyTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  private func isValid(_ text: String) -> Bool {
    fixture.coffer("verify", "--quiet", input: text).status == 0
  }

  private func run(_ arguments: String...) -> Subprocess.Result {
    fixture.coffer(["run"] + arguments)
  }

  @Test("the text of a hidden key is printed for nobody, and injected all the same") func hidden() {
    let created = fixture.coffer("create", "web/hidden", "--custody", "hidden")
    #expect(created.status == 0 && created.output.isEmpty)
    #expect(created.errorText.contains("custody  hidden\n"))
    let first = run("-k", "web/hidden", "--", "printenv", "HIDDEN").line
    #expect(first.hasPrefix("cof_wk_") && first.utf8.count == 57)
    #expect(isValid(first))
    let rotated = fixture.coffer("rotate", "web/hidden", "--now")
    #expect(rotated.status == 0 && rotated.output.isEmpty)
    let second = run("-k", "web/hidden", "--", "printenv", "HIDDEN").line
    #expect(second != first)
    #expect(!isValid(first) && isValid(second))
    let said = created.errorText + rotated.errorText + fixture.coffer("show", "web/hidden").line
    #expect(!IssuedText.isLeaked(first, in: said) && !IssuedText.isLeaked(second, in: said))
  }

  @Test("a verify-only key is shown once, cannot be injected, and is left out of a workspace")
  func verifyOnly() throws {
    let text = fixture.coffer("create", "web/verify", "--custody", "verify-only").line
    #expect(text.utf8.count == 57 && isValid(text))
    let injected = run("-k", "web/verify", "--", "echo", "ran")
    #expect(injected.status == 125 && injected.output.isEmpty)
    #expect(
      injected.errorText.hasPrefix(
        "coffer: web/verify: wrong state: the key is verify-only, so there is nothing to inject\n"))
    let all = run("-w", "web", "--", "sh", "-c", "echo ${#DEPLOY}.$STRIPE_KEY.$VERIFY")
    #expect(all.line == "57.\(VaultFixture.stripeValue).", "\(all.errorText)")
    let second = fixture.coffer("rotate", "web/verify").line
    #expect(isValid(text) && isValid(second))
    #expect(run("-k", "web/verify", "--", "true").status == 125)
    #expect(fixture.coffer("show", "web/verify").outputText.contains("custody    verify-only\n"))
  }

  @Test("a suspended key of a workspace makes the whole of it fail, until it is resumed")
  func suspended() {
    let text = fixture.coffer("create", "web/ci").line
    let suspend = fixture.coffer("suspend", "web/ci", "--reason", "is it used?")
    #expect(suspend.status == 0)
    #expect(suspend.errorText.hasPrefix("coffer: suspended web/ci (id "))
    #expect(!isValid(text))
    for arguments in [["-w", "web"], ["-k", "web/ci"], ["-k", "web/stripe", "-k", "web/ci"]] {
      let result = fixture.coffer(["run"] + arguments + ["--", "echo", "ran"])
      #expect(result.status == 125 && result.output.isEmpty)
      #expect(
        result.errorText.hasPrefix("coffer: web/ci: wrong state: the key is suspended\n"),
        "\(result.errorText)")
    }
    let shown = fixture.coffer("show", "web/ci", "--json").line
    #expect(shown.contains(#""state":"suspended""#) && shown.contains(#""suspender":"root""#))
    #expect(shown.contains(#""reason":"is it used?""#))
    let again = fixture.coffer("suspend", "web/ci")
    #expect(again.status == 0 && again.errorText.contains("was suspended already"))
    #expect(fixture.coffer("resume", "web/ci").status == 0)
    #expect(isValid(text))
    #expect(run("-w", "web", "--", "true").status == 0)
  }

  @Test("a suspension lives through a kill -9, and so does what ends it") func suspensionSurvives()
  {
    let text = fixture.coffer("create", "web/ci").line
    fixture.coffer("suspend", "web/ci")
    fixture.killDaemon()
    #expect(!isValid(text))
    fixture.coffer("resume", "web/ci")
    fixture.killDaemon()
    #expect(isValid(text))
  }

  @Test("an imported key gets its vendor's new value, at once and for good") func replaces() {
    let result = fixture.coffer("replace", "web/stripe", input: "sk_live_second\n")
    #expect(result.status == 0 && result.output.isEmpty)
    #expect(result.errorText.hasPrefix("coffer: replaced the value of web/stripe\n"))
    #expect(result.errorText.contains("its vendor still honours the former value"))
    #expect(run("-k", "web/stripe", "--", "printenv", "STRIPE_KEY").line == "sk_live_second")
    fixture.killDaemon()
    #expect(run("-k", "web/stripe", "--", "printenv", "STRIPE_KEY").line == "sk_live_second")
    // The new value has the expiry that is told of it, and none unless it is.
    let brief = fixture.coffer("replace", "web/stripe", "--expires", "30d", input: "sk_live_third")
    #expect(!brief.errorText.contains("warning"), "\(brief.errorText)")
    let lasting = fixture.coffer("replace", "web/stripe", input: "sk_live_second")
    #expect(
      lasting.errorText.contains("warning: the former value had an expiry, 2"),
      "\(lasting.errorText)")
    #expect(lasting.errorText.contains("hint: 'coffer expire web/stripe TIME' gives it one"))
    #expect(fixture.coffer("expire", "web/stripe", "30d").status == 0)
    // Only imported keys, and only to what a value can be.
    let before = fixture.records
    for (key, input, message) in [
      ("web/deploy", "value", "coffer: web/deploy: invalid: an issued key has no vendor's value"),
      ("web/stripe", "", "coffer: web/stripe: the value is empty, so nothing was stored\n"),
      ("web/none", "value", "coffer: web/none: not found\n"),
    ] {
      let refused = fixture.coffer("replace", key, input: input)
      #expect(refused.status == 1)
      #expect(refused.errorText.hasPrefix(message), "\(refused.errorText)")
    }
    #expect(fixture.records == before)
    let verify = fixture.coffer("verify", input: "sk_live_second")
    #expect(verify.errorText.hasPrefix("coffer: malformed: "))
  }

  @Test("an expiry is brought forward, and never back") func expires() throws {
    let text = fixture.coffer("create", "web/ci", "--expires", "90d").line
    let sooner = fixture.coffer("expire", "web/ci", "12h")
    #expect(sooner.status == 0 && sooner.errorText.hasPrefix("coffer: web/ci expires at 20"))
    let before = fixture.records
    let later = fixture.coffer("expire", "web/ci", "13h")
    #expect(later.status == 1)
    #expect(
      later.errorText.hasPrefix(
        "coffer: web/ci: invalid: an expiry is brought forward only, and it is 20"))
    let past = fixture.coffer("expire", "web/ci", "2020-01-01T00:00:00Z")
    #expect(past.errorText.hasPrefix("coffer: web/ci: invalid: the expiry 2020-01-01T00:00:00Z is"))
    #expect(fixture.records == before)
    #expect(isValid(text))
    let client = try fixture.connect()
    let reply = client.ask("EXPIRE web/ci 2s")
    let ends = StatusLine.first("KEY", of: reply)["expires"]
    #expect(eventually { client.code("VERIFY", answering: text) == 315 })
    // At that very second, and not before it.
    let rows = try fixture.auditRows("--key=web/ci")
    #expect(rows.last?["time"] == ends, "\(rows.suffix(2))")
    fixture.killDaemon()
    #expect(!isValid(text))
    #expect(fixture.coffer("rotate", "id:\(IssuedText.id(of: text))").status == 1)
  }
}
