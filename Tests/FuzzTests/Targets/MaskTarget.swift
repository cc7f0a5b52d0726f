import Platform

@testable import Client

extension FuzzTarget {
  /// What a command prints, with a value in it, in pieces.
  static let mask = FuzzTarget(
    name: "mask", maximumByteCount: 1024, seeds: MaskFuzzing.seeds, run: MaskFuzzing.run)
}

private enum MaskFuzzing {
  private static let label = "k"

  static func run(_ bytes: [UInt8]) throws {
    var input = FuzzInput(bytes)
    let place = Int(input.byte())
    let pieceByteCount = Int(input.byte() % 32) + 1
    let value = input.take(Int(input.byte() % 64) + ValueForms.minimumByteCount)
    guard value.count >= ValueForms.minimumByteCount else { return }
    var text = input.rest()
    let whole = try masked(text, value, pieceByteCount: max(1, text.count))
    try promise(
      whole == masked(text, value, pieceByteCount: pieceByteCount),
      "pieces of any size come to the same")
    text.insert(contentsOf: value, at: min(place, text.count))
    let hidden = try masked(text, value, pieceByteCount: pieceByteCount)
    // What the name of the key brings with it could be a part of such a value.
    guard !value.contains(where: { Array("<\(label)>".utf8).contains($0) }) else { return }
    // A line end at the end is no part of what is looked for.
    guard value.last != 0x0A, value.last != 0x0D else { return }
    try promise(!hidden.contains(value), "the value is not in what comes out")
  }

  private static func masked(
    _ text: [UInt8], _ value: [UInt8], pieceByteCount: Int
  ) throws -> [UInt8] {
    let patterns = try MaskPatterns()
    _ = try patterns.add(value.span, label: label)
    patterns.finish()
    var masker = try Masker(patterns)
    var output = SecretBuffer()
    for start in stride(from: 0, to: text.count, by: pieceByteCount) {
      let piece = Array(text[start..<min(start + pieceByteCount, text.count)])
      try masker.add(piece.span, into: &output)
    }
    try masker.finish(into: &output)
    return output.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }

  static func seeds() -> [[UInt8]] {
    let value = Array("sk_live_4242dead".utf8)
    let texts = ["key=sk_live_4242dea end", "sk_live_sk_live_4242dead", "c2tfbGl2ZV80MjQyZGVhZA=="]
    return texts.map { [4, 3, 8] + value + Array($0.utf8) }
  }
}
