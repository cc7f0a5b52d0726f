import Keyring
import Testing

// What is done to keys at random.

extension RandomLives {
  private static func tag(_ number: Int, _ version: Int) -> Digest {
    Digest(numbered: number * 10_000 + version)
  }

  mutating func addKey(by actor: LifeLedger.Actor) throws {
    let number = ledger.keys.count + 1
    var place = LifeLedger.Place.organization
    var text = "org"
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      guard case .person(let person) = actor else { return }
      (place, text) = (.person(person), "me")
    case 1: break
    case _:
      let workspace = Int.random(in: ledger.archived.indices, using: &random)
      (place, text) = (.workspace(workspace), "w\(workspace)")
    }
    let isIssued = random.happens(onceIn: 2)
    var entry = LifeLedger.Entry(id: KeyID(numbered: number), place: place, isIssued: isIssued)
    let days = random.happens(onceIn: 2) ? Int64.random(in: 1...20, using: &random) : nil
    entry.lifetime = days.map { $0 * 86_400 } ?? (isIssued ? ledger.defaultLifetime : nil)
    let terms = try isIssued ? issued(&entry) : imported(&entry)
    let plan = KeyPlan(
      reference: try KeyReference(parsing: "\(text)/k\(number)"), terms: terms,
      lifetime: days.map { .lasting(.days($0)) })
    let request = Request.addKey(
      plan,
      KeyMaterial(id: entry.id, digest: Self.tag(number, 1), sealedValue: Array("value".utf8)))
    var isRight = ledger.isActive(actor, at: now.secondsSinceEpoch) && ledger.manages(actor, place)
    if case .key = actor { isRight = isRight && !isIssued && ledger.may("import", actor) }
    if case .workspace(let workspace) = place { isRight = isRight && !ledger.archived[workspace] }
    isRight = isRight && scopeIsInSight(of: actor, entry)
    guard try perform(request, by: actor, if: isRight, isIssued ? "create" : "import") else {
      return
    }
    entry.versions = [
      LifeLedger.Version(
        tag: Self.tag(number, 1), author: actor,
        expires: entry.lifetime.map { now.secondsSinceEpoch + $0 })
    ]
    add(entry)
  }

  private func scopeIsInSight(of actor: LifeLedger.Actor, _ entry: LifeLedger.Entry) -> Bool {
    entry.reach?.allSatisfy {
      $0 == -1 || !ledger.archived[$0] && ledger.rank(actor, in: $0) >= 1
    } ?? true
  }

  private mutating func issued(_ entry: inout LifeLedger.Entry) throws -> KeyPlan.Terms {
    let custody = random.pick([Custody.sealed, .sealed, .hidden, .verifyOnly])
    entry.isInjectable = custody != .verifyOnly
    guard case .person = entry.place else {
      entry.isEditor = random.happens(onceIn: 2)
      return .issued(access: entry.isEditor ? .editor : .viewer, custody: custody)
    }
    guard random.happens(onceIn: 2) else { return .issued(access: nil, custody: custody) }
    let workspace = Int.random(in: ledger.archived.indices, using: &random)
    let actions = random.pick([
      ["list"], ["use"], ["list", "use", "import"], ["list", "use", "import", "verify"],
    ])
    let coversOwn = random.happens(onceIn: 2)
    entry.reach = coversOwn ? [-1, workspace] : [workspace]
    entry.actions = Set(actions)
    let text = "\(coversOwn ? "me," : "")w\(workspace):\(actions.joined(separator: ","))"
    return .issued(access: nil, custody: custody, scope: try ScopeText(parsing: text))
  }

  private mutating func imported(_ entry: inout LifeLedger.Entry) throws -> KeyPlan.Terms {
    switch entry.place {
    case .person: return .imported(leastRank: nil)
    case .workspace:
      entry.least = Int.random(in: 1...3, using: &random)
      return .imported(leastRank: Rank(rawValue: entry.least))
    case .organization:
      entry.least = random.pick([0, 4])
      return .imported(leastRank: Rank(rawValue: entry.least))
    }
  }

  /// The place of a key in the ledger, mostly of a young one.
  mutating func pick() -> Int? {
    guard !ledger.keys.isEmpty else { return nil }
    let first = random.happens(onceIn: 4) ? 0 : max(0, ledger.keys.count - 15)
    return Int.random(in: first..<ledger.keys.count, using: &random)
  }

  private func reference(_ index: Int) throws -> KeyReference {
    try KeyReference(parsing: "id:\(ledger.keys[index].id.text)")
  }

  private func manages(_ actor: LifeLedger.Actor, _ key: LifeLedger.Entry) -> Bool {
    ledger.isActive(actor, at: now.secondsSinceEpoch) && ledger.sees(actor, key)
      && ledger.manages(actor, key.place)
  }

  private func isPerson(_ actor: LifeLedger.Actor) -> Bool {
    if case .person = actor { true } else { false }
  }

  /// Whether a person may do what Owners may do to others' user keys as well.
  private func mayEnd(_ actor: LifeLedger.Actor, _ key: LifeLedger.Entry) -> Bool {
    guard isPerson(actor), ledger.isActive(actor, at: now.secondsSinceEpoch) else { return false }
    if case .person = key.place, ledger.isOwner(actor) ?? false { return true }
    return manages(actor, key)
  }

  private func material(_ index: Int) -> VersionMaterial {
    let next = ledger.keys[index].versions.count + 1
    return VersionMaterial(
      version: VersionID(ledger.keys[index].id, number: UInt32(next)),
      digest: Self.tag(index + 1, next),
      sealedValue: Array("value".utf8))
  }

  mutating func rotate(by actor: LifeLedger.Actor) throws {
    guard let index = pick() else { return }
    let (key, second) = (ledger.keys[index], now.secondsSinceEpoch)
    let grace = random.pick([nil, 0, 3600, 86_400, 2_592_000] as [Int64?])
    let endsGrace = random.happens(onceIn: 3)
    let isRight =
      isPerson(actor) && manages(actor, key) && key.isIssued
      && ledger.state(key, at: second) == "active"
      && (endsGrace || !ledger.hasGrace(key, at: second)) && grace ?? 0 <= ledger.maximumGrace
    let terms = RotationTerms(grace: grace.map { Seconds($0) }, endsGrace: endsGrace)
    let request = Request.rotate(try reference(index), terms, material(index))
    guard try perform(request, by: actor, if: isRight, "rotate") else { return }
    update(index) { key, ledger in
      for number in key.versions.indices where key.versions[number].isAccepted(at: second) {
        key.versions[number].graceEnd = second
      }
      key.versions[key.versions.count - 1].graceEnd = second + (grace ?? ledger.defaultGrace)
      let lifetime = min(key.lifetime ?? .max, ledger.maximumLifetime)
      key.versions.append(
        LifeLedger.Version(
          tag: Self.tag(index + 1, key.versions.count + 1), author: actor,
          expires: second + lifetime))
    }
  }

  mutating func replace(by actor: LifeLedger.Actor) throws {
    guard let index = pick() else { return }
    let (key, second) = (ledger.keys[index], now.secondsSinceEpoch)
    let isRight =
      manages(actor, key) && ledger.may("import", actor) && !key.isIssued
      && ledger.isLive(key, at: second)
    let request = Request.replace(try reference(index), nil, material(index))
    guard try perform(request, by: actor, if: isRight, "replace") else { return }
    update(index) { key, _ in
      key.versions[key.versions.count - 1].graceEnd = second
      key.lifetime = nil
      key.versions.append(
        LifeLedger.Version(tag: Self.tag(index + 1, key.versions.count + 1), author: actor))
    }
  }

  mutating func expire(by actor: LifeLedger.Actor) throws {
    guard let index = pick() else { return }
    let (key, second) = (ledger.keys[index], now.secondsSinceEpoch)
    let duration = Int64.random(in: 0...2_000_000, using: &random)
    let moment = second + duration
    let isRight =
      isPerson(actor) && manages(actor, key) && ledger.isLive(key, at: second)
      && moment <= key.versions.last?.expires ?? .max
    let request = Request.expire(try reference(index), .after(Seconds(duration)))
    guard try perform(request, by: actor, if: isRight, "expire") else { return }
    update(index) { key, _ in
      for number in key.versions.indices {
        key.versions[number].expires = min(key.versions[number].expires ?? .max, moment)
      }
    }
  }

  mutating func setSuspended(by actor: LifeLedger.Actor) throws {
    guard let index = pick() else { return }
    let key = ledger.keys[index]
    let isLive = ledger.isLive(key, at: now.secondsSinceEpoch)
    let suspends = random.happens(onceIn: 2)
    let isRight =
      suspends
      ? mayEnd(actor, key) && isLive : isPerson(actor) && manages(actor, key) && isLive
    let request =
      suspends
      ? Request.suspend(try reference(index), reason: .none) : .resume(try reference(index))
    guard try perform(request, by: actor, if: isRight, suspends ? "suspend" : "resume") else {
      return
    }
    update(index) { key, _ in key.isSuspended = suspends }
  }

  mutating func revoke(by actor: LifeLedger.Actor) throws {
    guard let index = pick() else { return }
    let request = Request.revoke(try reference(index), reason: .none)
    let isRight = mayEnd(actor, ledger.keys[index])
    guard try perform(request, by: actor, if: isRight, "revoke") else { return }
    end(index)
  }

  private mutating func end(_ index: Int) {
    let isLive = ledger.isLive(ledger.keys[index], at: now.secondsSinceEpoch)
    update(index) { key, _ in
      if isLive { key.isRevoked = true } else { key.isOver = true }
    }
  }

  mutating func burn(by actor: LifeLedger.Actor) throws {
    guard let index = pick() else { return }
    let (key, second) = (ledger.keys[index], now.secondsSinceEpoch)
    let version = Int.random(in: key.versions.indices, using: &random)
    let request = Request.burn(key.id, tag: key.versions[version].tag)
    guard try perform(request, by: actor, if: true, "burn"), key.isIssued else { return }
    guard version < key.versions.count - 1 else { return end(index) }
    guard ledger.isLive(key, at: second), key.versions[version].isAccepted(at: second) else {
      return
    }
    update(index) { key, _ in key.versions[version].graceEnd = second }
  }

  mutating func use(by actor: LifeLedger.Actor) throws {
    guard let index = pick() else { return }
    let (key, second) = (ledger.keys[index], now.secondsSinceEpoch)
    let isRight = ledger.isActive(actor, at: second) && ledger.mayUse(actor, key, at: second)
    let selection = Selection.key(try reference(index), as: nil)
    let injections = try? organization.injections(of: [selection], by: caller(actor), at: now)
    #expect((injections?.count == 1) == isRight, "\(key) is used by \(actor)")
    count(isRight, "use")
    guard let injection = injections?.first, case .key = actor else { return }
    #expect(!injection.key.isIssued, "a key that acts is handed an issued value")
  }
}
