internal import Keyring

// The bytes of a snapshot's parts; Format.md has the tables.

extension ByteWriter {
  mutating func write(_ head: LogHead) {
    write(head.sequence)
    write(fixed: head.tag)
  }

  mutating func write(_ part: SnapshotPart) {
    switch part {
    case .name(let name):
      write(PartMark.name.rawValue)
      write(name.text)
    case .policy(let policy):
      write(PartMark.policy.rawValue)
      write(policy)
    case .user(let user):
      write(PartMark.user.rawValue)
      write(user.id.number)
      write(user.name.text)
      write(user.uid)
      write(user.role.rawValue)
      write(user.state.rawValue)
    case .workspace(let workspace):
      write(PartMark.workspace.rawValue)
      write(workspace.id.number)
      write(workspace.name.text)
      write(UInt8(workspace.isArchived ? 1 : 0))
    case .workspaceRole(let role, let user, let workspace):
      write(PartMark.workspaceRole.rawValue)
      write(user.number)
      write(workspace.number)
      write(role.rawValue)
    case .key(let key):
      write(PartMark.key.rawValue)
      write(whole: key)
    case .versions(let versions, let id):
      write(PartMark.versions.rawValue)
      write(fixed: id.characters)
      write(UInt16(versions.count))
      for version in versions {
        write(version)
        write(endOf: version)
      }
    case .unitGrant(let grant):
      write(PartMark.unitGrant.rawValue)
      write(grant.credential)
      write(fixed: grant.key.characters)
      write(UInt8(grant.isRestored ? 1 : 0))
    case .process(let process, let id):
      write(PartMark.process.rawValue)
      write(fixed: id.characters)
      write(process)
    }
  }

  /// A key with all that has happened to it.
  private mutating func write(whole key: Key) {
    write(key)
    for version in key.versions { write(endOf: version) }
    let flags: [(Bool, KeyFlags)] = [
      (key.isOver, .isOver), (key.ownerIsDisabled, .ownerIsDisabled),
      (key.isRestored, .isRestored),
    ]
    write(flags.reduce(KeyFlags()) { $1.0 ? $0.union($1.1) : $0 }.rawValue)
    write(UInt8(key.revocation == nil ? 0 : 1))
    if let revocation = key.revocation { write(revocation) }
    write(UInt8(key.suspension == nil ? 0 : 1))
    if let suspension = key.suspension {
      write(suspension.suspender.number)
      write(suspension.moment.secondsSinceEpoch)
      write(suspension.reason.text)
    }
  }

  private mutating func write(endOf version: KeyVersion) {
    write(optional: version.graceEnd?.secondsSinceEpoch)
    write(UInt8(version.isEnded ? 1 : 0))
  }

  mutating func write(_ use: Use, of id: KeyID) {
    write(fixed: id.characters)
    write(use.count)
    write(use.last.secondsSinceEpoch)
    write(use.uid)
    write(use.command)
    write(UInt8(use.lastOfVersions.count))
    for version in use.lastOfVersions {
      write(version.number)
      write(version.last.secondsSinceEpoch)
    }
  }

  mutating func write(_ seen: UseRecords.Seen) {
    write(seen.user.number)
    write(fixed: seen.version.key.characters)
    write(seen.version.number)
    write(seen.exposure.rawValue)
    write(seen.last.secondsSinceEpoch)
  }
}

extension ByteReader {
  mutating func readLogHead() throws(CodingError) -> LogHead {
    let sequence: UInt64 = try read()
    return LogHead(sequence: sequence, tag: try read(fixed: LogHead.tagByteCount))
  }

  mutating func readSnapshotPart() throws(CodingError) -> SnapshotPart {
    guard let mark = PartMark(rawValue: try read()) else { throw .unknown }
    switch mark {
    case .name: return .name(try readName())
    case .policy: return .policy(try readPolicy())
    case .user: return .user(try readUser())
    case .workspace:
      let id = WorkspaceID(number: try read())
      var workspace = Workspace(id: id, name: try readName())
      workspace.isArchived = try readFlag()
      return .workspace(workspace)
    case .workspaceRole:
      let user = UserID(number: try read())
      let workspace = WorkspaceID(number: try read())
      return .workspaceRole(try readWord(), of: user, in: workspace)
    case .key: return .key(try readWholeKey())
    case .versions:
      let id = try readKeyID()
      let count: UInt16 = try read()
      var versions: [KeyVersion] = []
      for _ in 0..<count {
        var version = try readVersion()
        try readEnd(of: &version)
        versions.append(version)
      }
      return .versions(versions, of: id)
    case .unitGrant:
      let credential = try readUnitCredential()
      let id = try readKeyID()
      return .unitGrant(UnitGrant(credential, of: id, isRestored: try readFlag()))
    case .process:
      let id = try readKeyID()
      return .process(try readProcessBinding(), of: id)
    }
  }

  private mutating func readUser() throws(CodingError) -> User {
    let id = UserID(number: try read())
    let name = try readName()
    let uid: UInt32 = try read()
    var user = User(id: id, name: name, uid: uid, role: try readWord())
    user.state = try readWord()
    return user
  }

  private mutating func readWholeKey() throws(CodingError) -> Key {
    var key = try readKey()
    for index in key.versions.indices { try readEnd(of: &key.versions[index]) }
    let flags = KeyFlags(rawValue: try read())
    guard KeyFlags.all.isSuperset(of: flags) else { throw .unknown }
    key.isOver = flags.contains(.isOver)
    key.ownerIsDisabled = flags.contains(.ownerIsDisabled)
    key.isRestored = flags.contains(.isRestored)
    if try readFlag() { key.revocation = try readRevocation() }
    if try readFlag() {
      let suspender = UserID(number: try read())
      let moment = try readInstant()
      key.suspension = Suspension(suspender: suspender, moment: moment, reason: try readNote())
    }
    return key
  }

  private mutating func readEnd(of version: inout KeyVersion) throws(CodingError) {
    version.graceEnd = try readOptionalInstant()
    version.isEnded = try readFlag()
  }

  mutating func readUse() throws(CodingError) -> Use {
    let count: UInt64 = try read()
    let last = try readInstant()
    let uid: UInt32 = try read()
    let command = try readText()
    let versionCount: UInt8 = try read()
    var lastOfVersions: [(number: UInt32, last: Instant)] = []
    for _ in 0..<versionCount {
      let number: UInt32 = try read()
      lastOfVersions.append((number, try readInstant()))
    }
    return Use(
      count: count, last: last, uid: uid, command: command, lastOfVersions: lastOfVersions)
  }

  mutating func readSeen() throws(CodingError) -> UseRecords.Seen {
    let user = UserID(number: try read())
    let id = try readKeyID()
    let number: UInt32 = try read()
    let exposure: Exposure = try readWord()
    return UseRecords.Seen(
      user: user, version: VersionID(id, number: number), exposure: exposure,
      last: try readInstant())
  }
}

/// The first byte of a part.
private enum PartMark: UInt8 {
  case name = 1
  case policy = 2
  case user = 3
  case workspace = 4
  case workspaceRole = 5
  case key = 6
  case versions = 7
  case unitGrant = 8
  case process = 9
}

/// What is true of a key besides its fields.
private struct KeyFlags: OptionSet {
  let rawValue: UInt8

  static let isOver = KeyFlags(rawValue: 1)
  static let ownerIsDisabled = KeyFlags(rawValue: 2)
  static let isRestored = KeyFlags(rawValue: 4)
  static let all: KeyFlags = [.isOver, .ownerIsDisabled, .isRestored]
}
