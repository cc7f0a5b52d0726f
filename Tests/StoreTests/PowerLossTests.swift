import Glibc
import Keyring
import Platform
@testable import Store
import TestSupport
import Testing

/// The power is lost before each operation that a vault does on its disk.
@Suite("Power loss")
struct PowerLossTests {
  /// Something that is done to a vault.
  struct History: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let tell: @Sendable (PowerLossStory) throws -> Void

    init(_ description: String, _ tell: @escaping @Sendable (PowerLossStory) throws -> Void) {
      testDescription = description
      self.tell = tell
    }
  }

  static let histories = [
    History("a vault is made") { try $0.create() },
    History("keys come one by one and several at once") { story in
      try story.create()
      try story.addKeys(1)
      try story.use()
      try story.addKeys(3)
      try story.synchronizeAudit()
      try story.revokeKey()
      try story.addKeys(1)
    },
    History("the vault is opened again, and again") { story in
      try story.create()
      try story.addKeys(2)
      try story.reopen()
      try story.addKeys(1)
      try story.use()
      try story.reopen()
      try story.revokeKey()
    },
    History("it is compacted while keys come") { story in
      try story.create()
      try story.addKeys(2)
      try story.revokeKey()
      try story.renew(.compaction, adding: 2)
      try story.addKeys(1)
      try story.renew(.compaction)
      try story.use()
    },
    History("the audit goes on in another file") { story in
      try story.create()
      try story.addKeys(1)
      try story.synchronizeAudit()
      try story.renew(.compaction, rollsAudit: true, adding: 1)
      try story.use()
      try story.addKeys(1)
      try story.synchronizeAudit()
      try story.renew(.compaction, rollsAudit: true)
      try story.addKeys(1)
      try story.reopen()
      try story.addKeys(1)
    },
    History("the vault key changes") { story in
      try story.create()
      try story.addKeys(2)
      try story.use()
      try story.rekey()
      try story.addKeys(1)
      try story.synchronizeAudit()
      try story.rekey()
    },
    History("it is written anew after a failure") { story in
      try story.create()
      try story.addKeys(1)
      try story.synchronizeAudit()
      try story.addKeys(1)
      try story.renew(.recovery)
      try story.addKeys(1)
      try story.renew(.recovery)
      try story.addKeys(1)
    },
    History("a slot is added") { story in
      try story.create()
      try story.addKeys(1)
      try story.addSlot()
      try story.addKeys(1)
      try story.rekey()
      try story.addKeys(1)
    },
    History("a backup is restored") { story in
      try story.restore(Self.backup)
      try story.use()
    },
  ]

  private static let backup: [UInt8] = {
    guard let vault = try? BackupTests.vault().1, let bytes = try? BackupTests.backup(of: vault)
    else { preconditionFailure("no backup could be made") }
    return bytes
  }()

  /// How many states are tried of each operation and extent.
  private static let seeds: Range<UInt64> = 0..<16

  @Test(
    "fault 2: whatever it leaves, what was acknowledged is there, and the rest whole or not at all",
    arguments: histories)
  func states(_ history: History) throws {
    let disk = SimulatedDisk(keepsHistory: true)
    let story = PowerLossStory(on: disk)
    try history.tell(story)
    var count = 0
    for (operation, state) in disk.states.enumerated() {
      for extent in PowerLoss.Extent.allCases {
        let isRandom = extent == .beginning || extent == .selection
        for seed in isRandom ? Self.seeds : 0..<1 {
          var loss = PowerLoss(seed: seed &* 1_000_003 &+ UInt64(operation))
          let found = loss.state(after: state, extent)
          let place = "\(extent) \(seed) before operation \(operation)"
          try check(found, at: operation, story, place, goesOn: seed % 4 == 0)
          count += 1
        }
      }
    }
    TestCounts.add("crash states", count)
  }

  private func check(
    _ found: SimulatedDisk.State, at operation: Int, _ story: PowerLossStory, _ place: String,
    goesOn: Bool
  ) throws {
    let disk = SimulatedDisk(found)
    let directory = VaultDirectory(on: disk, at: "/simulated")
    let acknowledged = story.moments.lastIndex { ($0.acknowledged ?? .max) <= operation }
    let applied = story.moments.lastIndex { $0.applied <= operation }
    let vault: Vault
    do {
      vault = try open(directory)
    } catch StoreError.noVault where acknowledged == nil {
      // Nothing was promised yet, and another one can be made.
      let again = PowerLossStory(on: disk)
      #expect(throws: Never.self, "\(place)") { try again.create() }
      return
    } catch {
      Issue.record("\(place): \(error)")
      return
    }
    let organization = PowerLossStory.bare(vault.organization)
    let moments = story.moments.indices.filter { index in
      index >= acknowledged ?? 0 && index <= applied ?? 0
    }
    // Of a vault whose making has failed it is not known whether it is there.
    let isOneOfThem =
      story.moments.isEmpty
      || moments.contains { story.moments[$0].organization == organization }
    #expect(isOneOfThem, "\(place): not one of the states \(moments)")
    #expect(throws: Never.self, "\(place)") { try openValues(of: vault) }
    let rows = try vault.auditPage(after: 0, count: 1000).rows
    let synchronized = story.synchronizedRows.last { $0.operation <= operation }?.count ?? 0
    #expect((rows.last?.number ?? 0) >= synchronized, "\(place): rows are lost")
    let named = Set(rows.compactMap(\.row.record))
    for moment in story.moments.prefix((acknowledged ?? -1) + 1) {
      #expect(named.contains(moment.record), "\(place): record \(moment.record) has no row")
    }
    guard goesOn else { return }
    let again = try open(directory)
    #expect(PowerLossStory.bare(again.organization) == organization, "\(place): twice")
    let other = StoreFixture()
    try other.addKeys(["after"], to: again)
    #expect(try open(directory).organization.keys.count == organization.keys.count + 1, "\(place)")
  }

  /// The vault of a story opens with its key file, or with that of the backup.
  private func open(_ directory: VaultDirectory) throws -> Vault {
    do {
      return try Vault.open(directory, with: try StoreFixture.keyFile()).vault
    } catch StoreError.wrongSecret {
      return try Vault.open(directory, with: try StoreFixture.keyFile(9)).vault
    }
  }

  private func openValues(of vault: Vault) throws {
    for key in vault.organization.keys {
      guard let box = key.currentVersion.sealedValue else { continue }
      var value = [UInt8](repeating: 0, count: Vault.openByteCount(ofSealed: box))
      var span = value.mutableSpan
      _ = try vault.open(
        box, as: .version(key.id, number: key.currentVersion.number), into: &span)
    }
  }

  @Test(
    "faults 3 to 7: whatever call fails, nothing that was acknowledged is lost",
    arguments: histories)
  func failures(_ history: History) throws {
    let whole = SimulatedDisk()
    try history.tell(PowerLossStory(on: whole))
    var count = 0
    for operation in 0..<whole.operationCount {
      for code in [EIO, ENOSPC, EDQUOT, EROFS] {
        let failure = SimulatedDisk.Failure(operation: operation, error: Errno(code: code))
        let disk = SimulatedDisk(keepsHistory: true, failure: failure)
        let story = PowerLossStory(on: disk)
        // The daemon would write the vault anew; here the power is lost.
        _ = try? history.tell(story)
        let last = disk.states.count - 1
        for extent in PowerLoss.Extent.allCases {
          var loss = PowerLoss(seed: UInt64(operation))
          let found = loss.state(after: disk.states[last], extent)
          try check(
            found, at: last, story, "\(code), \(extent), operation \(operation)", goesOn: false)
        }
        count += 1
        // Or the daemon is only killed, and what it left in the kernel's memory counts.
        guard (try? story.recover()) != nil else { continue }
        let end = disk.states.count - 1
        var loss = PowerLoss(seed: UInt64(operation))
        try check(
          loss.state(after: disk.states[end], .nothing), at: end, story,
          "\(code), killed, operation \(operation)", goesOn: false)
      }
    }
    TestCounts.add("injected errors", count)
  }
}
