internal import Keyring
internal import Platform
internal import Store
internal import Wire

// The whole vault in one file.

extension CommandDefinition {
  static let backup = CommandDefinition(
    verb: .backup, synopsis: "BACKUP [--key-file]",
    help: [
      "All that the vault knows at this moment, but for the audit, in one file (Owners).",
      "Inquires NEWPASSPHRASE, or NEWKEYFILE with --key-file: what will open it.",
      "'BACKUP bytes=... keys=... made=...' and the file as data; with certain=no changes of",
      "unknown outcome are in it.",
    ],
    flags: ["key-file"], availability: .unlocked
  ) { exchange, command throws(Failure) in
    _ = try vaultOfOwner(exchange)
    let kind = secretKind(command)
    return exchange.inquire("NEW" + secretKeyword(kind), seconds: Limits.passphraseSeconds) {
      (answer) throws(Failure) in
      let secret = try unlockSecret(kind, copying: answer)
      return try makeBackup(exchange, opening: secret)
    }
  }

  private static func makeBackup(
    _ exchange: Exchange, opening secret: Handoff<UnlockSecret>
  ) throws(Failure) -> Progress {
    // What is on its way to the device may be lost, and then it is better not in a backup.
    exchange.server.committer.whenIdle(for: exchange) {
      exchange.proceed { () throws(Failure) in try beginBackup(exchange, opening: secret) }
    }
    return .pending
  }

  private static func beginBackup(
    _ exchange: Exchange, opening secret: Handoff<UnlockSecret>
  ) throws(Failure) -> Progress {
    let vault = try vaultOfOwner(exchange)
    let (server, now) = (exchange.server, exchange.server.keeper.now())
    // Of a device that fails a backup may be all that is saved, whatever is uncertain in it.
    let isCertain = server.keeper.writeFailure == nil
    let caller = server.gate.caller(exchange, in: vault.organization)
    let keyCount = vault.organization.keys.count
    let draft = vault.backupDraft(by: server.gate.actor(exchange, caller), at: now)
    try server.keeper.enqueue(
      Job(
        userID: exchange.peer.userID, usesVault: true,
        start: { _ in
          { @Sendable cancellation in
            do throws(StoreError) {
              return .backup(
                try Backup.write(draft, secret: try VaultKeeper.taken(secret)) {
                  cancellation.isRequested
                })
            } catch {
              return .failed(error)
            }
          }
        },
        completion: { outcome in
          switch outcome {
          case .backup(let bytes?):
            exchange.proceed { () throws(Failure) in
              // Whoever is no Owner any more gets nothing.
              _ = try vaultOfOwner(exchange)
              server.gate.note(exchange, caller, object: "\(keyCount) keys")
              exchange.status(
                ["BACKUP"],
                [
                  ("bytes", String(bytes.count)), ("keys", String(keyCount)),
                  ("made", now.rfc3339), ("certain", isCertain ? nil : "no"),
                ])
              exchange.stream(bytes)
              return .done
            }
          case .failed(let error): fail(exchange, error)
          case .backup(nil), .done, .opened, .adopted, .slot, .key, .generation, .repair, .findings:
            exchange.fail(.locked)
          }
        }))
    return .pending
  }

  static let restore = CommandDefinition(
    verb: .restore, synopsis: "RESTORE [--key-file]",
    help: [
      "Makes a vault of a backup, and leaves it unlocked; it opens with the backup's secret.",
      "Inquires PASSPHRASE, or KEYFILE with --key-file, then BACKUP: the bytes of the file.",
      "Issued keys and grants to units are suspended until RESUME --restored. With --system only",
      "uid 0 restores. 'RESTORED organization=... keys=... suspended=... grants=...'",
    ],
    flags: ["key-file"], availability: .withoutVault
  ) { exchange, command throws(Failure) in
    try requireAdministrator(exchange)
    let kind = secretKind(command)
    return exchange.inquire(secretKeyword(kind), seconds: Limits.passphraseSeconds) {
      (answer) throws(Failure) in
      let secret = try unlockSecret(kind, copying: answer)
      return exchange.inquireStream("BACKUP", maximumByteCount: Backup.maximumByteCount) {
        (bytes) throws(Failure) in
        try makeVault(of: bytes, secret, exchange)
      }
    }
  }

  private static func makeVault(
    of backup: [UInt8], _ secret: Handoff<UnlockSecret>, _ exchange: Exchange
  ) throws(Failure) -> Progress {
    let keeper = exchange.server.keeper
    let (actor, now) = (exchange.actor(UserID(number: 1)), keeper.now())
    try keeper.enqueue(
      Job(
        userID: exchange.peer.userID,
        start: { keeper in
          let directory = keeper.directory
          return { @Sendable _ in
            do throws(StoreError) {
              return .opened(
                Handoff(
                  try Vault.restore(
                    backup, to: directory, secret: try VaultKeeper.taken(secret), by: actor,
                    at: now)))
            } catch {
              return .failed(error)
            }
          }
        },
        completion: { outcome in
          switch outcome {
          case .adopted:
            guard let vault = keeper.vault else { return exchange.fail(.locked) }
            describe(vault.organization, to: exchange)
            exchange.succeed()
          case .failed(let error): exchange.fail(Failure(error))
          case .done, .opened, .backup, .slot, .key, .generation, .repair, .findings:
            exchange.fail(.locked)
          }
        }))
    return .pending
  }

  private static func describe(_ organization: Organization, to exchange: Exchange) {
    let now = exchange.server.keeper.now()
    let suspended = organization.keys.count { $0.isRestored && $0.state(at: now).isLive }
    exchange.status(
      ["RESTORED"],
      [
        ("organization", organization.name?.text),
        ("keys", String(organization.keys.count)),
        ("suspended", String(suspended)),
        ("grants", String(organization.restoredGrantCount)),
      ])
  }
}
