import Keyring
import Testing

/// Random requests of people and of keys on the lives of keys, and a ledger of them.
struct RandomLives {
  private(set) var organization = Organization()
  private(set) var ledger = LifeLedger()
  private(set) var changes: [Change] = []
  private(set) var now = Acme.start
  private(set) var granted: [String: Int] = [:]
  private(set) var refused: [String: Int] = [:]

  var random: SeededGenerator
  private var second: Int64 { now.secondsSinceEpoch }

  init(seed: UInt64) throws {
    random = SeededGenerator(seed: seed)
    let owner = User(id: UserID(number: 1), name: named("u1"), uid: 1001, role: .owner)
    try apply([.organizationNamed(named("acme")), .userAdded(owner)])
    for _ in 1...2 { try addWorkspace(by: .person(0)) }
    for _ in 1...4 { try addPerson(by: .person(0)) }
  }

  mutating func step() throws {
    if random.happens(onceIn: 3) {
      now = now.advanced(by: Seconds(Int64.random(in: 1...12_000, using: &random)))
    }
    let actor = actor()
    switch Int.random(in: 0..<100, using: &random) {
    case 0: try addWorkspace(by: actor)
    case 1: try addPerson(by: actor)
    case 2..<4: try setPolicy(by: actor)
    case 4..<8: try setCondition(by: actor)
    case 8..<10: try setOwner(by: actor)
    case 10..<18: try setRole(by: actor)
    case 18: try archive(by: actor)
    case 19..<38: try addKey(by: actor)
    case 38..<52: try rotate(by: actor)
    case 52..<58: try replace(by: actor)
    case 58..<62: try expire(by: actor)
    case 62..<72: try setSuspended(by: actor)
    case 72..<75: try revoke(by: actor)
    case 75..<77: try burn(by: actor)
    case 77..<83: try grant(by: actor)
    case 83..<85: try withdraw(by: actor)
    case _: try use(by: actor)
    }
  }

  // MARK: Asking

  /// Mostly a person, sometimes a key that has been presented.
  private mutating func actor() -> LifeLedger.Actor {
    let issued = ledger.keys.indices.filter { ledger.keys[$0].isIssued }
    guard !issued.isEmpty, random.happens(onceIn: 4) else {
      let onlyOwners = random.happens(onceIn: 2)
      let people = ledger.people.indices.filter {
        onlyOwners
          ? isOwner(.person($0)) : ledger.people[$0].condition != "removed"
      }
      return .person(people.isEmpty ? 0 : random.pick(people))
    }
    let key = random.pick(issued.suffix(12))
    return .key(key, version: Int.random(in: 1...ledger.keys[key].versions.count, using: &random))
  }

  func caller(_ actor: LifeLedger.Actor) -> Caller {
    switch actor {
    case .person(let person): .user(UserID(number: UInt32(person) + 1))
    case .key(let key, let version):
      .key(VersionID(ledger.keys[key].id, number: UInt32(version)))
    }
  }

  private mutating func apply(_ new: [Change]) throws {
    for change in new { try organization.apply(change) }
    changes += new
  }

  /// Makes true what is decided, which must be granted exactly if `isRight`.
  mutating func perform(
    _ request: Request, by actor: LifeLedger.Actor, if isRight: Bool, _ what: String
  ) throws -> Bool {
    var decided: [Change]?
    do throws(Refusal) {
      decided = try organization.decide(request, by: caller(actor), at: now)
    } catch {
      #expect(!isRight, "\(what) by \(actor): \(error)")
    }
    guard let decided else {
      refused[what, default: 0] += 1
      return false
    }
    #expect(isRight, "\(what) by \(actor) is granted: \(decided)")
    granted[what, default: 0] += 1
    try apply(decided)
    return true
  }

  mutating func count(_ isGranted: Bool, _ what: String) {
    if isGranted { granted[what, default: 0] += 1 } else { refused[what, default: 0] += 1 }
  }

  mutating func add(_ entry: LifeLedger.Entry) { ledger.keys.append(entry) }

  mutating func setGrant(_ place: String, to index: Int?) { ledger.grants[place] = index }

  mutating func update(_ index: Int, _ body: (inout LifeLedger.Entry, LifeLedger) -> Void) {
    var entry = ledger.keys[index]
    body(&entry, ledger)
    ledger.keys[index] = entry
  }

  private func isPerson(_ actor: LifeLedger.Actor) -> Bool {
    if case .person = actor { ledger.isActive(actor, at: second) } else { false }
  }

  private func isOwner(_ actor: LifeLedger.Actor) -> Bool {
    isPerson(actor) && ledger.isOwner(actor) ?? false
  }

  private func isLastOwner(_ person: Int) -> Bool {
    let owners = ledger.people.indices.filter {
      ledger.people[$0].isOwner && ledger.people[$0].condition == "active"
    }
    return owners == [person]
  }

  // MARK: People and places

  private mutating func addWorkspace(by actor: LifeLedger.Actor) throws {
    let request = Request.addWorkspace(named("w\(ledger.archived.count)"))
    guard try perform(request, by: actor, if: isOwner(actor), "add a workspace") else { return }
    ledger.archived.append(false)
  }

  private mutating func addPerson(by actor: LifeLedger.Actor) throws {
    let number = ledger.people.count + 1
    let request = Request.addUser(named("u\(number)"), uid: 1000 + UInt32(number))
    guard try perform(request, by: actor, if: isOwner(actor), "add a user") else { return }
    ledger.people.append(LifeLedger.Person(name: "u\(number)"))
  }

  private mutating func setPolicy(by actor: LifeLedger.Actor) throws {
    let days = random.pick([365, 60, 20] as [Int64])
    let hours = random.pick([720, 48, 1] as [Int64])
    let isRight = isOwner(actor)
    if try perform(.setPolicy(.maximumLifetime, "\(days)d"), by: actor, if: isRight, "policy") {
      ledger.maximumLifetime = days * 86_400
      ledger.defaultLifetime = min(ledger.defaultLifetime, ledger.maximumLifetime)
    }
    if try perform(.setPolicy(.maximumGrace, "\(hours)h"), by: actor, if: isRight, "policy") {
      ledger.maximumGrace = hours * 3600
      ledger.defaultGrace = min(ledger.defaultGrace, ledger.maximumGrace)
    }
  }

  private mutating func setCondition(by actor: LifeLedger.Actor) throws {
    let person = Int.random(in: ledger.people.indices, using: &random)
    let word = random.pick(["active", "active", "disabled", "disabled", "removed"])
    let state = try #require(UserState(rawValue: word))
    let old = ledger.people[person].condition
    let isRight =
      isOwner(actor) && old != "removed" && (word == "active" || !isLastOwner(person))
    let request = Request.setUserState(state, ofUser: named(ledger.people[person].name))
    guard try perform(request, by: actor, if: isRight, word) else { return }
    if word == "removed" { ledger.endAll(in: .person(person), at: second) }
    ledger.people[person].condition = word
  }

  private mutating func setOwner(by actor: LifeLedger.Actor) throws {
    let person = Int.random(in: ledger.people.indices, using: &random)
    let isPromotion = random.happens(onceIn: 2)
    let isRight =
      isOwner(actor) && ledger.people[person].condition != "removed"
      && (isPromotion || !isLastOwner(person))
    let request = Request.setOrganizationRole(
      isPromotion ? .owner : .member, ofUser: named(ledger.people[person].name))
    guard try perform(request, by: actor, if: isRight, "organization role") else { return }
    ledger.people[person].isOwner = isPromotion
  }

  private mutating func setRole(by actor: LifeLedger.Actor) throws {
    let person = Int.random(in: ledger.people.indices, using: &random)
    let workspace = Int.random(in: ledger.archived.indices, using: &random)
    let rank = Int.random(in: 0...3, using: &random)
    let own = ledger.rank(actor, in: workspace)
    let isRight =
      isPerson(actor) && own >= 3 && !ledger.archived[workspace]
      && ledger.people[person].condition != "removed"
      && ledger.rank(.person(person), in: workspace) <= own
    let role = [nil, WorkspaceRole.viewer, .editor, .admin][rank]
    let request = Request.setWorkspaceRole(
      role, ofUser: named(ledger.people[person].name), inWorkspace: named("w\(workspace)"))
    guard try perform(request, by: actor, if: isRight, "workspace role") else { return }
    ledger.people[person].roles[workspace] = rank
  }

  private mutating func archive(by actor: LifeLedger.Actor) throws {
    let workspace = Int.random(in: ledger.archived.indices, using: &random)
    let request = Request.archiveWorkspace(named("w\(workspace)"))
    guard random.happens(onceIn: 3),
      try perform(request, by: actor, if: isOwner(actor), "archive")
    else { return }
    ledger.endAll(in: .workspace(workspace), at: second)
    ledger.archived[workspace] = true
  }
}
