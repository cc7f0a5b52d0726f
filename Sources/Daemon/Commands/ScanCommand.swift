internal import Keyring
internal import Platform
internal import Store
internal import Wire

extension CommandDefinition {
  static let scan = CommandDefinition(
    verb: .scan, synopsis: "SCAN",
    help: [
      "Tells which of many texts are values that you may use. Inquires CANDIDATES, a NUL between",
      "two of them, at most \(Limits.scanCandidates) in an answer, again and again until one is empty,",
      "or until enough was asked. 'STORED n=... name=... id=... origin=...' for each that is the",
      "value of a live key that you may use; n counts all candidates of the command from 1.",
      "Nothing is told of any other.",
    ],
    availability: .unlocked
  ) { exchange, _ in
    ValueScan(exchange).ask()
  }
}

/// The search for stored values among what a client has come upon.
///
/// It leaves one row, however many candidates there are, and tells of nothing but
/// values that the caller could have had with ENV. So it needs no brake: what it tells
/// by a guess, that caller is given for the asking.
private final class ValueScan {
  private let exchange: Exchange
  private var candidateCount = 0
  private var answerCount = 0

  /// The keys that were found, each once, in their order.
  private var found: [KeyID] = []
  private var known: Set<KeyID> = []
  private var findCount = 0

  init(_ exchange: Exchange) { self.exchange = exchange }

  /// Asks for candidates, once more.
  func ask() -> Progress {
    exchange.inquire("CANDIDATES") { [self] (answer) throws(Failure) in
      guard answer.count > 0 else { return try finish() }
      try answer.withBytes { (bytes) throws(Failure) -> Void in try look(at: bytes) }
      answerCount += 1
      let isEnough = answerCount == Limits.scanAnswers || findCount >= Limits.scanFinds
      return isEnough ? try finish() : ask()
    }
  }

  /// Looks at the candidates of one answer.
  ///
  /// - Parameter bytes: With a NUL between two of them; that of a value has none.
  /// - Throws: ``Failure`` if there are too many, and if the caller has lost the right
  ///   to ask meanwhile.
  private func look(at bytes: Span<UInt8>) throws(Failure) {
    let server = exchange.server
    let vault = try server.keeper.openVault()
    let standing = try server.gate.standing(of: exchange, in: vault)
    guard Self.count(of: bytes) <= Limits.scanCandidates else {
      throw Failure(
        .limit, "SCAN: an answer has at most \(Limits.scanCandidates) candidates",
        hint: "send the others as the next answer")
    }
    let now = server.keeper.now()
    // Once: a copy of what it holds is more than the rest of the work for a candidate.
    let organization = vault.organization
    // Who repeats one candidate has it looked up once.
    var answers: [Digest: [Key]] = [:]
    var start = 0
    while start <= bytes.count {
      let end = bytes.firstIndex(of: 0, from: start) ?? bytes.count
      let candidate = bytes.extracting(start..<end)
      let fingerprint = vault.fingerprint(of: candidate)
      let keys =
        answers[fingerprint]
        ?? Self.keys(
          with: candidate, fingerprint, of: organization, in: vault, usedBy: standing, at: now)
      answers[fingerprint] = keys
      candidateCount += 1
      for key in keys { tell(of: key, in: vault, to: standing) }
      start = end + 1
    }
  }

  private static func count(of bytes: Span<UInt8>) -> Int {
    var (count, start) = (1, 0)
    while let separator = bytes.firstIndex(of: 0, from: start), count <= Limits.scanCandidates {
      (count, start) = (count + 1, separator + 1)
    }
    return count
  }

  /// The keys of which a candidate is the value, of those that the caller may use.
  private static func keys(
    with candidate: Span<UInt8>, _ fingerprint: Digest, of organization: Organization,
    in vault: Vault, usedBy standing: Standing, at now: Instant
  ) -> [Key] {
    let imported = organization.usableKeys(
      withFingerprint: fingerprint, by: standing, at: now
    ).prefix(Limits.scanKeysOfOneValue)
    guard let handle = KeyText.parse(candidate) else { return Array(imported) }
    let issued = organization.usableKey(
      of: handle, tag: vault.tag(of: candidate), by: standing, at: now, isEqual: Vault.isEqual)
    return imported + (issued.map { [$0] } ?? [])
  }

  private func tell(of key: Key, in vault: Vault, to standing: Standing) {
    findCount += 1
    if known.insert(key.id).inserted { found.append(key.id) }
    exchange.status(
      ["STORED"],
      [
        ("n", String(candidateCount)),
        ("name", vault.organization.name(of: key, seenBy: standing)), ("id", key.id.text),
        ("origin", key.origin.text),
      ])
  }

  /// Ends the command, with its row.
  private func finish() throws(Failure) -> Progress {
    let vault = try exchange.server.keeper.openVault()
    let gate = exchange.server.gate
    gate.note(
      exchange, gate.caller(exchange, in: vault.organization),
      subjects: found.map { VersionID($0, number: 0) },
      object: "\(findCount) of \(candidateCount) candidates")
    return .done
  }
}
