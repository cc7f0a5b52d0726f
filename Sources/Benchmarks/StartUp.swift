internal import Platform

/// Measures what `coffer run` adds to the time of a command.
struct StartUp {
  /// The directory of coffer and cofferd.
  let programs: String
  let rounds: Int

  private static let keyCount = 50
  private static let trueProgram = "/bin/true"

  /// One way to run a command.
  private struct Way {
    let name: String
    let path: String
    let arguments: [String]
    let environment: [String]
  }

  /// - Returns: The exit status.
  func run() -> Int32 {
    guard let vault = ThrowawayVault(programs: programs) else {
      StandardStream.error.write("Benchmarks: \(programs): no vault could be made\n")
      return 1
    }
    defer { vault.remove() }
    var names: [String] = []
    for number in 0..<Self.keyCount {
      names.append("KEY_\(number)")
      guard vault.coffer(["create", "me/key-\(number)"]) else {
        StandardStream.error.write("Benchmarks: a key could not be made\n")
        return 1
      }
    }
    vault.makeEnvironmentDirectory(names)
    report(measure(ways(vault)))
    return 0
  }

  private func ways(_ vault: ThrowawayVault) -> [Way] {
    let selection = (0..<Self.keyCount).flatMap { ["-k", "me/key-\($0)"] }
    var ways = [
      Way(name: "true", path: Self.trueProgram, arguments: ["true"], environment: []),
      Way(
        name: "coffer run, 1 key", path: programs + "/coffer",
        arguments: ["coffer", "run", "-k", "me/key-0", "--", Self.trueProgram],
        environment: vault.environment),
      Way(
        name: "coffer run, \(Self.keyCount) keys", path: programs + "/coffer",
        arguments: ["coffer", "run"] + selection + ["--", Self.trueProgram],
        environment: vault.environment),
    ]
    if let chpst = ["/usr/bin/chpst", "/usr/sbin/chpst"].first(where: isThere) {
      ways.insert(
        Way(
          name: "chpst -e, \(Self.keyCount) keys", path: chpst,
          arguments: ["chpst", "-e", vault.environmentDirectory, Self.trueProgram],
          environment: []), at: 1)
    } else {
      StandardStream.error.write("Benchmarks: chpst is missing: apt-get install runit\n")
    }
    return ways
  }

  private func isThere(_ path: String) -> Bool {
    let status = try? FileStatus.ofFile(at: path, followsLinks: true)
    return status != nil
  }

  /// The durations of each way in nanoseconds, sorted.
  private func measure(_ ways: [Way]) -> [(name: String, times: [Int64])] {
    var times = [[Int64]](repeating: [], count: ways.count)
    let warmUp = 10
    for round in 0..<(rounds + warmUp) {
      for (index, way) in ways.enumerated() {
        let start = BootInstant.now
        let status = try? Process.runToEnd(
          way.path, arguments: way.arguments, environment: way.environment)
        let end = BootInstant.now
        precondition(status == 0, "\(way.name) failed")
        if round >= warmUp { times[index].append(end.nanoseconds - start.nanoseconds) }
      }
    }
    return zip(ways, times).map { ($0.name, $1.sorted()) }
  }

  private func report(_ results: [(name: String, times: [Int64])]) {
    let base = Double(results[0].times[rounds / 2])
    let width = results.map(\.name.count).max() ?? 0
    let space = String(repeating: " ", count: width)
    StandardStream.output.write("\(space)  median ms   p90 ms  over true ms  times true\n")
    for (name, times) in results {
      let median = Double(times[rounds / 2])
      let cells = [
        Self.text(median / 1e6, 9), Self.text(Double(times[rounds * 9 / 10]) / 1e6, 7),
        Self.text((median - base) / 1e6, 12), Self.text(median / base, 10),
      ]
      let padding = String(repeating: " ", count: width - name.count)
      StandardStream.output.write("\(name)\(padding)  \(cells.joined(separator: "  "))\n")
    }
  }

  /// A number, right-aligned.
  private static func text(_ number: Double, _ width: Int) -> String {
    let text = Decimal.text(number)
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
