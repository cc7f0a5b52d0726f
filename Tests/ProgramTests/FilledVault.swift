import Glibc
import Platform
import TestSupport
import Testing

/// A vault with a number of keys, in memory where that is possible: what a disk takes
/// would hide what the number of keys does.
final class FilledVault {
  let vault: VaultFixture
  let size: Int

  /// Who asks; anew after each start of the daemon.
  private(set) var client: AssuanClient

  /// The numbers of some keys, and the texts that were shown when they were created.
  private(set) var samples: [(number: Int, text: String)] = []
  private static let sampleCount = 50

  /// How many keys one workspace gets.
  private static let workspaceSize = 1000

  /// So many are created over so many connections at a time, so that they are committed
  /// together.
  private static let connectionCount = 32
  private static let depth = 32
  private static let pageSize = 1000

  private static var parent: String { access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp" }

  /// Makes the vault and its keys; it is open then.
  init(_ size: Int) throws {
    self.size = size
    vault = VaultFixture(in: Self.parent)
    vault.initialize()
    client = try vault.connect()
    for number in 0...(size / Self.workspaceSize) {
      #expect(client.ask("WORKSPACE ADD space-\(number)").last == "OK")
    }
    try fill()
  }

  /// The name of a key by its number.
  static func key(_ number: Int) -> String { "space-\(number / workspaceSize)/key-\(number)" }

  private func fill() throws {
    let clients = try (0..<Self.connectionCount).map { _ in try vault.connect() }
    var starts = stride(from: 0, to: size, by: Self.depth).makeIterator()
    var started: [(AssuanClient, Range<Int>)] = []
    repeat {
      started = clients.compactMap { client in
        starts.next().map { (client, $0..<min($0 + Self.depth, size)) }
      }
      for (client, numbers) in started {
        client.send(numbers.map { "CREATE \(Self.key($0))\n" }.joined())
      }
      for (client, numbers) in started {
        for number in numbers { note(client.readReply(), of: number) }
      }
    } while !started.isEmpty
  }

  private func note(_ reply: [String], of number: Int) {
    guard reply.count == 3, reply[1].hasPrefix("D cof_wk_"), reply[2] == "OK" else {
      Issue.record("CREATE \(Self.key(number)): \(reply.last ?? "nothing")")
      return
    }
    guard number.isMultiple(of: max(size / Self.sampleCount, 1)) else { return }
    samples.append((number, String(reply[1].dropFirst(2))))
  }

  // MARK: Unlocking

  /// Starts the daemon anew, and opens the vault.
  ///
  /// - Returns: How many bytes of memory it has then.
  func restart() throws -> Int {
    vault.killDaemon()
    vault.startDaemon()
    client = try vault.connect()
    #expect(vault.unlock(over: client))
    return Footprint(of: try #require(vault.daemonID)).resident * 1024
  }

  /// How many milliseconds it takes to open the vault, which is locked before.
  func timeToUnlock() -> Double {
    #expect(client.ask("LOCK").last == "OK")
    return milliseconds { #expect(vault.unlock(over: client)) }
  }

  // MARK: Listing

  /// A key that was listed.
  struct Listed {
    let id: String
    let name: String
  }

  /// Lists a page.
  ///
  /// - Parameters:
  ///   - id: The key before it; nil for the first one.
  ///   - limit: The most keys on it.
  /// - Returns: The keys, and the last one's id if there are more.
  func page(after id: String?, limit: Int) -> (keys: [Listed], more: String?) {
    let reply = client.ask("LIST --limit=\(limit)" + (id.map { " --after=\($0)" } ?? ""))
    #expect(reply.last == "OK")
    let keys = reply.filter { $0.hasPrefix("S KEY id=") }.map { line in
      let words = line.split(separator: " ", maxSplits: 4)
      return Listed(id: String(words[2].dropFirst(3)), name: String(words[3].dropFirst(5)))
    }
    let more = reply.first { $0.hasPrefix("S MORE after=") }
    return (keys, more.map { String($0.dropFirst(13)) })
  }

  /// All keys, page by page.
  func all() -> [Listed] {
    var page = page(after: nil, limit: Self.pageSize)
    var keys = page.keys
    while let id = page.more {
      page = self.page(after: id, limit: Self.pageSize)
      keys += page.keys
    }
    return keys
  }
}

/// How many milliseconds `body` takes.
func milliseconds(_ body: () -> Void) -> Double {
  let start = BootInstant.now
  body()
  return Double(BootInstant.now.nanoseconds - start.nanoseconds) / 1e6
}
