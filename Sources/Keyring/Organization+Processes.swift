// Keys that live no longer than a process.

extension Organization {
  /// How long such a key lives at the most, unless told.
  static let processKeyLifetime = Seconds.days(1)

  /// The name that the key of a process gets: `process-` and its id in lower case.
  package static func nameOfProcessKey(_ id: KeyID) -> Name {
    guard let name = Name("process-" + id.text.lowercased()) else {
      preconditionFailure("letters and digits make a name")
    }
    return name
  }

  /// The process that a key is bound to; nil if it is bound to none.
  package func process(of id: KeyID) -> ProcessBinding? { processes[id] }

  /// The keys of processes, which somebody must watch until they have ended for good:
  /// also those that have expired, as the clock may be wrong.
  package var watchedProcessKeys: [Key] {
    processes.keys.compactMap { key(withID: $0) }.filter { !$0.hasEnded }
  }

  // MARK: Deciding

  /// What changes when processes have ended: those of their keys that have not ended for
  /// good are revoked, by nobody but themselves.
  ///
  /// - Parameters:
  ///   - ids: Keys of processes that have ended, or that nobody can tell to run; others
  ///     are passed over.
  ///   - now: The vault's time.
  /// - Returns: A change for each, as many as fit into one record.
  package func revocations(ofEndedProcessKeys ids: [KeyID], at now: Instant) -> [Change] {
    let reason = Note(stored: "its process has ended") ?? .none
    let present = ids.filter { processes[$0] != nil && !(key(withID: $0)?.hasEnded ?? true) }
    return present.prefix(Self.revokedAtOnce).map { id in
      .keyRevoked(id, Revocation(revoker: .key(id), moment: now, reason: reason))
    }
  }

  /// What is forgotten of the keys of processes: all that have ended, and whose own
  /// expiry is over as well, so that nobody could present their texts in time.
  ///
  /// A key that others name as who made them stays.
  ///
  /// - Parameter now: The vault's time.
  /// - Returns: One change of as many as fit into a record; none if there is nothing to
  ///   forget.
  package func forgetting(ofProcessKeysAt now: Instant) -> [Change] {
    let ended = processes.keys.filter { id in
      guard let key = key(withID: id), !authorKeys.contains(id) else { return false }
      return !key.state(at: now).isLive
        && key.versions.allSatisfy { $0.expires.map { $0 <= now } ?? false }
    }
    guard !ended.isEmpty else { return [] }
    return [.keysForgotten(Array(inOrderOfMaking(ended).prefix(Self.forgottenAtOnce)))]
  }

  /// So many ids fit into one record with room to spare.
  package static let forgottenAtOnce = 50_000

  private func inOrderOfMaking(_ ids: [KeyID]) -> [KeyID] {
    ids.sorted { (position(ofKeyWithID: $0) ?? 0) < (position(ofKeyWithID: $1) ?? 0) }
  }

  // MARK: Making true

  mutating func bind(
    _ id: KeyID, to process: ProcessBinding
  ) throws(InconsistentChange) {
    guard let key = key(withID: id), key.isIssued, key.revocation == nil, processes[id] == nil
    else {
      throw InconsistentChange(reason: "a process of a key that is unknown, ended, or bound")
    }
    processes[id] = process
  }

  /// Takes note of a key that others name as their author.
  mutating func noteAuthor(_ author: Author, of id: KeyID) {
    if case .key(let other) = author, other != id { authorKeys.insert(other) }
  }

  /// Forgets keys wholly.
  mutating func forget(_ ids: [KeyID]) throws(InconsistentChange) {
    var removed: Set<Int> = []
    for id in ids {
      guard let position = position(ofKeyWithID: id), processes[id] != nil,
        !authorKeys.contains(id), removed.insert(position).inserted
      else {
        throw InconsistentChange(reason: "the forgetting of a key that is none of a process")
      }
    }
    guard let first = removed.min() else { return }
    let namesakes = removeTraces(ofKeysAt: removed)
    closeGaps(removed, from: first)
    for (namespace, places) in namesakes { findNewest(of: places, in: namespace) }
  }

  /// The names and environment names that have lost their newest key in a namespace.
  private struct Vacancies {
    var names: Set<String> = []
    var environmentNames: Set<String> = []
  }

  /// Takes out what leads to the keys at these positions.
  private mutating func removeTraces(ofKeysAt positions: Set<Int>) -> [Namespace: Vacancies] {
    var vacancies: [Namespace: Vacancies] = [:]
    for position in positions {
      let key = keys[position]
      withdrawGrants(of: key.id)
      processes[key.id] = nil
      for version in key.versions { deadTags.remove(version.digest) }
      let (hadName, hadEnvironmentName) = forgetWords(ofKeyAt: position)
      if hadName {
        vacancies[key.namespace, default: Vacancies()].names.insert(key.name.text)
      }
      if hadEnvironmentName {
        vacancies[key.namespace, default: Vacancies()].environmentNames
          .insert(key.environmentName.text)
      }
    }
    return vacancies
  }

  /// Moves the keys behind those that are gone up.
  ///
  /// Keys of processes are made and forgotten again in the order of their making, so that
  /// what must be moved is what was made since.
  private mutating func closeGaps(_ removed: Set<Int>, from first: Int) {
    var positions: [Int?] = []
    positions.reserveCapacity(keys.count - first)
    var next = first
    for position in first..<keys.count {
      guard !removed.contains(position) else {
        positions.append(nil)
        continue
      }
      positions.append(next)
      if next != position { move(keyAt: position, to: next) }
      next += 1
    }
    keys.removeLast(keys.count - next)
    for namespace in Array(positionsByNamespace.keys) {
      guard let present = positionsByNamespace.removeValue(forKey: namespace) else { continue }
      let start = present.lastIndex { $0 < first }.map { $0 + 1 } ?? 0
      let moved = present[..<start] + present[start...].compactMap { positions[$0 - first] }
      if !moved.isEmpty { positionsByNamespace[namespace] = Array(moved) }
    }
  }

  private mutating func move(keyAt position: Int, to next: Int) {
    let key = keys[position]
    keys[next] = key
    noteMove(of: key, from: position, to: next)
    guard !key.isIssued else { return }
    let digest = key.currentVersion.digest
    positionsByFingerprint[digest] = positionsByFingerprint[digest]?.map {
      $0 == position ? next : $0
    }
  }

  /// Finds the newest of the keys that are left with names that had another one.
  private mutating func findNewest(of vacancies: Vacancies, in namespace: Namespace) {
    let lengths = Set(vacancies.names.union(vacancies.environmentNames).map(\.utf8.count))
    for position in positions(in: namespace) {
      let (name, variable) = (keys[position].name.text, keys[position].environmentName.text)
      // Most names have another length, which is quicker to tell.
      if lengths.contains(name.utf8.count), vacancies.names.contains(name) {
        noteName(ofKeyAt: position)
      }
      if lengths.contains(variable.utf8.count), vacancies.environmentNames.contains(variable) {
        noteEnvironmentName(ofKeyAt: position)
      }
    }
  }
}
