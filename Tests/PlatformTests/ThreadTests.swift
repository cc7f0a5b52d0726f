import Glibc
import Platform
import Testing

@Suite("Thread")
struct ThreadTests {
  @Test("runs beside the thread that started it") func runsBeside() throws {
    let own = pthread_self()
    let answers = try BlockingQueue<Bool>()
    try Thread.start { answers.append(pthread_equal(own, pthread_self()) == 0) }
    #expect(answers.next())
  }

  @Test("lets go of what it held when it ends") func releases() throws {
    let (reader, writer) = try FileDescriptorTests.pipe()
    let source = FileDescriptor(owning: reader)
    let handoff = Handoff(FileDescriptor(owning: writer))
    try Thread.start { _ = handoff.take() }
    #expect(try source.readAll(limit: 1) == [])
  }
}

@Suite("BlockingQueue")
struct BlockingQueueTests {
  @Test("hands elements on in their order") func keepsOrder() throws {
    let queue = try BlockingQueue<Int>()
    for number in 0..<1000 { queue.append(number) }
    #expect((0..<1000).map { _ in queue.next() } == Array(0..<1000))
  }

  @Test("waits until there is an element") func waits() throws {
    let queue = try BlockingQueue<BootInstant>()
    let start = BootInstant.now
    try Thread.start {
      sleep(milliseconds: 50)
      queue.append(.now)
    }
    #expect(queue.next() >= start.advanced(byMilliseconds: 50))
  }

  @Test("loses and doubles nothing between many threads") func servesThreads() throws {
    struct Element: Sendable {
      let producer: Int
      let number: Int
    }
    let queue = try BlockingQueue<Element>()
    let results = try BlockingQueue<[Element]>()
    for producer in 0..<4 {
      try Thread.start {
        for number in 0..<500 { queue.append(Element(producer: producer, number: number)) }
      }
      try Thread.start { results.append((0..<500).map { _ in queue.next() }) }
    }
    let taken = (0..<4).map { _ in results.next() }
    for producer in 0..<4 {
      // What one thread appends, one other thread takes in the same order.
      for part in taken {
        let numbers = part.filter { $0.producer == producer }.map(\.number)
        #expect(numbers == numbers.sorted())
      }
      let all = taken.flatMap(\.self).filter { $0.producer == producer }.map(\.number)
      #expect(all.sorted() == Array(0..<500))
    }
  }
}

@Suite("Handoff")
struct HandoffTests {
  /// The length of the secret that is taken; nil if it is gone.
  static func takenCount(_ handoff: Handoff<Secret>) -> Int? {
    guard let secret = handoff.take() else { return nil }
    return secret.count
  }

  @Test("gives its value to the first who asks") func givesOnce() throws {
    let handoff = Handoff(try Secret(copying: "abc".utf8.span))
    #expect(Self.takenCount(handoff) == 3)
    #expect(Self.takenCount(handoff) == nil)
  }

  @Test("gives its value to one of many threads") func givesToOne() throws {
    for _ in 0..<50 {
      let handoff = Handoff(try FileDescriptor.open("/dev/null", flags: O_RDONLY))
      let results = try BlockingQueue<Bool>()
      for _ in 0..<4 { try Thread.start { results.append(handoff.take() != nil) } }
      #expect((0..<4).count { _ in results.next() } == 1)
    }
  }

  @Test("releases what nobody took") func releases() throws {
    let (reader, writer) = try FileDescriptorTests.pipe()
    let source = FileDescriptor(owning: reader)
    do { _ = Handoff(FileDescriptor(owning: writer)) }
    #expect(try source.readAll(limit: 1) == [])
  }
}
