internal import Platform
internal import Synchronization

/// One of those who do what no client should, for as long as they are let.
struct LoadAbuser {
  enum Kind: String, CaseIterable {
    /// Lines that come a byte at a time, and never end.
    case drip

    /// Lists by the hundred that nobody reads.
    case unread

    /// Connections by the hundred at once.
    case burst

    /// Answers to inquiries without an end.
    case flood

    /// Wrong passphrases.
    case guess

    /// Bytes of any kind.
    case garbage

    /// Clients that have sent all, or half a line.
    case half

    /// Clients that are gone in the middle of an inquiry.
    case dying

    /// Whether only users are let do it at all.
    var needsUser: Bool {
      switch self {
      case .unread, .guess: true
      case .drip, .burst, .flood, .garbage, .half, .dying: false
      }
    }

    /// How many do it at once.
    ///
    /// All together take fewer connections for long, and fewer places for answers,
    /// than one uid may, so that there is room for the good clients of that uid.
    fileprivate var threadCount: Int {
      switch self {
      case .unread: 16
      case .flood: 4
      case .guess: 2
      case .drip, .burst, .garbage, .half, .dying: 1
      }
    }
  }

  let kind: Kind
  let socketPath: String
  let seconds: Int64

  private static let dripConnections = 60
  private static let burstConnections = 500

  /// Does it for the seconds, then says how often, and exits.
  func run() -> Never {
    let count = Counter()
    for number in 0..<kind.threadCount {
      let copy = self
      try? Thread.start { copy.work(number, count) }
    }
    sleep(milliseconds: Int(seconds) * 1000)
    StandardStream.output.write("\(kind.rawValue) \(count.value)\n")
    Process.exit(0)
  }

  /// Connections that were used, and passphrases that were tried.
  private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }
    func increase(by number: Int = 1) { count.add(number, ordering: .relaxed) }
  }

  private func work(_ number: Int, _ count: Counter) {
    var generator = SystemRandomNumberGenerator()
    while true {
      // Also what does not end counts.
      if kind != .drip && kind != .burst && kind != .guess { count.increase() }
      switch kind {
      case .drip: drip(count)
      case .unread: unread()
      case .burst: burst(count)
      case .flood: flood()
      case .guess: guess(count)
      case .garbage: garbage(&generator)
      case .half: half()
      case .dying: dying()
      }
      sleep(milliseconds: kind == .guess ? 5 : 20)
    }
  }

  private func drip(_ count: Counter) {
    var clients: [LineClient] = []
    while true {
      while clients.count < Self.dripConnections, let client = LineClient(socketPath) {
        clients.append(client)
        count.increase()
      }
      clients.removeAll { !$0.send("N") }
      sleep(milliseconds: 500)
    }
  }

  private func unread() {
    guard let client = LineClient(socketPath) else { return }
    let lists = String(repeating: "LIST --limit=1000\n", count: 100)
    while client.send(lists) {}
  }

  private func burst(_ count: Counter) {
    let clients = (0..<Self.burstConnections).compactMap { _ in LineClient(socketPath) }
    count.increase(by: clients.count)
    sleep(milliseconds: 500)
  }

  private func flood() {
    guard let client = LineClient(socketPath), client.receiveReply().end == .ok,
      client.ask("VERIFY").end == .inquiry
    else { return }
    let line = "D " + String(repeating: "x", count: 990) + "\n"
    while client.send(line) {}
  }

  private func guess(_ count: Counter) {
    guard let client = LineClient(socketPath), client.receiveReply().end == .ok else { return }
    for _ in 0..<100 {
      count.increase()
      let reply = client.ask("UNLOCK", answering: Array("wrong".utf8))
      guard reply.end == .error(11) else { return }
    }
  }

  private func garbage(_ generator: inout SystemRandomNumberGenerator) {
    guard let client = LineClient(socketPath) else { return }
    let count = Int.random(in: 1...8192, using: &generator)
    client.send((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
  }

  private func half() {
    guard let client = LineClient(socketPath), client.receiveReply().end == .ok else { return }
    client.send("STATUS\nNOP\nSHOW me/val")
    client.finishSending()
    while client.receiveReply().end != .lost {}
  }

  private func dying() {
    guard let client = LineClient(socketPath), client.receiveReply().end == .ok else { return }
    guard client.ask("VERIFY").end == .inquiry else { return }
    client.send("D half of a secre")
  }
}
