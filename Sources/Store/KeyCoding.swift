internal import Keyring

// The bytes of a key; Format.md has the tables.

extension ByteWriter {
  mutating func write(_ key: Key) {
    write(fixed: key.id.characters)
    write(key.namespace)
    write(key.name.text)
    write(key.origin)
    write(key.environmentName.text)
    write(key.lifetime)
    write(key.creator)
    write(key.created.secondsSinceEpoch)
    write(key.note.text)
    write(UInt16(key.versions.count))
    for version in key.versions { write(version) }
  }

  mutating func write(_ namespace: Namespace) {
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
    case .issued(let access, let custody, let scope):
      write(OriginMark.issued.rawValue)
      write(access?.rawValue ?? "")
      write(custody.rawValue)
      write(UInt8(scope == nil ? 0 : 1))
      if let scope { write(scope) }
    case .imported(let leastRank):
      write(OriginMark.imported.rawValue)
      write(leastRank.text)
    }
  }

  mutating func write(_ lifetime: Lifetime) {
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

  private mutating func write(_ scope: Scope) {
    write(UInt8(scope.workspaces == nil ? 0 : 1))
    if let workspaces = scope.workspaces {
      write(UInt16(workspaces.count))
      for id in workspaces.sorted(by: { $0.number < $1.number }) { write(id.number) }
    }
    write(UInt8(scope.coversOwn ? 1 : 0))
    write(scope.actions.sorted().map(\.rawValue).joined(separator: ","))
  }

  mutating func write(_ author: Author) {
    switch author {
    case .user(let id):
      write(AuthorMark.user.rawValue)
      write(id.number)
    case .key(let id):
      write(AuthorMark.key.rawValue)
      write(fixed: id.characters)
    }
  }

  mutating func write(_ version: KeyVersion) {
    write(version.number)
    write(version.author)
    write(version.created.secondsSinceEpoch)
    write(optional: version.expires?.secondsSinceEpoch)
    write(fixed: version.digest.bytes)
    write(UInt8(version.sealedValue == nil ? 0 : 1))
    if let sealedValue = version.sealedValue { write(counted: sealedValue) }
  }
}

extension ByteReader {
  mutating func readKey() throws(CodingError) -> Key {
    let id = try readKeyID()
    let namespace = try readNamespace()
    let name = try readName()
    let origin = try readOrigin()
    let environmentName = try readEnvironmentName()
    let lifetime = try readLifetime()
    let creator = try readAuthor()
    let created = try readInstant()
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

  mutating func readVersion() throws(CodingError) -> KeyVersion {
    let number: UInt32 = try read()
    let author = try readAuthor()
    let created = try readInstant()
    let expires = try readOptionalInstant()
    let digest = Digest(try read(fixed: Digest.byteCount))
    return KeyVersion(
      number: number, author: author, created: created,
      expires: expires, digest: digest,
      sealedValue: try readFlag() ? try readCounted() : nil)
  }

  mutating func readAuthor() throws(CodingError) -> Author {
    guard let mark = AuthorMark(rawValue: try read()) else { throw .unknown }
    switch mark {
    case .user: return .user(UserID(number: try read()))
    case .key: return .key(try readKeyID())
    }
  }

  /// What this version does not know of a scope's actions grants nothing.
  private mutating func readScope() throws(CodingError) -> Scope {
    var workspaces: Set<WorkspaceID>?
    if try readFlag() {
      workspaces = []
      let count: UInt16 = try read()
      for _ in 0..<count { workspaces?.insert(WorkspaceID(number: try read())) }
    }
    let coversOwn = try readFlag()
    let actions = try readText().split(separator: ",").compactMap {
      KeyAction(rawValue: String($0))
    }
    return Scope(workspaces: workspaces, coversOwn: coversOwn, actions: Set(actions))
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
      let custody: Custody = try readWord()
      return .issued(
        access: access.isEmpty ? nil : try word(access), custody: custody,
        scope: try readFlag() ? try readScope() : nil)
    case .imported:
      guard let rank = Rank(text: try readText()) else { throw .unknown }
      return .imported(leastRank: rank)
    }
  }

  mutating func readLifetime() throws(CodingError) -> Lifetime {
    guard let mark = LifetimeMark(rawValue: try read()) else {
      throw .unknown
    }
    switch mark {
    case .never: return .never
    case .lasting: return .lasting(try readSeconds())
    case .until: return .until(try readInstant())
    }
  }

  mutating func readKeyID() throws(CodingError) -> KeyID {
    try read(KeyID.characterCount) { (characters) throws(CodingError) in
      guard let id = KeyID(characters) else { throw .malformed }
      return id
    }
  }

  mutating func readName() throws(CodingError) -> Name {
    guard let name = Name(try readText()) else { throw .malformed }
    return name
  }

  mutating func readNote() throws(CodingError) -> Note {
    guard let note = Note(stored: try readText()) else { throw .malformed }
    return note
  }

  private mutating func readEnvironmentName() throws(CodingError) -> EnvironmentName {
    guard let name = EnvironmentName(stored: try readText()) else {
      throw .malformed
    }
    return name
  }

  mutating func readWord<Word: RawRepresentable<String>>() throws(CodingError) -> Word {
    try word(try readText())
  }

  private func word<Word: RawRepresentable<String>>(_ text: String) throws(CodingError) -> Word {
    guard let word = Word(rawValue: text) else { throw .unknown }
    return word
  }

  /// A time that can also be written; no clock tells another.
  mutating func readInstant() throws(CodingError) -> Instant {
    let moment = Instant(secondsSinceEpoch: try read())
    guard moment.secondsSinceEpoch >= 0, moment <= .latest else { throw .malformed }
    return moment
  }

  mutating func readOptionalInstant() throws(CodingError) -> Instant? {
    try readFlag() ? try readInstant() : nil
  }

  mutating func readSeconds() throws(CodingError) -> Seconds {
    let count: Int64 = try read()
    guard count >= 0 else { throw .malformed }
    // So that no sum of times overflows.
    return min(Seconds(count), .longest)
  }

  mutating func readFlag() throws(CodingError) -> Bool {
    switch try read(UInt8.self) {
    case 0: return false
    case 1: return true
    default: throw .malformed
    }
  }
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

private enum AuthorMark: UInt8 {
  case user = 1
  case key = 2
}

private enum LifetimeMark: UInt8 {
  case never = 1
  case lasting = 2
  case until = 3
}
