import Keyring

/// A key that is in the vault before the request that a test is about.
struct StandingKey: Sendable {
  /// As the Owner writes it.
  let reference: String
  let key: Key

  /// An issued and an imported key of each user, and each kind of key of both
  /// workspaces and of the organization.
  static let all: [StandingKey] = {
    var kinds: [(prefix: String, namespace: Namespace, word: String, origin: Origin)] = []
    for person in Person.users {
      let prefix = "@\(person.rawValue)"
      kinds.append((prefix, .user(person.id), "issued", .issued(access: nil, custody: .sealed)))
      kinds.append((prefix, .user(person.id), "imported", .imported(leastRank: .member)))
    }
    for (prefix, workspace) in [("w1", Acme.w1), ("w2", Acme.w2)] {
      kinds += issued.map { (prefix, .workspace(workspace), $0, $1) }
      for rank in [Rank.viewer, .editor, .admin] {
        kinds.append(
          (prefix, .workspace(workspace), "imported-\(rank.text)", .imported(leastRank: rank)))
      }
    }
    kinds += issued.map { ("org", .organization, $0, $1) }
    for rank in [Rank.owner, .member] {
      kinds.append(("org", .organization, "imported-\(rank.text)", .imported(leastRank: rank)))
    }
    return kinds.enumerated().map { index, kind in
      StandingKey(
        reference: "\(kind.prefix)/\(kind.word)",
        key: Key(
          numbered: 1000 + index, in: kind.namespace, named: kind.word, origin: kind.origin))
    }
  }()

  private static let issued: [(String, Origin)] = [
    ("issued-viewer", .issued(access: .viewer, custody: .sealed)),
    ("issued-editor", .issued(access: .editor, custody: .sealed)),
  ]

  /// The one with that reference.
  static func at(_ reference: String) -> StandingKey {
    guard let key = all.first(where: { $0.reference == reference }) else {
      preconditionFailure("no standing key is called \(reference)")
    }
    return key
  }
}

extension Acme {
  /// An organization that has all the standing keys.
  static func withStandingKeys() throws -> Acme {
    var acme = try Acme()
    for standing in StandingKey.all { try acme.organization.apply(.keyAdded(standing.key)) }
    return acme
  }
}

extension Key {
  /// A key as a record might have it, made by the Owner at the start.
  ///
  /// - Parameters:
  ///   - number: Tells its id, tag and value from others'.
  ///   - namespace: Whose it is.
  ///   - name: Its name.
  ///   - origin: Where it comes from.
  ///   - environmentName: Derived from its name unless told.
  ///   - expires: When it ends by itself.
  ///   - creator: Who made it.
  init(
    numbered number: Int, in namespace: Namespace, named name: String, origin: Origin,
    environmentName: String? = nil, expires: Instant? = nil,
    creator: Author = .user(Person.owner.id)
  ) {
    let derived = name.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
    guard let environmentName = EnvironmentName(stored: environmentName ?? String(derived)) else {
      preconditionFailure("\(name) makes no environment name")
    }
    let material = KeyMaterial(numbered: number)
    self.init(
      id: material.id, namespace: namespace, name: named(name), origin: origin,
      environmentName: environmentName, lifetime: expires.map { .until($0) } ?? .never,
      creator: creator, created: Acme.start, note: .none,
      version: KeyVersion(
        number: 1, author: creator, created: Acme.start, expires: expires,
        digest: material.digest, sealedValue: material.sealedValue))
  }
}
