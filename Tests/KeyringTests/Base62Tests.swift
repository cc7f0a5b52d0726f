@testable import Keyring
import Testing

@Suite("Base62 and checksum")
struct Base62Tests {
  struct Case: CustomTestStringConvertible {
    let number: UInt32
    let digits: String
    var testDescription: String { "\(number) is \(digits)" }
  }

  static let cases: [Case] = [
    Case(number: 0, digits: "000000"),
    Case(number: 1, digits: "000001"),
    Case(number: 9, digits: "000009"),
    Case(number: 10, digits: "00000A"),
    Case(number: 35, digits: "00000Z"),
    Case(number: 36, digits: "00000a"),
    Case(number: 61, digits: "00000z"),
    Case(number: 62, digits: "000010"),
    Case(number: 62 * 62 * 62 * 62 * 62, digits: "100000"),
    Case(number: .max, digits: "4gfFC3"),
  ]

  @Test("a number has six digits, padded with 0", arguments: cases)
  func digits(_ test: Case) {
    #expect(String(decoding: Base62.digits(of: test.number), as: UTF8.self) == test.digits)
  }

  struct ChecksumCase: CustomTestStringConvertible {
    let text: String
    let checksum: UInt32
    let digits: String
    var testDescription: String { "of \"\(text)\" is \(digits)" }
  }

  /// Source: the catalogue of parametrised CRC algorithms, CRC-32/ISO-HDLC,
  /// whose check value is that of `123456789`; the others are zlib's.
  static let checksums: [ChecksumCase] = [
    ChecksumCase(text: "", checksum: 0, digits: "000000"),
    ChecksumCase(text: "123456789", checksum: 0xCBF4_3926, digits: "3jZRME"),
    ChecksumCase(text: "a", checksum: 0xE8B7_BE43, digits: "4GEHKN"),
  ]

  @Test("the checksum has its published check values", arguments: checksums)
  func checksum(_ test: ChecksumCase) {
    let bytes = Array(test.text.utf8)
    let checksum = Checksum.crc32(of: bytes.span, count: bytes.count)
    #expect(checksum == test.checksum)
    #expect(String(decoding: Base62.digits(of: checksum), as: UTF8.self) == test.digits)
  }

  @Test("the checksum is of the first bytes only, as many as are asked for")
  func checksumOfPrefix() {
    let bytes = Array("123456789 and more".utf8)
    #expect(Checksum.crc32(of: bytes.span, count: 9) == 0xCBF4_3926)
  }

  @Test("each digit stands for exactly four random bytes, so that none is likelier")
  func digitsAreEquallyLikely() {
    var counts: [UInt8: Int] = [:]
    for byte in UInt8.min...UInt8.max {
      guard let digit = Base62.digit(fromRandom: byte) else { continue }
      counts[digit, default: 0] += 1
    }
    #expect(counts.count == 62)
    #expect(counts.values.allSatisfy { $0 == 4 })
  }

  @Test("the random bytes from 248 on stand for no digit", arguments: UInt8(248)...255)
  func skipsBytesThatWouldBias(_ byte: UInt8) {
    #expect(Base62.digit(fromRandom: byte) == nil)
  }

  @Test("exactly the letters and digits of ASCII are digits")
  func containsItsAlphabet() {
    let alphabet = Set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    for byte in UInt8.min...UInt8.max {
      #expect(Base62.contains(byte) == alphabet.contains(byte), "byte \(byte)")
    }
  }
}
