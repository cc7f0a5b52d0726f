import Platform
import Synchronization
import TestSupport
import Testing

/// Example 23: a revocation that was answered holds for whatever starts after it.
@Suite("Revoking while clients verify")
struct RevocationRaceTests {
  /// What the clients of a round know of it, and what they have found.
  private final class Round: Sendable {
    let text: String
    let socketPath: String

    /// When the answer to the revocation had arrived.
    let revoked = Mutex<BootInstant?>(nil)
    let tally = Mutex(Tally())

    struct Tally {
      var acceptedBefore = 0
      var deniedAfter = 0
      var acceptedAfter = 0
      var failures: [String] = []
    }

    init(_ text: String, _ socketPath: String) {
      self.text = text
      self.socketPath = socketPath
    }

    /// Asks on all connections at once, again and again, until each was answered
    /// several times after the revocation.
    func ask(_ connections: Int, _ line: String, isInquired: Bool) {
      let clients = (0..<connections).compactMap { _ in try? AssuanClient(socketPath) }
      for client in clients { _ = client.readLine() }
      guard clients.count == connections else {
        return tally.withLock { $0.failures.append("a client could not connect") }
      }
      var roundsAfter = 0
      while roundsAfter < 3 {
        let isAfter = revoked.withLock { $0 != nil }
        var starts: [BootInstant] = []
        for client in clients {
          starts.append(.now)
          client.send(isInquired ? "\(line)\nD \(text)\nEND\n" : line + "\n")
        }
        for (client, start) in zip(clients, starts) { note(answer(of: client), start) }
        if isAfter { roundsAfter += 1 }
      }
    }

    private func answer(of client: AssuanClient) -> String {
      let reply = client.readReply()
      guard reply.last?.hasPrefix("INQUIRE") == true else { return reply.last ?? "nothing" }
      return client.readReply().last ?? "nothing"
    }

    private func note(_ answer: String, _ start: BootInstant) {
      let moment = revoked.withLock { $0 }
      tally.withLock { tally in
        if let moment, start > moment {
          if answer == "OK" { tally.acceptedAfter += 1 } else { tally.deniedAfter += 1 }
        } else if answer == "OK" {
          tally.acceptedBefore += 1
        }
        guard answer == "OK" || answer.contains("denied") || answer.contains("not found") else {
          return tally.failures.append(answer)
        }
      }
    }
  }

  @Test("of 64 clients none is told that a text is valid, once its revocation was answered")
  func race() throws {
    let fixture = VaultFixture()
    fixture.initializeWithKeys()
    let owner = try fixture.connect()
    let ended = try BlockingQueue<Bool>()
    for number in 0..<24 {
      let round = Round(fixture.coffer("create", "web/ci-\(number)").line, fixture.socketPath)
      for thread in 0..<4 {
        try Thread.start {
          // One in four injects; the others verify.
          let isInquired = thread > 0
          round.ask(
            16, isInquired ? "VERIFY" : "ENV web/ci-\(number)", isInquired: isInquired)
          ended.append(true)
        }
      }
      let isBusy = eventually { round.tally.withLock { $0.acceptedBefore >= 64 } }
      #expect(isBusy)
      #expect(owner.ask("REVOKE web/ci-\(number)").last == "OK")
      round.revoked.withLock { $0 = .now }
      for _ in 0..<4 { _ = ended.next() }
      let tally = round.tally.withLock { $0 }
      #expect(tally.acceptedAfter == 0, "round \(number): \(tally)")
      #expect(tally.deniedAfter >= 3 * 64, "round \(number): \(tally)")
      #expect(tally.failures.isEmpty, "round \(number): \(tally.failures.prefix(3))")
    }
  }
}
