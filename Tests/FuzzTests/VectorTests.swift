import TestSupport
import Testing

/// What the fuzzers begin with, and what they have found, without libFuzzer.
///
/// `Tests/fuzz.sh` tells how an input comes here.
@Suite("Fuzz vectors", .serialized)
struct VectorTests {
  /// An input of a target.
  struct Vector: CustomTestStringConvertible, Sendable {
    let target: FuzzTarget
    let name: String
    let bytes: [UInt8]

    var testDescription: String { "\(target.name)/\(name)" }
  }

  /// The directory of this file.
  private static let directory = #filePath.split(separator: "/").dropLast()
    .reduce("") { $0 + "/" + $1 }

  static let found = FuzzTarget.all.flatMap { target in
    let path = "\(directory)/Vectors/\(target.name)"
    return Files.names(in: path).sorted().map { name in
      Vector(target: target, name: name, bytes: Files.read("\(path)/\(name)"))
    }
  }

  @Test("a parser keeps its promises about what a fuzzer has found", arguments: found)
  func finds(vector: Vector) async {
    let (name, bytes) = (vector.target.name, vector.bytes)
    // In a process of its own, so that a trap fails this vector and no other.
    await #expect(processExitsWith: .success) {
      [name = name as String, bytes = bytes as [UInt8]] in
      let target = try #require(FuzzTarget.named(name))
      try target.run(bytes)
    }
  }

  @Test("a parser keeps its promises about what its encoder writes", arguments: FuzzTarget.all)
  func seeds(target: FuzzTarget) throws {
    let seeds = try target.seeds()
    #expect(!seeds.isEmpty)
    for seed in seeds { #expect(throws: Never.self) { try target.run(seed) } }
  }

  @Test(
    "a parser keeps its promises about each seed that is cut or has a changed byte",
    arguments: FuzzTarget.all)
  func damagedSeeds(target: FuzzTarget) throws {
    for seed in try target.seeds() {
      for position in stride(from: 0, to: seed.count, by: 7) {
        var changed = seed
        changed[position] ^= 1 << UInt8(position % 8)
        #expect(throws: Never.self) { try target.run(changed) }
        #expect(throws: Never.self) { try target.run(Array(seed.prefix(position))) }
      }
    }
  }

  @Test("there are vectors of each target", arguments: FuzzTarget.all)
  func vectors(target: FuzzTarget) {
    #expect(Self.found.contains { $0.target.name == target.name })
  }
}

extension FuzzTarget: CustomTestStringConvertible {
  var testDescription: String { name }
}
