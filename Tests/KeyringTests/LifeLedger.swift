import Keyring

/// What random lives of keys have come to, reckoned by this test alone.
///
/// It has the rules of sections 2, 4, 5 and 6 once more, in numbers: ranks are 0
/// for none, 1 Viewer, 2 Editor, 3 Admin, 4 Owner. It shares with the module
/// nothing but the words.
struct LifeLedger {
  struct Person {
    let name: String
    var isOwner = false

    /// `active`, `disabled` or `removed`.
    var condition = "active"

    /// By the number of the workspace.
    var roles: [Int: Int] = [:]
  }

  enum Place: Equatable {
    case person(Int)
    case workspace(Int)
    case organization
  }

  enum Actor: Equatable {
    case person(Int)

    /// By its place in ``keys``, with the version that was presented.
    case key(Int, version: Int)
  }

  struct Version {
    let tag: Digest
    let author: Actor
    var expires: Int64?
    var graceEnd: Int64?

    func isAccepted(at now: Int64) -> Bool {
      expires.map { now < $0 } ?? true && graceEnd.map { now < $0 } ?? true
    }
  }

  struct Entry {
    let id: KeyID
    let place: Place
    let isIssued: Bool

    /// Of an issued key of a workspace or the organization.
    var isEditor = false

    /// The least rank for the use of an imported key.
    var least = 0
    var isInjectable = true

    /// nil for everything; -1 stands for `me`.
    var reach: Set<Int>?
    var actions: Set<String> = ["list", "use", "import", "verify"]
    var lifetime: Int64?
    var versions: [Version] = []
    var isRevoked = false

    /// Whether somebody has ended it when it had expired.
    var isOver = false
    var isSuspended = false
  }

  var people = [Person(name: "u1", isOwner: true)]
  var archived: [Bool] = []
  var keys: [Entry] = []

  /// The key, by its place in ``keys``, that was last given as each credential of each
  /// unit, whatever has become of it.
  var grants: [String: Int] = [:]
  var maximumLifetime: Int64 = 365 * 86_400
  var defaultLifetime: Int64 = 90 * 86_400
  var maximumGrace: Int64 = 30 * 86_400
  var defaultGrace: Int64 = 86_400

  // MARK: States

  func state(_ key: Entry, at now: Int64) -> String {
    if key.isRevoked { return "revoked" }
    if let expires = key.versions.last?.expires, now >= expires { return "expired" }
    var isSuspended = key.isSuspended
    if case .person(let owner) = key.place, people[owner].condition != "active" {
      isSuspended = true
    }
    return isSuspended ? "suspended" : "active"
  }

  func isLive(_ key: Entry, at now: Int64) -> Bool {
    ["active", "suspended"].contains(state(key, at: now))
  }

  /// The numbers of the versions, from 1, whose texts are accepted.
  func accepted(_ key: Entry, at now: Int64) -> [Int] {
    guard state(key, at: now) == "active" else { return [] }
    return key.versions.indices.filter { key.versions[$0].isAccepted(at: now) }.map { $0 + 1 }
  }

  func hasGrace(_ key: Entry, at now: Int64) -> Bool {
    key.versions.dropLast().contains { $0.isAccepted(at: now) }
  }

  // MARK: Ranks

  func rank(_ actor: Actor, in workspace: Int) -> Int {
    switch actor {
    case .person(let person):
      return people[person].isOwner ? 4 : people[person].roles[workspace] ?? 0
    case .key(let number, _):
      let key = keys[number]
      guard !archived[workspace] else { return 0 }
      switch key.place {
      case .person(let owner):
        guard key.reach?.contains(workspace) ?? true else { return 0 }
        return rank(.person(owner), in: workspace)
      case .workspace(let own): return own == workspace ? (key.isEditor ? 2 : 1) : 0
      case .organization: return key.isEditor ? 2 : 1
      }
    }
  }

  /// Whether the actor is an Owner for what belongs to the organization; nil
  /// where that is out of reach.
  func isOwner(_ actor: Actor) -> Bool? {
    switch actor {
    case .person(let person): return people[person].isOwner
    case .key(let number, _):
      guard case .person(let owner) = keys[number].place, keys[number].reach == nil else {
        return nil
      }
      return people[owner].isOwner
    }
  }

  func owns(_ actor: Actor, _ person: Int) -> Bool {
    switch actor {
    case .person(let number): return number == person
    case .key(let number, _):
      return keys[number].place == .person(person) && keys[number].reach?.contains(-1) ?? true
    }
  }

  func may(_ action: String, _ actor: Actor) -> Bool {
    guard case .key(let number, _) = actor else { return true }
    let key = keys[number]
    if case .person = key.place { return key.actions.contains(action) }
    return key.isEditor || ["list", "use"].contains(action)
  }

  func isActive(_ actor: Actor, at now: Int64) -> Bool {
    switch actor {
    case .person(let person): return people[person].condition == "active"
    case .key(let number, let version):
      return accepted(keys[number], at: now).contains(version)
    }
  }

  // MARK: Rights

  /// Whether the actor may do to keys there what Editors do.
  func manages(_ actor: Actor, _ place: Place) -> Bool {
    switch place {
    case .person(let person): owns(actor, person)
    case .workspace(let workspace): rank(actor, in: workspace) >= 2
    case .organization: isOwner(actor) ?? false
    }
  }

  func sees(_ actor: Actor, _ key: Entry) -> Bool {
    switch key.place {
    case .person(let person):
      let isAnother =
        if case .key(let number, _) = actor { keys[number].place != key.place } else { true }
      return owns(actor, person) || isAnother && isOwner(actor) ?? false
    case .workspace(let workspace): return rank(actor, in: workspace) >= 1
    case .organization:
      guard let isOwner = isOwner(actor) else { return false }
      return isOwner || !key.isIssued && key.least == 0
    }
  }

  func mayUse(_ actor: Actor, _ key: Entry, at now: Int64) -> Bool {
    guard may("use", actor), key.isInjectable, state(key, at: now) == "active" else {
      return false
    }
    if key.isIssued, case .key = actor { return false }
    switch key.place {
    case .person(let person): return owns(actor, person)
    case .workspace(let workspace):
      let least = key.isIssued ? (key.isEditor ? 2 : 1) : max(key.least, 1)
      return !archived[workspace] && rank(actor, in: workspace) >= least
    case .organization:
      guard let isOwner = isOwner(actor) else { return false }
      return isOwner || !key.isIssued && key.least == 0
    }
  }

  /// Whether the actor may give a key to units.
  func mayGrant(_ actor: Actor, _ key: Entry) -> Bool {
    guard case .person = actor, sees(actor, key) else { return false }
    guard isOwner(actor) ?? false else { return false }
    if case .person(let person) = key.place { return owns(actor, person) }
    return true
  }

  /// Whether the actor may take a key back from units.
  func mayWithdraw(_ actor: Actor, _ key: Entry) -> Bool {
    guard case .person = actor, sees(actor, key) else { return false }
    return isOwner(actor) ?? false
  }

  /// Whether a key has ended for good: an expired one does with its place, or by somebody.
  func isOver(_ key: Entry) -> Bool {
    if key.isRevoked || key.isOver { return true }
    return switch key.place {
    case .person(let person): people[person].condition == "removed"
    case .workspace(let workspace): archived[workspace]
    case .organization: false
    }
  }

  /// Whether the author of the newest version could not make it now.
  func isOrphaned(_ key: Entry, at now: Int64) -> Bool {
    guard isLive(key, at: now), let version = key.versions.last else { return false }
    if case .person = key.place { return false }
    var author = version.author
    if case .key(let number, _) = author {
      guard !key.isIssued else { return true }
      author = .key(number, version: keys[number].versions.count)
    }
    return !isActive(author, at: now) || !may("import", author) || !manages(author, key.place)
  }

  mutating func endAll(in place: Place, at now: Int64) {
    for index in keys.indices where keys[index].place == place && isLive(keys[index], at: now) {
      keys[index].isRevoked = true
    }
  }
}
