import Glibc
import Platform
import Testing

@Suite("Epoll")
struct EpollTests {
  @Test("tells who is readable by its token", arguments: [0, 1, .max] as [UInt64])
  func tellsToken(token: UInt64) throws {
    var epoll = try Epoll()
    let wakeup = try Wakeup()
    try wakeup.withRawValue { (raw) throws(Errno) in
      try epoll.add(raw, token: token, interest: .reading)
    }
    wakeup.signal()
    let events = try epoll.wait()
    #expect(events.map(\.token) == [token])
    #expect(events.allSatisfy { $0.isReadable && !$0.isWritable && !$0.isHangUp })
  }

  @Test("tells all that has happened, a few at a time") func tellsSeveral() throws {
    var epoll = try Epoll(capacity: 2)
    let one = try Sockets.pair()
    let other = try Sockets.pair()
    // Each of them can be written to as soon as it is there.
    let descriptors = [
      one.one.withRawValue { $0 }, one.other.withRawValue { $0 }, other.one.withRawValue { $0 },
    ]
    for (index, raw) in descriptors.enumerated() {
      try epoll.add(raw, token: UInt64(index), interest: .writing)
    }
    #expect(try epoll.wait().count == 2)
    var seen: Set<UInt64> = []
    for _ in 0..<3 { seen.formUnion(try epoll.wait().map(\.token)) }
    #expect(seen == [0, 1, 2])
  }

  @Test("waits for what it was told last") func changesInterest() throws {
    var epoll = try Epoll()
    let pair = try Sockets.pair()
    let raw = pair.one.withRawValue { $0 }
    try epoll.add(raw, token: 7, interest: [.reading, .writing])
    let first = try epoll.wait()
    #expect(first.map(\.isWritable) == [true])
    #expect(first.map(\.isReadable) == [false])
    _ = try pair.other.send("x".utf8.span)
    try epoll.modify(raw, token: 8, interest: .reading)
    let second = try epoll.wait()
    #expect(second.map(\.token) == [8])
    #expect(second.map(\.isWritable) == [false])
    #expect(second.map(\.isReadable) == [true])
  }

  @Test("tells of a peer that is gone, whatever is waited for") func tellsHangUp() throws {
    var epoll = try Epoll()
    let pair = try Sockets.pair()
    let one = pair.one
    try epoll.add(one.withRawValue { $0 }, token: 1, interest: [])
    Sockets.close(pair.other)
    #expect(try epoll.wait().map(\.isHangUp) == [true])
  }

  @Test("forgets what is closed") func forgetsClosed() throws {
    var epoll = try Epoll()
    let kept = try Wakeup()
    try epoll.add(kept.withRawValue { $0 }, token: 2, interest: .reading)
    do {
      let closed = try Wakeup()
      try epoll.add(closed.withRawValue { $0 }, token: 1, interest: .reading)
      closed.signal()
      #expect(try epoll.wait().map(\.token) == [1])
    }
    kept.signal()
    #expect(try epoll.wait().map(\.token) == [2])
  }

  @Test("reports what cannot be waited for") func reportsMistakes() throws {
    let epoll = try Epoll()
    let wakeup = try Wakeup()
    let raw = wakeup.withRawValue { $0 }
    #expect(throws: Errno.notFound) { try epoll.modify(raw, token: 1, interest: .reading) }
    try epoll.add(raw, token: 1, interest: .reading)
    #expect(throws: Errno.exists) { try epoll.add(raw, token: 1, interest: .reading) }
    #expect(throws: Errno(code: EBADF)) { try epoll.add(1 << 30, token: 1, interest: .reading) }
  }
}

@Suite("Wakeup")
struct WakeupTests {
  @Test("is readable from the first signal until it is cleared") func signals() throws {
    let wakeup = try Wakeup()
    let raw = wakeup.withRawValue { $0 }
    #expect(!Sockets.isReadable(raw))
    for _ in 0..<1000 { wakeup.signal() }
    #expect(Sockets.isReadable(raw))
    wakeup.clear()
    #expect(!Sockets.isReadable(raw))
    // Clearing what is clear waits for nothing.
    wakeup.clear()
    wakeup.signal()
    #expect(Sockets.isReadable(raw))
  }

  @Test("wakes a loop from another thread") func wakesLoop() throws {
    var epoll = try Epoll()
    let wakeup = try Wakeup()
    let raw = wakeup.withRawValue { $0 }
    try epoll.add(raw, token: 3, interest: .reading)
    let handoff = Handoff(wakeup)
    let kept = try BlockingQueue<Bool>()
    try Thread.start {
      guard let wakeup = handoff.take() else { return }
      sleep(milliseconds: 20)
      wakeup.signal()
      // It must not be closed before the loop has seen it.
      _ = kept.next()
    }
    #expect(try epoll.wait().map(\.token) == [3])
    kept.append(true)
  }
}

@Suite("Timer")
struct TimerTests {
  @Test("fires at its moment, and not before") func fires() throws {
    let timer = try Timer()
    let raw = timer.withRawValue { $0 }
    let due = BootInstant.now.advanced(byMilliseconds: 100)
    try timer.set(due)
    let wasEarly = Sockets.isReadable(raw) && BootInstant.now < due
    #expect(!wasEarly)
    #expect(Sockets.isReadable(raw, within: 10_000))
    #expect(BootInstant.now >= due)
    timer.clear()
    #expect(!Sockets.isReadable(raw))
  }

  @Test("fires at once for a moment that has passed", arguments: [.min, -1, 0, 1] as [Int64])
  func firesAtOnce(nanoseconds: Int64) throws {
    let timer = try Timer()
    try timer.set(BootInstant(nanoseconds: nanoseconds))
    #expect(timer.withRawValue { Sockets.isReadable($0, within: 10_000) })
  }

  @Test("nil sets no moment, and forgets one that has come") func disarms() throws {
    let timer = try Timer()
    let raw = timer.withRawValue { $0 }
    try timer.set(BootInstant.now.advanced(byMilliseconds: 30))
    try timer.set(nil)
    #expect(!Sockets.isReadable(raw, within: 100))
    try timer.set(BootInstant(nanoseconds: 1))
    try #require(Sockets.isReadable(raw, within: 10_000))
    try timer.set(nil)
    #expect(!Sockets.isReadable(raw))
  }

  @Test("the last moment that was set counts") func resets() throws {
    let timer = try Timer()
    let raw = timer.withRawValue { $0 }
    try timer.set(BootInstant.now.advanced(byMilliseconds: 30))
    try timer.set(BootInstant.now.advanced(bySeconds: 3600))
    #expect(!Sockets.isReadable(raw, within: 100))
    try timer.set(BootInstant.now)
    #expect(Sockets.isReadable(raw, within: 10_000))
  }
}

@Suite("Clock")
struct ClockTests {
  @Test("the boot clock goes on, and counts sleep") func goesOn() {
    let before = BootInstant.now
    sleep(milliseconds: 50)
    let after = BootInstant.now
    #expect(after >= before.advanced(byMilliseconds: 50))
    #expect(after < before.advanced(bySeconds: 60))
  }

  @Test("counts whole seconds between moments, also backwards") func countsSeconds() {
    let start = BootInstant(nanoseconds: 5_000_000_000)
    #expect(start.advanced(bySeconds: 90).seconds(since: start) == 90)
    #expect(start.advanced(byMilliseconds: 1999).seconds(since: start) == 1)
    #expect(start.advanced(byMilliseconds: 999).seconds(since: start) == 0)
    #expect(start.seconds(since: start.advanced(bySeconds: 2)) == -2)
    #expect(start.advanced(bySeconds: -5) == BootInstant(nanoseconds: 0))
    #expect(start < start.advanced(byMilliseconds: 1))
  }

  @Test("the clock on the wall is the system's") func tellsWallTime() {
    let before = Int64(time(nil))
    let told = WallClock.secondsSinceEpoch
    // time(2) may be behind by a tick.
    #expect((before...(Int64(time(nil)) + 1)).contains(told))
  }
}
