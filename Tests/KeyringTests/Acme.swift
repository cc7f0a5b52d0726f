import Keyring
import Testing

/// One person of each kind that the rules tell apart.
enum Person: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case owner
  case admin
  case editor
  case viewer

  /// Of the organization, without a role in any workspace.
  case member

  /// A uid that is no user.
  case nobody

  /// All but ``nobody``.
  static let users = Person.allCases.filter { $0 != .nobody }

  var testDescription: String { rawValue }

  /// The number that the user has in ``Acme``; 0, which no user has, for nobody.
  var id: UserID {
    switch self {
    case .owner: UserID(number: 1)
    case .admin: UserID(number: 2)
    case .editor: UserID(number: 3)
    case .viewer: UserID(number: 4)
    case .member: UserID(number: 5)
    case .nobody: UserID(number: 0)
    }
  }

  var caller: Caller { self == .nobody ? .nobody : .user(id) }

  /// The role that the user has in the workspace w1, if any.
  var workspaceRole: WorkspaceRole? { WorkspaceRole(rawValue: rawValue) }
}

/// An organization in which every rank of the rules is one person.
///
/// Its workspace w1 has an Admin, an Editor and a Viewer; w2 has nobody but the
/// Owner. It is put together by changes, not by requests, so that it stands also
/// where a rule on requests is broken.
struct Acme {
  static let start = Instant(secondsSinceEpoch: 1_800_000_000)
  static let w1 = WorkspaceID(number: 1)
  static let w2 = WorkspaceID(number: 2)

  var organization = Organization()
  private var keyCount = 0

  init(hasW2: Bool = true) throws {
    try organization.apply(.organizationNamed(named("acme")))
    for person in Person.users {
      try organization.apply(
        .userAdded(
          User(
            id: person.id, name: named(person.rawValue), uid: 1000 + person.id.number,
            role: person == .owner ? .owner : .member)))
    }
    try organization.apply(.workspaceAdded(Workspace(id: Self.w1, name: named("w1"))))
    if hasW2 {
      try organization.apply(.workspaceAdded(Workspace(id: Self.w2, name: named("w2"))))
    }
    for person in Person.users {
      guard let role = person.workspaceRole else { continue }
      try organization.apply(.workspaceRoleSet(role, of: person.id, in: Self.w1))
    }
  }

  func user(_ person: Person) -> User { organization[person.id] }

  func standing(_ person: Person) -> Standing { Standing(user(person)) }

  // MARK: Requests

  func decide(
    _ request: Request, by person: Person, at now: Instant = start
  ) throws(Refusal) -> [Change] {
    try organization.decide(request, by: person.caller, at: now)
  }

  /// Decides, and makes true what was decided.
  @discardableResult
  mutating func perform(
    _ request: Request, by person: Person, at now: Instant = start
  ) throws -> [Change] {
    let changes = try decide(request, by: person, at: now)
    for change in changes { try organization.apply(change) }
    return changes
  }

  /// Makes a key of a plan, and returns it as it is kept.
  @discardableResult
  mutating func add(
    _ plan: KeyPlan, by person: Person, at now: Instant = start, digest: Digest? = nil
  ) throws -> Key {
    keyCount += 1
    let material = KeyMaterial(numbered: keyCount, digest: digest)
    try perform(.addKey(plan, material), by: person, at: now)
    return organization.keys[organization.keys.count - 1]
  }

  @discardableResult
  mutating func create(
    _ reference: String, by person: Person, access: Access? = nil, env: String? = nil,
    expires: String? = nil, at now: Instant = start
  ) throws -> Key {
    try add(
      KeyPlan(reference, .issued(access: access), env: env, expires: expires), by: person, at: now)
  }

  @discardableResult
  mutating func importKey(
    _ reference: String, by person: Person, leastRank: Rank? = nil, env: String? = nil,
    expires: String? = nil, at now: Instant = start, digest: Digest? = nil
  ) throws -> Key {
    try add(
      KeyPlan(reference, .imported(leastRank: leastRank), env: env, expires: expires),
      by: person, at: now, digest: digest)
  }

  @discardableResult
  mutating func revoke(
    _ reference: String, by person: Person, reason: String = "", at now: Instant = start
  ) throws -> [Change] {
    try perform(
      .revoke(try KeyReference(parsing: reference), reason: try Note(parsing: reason)),
      by: person, at: now)
  }

  // MARK: Looking

  /// What `show` finds.
  func key(
    _ reference: String, seenBy person: Person, at now: Instant = start
  ) throws(Refusal) -> Key {
    let standing = try organization.standing(of: person.caller, at: now)
    return try organization.key(try KeyReference(parsing: reference), inSightOf: standing, at: now)
  }

  func injections(
    of selections: [Selection], by person: Person, at now: Instant = start
  ) throws(Refusal) -> [Injection] {
    try organization.injections(of: selections, by: person.caller, at: now)
  }

  /// The whole list of what is in sight.
  func list(
    for person: Person, in workspace: String? = nil, state: KeyState? = nil,
    at now: Instant = start
  ) throws(Refusal) -> [Key] {
    let filter = KeyFilter(workspace: workspace.map(named), state: state, limit: .max)
    return try organization.page(filter, for: person.caller, at: now).keys
  }
}

// MARK: - Short forms

/// The name with that text, which keeps the rule.
func named(_ text: String) -> Name {
  guard let name = Name(text) else { preconditionFailure("\(text) is no name") }
  return name
}

extension Selection {
  /// `-k REFERENCE`, or `-k REFERENCE=NAME`.
  static func key(_ reference: String, as name: String? = nil) throws(Refusal) -> Selection {
    var environmentName: EnvironmentName?
    if let name { environmentName = try EnvironmentName(parsing: name) }
    return .key(try KeyReference(parsing: reference), as: environmentName)
  }
}

extension KeyPlan {
  init(
    _ reference: String, _ terms: Terms, env: String? = nil, expires: String? = nil,
    note: String = ""
  ) throws(Refusal) {
    var environmentName: EnvironmentName?
    if let env { environmentName = try EnvironmentName(parsing: env) }
    var lifetime: Lifetime?
    if let expires { lifetime = try Lifetime(parsing: expires) }
    self.init(
      reference: try KeyReference(parsing: reference), terms: terms,
      environmentName: environmentName, lifetime: lifetime, note: try Note(parsing: note))
  }
}

extension KeyMaterial {
  /// Material whose id and sealed value tell its number, and, unless told, the digest too.
  init(numbered number: Int, digest: Digest? = nil) {
    self.init(
      id: KeyID(numbered: number), digest: digest ?? Digest(numbered: number),
      sealedValue: Array("sealed \(number)".utf8))
  }
}

extension KeyID {
  /// The number, padded with `0`.
  init(numbered number: Int) {
    let digits = String(number)
    let padding = String(repeating: "0", count: KeyID.characterCount - digits.count)
    guard let id = KeyID(padding + digits) else { preconditionFailure("an id has 12 digits") }
    self = id
  }
}

extension Digest {
  /// A digest that no other number has.
  init(numbered number: Int) {
    let tail = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    self.init([UInt8](repeating: 0, count: Digest.byteCount - tail.count) + tail)
  }
}
