import Glibc
import Platform
import TestSupport
import Testing

/// Other programs that get at the files of an open vault.
@Suite("Faults of other programs")
struct FaultForeignTests {
  let fixture = VaultFixture()

  init() {
    fixture.startDaemon()
    fixture.initializeWithKeys()
  }

  private func isRefused(_ file: String) throws {
    let client = try fixture.connect()
    let reply = client.ask("CREATE me/refused")
    #expect(AssuanClient.errorCode(of: reply) == 1, "\(reply)")
    #expect(reply.last?.contains("outcome unknown: ") == true, "\(reply)")
    #expect(reply.last?.contains(" was moved, replaced or written by another program") == true)
    let status = client.ask("STATUS")
    #expect(status.contains("S writable=no"))
    #expect(status.contains { $0.hasPrefix("S problem=") && $0.contains(file) }, "\(status)")
    // Reads go on, and it is for a person to look.
    #expect(client.ask("ENV web/stripe").last == "OK")
    sleep(milliseconds: 3000)
    #expect(client.ask("STATUS").contains("S writable=no"))
  }

  @Test("fault 57: nothing is written to a directory that has taken the place of one's own")
  func replacedDirectory() throws {
    let client = try fixture.connect()
    let elsewhere = fixture.directory.path("elsewhere")
    rename(fixture.statePath, elsewhere)
    mkdir(fixture.statePath, 0o700)
    // The socket has moved along, and the daemon ends when it sees that.
    #expect(client.ask("CREATE me/refused").last != "OK")
    #expect(Files.names(in: fixture.statePath).isEmpty)
    rmdir(fixture.statePath)
    rename(elsewhere, fixture.statePath)
    fixture.killDaemon()
    fixture.startDaemon()
    #expect(fixture.value(of: "web/stripe") == VaultFixture.stripeValue)
    #expect(fixture.value(of: "me/refused").isEmpty)
  }

  /// What another program does to a file.
  struct Change: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let file: String
    let change: @Sendable (String) -> Void
  }

  static let changes = [
    Change(testDescription: "the records are replaced by a copy", file: "records.1") { path in
      Files.write(Files.read(path), to: path + ".copy")
      rename(path + ".copy", path)
    },
    Change(testDescription: "the records are longer", file: "records.1") { path in
      Files.write(Files.read(path) + [1, 2, 3], to: path)
    },
    Change(testDescription: "the records are cut", file: "records.1") { path in
      truncate(path, 100)
    },
    Change(testDescription: "the records are gone", file: "records.1") { path in unlink(path) },
    Change(testDescription: "the slots are others", file: "slots") { path in
      Files.write(Files.read(path) + Array("x".utf8), to: path)
    },
    Change(testDescription: "the slots are gone", file: "slots") { path in unlink(path) },
  ]

  @Test(
    "fault 58: a file that others have changed is noticed before the next change",
    arguments: changes)
  func changed(_ change: Change) throws {
    let path = fixture.statePath + "/" + change.file
    let former = Files.read(path)
    change.change(path)
    try isRefused(change.file)
    // Put back as it was, and opened again, it goes on.
    Files.write(former, to: path)
    #expect(fixture.coffer("lock").status == 0)
    #expect(fixture.coffer("create", "me/after").status == 0)
    #expect(fixture.value(of: "web/stripe") == VaultFixture.stripeValue)
  }

  @Test(
    "fault 58: slots that others have put back are not replaced by others still",
    arguments: [
      ["SLOT ADD key-file --key-file", "key", SweptOperation.other], ["REKEY", "key"],
      ["SLOT CHANGE 1 --keep-key --key-file", "key", SweptOperation.other],
    ])
  func foreignSlots(lines: [String]) throws {
    let client = try fixture.connect()
    let path = fixture.statePath + "/slots"
    let foreign = Files.read(path) + Array("x".utf8)
    Files.write(foreign, to: path)
    var reply = client.ask(lines[0])
    for answer in lines.dropFirst() {
      #expect(reply.last?.hasPrefix("INQUIRE") == true, "\(reply)")
      reply = client.ask("D \(answer == "key" ? SweptOperation.key(of: fixture) : answer)\nEND")
    }
    #expect(reply.last?.hasPrefix("ERR") == true, "\(reply)")
    #expect(Files.read(path) == foreign)
    #expect(client.ask("ENV web/stripe").last == "OK")
  }

  @Test("fault 62: a backup that is made while keys come is whole, and of one moment")
  func backups() throws {
    let secret = SweptOperation.key(of: fixture)
    let writer = try fixture.connect()
    let reader = try fixture.connect()
    for number in 1...12 {
      #expect(writer.ask("CREATE me/key-\(number)").last == "OK")
      _ = reader.ask("BACKUP --key-file")
      reader.send("D \(secret)\nEND\n")
      // It is being made, and these come meanwhile.
      writer.send((0..<20).map { "CREATE web/more-\(number)-\($0)\n" }.joined())
      var bytes: [UInt8] = []
      while let line = reader.readLineBytes(), line != Array("OK".utf8) {
        if line.starts(with: Array("D ".utf8)) { bytes += Self.decoded(line.dropFirst(2)) }
      }
      for _ in 0..<20 { #expect(writer.readReply().last == "OK") }
      let path = fixture.directory.path("backup-\(number)")
      Files.write(bytes, to: path)
      let result = Subprocess.run(
        Programs.daemon, ["--check", "--backup", path, "--key-file", fixture.keyFilePath],
        environment: ["PATH": "/usr/bin:/bin"])
      #expect(result.status == 0, "\(result.errorText)")
      let keys = result.outputText.split(separator: ",").compactMap { part -> Int? in
        part.hasSuffix(" values") || part.contains(" keys")
          ? Int(part.drop { $0 == " " }.prefix { $0 != " " }) : nil
      }
      let before = 2 + number + 20 * (number - 1)
      #expect((before...(before + 20)).contains(keys.first ?? 0), "\(result.outputText)")
    }
  }

  /// The bytes of a line's data.
  private static func decoded(_ data: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = data
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
