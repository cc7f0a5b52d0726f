internal import Platform

/// A vault with a number of keys, and what is asked of it.
final class LargeVault {
  let size: Int

  /// How fast its keys were made.
  let madePerSecond: Double
  private var vault: ThrowawayVault
  private let keys: KeyMaker

  /// The text of a key that reaches one workspace.
  private let text: String

  /// How much memory its daemon has, when it has just been opened.
  private(set) var residentByteCount = 0

  private static let pageCount = 100
  private static let settlingMilliseconds = 500

  /// Makes the vault and its keys.
  ///
  /// - Parameters:
  ///   - bench: What it is made on.
  ///   - size: How many keys.
  /// - Throws: ``BenchmarkError`` if that fails.
  init(_ bench: Workbench, _ size: Int) throws(BenchmarkError) {
    self.size = size
    vault = try ThrowawayVault(bench, "scale-\(size)")
    keys = KeyMaker(vault)
    let watch = Stopwatch()
    try keys.fill(to: size)
    madePerSecond = Double(size) * 1000 / watch.milliseconds
    let created = try vault.ask("CREATE \(KeyMaker.workspace(0))/verified")
    text = String(decoding: created.data, as: UTF8.self)
  }

  /// Whole thousands have no digits of their own.
  var subject: String {
    size.isMultiple(of: 1000) ? "\(size / 1000)k keys" : "\(size) keys"
  }

  func remove() { vault.remove() }

  // MARK: Long work

  /// Starts the daemon anew, and opens the vault.
  func restart() throws(BenchmarkError) {
    vault.endDaemon()
    try vault.startDaemon()
    try unlock()
    sleep(milliseconds: Self.settlingMilliseconds)
    residentByteCount = DaemonFootprint(of: vault.daemon).resident * 1024
  }

  private func unlock() throws(BenchmarkError) {
    try vault.ask("UNLOCK --key-file", answering: Array(ThrowawayVault.keyFile.utf8))
  }

  /// How long it takes to open the vault from a key file, which costs no derivation.
  func millisecondsToUnlock() throws(BenchmarkError) -> Double {
    try vault.ask("LOCK")
    let watch = Stopwatch()
    try unlock()
    return watch.milliseconds
  }

  /// How long it takes to write all anew; it is a compaction with another key, which
  /// reseals the audit as well.
  func millisecondsToCompact() throws(BenchmarkError) -> Double {
    let watch = Stopwatch()
    try vault.ask("REKEY", answering: Array(ThrowawayVault.keyFile.utf8))
    return watch.milliseconds
  }

  // MARK: Requests

  private func exchange(
    _ name: String, _ request: String, _ ending: String
  ) throws(BenchmarkError) -> Exchange {
    try Exchange(
      sampling: name, at: vault.socketPath, greeting: Exchange.cofferGreeting, request: request,
      ending: ending)
  }

  /// The exchange that gives a value, which is imported first unless it is there.
  func env(_ value: String) throws(BenchmarkError) -> Exchange {
    let client = try vault.connect()
    if client.ask("SHOW me/value").end != .ok {
      try vault.ask("IMPORT me/value --env=VALUE", answering: Array(value.utf8))
    }
    return try exchange("ENV", "ENV me/value\n", "D VALUE=\(value)\0\nOK\n")
  }

  /// The exchange that lists so many keys behind one in the middle, or of a small vault
  /// the first ones.
  func page() throws(BenchmarkError) -> Exchange {
    var after = ""
    if size >= 3 * Self.pageCount {
      let shown = try vault.ask("SHOW \(KeyMaker.key(size / 2))")
      let lines = shown.statuses.map { String(decoding: $0, as: UTF8.self) }
      guard let id = lines.first(where: { $0.hasPrefix("id=") })?.dropFirst(3) else {
        throw BenchmarkError("SHOW: without an id")
      }
      after = " --after=\(id)"
    }
    return try exchange("LIST", "LIST --limit=\(Self.pageCount)\(after)\n", "\nOK\n")
  }

  func verification() throws(BenchmarkError) -> Exchange {
    try exchange("VERIFY", "VERIFY\nD \(text)\nEND\n", "\nOK\n")
  }

  /// How many keys are made in a second.
  func create(milliseconds: Int64, connectionCount: Int) throws(BenchmarkError) -> Double {
    try keys.create(.after(milliseconds: milliseconds), connectionCount: connectionCount)
      .perSecond
  }

  /// Looks whether all keys are there.
  ///
  /// - Throws: ``BenchmarkError`` if not.
  func checkCount() throws(BenchmarkError) {
    // Those that were not made by number: the one that is verified, and the value.
    try keys.checkCount(besides: 2)
  }
}
