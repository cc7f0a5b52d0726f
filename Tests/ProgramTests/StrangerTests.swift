import Platform
import TestSupport
import Testing

/// What a uid that is no user can find out with texts, which is nothing.
@Suite("A stranger with texts", .enabled(if: Team.isPossible, "needs root and setpriv"))
struct StrangerTests {
  let team = Team()

  /// Texts that are well-formed and denied, with the reason in front.
  private func deniedTexts() throws -> [(String, String)] {
    let names = ["live", "revoked", "expired", "suspended", "retired"]
    let texts = names.map { team.owner("create", "web/\($0)").line }
    #expect(team.owner("revoke", "web/revoked").status == 0)
    #expect(team.owner("expire", "web/expired", "1s").status == 0)
    #expect(team.owner("suspend", "web/suspended").status == 0)
    #expect(team.owner("rotate", "web/retired", "--now").status == 0)
    let expired = eventually {
      team.owner("show", "id:\(IssuedText.id(of: texts[2]))", "--json").line
        .contains(#""state":"expired""#)
    }
    #expect(expired)
    let others = [
      ("an unknown id", IssuedText.withOtherID(texts[0])),
      ("a wrong secret", IssuedText.withOtherSecret(texts[0])),
    ]
    return others + zip(names, texts).dropFirst().map { ($0, $1) }
  }

  @Test("who comes to open a vault that others open meanwhile learns nothing of the secret")
  func unlockBesideOwner() throws {
    let stranger = try team.fixture.connect()
    #expect(team.owner("lock").status == 0)
    #expect(stranger.ask("UNLOCK --key-file").last == "INQUIRE KEYFILE")
    #expect(team.fixture.unlock(over: try team.fixture.connect()))
    // It comes from uid 0, which is no user, and is not tried any more.
    stranger.send("D " + String(repeating: "w", count: 64) + "\nEND\n")
    #expect(AssuanClient.errorCode(of: stranger.readReply()) == 251)
    let rows = team.owner("audit", "--json").outputText.split(separator: "\n")
    let unlocks = rows.filter { $0.contains(#""verb":"UNLOCK""#) }
    #expect(unlocks.count { $0.contains(#""outcome":"ok""#) } == 1, "\(unlocks)")
  }

  /// Example 25.
  @Test("every denied text gets the same bytes, whatever is wrong with it") func equalAnswers()
    throws
  {
    let texts = try deniedTexts()
    for verb in ["VERIFY", "VERIFY --require=use --workspace=web", "AUTH"] {
      let answers = try texts.map { try team.fixture.connect().ask(verb, answering: $0.1) }
      #expect(answers[0] == ["ERR 536871227 denied"], "\(answers[0])")
      for (answer, text) in zip(answers, texts) { #expect(answer == answers[0], "\(text.0)") }
    }
    // The client adds nothing to it, nor does it take anything away.
    let said = texts.map {
      let result = team.coffer(as: Team.stranger, ["verify", "--json"], input: $0.1)
      return "\(result.status) \(result.outputText) \(result.errorText)"
    }
    #expect(Set(said).count == 1, "\(said)")
    // A user without verify with detail over the key is told no more.
    for uid in [Team.vic, Team.max] {
      let said = texts.map { team.coffer(as: uid, ["verify"], input: $0.1) }
      for result in said { #expect(result.errorText == "coffer: denied\n") }
    }
    // Who oversees the key is told.
    let reasons = texts.map { team.coffer(as: Team.eve, ["verify"], input: $0.1).errorText }
    #expect(reasons[0] == "coffer: denied\n", "an id that no key has is not in anyone's workspace")
    #expect(reasons[2] == "coffer: denied: the key is revoked\n")
    #expect(reasons[3] == "coffer: denied: the key is expired\n")
  }

  @Test("whoever holds a valid text learns what it may do, user or not") func validText() {
    let text = team.owner("create", "web/ci").line
    for uid in [Team.stranger, Team.max, 65_534] {
      let result = team.coffer(as: uid, ["verify"], input: text)
      #expect(result.status == 0, "\(result.errorText)")
      #expect(result.outputText.hasPrefix("web/ci is valid\n"))
    }
  }

  @Test("a stranger can ask nothing else") func nothingElse() throws {
    let client = try team.fixture.connect()
    for line in [
      "LIST", "SHOW web/stripe", "WHOAMI", "ENV web/stripe", "CREATE me/x", "AUDIT", "UNUSED",
      "WHY web/stripe", "USER LIST", "WORKSPACE LIST", "POLICY SHOW", "GRANT eve owner",
      "REVOKE web/stripe", "USER ADD me --uid=0", "SCAN",
    ] {
      let reply = client.ask(line)
      #expect(AssuanClient.errorCode(of: reply) == 251, "\(line): \(reply)")
    }
    for line in ["STATUS", "GETINFO state", "NOP"] { #expect(client.ask(line).last == "OK") }
  }

  /// The keys that are live, by name, as the Owner sees them.
  private var liveNames: Set<Substring> {
    let lines = team.owner("list", "--state", "active").outputText.split(separator: "\n")
    return Set(lines.dropFirst().map { $0.prefix { $0 != " " } })
  }

  @Test("a burn by a stranger ends what the text is live for, and answers the same to all")
  func burn() throws {
    let current = team.owner("create", "web/current").line
    let former = team.owner("create", "web/former").line
    let newer = team.owner("rotate", "web/former").line
    let suspended = team.owner("create", "web/suspended").line
    team.owner("suspend", "web/suspended")
    let dead = team.owner("create", "web/dead").line
    team.owner("revoke", "web/dead")
    let bystander = team.owner("create", "web/bystander").line
    let texts = [
      IssuedText.withOtherSecret(bystander), IssuedText.withOtherID(bystander), dead, "no key",
      bystander.lowercased(), former, current, suspended, current,
    ]
    let answers = try texts.map { try team.fixture.connect().ask("BURN", answering: $0) }
    for answer in answers { #expect(answer == ["OK"]) }
    let said = texts.map {
      let result = team.coffer(as: Team.stranger, ["burn"], input: $0)
      return "\(result.status) \(result.outputText) \(result.errorText)"
    }
    #expect(
      Set(said) == ["0  coffer: done: if it was a live key of this vault, it has ended\n"])
    #expect(liveNames == ["web/stripe", "web/former", "web/bystander"])
    func isValid(_ text: String) -> Bool { team.owner("verify", "-q", input: text).status == 0 }
    #expect(!isValid(former))
    #expect(isValid(newer))
    #expect(isValid(bystander))
    let shown = team.owner("show", "web/current", "--json").line
    #expect(shown.contains(#""reason":"burned by a holder of its text""#), "\(shown)")
    #expect(team.owner("resume", "web/suspended").status == 1)
  }
}
