package import Keyring

/// Who did something, as far as it is known.
package struct Actor: Equatable, Sendable {
  /// nil for a peer who is no user.
  package let user: UserID?

  /// As the kernel told them.
  package let uid: UInt32
  package let processID: Int32

  /// The command's name as the client claims it; empty if it claims none.
  package let command: String

  package init(user: UserID?, uid: UInt32, processID: Int32, command: String) {
    self.user = user
    self.uid = uid
    self.processID = processID
    self.command = command
  }
}

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

  /// The keys that the record is about.
  var keyIDs: [KeyID] {
    items.compactMap { item in
      switch item {
      case .change(let change): change.keyID
      case .hashingKeys: nil
      }
    }
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

/// What was asked, by whom, on what, and what came of it; never a value.
package struct AuditRow: Equatable, Sendable {
  package let time: Instant
  package let actor: Actor
  package let verb: String

  /// 0 if it was done, else the code of the failure.
  package let outcome: UInt16

  package let keyIDs: [KeyID]

  /// The name of what else it was about, as a workspace; may be empty.
  package let object: String

  /// The sequence of the record that the request became, if it became one.
  package let record: UInt64?

  package init(
    time: Instant, actor: Actor, verb: String, outcome: UInt16 = 0, keyIDs: [KeyID] = [],
    object: String = "", record: UInt64? = nil
  ) {
    self.time = time
    self.actor = actor
    self.verb = verb
    self.outcome = outcome
    self.keyIDs = keyIDs
    self.object = object
    self.record = record
  }

  /// The verb of the row that is the last one before the files are closed.
  package static let lockVerb = "LOCK"

  /// Whether all before it was on the device when the vault was locked.
  var isCleanEnd: Bool { verb == Self.lockVerb && outcome == 0 }

  /// The bytes of the row.
  ///
  /// - Parameter synchronized: The last row that is known to be on the device.
  /// - Returns: What is sealed as a frame.
  func encoded(synchronized: UInt64) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(time.secondsSinceEpoch)
    writer.write(actor)
    writer.write(verb)
    writer.write(outcome)
    writer.write(optional: record)
    writer.write(synchronized)
    writer.write(object)
    writer.write(UInt16(keyIDs.count))
    for id in keyIDs { writer.write(fixed: id.characters) }
    return writer.bytes
  }

  /// A row as it was read, with what it tells of the rows before it.
  struct Read: Equatable {
    let row: AuditRow
    let synchronized: UInt64
  }

  static func decoding(_ bytes: [UInt8]) throws(CodingError) -> Read {
    var reader = ByteReader(bytes)
    let time = Instant(secondsSinceEpoch: try reader.read())
    let actor = try reader.readActor()
    let verb = try reader.readText()
    let outcome: UInt16 = try reader.read()
    let record: UInt64? = try reader.readOptional()
    let synchronized: UInt64 = try reader.read()
    let object = try reader.readText()
    let count: UInt16 = try reader.read()
    var ids: [KeyID] = []
    for _ in 0..<count { ids.append(try reader.readKeyID()) }
    try reader.finish()
    let row = AuditRow(
      time: time, actor: actor, verb: verb, outcome: outcome, keyIDs: ids, object: object,
      record: record)
    return Read(row: row, synchronized: synchronized)
  }
}

extension ByteWriter {
  fileprivate mutating func write(_ actor: Actor) {
    write(optional: actor.user?.number)
    write(actor.uid)
    write(actor.processID)
    write(actor.command)
  }
}

extension ByteReader {
  fileprivate mutating func readActor() throws(CodingError) -> Actor {
    let user: UInt32? = try readOptional()
    let uid: UInt32 = try read()
    let processID: Int32 = try read()
    return Actor(
      user: user.map { UserID(number: $0) }, uid: uid, processID: processID,
      command: try readText())
  }
}
