import Keyring
import Platform
import Wire

@testable import Client

extension FuzzTarget {
  /// Files in which people write variables, and which `import` writes anew.
  static let dotenv = FuzzTarget(
    name: "dotenv", maximumByteCount: 2048, seeds: DotenvFuzzing.seeds, run: DotenvFuzzing.run)
}

private enum DotenvFuzzing {
  static func run(_ bytes: [UInt8]) throws {
    guard let file = try parsed(bytes) else { return }
    var end = 0
    for assignment in file.assignments {
      try promise(assignment.range.lowerBound >= end, "assignments follow one another")
      end = assignment.range.upperBound
      try promise(end <= bytes.count, "an assignment is in its file")
      let name = Array(assignment.name.utf8)
      try promise(bytes[assignment.range].contains(name), "a name stands in its assignment")
      for case .text(let range) in assignment.pieces {
        let hasNUL = file.withText(range) { $0.firstIndex(of: 0) != nil }
        try promise(!hasNUL && !range.isEmpty, "a piece of text is what a variable can hold")
      }
    }
    for index in file.assignments.indices { try rewrite(file, index) }
  }

  /// The file; nil if it is refused, which names its line.
  private static func parsed(_ bytes: [UInt8]) throws -> DotenvFile? {
    var source = SecretBuffer()
    try source.append(bytes.span)
    return try parsed(source)
  }

  private static func parsed(_ source: consuming SecretBuffer) throws -> DotenvFile? {
    do throws(ClientError) {
      return try DotenvFile(parsing: source, named: "file")
    } catch {
      try promise(error.message.hasPrefix("file:"), "a refusal names the line: \(error.message)")
      return nil
    }
  }

  /// A reference takes the place of one value, and all else stays.
  private static func rewrite(_ file: DotenvFile, _ index: Int) throws {
    guard file.assignments[index].valueRange != nil else { return }
    guard let other = try parsed(file.source(with: [(file.assignments[index], "web/fuzzed")]))
    else {
      throw BrokenPromise(description: "a file with a reference in place of a value is read")
    }
    try promise(
      other.assignments.map(\.name) == file.assignments.map(\.name), "the names are the same")
    try promise(
      other.assignments[index].references.map(\.key.text) == ["web/fuzzed"]
        && !other.assignments[index].holdsText, "the value is the reference, and nothing else")
    for (former, now) in zip(file.assignments, other.assignments) where former != now {
      guard former.line != file.assignments[index].line else { continue }
      try promise(former.pieces.count == now.pieces.count, "other values are the same")
    }
  }

  static func seeds() -> [[UInt8]] {
    [
      "A=b\n# comment\nexport B='c d' # more\nC=\"e\\n\\\"f\"\r\nD=\nE\n",
      "\u{FEFF}URL=postgres://u:coffer://web/db@h/x?y=1\nS=coffer://web/sentry?\n",
      "PEM=\"-----BEGIN\nline\n-----END\"\nX=`a'b\"c`\nY = z #\n",
    ].map { Array($0.utf8) }
  }
}
