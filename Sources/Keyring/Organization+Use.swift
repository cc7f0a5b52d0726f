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
}

extension Organization {
  /// The keys that `selections` come to, each once for each name.
  ///
  /// Throws a ``Refusal`` if any of them cannot be had, or if two are to have
  /// one environment name.
  package func injections(
    of selections: [Selection], by caller: Caller, at now: Instant
  ) throws(Refusal) -> [Injection] {
    let user = try user(caller)
    var injections: [Injection] = []
    for selection in selections {
      switch selection {
      case .key(let reference, let name):
        let key = try liveKey(reference, inSightOf: user, at: now)
        injections.append(try injection(of: key, as: name, by: user, at: now, reference.text))
      case .workspace(let name):
        injections += try self.injections(ofWorkspace: name, by: user, at: now)
      }
    }
    return try distinct(injections, for: user)
  }

  /// The key that `reference` names, which by a name must be a live one.
  private func liveKey(
    _ reference: KeyReference, inSightOf user: User, at now: Instant
  ) throws(Refusal) -> Key {
    let key = try key(reference, inSightOf: user, at: now)
    if case .id = reference.target { return key }
    guard key.state(at: now).isLive else {
      throw Refusal(
        .notFound, reference.text,
        hint: "the last key of this name has ended: 'coffer show \(reference.text)' tells when")
    }
    return key
  }

  private func injection(
    of key: Key, as name: EnvironmentName?, by user: User, at now: Instant, _ object: String
  ) throws(Refusal) -> Injection {
    guard mayUse(key, by: user) else { throw refusalToUse(key, object) }
    let version = key.currentVersion
    guard key.state(at: now) == .active, let sealedValue = version.sealedValue else {
      throw Refusal(
        .wrongState, object, "the key is \(key.state(at: now).rawValue)",
        hint: "'coffer show \(object)' tells since when")
    }
    let environmentName = name ?? key.environmentName
    guard !environmentName.isReserved else {
      throw .invalid(
        object, "its environment name \(environmentName.text) is reserved",
        hint: "give it another name, as with '-k \(object)=NAME'")
    }
    return Injection(
      key: key, version: version, environmentName: environmentName,
      sealedValue: sealedValue)
  }

  private func refusalToUse(_ key: Key, _ object: String) -> Refusal {
    switch (key.namespace, key.origin) {
    case (.user, _):
      .forbidden(object, "only its own user may use a user key")
    case (.workspace, .issued(let access, _)):
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
    ofWorkspace name: Name, by user: User, at now: Instant
  ) throws(Refusal) -> [Injection] {
    let workspace = try workspace(named: name, inSightOf: user, as: name.text)
    return try positions(in: .workspace(workspace.id)).map { keys[$0] }
      .filter { $0.state(at: now).isLive && mayUse($0, by: user) }
      .map { (key) throws(Refusal) in
        try injection(
          of: key, as: nil, by: user, at: now, self.name(of: key, seenBy: user))
      }
  }

  /// `injections` without repetitions; throws if two keys want one name.
  private func distinct(
    _ injections: [Injection], for user: User
  ) throws(Refusal) -> [Injection] {
    var taken: [EnvironmentName: Key] = [:]
    var distinct: [Injection] = []
    for injection in injections {
      if let other = taken[injection.environmentName] {
        guard other.id != injection.key.id else { continue }
        throw .invalid(
          injection.environmentName.text,
          "\(name(of: other, seenBy: user)) and \(name(of: injection.key, seenBy: user)) "
            + "would both have this environment name",
          hint: "give one of them another name, as with '-k KEY=NAME'")
      }
      taken[injection.environmentName] = injection.key
      distinct.append(injection)
    }
    return distinct
  }

  /// The names of other usable keys that hold the same value as a new one.
  package func namesOfKeys(
    withFingerprint fingerprint: Digest, usableBy user: User, at now: Instant
  ) -> [String] {
    keys(withFingerprint: fingerprint)
      .filter { $0.state(at: now).isLive && mayUse($0, by: user) }
      .map { name(of: $0, seenBy: user) }
  }
}
