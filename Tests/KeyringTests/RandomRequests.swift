import Keyring
import Testing

/// Numbers that are the same in each run.
///
/// Source: SplitMix64; Steele, Lea and Flood, "Fast Splittable Pseudorandom
/// Number Generators", 2014.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func pick<Element>(_ choices: [Element]) -> Element {
    choices[Int.random(in: choices.indices, using: &self)]
  }

  /// Whether something that happens once in `count` times happens now.
  mutating func happens(onceIn count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }
}

/// Someone who asks for one random thing after another, and a ledger of it.
struct RandomRequests {
  private(set) var organization = Organization()
  private(set) var ledger = Ledger()
  private(set) var changes: [Change] = []
  private(set) var now = Acme.start

  /// How often each outcome came.
  private(set) var counts: [Outcome: Int] = [:]
  private(set) var acceptedCount = 0

  private var random: SeededGenerator

  private static let userNames = (1...6).map { "u\($0)" }
  private static let workspaceNames = (1...3).map { "w\($0)" }
  private static let words = ["a", "b", "c", "d"]
  private static let roles = ["viewer", "editor", "admin", "none"]
  private static let terms = [
    "issued", "issued:viewer", "issued:editor", "imported", "imported:viewer", "imported:editor",
    "imported:admin", "imported:owner", "imported:member",
  ]

  init(seed: UInt64) throws {
    random = SeededGenerator(seed: seed)
    let owner = User(id: UserID(number: 1), name: named("u1"), uid: 1001, role: .owner)
    try apply([.organizationNamed(named("acme")), .userAdded(owner)])
  }

  /// Lets some time pass, or none, and asks for one thing.
  mutating func step() throws {
    if random.happens(onceIn: 3) {
      now = now.advanced(by: Seconds(Int64.random(in: 1...40_000, using: &random)))
    }
    let user = random.pick(ledger.users)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<3: try addWorkspace(by: user)
    case 3..<6: try addUser(by: user)
    case 6..<10: try setOrganizationRole(by: user)
    case 10..<25: try setWorkspaceRole(by: user)
    case 25..<65: try addKey(by: user)
    case 65..<85: try revoke(by: user)
    case _: try use(by: user)
    }
  }

  private mutating func apply(_ new: [Change]) throws {
    for change in new { try organization.apply(change) }
    changes += new
  }

  /// Makes true what is decided; returns whether it was granted, and the changes.
  private mutating func perform(_ request: Request, by user: String) throws -> [Change]? {
    let caller = try caller(user)
    var decided: [Change]?
    let outcome = Outcome { () throws(Refusal) in
      decided = try organization.decide(request, by: caller, at: now)
    }
    counts[outcome, default: 0] += 1
    guard let decided else { return nil }
    acceptedCount += 1
    try apply(decided)
    return decided
  }

  private func caller(_ name: String) throws -> Caller {
    .user(try #require(organization.user(named: named(name))).id)
  }

  // MARK: People

  private mutating func addWorkspace(by user: String) throws {
    let name = random.pick(Self.workspaceNames + ["me"])
    guard try perform(.addWorkspace(named(name)), by: user) != nil else { return }
    #expect(ledger.owners.contains(user) && !ledger.workspaces.contains(name))
    ledger.workspaces.append(name)
  }

  private mutating func addUser(by user: String) throws {
    let name = random.pick(Self.userNames)
    let uid = 1000 + UInt32.random(in: 1...6, using: &random)
    guard try perform(.addUser(named(name), uid: uid), by: user) != nil else { return }
    #expect(ledger.owners.contains(user) && !ledger.users.contains(name))
    ledger.users.append(name)
  }

  private mutating func setOrganizationRole(by user: String) throws {
    let name = random.pick(Self.userNames)
    let role = random.pick([OrganizationRole.member, .owner])
    guard try perform(.setOrganizationRole(role, ofUser: named(name)), by: user) != nil else {
      return
    }
    #expect(ledger.owners.contains(user))
    if role == .owner { ledger.owners.insert(name) } else { ledger.owners.remove(name) }
    #expect(!ledger.owners.isEmpty, "an Owner is left")
  }

  private mutating func setWorkspaceRole(by user: String) throws {
    let name = random.pick(ledger.users + ["u9"])
    let workspace = random.pick(Self.workspaceNames)
    let word = random.pick(Self.roles)
    let request = Request.setWorkspaceRole(
      WorkspaceRole(rawValue: word), ofUser: named(name), inWorkspace: named(workspace))
    guard try perform(request, by: user) != nil else { return }
    let standing = ledger.standing(of: user, at: "workspace \(workspace)")
    #expect(standing == "owner" || standing == "admin" && !ledger.owners.contains(name))
    ledger.roles["\(name) \(workspace)"] = word
  }

  // MARK: Keys

  private mutating func place() -> String {
    random.pick(Self.workspaceNames + ["me", "org", "@\(random.pick(Self.userNames))"])
  }

  private mutating func addKey(by user: String) throws {
    let reference = "\(place())/\(random.pick(Self.words))"
    let words = random.pick(Self.terms).split(separator: ":").map(String.init)
    let env = random.happens(onceIn: 3) ? random.pick(["A", "B", "X", "Y"]) : nil
    let days = random.happens(onceIn: 2) ? Int64.random(in: 1...30, using: &random) : nil
    let option = words.count > 1 ? words[1] : nil
    let isIssued = words[0] == "issued"
    let plan = try KeyPlan(
      reference,
      isIssued
        ? .issued(access: option.flatMap { Access(rawValue: $0) })
        : .imported(leastRank: option.flatMap { Rank(text: $0) }),
      env: env, expires: days.map { "\($0)d" })
    let material = KeyMaterial(numbered: ledger.keys.count + 1)
    guard try perform(.addKey(plan, material), by: user) != nil else { return }

    let place = Ledger.place(of: reference, by: user)
    #expect(ledger.mayManage(place, by: user, isMaking: true), "\(user) makes \(reference)")
    let type = place.split(separator: " ")[0]
    let least = type == "organization" && !isIssued ? "owner" : "viewer"
    let name = String(reference.suffix(1))
    ledger.keys.append(
      Ledger.KeyEntry(
        id: material.id, place: place, name: name, environmentName: env ?? name.uppercased(),
        kind: "\(type) \(words[0]):\(option ?? least)",
        expires: (days ?? (isIssued ? 90 : nil)).map { now.secondsSinceEpoch + $0 * 86_400 }))
    #expect(ledger.doubledNames(at: now).isEmpty)
  }

  private mutating func reference() -> String {
    if let key = ledger.keys.last, random.happens(onceIn: 4) {
      return "id:\(random.happens(onceIn: 2) ? key.id.text : random.pick(ledger.keys).id.text)"
    }
    let word = random.pick(Self.words)
    return random.happens(onceIn: 8) ? word : "\(place())/\(word)"
  }

  private mutating func revoke(by user: String) throws {
    let request = Request.revoke(try KeyReference(parsing: reference()), reason: .none)
    guard let id = try perform(request, by: user)?.first?.keyID else { return }
    let key = try #require(ledger.keys.first { $0.id == id })
    #expect(!key.isRevoked)
    #expect(ledger.mayManage(key.place, by: user, isMaking: false), "\(user) ends \(key)")
    ledger.revoke(id)
    let again = Request.revoke(try KeyReference(parsing: "id:\(id.text)"), reason: .none)
    #expect(try organization.decide(again, by: try caller(user), at: now).isEmpty)
  }

  private mutating func use(by user: String) throws {
    var selection = Selection.key(try KeyReference(parsing: reference()), as: nil)
    if random.happens(onceIn: 4) {
      selection = .workspace(named(random.pick(Self.workspaceNames)))
    }
    let caller = try caller(user)
    var injections: [Injection] = []
    let outcome = Outcome { () throws(Refusal) in
      injections = try organization.injections(of: [selection], by: caller, at: now)
    }
    counts[outcome, default: 0] += 1
    for injection in injections {
      let key = try #require(ledger.keys.first { $0.id == injection.key.id })
      #expect(key.isLive(at: now) && ledger.mayUse(key, by: user), "\(user) uses \(key)")
    }
  }
}
