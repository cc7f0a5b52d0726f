/// All that a vault knows: people, workspaces and keys.
///
/// It changes by ``apply(_:)`` alone, and answers what would change by
/// ``decide(_:by:at:)``. It does no I/O and has no clock and no randomness;
/// where these are needed, they are parameters.
package struct Organization: Equatable, Sendable {
  package private(set) var name: Name?
  package private(set) var policy = Policy.initial

  /// In order of making, as are workspaces and keys.
  package private(set) var users: [User] = []
  package private(set) var workspaces: [Workspace] = []
  package private(set) var keys: [Key] = []

  private var positionByID: [KeyID: Int] = [:]
  private var newestByName: [Place: Int] = [:]
  private var newestByEnvironmentName: [Place: Int] = [:]
  private var positionsByNamespace: [Namespace: [Int]] = [:]
  private var positionsByFingerprint: [Digest: [Int]] = [:]
  private var userByUID: [UInt32: UserID] = [:]
  private var userByName: [Name: UserID] = [:]
  private var workspaceByName: [Name: WorkspaceID] = [:]

  /// A word that is unique within a namespace.
  private struct Place: Hashable {
    let namespace: Namespace
    let word: String
  }

  package init() {}

  // MARK: Looking up

  package subscript(id: UserID) -> User { users[Int(id.number) - 1] }

  package subscript(id: WorkspaceID) -> Workspace { workspaces[Int(id.number) - 1] }

  package func user(withUID uid: UInt32) -> User? { userByUID[uid].map { self[$0] } }

  package func user(named name: Name) -> User? { userByName[name].map { self[$0] } }

  package func workspace(named name: Name) -> Workspace? {
    workspaceByName[name].map { self[$0] }
  }

  /// The first Owner; nil only in an organization that is not set up yet.
  package var firstOwner: User? { users.first { $0.role == .owner } }

  package func key(withID id: KeyID) -> Key? { positionByID[id].map { keys[$0] } }

  /// The position in ``keys`` of the key with that id.
  func position(ofKeyWithID id: KeyID) -> Int? { positionByID[id] }

  /// The newest key of that name, live or ended: names are unique among the
  /// live ones, so if one is live it is this.
  func newestKey(named name: Name, in namespace: Namespace) -> Key? {
    newestByName[Place(namespace: namespace, word: name.text)].map { keys[$0] }
  }

  func newestKey(
    withEnvironmentName name: EnvironmentName, in namespace: Namespace
  ) -> Key? {
    newestByEnvironmentName[Place(namespace: namespace, word: name.text)].map { keys[$0] }
  }

  /// The positions in ``keys`` of a namespace's keys, in order of creation.
  func positions(in namespace: Namespace) -> [Int] { positionsByNamespace[namespace] ?? [] }

  /// The imported keys that have a value with that fingerprint.
  func keys(withFingerprint fingerprint: Digest) -> [Key] {
    (positionsByFingerprint[fingerprint] ?? []).map { keys[$0] }
  }

  // MARK: Changing

  /// Makes `change` true.
  ///
  /// Throws ``InconsistentChange`` if it does not fit; then nothing is changed.
  package mutating func apply(_ change: Change) throws(InconsistentChange) {
    switch change {
    case .organizationNamed(let name): self.name = name
    case .userAdded(let user): try add(user)
    case .workspaceAdded(let workspace): try add(workspace)
    case .organizationRoleSet(let role, let id):
      users[try position(of: id)].role = role
    case .workspaceRoleSet(let role, let id, let workspace):
      guard workspaces.indices.contains(Int(workspace.number) - 1) else {
        throw InconsistentChange(reason: "a role in an unknown workspace")
      }
      users[try position(of: id)].workspaceRoles[workspace] = role
    case .keyAdded(let key): try add(key)
    case .keyRevoked(let id, let revocation): try revoke(id, revocation)
    }
  }

  private func position(of id: UserID) throws(InconsistentChange) -> Int {
    let position = Int(id.number) - 1
    guard users.indices.contains(position) else {
      throw InconsistentChange(reason: "an unknown user")
    }
    return position
  }

  private mutating func add(_ user: User) throws(InconsistentChange) {
    guard Int(user.id.number) == users.count + 1, userByUID[user.uid] == nil,
      userByName[user.name] == nil
    else {
      throw InconsistentChange(reason: "a user that is there already")
    }
    users.append(user)
    userByUID[user.uid] = user.id
    userByName[user.name] = user.id
  }

  private mutating func add(_ workspace: Workspace) throws(InconsistentChange) {
    guard Int(workspace.id.number) == workspaces.count + 1, workspaceByName[workspace.name] == nil
    else {
      throw InconsistentChange(reason: "a workspace that is there already")
    }
    workspaces.append(workspace)
    workspaceByName[workspace.name] = workspace.id
  }

  private mutating func add(_ key: Key) throws(InconsistentChange) {
    guard positionByID[key.id] == nil else {
      throw InconsistentChange(reason: "a key that is there already")
    }
    _ = try position(of: key.creator)
    for version in key.versions { _ = try position(of: version.author) }
    switch key.namespace {
    case .user(let id): _ = try position(of: id)
    case .workspace(let id):
      guard workspaces.indices.contains(Int(id.number) - 1) else {
        throw InconsistentChange(reason: "a key in an unknown workspace")
      }
    case .organization: break
    }
    let position = keys.count
    keys.append(key)
    positionByID[key.id] = position
    newestByName[Place(namespace: key.namespace, word: key.name.text)] = position
    let environmentPlace = Place(namespace: key.namespace, word: key.environmentName.text)
    newestByEnvironmentName[environmentPlace] = position
    positionsByNamespace[key.namespace, default: []].append(position)
    if case .imported = key.origin {
      positionsByFingerprint[key.currentVersion.digest, default: []].append(position)
    }
  }

  private mutating func revoke(
    _ id: KeyID, _ revocation: Revocation
  ) throws(InconsistentChange) {
    _ = try self.position(of: revocation.revoker)
    guard let position = positionByID[id], keys[position].revocation == nil else {
      throw InconsistentChange(reason: "the end of a key that is unknown, or has ended")
    }
    keys[position].revocation = revocation
    for index in keys[position].versions.indices {
      keys[position].versions[index].sealedValue = nil
    }
  }
}
