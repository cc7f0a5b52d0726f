import Glibc
import Platform
import Testing

@Suite("Child program")
struct ChildProgramTests {
  @Test("what it inherits is the environment, but for what is left out") func inherits() throws {
    setenv("COFFER_TEST_KEPT", "kept", 1)
    setenv("COFFER_TEST_REMOVED", "removed", 1)
    let program = try ChildProgram(
      "sh", arguments: ["sh", "-c", "echo $COFFER_TEST_KEPT,$COFFER_TEST_REMOVED; exit 7"],
      inheritingAllBut: ["COFFER_TEST_REMOVED"])
    try program.socket.finishSending()
    var bytes = [UInt8](repeating: 0, count: 100)
    var span = bytes.mutableSpan
    let count = try #require(try program.socket.receive(into: &span, at: 0))
    #expect(String(decoding: bytes.prefix(count), as: UTF8.self) == "kept,\n")
    #expect(program.end() == 7)
  }

  @Test("a signal that ends it is told, as is a program that is not there") func ends() throws {
    let program = try ChildProgram(
      "sh", arguments: ["sh", "-c", "kill -KILL $$"], inheritingAllBut: [])
    #expect(program.end() == 128 + SIGKILL)
    #expect(throws: Errno.notFound) {
      _ = try ChildProgram("coffer-no-such-program", arguments: ["x"], inheritingAllBut: []).end()
    }
  }
}
