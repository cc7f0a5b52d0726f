package import Keyring

/// Who did something, as far as it is known.
package struct Actor: Equatable, Sendable {
  /// nil for a peer who is no user, and for a key.
  package let user: UserID?

  /// The key that the connection acts as, if it acts as one.
  package let key: KeyID?

  /// As the kernel told them.
  package let uid: UInt32
  package let processID: Int32

  /// The command's name as the client claims it; empty if it claims none.
  package let command: String

  package init(user: UserID?, key: KeyID? = nil, uid: UInt32, processID: Int32, command: String) {
    self.user = user
    self.key = key
    self.uid = uid
    self.processID = processID
    self.command = command
  }
}

/// What was asked, by whom, on what, and what came of it; never a value.
package struct AuditRow: Equatable, Sendable {
  package let time: Instant
  package let actor: Actor
  package let verb: String

  /// 0 if it was done, else the code of the failure.
  package let outcome: UInt16

  /// The keys that it was about, and which versions of them; number 0 is a
  /// whole key.
  package let subjects: [VersionID]

  /// The workspace whose members or state it was about.
  package let workspace: WorkspaceID?

  /// The name of what else it was about; may be empty.
  package let object: String

  /// The sequence of the record that the request became, if it became one.
  package let record: UInt64?

  package init(
    time: Instant, actor: Actor, verb: String, outcome: UInt16 = 0,
    subjects: [VersionID] = [], workspace: WorkspaceID? = nil, object: String = "",
    record: UInt64? = nil
  ) {
    self.time = time
    self.actor = actor
    self.verb = verb
    self.outcome = outcome
    self.subjects = subjects
    self.workspace = workspace
    self.object = object
    self.record = record
  }

  /// What a row is about in which a text was presented that had been ended.
  ///
  /// Such a row has the key as its subject. One of a request that only names
  /// something so has none, since a name alone is no key's.
  package static let deadKey = "dead-key"

  /// The verb of a row that tells of keys of processes which were forgotten.
  package static let forgetVerb = "FORGET"

  /// The verb of a row that tells the time and nothing else.
  package static let markVerb = "MARK"

  /// The verb of the row that is the last one before the files are closed.
  package static let lockVerb = "LOCK"

  /// The verb of rows that tell what a unit of the system was given.
  package static let credentialVerb = "CREDENTIAL"

  /// Whether all before it was on the device when the vault was locked.
  var isCleanEnd: Bool { verb == Self.lockVerb && outcome == 0 }

  /// What most rows fit in.
  private static let usualByteCount = 128

  /// The bytes of the row.
  ///
  /// - Parameter synchronized: The last row that is known to be on the device.
  /// - Returns: What is sealed as a frame.
  func encoded(synchronized: UInt64) -> [UInt8] {
    var writer = ByteWriter(reserving: Self.usualByteCount)
    writer.write(time.secondsSinceEpoch)
    writer.write(actor)
    writer.write(verb)
    writer.write(outcome)
    writer.write(optional: record)
    writer.write(synchronized)
    writer.write(object)
    writer.write(optional: workspace?.number)
    writer.write(UInt16(subjects.count))
    for subject in subjects {
      writer.write(fixed: subject.key.characters)
      writer.write(subject.number)
    }
    return writer.bytes
  }

  /// A row as it was read, with what it tells of the rows before it.
  struct Read: Equatable {
    let row: AuditRow
    let synchronized: UInt64
  }

  static func decoding(_ bytes: [UInt8]) throws(CodingError) -> Read {
    var reader = ByteReader(bytes)
    let time = try reader.readInstant()
    let actor = try reader.readActor()
    let verb = try reader.readText()
    let outcome: UInt16 = try reader.read()
    let record: UInt64? = try reader.readOptional()
    let synchronized: UInt64 = try reader.read()
    let object = try reader.readText()
    let workspace: UInt32? = try reader.readOptional()
    let count: UInt16 = try reader.read()
    var subjects: [VersionID] = []
    for _ in 0..<count {
      let id = try reader.readKeyID()
      subjects.append(VersionID(id, number: try reader.read()))
    }
    try reader.finish()
    let row = AuditRow(
      time: time, actor: actor, verb: verb, outcome: outcome, subjects: subjects,
      workspace: workspace.map { WorkspaceID(number: $0) }, object: object, record: record)
    return Read(row: row, synchronized: synchronized)
  }
}

extension ByteWriter {
  mutating func write(_ actor: Actor) {
    write(optional: actor.user?.number)
    write(UInt8(actor.key == nil ? 0 : 1))
    if let key = actor.key { write(fixed: key.characters) }
    write(actor.uid)
    write(actor.processID)
    write(actor.command)
  }
}

extension ByteReader {
  mutating func readActor() throws(CodingError) -> Actor {
    let user: UInt32? = try readOptional()
    let key = try readFlag() ? try readKeyID() : nil
    let uid: UInt32 = try read()
    let processID: Int32 = try read()
    return Actor(
      user: user.map { UserID(number: $0) }, key: key, uid: uid, processID: processID,
      command: try readText())
  }
}
