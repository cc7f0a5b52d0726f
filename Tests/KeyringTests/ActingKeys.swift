import Keyring
import Testing

/// A text that somebody presents: what it says of itself, and its tag.
struct PresentedText: Sendable {
  let handle: KeyText.Handle
  let tag: Digest

  /// The text of one version of a key; of its current one if none is told.
  init(of key: Key, version number: UInt32? = nil) throws {
    let version = number.flatMap { key.version(numbered: $0) } ?? key.currentVersion
    try self.init(key.type, key.id, tag: version.digest)
  }

  /// A well-formed text that bears that id, whether a key has it or not.
  init(_ type: KeyType, _ id: KeyID, tag: Digest) throws {
    var bytes = [UInt8](repeating: 0, count: KeyText.byteCount)
    let random = (0..<KeyText.randomByteCount).map { UInt8($0 % 62) }
    var output = bytes.mutableSpan
    let isWritten = KeyText.write(type: type, id: id, random: random.span, to: &output)
    let parsed = isWritten ? KeyText.parse(bytes.span) : nil
    handle = try #require(parsed)
    self.tag = tag
  }
}

/// Counts what is compared while a text is verified.
final class ComparisonCounter {
  private(set) var count = 0

  func isEqual(_ left: Digest, _ right: Digest) -> Bool {
    count += 1
    return left == right
  }
}

extension Caller {
  /// A connection that presented the current version of `key`.
  static func acting(as key: Key) -> Caller {
    .key(VersionID(key.id, number: key.currentVersion.number))
  }
}

// MARK: - Requests of anyone

extension Acme {
  func decide(
    _ request: Request, by caller: Caller, at now: Instant = start
  ) throws(Refusal) -> [Change] {
    try organization.decide(request, by: caller, at: now)
  }

  @discardableResult
  mutating func perform(
    _ request: Request, by caller: Caller, at now: Instant = start
  ) throws -> [Change] {
    let changes = try decide(request, by: caller, at: now)
    for change in changes { try organization.apply(change) }
    return changes
  }

  func outcome(_ request: Request, by caller: Caller, at now: Instant = start) -> Outcome {
    Outcome { () throws(Refusal) in try decide(request, by: caller, at: now) }
  }

  func outcome(_ request: Request, by person: Person, at now: Instant = start) -> Outcome {
    outcome(request, by: person.caller, at: now)
  }

  /// What comes of the use of a key.
  func outcome(using reference: String, by caller: Caller, at now: Instant = start) throws
    -> Outcome
  {
    let selection = try Selection.key(reference)
    return Outcome { () throws(Refusal) in
      try organization.injections(of: [selection], by: caller, at: now)
    }
  }

  func verify(
    _ text: PresentedText, by caller: Caller = .nobody, requiring requirement: Requirement? = nil,
    at now: Instant = start
  ) -> Verdict {
    organization.verify(
      text.handle, tag: text.tag, by: caller, requiring: requirement, at: now)
  }

  /// The key as it is now.
  func current(_ key: Key) throws -> Key {
    try #require(organization.key(withID: key.id))
  }

  func isValid(_ key: Key, version: UInt32, at now: Instant = start) throws -> Bool {
    let verdict = verify(try PresentedText(of: try current(key), version: version), at: now)
    guard case .valid(let found, let accepted) = verdict else { return false }
    return found.id == key.id && accepted.number == version
  }
}

// MARK: - Requests on a key

extension Request {
  static func rotate(
    _ key: Key, in acme: Acme, grace: Seconds? = nil, endsGrace: Bool = false
  ) throws -> Request {
    .rotate(
      try KeyReference(parsing: "id:\(key.id.text)"),
      RotationTerms(grace: grace, endsGrace: endsGrace),
      try acme.material(for: key))
  }

  static func replace(_ key: Key, in acme: Acme, lifetime: Lifetime? = nil) throws -> Request {
    .replace(
      try KeyReference(parsing: "id:\(key.id.text)"), lifetime, try acme.material(for: key))
  }

  static func expire(_ key: Key, _ text: String) throws -> Request {
    .expire(try KeyReference(parsing: "id:\(key.id.text)"), try Expiry(parsing: text))
  }

  static func suspend(_ key: Key) throws -> Request {
    .suspend(try KeyReference(parsing: "id:\(key.id.text)"), reason: .none)
  }

  static func resume(_ key: Key) throws -> Request {
    .resume(try KeyReference(parsing: "id:\(key.id.text)"))
  }

  static func revoke(_ key: Key) throws -> Request {
    .revoke(try KeyReference(parsing: "id:\(key.id.text)"), reason: .none)
  }
}

extension Acme {
  /// What the next version of `key` is made of.
  func material(for key: Key) throws -> VersionMaterial {
    let number = try current(key).currentVersion.number + 1
    let serial = try #require(Int(key.id.text))
    return VersionMaterial(
      version: VersionID(key.id, number: number),
      digest: Digest(numbered: serial + Int(number) * 1_000_000),
      sealedValue: Array("sealed \(serial) \(number)".utf8))
  }

  @discardableResult
  mutating func rotate(
    _ key: Key, by person: Person, grace: Seconds? = nil, endsGrace: Bool = false,
    at now: Instant = start
  ) throws -> Key {
    try perform(
      .rotate(key, in: self, grace: grace, endsGrace: endsGrace), by: person, at: now)
    return try current(key)
  }

  /// A user key with a scope, as in `w1:list,use`.
  @discardableResult
  mutating func create(
    _ reference: String, by person: Person, scope: String?, custody: Custody = .sealed,
    at now: Instant = start
  ) throws -> Key {
    let scope = try scope.map { try ScopeText(parsing: $0) }
    return try add(
      KeyPlan(reference, .issued(access: nil, custody: custody, scope: scope)), by: person, at: now)
  }
}

extension Instant {
  func before(by seconds: Int64) -> Instant {
    Instant(secondsSinceEpoch: secondsSinceEpoch - seconds)
  }
}

extension Seconds {
  static func hours(_ count: Int64) -> Seconds { Seconds(count * 3_600) }
}
