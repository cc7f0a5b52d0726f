internal import Keyring
internal import Platform
internal import Store
internal import Wire

// Looking whether all is well, and mending what is not.

extension CommandDefinition {
  static let check = CommandDefinition(
    verb: .check,
    synopsis: "CHECK [--repair=clock|writing|vault [--key-file] [--dry-run]]",
    help: [
      "Looks at the files, the chain of records and rows, values, clock, memory, limits and socket",
      "(Owners): 'FINDING subject=... verdict=ok|wrong|unknown text=... hint=...', a line each.",
      "--repair=clock believes the clock on the wall again after it has leapt, or was wrong before:",
      "'CLOCK now=... was=...'. --repair=writing writes the vault anew after a failed write.",
      "--repair=vault is for one that does not open, and for who may make one: inquires PASSPHRASE",
      "or KEYFILE, and saves what can be read: 'REPAIR text=...' a step, 'LOST record=... keys=...'",
      "a change. --dry-run only tells; else the vault is left unlocked.",
    ],
    options: ["repair"], flags: ["key-file", "dry-run"], availability: .withVault
  ) { exchange, command throws(Failure) in
    let repair = command.value(of: "repair")
    if repair != "vault" { try allow(["repair"], in: command) }
    switch repair {
    case nil: return try examine(exchange)
    case "clock": return try repairClock(exchange)
    case "writing": return try repairWriting(exchange)
    case "vault": return try repairVault(exchange, command)
    case _:
      throw Failure(.parameter, "this is not how it is written: CHECK --repair=clock|writing|vault")
    }
  }

  // MARK: Looking

  private static func examine(_ exchange: Exchange) throws(Failure) -> Progress {
    _ = try vaultOfOwner(exchange)
    exchange.server.committer.whenIdle(for: exchange) {
      exchange.proceed { () throws(Failure) in try beginExamination(exchange) }
    }
    return .pending
  }

  private static func beginExamination(_ exchange: Exchange) throws(Failure) -> Progress {
    let (server, vault) = (exchange.server, try vaultOfOwner(exchange))
    let (verification, options) = (vault.verification, server.options)
    let (isMemoryLocked, hasSocket) = (server.isMemoryLocked, server.hasSocket)
    let isWritable = server.keeper.writeFailure == nil
    try server.keeper.enqueue(
      Job(
        userID: exchange.peer.userID, usesVault: true,
        start: { _ in
          { @Sendable cancellation in
            let findings = Examination(options).ofRunningDaemon(
              isMemoryLocked: isMemoryLocked, hasSocket: hasSocket)
            return .findings(
              findings
                + (isWritable
                  ? Self.findings(of: verification, cancellation) : [Self.notCompared]))
          }
        },
        completion: { outcome in
          guard case .findings(let findings) = outcome, server.keeper.vault != nil else {
            return exchange.fail(.locked)
          }
          for finding in findings + ofLoop(server) { tell(finding, to: exchange) }
          exchange.succeed()
        }))
    return .pending
  }

  private static func findings(
    of verification: VaultVerification, _ cancellation: Cancellation
  ) -> [Finding] {
    do throws(StoreError) {
      guard let outcome = try verification.run(isCancelled: { cancellation.isRequested }) else {
        return []
      }
      return [
        Finding(
          .chain, .ok, "\(outcome.records) records and \(outcome.rows) rows of the audit are whole"),
        Finding(.values, .ok, "values that open: \(outcome.values)"),
      ]
    } catch {
      return [Finding(.chain, error)]
    }
  }

  /// What failed may stand half in the files, which is no damage.
  private static var notCompared: Finding {
    Finding(.chain, .unknown, "the files are not compared while the vault takes no changes")
  }

  /// What only the loop knows.
  private static func ofLoop(_ server: Server) -> [Finding] {
    let keeper = server.keeper
    let writing =
      keeper.writeFailure.map {
        Finding(
          .writing, .wrong, "the vault takes no changes: \($0.message)",
          hint: "mend the cause; 'coffer doctor --repair' tries at once")
      }
      ?? Finding(.writing, .ok, "changes are taken")
    _ = keeper.now()
    let clock =
      keeper.clock.secondsAhead.map {
        Finding(
          .clock, .wrong, "the clock is \($0) seconds from the vault's time, and not believed",
          hint: "correct it; if it is right, 'coffer doctor --repair clock'")
      } ?? Finding(.clock, .ok, "the clock is that of the vault")
    return [writing, clock]
  }

  private static func tell(_ finding: Finding, to exchange: Exchange) {
    exchange.status(
      ["FINDING"],
      [
        ("subject", finding.subject), ("verdict", finding.verdict.rawValue),
        ("text", PrintableText.field(finding.text)),
        ("hint", finding.hint.map(PrintableText.field)),
      ])
  }

  // MARK: Mending

  private static func repairClock(_ exchange: Exchange) throws(Failure) -> Progress {
    _ = try exchange.server.keeper.openVault()
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

  private static func repairWriting(_ exchange: Exchange) throws(Failure) -> Progress {
    let vault = try vaultOfOwner(exchange)
    let server = exchange.server
    guard server.keeper.writeFailure != nil else {
      exchange.status(["REPAIRED"], [("text", "nothing: the vault takes changes")])
      return .done
    }
    let actor = server.gate.actor(exchange, server.gate.caller(exchange, in: vault.organization))
    server.renewal.recover(by: actor) { error in
      if let error { return fail(exchange, error) }
      guard let vault = server.keeper.vault else { return exchange.fail(.locked) }
      exchange.status(
        ["REPAIRED"],
        [("text", "the vault was written anew, as generation \(vault.generation)")])
      exchange.succeed()
    }
    return .pending
  }

  private static func repairVault(
    _ exchange: Exchange, _ command: Command
  ) throws(Failure) -> Progress {
    try requireAdministrator(exchange)
    let (keeper, isDry) = (exchange.server.keeper, command.hasOption("dry-run"))
    guard keeper.vault == nil else {
      throw Failure(
        .wrongState, "the vault is open, so there is nothing of this kind to repair",
        hint: "'coffer doctor' tells what is wrong with it")
    }
    let kind = secretKind(command)
    return try inquirePresent(kind, exchange) { (answer) throws(Failure) in
      let secret = try unlockSecret(kind, copying: answer)
      try keeper.enqueue(
        Job(
          userID: exchange.peer.userID, triesSecret: true,
          start: { keeper in
            guard keeper.vault == nil else { return nil }
            let directory = keeper.directory
            return { @Sendable _ in
              do throws(StoreError) {
                return .repair(
                  try RepairPlan(for: directory, with: try VaultKeeper.taken(secret)))
              } catch {
                return .failed(error)
              }
            }
          },
          completion: { outcome in
            switch outcome {
            case .repair(let plan): follow(plan, exchange, isDry: isDry)
            case .failed(let error):
              exchange.server.gate.noteIfWrong(error, exchange)
              exchange.fail(Failure(error))
            case .done, .opened, .adopted, .slot, .key, .generation, .backup, .findings:
              exchange.fail(Failure(StoreError.busy))
            }
          }))
      return .pending
    }
  }

  private static func follow(_ plan: RepairPlan, _ exchange: Exchange, isDry: Bool) {
    for problem in plan.problems {
      exchange.status(["PROBLEM"], [("text", PrintableText.field(problem.message))])
    }
    for step in plan.steps { exchange.status(["REPAIR"], [("text", PrintableText.field(step))]) }
    for loss in plan.losses { tell(loss, to: exchange) }
    guard !isDry, !plan.problems.isEmpty else { return exchange.succeed() }
    let (keeper, actor) = (exchange.server.keeper, exchange.actor(UserID(number: 1)))
    let now = keeper.now()
    exchange.proceed { () throws(Failure) in
      try keeper.enqueue(
        Job(
          userID: exchange.peer.userID,
          start: { keeper in
            guard keeper.vault == nil else { return nil }
            return { @Sendable _ in
              do throws(StoreError) {
                return .opened(Handoff(try plan.carryOut(by: actor, at: now)))
              } catch {
                return .failed(error)
              }
            }
          },
          completion: { outcome in
            switch outcome {
            case .adopted: exchange.succeed()
            case .failed(let error): exchange.fail(Failure(error))
            case .done, .opened, .repair, .slot, .key, .generation, .backup, .findings:
              exchange.fail(Failure(StoreError.busy))
            }
          }))
      return .pending
    }
  }

  /// So many keys are named in a line.
  private static let namedKeys = 40

  private static func tell(_ loss: RepairPlan.Loss, to exchange: Exchange) {
    var rest = loss.keys[...]
    repeat {
      let keys = rest.prefix(namedKeys).map(\.text).joined(separator: ",")
      rest = rest.dropFirst(namedKeys)
      exchange.status(
        ["LOST"],
        [
          ("record", loss.record.map(String.init)), ("time", loss.time?.rfc3339),
          ("verb", loss.verb),
          ("object", loss.object.map(PrintableText.field)), ("keys", keys.isEmpty ? nil : keys),
        ])
    } while !rest.isEmpty
  }
}
