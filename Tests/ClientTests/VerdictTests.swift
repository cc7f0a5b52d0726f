import Platform
import Testing
import Wire

@testable import Client

@Suite("Verdict")
struct VerdictTests {
  static let valid = statuses(
    "VALID id=1abcDEF123gh name=web/deploy type=workspace workspace=web "
      + "expires=2026-12-31T00:00:00Z version=2 ends=2026-11-24T00:00:00Z",
    "RIGHT workspace=web actions=list,use")

  @Test("tells all that a holder may know of a valid key") func tellsValid() throws {
    let verdict = try Verdict(Self.valid)
    #expect(verdict.isValid)
    #expect(
      verdict.lines == [
        "web/deploy is valid",
        "id                 1abcDEF123gh",
        "type               workspace",
        "workspace          web",
        "expires            2026-12-31T00:00:00Z",
        "version            2",
        "former text until  2026-11-24T00:00:00Z",
        "in web             list, use",
      ])
    #expect(
      verdict.json.text
        == #"{"valid":true,"id":"1abcDEF123gh","name":"web/deploy","type":"workspace","#
        + #""workspace":"web","owner":null,"expires":"2026-12-31T00:00:00Z","version":2,"#
        + #""ends":"2026-11-24T00:00:00Z","rights":[{"workspace":"web","own":false,"#
        + #""organization":false,"actions":["list","use"]}]}"#)
  }

  @Test("a key without an expiry never expires") func tellsNever() throws {
    let verdict = try Verdict(statuses("VALID id=1abcDEF123gh name=me/a type=user owner=ada"))
    #expect(verdict.lines.contains("expires  never"))
    #expect(verdict.json.text.contains(#""expires":null"#))
  }

  @Test("an answer that names no key is none") func refusesNothing() {
    #expect(throws: ClientError.self) { _ = try Verdict([]) }
  }

  struct Case: CustomTestStringConvertible {
    let code: Failure.Code
    let reason: String?

    var testDescription: String { "\(code)" }
  }

  static let cases = Failure.Code.allCases.map { code in
    let reasons: [Failure.Code: String] = [
      .malformed: "malformed", .denied: "denied", .forbidden: "no permission",
    ]
    return Case(code: code, reason: reasons[code])
  }

  @Test("tells a refused key from a question that was not answered", arguments: cases)
  func tellsRefused(_ test: Case) {
    let verdict = Verdict(ClientError(test.code, "denied: the key is revoked", hint: nil))
    #expect(verdict?.isValid == (test.reason == nil ? nil : false))
    guard let reason = test.reason else { return }
    #expect(verdict?.lines == ["denied: the key is revoked"])
    #expect(
      verdict?.json.text
        == #"{"valid":false,"reason":"\#(reason)","message":"denied: the key is revoked"}"#)
  }
}

@Suite("PresentedKey")
struct PresentedKeyTests {
  @Test("a refusal names the variable, and is none of another command's")
  func namesVariable() {
    let error = PresentedKey.refusal(ClientError(.denied, "denied", hint: nil))
    #expect(error.message == "COFFER_API_KEY: the key was refused: denied")
    #expect(error.hint == "set another key, or unset it to act as yourself")
    #expect(error.status == ExitStatus.failed)
  }

  @Test("a variable goes into locked memory as it is") func readsEnvironment() throws {
    let path = try #require(Environment.value(of: "PATH"))
    let secret = try Environment.secret(of: "PATH")
    let bytes: [UInt8]? =
      switch secret {
      case .some(let secret): secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
      case .none: nil
      }
    #expect(bytes == Array(path.utf8))
    let missing = try Environment.secret(of: "COFFER_NO_SUCH_VARIABLE")
    let isMissing = missing == nil
    #expect(isMissing)
  }

  @Test("a locked vault and a lost daemon stay what they are", arguments: [true, false])
  func keepsOthers(isLocked: Bool) {
    let error = isLocked ? ClientError(.locked, "the vault is locked", hint: nil) : .lost
    #expect(PresentedKey.refusal(error) == error)
  }
}
