import Glibc
import Platform
import TestSupport
import Testing

/// Standard streams that another process has made non-blocking, as `ssh` and `node` do.
@Suite("Non-blocking standard streams")
struct NonblockingTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()

  init() { fixture.initializeWithKeys() }

  /// A pipe whose ends do not wait, and are closed by whoever has them.
  func pipe() -> Ends {
    var ends: [CInt] = [-1, -1]
    precondition(Glibc.pipe(&ends) == 0)
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    return Ends(
      reading: FileDescriptor(owning: ends[0]), writing: FileDescriptor(owning: ends[1]))
  }

  struct Ends: ~Copyable {
    let reading: FileDescriptor
    var writing: FileDescriptor?
  }

  func write(_ bytes: [UInt8], to file: borrowing FileDescriptor?) throws {
    try file?.writeAll(bytes.span)
  }

  func start(_ arguments: [String], _ input: Subprocess.Stream, _ output: Subprocess.Stream)
    -> Subprocess
  {
    Subprocess(
      Programs.client, arguments, environment: fixture.environmentWithKeyFile,
      streams: [input, output, .file(directory.path("err"))], ownSession: true)
  }

  var error: String { String(decoding: Files.read(directory.path("err")), as: UTF8.self) }

  @Test("coffer mask waits for what comes late") func lateInput() throws {
    var ends = pipe()
    let process = ends.reading.withRawValue {
      start(["mask", "-k", "web/stripe"], .descriptor($0), .file(directory.path("out")))
    }
    for text in ["key ", VaultFixture.stripeValue, " end\n"] {
      sleep(milliseconds: 300)
      try write(Array(text.utf8), to: ends.writing)
    }
    ends.writing = nil
    #expect(process.waitForEnd(seconds: 60) == 0)
    #expect(Files.read(directory.path("out")) == Array("key <web/stripe> end\n".utf8))
    #expect(error.isEmpty)
  }

  @Test("coffer mask waits for a slow reader") func slowReader() throws {
    let lines = (0..<26_000).map { "\(100_000_000 + $0)\n" }.joined()
    Files.write(Array(lines.utf8), to: directory.path("in"))
    var ends = pipe()
    let descriptor = try #require(ends.writing?.withRawValue { $0 })
    let process = start(
      ["mask", "-k", "web/stripe"], .file(directory.path("in")), .descriptor(descriptor))
    ends.writing = nil
    sleep(milliseconds: 500)
    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
      var span = chunk.mutableSpan
      let count = try ends.reading.readWaiting(into: &span)
      if count == 0 { break }
      output += chunk.prefix(count)
    }
    #expect(process.waitForEnd(seconds: 60) == 0)
    #expect(output == Array(lines.utf8))
    #expect(error.isEmpty)
  }

  @Test("a value that is imported may come late") func lateValue() throws {
    var ends = pipe()
    let process = ends.reading.withRawValue {
      start(["import", "web/late", "--env", "LATE"], .descriptor($0), .file("/dev/null"))
    }
    sleep(milliseconds: 300)
    try write(Array("a-value-that-is-late".utf8), to: ends.writing)
    sleep(milliseconds: 300)
    ends.writing = nil
    #expect(process.waitForEnd(seconds: 60) == 0, "\(error)")
    let shown = fixture.coffer("run", "-k", "web/late", "--", "printenv", "LATE")
    #expect(shown.outputText == "a-value-that-is-late\n")
  }

  @Test("a backup that is restored may come late") func lateBackup() throws {
    let copy = VaultFixture()
    let file = directory.path("backup")
    #expect(fixture.coffer("backup", file, "--key-file", copy.keyFilePath).status == 0)
    var ends = pipe()
    let process = ends.reading.withRawValue {
      Subprocess(
        Programs.client, ["restore", "-", "--key-file", copy.keyFilePath],
        environment: copy.environment,
        streams: [.descriptor($0), .null, .file(directory.path("err"))], ownSession: true)
    }
    sleep(milliseconds: 300)
    try write(Files.read(file), to: ends.writing)
    ends.writing = nil
    #expect(process.waitForEnd(seconds: 60) == 0, "\(error)")
    copy.endDaemon()
  }
}
