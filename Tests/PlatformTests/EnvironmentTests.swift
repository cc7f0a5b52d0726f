import Glibc
import Platform
import TestSupport
import Testing

/// The environment is the whole process', so each test has a process of its own.
@Suite("Environment")
struct EnvironmentTests {
  /// Leaves the process with exactly these variables.
  static func set(_ variables: [(String, String)]) {
    clearenv()
    for (name, value) in variables { setenv(name, value, 1) }
  }

  static func isSet(_ name: String, to value: String) -> Bool {
    Environment.hasValue(value.utf8.span, of: name)
  }

  /// A block of what is inherited and of `entries`, with a NUL behind each.
  static func block(_ entries: [String], removing: Set<String> = []) throws -> EnvironmentBlock {
    let bytes: [UInt8] = entries.flatMap { Array($0.utf8) + [0] }
    return EnvironmentBlock(
      added: try Secret(copying: bytes.span), addedByteCount: bytes.count
    ) { !removing.contains($0) }
  }

  // A block that lives in an async function crashes the compiler (6.3.1), and
  // the body of an exit test is one; so these stand by themselves.

  static func byteCount(_ entries: [String], removing: Set<String> = []) throws -> Int {
    try block(entries, removing: removing).byteCount
  }

  /// Becomes the program at `path`, or tells why it cannot.
  static func execute(
    _ path: String, _ arguments: [String], adding entries: [String] = [],
    removing: Set<String> = []
  ) throws -> Errno {
    try block(entries, removing: removing).execute(
      Array(path.utf8), arguments: arguments.map { Array($0.utf8) })
  }

  static func makeBlockWithOpenEntry() throws -> Int {
    let entry = try Secret(copying: "A=1".utf8.span)
    return EnvironmentBlock(added: entry, addedByteCount: 3) { _ in true }.byteCount
  }

  // MARK: Looking

  @Test("tells the value of a variable, empty or not") func tellsValue() async {
    await #expect(processExitsWith: .success) {
      Self.set([("A", "1=2"), ("EMPTY", "")])
      #expect(Environment.value(of: "A") == "1=2")
      #expect(Environment.value(of: "EMPTY") == "")
      #expect(Environment.value(of: "MISSING") == nil)
    }
  }

  @Test("compares a value byte by byte") func comparesValue() async {
    await #expect(processExitsWith: .success) {
      Self.set([("A", "abc"), ("EMPTY", "")])
      #expect(Self.isSet("A", to: "abc"))
      #expect(!Self.isSet("A", to: "ab"))
      #expect(!Self.isSet("A", to: "abcd"))
      #expect(!Self.isSet("A", to: "abd"))
      #expect(!Self.isSet("A", to: ""))
      #expect(Self.isSet("EMPTY", to: ""))
      #expect(!Self.isSet("MISSING", to: ""))
    }
  }

  // MARK: Blocks

  @Test("counts entries, their NULs and their pointers") func countsBytes() async {
    await #expect(processExitsWith: .success) {
      Self.set([("A", "1"), ("BB", "22")])
      let counts = [
        try Self.byteCount(["NEW=x"]),
        try Self.byteCount(["NEW=x"], removing: ["A", "MISSING"]),
        try Self.byteCount(["NEW=x", "A="], removing: ["A"]),
        try Self.byteCount([], removing: ["A", "BB"]),
      ]
      // "A=1" and "BB=22" are inherited: 4 and 6 bytes; each pointer has 8.
      #expect(counts == [4 + 6 + 6 + 3 * 8, 6 + 6 + 2 * 8, 6 + 6 + 3 + 3 * 8, 0])
    }
  }

  @Test("entries without their NUL kill the process") func refusesOpenEntry() async {
    await #expect(processExitsWith: .failure) { print(try Self.makeBlockWithOpenEntry()) }
  }

  @Test("a program gets what is inherited, and what is added") func executes() async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .exitCode(42)) { [path = directory.path("out") as String] in
      Self.set([("KEPT", "1"), ("OLD", "old"), ("OLDER", "2")])
      let script = "cat /proc/$$/environ > \"$1\"; exit 42"
      _ = try Self.execute(
        "/bin/sh", ["sh", "-c", script, "sh", path], adding: ["NEW=a b\nc", "OLD=new"],
        removing: ["OLD"])
    }
    let environment = String(decoding: Files.read(directory.path("out")), as: UTF8.self)
    #expect(environment == "KEPT=1\0OLDER=2\0NEW=a b\nc\0OLD=new\0")
  }

  @Test("a program gets its arguments, and keeps the process") func passesArguments() async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .exitCode(7)) { [path = directory.path("pid") as String] in
      Files.write(Array("\(getpid())".utf8), to: path)
      let script = "test $$ = $(cat \"$1\") && test \"$2\" = 'a  b' && test -z \"$3\" && exit 7"
      _ = try Self.execute("/bin/sh", ["sh", "-c", script, "sh", path, "a  b", ""])
    }
  }

  @Test("tells why a program could not be executed") func reportsExecution() async {
    let directory = TemporaryDirectory()
    Files.write(Array("echo".utf8), to: directory.path("script"), mode: 0o700)
    Files.write(Array("#!/bin/sh\n".utf8), to: directory.path("plain"), mode: 0o600)
    await #expect(processExitsWith: .success) { [path = directory.path as String] in
      let failures = try ["/missing", "/plain", "/plain/x", "/script"].map { name in
        try Self.execute(path + name, ["x"])
      }
      #expect(failures == [.notFound, .permissionDenied, .notDirectory, .notExecutable])
    }
  }
}

@Suite("StatePath")
struct StatePathTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let environment: [String: String]
    let path: String?
  }

  static let cases: [Case] = [
    Case(
      testDescription: "COFFER_HOME goes before all others",
      environment: ["COFFER_HOME": "/c", "XDG_STATE_HOME": "/x", "HOME": "/h"], path: "/c"),
    Case(
      testDescription: "XDG_STATE_HOME goes before HOME",
      environment: ["XDG_STATE_HOME": "/x", "HOME": "/h"], path: "/x/coffer"),
    Case(
      testDescription: "HOME is the last", environment: ["HOME": "/h"],
      path: "/h/.local/state/coffer"),
    Case(
      testDescription: "an empty variable is none",
      environment: ["COFFER_HOME": "", "XDG_STATE_HOME": "", "HOME": "/h"],
      path: "/h/.local/state/coffer"),
    Case(
      testDescription: "a relative XDG_STATE_HOME is none",
      environment: ["XDG_STATE_HOME": "x", "HOME": "/h"], path: "/h/.local/state/coffer"),
    Case(testDescription: "without any there is no path", environment: [:], path: nil),
    Case(testDescription: "an empty HOME is none", environment: ["HOME": ""], path: nil),
  ]

  @Test("finds a user's vault", arguments: cases)
  func finds(_ test: Case) {
    #expect(StatePath.ofUser { test.environment[$0] } == test.path)
  }
}

@Suite("Errno")
struct ErrnoTests {
  @Test("says what happened in small letters, but for abbreviations") func describes() {
    #expect(Errno.notFound.description == "no such file or directory")
    #expect(Errno.permissionDenied.description == "permission denied")
    #expect(Errno(code: ELIBBAD).description == "accessing a corrupted shared library")
    #expect(Errno(code: EXDEV).description == "invalid cross-device link")
    #expect(Errno(code: EDOTDOT).description == "RFS specific error")
    #expect(Errno(code: 4242).description == "unknown error 4242")
  }

  @Test("is what the last failed call left") func tellsCurrent() {
    #expect(Glibc.open("/nonexistent", O_RDONLY) == -1)
    #expect(Errno.current == .notFound)
  }
}
