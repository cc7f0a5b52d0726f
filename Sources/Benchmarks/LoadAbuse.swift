internal import Platform
internal import Synchronization

/// The abusers, a process of each kind.
final class LoadAbuse {
  private let bench: Workbench
  private let vault: ThrowawayVault
  private let isSystem: Bool
  private let firstUID: Int
  private var processes: [Int32] = []

  /// - Parameters:
  ///   - bench: What it takes place on.
  ///   - vault: Whose daemon is abused.
  ///   - isSystem: Whether each kind has a uid of its own, from `firstUID` on.
  ///   - firstUID: The first of them.
  init(_ bench: Workbench, _ vault: ThrowawayVault, isSystem: Bool, firstUID: Int) {
    self.bench = bench
    self.vault = vault
    self.isSystem = isSystem
    self.firstUID = firstUID
  }

  private var countsPath: String { vault.path + "/counts" }

  /// Starts all of them.
  func begin(seconds: Int64) {
    guard let program = Process.programPath else { return }
    for (index, kind) in LoadAbuser.Kind.allCases.enumerated() {
      let uid = firstUID + index
      var words = [program, "abuse", kind.rawValue, vault.socketPath, String(seconds)]
      if isSystem {
        if kind.needsUser { _ = try? vault.ask("USER ADD u\(uid) --uid=\(uid)") }
        words =
          ["setpriv", "--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", "--"] + words
      }
      let command = words.map { "'\($0)'" }.joined(separator: " ")
      let process = try? bench.belongings.start(
        ["/bin/sh", "-c", "exec \(command) >>'\(countsPath)'"], environment: bench.environment)
      if let process { processes.append(process) }
    }
  }

  /// Waits until they have said what they did, and ends those that do not.
  func end() {
    for _ in 0..<500 where !processes.allSatisfy(Process.hasEnded) { sleep(milliseconds: 10) }
    for process in processes { bench.belongings.end(process) }
  }

  /// How many connections each kind has used, and how many passphrases were tried.
  var counts: String {
    let lines = Workbench.text(of: countsPath).split(separator: "\n").sorted()
    return lines.isEmpty ? "none" : lines.joined(separator: ", ")
  }
}

/// Ends a measurement that hangs.
final class LoadWatch: Sendable {
  private let isOver = Atomic<Bool>(false)

  init(until end: BootInstant) {
    try? Thread.start { [self] in
      while !isOver.load(ordering: .relaxed) {
        if BootInstant.now > end {
          StandardStream.error.write("benchmarks: a client waits for an answer that never comes\n")
          Process.exit(1)
        }
        sleep(milliseconds: 100)
      }
    }
  }

  func end() { isOver.store(true, ordering: .relaxed) }
}
