import Platform
import Sodium
import TestSupport
import Testing

/// Files that claim more than there is: numbers are looked at before they are used.
@Suite("Faults of claims")
struct FaultClaimTests {
  let fixture = VaultFixture()

  init() {
    fixture.startDaemon()
    fixture.coffer(
      ["init", "--organization", "acme", "--passphrase-fd", "0"],
      input: Array("correct horse".utf8), environment: fixture.environment)
    fixture.killDaemon()
  }

  /// Tries to open the vault, which must be refused at once and take no memory.
  private func expectRefusal(_ message: String, _ name: String, _ bytes: [UInt8]) throws {
    fixture.startDaemon()
    let id = try #require(fixture.daemonID)
    let start = BootInstant.now
    let result = fixture.coffer(
      ["unlock", "--passphrase-fd", "0"], input: Array("correct horse".utf8),
      environment: fixture.environment)
    // A derivation takes most of a second.
    #expect(BootInstant.now < start.advanced(byMilliseconds: 5000))
    #expect(result.status == 1)
    #expect(result.errorText.contains(message), "\(result.errorText)")
    #expect(Footprint(of: id).peak < 60_000)
    #expect(isSame(Files.read(fixture.statePath + "/" + name), bytes))
    fixture.killDaemon()
  }

  // MARK: Slots

  /// Where the first slot stands in the slots file: behind the version, the vault, the number,
  /// the generation and the audit files.
  static let slotLine = 5

  /// The lines of the slots file, changed, with a checksum that fits.
  private func slots(_ change: (inout [String]) -> Void) -> [UInt8] {
    let text = String(decoding: Files.read(fixture.statePath + "/slots"), as: UTF8.self)
    var lines = text.split(separator: "\n").dropLast().map(String.init)
    change(&lines)
    let summed = lines.map { $0 + "\n" }.joined()
    let sum = Hash.digest(of: Array(summed.utf8).span, byteCount: 16)
    let digits = Array("0123456789abcdef")
    let hexadecimal = sum.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    return Array((summed + "sum \(String(hexadecimal))\n").utf8)
  }

  struct Claim: CustomTestStringConvertible {
    var testDescription: String { "\(memory) bytes, \(passes) passes" }
    let memory: String
    let passes: String

    init(_ memory: String, _ passes: String) {
      self.memory = memory
      self.passes = passes
    }
  }

  static let claims: [Claim] = [
    // 4 TiB, and what no machine has.
    Claim("4398046511104", "3"), Claim("9223372036854775807", "3"),
    Claim("18446744073709551616", "3"), Claim("1073741825", "3"),
    Claim("268435456", "4294967296"), Claim("268435456", "11"),
    // So little that trying passphrases costs nothing.
    Claim("0", "3"), Claim("8388607", "3"), Claim("-1", "3"), Claim("268435456", "0"),
    Claim("268435456", "-3"), Claim("", ""),
  ]

  @Test("fault 14: a slot that asks for absurd costs is refused before anything is derived")
  func costs() throws {
    let original = Files.read(fixture.statePath + "/slots")
    for claim in Self.claims {
      Files.write(original, to: fixture.statePath + "/slots")
      let bytes = slots { lines in
        var words = lines[Self.slotLine].split(separator: " ").map(String.init)
        (words[3], words[4]) = (claim.memory, claim.passes)
        lines[Self.slotLine] = words.joined(separator: " ")
      }
      Files.write(bytes, to: fixture.statePath + "/slots")
      try expectRefusal(
        "a passphrase slot asks for more than 1 GiB or 10 passes, or too little", "slots", bytes)
    }
  }

  @Test("fault 14: slots beyond count, and values beyond length, are refused") func counts() throws
  {
    let original = Files.read(fixture.statePath + "/slots")
    let changes: [(String, (inout [String]) -> Void)] = [
      (
        "it has no slot, or too many",
        {
          $0.remove(at: Self.slotLine); $0.remove(at: Self.slotLine)
        }
      ),
      (
        "it has no slot, or too many",
        { lines in
          lines.insert(
            contentsOf: repeatElement(lines[Self.slotLine], count: 16), at: Self.slotLine)
        }
      ),
      (
        "it is too long",
        { lines in
          lines.insert(
            contentsOf: repeatElement(lines[Self.slotLine], count: 10_000), at: Self.slotLine)
        }
      ),
      ("a slot is malformed", { $0[Self.slotLine] += "00" }),
      ("a slot is malformed", { $0[Self.slotLine] += String(repeating: "00", count: 20_000) }),
      ("a value has the wrong length", { $0[1] += "00" }),
      ("its line 'number' is missing", { $0[2] = "number 18446744073709551616" }),
      ("its line 'generation' is missing", { $0[3] = "generation -1" }),
      ("slots wants a reader of version 4294967296", { $0[0] = "coffer slots 1 4294967296" }),
    ]
    for (message, change) in changes {
      Files.write(original, to: fixture.statePath + "/slots")
      let bytes = slots(change)
      Files.write(bytes, to: fixture.statePath + "/slots")
      try expectRefusal(message, "slots", bytes)
    }
  }

  // MARK: Logs

  @Test(
    "fault 14: a frame that claims to be longer than the file is refused, and takes no memory",
    arguments: ["records.1", "audit.1"])
  func frames(name: String) throws {
    let path = fixture.statePath + "/" + name
    let header = 72
    // Only rows that a record names as synced must be there.
    fixture.startDaemon()
    for command in ["unlock", "lock", "unlock"] {
      let words = command == "unlock" ? [command, "--passphrase-fd", "0"] : [command]
      fixture.coffer(
        words, input: Array("correct horse".utf8), environment: fixture.environment)
    }
    #expect(fixture.coffer("create", "me/laptop").status == 0)
    fixture.killDaemon()
    for claimed in [1 << 21, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF] as [UInt32] {
      var bytes = Files.read(path)
      for index in 0..<4 {
        bytes[header + index] = UInt8(truncatingIfNeeded: claimed >> (8 * UInt32(index)))
      }
      Files.write(bytes, to: path)
      fixture.startDaemon()
      let id = try #require(fixture.daemonID)
      let result = fixture.coffer(
        ["unlock", "--passphrase-fd", "0"], input: Array("correct horse".utf8),
        environment: fixture.environment)
      #expect(result.status == 1)
      #expect(result.errorText.contains("the vault"), "\(result.errorText)")
      #expect(result.errorText.contains(name), "\(result.errorText)")
      // The passphrase's key itself takes 256 MiB.
      #expect(Footprint(of: id).peak < 330_000)
      #expect(isSame(Files.read(path), bytes))
      fixture.killDaemon()
    }
  }

  @Test("fault 14: a log of 5 GiB without anything in it is refused, and not read")
  func longFile() throws {
    let path = fixture.statePath + "/records.1"
    let file = try FileDescriptor.open(path, flags: 1)
    try file.truncate(to: 5 << 30)
    fixture.startDaemon()
    let id = try #require(fixture.daemonID)
    let result = fixture.coffer(
      ["unlock", "--passphrase-fd", "0"], input: Array("correct horse".utf8),
      environment: fixture.environment)
    #expect(result.status == 1)
    #expect(result.errorText.contains("records.1: it is longer than 4 GiB"), "\(result.errorText)")
    #expect(Footprint(of: id).peak < 330_000)
  }
}
