import Keyring
import Platform
import Sodium

@testable import Store

extension FuzzTarget {
  /// Backups: arbitrary bytes, and snapshots that the fuzzer has sealed.
  static let backup = FuzzTarget(
    name: "backup", maximumByteCount: 4096, seeds: BackupFuzzing.seeds, run: BackupFuzzing.run)
}

private enum BackupFuzzing {
  /// What an input is, by its first byte; the rest of the byte means nothing.
  private enum Form: UInt8, CaseIterable {
    case raw
    case sealed
    case edited
  }

  static func run(_ bytes: [UInt8]) throws {
    var input = FuzzInput(bytes)
    guard let form = Form(rawValue: input.byte() % UInt8(Form.allCases.count)) else { return }
    switch form {
    case .raw: try read(input.rest(), original: nil)
    case .sealed:
      var payloads: [[UInt8]] = []
      while !input.isAtEnd { payloads.append(input.take(input.count())) }
      try read(try file(of: payloads), original: nil)
    case .edited:
      let original = try file(of: try FixedVault.snapshotPayloads())
      var changed = original
      while !input.isAtEnd {
        let position = input.count()
        if position < changed.count { changed[position] ^= input.byte() }
      }
      try read(changed, original: original)
    }
  }

  /// Reads `bytes` as a backup, and no others than `original` as one that is whole.
  private static func read(_ bytes: [UInt8], original: [UInt8]?) throws {
    guard (try? Backup.checkOuterForm(bytes)) != nil else {
      try promise((try? contents(bytes)) == nil, "what has not the form of a backup is none")
      return
    }
    // A slot that asks for Argon2id takes a second for each input.
    let slots = try Backup.parts(of: bytes).slots.file.slots
    guard slots.allSatisfy({ $0.kind == .keyFile }), let contents = try? contents(bytes) else {
      return
    }
    try promise(original == nil || original == bytes, "a changed backup is refused")
    let organization = contents.snapshot.organization
    let now = contents.snapshot.mark
    try promise(Instant(rfc3339: now.rfc3339) == now, "its time is one that can be written")
    for key in organization.keys { _ = key.state(at: now) }
    _ = try? Backup.check(bytes, secret: try FixedVault.keyFile())
  }

  private static func contents(_ bytes: [UInt8]) throws -> Backup.Contents {
    try Backup.read(bytes, secret: try FixedVault.keyFile())
  }

  /// The slots of all files that are sealed here.
  private static let slots: [UInt8] = {
    do {
      let slot = try KeySlot(
        number: 1, kind: .keyFile, wrapping: try FixedVault.secret(),
        by: try FixedVault.keyFile().bytes, vault: FixedVault.id)
      return SlotFile(
        vault: FixedVault.id, number: 1, generation: 1, audit: [1], slots: [slot]
      ).encoded(key: try FixedVault.key())
    } catch {
      preconditionFailure("the fixed vault has no slot: \(error)")
    }
  }()

  private static func file(of payloads: [[UInt8]]) throws -> [UInt8] {
    let key = try FixedVault.key()
    var log = FixedVault.emptySnapshot(.backup, frameCount: payloads.count)
    return Array("coffer backup 1 1 \(slots.count)\n".utf8) + slots + log.header
      + payloads.flatMap { log.seal($0, key: key.records) }
  }

  static func seeds() throws -> [[UInt8]] {
    let payloads = try FixedVault.snapshotPayloads()
    let whole = try file(of: payloads)
    return [
      [Form.raw.rawValue] + whole, [Form.raw.rawValue] + whole.prefix(40),
      [Form.sealed.rawValue]
        + payloads.flatMap { [UInt8($0.count & 0xFF), UInt8($0.count >> 8)] + $0 },
      [Form.edited.rawValue], [Form.edited.rawValue, 3, 0, 1], [Form.edited.rawValue, 0, 2, 1],
    ]
  }
}
