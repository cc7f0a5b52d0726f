// Which keys a command is handed.

/// A key that is about to be handed to a command.
package struct Injection: Equatable, Sendable {
  package let key: Key

  /// The version that is handed out: the newest accepted one.
  package let version: KeyVersion
  package let environmentName: EnvironmentName

  /// Its value, sealed.
  package let sealedValue: [UInt8]
}

/// Which keys a command asks for.
package enum Selection: Equatable, Sendable {
  /// One key, under its own environment name if nil.
  case key(KeyReference, as: EnvironmentName?)

  /// All of a workspace's that the caller may use.
  case workspace(Name)

  /// As the caller wrote it.
  var text: String {
    switch self {
    case .key(let reference, _): reference.text
    case .workspace(let name): name.text
    }
  }
}

extension Organization {
  /// The keys that `selections` come to, each once for each name.
  ///
  /// - Parameters:
  ///   - selections: What is asked for.
  ///   - wanted: The environment names that are wanted of it; all of them if nil. A
  ///     key under another name is left alone, whether it could be had or not; one that
  ///     is named must be there.
  ///   - caller: Who asks.
  ///   - now: When.
  /// - Returns: The keys, in the order of `selections`.
  /// - Throws: A ``Refusal`` if any of them cannot be had, or if two are to have
  ///   one environment name.
  package func injections(
    of selections: [Selection], only wanted: Set<EnvironmentName>? = nil, by caller: Caller,
    at now: Instant
  ) throws(Refusal) -> [Injection] {
    let standing = try standing(of: caller, at: now)
    try standing.require(.use, on: selections.first.map(\.text) ?? "use")
    var injections: [Injection] = []
    for selection in selections {
      switch selection {
      case .key(let reference, let name):
        let key = try liveKey(reference, inSightOf: standing, at: now)
        guard wanted?.contains(name ?? key.environmentName) ?? true else { continue }
        injections.append(try injection(of: key, as: name, by: standing, at: now, reference.text))
      case .workspace(let name):
        injections += try self.injections(ofWorkspace: name, only: wanted, by: standing, at: now)
      }
    }
    return try distinct(injections, for: standing)
  }

  /// The key that `reference` names, which by a name must be a live one.
  func liveKey(
    _ reference: KeyReference, inSightOf standing: Standing, at now: Instant
  ) throws(Refusal) -> Key {
    let key = try key(reference, inSightOf: standing, at: now)
    if case .id = reference.target { return key }
    guard key.state(at: now).isLive else {
      throw Refusal(
        .notFound, reference.text,
        hint: "the last key of this name has ended: 'coffer show \(reference.text)' tells when")
    }
    return key
  }

  private func injection(
    of key: Key, as name: EnvironmentName?, by standing: Standing, at now: Instant, _ object: String
  ) throws(Refusal) -> Injection {
    guard mayUse(key, by: standing) else { throw refusalToUse(key, standing, object) }
    let sealedValue = try sealedValue(of: key, object, at: now)
    let environmentName = name ?? key.environmentName
    guard !environmentName.isReserved else {
      throw .invalid(
        object, "its environment name \(environmentName.text) is reserved",
        hint: "give it another name, as with '-k \(object)=NAME'")
    }
    return Injection(
      key: key, version: key.currentVersion, environmentName: environmentName,
      sealedValue: sealedValue)
  }

  /// The value of an active key's newest version, sealed; throws `wrong state` if the
  /// key is not active, or if its value is not kept.
  func sealedValue(of key: Key, _ object: String, at now: Instant) throws(Refusal) -> [UInt8] {
    guard key.state(at: now) == .active else { throw wrongState(of: key, object, at: now) }
    guard let sealedValue = key.currentVersion.sealedValue else {
      throw Refusal(
        .wrongState, object, "the key is verify-only, so there is nothing to inject",
        hint: "present the text that was shown when it was made")
    }
    return sealedValue
  }

  /// The refusal of what only an active key allows.
  func wrongState(of key: Key, _ object: String, at now: Instant) -> Refusal {
    let hint: String
    switch key.state(at: now) {
    case .suspended where key.ownerIsDisabled: hint = "its owner is disabled"
    case .suspended where key.isRestored:
      hint = "it came back from a backup or a repair: look at it, then 'coffer resume \(object)'"
    case .suspended: hint = "'coffer resume \(object)' makes it active again"
    case .active, .expired, .revoked: hint = "'coffer show \(object)' tells since when"
    }
    return Refusal(
      .wrongState, object, "the key is \(key.state(at: now).rawValue)", hint: hint)
  }

  /// The refusal of a key that the caller may not have injected.
  func refusalToUse(_ key: Key, _ standing: Standing, _ object: String) -> Refusal {
    switch (key.namespace, key.origin) {
    case (_, .issued) where standing.key != nil:
      .forbidden(object, "who acts as a key injects imported keys only, never an issued one")
    case (.user, _):
      .forbidden(object, "only its own user may use a user key")
    case (.workspace, .issued(let access, _, _)):
      .forbidden(
        object,
        "the key may do more than you: using it needs the role \((access ?? .editor).rawValue) or higher"
      )
    case (.workspace, .imported(let leastRank)):
      .forbidden(object, "using this key needs the role \(leastRank.text) or higher")
    case (.organization, _):
      .forbidden(object, "only an Owner may use this key")
    }
  }

  private func injections(
    ofWorkspace name: Name, only wanted: Set<EnvironmentName>?, by standing: Standing,
    at now: Instant
  ) throws(Refusal) -> [Injection] {
    let workspace = try workspace(named: name, inSightOf: standing, as: name.text)
    return try positions(in: .workspace(workspace.id)).map { keys[$0] }
      .filter { key in
        key.state(at: now).isLive && mayUse(key, by: standing)
          && key.custody?.isInjectable ?? true
          && wanted?.contains(key.environmentName) ?? true
      }
      .map { (key) throws(Refusal) in
        try injection(
          of: key, as: nil, by: standing, at: now, self.name(of: key, seenBy: standing))
      }
  }

  /// `injections` without repetitions; throws if two keys want one name.
  private func distinct(
    _ injections: [Injection], for standing: Standing
  ) throws(Refusal) -> [Injection] {
    var taken: [EnvironmentName: Key] = [:]
    var distinct: [Injection] = []
    for injection in injections {
      if let other = taken[injection.environmentName] {
        guard other.id != injection.key.id else { continue }
        throw .invalid(
          injection.environmentName.text,
          "\(name(of: other, seenBy: standing)) and \(name(of: injection.key, seenBy: standing)) "
            + "would both have this environment name",
          hint: "give one of them another name, as with '-k KEY=NAME'")
      }
      taken[injection.environmentName] = injection.key
      distinct.append(injection)
    }
    return distinct
  }

  /// The live keys that hold the value with that fingerprint, and that the caller
  /// may use.
  package func usableKeys(
    withFingerprint fingerprint: Digest, by standing: Standing, at now: Instant
  ) -> [Key] {
    let found = keys(withFingerprint: fingerprint)
    // As much is done for a value that no key holds: the time tells nothing of those
    // that the caller may not use.
    let examined = found.isEmpty ? Array(keys.prefix(1)) : found
    let usable = examined.filter { $0.state(at: now).isLive && mayUse($0, by: standing) }
    return found.isEmpty ? [] : usable
  }

  /// The live key whose text has that tag, if it is accepted now, and if the caller
  /// may use that key.
  ///
  /// - Parameters:
  ///   - handle: What the text says of itself.
  ///   - tag: The tag of the text.
  ///   - standing: Who asks.
  ///   - now: The vault's time.
  ///   - isEqual: Compares two tags in constant time.
  /// - Returns: The key; nil for any other text.
  package func usableKey(
    of handle: KeyText.Handle, tag: Digest, by standing: Standing, at now: Instant,
    isEqual: (Digest, Digest) -> Bool = { $0 == $1 }
  ) -> Key? {
    let verdict = verify(
      handle, tag: tag, by: .nobody, requiring: nil, at: now, isEqual: isEqual)
    guard case .valid(let key, _) = verdict, mayUse(key, by: standing) else { return nil }
    return key
  }
}
