import Glibc
import TestSupport
import Testing

/// What a long time leaves behind, which should be nothing.
@Suite("Soak")
struct SoakTests {
  let fixture = VaultFixture()
  static let isFull = KillSweepTests.isFull

  /// Memory that a process may have more of without a reason, in KiB: pages that the
  /// allocator has not given back.
  private static let slack = 6_000

  private static func expectFlat(_ now: Footprint, since before: Footprint, _ place: String) {
    let note = "\(place): \(now), before \(before)"
    #expect(now.descriptors == before.descriptors, "\(note)")
    #expect(now.locked == before.locked, "\(note)")
    #expect(now.threads == before.threads, "\(note)")
    #expect(now.resident < before.resident + slack, "\(note)")
  }

  // MARK: Starts and stops

  @Test("fault 61: starts and stops leave no file, no process and no memory behind")
  func starts() throws {
    let count = Self.isFull ? 10_000 : 30
    fixture.startDaemon()
    fixture.initializeWithKeys()
    var first: Footprint?
    var names: [String] = []
    for number in 1...count {
      let id = try #require(fixture.daemonID)
      let client = try fixture.connect()
      if number > 1 {
        #expect(client.ask("UNLOCK --key-file").last == "INQUIRE KEYFILE")
        #expect(client.ask(keyAnswer).last == "OK", "start \(number)")
      }
      #expect(client.ask("SUSPEND me/none").last?.hasPrefix("ERR") == true)
      let turn = number % 2 == 0 ? "SUSPEND web/deploy" : "RESUME web/deploy"
      if number > 1 { #expect(client.ask(turn).last == "OK", "start \(number)") }
      let now = Footprint(of: id)
      // What is read at the opening grows with the files, up to the next compaction.
      if number == 10 {
        first = now
        names = Files.names(in: fixture.statePath)
      }
      if let first, number % 10 == 0 {
        Self.expectFlat(now, since: first, "start \(number)")
        let found = Files.names(in: fixture.statePath).map(Self.withoutNumber)
        #expect(found == names.map(Self.withoutNumber), "start \(number)")
      }
      kill(id, SIGTERM)
      #expect(client.isClosed())
      fixture.killDaemon()
      fixture.startDaemon()
    }
    #expect(fixture.coffer("audit", "--check").status == 0)
    TestCounts.add("starts and stops", count)
  }

  private var keyAnswer: String {
    let text = String(decoding: Files.read(fixture.keyFilePath), as: UTF8.self)
    return "D \(text)\nEND"
  }

  /// A generation that follows another one is no other file.
  private static func withoutNumber(_ name: String) -> String {
    name.hasPrefix("records.") ? "records" : name
  }

  // MARK: Requests

  /// Requests of all kinds, those that fail among them, with the word that ends each answer.
  private static func round(_ number: Int, text: String) -> [(request: String, end: String)] {
    let turn = number % 2 == 0 ? "SUSPEND" : "RESUME"
    var requests = [
      ("ENV web/stripe web/deploy", "OK"), ("ENV --workspace=web", "OK"), ("LIST", "OK"),
      ("SHOW web/deploy", "OK"), ("STATUS", "OK"), ("WHOAMI", "OK"), ("NOP", "OK"),
      ("SHOW web/none", "ERR"), ("ENV web/none", "ERR"), ("NONSENSE %G1", "ERR"),
      ("CREATE web/deploy", "ERR"), ("WHY web/stripe use", "OK"), ("UNUSED", "OK"),
      ("AUDIT --limit=20", "OK"), ("VERIFY", "INQUIRE"), ("D \(text)\nEND", "OK"),
      ("VERIFY", "INQUIRE"), ("CAN", "ERR"), ("RESET", "OK"),
    ]
    if number % 25 < 2 { requests.append(("\(turn) me/other", "OK")) }
    return requests.map { (request: $0.0, end: $0.1) }
  }

  @Test("fault 61: requests by the hundred thousand leave descriptors and memory as they were")
  func requests() throws {
    let goal = Self.isFull ? 1_000_000 : 20_000
    fixture.startDaemon()
    fixture.initializeWithKeys()
    fixture.coffer("import", "me/other", input: "a value")
    let text = fixture.coffer("create", "me/laptop").line
    let id = try #require(fixture.daemonID)
    var (count, number) = (0, 0)
    var settled: Footprint?
    var isSuspended = false
    while count < goal {
      // Each connection asks some rounds, and many go without a farewell.
      let client = try fixture.connect()
      for _ in 0..<10 {
        for (request, end) in Self.round(isSuspended ? 1 : 0, text: text) {
          let reply = client.ask(request)
          #expect(reply.last?.hasPrefix(end) == true, "\(request): \(reply)")
          if request.hasSuffix(" me/other") { isSuspended.toggle() }
          count += 1
        }
      }
      if number % 2 == 0 { _ = client.ask("BYE") }
      number += 1
      guard count >= goal / 10 else { continue }
      if let settled {
        if number % 50 == 0 {
          Self.expectFlat(Footprint(of: id), since: settled, "request \(count)")
        }
      } else {
        // The first tenth has warmed up all there is.
        settled = Footprint(of: id)
      }
    }
    let before = try #require(settled)
    // With one connection, as before.
    let client = try fixture.connect()
    #expect(eventually { Footprint(of: id).descriptors == before.descriptors })
    Self.expectFlat(Footprint(of: id), since: before, "the end")
    #expect(client.ask("NOP") == ["OK"])
    TestCounts.add("soak requests", count)
  }
}
