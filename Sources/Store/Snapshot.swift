internal import Keyring
internal import Platform
internal import Sodium

/// All that a vault knows at a moment, as a log begins with it.
struct Snapshot: Sendable {
  var organization: Organization
  let uses: UseRecords

  /// The vault's time.
  var mark: Instant

  /// The last record that it holds.
  let recordsHead: LogHead

  /// The keys of tags and fingerprints, sealed.
  var hashingKeys: HashingKeys

  struct HashingKeys: Equatable, Sendable {
    var tagKey: [UInt8]
    var fingerprintKey: [UInt8]
  }

  /// A frame gets no more items when it has so many bytes.
  ///
  /// With one more item it is still shorter than a frame may be. What is damaged is
  /// lost by the frame.
  private static let frameByteCount = 4 << 10

  /// As much is handed on at once.
  private static let chunkByteCount = 1 << 20

  /// The payloads of its frames.
  ///
  /// - Parameters:
  ///   - actor: Who wants it written.
  ///   - verb: Why.
  ///   - slotsNumber: The slots file under which they are written.
  ///   - auditHead: The last row of the audit that is accounted for in it, and that
  ///     is on the device when the snapshot is.
  /// - Returns: At least one payload.
  func payloads(
    by actor: Actor, verb: String, slotsNumber: UInt64, auditHead: LogHead
  ) -> [[UInt8]] {
    var payloads: [[UInt8]] = []
    var items: [Record.Item] = [
      .hashingKeys(tagKey: hashingKeys.tagKey, fingerprintKey: hashingKeys.fingerprintKey),
      .checkpoint(Record.Checkpoint(mark: mark, auditHead: auditHead)),
    ]
    var byteCount = 0
    func finishFrame() {
      let record = Record(
        time: mark, actor: actor, verb: verb, auditHead: auditHead, slotsNumber: slotsNumber,
        items: items)
      payloads.append(record.encoded)
      items = []
      byteCount = 0
    }
    func add(_ item: Record.Item, _ itemByteCount: Int) {
      items.append(item)
      byteCount += itemByteCount
      if byteCount >= Self.frameByteCount { finishFrame() }
    }
    organization.forEachPart { part in
      // Without what comes before the keys none of them can be saved.
      if case .key = part, payloads.isEmpty { finishFrame() }
      add(.part(part), part.approximateByteCount)
    }
    // Rows tell of keys that were forgotten since.
    for (id, use) in uses.all where organization.key(withID: id) != nil {
      add(.use(use, of: id), 64 + use.command.utf8.count)
    }
    for seen in uses.seenValues(in: organization) { add(.seen(seen), 48) }
    if !items.isEmpty { finishFrame() }
    return payloads
  }

  /// Seals the payloads of a snapshot as the beginning of a log.
  ///
  /// - Parameters:
  ///   - payloads: As ``payloads(by:verb:slotsNumber:auditHead:)`` made them.
  ///   - kind: Which log it is.
  ///   - number: That of the file.
  ///   - key: What it is sealed with.
  ///   - emit: Gets the header and the frames, in their order, some at a time.
  /// - Returns: The log behind the snapshot.
  /// - Throws: What `emit` throws.
  func seal(
    _ payloads: [[UInt8]], as kind: SealedLog.Kind, number: UInt64, key: VaultKey,
    _ emit: ([UInt8]) throws(StoreError) -> Void
  ) throws(StoreError) -> SealedLog {
    var log = SealedLog(
      kind: kind, vault: key.vault, number: number, base: recordsHead,
      snapshotFrameCount: UInt32(payloads.count), made: mark)
    var bytes = log.header
    for payload in payloads {
      bytes += log.seal(payload, key: key.records)
      guard bytes.count >= Self.chunkByteCount else { continue }
      try emit(bytes)
      bytes = []
    }
    if !bytes.isEmpty { try emit(bytes) }
    return log
  }

  /// The same with all values sealed by another vault key.
  ///
  /// - Parameters:
  ///   - former: The key that they are sealed with.
  ///   - key: The key that they are to be sealed with.
  ///   - isCancelled: Asked before each value.
  /// - Returns: The snapshot; nil if it was cancelled.
  /// - Throws: `damaged` if a value is not authentic, and
  ///   ``StoreError/outOfLockedMemory``.
  func resealed(
    from former: VaultKey, to key: VaultKey, isCancelled: () -> Bool
  ) throws(StoreError) -> Snapshot? {
    var snapshot = self
    let reseal = { (box: [UInt8], role: ValueRole) throws(StoreError) -> [UInt8] in
      try former.reseal(box, as: role, with: key)
    }
    snapshot.hashingKeys.tagKey = try reseal(hashingKeys.tagKey, .tagKey)
    snapshot.hashingKeys.fingerprintKey = try reseal(hashingKeys.fingerprintKey, .fingerprintKey)
    for key in organization.keys {
      if isCancelled() { return nil }
      for version in key.versions {
        guard let box = version.sealedValue else { continue }
        snapshot.organization.replaceSealedValue(
          of: VersionID(key.id, number: version.number),
          with: try reseal(box, .version(key.id, number: version.number)))
      }
    }
    return snapshot
  }
}

extension VaultKey {
  /// Opens a value and seals it with another vault key.
  func reseal(
    _ box: [UInt8], as role: ValueRole, with key: VaultKey
  ) throws(StoreError) -> [UInt8] {
    do throws(SodiumError) {
      let value = try SealedBox.openSecret(
        box.span, key: values, context: role.context(vault: vault))
      return value.withBytes {
        SealedBox.seal($0, key: key.values, context: role.context(vault: key.vault))
      }
    } catch .authenticationFailed {
      throw .damaged(file: "records", reason: "a sealed value is not authentic")
    } catch {
      throw StoreError(error)
    }
  }
}

extension SnapshotPart {
  /// About how many bytes it takes; never much less than it does.
  var approximateByteCount: Int {
    switch self {
    case .name, .policy, .user, .workspace, .workspaceRole: 200
    case .key(let key): key.approximateByteCount
    case .versions(let versions, _): versions.reduce(0) { $0 + $1.approximateByteCount }
    case .unitGrant: 600
    case .process: 44
    }
  }
}

extension Key {
  var approximateByteCount: Int {
    220 + name.text.utf8.count + environmentName.text.utf8.count + note.text.utf8.count
      + versions.reduce(0) { $0 + $1.approximateByteCount }
  }
}

extension KeyVersion {
  fileprivate var approximateByteCount: Int { 96 + (sealedValue?.count ?? 0) }
}
