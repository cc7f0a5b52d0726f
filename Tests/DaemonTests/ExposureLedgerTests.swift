import Daemon
import Keyring
import Platform
import TestSupport
import Testing

@Suite("ExposureLedger")
struct ExposureLedgerTests {
  static let capacity = ExposureLedger.Capacity(
    holders: 5, holdersOfOneUser: 3, versions: 12, versionsOfOneUser: 8, versionsOfOneHolder: 4)

  static let start = Instant(secondsSinceEpoch: 1_000_000)

  /// A ledger with processes that tests enter.
  final class Fixture {
    var ledger = ExposureLedger(since: start, capacity: capacity)
    private var processes: [Int32: Subprocess] = [:]
    private var nextToken: UInt64 = 100

    /// Starts a process, and enters it.
    func enter(userID: UInt32 = 1000) throws -> Holder? {
      let process = Subprocess(
        "/bin/sleep", ["100"], environment: [:], streams: [.null, .null, .null])
      processes[process.id] = process
      return try enter(process.id, userID: userID)
    }

    func enter(_ id: Int32, userID: UInt32 = 1000) throws -> Holder? {
      guard let reference = try ProcessReference.process(id) else { return nil }
      nextToken += 1
      return ledger.entry(
        of: reference, peer: PeerCredentials(processID: id, userID: userID), token: nextToken,
        at: start.advanced(by: Seconds(Int64(nextToken))))
    }

    func end(_ holder: Holder) {
      processes[holder.peer.processID]?.signal(9)
      processes[holder.peer.processID]?.waitForEnd()
    }

    func hand(_ versions: [VersionID], to holder: Holder, claiming command: String = "job") {
      ledger.note(versions, handedTo: holder, claiming: command)
    }
  }

  static func version(_ key: Int, _ number: UInt32 = 1) throws -> VersionID {
    VersionID(try #require(KeyID("key\(100_000_000 + key)")), number: number)
  }

  let fixture = Fixture()

  @Test("a process that asks again, over whatever connection, adds to its entry")
  func oneEntryAProcess() throws {
    let first = try #require(try fixture.enter())
    fixture.hand([try Self.version(1)], to: first, claiming: "coffer")
    let second = try #require(try fixture.enter(first.peer.processID))
    #expect(first === second)
    fixture.hand([try Self.version(1), try Self.version(2)], to: second, claiming: "deploy.sh")
    #expect(fixture.ledger.count == 1)
    #expect(first.versions[try Self.version(1).key] == [1])
    #expect(first.versions[try Self.version(2).key] == [1])
    #expect(first.command == "deploy.sh")
    #expect(first.since == Self.start.advanced(by: Seconds(101)))
  }

  @Test("the same number with another uid is an entry of its own") func userIDs() throws {
    let first = try #require(try fixture.enter(userID: 1000))
    let second = try #require(try fixture.enter(first.peer.processID, userID: 2000))
    #expect(first !== second)
  }

  @Test("a process that has ended makes way for one that has its number") func reusedNumber()
    throws
  {
    let first = try #require(try fixture.enter())
    fixture.hand([try Self.version(1)], to: first)
    fixture.end(first)
    // As if the kernel had given the number again before the loop heard of the end.
    guard let own = try ProcessReference.process(Process.id) else {
      Issue.record("this process has no reference")
      return
    }
    let entered = fixture.ledger.entry(
      of: own, peer: first.peer, token: 7, at: Self.start)
    let second = try #require(entered)
    #expect(first !== second)
    #expect(second.versions.isEmpty)
    // The end of the first is heard of late, and takes nothing of the second's.
    #expect(fixture.ledger.count == 2)
    fixture.ledger.remove(first)
    #expect(fixture.ledger.all.map(\.token) == [7])
    fixture.hand([try Self.version(2)], to: first)
    #expect(first.versions[try Self.version(2).key] == nil)
  }

  @Test("a process that has ended gets no entry") func ended() throws {
    let process = Subprocess(
      "/bin/sleep", ["100"], environment: [:], streams: [.null, .null, .null])
    guard let reference = try ProcessReference.process(process.id) else {
      Issue.record("the process has no reference")
      return
    }
    process.signal(9)
    process.waitForEnd()
    let entered = fixture.ledger.entry(
      of: reference, peer: PeerCredentials(processID: process.id, userID: 1), token: 7,
      at: Self.start)
    #expect(entered == nil)
    #expect(fixture.ledger.count == 0)
  }

  @Test("it tells who holds a key, whatever version")
  func holdersOfKey() throws {
    let (first, second) = (try #require(try fixture.enter()), try #require(try fixture.enter()))
    fixture.hand([try Self.version(1, 1)], to: first)
    fixture.hand([try Self.version(1, 1), try Self.version(1, 2)], to: second)
    let third = try #require(try fixture.enter())
    fixture.hand([try Self.version(1, 2)], to: third)
    let key = try Self.version(1).key
    #expect(fixture.ledger.holders(of: key).map(\.token) == [101, 102, 103])
    #expect(fixture.ledger.holders(of: try Self.version(2).key).isEmpty)
    fixture.ledger.remove(first)
    #expect(fixture.ledger.holders(of: key).map(\.token) == [102, 103])
  }

  @Test("a uid that is full pushes nobody out, and leaves room for others") func limits() throws {
    let own = try (0..<3).map { _ in try #require(try fixture.enter(userID: 1000)) }
    #expect(try fixture.enter(userID: 1000) == nil)
    // Whoever is there already still gets in.
    #expect(try fixture.enter(own[0].peer.processID, userID: 1000) === own[0])
    _ = try #require(try fixture.enter(userID: 2000))
    _ = try #require(try fixture.enter(userID: 3000))
    #expect(try fixture.enter(userID: 3000) == nil)
    #expect(fixture.ledger.all.map(\.peer.userID) == [1000, 1000, 1000, 2000, 3000])
    fixture.ledger.remove(own[0])
    #expect(try fixture.enter(userID: 1000) != nil)
  }

  @Test("what a process is handed past a limit is counted, and the process is marked")
  func versionLimits() throws {
    let first = try #require(try fixture.enter())
    fixture.hand(try (1...5).map { try Self.version($0) }, to: first)
    #expect(first.isIncomplete)
    #expect(first.versions.count == 4)
    #expect(fixture.ledger.untracked == 1)
    let second = try #require(try fixture.enter())
    fixture.hand(try (1...4).map { try Self.version($0) }, to: second)
    #expect(!second.isIncomplete)
    let third = try #require(try fixture.enter())
    fixture.hand([try Self.version(1)], to: third)
    #expect(third.isIncomplete)
    #expect(fixture.ledger.untracked == 2)
    // Another uid has its own room.
    let other = try #require(try fixture.enter(userID: 2000))
    fixture.hand(try (1...4).map { try Self.version($0) }, to: other)
    #expect(!other.isIncomplete)
    // What has ended gives its room back.
    fixture.ledger.remove(first)
    fixture.hand([try Self.version(2)], to: third)
    #expect(third.versions.count == 1)
  }

  @Test(
    "where descriptors are few one uid of several gets an eighth of the places as well",
    arguments: [
      (1 << 20, true, 4096, 512), (16_384, true, 4096, 512), (1024, true, 256, 32),
      (16, true, 4, 1), (1 << 20, false, 4096, 512), (1024, false, 256, 256),
    ])
  func descriptors(openFileLimit: Int, isSystem: Bool, holders: Int, ofOneUser: Int) {
    let capacity = ExposureLedger.Capacity(openFileLimit: openFileLimit, isSystem: isSystem)
    #expect(capacity.holders == holders)
    #expect(capacity.holdersOfOneUser == ofOneUser)
  }
}
