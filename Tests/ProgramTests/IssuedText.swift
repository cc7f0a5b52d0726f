import TestSupport

/// Texts of issued keys as a stranger could make them up: with a right checksum,
/// reckoned here and not by the product.
enum IssuedText {
  private static let alphabet = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  /// CRC-32/ISO-HDLC, bit by bit.
  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }

  /// Six digits of base 62.
  static func checksum(of text: String) -> String {
    var number = crc32(Array(text.utf8))
    var digits = [UInt8](repeating: 0, count: 6)
    for index in digits.indices.reversed() {
      digits[index] = alphabet[Int(number % 62)]
      number /= 62
    }
    return String(decoding: digits, as: UTF8.self)
  }

  /// A well-formed text.
  ///
  /// - Parameters:
  ///   - prefix: As in `cof_wk_`.
  ///   - id: Twelve characters.
  ///   - secret: Thirty-two characters.
  /// - Returns: The text.
  static func make(_ prefix: String, id: String, secret: String) -> String {
    let text = prefix + id + secret
    return text + checksum(of: text)
  }

  /// `text` with another secret and the checksum that belongs to it.
  static func withOtherSecret(_ text: String) -> String {
    let id = String(text.dropFirst(7).prefix(12))
    return make(
      String(text.prefix(7)), id: id, secret: String(repeating: "abcdEFGH", count: 4))
  }

  /// A well-formed text whose id no key has.
  static func withOtherID(_ text: String) -> String {
    make(String(text.prefix(7)), id: "zzzzzzzzzzzz", secret: String(text.dropFirst(19).prefix(32)))
  }

  /// The id within `text`.
  static func id(of text: String) -> String { String(text.dropFirst(7).prefix(12)) }

  /// Whether `said` holds six consecutive characters of the secret of `text`.
  static func isLeaked(_ text: String, in said: String) -> Bool {
    let secret = Array(text.utf8.dropFirst(19).prefix(32))
    guard secret.count == 32 else { return true }
    return (0...26).contains { start in
      said.contains(String(decoding: secret[start..<(start + 6)], as: UTF8.self))
    }
  }
}

extension AssuanClient {
  /// Sends a line, and answers what is inquired with `text`.
  ///
  /// - Parameters:
  ///   - line: The command.
  ///   - text: Without characters that must be escaped.
  /// - Returns: The answer.
  func ask(_ line: String, answering text: String) -> [String] {
    let asked = ask(line)
    guard asked.last?.hasPrefix("INQUIRE") == true else { return asked }
    send("D \(text)\nEND\n")
    return readReply()
  }

  /// The last line of an answer, and its code; 0 is OK.
  func code(_ line: String, answering text: String? = nil) -> Int {
    let reply = text.map { ask(line, answering: $0) } ?? ask(line)
    return reply.last?.hasPrefix("OK") == true ? 0 : AssuanClient.errorCode(of: reply) ?? -1
  }
}

extension VaultFixture {
  /// Runs `coffer` as the key whose text is presented.
  @discardableResult
  func coffer(presenting text: String, _ arguments: String..., input: String = "")
    -> Subprocess.Result
  {
    coffer(
      arguments, input: Array(input.utf8),
      environment: environmentWithKeyFile.merging(["COFFER_API_KEY": text]) { $1 })
  }

  /// The records of the vault as they are on disk, with their names.
  var records: [String: [UInt8]] { files(beginningWith: "records.") }

  /// The audit of the vault as it is on disk, with the names of its files.
  var auditFiles: [String: [UInt8]] { files(beginningWith: "audit.") }

  private func files(beginningWith prefix: String) -> [String: [UInt8]] {
    let names = Files.names(in: statePath).filter { $0.hasPrefix(prefix) }
    return Dictionary(uniqueKeysWithValues: names.map { ($0, Files.read(statePath + "/" + $0)) })
  }

  /// The rows of the audit as the caller of the socket may see them.
  func auditRows(_ options: String = "") throws -> [[String: String]] {
    let client = try connect()
    var rows: [[String: String]] = []
    var after = 0
    while true {
      let reply = client.ask("AUDIT --after=\(after) \(options)")
      guard reply.last == "OK" else { return rows }
      for line in reply where line.hasPrefix("S ROW ") { rows.append(StatusLine.fields(line)) }
      guard let more = reply.first(where: { $0.hasPrefix("S MORE ") }),
        let next = StatusLine.fields(more)["after"].flatMap({ Int($0) })
      else { return rows }
      after = next
    }
  }
}

/// A status line of the protocol, as a test reads it.
enum StatusLine {
  /// The fields of `S WORD name=value ...`, without escapes.
  static func fields(_ line: String) -> [String: String] {
    var fields: [String: String] = [:]
    for word in line.split(separator: " ").dropFirst() {
      guard let end = word.firstIndex(of: "=") else { continue }
      fields[String(word[..<end])] = unescaped(word[word.index(after: end)...])
    }
    return fields
  }

  /// The fields of the first line of `reply` with that keyword.
  static func first(_ keyword: String, of reply: [String]) -> [String: String] {
    reply.first { $0.hasPrefix("S \(keyword) ") }.map { fields($0) } ?? [:]
  }

  private static func unescaped(_ text: Substring) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = String(decoding: rest.prefix(2), as: UTF8.self)
      if byte == UInt8(ascii: "%"), let value = UInt8(digits, radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension String {
  /// The text with each `old` replaced; without Foundation.
  func substituting(_ old: String, _ new: String) -> String {
    split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }
}
