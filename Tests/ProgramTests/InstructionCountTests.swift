import Glibc
import Platform
import TestSupport
import Testing

/// What is done most often takes about as many instructions as it did when the numbers
/// below were written down; so a regression is seen without a clock.
///
/// After a change that is meant to alter them, this counts anew and prints what it finds:
///
///     bash systemd/build.sh .build/tested
///     COFFER_TEST_PROGRAMS=$PWD/.build/tested swift test --filter InstructionCountTests
@Suite(
  "Instruction counts",
  .enabled(
    if: Programs.areShipped, "only with COFFER_TEST_PROGRAMS: counts of debug builds say nothing"),
  .enabled(if: Callgrind.isPossible, Callgrind.need))
struct InstructionCountTests {
  /// Those of cofferd for one `ENV` of one value of 64 bytes.
  private static let expectedOfRequest = 99_500

  /// Those of `coffer run -k KEY -- COMMAND`, up to the command.
  ///
  /// It is one that is not there, since what takes the program's place takes callgrind
  /// along; telling that is counted as well.
  private static let expectedOfRun = 1_002_000

  /// By how many percent there may be more; compilers and libraries differ a little.
  private static let allowance = 10

  /// How many requests are counted, and once more twice as many: the difference is free
  /// of start and end.
  private static let requestCount = 500

  private let fixture = VaultFixture()
  private static let value = String(repeating: "v", count: 64)

  init() {
    fixture.initialize()
    fixture.coffer("import", "me/value", "--env", "VALUE", input: Self.value)
  }

  private func expect(_ count: Int, of what: String, atMost expected: Int) {
    print("\(what): \(count) instructions, and \(expected) are expected")
    #expect(count > 0)
    #expect(count * 100 <= expected * (100 + Self.allowance), "\(what): \(count) instructions")
  }

  @Test("an ENV of the daemon takes no more than was written down") func request() throws {
    fixture.killDaemon()
    let library = PreloadedLibrary(Callgrind.daemonLibrary, in: fixture.directory)
    let counts = try [Self.requestCount, 2 * Self.requestCount].map {
      try count(ofRequests: $0, library)
    }
    expect(
      (counts[1] - counts[0]) / Self.requestCount, of: "ENV", atMost: Self.expectedOfRequest)
  }

  /// The instructions of a daemon that answers so many requests.
  private func count(ofRequests count: Int, _ library: PreloadedLibrary) throws -> Int {
    let output = fixture.directory.path("count")
    fixture.startDaemon(
      environment: Callgrind.environment, preloading: library.path,
      under: Callgrind.command(countingTo: output))
    let daemon = try #require(fixture.daemon)
    let client = try fixture.connect()
    #expect(fixture.unlock(over: client))
    let answer = ["S ENV key=me/value name=VALUE", "D VALUE=\(Self.value)\0", "OK"]
    for _ in 0..<count {
      guard client.ask("ENV me/value") == answer else {
        Issue.record("a wrong answer")
        break
      }
    }
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(fixture.log)")
    return try #require(Callgrind.count(in: output), "\(fixture.log)")
  }

  @Test("a run takes no more than was written down until it executes its command")
  func run() throws {
    let output = fixture.directory.path("count")
    let counting = Callgrind.command(countingTo: output)
    let result = Subprocess.run(
      counting[0],
      counting.dropFirst() + [Programs.client, "run", "-k", "me/value", "--", "/no/command"],
      environment: fixture.environment.merging(Callgrind.environment) { $1 })
    #expect(result.status == 127 && result.errorText == "coffer: /no/command: no such command\n")
    let count = try #require(Callgrind.count(in: output))
    expect(count, of: "run", atMost: Self.expectedOfRun)
  }
}
