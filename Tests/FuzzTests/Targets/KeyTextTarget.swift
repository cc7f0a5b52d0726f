import Platform

@testable import Keyring
@testable import Store

extension FuzzTarget {
  /// What people and programs write: texts of keys, names, times, codes.
  static let keytext = FuzzTarget(
    name: "keytext", maximumByteCount: 1024, seeds: KeyTextFuzzing.seeds, run: KeyTextFuzzing.run)
}

private enum KeyTextFuzzing {
  static func run(_ bytes: [UInt8]) throws {
    try read(bytes)
    // Without this, hardly any input would have a checksum that is right.
    let mended = withChecksums(bytes)
    if mended != bytes { try read(mended) }
  }

  private static func read(_ bytes: [UInt8]) throws {
    try parse(bytes)
    try RecoveryCodeFuzzing.read(bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    try mask(text)
    try WordFuzzing.read(text)
  }

  /// The bytes with a right checksum wherever the beginning of a key's text stands.
  private static func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let prefix = Array("cof_".utf8)
    for start in bytes.indices where bytes[start...].starts(with: prefix) {
      guard start + KeyText.byteCount <= bytes.count else { break }
      let end = start + KeyText.byteCount
      let body = Array(bytes[start..<(end - 6)])
      let checksum = Base62.digits(of: Checksum.crc32(of: body.span, count: body.count))
      bytes.replaceSubrange((end - 6)..<end, with: checksum)
    }
    return bytes
  }

  private static func parse(_ bytes: [UInt8]) throws {
    guard let handle = KeyText.parse(bytes.span) else { return }
    try promise(bytes.count == KeyText.byteCount, "a key's text has 57 bytes")
    let head = Array("cof_\(handle.type.textMark)_\(handle.id.text)".utf8)
    try promise(bytes.starts(with: head), "a handle is what the text begins with")
    try promise(bytes.dropFirst(7).allSatisfy(Base62.contains), "a key's text is base62")
    let text = String(decoding: bytes, as: UTF8.self)
    try promise(KeyText.occurs(in: text), "a key's text is one")
    try promise(
      KeyText.masked(text) == String(decoding: head, as: UTF8.self) + "...",
      "of a key's text the handle is shown")
  }

  private static func mask(_ text: String) throws {
    let masked = KeyText.masked(text)
    try promise(!KeyText.occurs(in: masked), "no key's text is left")
    try promise(KeyText.masked(masked) == masked, "what is masked stays as it is")
    if !text.unicodeScalars.contains("\u{FFFD}") {
      try promise(!masked.unicodeScalars.contains("\u{FFFD}"), "no character is cut")
    }
    let bytes = Array(text.utf8)
    let shown = Array(masked.utf8)
    for start in bytes.indices where start + KeyText.byteCount <= bytes.count {
      let candidate = bytes.span.extracting(start..<(start + KeyText.byteCount))
      guard KeyText.parse(candidate) != nil else { continue }
      let secret = Array(bytes[(start + 19)..<(start + 51)])
      // Beside its key, a word in one case is no secret, and `cof` may begin a key.
      let word = String(decoding: secret, as: UTF8.self)
      let lowered = Array(word.lowercased().utf8)
      guard lowered != secret, Array(word.uppercased().utf8) != secret,
        !lowered.indices.contains(where: { lowered[$0...].starts(with: "cof".utf8) })
      else { continue }
      let isShown = shown.indices.contains { shown[$0...].starts(with: secret) }
      try promise(!isShown, "no secret of a key is left")
    }
  }

  static func seeds() throws -> [[UInt8]] {
    let random = (0..<UInt8(KeyText.randomByteCount)).map { $0 &* 37 &+ 11 }
    let keys = try KeyType.allCases.map { type in
      var text = [UInt8](repeating: 0, count: KeyText.byteCount)
      var span = text.mutableSpan
      let isWritten = KeyText.write(
        type: type, id: try FixedVault.keyID(7), random: random.span, to: &span)
      try promise(isWritten, "there are random bytes enough")
      return text
    }
    let words = [
      "me/laptop", "@ada/laptop", "web/deploy", "org/billing", "id:000000000007", "deploy",
      "2026-11-23T14:56:00Z", "2024-02-29T23:59:59+01:00", "9999-12-31t23:59:59z", "90d", "12h",
      "30m", "2s", "never", "STRIPE_KEY", "web,api:list,use", "*,me", "max-lifetime=365d",
    ]
    let sentences = keys.map { Array("it says ".utf8) + $0 + Array(", and no more".utf8) }
    let broken = keys.map { Array($0.prefix(30)) + [0x0A] + Array($0.dropFirst(30)) }
    let codes = try RecoveryCodeFuzzing.seeds()
    return [keys, sentences, broken, words.map { Array($0.utf8) }, codes].flatMap(\.self)
  }
}

/// The recovery code, which somebody types from paper.
private enum RecoveryCodeFuzzing {
  static func read(_ bytes: [UInt8]) throws {
    guard !bytes.isEmpty, bytes.count <= 256 else { return }
    guard let secret = try RecoveryCode.secret(ofCode: Secret(copying: bytes.span)) else { return }
    let code = try RecoveryCode.code(of: secret)
    let written = code.withBytes { code in code.indices.map { code[$0] } }
    try promise(written.count == RecoveryCode.byteCount, "a code has 63 characters")
    func digits(_ bytes: [UInt8]) -> String {
      let text = String(decoding: bytes.filter { $0 != 0x20 && $0 != 0x2D }, as: UTF8.self)
      return String(
        text.uppercased().map { $0 == "O" ? "0" : $0 == "I" || $0 == "L" ? "1" : $0 })
    }
    try promise(digits(bytes) == digits(written), "a code is read as it was written")
  }

  static func seeds() throws -> [[UInt8]] {
    let code = try RecoveryCode.code(of: FixedVault.secret())
    let written = code.withBytes { code in code.indices.map { code[$0] } }
    return [written, Array(String(decoding: written, as: UTF8.self).lowercased().utf8)]
  }
}
