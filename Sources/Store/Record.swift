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
  }

  /// The keys that the record is about, and which versions of them.
  var subjects: [VersionID] {
    items.compactMap { item in
      switch item {
      case .change(let change): change.subject
      case .hashingKeys: nil
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
  }

  var encoded: [UInt8] {
    var writer = ByteWriter()
    writer.write(time.secondsSinceEpoch)
    writer.write(actor)
    writer.write(verb)
    writer.write(auditHead.sequence)
    writer.write(fixed: auditHead.tag)
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
    time = Instant(secondsSinceEpoch: try reader.read())
    actor = try reader.readActor()
    verb = try reader.readText()
    let sequence: UInt64 = try reader.read()
    auditHead = LogHead(sequence: sequence, tag: try reader.read(fixed: LogHead.tagByteCount))
    slotsNumber = try reader.read()
    let count: UInt16 = try reader.read()
    var items: [Item] = []
    for _ in 0..<count {
      switch try reader.read(UInt8.self) {
      case ItemMark.hashingKeys:
        let tagKey = try reader.readCounted()
        items.append(.hashingKeys(tagKey: tagKey, fingerprintKey: try reader.readCounted()))
      case ItemMark.change: items.append(.change(try reader.readChange()))
      default: throw .unknown
      }
    }
    self.items = items
    try reader.finish()
  }
}
