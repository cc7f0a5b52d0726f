// The report on keys that could go.

/// Why a live key could perhaps go.
package enum UnusedClass: String, CaseIterable, Sendable {
  /// Made or imported seven or more days ago, and never used since.
  case neverUsed = "never-used"

  /// Not used for as long as the policy says.
  case idle

  /// A former version is still used in its grace.
  case superseded

  /// Whoever made the newest version could not make it now.
  case orphaned

  /// Reads a word, and throws `invalid` for anything else.
  package init(parsing text: String) throws(Refusal) {
    guard let found = UnusedClass(rawValue: text) else {
      let words = UnusedClass.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("class", "a class is one of \(words)")
    }
    self = found
  }
}

/// The keys of one class that a caller may see in the report.
package struct UnusedList: Equatable, Sendable {
  package let unusedClass: UnusedClass

  /// In order of creation.
  package let keys: [Key]

  /// Tells this list from any other, so that what is ended is what was shown.
  package struct Token: Equatable, Sendable {
    package let text: String
    package init(_ text: String) { self.text = text }
  }

  package var token: Token {
    let words = [unusedClass.rawValue] + keys.map(\.id.text)
    let text = Array(words.joined(separator: " ").utf8)
    let digits = Base62.digits(of: Checksum.crc32(of: text.span, count: text.count))
    return Token("\(keys.count)-\(String(decoding: digits, as: UTF8.self))")
  }
}

extension Organization {
  private static let daysBeforeNeverUsed: Int64 = 7

  /// The classes that a live key belongs to now.
  package func unusedClasses(of key: Key, uses: UseRecords, at now: Instant) -> [UnusedClass] {
    UnusedClass.allCases.filter { belongs(key, to: $0, uses: uses, at: now) }
  }

  private func belongs(
    _ key: Key, to unusedClass: UnusedClass, uses: UseRecords, at now: Instant
  ) -> Bool {
    guard key.state(at: now).isLive else { return false }
    let use = uses[key.id]
    switch unusedClass {
    case .neverUsed:
      return use == nil && now >= key.created.advanced(by: .days(Self.daysBeforeNeverUsed))
    case .idle:
      let days = Seconds.days(Int64(policy.idleDays))
      return use.map { now >= $0.last.advanced(by: days) } ?? false
    case .superseded:
      guard let former = key.graceVersion(at: now), let last = use?.last(of: former.number) else {
        return false
      }
      return last >= key.currentVersion.created
    case .orphaned: return isOrphaned(key, at: now)
    }
  }

  /// The keys of `unusedClass` that the caller may see in the report.
  ///
  /// Owners see all keys, Editors those of their workspaces and their own,
  /// everyone their own.
  package func unused(
    _ unusedClass: UnusedClass, uses: UseRecords, for caller: Caller, at now: Instant
  ) throws(Refusal) -> UnusedList {
    let standing = try standing(of: caller, at: now)
    return unused(unusedClass, uses: uses, for: standing, at: now)
  }

  private func unused(
    _ unusedClass: UnusedClass, uses: UseRecords, for standing: Standing, at now: Instant
  ) -> UnusedList {
    let keys = keys.filter { key in
      oversees(standing, key)
        && belongs(key, to: unusedClass, uses: uses, at: now)
    }
    return UnusedList(unusedClass: unusedClass, keys: keys)
  }

  /// Ends all keys of a list, in one commit.
  func revocations(
    ofUnused unusedClass: UnusedClass, token: UnusedList.Token, uses: UseRecords,
    by standing: Standing, at now: Instant
  ) throws(Refusal) -> [Change] {
    guard standing.person != nil else {
      throw .forbidden(
        unusedClass.rawValue, "a connection that acts as a key never manages keys",
        hint: "do it as a user, without COFFER_API_KEY")
    }
    let list = unused(unusedClass, uses: uses, for: standing, at: now)
    guard list.token == token else {
      throw Refusal(
        .conflict, unusedClass.rawValue, "the list has changed since it was shown",
        hint: "look at it again with 'coffer unused --class \(unusedClass.rawValue)'")
    }
    guard list.keys.count <= Self.revokedAtOnce else {
      throw Refusal(
        .limit, unusedClass.rawValue,
        "at most \(Self.revokedAtOnce) keys are revoked at once, and these are \(list.keys.count)",
        hint: "revoke some of them one by one first")
    }
    guard let author = standing.author else { throw .noUser }
    let reason = Note(stored: "unused: \(unusedClass.rawValue)") ?? .none
    var changes: [Change] = []
    for key in list.keys {
      try permit(
        .revoke, in: key.namespace, by: standing, on: name(of: key, seenBy: standing))
      changes.append(
        .keyRevoked(key.id, Revocation(revoker: author, moment: now, reason: reason)))
    }
    return changes
  }

  /// So many changes fit into one record with room to spare.
  static let revokedAtOnce = 10_000
}
