import Glibc
import Platform
import Testing

/// Each test has a process of its own, with a pseudo-terminal that controls it.
@Suite("Terminal")
struct TerminalTests {
  /// Becomes a session of its own on a new pseudo-terminal.
  ///
  /// - Returns: The side at which a person types and reads.
  static func makeTerminal() -> CInt {
    setsid()
    SignalQueueTests.unblockSignals()
    let person = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    // Source: ioctl_tty(2), TIOCSPTLCK and TIOCGPTN, which Glibc's module lacks.
    var isLocked: CInt = 0
    var number: CInt = -1
    guard ioctl(person, 0x4004_5431, &isLocked) == 0, ioctl(person, 0x8004_5430, &number) == 0
    else { Process.exit(90) }
    // The first terminal that such a session opens controls it.
    guard open("/dev/pts/\(number)", O_RDWR) >= 0 else { Process.exit(91) }
    return person
  }

  /// Types `text` once `prompt` has been shown.
  static func type(_ text: [UInt8], after prompt: String, at person: CInt) throws {
    try Thread.start {
      var shown: [UInt8] = []
      while !shown.suffix(prompt.utf8.count).elementsEqual(prompt.utf8) {
        var byte: UInt8 = 0
        guard read(person, &byte, 1) == 1 else { Process.exit(92) }
        shown.append(byte)
      }
      var text = text
      write(person, &text, text.count)
    }
  }

  /// What is shown now.
  static func shown(at person: CInt) -> [UInt8] {
    var shown: [UInt8] = []
    while Sockets.isReadable(person, within: 100) {
      var byte: UInt8 = 0
      guard read(person, &byte, 1) == 1 else { break }
      shown.append(byte)
    }
    return shown
  }

  /// The secret that comes of typing `typed`.
  static func secret(typing typed: String, limit: Int = 100) throws -> [UInt8] {
    let person = makeTerminal()
    try type(Array(typed.utf8), after: "Secret: ", at: person)
    return SecretTests.bytes(try Terminal().readSecret(prompt: "Secret: ", limit: limit))
  }

  struct Case: CustomTestStringConvertible, Codable {
    let testDescription: String
    let typed: String
    let secret: String
  }

  static let cases: [Case] = [
    Case(testDescription: "a line", typed: "open sesame\n", secret: "open sesame"),
    Case(testDescription: "nothing", typed: "\n", secret: ""),
    Case(testDescription: "Return", typed: "abc\r", secret: "abc"),
    Case(testDescription: "end of file", typed: "abc\u{4}", secret: "abc"),
    Case(testDescription: "backspace", typed: "abx\u{7F}c\u{8}\u{7F}d\n", secret: "ad"),
    Case(testDescription: "too many backspaces", typed: "a\u{7F}\u{7F}b\n", secret: "b"),
    Case(testDescription: "backspace over characters", typed: "aé日\u{7F}\u{7F}b\n", secret: "ab"),
    Case(testDescription: "Ctrl-U", typed: "wrong\u{15}right\n", secret: "right"),
    Case(testDescription: "what comes behind the line", typed: "abc\nrest\n", secret: "abc"),
    Case(testDescription: "UTF-8 and a tab", typed: "pä\tß\n", secret: "pä\tß"),
  ]

  @Test("reads what was typed and edited, up to the line's end", arguments: cases)
  func reads(_ test: Case) async {
    await #expect(processExitsWith: .success) { [test = test as Case] in
      let secret = try Self.secret(typing: test.typed)
      #expect(secret == Array(test.secret.utf8))
    }
  }

  @Test("shows the prompt, and nothing of what is typed") func hides() async {
    await #expect(processExitsWith: .success) {
      let person = Self.makeTerminal()
      try Self.type(Array("hidden\n".utf8), after: "Secret: ", at: person)
      let terminal = try Terminal()
      _ = try terminal.readSecret(prompt: "Secret: ", limit: 100)
      #expect(Self.shown(at: person) == Array("\r\n".utf8))
      // Afterwards the terminal shows again what is typed.
      var typed = Array("seen".utf8)
      write(person, &typed, typed.count)
      #expect(Self.shown(at: person) == Array("seen".utf8))
      terminal.write("words")
      #expect(Self.shown(at: person) == Array("words".utf8))
    }
  }

  @Test("a line that is too long is refused") func refusesLongLine() async {
    await #expect(processExitsWith: .success) {
      let secret = try Self.secret(typing: "abcd\n", limit: 5)
      #expect(secret == Array("abcd".utf8))
    }
    await #expect(processExitsWith: .success) {
      #expect(throws: TerminalError.tooLong(limit: 5)) {
        _ = try Self.secret(typing: "abcdef\n", limit: 5)
      }
    }
  }

  @Test("Ctrl-C ends the process as the signal does") func interrupts() async {
    await #expect(processExitsWith: .signal(SIGINT)) {
      _ = try Self.secret(typing: "abc\u{3}\n")
    }
  }

  @Test("Ctrl-\\ ends the process as the signal does") func quits() async {
    await #expect(processExitsWith: .signal(SIGQUIT)) {
      _ = try Self.secret(typing: "abc\u{1C}\n")
    }
  }

  @Test("without a terminal there is none") func findsNone() async {
    await #expect(processExitsWith: .success) {
      setsid()
      #expect(throws: Errno.noSuchDevice) { _ = try Terminal() }
      #expect(Terminal.columns(of: 1 << 30) == nil)
    }
  }
}
