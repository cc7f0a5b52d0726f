/// A parser that is fed with bytes nobody has written.
///
/// To add one: a file beside this with `static let` in an extension, and its name in
/// ``all``; `Tests/fuzz.sh` and the tests of the vectors take it from there.
struct FuzzTarget: Sendable {
  /// As `Tests/fuzz.sh` and the directory of its vectors have it.
  let name: String

  /// No longer input is tried.
  let maximumByteCount: Int

  /// What the encoders write, for the fuzzer to begin with.
  let seeds: @Sendable () throws -> [[UInt8]]

  /// Reads the bytes in all ways there are.
  ///
  /// Throws ``BrokenPromise`` where what was accepted should not have been; what is
  /// refused is no error.
  let run: @Sendable ([UInt8]) throws -> Void

  static let all = [slots, records, backup, wire, keytext, dotenv, mask]

  static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// A promise of a parser that some bytes have broken.
struct BrokenPromise: Error, CustomStringConvertible {
  let description: String
}

/// Throws ``BrokenPromise`` unless `condition` holds.
func promise(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
  guard condition else { throw BrokenPromise(description: promise()) }
}

/// What `body` returns, which is to accept what was accepted before.
func accepted<Result, Failure: Error>(
  _ promise: String, _ body: () throws(Failure) -> Result
) throws -> Result {
  do throws(Failure) {
    return try body()
  } catch {
    throw BrokenPromise(description: "\(promise): \(error)")
  }
}

/// The bytes of the fuzzer, taken apart piece by piece; where they end, zeros follow.
struct FuzzInput {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func byte() -> UInt8 {
    guard position < bytes.count else { return 0 }
    defer { position += 1 }
    return bytes[position]
  }

  /// Two bytes, little-endian.
  mutating func count() -> Int { Int(byte()) | Int(byte()) << 8 }

  /// So many bytes, or fewer at the end.
  mutating func take(_ count: Int) -> [UInt8] {
    let end = min(bytes.count, position + count)
    defer { position = end }
    return Array(bytes[position..<end])
  }

  /// All that is left.
  mutating func rest() -> [UInt8] { take(bytes.count) }
}
