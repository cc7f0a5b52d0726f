import Glibc
import Platform
import TestSupport
import Testing

// The process between coffer and the command.

extension MaskTerminalTests {
  func numbers(in file: String) -> [Int32] {
    String(decoding: Files.read(file), as: UTF8.self).split { !$0.isNumber }
      .compactMap { Int32($0) }
  }

  @Test("the process between coffer and the command knows no value") func monitor() throws {
    let file = directory.path("ids")
    let terminal = terminal(shell: "echo $PPID $$ >\(file); echo ready; exec sleep 600")
    #expect(terminal.waitFor("ready"), "\(terminal.text)")
    let ids = numbers(in: file)
    let monitor = try #require(ids.first)
    let command = try #require(ids.dropFirst().first)
    #expect(monitor != terminal.process.id)
    if Programs.isRoot {
      let search = SecretSearch(Array(Self.value.utf8))
      #expect(eventually { !search.found(inMemoryOf: command).isEmpty })
      #expect(search.found(inMemoryOf: monitor).isEmpty)
      // It knows the value still, but nowhere as it is.
      #expect(search.found(inMemoryOf: terminal.process.id).isEmpty)
    }
    terminal.type("\u{3}")
    _ = terminal.readToEnd()
    #expect(eventually { Process.hasEnded(monitor) })
  }

  @Test("when the process between coffer and the command is killed, coffer says so and ends")
  func monitorKilled() throws {
    let file = directory.path("ids")
    let terminal = terminal(shell: "echo $PPID $$ >\(file); echo ready; exec sleep 600")
    let before = terminal.mode
    #expect(terminal.waitFor("ready"), "\(terminal.text)")
    let ids = numbers(in: file)
    try #require(ids.count == 2)
    kill(ids[0], SIGKILL)
    let screen = terminal.readToEnd()
    #expect(screen.contains("the process that watches the command was ended"), "\(screen)")
    #expect(terminal.process.waitForEnd() == 125)
    #expect(terminal.mode == before)
    #expect(eventually { Process.hasEnded(ids[1]) })
  }

  @Test("a command that outlives its terminal is not kept waiting by what it prints")
  func outlivesTerminal() throws {
    let file = directory.path("done")
    var terminal: PseudoTerminal? = terminal(
      shell: "trap '' HUP; echo ready; sleep 1; seq 20000 2>/dev/null; echo >\(file)")
    #expect(terminal?.waitFor("ready") == true, "\(terminal?.text ?? "")")
    let process = try #require(terminal?.process)
    terminal = nil
    #expect(eventually { access(file, F_OK) == 0 })
    #expect(process.waitForEnd(seconds: 30) != nil)
  }

  @Test("the command is hung up when coffer is killed") func killed() throws {
    let file = directory.path("ids")
    let terminal = terminal(shell: "echo $$ >\(file); echo ready; exec sleep 600")
    #expect(terminal.waitFor("ready"), "\(terminal.text)")
    let command = try #require(numbers(in: file).first)
    terminal.process.signal(SIGKILL)
    terminal.process.waitForEnd()
    #expect(eventually { Process.hasEnded(command) })
  }
}
