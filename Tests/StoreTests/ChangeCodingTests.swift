import Keyring
import Testing

@testable import Store

/// Every change comes back from its bytes as it was written.
@Suite("ChangeCoding")
struct ChangeCodingTests {
  static let moment = Instant(secondsSinceEpoch: 1_800_000_000)
  static let user = UserID(number: 3)
  static let workspace = WorkspaceID(number: 7)

  static func keyID(_ text: String = "000000000001") -> KeyID {
    guard let id = KeyID(text) else { preconditionFailure("an id has 12 characters") }
    return id
  }

  static func name(_ text: String) -> Name {
    guard let name = Name(text) else { preconditionFailure("\(text) is no name") }
    return name
  }

  static func version(
    _ number: UInt32, author: Author = .user(user), expires: Instant? = moment,
    sealedValue: [UInt8]? = [1, 2, 3]
  ) -> KeyVersion {
    KeyVersion(
      number: number, author: author, created: moment, expires: expires,
      digest: Digest([UInt8](repeating: UInt8(number), count: Digest.byteCount)),
      sealedValue: sealedValue)
  }

  static func key(
    _ namespace: Namespace, _ origin: Origin, lifetime: Lifetime = .lasting(.days(90)),
    creator: Author = .user(user), version: KeyVersion = version(1)
  ) -> Key {
    guard let environmentName = EnvironmentName(stored: "A_KEY") else {
      preconditionFailure("A_KEY is an environment name")
    }
    return Key(
      id: keyID(), namespace: namespace, name: name("a"), origin: origin,
      environmentName: environmentName, lifetime: lifetime, creator: creator, created: moment,
      note: Note(stored: "für später") ?? .none, version: version)
  }

  static let revocation = Revocation(
    revoker: .key(keyID("00000000000z")), moment: moment, reason: Note(stored: "leaked") ?? .none)

  static let scopes = [
    Scope(workspaces: nil, coversOwn: false, actions: [.list]),
    Scope(
      workspaces: [workspace, WorkspaceID(number: 9)], coversOwn: true,
      actions: Set(KeyAction.allCases)),
    Scope(workspaces: [], coversOwn: true, actions: []),
  ]

  static func unitCredential(_ unit: String, _ name: String) -> UnitCredential {
    guard let unit = UnitName(unit), let name = CredentialName(name) else {
      preconditionFailure("\(unit) or \(name) is no name")
    }
    return UnitCredential(name, ofUnit: unit)
  }

  static var changes: [Change] {
    var policy = Policy.initial
    policy.allowsNever = true
    policy.idleDays = 7
    let people: [Change] = [
      .organizationNamed(name("acme")), .policySet(policy),
      .userAdded(User(id: user, name: name("ada"), uid: 4_000_000_000, role: .owner)),
      .userStateSet(.disabled, of: user), .userStateSet(.active, of: user),
      .userRemoved(user, revocation), .userRebound(user, uid: 1001),
      .workspaceAdded(Workspace(id: workspace, name: name("web"))),
      .workspaceArchived(workspace, revocation), .organizationRoleSet(.member, of: user),
      .workspaceRoleSet(.admin, of: user, in: workspace),
      .workspaceRoleSet(nil, of: user, in: workspace),
    ]
    let lives: [Change] = [
      .keySuspended(keyID(), Suspension(suspender: user, moment: moment, reason: .none)),
      .keyResumed(keyID()), .keyRevoked(keyID(), revocation),
      .expiryBroughtForward(keyID(), to: moment),
      .versionAdded(version(2), to: keyID(), lifetime: .until(moment), formerEnd: moment),
      .versionAdded(
        version(3, author: .key(keyID()), expires: nil, sealedValue: nil), to: keyID(),
        lifetime: .never, formerEnd: moment),
      .versionEnded(VersionID(keyID(), number: 1), at: moment), .clockSet(moment),
      .unitGranted(unitCredential("web@.service", "stripe"), keyID()),
      .unitGrantWithdrawn(unitCredential(#"a\x2d1.mount"#, "a key %"), from: keyID()),
      .keyBound(
        keyID(),
        to: ProcessBinding(
          boot: ProcessBinding.Boot((1...16).map { UInt8($0) }), processID: 4211, start: .max)),
      .keyBound(keyID(), to: ProcessBinding(boot: nil, processID: 0, start: nil)),
      .keysForgotten([keyID()]), .keysForgotten([]),
    ]
    return people + keys.map { .keyAdded($0) } + lives
  }

  static var keys: [Key] {
    var keys = Custody.allCases.flatMap { custody in
      [
        key(.workspace(workspace), .issued(access: .editor, custody: custody)),
        key(.organization, .issued(access: .viewer, custody: custody), lifetime: .never),
        key(.user(user), .issued(access: nil, custody: custody)),
      ]
    }
    keys += scopes.map { key(.user(user), .issued(access: nil, custody: .sealed, scope: $0)) }
    keys += Rank.allCases.map { key(.organization, .imported(leastRank: $0)) }
    keys.append(key(.organization, .imported(leastRank: .owner), creator: .key(keyID())))
    keys.append(
      key(
        .user(user), .issued(access: nil, custody: .verifyOnly),
        version: version(1, sealedValue: nil)))
    return keys
  }

  @Test("a change is read as it was written", arguments: changes)
  func roundTrip(_ change: Change) throws {
    var writer = ByteWriter()
    writer.write(change)
    var reader = ByteReader(writer.bytes)
    #expect(try reader.readChange(recordedAt: Self.moment) == change)
    try reader.finish()
  }

  @Test("no change is read from fewer bytes than it has", arguments: changes)
  func cutOff(_ change: Change) {
    var writer = ByteWriter()
    writer.write(change)
    for count in writer.bytes.indices {
      var reader = ByteReader(Array(writer.bytes.prefix(count)))
      #expect(throws: CodingError.self, "\(count) bytes") {
        try reader.readChange(recordedAt: Self.moment)
      }
    }
  }

  @Test("a grant to what is no unit, or as what is no credential, is not read") func noUnit() {
    for (unit, name) in [("web.timer", "stripe"), ("web.service", "a/b"), ("", "stripe")] {
      var writer = ByteWriter()
      writer.write(UInt8(21))
      writer.write(unit)
      writer.write(name)
      writer.write(fixed: Self.keyID().characters)
      var reader = ByteReader(writer.bytes)
      #expect(throws: CodingError.unknown) { try reader.readChange(recordedAt: Self.moment) }
    }
  }

  @Test("an action that this version does not know grants nothing")
  func unknownAction() throws {
    var writer = ByteWriter()
    writer.write(
      .keyAdded(
        Self.key(.user(Self.user), .issued(access: nil, custody: .sealed, scope: Self.scopes[0])))
    )
    let text = Array("list".utf8)
    var bytes = writer.bytes
    let start = try #require(
      bytes.indices.first { bytes[$0...].starts(with: text) })
    bytes.replaceSubrange(start..<(start + text.count), with: Array("fly!".utf8))
    var reader = ByteReader(bytes)
    guard case .keyAdded(let key) = try reader.readChange(recordedAt: Self.moment) else {
      Issue.record("no key was read")
      return
    }
    #expect(key.scope?.actions.isEmpty == true)
  }
}
