import Daemon
import Keyring
import Platform
import TestSupport
import Testing

@Suite("ProcessBinding")
struct ProcessBindingTests {
  let process = Subprocess(
    "/bin/sleep", ["1000"], environment: [:], streams: [.null, .null, .null])

  /// What the daemon remembers of the process.
  func binding() throws -> ProcessBinding {
    guard let reference = try ProcessReference.process(process.id) else {
      throw Errno.noSuchProcess
    }
    return ProcessBinding(ofProcess: process.id, heldBy: reference)
  }

  static func isFound(_ binding: ProcessBinding) throws -> Bool { try binding.process() != nil }

  @Test("a process that runs is found again, and not when it has ended") func finds() throws {
    let binding = try binding()
    #expect(binding.boot != nil && binding.start != nil && binding.processID == process.id)
    #expect(try Self.isFound(binding))
    process.signal(9)
    // It is a zombie until somebody waits for it.
    #expect(eventually { (try? Self.isFound(binding)) == false })
    process.waitForEnd()
    #expect(try !Self.isFound(binding))
  }

  @Test("another boot, start or number is another process, and what is not known is none")
  func tellsApart() throws {
    let own = try binding()
    let (start, boot) = (try #require(own.start), try #require(own.boot))
    var bytes = boot.bytes
    bytes[15] ^= 1
    let others = [
      ProcessBinding(
        boot: ProcessBinding.Boot(bytes), processID: own.processID, start: start),
      ProcessBinding(boot: nil, processID: own.processID, start: start),
      ProcessBinding(boot: boot, processID: own.processID, start: start + 1),
      ProcessBinding(boot: boot, processID: own.processID, start: nil),
      ProcessBinding(boot: boot, processID: 0, start: start),
      ProcessBinding(boot: boot, processID: Process.id, start: start),
    ]
    for other in others { #expect(try !Self.isFound(other), "\(other)") }
    #expect(try Self.isFound(own))
    process.signal(9)
  }
}
