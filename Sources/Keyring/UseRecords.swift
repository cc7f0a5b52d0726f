/// When, how often and by whom a key was used.
package struct Use: Equatable, Sendable {
  package fileprivate(set) var count: UInt64 = 0
  package fileprivate(set) var last: Instant

  /// The uid of the last user, as the kernel told it.
  package fileprivate(set) var uid: UInt32

  /// The last user's command, as it claims; may be empty.
  package fileprivate(set) var command: String

  /// The last use of each version that was used, of the two newest of them.
  package fileprivate(set) var lastOfVersions: [(number: UInt32, last: Instant)] = []

  /// What is known of a key's uses, as it was noted before.
  package init(
    count: UInt64 = 0, last: Instant, uid: UInt32, command: String,
    lastOfVersions: [(number: UInt32, last: Instant)] = []
  ) {
    self.count = count
    self.last = last
    self.uid = uid
    self.command = command
    self.lastOfVersions = lastOfVersions
  }

  /// When a version was last used; nil if never, or if two newer ones were.
  package func last(of version: UInt32) -> Instant? {
    lastOfVersions.last { $0.number == version }?.last
  }

  /// Takes note of one more use.
  fileprivate mutating func note(
    _ version: UInt32, at now: Instant, uid: UInt32, command: String
  ) {
    count += 1
    last = now
    self.uid = uid
    self.command = command
    guard lastOfVersions.last?.number != version else {
      return lastOfVersions[lastOfVersions.count - 1].last = now
    }
    lastOfVersions.removeAll { $0.number == version }
    lastOfVersions.append((version, now))
    if lastOfVersions.count > 2, let oldest = lastOfVersions.map(\.number).min() {
      lastOfVersions.removeAll { $0.number == oldest }
    }
  }

  package static func == (left: Use, right: Use) -> Bool {
    left.count == right.count && left.last == right.last && left.uid == right.uid
      && left.command == right.command
      && left.lastOfVersions.elementsEqual(right.lastOfVersions, by: ==)
  }
}

/// How a person came to have a value.
package enum Exposure: String, Sendable {
  /// Its text was shown when it was made.
  case shown

  /// It was put into the environment of a command of theirs.
  case injected

  /// They brought it.
  case supplied
}

/// Who has used which key, and who has had which value.
///
/// It follows from the audit: the store notes each row in it, when it is read
/// and when it is written. Uses by a key count for the key; what only a key was
/// handed, no person has had.
package struct UseRecords: Equatable, Sendable {
  /// A value that a person has had.
  package struct Seen: Equatable, Sendable {
    package let user: UserID
    package let version: VersionID
    package let exposure: Exposure
    package let last: Instant

    package init(user: UserID, version: VersionID, exposure: Exposure, last: Instant) {
      self.user = user
      self.version = version
      self.exposure = exposure
      self.last = last
    }
  }

  private var uses: [KeyID: Use] = [:]
  private var meetings = Meetings()

  package init() {}

  package subscript(id: KeyID) -> Use? { uses[id] }

  /// Takes note that a version was verified, injected or acted as.
  package mutating func noteUse(
    of version: VersionID, at now: Instant, uid: UInt32, command: String
  ) {
    uses[version.key, default: Use(last: now, uid: uid, command: command)]
      .note(version.number, at: now, uid: uid, command: command)
  }

  /// All uses that are known, key by key.
  package var all: [KeyID: Use] { uses }

  /// Takes over what was known of a key's uses.
  package mutating func restore(_ use: Use, of id: KeyID) { uses[id] = use }

  /// Forgets the uses of keys, and who has had their values.
  package mutating func forget(_ ids: [KeyID]) {
    let ids = Set(ids)
    for id in ids { uses[id] = nil }
    meetings.forget { ids.contains($0.key) }
  }

  /// Forgets what is known of keys that are forgotten, or never were.
  package mutating func forgetUnknown(in organization: Organization) {
    let isForgotten = { (id: KeyID) in organization.position(ofKeyWithID: id) == nil }
    // Mostly there is none, and looking is quicker than copying.
    if uses.keys.contains(where: isForgotten) { uses = uses.filter { !isForgotten($0.key) } }
    meetings.forget { isForgotten($0.key) }
  }

  /// All values that people have had, of versions that still are accepted or could
  /// be by another clock.
  package func seenValues(in organization: Organization) -> [Seen] {
    meetings.all.filter { seen in
      guard let key = organization.key(withID: seen.version.key) else { return false }
      return key.revocation == nil && key.version(numbered: seen.version.number)?.isEnded == false
    }
  }

  /// Takes note that a person has had a value.
  package mutating func note(
    _ exposure: Exposure, of version: VersionID, to user: UserID, at now: Instant
  ) {
    meetings.note(Seen(user: user, version: version, exposure: exposure, last: now))
  }

  /// The live values that `user` has had, in order of the keys' making.
  package func liveValues(
    seenBy user: UserID, in organization: Organization, at now: Instant
  ) -> [Seen] {
    organization.keys.flatMap { key -> [Seen] in
      guard key.state(at: now).isLive else { return [] }
      return key.versions.filter { $0.isAccepted(at: now) }.compactMap { version in
        let id = VersionID(key.id, number: version.number)
        guard let seen = meetings[user, id], seen.exposure != .shown || key.custody?.isShown ?? true
        else { return nil }
        return seen
      }
    }
  }
}
