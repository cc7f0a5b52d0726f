/// All that a vault knows: people, workspaces and keys.
///
/// It changes by ``apply(_:)`` alone, and answers what would change by
/// ``decide(_:by:at:)``. It does no I/O and has no clock and no randomness;
/// where these are needed, they are parameters.
package struct Organization: Equatable, Sendable {
  package internal(set) var name: Name?
  package internal(set) var policy = Policy.initial

  /// In order of making, as are workspaces and keys.
  package internal(set) var users: [User] = []
  package internal(set) var workspaces: [Workspace] = []
  package internal(set) var keys: [Key] = []

  var positionsByID = PositionTable()
  var newestByName = PositionTable()
  var newestByEnvironmentName = PositionTable()
  var positionsByNamespace: [Namespace: [Int]] = [:]
  var positionsByFingerprint: [Digest: [Int]] = [:]

  /// The processes that keys are bound to.
  var processes: [KeyID: ProcessBinding] = [:]

  /// The keys that others name as who made, ended or changed them.
  var authorKeys: Set<KeyID> = []

  /// The tags of all texts that were issued and are accepted no more, apart
  /// from their key's expiry; kept until the key is forgotten, and so mostly for ever.
  var deadTags: Set<Digest> = []

  /// What units are given, and under which names each key is given.
  var unitGrants: [UnitCredential: UnitGrant] = [:]
  var credentialsByKey: [KeyID: Set<UnitCredential>] = [:]
  var userByUID: [UInt32: UserID] = [:]
  var userByName: [Name: UserID] = [:]
  var workspaceByName: [Name: WorkspaceID] = [:]

  package init() {}

  // MARK: Looking up

  package subscript(id: UserID) -> User { users[Int(id.number) - 1] }

  package subscript(id: WorkspaceID) -> Workspace { workspaces[Int(id.number) - 1] }

  /// The user of that number, if there is one.
  package func knownUser(_ id: UserID) -> User? {
    users.indices.contains(Int(id.number) - 1) ? self[id] : nil
  }

  /// The user that is bound to `uid`, active or disabled.
  package func user(withUID uid: UInt32) -> User? { userByUID[uid].map { self[$0] } }

  /// The user of that name, active or disabled.
  package func user(named name: Name) -> User? { userByName[name].map { self[$0] } }

  /// The workspace of that name, archived or not.
  package func workspace(named name: Name) -> Workspace? {
    workspaceByName[name].map { self[$0] }
  }

  /// The first active Owner; nil only in an organization that is not set up yet.
  package var firstOwner: User? { users.first(where: isActiveOwner) }

  func isActiveOwner(_ user: User) -> Bool { user.role == .owner && user.state == .active }

  package func key(withID id: KeyID) -> Key? { position(ofKeyWithID: id).map { keys[$0] } }

  /// The positions in ``keys`` of a namespace's keys, in order of creation.
  func positions(in namespace: Namespace) -> [Int] { positionsByNamespace[namespace] ?? [] }

  /// The imported keys that have a value with that fingerprint.
  func keys(withFingerprint fingerprint: Digest) -> [Key] {
    (positionsByFingerprint[fingerprint] ?? []).map { keys[$0] }
  }
}
