import Keyring
import Testing

/// Key texts that were damaged on their way into a message.
@Suite("KeyText that is damaged")
struct DamagedKeyMaskingTests {
  private static let id = "Zz09aB3dE7gH"
  private static let secret = "9876543210zyxwvutsrqponmlkjihgfe"
  private static let checksum = "2GIaKR"
  private static let text = "cof_uk_\(id)\(secret)\(checksum)"

  /// One whose secret has letters in both cases, as they nearly all have.
  private static let mixed = "DDcXQNK1mz7EhiYiU0v4Yb2RcWk8LsTg5JqHa3Ne9PfVxZd6Mo"

  /// Whether six or more consecutive characters of a secret stand in `output`.
  private static func leaks(_ output: String) -> Bool {
    [secret, String(mixed.dropFirst(12).prefix(32))].contains { secret in
      let secret = Array(secret.utf8)
      let output = Array(output.utf8)
      return (0...(secret.count - 6)).contains { start in
        let part = secret[start..<(start + 6)]
        return output.indices.contains { output[$0...].starts(with: part) }
      }
    }
  }

  struct Case: CustomTestStringConvertible {
    let text: String
    let masked: String
    var testDescription: String { "\"\(text)\"" }
  }

  static let cases: [Case] = [
    Case(text: "cof_wk_DDcXQNK1mz7E:\(mixed.dropFirst(12)): no", masked: "cof_wk_...: no"),
    Case(text: "cof_wk_\(id)=\(secret)\(checksum)", masked: "cof_wk_..."),
    Case(text: "'cof_wk_\(id)',\(secret)' is none", masked: "'cof_wk_...' is none"),
    Case(text: "cof_wk_\(id) \(secret), no", masked: "cof_wk_..., no"),
    Case(text: "cof_wk_...\(secret)", masked: "cof_wk_..."),
    Case(text: "cof_wk_\(id)...\(secret): no", masked: "cof_wk_\(id)...: no"),
    Case(text: "\(mixed): not found", masked: "...: not found"),
    Case(text: "web/\(mixed)", masked: "web/..."),
    Case(text: "COF_wk_\(mixed)", masked: "COF_wk_..."),
    Case(text: "cof-wk-\(mixed)", masked: "cof-wk-..."),
    Case(text: "cof-wk_\(secret)", masked: "cof-wk_..."),
    Case(text: "cof_xk_\(mixed)", masked: "cof_xk_..."),
    Case(text: "\(mixed)cof_uk_0000", masked: "...cof_uk_0000"),
  ]

  @Test("of a damaged key the prefix is shown, and no more", arguments: cases)
  func masks(_ test: Case) {
    #expect(KeyText.masked(test.text) == test.masked)
  }

  @Test("a mark mistyped into a key shows nothing of it", arguments: ":;,'\"()=-._/+ ".utf8)
  func masksMark(_ mark: UInt8) {
    for position in 7..<57 {
      for isInserted in [false, true] {
        var bytes = Array(Self.text.utf8)
        if isInserted {
          bytes.insert(mark, at: position)
        } else {
          bytes[position] = mark
        }
        let masked = KeyText.masked(String(decoding: bytes, as: UTF8.self) + ": not found")
        #expect(!Self.leaks(masked), "\(masked)")
      }
    }
  }

  static let legitimate = [
    "web/stripe is no key",
    String(repeating: "a-long.name_0", count: 4),
    String(repeating: "a0", count: 32),
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    String(repeating: "LONG", count: 16),
    "STRIPE_KEY_OF_THE_DEPARTMENT_FOR_PAYMENTS is reserved",
    "id:Zz09aB3dE7gH: not found",
    "key 'cof_uk_0000', then ('cof_wk_\(id)')",
    "/home/ada/Documents/Projects/CofferVault/state/socket",
    "cofferd", "cof", "cof_uk",
  ]

  @Test("names, ids and paths stay as they are", arguments: legitimate)
  func keeps(_ text: String) {
    #expect(KeyText.masked(text) == text)
  }

  @Test("masking what is masked changes nothing") func isIdempotent() {
    let pieces = [
      Self.text, "cof_uk_", "COF-wk-", "...", " ", ":", ",", "'", "/", "ü", Self.id, Self.secret,
      Self.mixed, "a", "0", "-",
    ]
    var state: UInt64 = 7
    for _ in 0..<20_000 {
      var text = ""
      for _ in 0..<6 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        text += pieces[Int(state >> 33) % pieces.count]
      }
      let masked = KeyText.masked(text)
      #expect(KeyText.masked(masked) == masked, "\(text)")
      #expect(!KeyText.occurs(in: masked), "\(text)")
    }
  }
}
