internal import Keyring

/// One request's changes, as the log keeps them.
struct Record: Equatable {
  let time: Instant
  let actor: Actor

  /// The verb of the request.
  let verb: String

  /// The last head of the audit that is known to be on the device.
  let auditHead: LogHead

  /// The number of the slots file that the record was written under.
  let slotsNumber: UInt64

  let items: [Item]

  enum Item: Equatable {
    case change(Change)

    /// The keys of tags and fingerprints, sealed; in the first record only.
    case hashingKeys(tagKey: [UInt8], fingerprintKey: [UInt8])

    // Of a snapshot.

    case checkpoint(Checkpoint)
    case part(SnapshotPart)
    case use(Use, of: KeyID)
    case seen(UseRecords.Seen)
  }

  /// Up to where the rows of the audit are accounted for in a snapshot.
  struct Checkpoint: Equatable {
    /// The vault's time.
    let mark: Instant
    let auditHead: LogHead
  }

  /// The keys that the record is about, and which versions of them.
  var subjects: [VersionID] {
    items.compactMap { item in
      switch item {
      case .change(let change): change.subject
      case .hashingKeys, .checkpoint, .part, .use, .seen: nil
      }
    }
  }

  /// The time to which the clock was set with it, if it was.
  var clockMoment: Instant? {
    for case .change(.clockSet(let moment)) in items { return moment }
    return nil
  }

  private enum ItemMark {
    static let hashingKeys: UInt8 = 0
    static let change: UInt8 = 1
    static let checkpoint: UInt8 = 2
    static let part: UInt8 = 3
    static let use: UInt8 = 4
    static let seen: UInt8 = 5
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(time.secondsSinceEpoch)
    writer.write(actor)
    writer.write(verb)
    writer.write(auditHead)
    writer.write(slotsNumber)
    writer.write(UInt16(items.count))
    for item in items {
      switch item {
      case .hashingKeys(let tagKey, let fingerprintKey):
        writer.write(ItemMark.hashingKeys)
        writer.write(counted: tagKey)
        writer.write(counted: fingerprintKey)
      case .change(let change):
        writer.write(ItemMark.change)
        writer.write(change)
      case .checkpoint(let checkpoint):
        writer.write(ItemMark.checkpoint)
        writer.write(checkpoint.mark.secondsSinceEpoch)
        writer.write(checkpoint.auditHead)
      case .part(let part):
        writer.write(ItemMark.part)
        writer.write(part)
      case .use(let use, let id):
        writer.write(ItemMark.use)
        writer.write(use, of: id)
      case .seen(let seen):
        writer.write(ItemMark.seen)
        writer.write(seen)
      }
    }
    return writer.bytes
  }

  init(
    time: Instant, actor: Actor, verb: String, auditHead: LogHead, slotsNumber: UInt64,
    items: [Item]
  ) {
    self.time = time
    self.actor = actor
    self.verb = verb
    self.auditHead = auditHead
    self.slotsNumber = slotsNumber
    self.items = items
  }

  init(decoding bytes: [UInt8]) throws(CodingError) {
    var reader = ByteReader(bytes)
    time = try reader.readInstant()
    actor = try reader.readActor()
    verb = try reader.readText()
    auditHead = try reader.readLogHead()
    slotsNumber = try reader.read()
    let count: UInt16 = try reader.read()
    var items: [Item] = []
    for _ in 0..<count {
      switch try reader.read(UInt8.self) {
      case ItemMark.hashingKeys:
        let tagKey = try reader.readCounted()
        items.append(.hashingKeys(tagKey: tagKey, fingerprintKey: try reader.readCounted()))
      case ItemMark.change:
        items.append(.change(try reader.readChange(recordedAt: time)))
      case ItemMark.checkpoint:
        let mark = try reader.readInstant()
        items.append(
          .checkpoint(Checkpoint(mark: mark, auditHead: try reader.readLogHead())))
      case ItemMark.part: items.append(.part(try reader.readSnapshotPart()))
      case ItemMark.use:
        let id = try reader.readKeyID()
        items.append(.use(try reader.readUse(), of: id))
      case ItemMark.seen: items.append(.seen(try reader.readSeen()))
      default: throw .unknown
      }
    }
    self.items = items
    try reader.finish()
  }
}
