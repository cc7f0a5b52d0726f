internal import Keyring

// The bytes of a change; Format.md has the tables.

extension ByteWriter {
  mutating func write(_ change: Change) {
    switch change {
    case .organizationNamed(let name):
      write(ChangeMark.organizationNamed.rawValue)
      write(name.text)
    case .userAdded(let user):
      write(ChangeMark.userAdded.rawValue)
      write(user.id.number)
      write(user.name.text)
      write(user.uid)
      write(user.role.rawValue)
    case .workspaceAdded(let workspace):
      write(ChangeMark.workspaceAdded.rawValue)
      write(workspace.id.number)
      write(workspace.name.text)
    case .organizationRoleSet(let role, let user):
      write(ChangeMark.organizationRoleSet.rawValue)
      write(user.number)
      write(role.rawValue)
    case .workspaceRoleSet(let role, let user, let workspace):
      write(ChangeMark.workspaceRoleSet.rawValue)
      write(user.number)
      write(workspace.number)
      write(role?.rawValue ?? "none")
    case .keyAdded(let key):
      write(ChangeMark.keyAdded.rawValue)
      write(key)
    case .keyRevoked(let id, let revocation):
      write(ChangeMark.keyRevoked.rawValue)
      write(fixed: id.characters)
      write(revocation.revoker.number)
      write(revocation.moment.secondsSinceEpoch)
      write(revocation.reason.text)
    }
  }

  private mutating func write(_ key: Key) {
    write(fixed: key.id.characters)
    write(key.namespace)
    write(key.name.text)
    write(key.origin)
    write(key.environmentName.text)
    write(key.lifetime)
    write(key.creator.number)
    write(key.created.secondsSinceEpoch)
    write(key.note.text)
    write(UInt16(key.versions.count))
    for version in key.versions { write(version) }
  }

  private mutating func write(_ namespace: Namespace) {
    switch namespace {
    case .organization:
      write(NamespaceMark.organization.rawValue)
    case .workspace(let id):
      write(NamespaceMark.workspace.rawValue)
      write(id.number)
    case .user(let id):
      write(NamespaceMark.user.rawValue)
      write(id.number)
    }
  }

  private mutating func write(_ origin: Origin) {
    switch origin {
    case .issued(let access, let custody):
      write(OriginMark.issued.rawValue)
      write(access?.rawValue ?? "")
      write(custody.rawValue)
    case .imported(let leastRank):
      write(OriginMark.imported.rawValue)
      write(leastRank.text)
    }
  }

  private mutating func write(_ lifetime: Lifetime) {
    switch lifetime {
    case .never: write(LifetimeMark.never.rawValue)
    case .lasting(let duration):
      write(LifetimeMark.lasting.rawValue)
      write(duration.count)
    case .until(let moment):
      write(LifetimeMark.until.rawValue)
      write(moment.secondsSinceEpoch)
    }
  }

  private mutating func write(_ version: KeyVersion) {
    write(version.number)
    write(version.author.number)
    write(version.created.secondsSinceEpoch)
    write(optional: version.expires?.secondsSinceEpoch)
    write(fixed: version.digest.bytes)
    write(counted: version.sealedValue ?? [])
  }
}

extension ByteReader {
  mutating func readChange() throws(CodingError) -> Change {
    guard let mark = ChangeMark(rawValue: try read()) else {
      throw .unknown
    }
    switch mark {
    case .organizationNamed: return .organizationNamed(try readName())
    case .userAdded:
      let id = UserID(number: try read())
      let name = try readName()
      let uid: UInt32 = try read()
      return .userAdded(User(id: id, name: name, uid: uid, role: try readWord()))
    case .workspaceAdded:
      let id = WorkspaceID(number: try read())
      return .workspaceAdded(Workspace(id: id, name: try readName()))
    case .organizationRoleSet:
      let user = UserID(number: try read())
      return .organizationRoleSet(try readWord(), of: user)
    case .workspaceRoleSet:
      let user = UserID(number: try read())
      let workspace = WorkspaceID(number: try read())
      // A role that this version does not know grants nothing.
      let role = WorkspaceRole(rawValue: try readText())
      return .workspaceRoleSet(role, of: user, in: workspace)
    case .keyAdded: return .keyAdded(try readKey())
    case .keyRevoked:
      let id = try readKeyID()
      let revoker = UserID(number: try read())
      let moment = Instant(secondsSinceEpoch: try read())
      let reason = try readNote()
      return .keyRevoked(id, Revocation(revoker: revoker, moment: moment, reason: reason))
    }
  }

  private mutating func readKey() throws(CodingError) -> Key {
    let id = try readKeyID()
    let namespace = try readNamespace()
    let name = try readName()
    let origin = try readOrigin()
    let environmentName = try readEnvironmentName()
    let lifetime = try readLifetime()
    let creator = UserID(number: try read())
    let created = Instant(secondsSinceEpoch: try read())
    let note = try readNote()
    let count: UInt16 = try read()
    guard count > 0 else { throw .malformed }
    var key = Key(
      id: id, namespace: namespace, name: name, origin: origin, environmentName: environmentName,
      lifetime: lifetime, creator: creator, created: created, note: note,
      version: try readVersion())
    for _ in 1..<count { key.versions.append(try readVersion()) }
    return key
  }

  private mutating func readVersion() throws(CodingError) -> KeyVersion {
    let number: UInt32 = try read()
    let author = UserID(number: try read())
    let created = Instant(secondsSinceEpoch: try read())
    let expires: Int64? = try readOptional()
    let digest = Digest(try read(fixed: Digest.byteCount))
    return KeyVersion(
      number: number, author: author, created: created,
      expires: expires.map { Instant(secondsSinceEpoch: $0) }, digest: digest,
      sealedValue: try readCounted())
  }

  private mutating func readNamespace() throws(CodingError) -> Namespace {
    guard let mark = NamespaceMark(rawValue: try read()) else {
      throw .unknown
    }
    switch mark {
    case .organization: return .organization
    case .workspace: return .workspace(WorkspaceID(number: try read()))
    case .user: return .user(UserID(number: try read()))
    }
  }

  private mutating func readOrigin() throws(CodingError) -> Origin {
    guard let mark = OriginMark(rawValue: try read()) else {
      throw .unknown
    }
    switch mark {
    case .issued:
      let access = try readText()
      return .issued(access: access.isEmpty ? nil : try word(access), custody: try readWord())
    case .imported:
      guard let rank = Rank(text: try readText()) else { throw .unknown }
      return .imported(leastRank: rank)
    }
  }

  private mutating func readLifetime() throws(CodingError) -> Lifetime {
    guard let mark = LifetimeMark(rawValue: try read()) else {
      throw .unknown
    }
    switch mark {
    case .never: return .never
    case .lasting:
      let count: Int64 = try read()
      guard count >= 0 else { throw .malformed }
      return .lasting(Seconds(count))
    case .until: return .until(Instant(secondsSinceEpoch: try read()))
    }
  }

  mutating func readKeyID() throws(CodingError) -> KeyID {
    let characters = try read(fixed: KeyID.characterCount)
    guard let id = KeyID(characters.span) else {
      throw .malformed
    }
    return id
  }

  private mutating func readName() throws(CodingError) -> Name {
    guard let name = Name(try readText()) else { throw .malformed }
    return name
  }

  private mutating func readNote() throws(CodingError) -> Note {
    guard let note = Note(stored: try readText()) else { throw .malformed }
    return note
  }

  private mutating func readEnvironmentName() throws(CodingError) -> EnvironmentName {
    guard let name = EnvironmentName(stored: try readText()) else {
      throw .malformed
    }
    return name
  }

  private mutating func readWord<Word: RawRepresentable<String>>() throws(CodingError) -> Word {
    try word(try readText())
  }

  private func word<Word: RawRepresentable<String>>(_ text: String) throws(CodingError) -> Word {
    guard let word = Word(rawValue: text) else { throw .unknown }
    return word
  }
}

/// The first byte of a change.
private enum ChangeMark: UInt8 {
  case organizationNamed = 1
  case userAdded = 2
  case workspaceAdded = 3
  case organizationRoleSet = 4
  case workspaceRoleSet = 5
  case keyAdded = 6
  case keyRevoked = 7
}

private enum NamespaceMark: UInt8 {
  case organization = 1
  case workspace = 2
  case user = 3
}

private enum OriginMark: UInt8 {
  case issued = 1
  case imported = 2
}

private enum LifetimeMark: UInt8 {
  case never = 1
  case lasting = 2
  case until = 3
}
