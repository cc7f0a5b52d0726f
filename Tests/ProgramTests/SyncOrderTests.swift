import TestSupport
import Testing

/// What is on the device before a name or an answer tells of it, by the calls themselves.
@Suite("Order of syncs", .enabled(if: Programs.canTrace, "needs strace and root"))
struct SyncOrderTests {
  private static let calls = [
    "openat", "pwrite64", "ftruncate", "fsync", "fdatasync", "renameat", "unlinkat", "sendto",
  ]

  @Test(
    "slots are put in place, answers sent and files removed only when what they tell is synced",
    arguments: SweptOperation.all)
  func order(_ operation: SweptOperation) throws {
    let base = try KillSweepTests.base(operation)
    let fixture = try KillSweepTests.copy(of: base, operation)
    let path = fixture.directory.path("trace")
    let tracer = InjectedFaults(
      try #require(fixture.daemonID), [], tracing: Self.calls, into: path)
    #expect(try operation.run(fixture))
    tracer.end()
    var device = WatchedDevice(directory: fixture.statePath)
    for line in String(decoding: Files.read(path), as: UTF8.self).split(separator: "\n") {
      device.note(line)
    }
    #expect(device.problems.isEmpty, "\(device.problems)")
    #expect(device.syncs > 0 && device.answers > 0)
    let replacesSlots = !["create", "rotate"].contains(operation.testDescription)
    #expect((device.replacements > 0) == replacesSlots)
  }

  @Test("changes that come while one is synced share the next sync, decided in turn")
  func shared() throws {
    let fixture = VaultFixture()
    fixture.startDaemon()
    fixture.initializeWithKeys()
    let path = fixture.directory.path("trace")
    let tracer = InjectedFaults(
      try #require(fixture.daemonID), ["fdatasync:delay_enter=500000"], into: path)
    let clients = try (0..<20).map { _ in try fixture.connect() }
    for (number, client) in clients.enumerated() {
      // Each second one wants what the one before has wanted.
      client.send("CREATE me/key-\(number / 2)\n")
    }
    let replies = clients.map { $0.readReply() }
    tracer.end()
    for pair in stride(from: 0, to: 20, by: 2) {
      let isDone = replies[pair...pair + 1].map { $0.last == "OK" }
      #expect(isDone.count { $0 } == 1, "both or none made me/key-\(pair / 2)")
    }
    let syncs = String(decoding: Files.read(path), as: UTF8.self).split(separator: "\n")
      .count { $0.contains("fdatasync(") && $0.contains("/records.1>") }
    // The first alone, and all others, or as many as had come by then.
    #expect((1...3).contains(syncs), "\(syncs) syncs of 20 changes")
  }
}

/// A device, as the calls of a daemon leave it, that keeps only what was synced.
private struct WatchedDevice {
  private(set) var problems: [String] = []
  private(set) var syncs = 0
  private(set) var answers = 0

  /// How often the slots got their name.
  private(set) var replacements = 0

  private let directory: String
  private var moment = 0

  /// When each file was last written, and the directory last changed.
  private var changes: [String: Int] = [:]

  /// Up to which moment each is on the device.
  private var synced: [String: Int] = [:]

  /// Files that no slots name yet.
  private var unnamed: Set<String> = []

  /// Calls that others have interrupted in the trace, by their threads.
  private var begun: [Substring: (call: Substring, moment: Int)] = [:]

  init(directory: String) { self.directory = directory }

  /// Takes note of a line of strace.
  mutating func note(_ line: Substring) {
    moment += 1
    // strace fills a short thread id up to five columns.
    let thread = line.prefix { $0 != " " }
    let text = line.dropFirst(thread.count).drop { $0 == " " }
    guard !text.isEmpty else { return }
    if text.hasSuffix("<unfinished ...>") {
      begun[thread] = (text, moment)
      begin(text)
    } else if text.hasPrefix("<... ") {
      guard let (call, beginning) = begun.removeValue(forKey: thread) else { return }
      if !text.contains(") = -1 ") { finish(call, begunAt: beginning) }
    } else {
      begin(text)
      if !text.contains(" = -1 ") { finish(text, begunAt: moment) }
    }
  }

  private mutating func begin(_ call: Substring) {
    if call.hasPrefix("sendto(") {
      answers += 1
      // Rows may be synced later; what changes the vault may not.
      for name in changes.keys where name.hasPrefix("records.") && !unnamed.contains(name) {
        require(name, "an answer")
      }
    }
    if call.hasPrefix("renameat(") {
      for name in unnamed { require(name, "the name of the slots") }
      require("", "the name of the slots")
    }
    if call.hasPrefix("unlinkat("), call.contains("\"records.") || call.contains("\"audit.") {
      require("", "a removal")
    }
  }

  private mutating func finish(_ call: Substring, begunAt beginning: Int) {
    switch call.prefix(while: { $0 != "(" }) {
    case "openat" where call.contains("O_CREAT"):
      guard let name = call.split(separator: "\"").dropFirst().first.map(String.init) else {
        return
      }
      unnamed.insert(name)
      // Where that name is lost, the slots have not got theirs.
      if name != "slots.new" { changes[""] = moment }
    case "pwrite64", "ftruncate": if let name = file(of: call) { changes[name] = moment }
    case "fsync", "fdatasync":
      guard let name = file(of: call) else { return }
      syncs += 1
      synced[name] = max(synced[name] ?? 0, beginning)
    case "renameat":
      replacements += 1
      unnamed = []
      changes[""] = moment
    default: break
    }
  }

  /// The name of a call's file; empty for the directory.
  private func file(of call: Substring) -> String? {
    guard let path = call.split(separator: "<").dropFirst().first?.prefix(while: { $0 != ">" }),
      path.hasPrefix(directory)
    else { return nil }
    return String(path.dropFirst(directory.count + 1))
  }

  private mutating func require(_ name: String, _ what: String) {
    guard let change = changes[name], change > synced[name] ?? 0 else { return }
    problems.append("\(name.isEmpty ? "the directory" : name) was not synced before \(what)")
  }
}
