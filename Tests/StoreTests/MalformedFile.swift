import Sodium
@testable import Store
import TestSupport
import Testing

/// A golden vault or backup that was changed so that no reader may take it.
struct MalformedFile: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let golden: GoldenVault
  let name: String

  /// How it is refused.
  let kind: String

  /// The file as it becomes; nil if it is missing then.
  let change: @Sendable ([UInt8]) throws -> [UInt8]?

  init(
    _ description: String, _ golden: GoldenVault, _ name: String, _ kind: String = "damaged",
    change: @escaping @Sendable ([UInt8]) throws -> [UInt8]?
  ) {
    testDescription = "\(name): \(description)"
    self.golden = golden
    self.name = name
    self.kind = kind
    self.change = change
  }

  /// A copy of the golden vault with the changed file.
  func fixture() throws -> StoreFixture {
    let fixture = golden.copy()
    var files = golden.files
    files[name] = try change(files[name] ?? [])
    fixture.restore(files)
    return fixture
  }

  // MARK: Outcomes

  /// What this version makes of it, in the words of the second reader.
  static func kind(of golden: GoldenVault, in fixture: StoreFixture) -> String {
    do {
      guard !golden.isBackup else {
        _ = try Backup.check(fixture.read("backup"), secret: try golden.secret())
        return "opened"
      }
      _ = try Vault.open(try fixture.directory(), with: try golden.secret())
      return "opened"
    } catch let error as StoreError {
      switch error {
      case .damaged: return "damaged"
      case .unknownVersion: return "unknown version"
      case .rolledBack: return "rolled back"
      case .wrongSecret, .noSlot: return "wrong secret"
      default: return error.message
      }
    } catch {
      return "\(error)"
    }
  }

  /// The kind of `reader: KIND: FILE: REASON`.
  static func kind(ofError text: String) -> String {
    let parts = text.split(separator: ": ")
    return parts.count > 1 ? String(parts[1]) : text
  }

  // MARK: Changing

  /// The text with each `former` in it replaced, and a sum that fits.
  static func slots(_ bytes: [UInt8], _ former: String, _ latter: String) -> [UInt8] {
    let text = String(decoding: bytes, as: UTF8.self)
    let lines = text.split(separator: "\n").dropLast().map { $0 + "\n" }.joined()
    return summed(replacing(former, by: latter, in: lines))
  }

  /// The lines that `change` makes of those above the sum, with a sum that fits.
  static func slots(_ bytes: [UInt8], _ change: ([String]) -> [String]) -> [UInt8] {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropLast()
    return summed(change(lines.map(String.init)).map { $0 + "\n" }.joined())
  }

  private static func summed(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8)
    let sum = Hash.digest(of: bytes.span, byteCount: 16)
    return bytes + Array("sum \(Hex.text(sum))\n".utf8)
  }

  private static func replacing(_ former: String, by latter: String, in text: String) -> String {
    var (result, rest) = ("", text[...])
    while let first = rest.first {
      if rest.hasPrefix(former) {
        result += latter
        rest = rest.dropFirst(former.count)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  /// The bytes with others in their place from `offset` on.
  static func put(_ new: [UInt8], at offset: Int, in bytes: [UInt8]) -> [UInt8] {
    Array(bytes[..<offset]) + new + Array(bytes[(offset + new.count)...])
  }

  /// Where each frame begins, and where the last one ends.
  static func offsets(_ bytes: [UInt8], from start: Int = SealedLog.headerByteCount) -> [Int] {
    var offsets = [start]
    while let last = offsets.last, last + 12 <= bytes.count {
      let count = (0..<4).reduce(0) { $0 | Int(bytes[last + $1]) << (8 * $1) }
      offsets.append(last + 12 + count)
    }
    return offsets
  }
}
