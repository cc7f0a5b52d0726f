import Keyring

/// What the random requests have come to, reckoned by this test alone.
///
/// It has the rules on use and sight as literal tables, and shares with the
/// module nothing but the words.
struct Ledger {
  struct KeyEntry {
    let id: KeyID

    /// `user 3`, `workspace 1` or `organization`.
    let place: String
    let name: String
    let environmentName: String

    /// As in ``Ledger/mayUse``.
    let kind: String
    let expires: Int64?
    var isRevoked = false

    func isLive(at now: Instant) -> Bool {
      guard let expires else { return !isRevoked }
      return !isRevoked && now.secondsSinceEpoch < expires
    }
  }

  /// Whose standing suffices to inject a key of a workspace or the organization.
  static let mayUse: [String: Set<String>] = [
    "workspace issued:viewer": ["viewer", "editor", "admin", "owner"],
    "workspace issued:editor": ["editor", "admin", "owner"],
    "workspace imported:viewer": ["viewer", "editor", "admin", "owner"],
    "workspace imported:editor": ["editor", "admin", "owner"],
    "workspace imported:admin": ["admin", "owner"],
    "organization issued:viewer": ["owner"],
    "organization issued:editor": ["owner"],
    "organization imported:owner": ["owner"],
    "organization imported:member": ["none", "owner"],
  ]

  /// Whose standing suffices to list and show one.
  static let maySee: [String: Set<String>] = [
    "workspace issued:viewer": ["viewer", "editor", "admin", "owner"],
    "workspace issued:editor": ["viewer", "editor", "admin", "owner"],
    "workspace imported:viewer": ["viewer", "editor", "admin", "owner"],
    "workspace imported:editor": ["viewer", "editor", "admin", "owner"],
    "workspace imported:admin": ["viewer", "editor", "admin", "owner"],
    "organization issued:viewer": ["owner"],
    "organization issued:editor": ["owner"],
    "organization imported:owner": ["owner"],
    "organization imported:member": ["none", "owner"],
  ]

  /// Whose standing suffices to make or end a key there.
  static let mayManage: [String: Set<String>] = [
    "workspace": ["editor", "admin", "owner"],
    "organization": ["owner"],
  ]

  /// The users' names, in order of making, as are the workspaces'.
  var users = ["u1"]
  var workspaces: [String] = []
  var owners: Set<String> = ["u1"]

  /// The role of `USER WORKSPACE`.
  var roles: [String: String] = [:]
  var keys: [KeyEntry] = []

  // MARK: The rules

  /// `owner`, a role, or `none`, of a user where a key is.
  func standing(of user: String, at place: String) -> String {
    if owners.contains(user) { return "owner" }
    guard place.hasPrefix("workspace ") else { return "none" }
    return roles["\(user) \(place.dropFirst("workspace ".count))"] ?? "none"
  }

  func mayUse(_ key: KeyEntry, by user: String) -> Bool {
    if key.place.hasPrefix("user ") { return key.place == "user \(user)" }
    return Self.mayUse[key.kind]?.contains(standing(of: user, at: key.place)) ?? false
  }

  func maySee(_ key: KeyEntry, by user: String) -> Bool {
    if key.place.hasPrefix("user ") {
      return key.place == "user \(user)" || owners.contains(user)
    }
    return Self.maySee[key.kind]?.contains(standing(of: user, at: key.place)) ?? false
  }

  /// Whether `user` may make, or else end, a key at `place`.
  func mayManage(_ place: String, by user: String, isMaking: Bool) -> Bool {
    if place.hasPrefix("user ") {
      return place == "user \(user)" || !isMaking && owners.contains(user)
    }
    let type = place.hasPrefix("workspace ") ? "workspace" : "organization"
    return Self.mayManage[type]?.contains(standing(of: user, at: place)) ?? false
  }

  // MARK: What has become of it

  /// Where a key with that reference is made.
  static func place(of reference: String, by user: String) -> String {
    let owner = reference.split(separator: "/")[0]
    switch owner {
    case "me": return "user \(user)"
    case "org": return "organization"
    case _ where owner.hasPrefix("@"): return "user \(owner.dropFirst())"
    case _: return "workspace \(owner)"
    }
  }

  mutating func revoke(_ id: KeyID) {
    guard let index = keys.firstIndex(where: { $0.id == id }) else { return }
    keys[index].isRevoked = true
  }

  /// The names and environment names that more than one live key of a place has.
  func doubledNames(at now: Instant) -> [String] {
    let live = keys.filter { $0.isLive(at: now) }
    let names = live.map { "\($0.place) \($0.name)" }
    let environmentNames = live.map { "\($0.place) $\($0.environmentName)" }
    return Dictionary(grouping: names + environmentNames) { $0 }.filter { $0.value.count > 1 }
      .map(\.key)
  }
}
