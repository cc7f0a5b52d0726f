internal import Platform
internal import Sodium

/// The file `slots`: what opens the vault, and which records are its own.
///
///     coffer slots 1 1
///     vault <32 hexadecimal digits>
///     number <counts the slots files of this vault, from 1>
///     generation <of the live records>
///     audit <the live files of the audit, ascending>
///     slot <number> passphrase <bytes of memory> <passes> <salt> <commitment> <wrapped key>
///     slot <number> key-file|credential|recovery <salt> <commitment> <wrapped key>
///     mac <BLAKE2b-256 of all lines above, with the vault's slot key>
///     sum <BLAKE2b-128 of all lines above, without a key>
///
/// The sum tells damage from a wrong passphrase before anything is opened; the
/// MAC tells a forgery after it.
struct SlotFile: Equatable, Sendable {
  /// What wrote it; a later format may still be readable.
  var format = SlotFile.version
  let vault: VaultID
  let number: UInt64
  let generation: UInt64

  /// The live files of the audit, by their numbers.
  let audit: [UInt64]
  let slots: [KeySlot]

  /// The newest format that this version can read.
  static let version = 1

  static let maximumByteCount = 65_536

  /// So many slots are tried with one secret at the most.
  static let maximumSlotCount = 16

  /// So many files of the audit are named at the most: they are all opened.
  static let maximumAuditFileCount = 1024

  /// What a slot from a file may ask of the machine: 8 MiB to 1 GiB, 1 to 10 passes.
  private static let memoryRange = 8 << 20...1 << 30
  private static let passesRange = 1...10

  // MARK: Writing

  /// The bytes of the file.
  func encoded(key: borrowing VaultKey) -> [UInt8] {
    var bytes = Array(body.utf8)
    let mac = Hash.digest(of: bytes.span, key: key.slots)
    bytes += Array("mac \(Hex.text(mac))\n".utf8)
    let sum = Hash.digest(of: bytes.span, byteCount: 16)
    bytes += Array("sum \(Hex.text(sum))\n".utf8)
    return bytes
  }

  /// Throws `full` if it names more files of the audit than are ever read.
  func requireFitting() throws(StoreError) {
    guard audit.count <= Self.maximumAuditFileCount else {
      throw .full(file: VaultDirectory.FileName.slots)
    }
  }

  /// All lines that the MAC covers.
  private var body: String {
    var lines = [
      "coffer slots \(format) \(Self.version)",
      "vault \(Hex.text(vault.bytes))",
      "number \(number)",
      "generation \(generation)",
      "audit \(audit.map(String.init).joined(separator: " "))",
    ]
    for slot in slots {
      var words = ["slot", String(slot.number), slot.kind.word]
      if case .passphrase(let cost) = slot.kind {
        words += [String(cost.memoryByteCount), String(cost.passes)]
      }
      words += [slot.salt, slot.commitment, slot.wrappedKey].map(Hex.text)
      lines.append(words.joined(separator: " "))
    }
    return lines.map { $0 + "\n" }.joined()
  }

  // MARK: Reading

  /// A file as it was read; its MAC can be checked once the vault key is there.
  struct Read {
    let file: SlotFile
    fileprivate let mac: [UInt8]

    /// Throws `damaged` unless the file was written by a holder of `key`.
    func verify(key: borrowing VaultKey) throws(StoreError) {
      let body = Array(file.body.utf8)
      guard Hash.isEqual(Hash.digest(of: body.span, key: key.slots), mac) else {
        throw SlotFile.damaged("its MAC does not fit the vault key")
      }
    }
  }

  /// Reads the bytes of the file.
  ///
  /// Throws `unknown version` and `damaged`.
  static func read(_ bytes: [UInt8]) throws(StoreError) -> Read {
    guard let text = String(validating: bytes, as: UTF8.self), text.hasSuffix("\n") else {
      throw damaged("it is no text of whole lines")
    }
    var lines = text.dropLast().split(separator: "\n", omittingEmptySubsequences: false)
    let format = try format(of: lines[0])
    let sum = try value(of: lines.popLast(), "sum")
    let summed = bytes.prefix(bytes.count - "sum ".count - sum.count * 2 - 1)
    guard Hash.digest(of: Array(summed).span, byteCount: 16) == sum else {
      throw damaged("its checksum is wrong")
    }
    let mac = try value(of: lines.popLast(), "mac")
    guard lines.count >= 6, lines.count <= 5 + maximumSlotCount else {
      throw damaged("it has no slot, or too many")
    }
    let vault = try value(of: lines[1], "vault")
    guard vault.count == VaultID.byteCount, mac.count == Hash.byteCount else {
      throw damaged("a value has the wrong length")
    }
    let number = try self.number(of: lines[2], "number")
    let generation = try self.number(of: lines[3], "generation")
    let audit = try audit(of: lines[4])
    var slots: [KeySlot] = []
    for line in lines.dropFirst(5) { slots.append(try slot(line)) }
    let file = SlotFile(
      format: format, vault: VaultID(bytes: vault), number: number, generation: generation,
      audit: audit, slots: slots)
    // Whatever reads as the same but was written otherwise is not ours.
    guard Array((file.body + "mac \(Hex.text(mac))\n").utf8) == Array(summed) else {
      throw damaged("its lines are not as they are written")
    }
    guard Set(slots.map(\.number)).count == slots.count else {
      throw damaged("two slots have one number")
    }
    return Read(file: file, mac: mac)
  }

  private static func damaged(_ reason: String) -> StoreError {
    .damaged(file: VaultDirectory.FileName.slots, reason: reason)
  }

  private static func format(of line: Substring) throws(StoreError) -> Int {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 4, words[0] == "coffer", words[1] == "slots", let format = Int(words[2]),
      let minimumReader = Int(words[3])
    else {
      throw damaged("its first line is none of a slots file")
    }
    guard minimumReader <= version else {
      throw .unknownVersion(file: VaultDirectory.FileName.slots, version: minimumReader)
    }
    return format
  }

  private static func value(of line: Substring?, _ word: String) throws(StoreError) -> [UInt8] {
    guard let line, line.hasPrefix(word + " "),
      let value = Hex.bytes(line.dropFirst(word.count + 1))
    else {
      throw damaged("its line '\(word)' is missing or malformed")
    }
    return value
  }

  private static func number(of line: Substring, _ word: String) throws(StoreError) -> UInt64 {
    guard line.hasPrefix(word + " "), let number = number(line.dropFirst(word.count + 1)) else {
      throw damaged("its line '\(word)' is missing or malformed")
    }
    return number
  }

  /// A number that can be counted on from for ever.
  private static func number(_ text: Substring) -> UInt64? {
    UInt64(text).flatMap { (1...UInt64(Int64.max)).contains($0) ? $0 : nil }
  }

  private static func audit(of line: Substring) throws(StoreError) -> [UInt64] {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    let numbers = words.dropFirst().compactMap(number)
    guard words[0] == "audit", numbers.count == words.count - 1,
      (1...maximumAuditFileCount).contains(numbers.count),
      zip(numbers, numbers.dropFirst()).allSatisfy({ $0 < $1 })
    else {
      throw damaged("its line 'audit' is missing or malformed")
    }
    return numbers
  }

  private static func slot(_ line: Substring) throws(StoreError) -> KeySlot {
    var words = line.split(separator: " ", omittingEmptySubsequences: false)[...]
    guard words.popFirst() == "slot", let number = words.popFirst().flatMap({ UInt32($0) }),
      let kind = try kind(&words), words.count == 3
    else {
      throw damaged("a slot is malformed")
    }
    var values: [[UInt8]] = []
    for word in words {
      guard let value = Hex.bytes(word) else { throw damaged("a slot is malformed") }
      values.append(value)
    }
    guard values[0].count == KeySlot.saltByteCount, values[1].count == Hash.byteCount,
      values[2].count == KeySlot.wrappedKeyByteCount
    else {
      throw damaged("a slot is malformed")
    }
    return KeySlot(
      number: number, kind: kind, salt: values[0], commitment: values[1], wrappedKey: values[2])
  }

  private static func kind(
    _ words: inout ArraySlice<Substring>
  ) throws(StoreError) -> KeySlot.Kind? {
    switch words.popFirst() {
    case "key-file": return .keyFile
    case "credential": return .credential
    case "recovery": return .recoveryCode
    case "passphrase":
      guard let memory = words.popFirst().flatMap({ Int($0) }),
        let passes = words.popFirst().flatMap({ Int($0) }), memoryRange.contains(memory),
        passesRange.contains(passes)
      else {
        throw damaged("a passphrase slot asks for more than 1 GiB or 10 passes, or too little")
      }
      return .passphrase(KeyDerivation.Cost(memoryByteCount: memory, passes: passes))
    default: return nil
    }
  }
}

/// Bytes as lowercase hexadecimal digits, for what is no secret.
enum Hex {
  private static let digits = Array("0123456789abcdef".utf8)

  static func text(_ bytes: [UInt8]) -> String {
    String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The bytes; nil unless `text` is what ``text(_:)`` writes.
  static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    let characters = Array(text.utf8)
    guard characters.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: characters.count, by: 2) {
      guard let high = digits.firstIndex(of: characters[index]),
        let low = digits.firstIndex(of: characters[index + 1])
      else { return nil }
      bytes.append(UInt8(high << 4 | low))
    }
    return bytes
  }
}
