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
    return try inquirePresent(kind, exchange) { (answer) throws(Failure) in
      let secret = try unlockSecret(kind, copying: answer)
      var isStranger = false
      let mayCheck = { (vault: Vault) -> Bool in
        isStranger = server.gate.standingIfAny(of: exchange, in: vault.organization) == nil
        return !isStranger
      }
      try server.keeper.unlock(with: secret, for: exchange.peer.userID, mayCheck: mayCheck) {
        result in
        guard isStranger else { return conclude(exchange, result) }
        // Somebody else has opened it meanwhile, and the secret was not tried.
        exchange.proceed { () throws(Failure) in
          _ = try server.gate.standing(of: exchange, in: try server.keeper.openVault())
          throw Failure(StoreError.busy)
        }
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
      "Tells, a field a line: state (none, locked, unlocked, damaged); problem, if there is one, and",
      "credential_problem, why the credential that systemd brings did not open it;",
      "to users of an unlocked vault also organization, writable, memory_locked, and locks_in,",
      "the seconds until an unused vault is locked, locks_anyway_in, until it is in any case;",
      "clock_ahead, by how many seconds the clock on the wall has leapt ahead, while it is not",
      "believed.",
    ],
    availability: .always
  ) { exchange, _ throws(Failure) in
    let server = exchange.server
    let keeper = server.keeper
    // One that is being locked is locked to whoever asks now.
    let state = keeper.isLocking ? .locked : keeper.state
    exchange.status(["state=\(state.text)"])
    switch state {
    case .absent: break
    case .locked:
      if let error = keeper.openingFailure {
        exchange.status(["problem=\(PrintableText.field("when last tried: " + error.message))"])
      }
      // No reason to despair of the vault: whoever has its secret opens it.
      if let problem = keeper.credentialProblem {
        exchange.status(["credential_problem=\(PrintableText.field(problem))"])
      }
    case .damaged(let error): exchange.status(["problem=\(PrintableText.field(error.message))"])
    case .unlocked(let vault):
      let organization = vault.organization
      guard server.gate.standingIfAny(of: exchange, in: organization) != nil else { break }
      exchange.status(["organization=\(organization.name?.text ?? "")"])
      exchange.status(["generation=\(vault.generation)"])
      exchange.status(["writable=\(keeper.writeFailure == nil ? "yes" : "no")"])
      if let error = keeper.writeFailure {
        exchange.status(["problem=\(PrintableText.field(error.message))"])
      }
      if let seconds = keeper.clock.secondsAhead { exchange.status(["clock_ahead=\(seconds)"]) }
      exchange.status(["memory_locked=\(server.isMemoryLocked ? "yes" : "no")"])
      if let seconds = server.seconds(until: server.idleLockMoment) {
        exchange.status(["locks_in=\(seconds)"])
      }
      if let seconds = server.seconds(until: server.latestLockMoment) {
        exchange.status(["locks_anyway_in=\(seconds)"])
      }
    }
    return .done
  }

  // MARK: Helpers

  static func isRootOfSystem(_ exchange: Exchange) -> Bool {
    exchange.server.options.isSystem && exchange.peer.userID == 0
  }

  /// Throws unless the client may make a vault: in user mode everyone who is
  /// let in, with `--system` uid 0.
  static func requireAdministrator(_ exchange: Exchange) throws(Failure) {
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
      guard let number = UInt32(digits: told) else {
        throw Failure(.invalid, "--owner-uid: a uid is a number from 0 to 4294967294")
      }
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

  /// Asks for what opens something now, unless its uid has tried too often.
  ///
  /// - Parameters:
  ///   - kind: What is asked for.
  ///   - exchange: The command that asks.
  ///   - slot: The slot that it opens; nil for any.
  ///   - body: Goes on with the answer.
  /// - Returns: How it goes on.
  /// - Throws: ``Failure``, before anybody types in vain.
  static func inquirePresent(
    _ kind: UnlockSecret.Kind, _ exchange: Exchange, ofSlot slot: UInt32? = nil,
    _ body: @escaping (borrowing Secret) throws(Failure) -> Progress
  ) throws(Failure) -> Progress {
    try exchange.server.keeper.requireTry(of: exchange.peer.userID)
    let keyword = secretKeyword(kind) + (slot.map { " \($0)" } ?? "")
    return exchange.inquire(keyword, seconds: Limits.passphraseSeconds, body)
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
      server.gate.noteIfWrong(error, exchange)
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
