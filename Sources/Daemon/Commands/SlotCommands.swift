internal import Keyring
internal import Platform
internal import Store
internal import Wire

// What opens the vault.

extension CommandDefinition {
  static let slot = CommandDefinition(
    verb: .slot,
    synopsis:
      "SLOT LIST | ADD KIND [--key-file] | REMOVE N [--keep-key] | CHANGE N [--keep-key] [--key-file]",
    help: [
      "What opens the vault (Owners). KIND is passphrase, key-file, credential or recovery.",
      "ADD inquires PASSPHRASE, or KEYFILE with --key-file: what opens it now; then NEWPASSPHRASE",
      "or NEWKEYFILE. A recovery code is answered as data. REMOVE and CHANGE draw a new vault key,",
      "as REKEY does, unless --keep-key: then an old copy of the slots goes on to open the vault.",
      "All but LIST and REMOVE --keep-key ask for something that opens the vault now. One slot that",
      "is no recovery code always stays.",
      "'SLOT number=... kind=...', of a passphrase also memory=... and passes=...",
    ],
    flags: ["key-file", "keep-key"], wordCount: 1...2, availability: .unlocked
  ) { exchange, command throws(Failure) in
    let vault = try vaultOfOwner(exchange)
    let (action, argument) = (command.words[0].uppercased(), command.words.dropFirst().first)
    switch (action, argument) {
    case ("LIST", nil):
      try allow([], in: command)
      tell(vault.keySlots.list, to: exchange)
      return .done
    case ("ADD", let word?):
      try allow(["key-file"], in: command)
      guard let kind = SlotKind(rawValue: word) else {
        throw Failure(
          .invalid, "slot: its kind is passphrase, key-file, credential or recovery")
      }
      return try add(kind, exchange, opensWith: secretKind(command))
    case ("REMOVE", let word?):
      try allow(["keep-key"], in: command)
      let slot = try namedSlot(word, of: vault)
      let others = vault.keySlots.list.filter { $0.number != slot.number }
      guard others.contains(where: { $0.kind != .recovery }) else {
        throw Failure(
          .wrongState,
          others.isEmpty
            ? "slot \(slot.number) is the last that opens the vault"
            : "slot \(slot.number) is the last besides the recovery code, which may get lost",
          hint: "add another one first with 'coffer slot add', or give this one another secret "
            + "with 'coffer slot change \(slot.number)'")
      }
      guard command.hasOption("keep-key") else {
        return try beginRekey(exchange, removing: slot.number, changing: nil)
      }
      return replaceSlots(exchange, vault.keySlots, about: "remove \(slot.number)") {
        $0.slots(removing: slot.number)
      }
    case ("CHANGE", let word?):
      try allow(["keep-key", "key-file"], in: command)
      let slot = try namedSlot(word, of: vault)
      guard slot.kind != .recovery else {
        throw Failure(
          .invalid, "slot \(slot.number): a recovery code is drawn, not chosen",
          hint: "'coffer rekey' draws another one")
      }
      guard command.hasOption("keep-key") else {
        return try beginRekey(
          exchange, removing: nil, changing: slot.number, opensWith: secretKind(command))
      }
      return try change(slot, exchange, opensWith: secretKind(command))
    case _:
      throw Failure(.parameter, "this is not how it is written: SLOT LIST, ADD, REMOVE, CHANGE")
    }
  }

  // MARK: Helpers

  /// The open vault, for who is an Owner.
  static func vaultOfOwner(_ exchange: Exchange) throws(Failure) -> Vault {
    let vault = try exchange.server.keeper.openVault()
    let verb = exchange.command.verb
    try exchange.server.gate.audited(exchange, in: vault) {
      (organization, caller, now) throws(Refusal) -> Void in
      guard try organization.standing(of: caller, at: now).person?.role == .owner else {
        throw .forbidden(verb, "this is an Owner's alone", hint: "ask an Owner")
      }
    }
    return vault
  }

  private static func namedSlot(
    _ text: String, of vault: Vault
  ) throws(Failure) -> KeySlots.Description {
    let number = UInt32(digits: text)
    guard let slot = vault.keySlots.list.first(where: { $0.number == number }) else {
      throw Failure(
        .notFound, "slot \(PrintableText.object(text)): not found",
        hint: "'coffer slot list' shows their numbers")
    }
    return slot
  }

  /// Answers with the slots.
  static func tell(_ slots: [KeySlots.Description], to exchange: Exchange) {
    for slot in slots {
      exchange.status(
        ["SLOT"],
        [
          ("number", String(slot.number)), ("kind", slot.kind.rawValue),
          ("memory", slot.memoryByteCount.map(String.init)),
          ("passes", slot.passes.map(String.init)),
        ])
    }
  }

  static func newKeyword(_ kind: SlotKind) -> String {
    "NEW" + secretKeyword(kind.secretKind)
  }

  /// What the client answers, for one of the slots.
  static func slotSecret(
    _ kind: UnlockSecret.Kind, of number: UInt32, isNew: Bool, copying answer: borrowing Secret
  ) throws(Failure) -> SlotSecret {
    do throws(StoreError) {
      return SlotSecret(
        try answer.withBytes { (bytes) throws(StoreError) in
          try UnlockSecret(kind, copying: bytes)
        }, of: number, isNew: isNew)
    } catch {
      throw Failure(error)
    }
  }

  // MARK: Adding

  private static func add(
    _ kind: SlotKind, _ exchange: Exchange, opensWith present: UnlockSecret.Kind
  ) throws(Failure) -> Progress {
    let slots = try vaultOfOwner(exchange).keySlots
    guard !slots.isFull else {
      throw Failure(.limit, "the vault has \(slots.list.count) slots, and no more fit")
    }
    if kind == .recovery, let other = slots.list.first(where: { $0.kind == .recovery }) {
      throw Failure(
        .conflict, "slot \(other.number) is that of a recovery code already",
        hint: "'coffer rekey' draws another one in its place")
    }
    return try askPresent(present, exchange) { (secret) throws(Failure) in
      guard kind != .recovery else { return try makeSlot(kind, nil, present: secret, exchange) }
      return exchange.inquire(newKeyword(kind), seconds: Limits.passphraseSeconds) {
        (answer) throws(Failure) in
        let new = try slotSecret(
          kind.secretKind, of: SlotSecret.anySlot, isNew: true, copying: answer)
        return try makeSlot(kind, new, present: secret, exchange)
      }
    }
  }

  private static func change(
    _ slot: KeySlots.Description, _ exchange: Exchange, opensWith present: UnlockSecret.Kind
  ) throws(Failure) -> Progress {
    try askPresent(present, exchange) { (secret) throws(Failure) in
      exchange.inquire("\(newKeyword(slot.kind)) \(slot.number)", seconds: Limits.passphraseSeconds)
      {
        (answer) throws(Failure) in
        let new = try slotSecret(
          slot.kind.secretKind, of: slot.number, isNew: true, copying: answer)
        return try makeSlot(slot.kind, new, present: secret, exchange, replacing: slot.number)
      }
    }
  }

  /// Asks for what opens the vault now.
  private static func askPresent(
    _ kind: UnlockSecret.Kind, _ exchange: Exchange,
    _ body: @escaping (Handoff<UnlockSecret>) throws(Failure) -> Progress
  ) throws(Failure) -> Progress {
    try inquirePresent(kind, exchange) { (answer) throws(Failure) in
      try body(try unlockSecret(kind, copying: answer))
    }
  }

  private static func makeSlot(
    _ kind: SlotKind, _ new: SlotSecret?, present: Handoff<UnlockSecret>, _ exchange: Exchange,
    replacing former: UInt32? = nil
  ) throws(Failure) -> Progress {
    let slots = try vaultOfOwner(exchange).keySlots
    let job = Job(
      userID: exchange.peer.userID, usesVault: true, triesSecret: true,
      start: { _ in
        { @Sendable _ in
          do throws(StoreError) {
            return .slot(
              try slots.slot(
                kind, opening: new, with: try VaultKeeper.taken(present), replacing: former))
          } catch {
            return .failed(error)
          }
        }
      },
      completion: { outcome in
        switch outcome {
        case .slot(let slot):
          exchange.proceed { () throws(Failure) in
            _ = try vaultOfOwner(exchange)
            let object = former.map { "change \($0)" } ?? "add \(slot.number) \(kind.rawValue)"
            return replaceSlots(exchange, slots, about: object) { vault in
              vault.slots(adding: slot)
            } answer: { vault in
              tell(vault.keySlots.list.filter { $0.number == slot.number }, to: exchange)
              let sealed = slot.withRecoveryCode { vault.seal($0, as: .reply) }
              if let sealed { exchange.value(reply(sealed)) }
            }
          }
        case .failed(let error): fail(exchange, error)
        case .done, .opened, .adopted, .key, .generation, .backup, .repair, .findings:
          exchange.fail(.locked)
        }
      })
    try exchange.server.keeper.enqueue(job)
    return .pending
  }

  static func reply(_ sealed: [UInt8]) -> SealedData {
    SealedData(prefix: [], sealedValue: sealed, role: .reply, endsWithNUL: false)
  }

  /// Tells a client of a secret that is none, or of what else has failed.
  static func fail(_ exchange: Exchange, _ error: StoreError) {
    exchange.server.gate.noteIfWrong(error, exchange)
    let keeper = exchange.server.keeper
    exchange.fail(keeper.vault == nil || keeper.isLocking ? .locked : Failure(error))
  }

  /// Puts other slots in the place of those that are there; the vault key stays.
  ///
  /// A record follows under their number, so that older slots are told from them. A
  /// generation in the making ends with the slots that it began with, so there is none.
  private static func replaceSlots(
    _ exchange: Exchange, _ former: KeySlots, about object: String,
    _ draft: @escaping (Vault) -> SlotsDraft, answer: @escaping (Vault) -> Void = { _ in }
  ) -> Progress {
    let (committer, keeper) = (exchange.server.committer, exchange.server.keeper)
    let renewal = exchange.server.renewal
    var prepared: SlotsDraft?
    var haveChanged = false
    committer.runAlone {
      guard let vault = keeper.vault, keeper.writeFailure == nil, !renewal.isRunning else {
        return { @Sendable in .slots(.failure(.busy)) }
      }
      // Somebody else may have been quicker.
      guard vault.keySlots.isSame(as: former) else {
        haveChanged = true
        return { @Sendable in .slots(.failure(.busy)) }
      }
      let slots = draft(vault)
      prepared = slots
      return { @Sendable in
        do throws(StoreError) {
          return .slots(.success(try slots.write()))
        } catch {
          return .slots(.failure(error))
        }
      }
    } completion: { outcome in
      guard case .slots(let result) = outcome, let vault = keeper.vault else {
        return exchange.fail(.locked)
      }
      switch result {
      case .failure where haveChanged: exchange.fail(slotsHaveChanged)
      case .failure(let error):
        exchange.proceed { () throws(Failure) in
          try keeper.requireWritable()
          throw Failure(error)
        }
      case .success(let doubt):
        if let prepared { vault.adopt(prepared) }
        if let doubt {
          keeper.becomeReadOnly(doubt)
          return exchange.fail(.outcomeUnknown(doubt))
        }
        committer.record(exchange, about: object, answer)
      }
    }
    return .pending
  }

  /// The refusal of what was decided about slots that are others now.
  static let slotsHaveChanged = Failure(
    .conflict, "the slots have changed meanwhile", hint: "try again")
}
