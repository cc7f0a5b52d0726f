import TestSupport
import Testing

/// Good clients beside bad ones, as the benchmark has them, for a short while.
@Suite("Load", .enabled(if: Programs.benchmarks != nil, "benchmarks was not built"))
struct LoadTests {
  private func load(_ options: [String]) -> Subprocess.Result {
    Subprocess.run(
      Programs.benchmarks ?? "",
      ["load", "--programs", Programs.directory, "--seconds", "3", "--clients", "16"] + options)
  }

  private func expectGood(_ result: Subprocess.Result) {
    #expect(result.status == 0, "\(result.outputText)\(result.errorText)")
    #expect(result.errorText.isEmpty)
    let lines = result.outputText.split(separator: "\n")
    let errors = lines.first { $0.hasPrefix("errors") }?.split(separator: " ").dropFirst()
    #expect(errors?.prefix(2) == ["0.00", "0.00"], "\(result.outputText)")
    // Each kind of abuse has taken place.
    let abuse = lines.first { $0.hasPrefix("abuse:") } ?? ""
    let counts = abuse.dropFirst(6).split(separator: ",").map { $0.split(separator: " ") }
    #expect(counts.count == 8, "\(abuse)")
    for count in counts { #expect(count.count == 2 && Int(count[1]) ?? 0 > 0, "\(abuse)") }
    // No descriptor is left behind; before, a client may still be there that made the keys.
    let descriptors = lines.filter { $0.hasPrefix("cofferd ") }
      .compactMap { $0.split(separator: ",").last?.split(separator: " ").first.flatMap { Int($0) } }
    #expect(descriptors.count == 3 && descriptors[1] >= descriptors[2], "\(descriptors)")
  }

  @Test("beside abuse of every kind each good client gets through, and each answer is right")
  func sameUID() { expectGood(load([])) }

  @Test(
    "the same where each abuser has a uid of its own",
    .enabled(if: Programs.isRoot && Programs.find("setpriv") != nil, "needs root and setpriv"))
  func otherUIDs() { expectGood(load(["--system"])) }
}
