package import Keyring
package import Platform
internal import Sodium

/// An unlocked vault: its keys, what it knows, and its logs.
///
/// It belongs to one thread. A change is sealed and applied here, handed to
/// another thread as a ``Batch`` to be written and synced, and acknowledged
/// with an audit row that names its record.
package final class Vault {
  /// What it knows: lent, since a copy for each look would cost more than most of them.
  package var organization: Organization {
    _read { yield content }
  }

  private var content: Organization

  /// How many users are on the device; who was added since is no user yet, since
  /// the number could be given to somebody else after a failure.
  package private(set) var confirmedUserCount: Int

  /// The latest moment that the logs tell of; the vault's time is never before it.
  package let mark: Instant

  private(set) var key: VaultKey

  /// The key before the last change of the vault key, for values that were on their
  /// way to a client then.
  private(set) var formerKey: VaultKey?

  private let tagKey: Secret
  private let fingerprintKey: Secret
  private(set) var hashingKeys: Snapshot.HashingKeys

  let directory: VaultDirectory

  /// What opens the vault, and which files are its own.
  var slots: SlotFile {
    didSet { slotsBytes = slots.encoded(key: key) }
  }

  /// What must be in the slots file for the records to go on.
  private var slotsBytes: [UInt8]

  private(set) var records: SealedLog
  private(set) var recordsFile: LogFile

  /// Where the first frame that is in no batch yet belongs.
  private(set) var recordsByteCount: Int
  private var unwritten: [UInt8] = []

  /// The payloads of the records since the next generation was begun, which must
  /// be written behind its snapshot; nil while none is in the making.
  var carried: [[UInt8]]?

  /// The length of the records at which it is counted again how much of them lives.
  var nextEstimate = 0

  var audit: SealedLog
  var auditFiles: AuditFiles
  var auditByteCount: Int
  var auditIndex: AuditIndex

  /// The last head of the audit that is on the device, and the files that hold what
  /// is behind it.
  var synchronizedAuditHead: LogHead
  var unsynchronizedAuditFiles: [LogFile] = []

  /// Who has used which key, and who has had which value.
  package internal(set) var uses: UseRecords

  /// What a vault is put together from, when it is opened.
  struct Parts: ~Copyable {
    let directory: VaultDirectory
    let slots: SlotFile
    let key: VaultKey
    let tagKey: Secret
    let fingerprintKey: Secret
    let hashingKeys: Snapshot.HashingKeys
    let organization: Organization
    let mark: Instant
    let records: SealedLog
    let recordsFile: LogFile
    let recordsByteCount: Int
    let audit: SealedLog
    let auditFiles: AuditFiles
    let auditByteCount: Int
    let auditIndex: AuditIndex
    let uses: UseRecords
  }

  init(_ parts: consuming Parts) {
    directory = parts.directory
    slots = parts.slots
    content = parts.organization
    confirmedUserCount = parts.organization.users.count
    mark = parts.mark
    hashingKeys = parts.hashingKeys
    records = parts.records
    recordsFile = parts.recordsFile
    recordsByteCount = parts.recordsByteCount
    audit = parts.audit
    auditFiles = parts.auditFiles
    auditByteCount = parts.auditByteCount
    auditIndex = parts.auditIndex
    uses = parts.uses
    uses.forgetUnknown(in: parts.organization)
    synchronizedAuditHead = parts.audit.head
    key = parts.key
    slotsBytes = parts.slots.encoded(key: parts.key)
    tagKey = parts.tagKey
    fingerprintKey = parts.fingerprintKey
  }

  // MARK: Changes

  /// Applies `changes`, and seals them as the next record.
  ///
  /// The record is durable once the batch that it is in has been written.
  ///
  /// - Parameters:
  ///   - changes: As decided against ``organization``; none if the record only tells
  ///     that the slots are others now.
  ///   - actor: Who asked.
  ///   - verb: What was asked.
  ///   - now: The vault's time.
  /// - Returns: The record's sequence.
  package func append(
    _ changes: [Change], by actor: Actor, verb: String, at now: Instant
  ) -> UInt64 {
    let changes = changes.map(underPresentKey)
    let record = Record(
      time: now, actor: actor, verb: verb, auditHead: synchronizedAuditHead,
      slotsNumber: slots.number, items: changes.map { .change($0) })
    for change in changes {
      do throws(InconsistentChange) {
        try content.apply(change)
      } catch {
        preconditionFailure("a change that was just decided does not fit: \(error.reason)")
      }
      if case .keysForgotten(let ids) = change { uses.forget(ids) }
    }
    let bytes = record.encoded
    // What could not be read again would be the end of the vault.
    precondition((try? Record(decoding: bytes)) == record, "a record reads as it was written")
    unwritten += records.seal(bytes, key: key.records)
    carried?.append(bytes)
    return records.head.sequence
  }

  /// Goes on behind the snapshot of another generation.
  func replaceRecords(_ finished: FinishedGeneration) {
    switch finished.cause {
    case .compaction: break
    case .recovery: confirmedUserCount = organization.users.count
    case .rekey:
      formerKey = key
      key = finished.key
      content = finished.snapshot.organization
      hashingKeys = finished.snapshot.hashingKeys
    }
    records = finished.records
    recordsFile = finished.recordsFile
    recordsByteCount = finished.recordsByteCount
    // What was sealed and not written is in the snapshot.
    unwritten = []
    carried = nil
    nextEstimate = 0
  }

  /// Takes note that a batch is on the device, after which there were so many users.
  package func confirmUsers(_ count: Int) { confirmedUserCount = max(confirmedUserCount, count) }

  /// The records that were appended since the last batch; nil if there are none.
  package func nextBatch() -> Batch? {
    guard !unwritten.isEmpty else { return nil }
    defer {
      recordsByteCount += unwritten.count
      unwritten = []
    }
    return Batch(
      directory: directory, slots: slotsBytes, file: recordsFile, offset: recordsByteCount,
      bytes: unwritten)
  }

  /// Records on their way to the device.
  package struct Batch: Sendable {
    fileprivate let directory: VaultDirectory
    fileprivate let slots: [UInt8]
    fileprivate let file: LogFile
    fileprivate let offset: Int
    fileprivate let bytes: [UInt8]

    /// Writes the records and waits until they are on the device.
    ///
    /// After a failure nothing is known of them, and the file must not be
    /// written again.
    package func write() throws(StoreError) {
      try directory.requireUnchanged(slots: slots)
      try file.requireUnchanged(byteCount: offset)
      try file.write(bytes, at: offset)
      try file.synchronize()
    }
  }

  // MARK: Values

  /// Seals a value for memory and disk.
  package func seal(_ value: Span<UInt8>, as role: ValueRole) -> [UInt8] {
    SealedBox.seal(value, key: key.values, context: role.context(vault: key.vault))
  }

  /// How many bytes a sealed value has when it is open.
  package static func openByteCount(ofSealed sealed: [UInt8]) -> Int {
    sealed.count - SealedBox.overhead
  }

  /// Opens a sealed value into locked memory.
  ///
  /// - Parameters:
  ///   - sealed: As ``seal(_:as:)`` made it.
  ///   - role: What it was sealed as.
  ///   - output: At least as long as ``openByteCount(ofSealed:)`` says.
  /// - Returns: The number of bytes.
  /// - Throws: ``StoreError/damaged(file:reason:)`` if it is not authentic.
  package func open(
    _ sealed: [UInt8], as role: ValueRole, into output: inout MutableSpan<UInt8>
  ) throws(StoreError) -> Int {
    for key in [key, formerKey].compactMap(\.self) {
      let count = try? SealedBox.open(
        sealed.span, into: &output, key: key.values, context: role.context(vault: key.vault))
      if let count { return count }
    }
    throw .damaged(file: records.fileName, reason: "a sealed value is not authentic")
  }

  /// The tag of an issued key's text.
  package func tag(of text: Span<UInt8>) -> Digest { Digest(Hash.digest(of: text, key: tagKey)) }

  /// Compares two tags in a time that tells nothing of them.
  package static func isEqual(_ left: Digest, _ right: Digest) -> Bool {
    Hash.isEqual(left.bytes, right.bytes)
  }

  /// Whether `text` is that of a key which this vault has issued, ended or not.
  package func hasIssued(_ text: Span<UInt8>) -> Bool {
    guard let handle = KeyText.parse(text), let key = organization.key(withID: handle.id),
      case .issued = key.origin
    else { return false }
    let tag = tag(of: text).bytes
    return key.versions.contains { Hash.isEqual($0.digest.bytes, tag) }
  }

  /// The fingerprint of an imported value.
  package func fingerprint(of value: Span<UInt8>) -> Digest {
    Digest(Hash.digest(of: value, key: fingerprintKey))
  }

  /// Draws an id that no key of the vault has.
  package func drawKeyID() -> KeyID {
    while true {
      guard let id = KeyID(fromRandom: Random.bytes(count: 32)) else { continue }
      if organization.key(withID: id) == nil { return id }
    }
  }

  /// Draws the text of a new issued key.
  ///
  /// Throws ``StoreError/outOfLockedMemory``.
  package func drawText(type: KeyType, id: KeyID) throws(StoreError) -> Secret {
    do throws(SodiumError) {
      while true {
        let random = try Random.secret(count: KeyText.randomByteCount)
        var isWritten = false
        let text: Secret
        do throws(SecretError) {
          text = try random.withBytes { (random) throws(SecretError) -> Secret in
            try Secret(count: KeyText.byteCount) { text in
              isWritten = KeyText.write(type: type, id: id, random: random, to: &text)
            }
          }
        } catch {
          throw SodiumError(error)
        }
        if isWritten { return text }
      }
    } catch {
      throw .outOfLockedMemory
    }
  }
}
