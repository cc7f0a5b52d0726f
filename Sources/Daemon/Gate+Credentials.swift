internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// What units of the system are given as credentials, and the rows of that.
extension Gate {
  /// Decides what a unit is given; a refusal gets its row.
  ///
  /// - Returns: The value; nil for nothing.
  func credential(_ request: CredentialRequest, in vault: Vault) -> GrantedValue? {
    let now = keeper.now()
    noteMark(now)
    do throws(Refusal) {
      return try vault.organization.credential(request.name, ofUnit: request.unit, at: now)
    } catch {
      let failure = Failure(error)
      noteFolded(at: now)
      guard refusals.note(ofUser: 0, at: now) else { return nil }
      rows.append(
        row(uid: 0, request.processID, outcome: failure.code, object: request.text, at: now))
      Log.note(
        "the unit \(request.unit.text) is not given \(request.name.text): \(failure.message)")
      Log.hint(failure.hint)
      return nil
    }
  }

  /// Takes note of a credential that is handed out, in a row that must be written before.
  func noteCredential(_ request: CredentialRequest, _ granted: GrantedValue) {
    rows.append(
      row(
        uid: 0, request.processID,
        subjects: [VersionID(granted.key.id, number: granted.version.number)],
        object: request.text, at: keeper.now()))
  }

  /// Takes note of somebody who asks for a credential and is not the system's manager.
  func noteImpostor(_ peer: PeerCredentials, _ reason: CredentialRequest.Unusable) {
    let now = keeper.now()
    noteFolded(at: now)
    guard refusals.note(ofUser: peer.userID, at: now) else { return }
    rows.append(
      row(
        uid: peer.userID, peer.processID, command: "", outcome: .forbidden,
        object: "a credential", at: now))
    Log.note(
      "a credential was asked for by uid \(peer.userID) (process \(peer.processID)): "
        + reason.text)
  }

  private func row(
    uid: UInt32, _ processID: Int32, command: String = "systemd",
    outcome: Failure.Code? = nil, subjects: [VersionID] = [], object: String, at now: Instant
  ) -> AuditRow {
    AuditRow(
      time: now, actor: Actor(user: nil, uid: uid, processID: processID, command: command),
      verb: AuditRow.credentialVerb, outcome: UInt16(outcome?.rawValue ?? 0), subjects: subjects,
      object: object)
  }
}
