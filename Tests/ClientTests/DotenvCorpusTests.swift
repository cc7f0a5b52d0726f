import TestSupport
import Testing

@testable import Client

/// python-dotenv, reading files.
private enum PythonDotenv {
  static let isPossible = Subprocess.run(python, ["-c", "import dotenv"]).status == 0

  static let reason = "python3-dotenv is not installed"

  private static let python = "/usr/bin/python3"

  /// Names that no shell takes are errors too, and names in quotes.
  private static let program = """
    import io, re, sys
    from dotenv import dotenv_values
    from dotenv.parser import parse_stream
    def strange(binding):
        whole = binding.original.string.lstrip()
        line = re.sub(r'^export[ \\t]+', '', whole)
        return binding.error or line.startswith("'") or (
            line.startswith('#') and line != whole) or (
            binding.key is not None and not re.fullmatch(r'[A-Za-z_][A-Za-z0-9_]*', binding.key))
    for text in sys.stdin.buffer.read().decode().split('\\0'):
        if any(strange(b) for b in parse_stream(io.StringIO(text, newline=None))):
            answer = 'error'
        else:
            values = dotenv_values(stream=io.StringIO(text, newline=None), interpolate=False)
            answer = '\\3'.join(sorted(
                n + ('\\2' if v is None else '\\1' + v) for n, v in values.items()))
        sys.stdout.buffer.write(answer.encode() + b'\\0')
    """

  /// What it reads in each of `texts`: the assignments in the order of their names; nil
  /// where there is an error.
  static func read(_ texts: [String]) -> [[ReadAssignment]?] {
    let result = Subprocess.run(
      python, ["-c", program], environment: ["LANG": "C.UTF-8"],
      input: Array(texts.joined(separator: "\0").utf8))
    #expect(result.status == 0, "\(result.errorText)")
    return result.outputText.split(separator: "\0", omittingEmptySubsequences: false).dropLast()
      .map { answer in
        guard answer != "error" else { return nil }
        return answer.split(separator: "\u{3}").map { item in
          let parts = item.split(
            separator: "\u{1}", maxSplits: 1, omittingEmptySubsequences: false)
          return parts.count == 2
            ? ReadAssignment(String(parts[0]), String(parts[1]))
            : ReadAssignment(String(item.dropLast()), nil)
        }
      }
  }

  /// What we read, in the same way.
  static func ours(_ text: String) -> [ReadAssignment]? {
    guard let all = try? ReadAssignment.read(text) else { return nil }
    var last: [String: ReadAssignment] = [:]
    for assignment in all { last[assignment.name] = assignment }
    return last.values.sorted { $0.name < $1.name }
  }
}

@Suite(
  "Dotenv files and python-dotenv",
  .enabled(if: PythonDotenv.isPossible, "\(PythonDotenv.reason)"))
struct DotenvCorpusTests {
  /// Where the two differ, and why: see ``DotenvParser``.
  static let different: Set<String> = [
    "a byte order mark", "a comment in place of a value",
    "a backslash before a closing single quote", "an escaped backslash at the end",
    "backquotes", "several lines",
  ]

  @Test("are read alike, but for what is known to differ") func corpus() {
    let rows = DotenvTests.rows.filter { !$0.text.contains("coffer://") }
    let theirs = PythonDotenv.read(rows.map(\.text))
    #expect(theirs.count == rows.count)
    for (row, theirs) in zip(rows, theirs) {
      let ours = PythonDotenv.ours(row.text)
      #expect(
        (ours == theirs) == !Self.different.contains(row.testDescription),
        "\(row.testDescription): \(String(describing: theirs))")
    }
  }

  @Test("are read alike as people write them") func written() {
    let text = """
      # Settings of the shop
      NODE_ENV=production
      PORT = 8080   # behind the proxy

      export DATABASE_URL="postgres://shop:p%40ss@db:5432/shop?sslmode=require"
      REDIS_URL=redis://:p#ssw0rd@cache:6379/0
      GREETING='Hello, "world"'
      PEM="-----BEGIN PRIVATE KEY-----
      MIIEvQIBADANBgkqhkiG9w0BAQEFAASC+/==
      -----END PRIVATE KEY-----
      "
      JSON={"a": "b", "c": [1, 2]}
      ESCAPED="one\\ntwo\\tthree"
      EMPTY=
      PATTERN=^[a-z]+$
      PRICE='$5 ${PORT}'
      PORT=9090
      """
    #expect(PythonDotenv.read([text]) == [PythonDotenv.ours(text)])
  }

  @Test("are read alike in thousands of random files") func random() {
    let parts = [
      "A", "B", "=", "=", "=", " ", "\t", "\n", "\n", "\r\n", "#", "'", "'", "\"", "\"", "\\n",
      "\\t", "\\$", "x", "\u{E9}", "$", "${A}", "-", "export ", "A=", "\nB=",
    ]
    var generator = SeededGenerator(seed: 4)
    let texts = (0..<4000).map { _ in
      (0..<Int.random(in: 1...14, using: &generator)).map { _ in
        parts[Int.random(in: parts.indices, using: &generator)]
      }.joined()
    }
    // A comment in place of a value is one of the known differences.
    let compared = texts.filter { !$0.contains("= #") && !$0.contains("=\t#") }
    let theirs = PythonDotenv.read(compared)
    var (alike, refused) = (0, 0)
    for (text, theirs) in zip(compared, theirs) {
      let ours = PythonDotenv.ours(text)
      #expect(ours == theirs, "\(text.debugDescription)")
      if ours == nil { refused += 1 } else { alike += 1 }
    }
    #expect(alike > 500 && refused > 500, "\(alike) \(refused)")
  }
}

/// Numbers that look random and are the same at each run.
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators" (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
