internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Making, opening and closing the vault.

extension CommandDefinition {
  static let initialize = CommandDefinition(
    verb: .initialize,
    synopsis:
      "INIT --organization=NAME [--owner=NAME --owner-uid=N] [--key-file] [--no-recovery]",
    help: [
      "Makes a vault for an organization, and leaves it unlocked.",
      "Inquires PASSPHRASE, or KEYFILE with --key-file: what will open the vault.",
      "Answers with a recovery code as data, unless --no-recovery. It is shown only now.",
      "The Owner is the user of the daemon's uid, or who is named; the name is that of the",
      "uid on this system, unless told. With --system only uid 0 makes a vault.",
    ],
    options: ["organization", "owner", "owner-uid"], flags: ["key-file", "no-recovery"],
    availability: .withoutVault
  ) { exchange, command throws(Failure) in
    try requireAdministrator(exchange)
    let founding = try newVault(command, of: exchange)
    let kind = secretKind(command)
    return exchange.inquire(secretKeyword(kind), seconds: Limits.passphraseSeconds) {
      (answer) throws(Failure) in
      let secret = try unlockSecret(kind, copying: answer)
      let actor = exchange.actor(UserID(number: 1))
      try exchange.server.keeper.create(founding, secret: secret, by: actor) { result in
        conclude(exchange, result)
      }
      return .pending
    }
  }

  static let unlock = CommandDefinition(
    verb: .unlock, synopsis: "UNLOCK [--key-file]",
    help: [
      "Opens the vault; an open one stays open, and the secret is checked.",
      "Inquires PASSPHRASE (a recovery code will do), or KEYFILE with --key-file.",
      "Opening gives no rights: they come from the uid.",
    ],
    flags: ["key-file"], availability: .withVault
  ) { exchange, command throws(Failure) in
    let server = exchange.server
    // Opening is everybody's who has the secret; trying secrets on a vault that is
    // open is its users'.
    if let vault = server.keeper.vault { _ = try server.gate.standing(of: exchange, in: vault) }
    let kind = secretKind(command)
    return exchange.inquire(secretKeyword(kind), seconds: Limits.passphraseSeconds) {
      (answer) throws(Failure) in
      let secret = try unlockSecret(kind, copying: answer)
      let mayCheck = { (vault: Vault) -> Bool in
        server.gate.standingIfAny(of: exchange, in: vault.organization) != nil
      }
      try server.keeper.unlock(with: secret, for: exchange.peer.userID, mayCheck: mayCheck) {
        result in conclude(exchange, result)
      }
      return .pending
    }
  }

  static let lock = CommandDefinition(
    verb: .lock, synopsis: "LOCK",
    help: [
      "Forgets all keys and values, until the vault is unlocked again.",
      "For Owners; with --system for uid 0 too.",
    ],
    availability: .always
  ) { exchange, _ throws(Failure) in
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let caller = server.gate.caller(exchange, in: vault.organization)
    if !isRootOfSystem(exchange) {
      try server.gate.audited(exchange, in: vault) {
        (organization, caller, now) throws(Refusal) -> Void in
        guard try organization.standing(of: caller, at: now).person?.role == .owner else {
          throw .forbidden("vault", "only an Owner locks the vault", hint: "ask an Owner")
        }
      }
    }
    server.lock(by: server.gate.actor(exchange, caller), because: "") { exchange.succeed() }
    return .pending
  }

  static let status = CommandDefinition(
    verb: .status, synopsis: "STATUS",
    help: [
      "Tells, a field a line: state (none, locked, unlocked, damaged); to users of an",
      "unlocked vault also organization, writable, memory_locked, and locks_in, the seconds",
      "until an unused vault is locked; clock_ahead, by how many seconds the clock on the wall",
      "has leapt ahead, while it is not believed.",
    ],
    availability: .always
  ) { exchange, _ throws(Failure) in
    let server = exchange.server
    let keeper = server.keeper
    exchange.status(["state=\(keeper.state.text)"])
    switch keeper.state {
    case .absent, .locked: break
    case .damaged(let error): exchange.status(["problem=\(PrintableText.field(error.message))"])
    case .unlocked(let vault):
      let organization = vault.organization
      guard server.gate.standingIfAny(of: exchange, in: organization) != nil else { break }
      exchange.status(["organization=\(organization.name?.text ?? "")"])
      exchange.status(["writable=\(keeper.writeFailure == nil ? "yes" : "no")"])
      if let error = keeper.writeFailure {
        exchange.status(["problem=\(PrintableText.field(error.message))"])
      }
      if let seconds = keeper.clock.secondsAhead { exchange.status(["clock_ahead=\(seconds)"]) }
      exchange.status(["memory_locked=\(server.isMemoryLocked ? "yes" : "no")"])
      if let seconds = server.secondsUntilIdleLock { exchange.status(["locks_in=\(seconds)"]) }
    }
    return .done
  }

  static let check = CommandDefinition(
    verb: .check, synopsis: "CHECK --repair=clock",
    help: [
      "Believes the clock on the wall again after it has leapt, or was wrong before (Owners).",
      "'CLOCK now=... was=...'",
    ],
    options: ["repair"], availability: .unlocked
  ) { exchange, command throws(Failure) in
    guard command.value(of: "repair") == "clock" else {
      throw Failure(.parameter, "this is not how it is written: CHECK --repair=clock")
    }
    let keeper = exchange.server.keeper
    let former = keeper.now()
    exchange.server.committer.submit(
      .believeClock(Instant(secondsSinceEpoch: WallClock.secondsSinceEpoch)), of: exchange,
      about: "clock",
      // What is decided behind it has the new time, also in the same batch.
      foreseeing: { _, _ in keeper.believeClock() }
    ) { _, _ in
      exchange.status(["CLOCK"], [("now", keeper.now().rfc3339), ("was", former.rfc3339)])
    }
    return .pending
  }

  // MARK: Helpers

  static func isRootOfSystem(_ exchange: Exchange) -> Bool {
    exchange.server.options.isSystem && exchange.peer.userID == 0
  }

  /// Throws unless the client may make a vault: in user mode everyone who is
  /// let in, with `--system` uid 0.
  private static func requireAdministrator(_ exchange: Exchange) throws(Failure) {
    guard !exchange.server.options.isSystem || exchange.peer.userID == 0 else {
      throw Failure(
        .forbidden, "only root makes the vault of the system", hint: "use 'sudo coffer init'")
    }
  }

  private static func newVault(
    _ command: Command, of exchange: Exchange
  ) throws(Failure) -> Vault.Founding {
    guard let organization = command.value(of: "organization") else {
      throw Failure(.parameter, "--organization=NAME is missing")
    }
    let isSystem = exchange.server.options.isSystem
    var uid = exchange.peer.userID
    if let told = command.value(of: "owner-uid") {
      guard isSystem else {
        throw Failure(.parameter, "--owner-uid is for a daemon with --system, yours serves you")
      }
      guard let number = UInt32(told) else { throw Failure(.invalid, "--owner-uid: no uid") }
      uid = number
    }
    do throws(Refusal) {
      try User.checkBindable(uid)
      let owner: Name
      if let told = command.value(of: "owner") {
        owner = try Name(parsing: told)
      } else {
        owner = try ownName(ofUser: uid)
      }
      return Vault.Founding(
        organization: try Name(parsing: organization), owner: owner, ownerUID: uid,
        hasRecoveryCode: !command.hasOption("no-recovery"))
    } catch {
      throw Failure(error)
    }
  }

  /// The login name of `uid` if it can be a user's, else `uid-N`.
  private static func ownName(ofUser uid: UInt32) throws(Refusal) -> Name {
    if let login = Process.loginName(ofUser: uid), let name = Name(login) { return name }
    return try Name(parsing: "uid-\(uid)")
  }

  static func secretKind(_ command: Command) -> UnlockSecret.Kind {
    command.hasOption("key-file") ? .keyFile : .passphrase
  }

  static func secretKeyword(_ kind: UnlockSecret.Kind) -> String {
    switch kind {
    case .passphrase: "PASSPHRASE"
    case .keyFile: "KEYFILE"
    }
  }

  /// What the client answered, ready to be handed to a worker.
  static func unlockSecret(
    _ kind: UnlockSecret.Kind, copying answer: borrowing Secret
  ) throws(Failure) -> Handoff<UnlockSecret> {
    do throws(StoreError) {
      return Handoff(
        try answer.withBytes { (bytes) throws(StoreError) in
          try UnlockSecret(kind, copying: bytes)
        })
    } catch {
      throw Failure(error)
    }
  }

  /// Answers INIT or UNLOCK when the worker is through with it.
  ///
  /// The vault is made or open by then, so no audit row can undo it any more: that
  /// of INIT was written with the vault, that of UNLOCK is written if it can be.
  private static func conclude(
    _ exchange: Exchange, _ result: consuming Result<Secret?, StoreError>
  ) {
    let server = exchange.server
    switch consume result {
    case .failure(let error):
      if case .wrongSecret = error { server.gate.noteWrongSecret(exchange) }
      exchange.fail(Failure(error))
    case .success(let recoveryCode):
      guard let vault = server.keeper.vault else { return exchange.fail(.locked) }
      if exchange.command.verb == Verb.unlock.rawValue {
        let caller = server.gate.caller(exchange, in: vault.organization)
        server.gate.noteUnlocked(exchange, caller)
      }
      if let recoveryCode {
        let sealed = recoveryCode.withBytes { vault.seal($0, as: .reply) }
        exchange.value(
          SealedData(prefix: [], sealedValue: sealed, role: .reply, endsWithNUL: false))
      }
      exchange.succeed()
    }
  }
}
