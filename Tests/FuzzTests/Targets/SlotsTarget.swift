import Platform
import Sodium

@testable import Store

extension FuzzTarget {
  /// The file `slots`: as it is, and with the sums that belong to it.
  static let slots = FuzzTarget(
    name: "slots", maximumByteCount: 4096, seeds: SlotsFuzzing.seeds, run: SlotsFuzzing.run)
}

private enum SlotsFuzzing {
  static func run(_ bytes: [UInt8]) throws {
    try read(bytes)
    // Without this, hardly any input would come past the checksum.
    try read(summed(bytes))
    try read(summed(bytes, try FixedVault.key()))
  }

  /// `body` with its sum behind it, and with the MAC of `key` before that.
  private static func summed(_ body: [UInt8]) -> [UInt8] {
    let sum = Hash.digest(of: body.span, byteCount: 16)
    return body + Array("sum \(Hex.text(sum))\n".utf8)
  }

  private static func summed(_ body: [UInt8], _ key: borrowing VaultKey) -> [UInt8] {
    let mac = Hash.digest(of: body.span, key: key.slots)
    return summed(body + Array("mac \(Hex.text(mac))\n".utf8))
  }

  private static func read(_ bytes: [UInt8]) throws {
    let read: SlotFile.Read
    do throws(StoreError) {
      read = try SlotFile.read(bytes)
    } catch {
      return
    }
    let file = read.file
    try checkLimits(of: file)
    let key = try FixedVault.key()
    let again = file.encoded(key: key)
    try promise(
      bodyLines(of: again) == bodyLines(of: bytes), "what is accepted is as it is written")
    let reread = try accepted("what was written is read") { () throws(StoreError) in
      try SlotFile.read(again)
    }
    try promise(reread.file == file, "what was written is read as the same")
    try accepted("what the vault key wrote is verified") { () throws(StoreError) in
      try reread.verify(key: key)
    }
    let isVerified = (try? read.verify(key: key)) != nil
    try promise(isVerified == (again == bytes), "only what the vault key wrote is verified")
    try open(file)
  }

  private static func bodyLines(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast(3)
  }

  private static func checkLimits(of file: SlotFile) throws {
    try promise((1...SlotFile.maximumSlotCount).contains(file.slots.count), "1 to 16 slots")
    try promise(file.number > 0 && file.generation > 0, "numbers count from 1")
    for slot in file.slots {
      try promise(slot.salt.count == KeySlot.saltByteCount, "a salt has 16 bytes")
      try promise(slot.wrappedKey.count == KeySlot.wrappedKeyByteCount, "a box has its length")
      if case .passphrase(let cost) = slot.kind {
        try promise(
          (8 << 20...1 << 30).contains(cost.memoryByteCount) && (1...10).contains(cost.passes),
          "a slot asks for what the machine has")
      }
    }
  }

  /// What is accepted opens with the right secret only, and to one key only.
  private static func open(_ file: SlotFile) throws {
    let secret: Secret
    do throws(StoreError) {
      secret = try FixedVault.keyFile().vaultKey(from: file)
    } catch {
      return
    }
    let isTheKey = secret.withBytes { bytes in
      bytes.count == VaultKey.byteCount && bytes.indices.allSatisfy { bytes[$0] == 0x5A }
    }
    try promise(isTheKey, "a slot opens to the vault's key")
  }

  static func seeds() throws -> [[UInt8]] {
    let key = try FixedVault.key()
    let vaultKey = try FixedVault.secret()
    let keyFile = try FixedVault.keyFile()
    let slot = try KeySlot(
      number: 1, kind: .keyFile, wrapping: vaultKey, by: keyFile.bytes, vault: FixedVault.id)
    let kinds: [KeySlot.Kind] = [
      .passphrase(KeyDerivation.Cost(memoryByteCount: 256 << 20, passes: 3)), .recoveryCode,
      .keyFile, .credential,
    ]
    let others = kinds.enumerated().map { index, kind in
      KeySlot(
        number: UInt32(index + 2), kind: kind, salt: slot.salt, commitment: slot.commitment,
        wrappedKey: slot.wrappedKey)
    }
    let files = [[slot], [slot] + others, others].map { slots in
      SlotFile(vault: FixedVault.id, number: 3, generation: 2, audit: [1, 3], slots: slots).encoded(
        key: key)
    }
    // The whole file, and what is left without its last line or two.
    return files.flatMap { file in
      (0...2).map { count in
        let lines = file.split(separator: 0x0A, omittingEmptySubsequences: false)
        return Array(lines.dropLast(count + 1).joined(separator: [0x0A])) + [0x0A]
      }
    }
  }
}
