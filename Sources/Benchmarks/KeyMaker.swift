internal import Platform

/// Makes keys in a vault, and knows how many there must be.
final class KeyMaker {
  private let vault: ThrowawayVault
  private var workspaceCount = 0

  /// How many keys were made, each under its number.
  private(set) var count = 0

  private static let pageCount = 1000

  /// How many keys one workspace gets.
  private static let workspaceKeyCount = 1000

  /// As many as one uid may have, and some left for others.
  private static let manyConnections = 200

  /// With a number of ten digits 64 bytes.
  private static let padding = String(repeating: "v", count: 54)

  init(_ vault: ThrowawayVault) { self.vault = vault }

  // MARK: Making

  /// Issues user keys.
  ///
  /// - Parameters:
  ///   - end: When no more are made.
  ///   - connectionCount: From how many connections.
  /// - Returns: What came of it.
  /// - Throws: ``BenchmarkError`` if one cannot be made.
  func create(
    _ end: WriteStorm.End, connectionCount: Int
  ) throws(BenchmarkError) -> WriteStorm.Figures {
    try storm(end, connectionCount) { "CREATE me/key-\($0)\n" }
  }

  /// The same with values that somebody else has issued, each another one: of others
  /// with the same value the daemon would tell.
  func importValues(
    _ end: WriteStorm.End, connectionCount: Int
  ) throws(BenchmarkError) -> WriteStorm.Figures {
    try storm(end, connectionCount) {
      "IMPORT me/key-\($0)\nD \(Self.padding)\(1_000_000_000 + $0)\nEND\n"
    }
  }

  /// Issues keys in workspaces, in the fastest way: from so many connections that each
  /// sync covers hundreds of them.
  ///
  /// - Parameter total: How many keys there are then.
  /// - Throws: ``BenchmarkError`` if one cannot be made.
  func fill(to total: Int) throws(BenchmarkError) {
    let needed = (total + Self.workspaceKeyCount - 1) / Self.workspaceKeyCount
    let client = try vault.connect()
    while workspaceCount < needed {
      guard client.ask("WORKSPACE ADD \(Self.workspace(workspaceCount))").end == .ok else {
        throw BenchmarkError("a workspace could not be added")
      }
      workspaceCount += 1
    }
    _ = try storm(.afterRequests(total - count), Self.manyConnections, depth: 4) {
      "CREATE \(Self.key($0))\n"
    }
  }

  /// The name of a workspace, in which the keys lie by the thousand.
  static func workspace(_ number: Int) -> String { "space-\(number)" }

  /// The name of a key that was made to fill the vault.
  static func key(_ number: Int) -> String {
    "\(workspace(number / workspaceKeyCount))/key-\(number)"
  }

  private func storm(
    _ end: WriteStorm.End, _ connectionCount: Int, depth: Int = 1,
    _ request: @escaping (Int) -> String
  ) throws(BenchmarkError) -> WriteStorm.Figures {
    let first = count
    let figures = try WriteStorm(
      socketPath: vault.socketPath, connectionCount: connectionCount, depth: depth
    ) { Array(request(first + $0).utf8) }.run(end)
    count += figures.doneCount
    return figures
  }

  // MARK: Checking

  /// Lists all keys, and compares how many there are with how many were answered.
  ///
  /// - Parameter others: How many were made by somebody else.
  /// - Throws: ``BenchmarkError`` if it is another number.
  func checkCount(besides others: Int = 0) throws(BenchmarkError) {
    let client = try vault.connect()
    var listed = 0
    var after: String? = ""
    while let id = after {
      let place = id.isEmpty ? "" : " --after=\(id)"
      let reply = client.ask("LIST --limit=\(Self.pageCount)" + place)
      guard reply.end == .ok else { throw BenchmarkError("LIST: \(reply.end)") }
      let lines = reply.statuses.map { String(decoding: $0, as: UTF8.self) }
      listed += lines.count { $0.hasPrefix("KEY ") }
      after = lines.last { $0.hasPrefix("MORE after=") }.map { String($0.dropFirst(11)) }
    }
    guard listed == count + others else {
      throw BenchmarkError("\(count + others) keys were made, but \(listed) are listed")
    }
  }
}

extension ThrowawayVault {
  /// How long the file of the live records is.
  func recordsByteCount() throws(BenchmarkError) -> Int {
    try attempting(statePath) { () throws(Errno) in
      let directory = try Directory(opening: statePath)
      var longest = 0
      for name in try directory.names() where name.hasPrefix("records.") {
        longest = max(longest, try directory.status(of: name)?.byteCount ?? 0)
      }
      return longest
    }
  }
}
