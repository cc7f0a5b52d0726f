import Platform
@testable import Store
import TestSupport
import Testing

/// Files that no writer has written, of every kind that there is.
@Suite("Malformed files")
struct MalformedTests {
  typealias File = MalformedFile

  static let all = File.slots + File.logs + File.others + File.backups

  @Test("faults 8 to 13: are refused, and not touched", arguments: all)
  func refused(_ file: MalformedFile) throws {
    TestCounts.add("format vectors", 1)
    let fixture = try file.fixture()
    let files = fixture.files()
    #expect(files != file.golden.files)
    #expect(File.kind(of: file.golden, in: fixture) == file.kind)
    #expect(fixture.files() == files)
  }

  @Test(
    "faults 8 to 13: are refused by the second reader alike",
    .enabled(if: SecondReader.isPossible, "\(SecondReader.reason)"),
    arguments: all)
  func refusedByOther(_ file: MalformedFile) throws {
    let result = SecondReaderTests.run("keys", file.golden, in: try file.fixture())
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(File.kind(ofError: result.errorText) == file.kind, "\(result.errorText)")
  }
}
