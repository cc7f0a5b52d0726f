import Glibc
import Platform
import TestSupport
import Testing

/// `coffer run --mask` whose standard streams are not all one terminal.
@Suite("coffer run --mask on two terminals")
struct MaskTwoTerminalTests {
  let fixture = VaultFixture()
  let directory = TemporaryDirectory()

  init() { fixture.initializeWithKeys() }

  /// What is on a screen by now.
  func text(on screen: TerminalPair) -> String {
    var bytes = [UInt8](repeating: 0, count: 4096)
    var span = bytes.mutableSpan
    let count = (try? screen.leader.read(into: &span)) ?? 0
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Runs a script of sh whose standard error, and output if wanted, is another terminal.
  func run(_ script: String, output: Bool = false) throws -> (first: String, second: String) {
    let other = try TerminalPair()
    let follower = try #require(other.follower?.withRawValue { $0 })
    let path = "/proc/self/fd/\(follower)"
    let terminal = PseudoTerminal(
      Programs.client, ["run", "--mask", "-k", "web/stripe", "--", "sh", "-c", script],
      environment: fixture.environmentWithKeyFile, output: output ? path : nil, error: path)
    let first = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0)
    return (first, text(on: other))
  }

  @Test("each terminal shows what is printed to it, masked") func each() throws {
    let screens = try run("echo out $STRIPE_KEY; echo err $STRIPE_KEY >&2")
    #expect(screens.first == "out <web/stripe>\r\n")
    #expect(screens.second == "err <web/stripe>\r\n")
  }

  @Test("both outputs on the other terminal keep their order") func both() throws {
    let screens = try run("echo out; echo err >&2; echo $STRIPE_KEY", output: true)
    #expect(screens.first == "")
    #expect(screens.second == "out\r\nerr\r\n<web/stripe>\r\n")
  }

  @Test("the same terminal by another name is the same terminal") func otherName() {
    let file = directory.path("streams")
    let shell = PseudoTerminal.maskingShell(fixture)
    shell.type(
      "run sh -c 'for n in 0 1 2; do test -t $n && readlink /proc/self/fd/$n; done >\(file); "
        + "echo err $STRIPE_KEY >&2' 2>/dev/tty\n")
    #expect(shell.waitFor("err <web/stripe>\r\n% "), "\(shell.text)")
    let lines = String(decoding: Files.read(file), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 2)
    #expect(Set(lines).count == 1, "\(lines)")
  }
}
