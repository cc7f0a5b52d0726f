import Keyring
import Platform
import Sodium
@testable import Store
import TestSupport

/// What happens in a golden vault: some of everything that can.
final class GoldenStory {
  let vault: Vault
  let fixture: StoreFixture
  var now = StoreFixture.start

  init(_ vault: Vault, _ fixture: StoreFixture) {
    self.vault = vault
    self.fixture = fixture
  }

  // MARK: The story

  func tellAll() throws {
    try tellOfPeople()
    try StoreFixture.synchronizeAudit(of: vault)
    try tellOfKeys()
    try StoreFixture.synchronizeAudit(of: vault)
    try tellOfEnds()
    try write("POLICY", .setPolicy(.auditDays, "30"))
    try row("MARK", user: nil)
    try row("VERIFY", outcome: 174, object: "unknown")
    try StoreFixture.synchronizeAudit(of: vault)
  }

  private func tellOfPeople() throws {
    for name in ["web", "old"] { try write("WORKSPACE", .addWorkspace(try Name(parsing: name))) }
    for (name, uid) in [("eve", UInt32(1001)), ("max", 1002), ("vic", 1003)] {
      try write("USER", .addUser(try Name(parsing: name), uid: uid))
    }
    let web = try Name(parsing: "web")
    try write(
      "GRANT", .setWorkspaceRole(.editor, ofUser: try Name(parsing: "eve"), inWorkspace: web))
    try write(
      "GRANT", .setWorkspaceRole(.admin, ofUser: try Name(parsing: "vic"), inWorkspace: web))
    try write("GRANT", .setOrganizationRole(.owner, ofUser: try Name(parsing: "vic")))
  }

  private func tellOfKeys() throws {
    try add("web/stripe", .imported(leastRank: .editor), environment: "STRIPE_KEY", note: "für Web")
    try add("web/deploy", .issued(access: .editor), lifetime: .lasting(.days(30)))
    try add("web/hook", .issued(access: nil, custody: .verifyOnly))
    try add("org/billing", .issued(access: .viewer, custody: .hidden))
    try add("org/dns", .imported(leastRank: nil), lifetime: .until(now.advanced(by: .days(300))))
    let scope = try ScopeText(parsing: "web,me:list,use")
    try add("me/laptop", .issued(access: nil, scope: scope))
    try add("me/mail", .imported(leastRank: nil))
    try add("me/own", .issued(access: nil), by: 2)
    try add("me/gone", .issued(access: nil), by: 3)
    try add("old/bucket", .imported(leastRank: nil))
    for name in ["me/short", "me/paused", "me/ended", "me/idle"] {
      try add(name, .issued(access: nil), lifetime: .lasting(.days(20)))
    }
  }

  private func tellOfEnds() throws {
    try use(["web/stripe", "org/billing"])
    try use(["web/stripe"], verb: "ENV", command: "deploy.sh")
    try rotate("web/deploy", grace: .days(20))
    try use(["web/deploy"], verb: "VERIFY", version: 1)
    try rotate("me/laptop", grace: Seconds(0))
    try replace("web/stripe")
    try write("EXPIRE", .expire(try KeyReference(parsing: "me/short"), .after(Seconds(60))))
    try write(
      "SUSPEND",
      .suspend(try KeyReference(parsing: "me/paused"), reason: try Note(parsing: "on leave")))
    try write(
      "REVOKE", .revoke(try KeyReference(parsing: "me/ended"), reason: try Note(parsing: "leaked")))
    try write("DISABLE", .setUserState(.disabled, ofUser: try Name(parsing: "eve")))
    try write("REMOVE", .setUserState(.removed, ofUser: try Name(parsing: "max")))
    try write("ARCHIVE", .archiveWorkspace(try Name(parsing: "old")))
    try write("CLOCK", .believeClock(now))
  }

  /// What units are given, in a snapshot and behind it.
  func tellOfUnits() throws {
    try grant("web/deploy", to: "web.service")
    try grant("org/dns", to: "db@.service", as: "dns key")
    try grant("web/stripe", to: "web.service")
    try grant("me/laptop", to: "backup.mount", as: "key")
    try grant("web/stripe", to: "web.service", withdraws: true)
    try grant("me/mail", to: "mail.socket")
    try write("REVOKE", .revoke(try KeyReference(parsing: "me/mail"), reason: .none))
    try renew(.compaction, rollsAudit: false)
    try grant("org/billing", to: "web.service")
    try grant("me/laptop", to: "backup.mount", as: "key", withdraws: true)
    try row(
      "CREDENTIAL", user: nil, subjects: [VersionID(try key("web/deploy").id, number: 2)],
      object: "web.service deploy", command: "systemd")
    try StoreFixture.synchronizeAudit(of: vault)
  }

  /// Keys of processes, of which some are forgotten, in a snapshot and behind it.
  func tellOfProcesses() throws {
    let boot = ProcessBinding.Boot((0..<16).map { UInt8($0 * 16) })
    let whole = ProcessBinding(boot: boot, processID: 4211, start: 123_456)
    let hidden = ProcessBinding(boot: nil, processID: 0, start: nil)
    let short = Lifetime.lasting(Seconds(90))
    let forgotten = try bind(whole, lifetime: short)
    try add("web/between", .imported(leastRank: nil))
    let ended = try bind(whole, lifetime: .lasting(.days(1)))
    _ = try bind(hidden, lifetime: nil)
    try end([forgotten, ended])
    try forget()
    try renew(.compaction, rollsAudit: false)
    let late = try bind(whole, lifetime: short)
    try add("web/behind", .issued(access: .viewer))
    _ = try bind(whole, lifetime: .lasting(.days(30)))
    try end([late])
    try forget()
    try StoreFixture.synchronizeAudit(of: vault)
  }

  private func bind(_ process: ProcessBinding, lifetime: Lifetime?) throws -> KeyID {
    let id = vault.drawKeyID()
    let reference = KeyReference(
      Organization.nameOfProcessKey(id), inWorkspace: try Name(parsing: "web"))
    let terms = KeyPlan.Terms.issued(access: .editor, custody: .verifyOnly)
    let plan = KeyPlan(reference: reference, terms: terms, lifetime: lifetime, process: process)
    let value = value(of: reference, terms, VersionID(id, number: 1))
    try write(
      "CREATE", .addKey(plan, KeyMaterial(id: id, digest: value.digest, sealedValue: [])),
      object: reference.text)
    try row("VERIFY", subjects: [VersionID(id, number: 1)])
    return id
  }

  private func end(_ ids: [KeyID]) throws {
    let now = tick()
    try write("REVOKE", vault.organization.revocations(ofEndedProcessKeys: ids, at: now), at: now)
  }

  private func forget() throws {
    let now = tick()
    try write("FORGET", vault.organization.forgetting(ofProcessKeysAt: now), at: now)
  }

  private func write(_ verb: String, _ changes: [Change], at now: Instant) throws {
    let record = vault.append(changes, by: actor(nil, "cofferd"), verb: verb, at: now)
    try vault.nextBatch()?.write()
    try row(
      verb, user: nil, subjects: changes.compactMap(\.subject), object: "processes",
      record: record, command: "cofferd")
  }

  private func grant(
    _ text: String, to unit: String, as name: String? = nil, withdraws: Bool = false
  ) throws {
    let reference = try KeyReference(parsing: text)
    let unitName = try UnitName(parsing: unit)
    let credential = try name.map { try CredentialName(parsing: $0) }
    try write(
      "GRANT",
      withdraws
        ? .withdrawFromUnit(reference, unitName, as: credential)
        : .grantToUnit(reference, unitName, as: credential),
      object: "\(unit) \(text)")
  }

  /// Two generations, the second of which has two files of the audit.
  func compact() throws {
    try renew(.compaction, rollsAudit: false)
    try replace("org/dns")
    try renew(.compaction, rollsAudit: true)
    try use(["org/dns"])
    try StoreFixture.synchronizeAudit(of: vault)
    try add("web/late", .issued(access: .viewer))
    try add("web/later", .imported(leastRank: nil))
  }

  /// Another vault key, with a slot of another kind, and what comes behind it.
  func rekey() throws {
    let secret = SlotSecret(try StoreFixture.keyFile(9), of: 0, isNew: true)
    let new = try vault.keySlots.slot(
      .credential, opening: secret, with: try StoreFixture.keyFile())
    let draft = vault.slots(adding: new)
    guard try draft.write() == nil else { return }
    vault.adopt(draft)
    let record = vault.append([], by: actor(1), verb: "SLOT", at: tick())
    try vault.nextBatch()?.write()
    try row("SLOT", object: "add credential", record: record)
    let secrets = [
      SlotSecret(try StoreFixture.keyFile(), of: 1, isNew: false),
      SlotSecret(try StoreFixture.keyFile(9), of: 2, isNew: false),
    ]
    try renew(.rekey(try vault.keySlots.newKey(opening: secrets, removing: nil)), rollsAudit: false)
    try rotate("web/deploy", grace: .days(1), endsGrace: true)
    try use(["web/deploy"], verb: "AUTH", version: 3)
  }

  func tellOfRestored() throws {
    now = vault.mark
    try write("RESUME", .resume(try KeyReference(parsing: "web/deploy")))
    try add("me/new", .issued(access: nil))
  }
}
