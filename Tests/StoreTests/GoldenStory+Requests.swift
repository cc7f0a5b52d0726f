import Keyring
@testable import Store
import TestSupport

// How each step of the story is written.

extension GoldenStory {
  func tick() -> Instant {
    now = now.advanced(by: Seconds(60))
    return now
  }

  func actor(_ user: UInt32?, _ command: String = "story") -> Actor {
    Actor(
      user: user.map { UserID(number: $0) }, uid: 999 + (user ?? 0), processID: 42,
      command: command)
  }

  func write(
    _ verb: String, _ request: Request, by user: UInt32 = 1, object: String = ""
  ) throws {
    let now = tick()
    let changes = try vault.organization.decide(
      request, by: .user(UserID(number: user)), at: now)
    let record = vault.append(changes, by: actor(user), verb: verb, at: now)
    try vault.nextBatch()?.write()
    try row(
      verb, user: user, subjects: changes.compactMap(\.subject), object: object, record: record)
  }

  func row(
    _ verb: String, user: UInt32? = 1, outcome: UInt16 = 0, subjects: [VersionID] = [],
    object: String = "", record: UInt64? = nil, command: String = "story"
  ) throws {
    try vault.append([
      AuditRow(
        time: now, actor: actor(user, command), verb: verb, outcome: outcome, subjects: subjects,
        object: object, record: record)
    ])
  }

  /// A value, and its digest as the key has it.
  func value(
    of reference: KeyReference, _ terms: KeyPlan.Terms, _ version: VersionID
  ) -> (bytes: [UInt8], digest: Digest) {
    switch terms {
    case .issued:
      var text = [UInt8](repeating: 0, count: KeyText.byteCount)
      let random = [UInt8](repeating: UInt8(version.number), count: KeyText.randomByteCount)
      var span = text.mutableSpan
      _ = KeyText.write(
        type: type(of: reference), id: version.key, random: random.span, to: &span)
      return (text, vault.tag(of: text.span))
    case .imported:
      let bytes = Array("\(reference.text) of version \(version.number)".utf8)
      return (bytes, vault.fingerprint(of: bytes.span))
    }
  }

  func type(of reference: KeyReference) -> KeyType {
    if reference.text.hasPrefix("me/") { return .user }
    return reference.text.hasPrefix("org/") ? .organization : .workspace
  }

  func add(
    _ text: String, _ terms: KeyPlan.Terms, environment: String? = nil,
    lifetime: Lifetime? = nil, note: String = "", by user: UInt32 = 1
  ) throws {
    let plan = KeyPlan(
      reference: try KeyReference(parsing: text), terms: terms,
      environmentName: try environment.map { try EnvironmentName(parsing: $0) },
      lifetime: lifetime, note: try Note(parsing: note))
    let id = vault.drawKeyID()
    let version = VersionID(id, number: 1)
    let value = value(of: plan.reference, terms, version)
    let material = KeyMaterial(
      id: id, digest: value.digest,
      sealedValue: vault.seal(
        value.bytes.span, as: .version(id, number: 1)))
    let verb =
      switch terms {
      case .issued: "CREATE"
      case .imported: "IMPORT"
      }
    try write(verb, .addKey(plan, material), by: user, object: text)
  }

  func key(_ text: String) throws -> Key {
    let parts = text.split(separator: "/")
    let name = String(parts[1])
    guard let key = vault.organization.keys.last(where: { $0.name.text == name }) else {
      throw Missing(name: name)
    }
    return key
  }

  struct Missing: Error {
    let name: String
  }

  func material(_ text: String, _ terms: KeyPlan.Terms) throws -> VersionMaterial {
    let key = try key(text)
    let version = VersionID(key.id, number: key.currentVersion.number + 1)
    let value = value(of: try KeyReference(parsing: text), terms, version)
    return VersionMaterial(
      version: version, digest: value.digest,
      sealedValue: vault.seal(value.bytes.span, as: .version(key.id, number: version.number)))
  }

  func rotate(_ text: String, grace: Seconds, endsGrace: Bool = false) throws {
    let terms = RotationTerms(grace: grace, endsGrace: endsGrace)
    try write(
      "ROTATE",
      .rotate(
        try KeyReference(parsing: text), terms, try material(text, .issued(access: nil))))
  }

  func replace(_ text: String) throws {
    try write(
      "REPLACE",
      .replace(
        try KeyReference(parsing: text), nil, try material(text, .imported(leastRank: nil))))
  }

  func use(
    _ names: [String], verb: String = "ENV", version: UInt32? = nil, command: String = "make"
  ) throws {
    _ = tick()
    let subjects = try names.map { name in
      let key = try key(name)
      return VersionID(key.id, number: version ?? key.currentVersion.number)
    }
    try row(verb, subjects: subjects, command: command)
  }

  func renew(_ cause: GenerationCause, rollsAudit: Bool) throws {
    var draft = vault.beginGeneration(cause, by: actor(1), at: tick())
    if rollsAudit { draft.rollsAudit = true }
    guard let written = try draft.write(isCancelled: { false }) else { return }
    vault.adopt(try written.finish(vault.remainder))
    try row(cause.verb, object: "generation \(vault.slots.generation)")
  }
}
