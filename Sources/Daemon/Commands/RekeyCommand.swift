internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Another key of the vault, with which everything is sealed anew.

extension CommandDefinition {
  static let rekey = CommandDefinition(
    verb: .rekey, synopsis: "REKEY",
    help: [
      "Draws a new vault key, and seals everything anew with it (Owners). Inquires what opens each",
      "slot: PASSPHRASE N or KEYFILE N; that of a recovery code gets another code, 'RECOVERY",
      "slot=N' and data. Old copies of the files still open with what opened them.",
    ],
    availability: .unlocked
  ) { exchange, _ throws(Failure) in
    try beginRekey(exchange, removing: nil, changing: nil)
  }

  /// Asks for what opens each slot, and writes the vault anew with another key.
  ///
  /// - Parameters:
  ///   - exchange: Who asks.
  ///   - removed: The slot that goes, if one does.
  ///   - changed: The slot that gets another secret, if one does.
  ///   - present: What is asked for where no slot that stays has a secret to ask for.
  /// - Returns: How it goes on.
  /// - Throws: ``Failure``.
  static func beginRekey(
    _ exchange: Exchange, removing removed: UInt32?, changing changed: UInt32?,
    opensWith present: UnlockSecret.Kind = .passphrase
  ) throws(Failure) -> Progress {
    try exchange.server.keeper.requireWritable()
    let slots = try vaultOfOwner(exchange).keySlots
    let asked = slots.list.filter { $0.number != removed && $0.kind != .recovery }
    let finish = { (secrets: [SlotSecret]) throws(Failure) in
      try makeKey(slots, secrets, removing: removed, exchange)
    }
    guard !asked.contains(where: { $0.number != changed }) else {
      return try ask(asked[...], changing: changed, [], exchange, finish)
    }
    // Whoever gets the only new secret must be one who can open the vault now.
    return try inquirePresent(present, exchange) { (answer) throws(Failure) in
      let secret = try slotSecret(present, of: SlotSecret.anySlot, isNew: false, copying: answer)
      return try ask(asked[...], changing: changed, [secret], exchange, finish)
    }
  }

  private static func ask(
    _ slots: ArraySlice<KeySlots.Description>, changing changed: UInt32?, _ secrets: [SlotSecret],
    _ exchange: Exchange, _ body: @escaping ([SlotSecret]) throws(Failure) -> Progress
  ) throws(Failure) -> Progress {
    guard let slot = slots.first else { return try body(secrets) }
    let isNew = slot.number == changed
    let proceed = { (answer: borrowing Secret) throws(Failure) -> Progress in
      let secret = try slotSecret(
        slot.kind.secretKind, of: slot.number, isNew: isNew, copying: answer)
      return try ask(slots.dropFirst(), changing: changed, secrets + [secret], exchange, body)
    }
    guard isNew else {
      return try inquirePresent(slot.kind.secretKind, exchange, ofSlot: slot.number, proceed)
    }
    return exchange.inquire(
      "\(newKeyword(slot.kind)) \(slot.number)", seconds: Limits.passphraseSeconds, proceed)
  }

  private static func makeKey(
    _ slots: KeySlots, _ secrets: [SlotSecret], removing removed: UInt32?, _ exchange: Exchange
  ) throws(Failure) -> Progress {
    let job = Job(
      userID: exchange.peer.userID, usesVault: true, triesSecret: true,
      start: { _ in
        { @Sendable _ in
          do throws(StoreError) {
            return .key(try slots.newKey(opening: secrets, removing: removed))
          } catch {
            return .failed(error)
          }
        }
      },
      completion: { outcome in
        switch outcome {
        case .key(let key):
          // Other slots may be on their way, and are known when they are there.
          exchange.server.committer.whenIdle(for: exchange) {
            begin(key, of: slots, exchange)
          }
        case .failed(let error): fail(exchange, error)
        case .done, .opened, .adopted, .slot, .generation, .backup, .repair, .findings:
          exchange.fail(.locked)
        }
      })
    try exchange.server.keeper.enqueue(job)
    return .pending
  }

  private static func begin(_ key: NewKey, of slots: KeySlots, _ exchange: Exchange) {
    exchange.proceed { () throws(Failure) in
      let vault = try vaultOfOwner(exchange)
      guard vault.keySlots.isSame(as: slots) else { throw slotsHaveChanged }
      let actor = exchange.server.gate.actor(
        exchange, exchange.server.gate.caller(exchange, in: vault.organization))
      exchange.server.renewal.rekey(key, by: actor) { error in
        concludeRekey(exchange, key, error)
      }
      return .pending
    }
  }

  private static func concludeRekey(_ exchange: Exchange, _ key: NewKey, _ error: StoreError?) {
    guard let vault = exchange.server.keeper.vault else { return exchange.fail(.locked) }
    if let error {
      let isDoubt = exchange.server.keeper.writeFailure == error
      return isDoubt ? exchange.fail(.outcomeUnknown(error)) : fail(exchange, error)
    }
    tell(vault.keySlots.list, to: exchange)
    let sealed = key.withRecoveryCode { vault.seal($0, as: .reply) }
    if let sealed, let slot = vault.keySlots.list.first(where: { $0.kind == .recovery }) {
      exchange.status(["RECOVERY"], [("slot", String(slot.number))])
      exchange.value(reply(sealed))
    }
    exchange.succeed()
  }
}
