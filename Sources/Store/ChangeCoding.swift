internal import Keyring

// The bytes of a change; Format.md has the tables.

extension ByteWriter {
  mutating func write(_ change: Change) {
    switch change {
    case .organizationNamed(let name):
      write(ChangeMark.organizationNamed.rawValue)
      write(name.text)
    case .policySet(let policy):
      write(ChangeMark.policySet.rawValue)
      write(policy)
    case .userAdded(let user):
      write(ChangeMark.userAdded.rawValue)
      write(user.id.number)
      write(user.name.text)
      write(user.uid)
      write(user.role.rawValue)
    case .userStateSet(let state, let user):
      write(ChangeMark.userStateSet.rawValue)
      write(user.number)
      write(state.rawValue)
    case .userRemoved(let user, let revocation):
      write(ChangeMark.userRemoved.rawValue)
      write(user.number)
      write(revocation)
    case .userRebound(let user, let uid):
      write(ChangeMark.userRebound.rawValue)
      write(user.number)
      write(uid)
    case .workspaceArchived(let workspace, let revocation):
      write(ChangeMark.workspaceArchived.rawValue)
      write(workspace.number)
      write(revocation)
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
    case .keySuspended(let id, let suspension):
      write(ChangeMark.keySuspended.rawValue)
      write(fixed: id.characters)
      write(suspension.suspender.number)
      write(suspension.moment.secondsSinceEpoch)
      write(suspension.reason.text)
    case .keyResumed(let id):
      write(ChangeMark.keyResumed.rawValue)
      write(fixed: id.characters)
    case .keyRevoked(let id, let revocation):
      write(ChangeMark.keyRevoked.rawValue)
      write(fixed: id.characters)
      write(revocation)
    case .expiryBroughtForward(let id, let moment):
      write(ChangeMark.expiryBroughtForward.rawValue)
      write(fixed: id.characters)
      write(moment.secondsSinceEpoch)
    case .versionAdded(let version, let id, let lifetime, let formerEnd):
      write(ChangeMark.versionAdded.rawValue)
      write(fixed: id.characters)
      write(version)
      write(lifetime)
      write(formerEnd.secondsSinceEpoch)
    case .versionEnded(let version, let moment):
      write(ChangeMark.versionEnded.rawValue)
      write(fixed: version.key.characters)
      write(version.number)
      write(moment.secondsSinceEpoch)
    case .unitGranted(let credential, let id):
      write(ChangeMark.unitGranted.rawValue)
      write(credential)
      write(fixed: id.characters)
    case .unitGrantWithdrawn(let credential, let id):
      write(ChangeMark.unitGrantWithdrawn.rawValue)
      write(credential)
      write(fixed: id.characters)
    case .keyBound(let id, let process):
      write(ChangeMark.keyBound.rawValue)
      write(fixed: id.characters)
      write(process)
    case .keysForgotten(let ids):
      write(ChangeMark.keysForgotten.rawValue)
      write(UInt16(ids.count))
      for id in ids { write(fixed: id.characters) }
    case .clockSet(let moment):
      write(ChangeMark.clockSet.rawValue)
      write(moment.secondsSinceEpoch)
    case .keysRestored(let moment):
      write(ChangeMark.keysRestored.rawValue)
      write(moment.secondsSinceEpoch)
    // At the record's own time.
    case .restoredKeysResumed: write(ChangeMark.restoredKeysResumed.rawValue)
    }
  }

  mutating func write(_ policy: Policy) {
    write(policy.maximumLifetime.count)
    write(policy.defaultLifetime.count)
    write(UInt8(policy.allowsNever ? 1 : 0))
    write(policy.maximumGrace.count)
    write(policy.defaultGrace.count)
    write(policy.idleDays)
    write(policy.auditDays)
  }

  mutating func write(_ process: ProcessBinding) {
    write(UInt8(process.boot == nil ? 0 : 1))
    if let boot = process.boot { write(fixed: boot.bytes) }
    write(process.processID)
    write(UInt8(process.start == nil ? 0 : 1))
    if let start = process.start { write(start) }
  }

  mutating func write(_ credential: UnitCredential) {
    write(credential.unit.text)
    write(credential.name.text)
  }

  mutating func write(_ revocation: Revocation) {
    write(revocation.revoker)
    write(revocation.moment.secondsSinceEpoch)
    write(revocation.reason.text)
  }
}

extension ByteReader {
  /// Reads a change of a record of that time.
  mutating func readChange(recordedAt time: Instant) throws(CodingError) -> Change {
    guard let mark = ChangeMark(rawValue: try read()) else {
      throw .unknown
    }
    switch mark {
    case .organizationNamed: return .organizationNamed(try readName())
    case .policySet: return .policySet(try readPolicy())
    case .userStateSet:
      let id = UserID(number: try read())
      return .userStateSet(try readWord(), of: id)
    case .userRemoved:
      let id = UserID(number: try read())
      return .userRemoved(id, try readRevocation())
    case .userRebound:
      let id = UserID(number: try read())
      return .userRebound(id, uid: try read())
    case .workspaceArchived:
      let id = WorkspaceID(number: try read())
      return .workspaceArchived(id, try readRevocation())
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
    case .keySuspended:
      let id = try readKeyID()
      let suspender = UserID(number: try read())
      let moment = try readInstant()
      return .keySuspended(
        id, Suspension(suspender: suspender, moment: moment, reason: try readNote()))
    case .keyResumed: return .keyResumed(try readKeyID())
    case .keyRevoked:
      let id = try readKeyID()
      return .keyRevoked(id, try readRevocation())
    case .expiryBroughtForward:
      let id = try readKeyID()
      return .expiryBroughtForward(id, to: try readInstant())
    case .versionAdded:
      let id = try readKeyID()
      let version = try readVersion()
      let lifetime = try readLifetime()
      return .versionAdded(version, to: id, lifetime: lifetime, formerEnd: try readInstant())
    case .versionEnded:
      let id = try readKeyID()
      let version = VersionID(id, number: try read())
      return .versionEnded(version, at: try readInstant())
    case .clockSet: return .clockSet(try readInstant())
    case .keysRestored: return .keysRestored(at: try readInstant())
    case .restoredKeysResumed: return .restoredKeysResumed(at: time)
    case .keyBound:
      let id = try readKeyID()
      return .keyBound(id, to: try readProcessBinding())
    case .keysForgotten:
      let count: UInt16 = try read()
      var ids: [KeyID] = []
      for _ in 0..<count { ids.append(try readKeyID()) }
      return .keysForgotten(ids)
    case .unitGranted:
      let credential = try readUnitCredential()
      return .unitGranted(credential, try readKeyID())
    case .unitGrantWithdrawn:
      let credential = try readUnitCredential()
      return .unitGrantWithdrawn(credential, from: try readKeyID())
    }
  }

  mutating func readPolicy() throws(CodingError) -> Policy {
    let maximumLifetime = try readSeconds()
    let defaultLifetime = try readSeconds()
    let allowsNever = try readFlag()
    let maximumGrace = try readSeconds()
    let defaultGrace = try readSeconds()
    let idleDays: UInt32 = try read()
    return Policy(
      maximumLifetime: maximumLifetime, defaultLifetime: defaultLifetime,
      allowsNever: allowsNever, maximumGrace: maximumGrace, defaultGrace: defaultGrace,
      idleDays: idleDays, auditDays: try read())
  }

  mutating func readProcessBinding() throws(CodingError) -> ProcessBinding {
    let boot =
      try readFlag()
      ? ProcessBinding.Boot(try read(fixed: ProcessBinding.Boot.byteCount)) : nil
    let processID: Int32 = try read()
    return ProcessBinding(
      boot: boot, processID: processID, start: try readFlag() ? try read() : nil)
  }

  mutating func readUnitCredential() throws(CodingError) -> UnitCredential {
    guard let unit = UnitName(try readText()), let name = CredentialName(try readText()) else {
      throw .unknown
    }
    return UnitCredential(name, ofUnit: unit)
  }

  mutating func readRevocation() throws(CodingError) -> Revocation {
    let revoker = try readAuthor()
    let moment = try readInstant()
    return Revocation(revoker: revoker, moment: moment, reason: try readNote())
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
  case policySet = 8
  case userStateSet = 9
  case userRemoved = 10
  case userRebound = 11
  case workspaceArchived = 12
  case keySuspended = 13
  case keyResumed = 14
  case expiryBroughtForward = 15
  case versionAdded = 16
  case versionEnded = 17
  case clockSet = 18
  case keysRestored = 19
  case restoredKeysResumed = 20
  case unitGranted = 21
  case unitGrantWithdrawn = 22
  case keyBound = 23
  case keysForgotten = 24
}
