import Glibc
import TestSupport
import Testing

/// A change of a vault's files, for tests that break it off at each call.
struct SweptOperation: CustomTestStringConvertible, Sendable {
  let testDescription: String

  /// What the vault has before, beside `web/stripe` and `web/deploy`.
  var prepare: @Sendable (VaultFixture) throws -> Void = { _ in }

  /// Whether the operation is done on a vault that is locked, or on none.
  var isOfLockedVault = false

  /// Does it; whether it was acknowledged.
  let run: @Sendable (VaultFixture) throws -> Bool

  /// Checks what is there when the daemon runs again, with the vault open if there is
  /// one and the fixture's key file opens it.
  var check: @Sendable (VaultFixture, _ isAcknowledged: Bool) throws -> Void = { _, _ in }

  init(_ description: String, run: @escaping @Sendable (VaultFixture) throws -> Bool) {
    testDescription = description
    self.run = run
  }

  private func with(_ change: (inout SweptOperation) -> Void) -> SweptOperation {
    var operation = self
    change(&operation)
    return operation
  }

  // MARK: Operations

  static let all = [
    create, rotate, compaction, rekey, slotAddition, slotChange, restore, repair,
  ]

  static let create = SweptOperation("create") { fixture in
    isDone(fixture, ["CREATE web/new"])
  }.with { operation in
    operation.check = { fixture, isAcknowledged in
      let value = fixture.value(of: "web/new")
      #expect(value.isEmpty && !isAcknowledged || value.utf8.count == 57)
    }
  }

  static let rotate = SweptOperation("rotate") { fixture in
    isDone(fixture, ["ROTATE web/deploy"])
  }.with { operation in
    operation.check = { fixture, isAcknowledged in
      let versions = fixture.coffer("show", "web/deploy", "--json").line
      #expect(!isAcknowledged || versions.contains(#""number":2"#), "\(versions)")
      #expect(fixture.value(of: "web/deploy").utf8.count == 57)
    }
  }

  private static let big = String(repeating: "b", count: 40_000)

  static let compaction = SweptOperation("compaction") { fixture in
    for letter in ["c", "d"] {
      let value = String(repeating: letter, count: 40_000)
      guard fixture.coffer("replace", "me/big", input: value).status == 0 else { return false }
    }
    // It is written anew behind the answer.
    return eventually(seconds: 5) {
      fixture.daemonID == nil
        || Files.names(in: fixture.statePath).contains("records.2")
          && !Files.names(in: fixture.statePath).contains("records.1")
    } && fixture.daemonID != nil
  }.with { operation in
    operation.prepare = { fixture in fixture.coffer("import", "me/big", input: big) }
    operation.check = { fixture, isAcknowledged in
      let value = fixture.value(of: "me/big")
      #expect(value.utf8.count == 40_000 && Set(value).count == 1)
      #expect(!isAcknowledged || value.first == "d")
    }
  }

  static let rekey = SweptOperation("rekey") { fixture in
    isDone(fixture, ["REKEY", key(of: fixture)])
  }

  static let slotAddition = SweptOperation("slot add") { fixture in
    isDone(fixture, ["SLOT ADD key-file --key-file", key(of: fixture), other])
  }.with { operation in
    operation.check = { fixture, isAcknowledged in
      #expect(fixture.opens(with: other) || !isAcknowledged)
    }
  }

  static let slotChange = SweptOperation("slot change") { fixture in
    isDone(fixture, ["SLOT CHANGE 1 --keep-key --key-file", key(of: fixture), other])
  }.with { operation in
    operation.check = { fixture, isAcknowledged in
      let (old, new) = (fixture.opens(with: key(of: fixture)), fixture.opens(with: other))
      #expect(old != new, "one secret opens the vault")
      #expect(new || !isAcknowledged)
      if new { Files.write(Array(other.utf8), to: fixture.keyFilePath) }
    }
  }

  private static func runRestore(_ fixture: VaultFixture) -> Bool {
    guard let client = try? fixture.connect() else { return false }
    _ = client.ask("RESTORE --key-file")
    guard client.ask("D \(key(of: fixture))\nEND").last == "INQUIRE BACKUP" else { return false }
    client.send(Files.read(fixture.directory.path("backup")))
    return client.ask("END").last == "OK"
  }

  static let restore = SweptOperation("restore", run: runRestore).with { operation in
    operation.isOfLockedVault = true
    operation.prepare = { fixture in
      let client = try fixture.connect()
      _ = client.ask("BACKUP --key-file")
      client.send("D \(key(of: fixture))\nEND\n")
      // As it comes, still escaped, which is how it is sent back.
      var lines: [UInt8] = []
      while let line = client.readLineBytes(), line != Array("OK".utf8) {
        if line.starts(with: Array("D ".utf8)) { lines += line + [0x0A] }
      }
      Files.write(lines, to: fixture.directory.path("backup"))
      fixture.killDaemon()
      for name in Files.names(in: fixture.statePath) where name != "lock" {
        Files.removeTree(fixture.statePath + "/" + name)
      }
    }
    operation.check = { fixture, isAcknowledged in
      guard fixture.coffer("status").line.contains("none") else {
        #expect(fixture.coffer("resume", "--restored").status == 0)
        return
      }
      #expect(!isAcknowledged)
      #expect(runRestore(fixture))
      #expect(fixture.coffer("resume", "--restored").status == 0)
    }
  }

  private static func runRepair(_ fixture: VaultFixture) -> Bool {
    isDone(fixture, ["CHECK --repair=vault --key-file", key(of: fixture)])
  }

  static let repair = SweptOperation("repair", run: runRepair).with { operation in
    operation.isOfLockedVault = true
    operation.prepare = { fixture in
      fixture.coffer("create", "web/lost")
      fixture.coffer("create", "web/lost-too")
      fixture.coffer("lock")
      fixture.killDaemon()
      var bytes = Files.read(fixture.statePath + "/records.1")
      bytes[bytes.count - 100] ^= 1
      Files.write(bytes, to: fixture.statePath + "/records.1")
    }
    operation.check = { fixture, isAcknowledged in
      guard fixture.coffer("list").status != 0 else { return }
      #expect(!isAcknowledged)
      #expect(runRepair(fixture), "a repair that was broken off can be done again")
    }
  }

  // MARK: The protocol

  /// Another key file than the fixture's.
  static let other = String(repeating: "other", count: 8)

  static func key(of fixture: VaultFixture) -> String {
    let text = String(decoding: Files.read(fixture.keyFilePath), as: UTF8.self)
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }

  /// Sends a command and the answers to its inquiries; whether it ends with OK.
  private static func isDone(_ fixture: VaultFixture, _ lines: [String]) -> Bool {
    guard let client = try? fixture.connect() else { return false }
    var reply = client.ask(lines[0])
    for answer in lines.dropFirst() {
      guard reply.last?.hasPrefix("INQUIRE") == true else { return false }
      reply = client.ask("D \(answer)\nEND")
    }
    return reply.last == "OK"
  }
}

extension VaultFixture {
  /// The value of a key as a command gets it; empty if it gets none.
  func value(of key: String) -> String {
    coffer("run", "-k", "\(key)=VALUE", "--", "printenv", "VALUE").line
  }

  /// Whether a key file of this content opens the vault.
  func opens(with key: String) -> Bool {
    let path = directory.path("tried")
    Files.write(Array(key.utf8), to: path)
    return coffer("unlock", "--key-file", path).status == 0
  }
}
