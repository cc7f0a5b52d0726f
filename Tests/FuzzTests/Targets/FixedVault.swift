import Keyring
import Platform
import Sodium

@testable import Store

/// A vault whose keys are the same at each run, so that the fuzzer can seal.
struct FixedVault: Sendable {
  static let id = VaultID(bytes: Array(1...16))
  static let moment = Instant(secondsSinceEpoch: 1_800_000_000)
  static let user = UserID(number: 1)
  static let actor = Actor(user: user, uid: 1000, processID: 42, command: "fuzz")

  /// The vault key itself.
  static func secret() throws -> Secret {
    try Secret(copying: [UInt8](repeating: 0x5A, count: VaultKey.byteCount).span)
  }

  static func key() throws -> VaultKey { try VaultKey(deriving: secret(), vault: id) }

  /// What opens a slot without Argon2id.
  static func keyFile() throws(StoreError) -> UnlockSecret {
    try UnlockSecret(.keyFile, copying: [UInt8](repeating: 0xA5, count: 40).span)
  }

  /// A slots file that knows of the records that are sealed here.
  static let slots = SlotFile(
    vault: id, number: 9, generation: 1, audit: [1], slots: [])

  static func record(
    _ items: [Record.Item], verb: String = "FUZZ", naming head: LogHead = emptyAudit.head
  ) -> Record {
    Record(
      time: moment, actor: actor, verb: verb, auditHead: head, slotsNumber: 1,
      items: items)
  }

  static var emptyRecords: SealedLog {
    SealedLog(kind: .records, vault: id, number: 1, made: moment)
  }

  static var emptyAudit: SealedLog {
    SealedLog(kind: .audit, vault: id, number: 1, made: moment)
  }

  /// A log that goes on behind record 7, and begins with a snapshot of so many frames.
  static func emptySnapshot(_ kind: SealedLog.Kind, frameCount: Int) -> SealedLog {
    SealedLog(
      kind: kind, vault: id, number: 1,
      base: LogHead(sequence: 7, tag: SealedLog.beginning.tag),
      snapshotFrameCount: UInt32(frameCount), made: moment)
  }

  // MARK: Things to seal

  static func name(_ text: String) throws -> Name { try Name(parsing: text) }

  static func keyID(_ digit: Int) throws -> KeyID {
    guard let id = KeyID(String(repeating: "0", count: 11) + String(digit)) else {
      throw BrokenPromise(description: "an id has 12 digits")
    }
    return id
  }

  static func version(_ number: UInt32, sealedValue: [UInt8]?) -> KeyVersion {
    KeyVersion(
      number: number, author: .user(user), created: moment,
      expires: moment.advanced(by: .days(90)),
      digest: Digest([UInt8](repeating: UInt8(number), count: Digest.byteCount)),
      sealedValue: sealedValue)
  }

  static func key(_ digit: Int, _ namespace: Namespace, _ origin: Origin) throws -> Key {
    guard let environmentName = EnvironmentName(stored: "KEY_\(digit)") else {
      throw BrokenPromise(description: "KEY_\(digit) is an environment name")
    }
    return Key(
      id: try keyID(digit), namespace: namespace, name: try name("key-\(digit)"), origin: origin,
      environmentName: environmentName, lifetime: .lasting(.days(90)), creator: .user(user),
      created: moment, note: Note(stored: "für später") ?? .none,
      version: version(1, sealedValue: [1, 2, 3]))
  }

  /// The changes of a vault in which everything has happened once, record by record.
  static func history() throws -> [[Change]] {
    let web = WorkspaceID(number: 1)
    let bob = UserID(number: 2)
    let scope = Scope(workspaces: [web], coversOwn: true, actions: [.list, .use])
    let revocation = Revocation(
      revoker: .user(user), moment: moment, reason: Note(stored: "leaked") ?? .none)
    let people: [Change] = [
      .userAdded(User(id: bob, name: try name("bob"), uid: 1001, role: .member)),
      .workspaceAdded(Workspace(id: web, name: try name("web"))),
      .workspaceRoleSet(.editor, of: bob, in: web), .organizationRoleSet(.owner, of: bob),
    ]
    let keys: [Change] = [
      .keyAdded(try key(1, .user(user), .issued(access: nil, custody: .sealed, scope: scope))),
      .keyAdded(try key(2, .workspace(web), .issued(access: .viewer, custody: .hidden))),
      .keyAdded(try key(3, .organization, .imported(leastRank: .owner))),
    ]
    guard let unit = UnitName("web@.service"), let secret = CredentialName("key %1") else {
      throw BrokenPromise(description: "web@.service is a unit")
    }
    let given = UnitCredential(secret, ofUnit: unit)
    let withdrawn = UnitCredential(CredentialName(of: try Self.name("key")), ofUnit: unit)
    let grants: [Change] = [
      .unitGranted(given, try keyID(1)), .unitGranted(withdrawn, try keyID(2)),
      .unitGrantWithdrawn(withdrawn, from: try keyID(2)),
    ]
    let processes: [Change] = [
      .keyAdded(try key(4, .workspace(web), .issued(access: .viewer, custody: .verifyOnly))),
      .keyBound(try keyID(4), to: ProcessBinding(boot: nil, processID: 7, start: 1)),
      .keyRevoked(try keyID(4), revocation), .keysForgotten([try keyID(4)]),
      .keyBound(try keyID(2), to: ProcessBinding(boot: nil, processID: 8, start: nil)),
    ]
    let lives: [Change] = [
      .keySuspended(
        try keyID(1), Suspension(suspender: user, moment: moment, reason: .none)),
      .keyResumed(try keyID(1)), .expiryBroughtForward(try keyID(2), to: moment),
      .versionAdded(
        version(2, sealedValue: nil), to: try keyID(3), lifetime: .until(moment),
        formerEnd: moment),
      .versionEnded(VersionID(try keyID(3), number: 1), at: moment),
      .keyRevoked(try keyID(3), revocation),
    ]
    let ends: [Change] = [
      .userStateSet(.disabled, of: bob), .userRebound(bob, uid: 1002),
      .userRemoved(bob, revocation), .workspaceRoleSet(nil, of: user, in: web),
      .workspaceArchived(web, revocation), .policySet(.initial), .clockSet(moment),
    ]
    let founding: [Change] = [
      .organizationNamed(try name("acme")),
      .userAdded(User(id: user, name: try name("ada"), uid: 1000, role: .owner)),
    ]
    return [founding, people, keys, grants, processes, lives, ends]
  }

  /// The records of that history.
  static func records() throws -> [Record] {
    let hashingKeys = Record.Item.hashingKeys(tagKey: [1, 2], fingerprintKey: [3])
    return try history().enumerated().map { index, changes in
      record((index == 0 ? [hashingKeys] : []) + changes.map { .change($0) })
    }
  }

  /// A snapshot of what that history comes to.
  static func snapshot() throws -> Snapshot {
    var organization = Organization()
    for change in try history().joined() { try organization.apply(change) }
    let version = VersionID(try keyID(1), number: 1)
    var uses = UseRecords()
    uses.noteUse(of: version, at: moment, uid: 1000, command: "deploy")
    uses.note(.injected, of: version, to: user, at: moment)
    return Snapshot(
      organization: organization, uses: uses, mark: moment,
      recordsHead: LogHead(sequence: 7, tag: SealedLog.beginning.tag),
      hashingKeys: Snapshot.HashingKeys(tagKey: [1, 2], fingerprintKey: [3]))
  }

  /// Its payloads.
  static func snapshotPayloads() throws -> [[UInt8]] {
    try snapshot().payloads(
      by: actor, verb: "COMPACT", slotsNumber: 1, auditHead: emptyAudit.head)
  }

  /// Rows of all shapes, the first of which the records could name.
  static func rows() throws -> [AuditRow] {
    let version = VersionID(try keyID(1), number: 1)
    let asKey = Actor(
      user: nil, key: try keyID(2), uid: 1001, processID: 7, command: "deploy")
    return [
      AuditRow(time: moment, actor: actor, verb: "INIT", record: 1),
      AuditRow(time: moment, actor: actor, verb: "CREATE", subjects: [version], record: 2),
      AuditRow(time: moment, actor: asKey, verb: "ENV", subjects: [version, version]),
      AuditRow(
        time: moment, actor: asKey, verb: "SHOW", outcome: 27,
        workspace: WorkspaceID(number: 1), object: "web/ci"),
      AuditRow(time: moment, actor: actor, verb: AuditRow.lockVerb),
    ]
  }
}
