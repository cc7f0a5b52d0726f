import Platform
import Testing

@testable import Daemon

@Suite("ConnectionRoom")
struct ConnectionRoomTests {
  /// Connections of uids, in the order in which they were last heard.
  static func room(_ groups: [(userID: UInt32, isKnown: Bool, count: Int)]) -> ConnectionRoom {
    var holders: [ConnectionRoom.Holder] = []
    for group in groups {
      for _ in 0..<group.count {
        let number = holders.count
        holders.append(
          ConnectionRoom.Holder(
            id: UInt64(number), userID: group.userID, isKnown: group.isKnown,
            lastHeard: BootInstant(nanoseconds: Int64(number))))
      }
    }
    return ConnectionRoom(holders)
  }

  @Test("a uid has so many connections and no more") func ofOneUID() {
    let known = Self.room([(1, true, 255)])
    #expect(known.verdict(for: 1, isKnown: true) == .granted)
    let most = Self.room([(1, true, 256)])
    #expect(most.verdict(for: 1, isKnown: true) == .refused(own: 256))
    #expect(most.verdict(for: 2, isKnown: true) == .granted)
    let stranger = Self.room([(1, false, 128)])
    #expect(stranger.verdict(for: 1, isKnown: false) == .refused(own: 128))
    #expect(stranger.verdict(for: 1, isKnown: true) == .granted)
  }

  @Test("strangers together have a part, and then the longest silent of them ends")
  func strangers() {
    let groups = (0..<3).map { (UInt32(100 + $0), false, 128) } + [(200, false, 128)]
    let room = Self.room([(1, true, 10)] + groups)
    #expect(room.verdict(for: 300, isKnown: false) == .grantedEnding(10))
    #expect(room.verdict(for: 2, isKnown: true) == .granted)
  }

  @Test("strangers never take what is reserved, nor a user's connection") func reserve() {
    let users = (1...4).map { (UInt32($0), true, 240) }
    let full = Self.room(users)
    #expect(full.verdict(for: 300, isKnown: false) == .refusedFull(960))
    #expect(full.verdict(for: 5, isKnown: true) == .granted)
    let one = Self.room(users + [(300, false, 1)])
    #expect(one.verdict(for: 301, isKnown: false) == .grantedEnding(960))
  }

  @Test("with all taken, who has the most gives one to the next") func full() {
    let room = Self.room([
      (1, true, 250), (2, true, 256), (3, true, 256), (4, true, 256), (5, true, 6),
    ])
    #expect(room.verdict(for: 0, isKnown: true) == .grantedEnding(250))
    #expect(room.verdict(for: 5, isKnown: true) == .grantedEnding(250))
  }
}
