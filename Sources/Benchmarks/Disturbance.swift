internal import Platform
internal import Synchronization

/// Work of a daemon that others should not notice.
enum Disturbance: String, CaseIterable {
  case importing = "another imports"
  case passphrase = "passphrases are checked"
  case compaction = "compaction"
  case backup = "backup"

  /// What the vault must be opened with: the costs of a passphrase are no part of other
  /// work.
  var opening: ThrowawayVault.Opening {
    switch self {
    case .passphrase: .withPassphrase
    case .importing, .compaction, .backup: .withKeyFile
    }
  }

  /// Lets the daemon do it once.
  ///
  /// - Parameters:
  ///   - client: Who asks for it.
  ///   - name: A name that no key has.
  /// - Returns: Whether it was done rightly.
  fileprivate func act(_ client: LineClient, _ name: String) -> Bool {
    let keyFile = Array(ThrowawayVault.keyFile.utf8)
    switch self {
    case .importing:
      return client.ask("IMPORT me/\(name)", answering: Array(name.utf8)).end == .ok
    case .passphrase:
      let wrong = client.ask("UNLOCK", answering: Array("wrong".utf8))
      // The right one costs as much, and ends the rest after wrong ones.
      let right = client.ask("UNLOCK", answering: Array(ThrowawayVault.passphrase.utf8))
      return wrong.end == .error(11) && right.end == .ok
    case .compaction:
      // The same as compaction, and seals the audit anew as well.
      return client.ask("REKEY", answering: keyFile).end == .ok
    case .backup:
      let reply = client.ask("BACKUP --key-file", answering: keyFile)
      return reply.end == .ok && !reply.data.isEmpty
    }
  }
}

/// Who lets a daemon work, again and again, on a thread.
final class Disturber: Sendable {
  private let isOver = Atomic<Bool>(false)
  private let outcomes: BlockingQueue<Bool>

  /// Begins.
  ///
  /// - Parameters:
  ///   - disturbance: What the daemon does.
  ///   - socketPath: Where it listens.
  /// - Throws: ``BenchmarkError`` if there is no thread for it.
  init(_ disturbance: Disturbance, at socketPath: String) throws(BenchmarkError) {
    do throws(Errno) {
      outcomes = try BlockingQueue()
      try Thread.start { [self] in
        outcomes.append(work(disturbance, socketPath))
      }
    } catch {
      throw BenchmarkError("a thread", error)
    }
  }

  private func work(_ disturbance: Disturbance, _ socketPath: String) -> Bool {
    guard let client = LineClient(socketPath), client.receiveReply().end == .ok else {
      return false
    }
    var number = BootInstant.now.nanoseconds
    repeat {
      number += 1
      guard disturbance.act(client, "disturbance-\(number)") else { return false }
    } while !isOver.load(ordering: .relaxed)
    return true
  }

  /// Ends it when what is being done is done.
  ///
  /// - Returns: Whether all was done rightly.
  func end() -> Bool {
    isOver.store(true, ordering: .relaxed)
    return outcomes.next()
  }
}
