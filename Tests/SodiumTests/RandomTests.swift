import Platform
import Sodium
import Testing

@Suite("Random")
struct RandomTests {
  /// For each place, how many different bytes stood there in 40 draws.
  static func varieties(count: Int, _ draw: () throws -> [UInt8]) rethrows -> [Int] {
    var seen = [Set<UInt8>](repeating: [], count: count)
    for _ in 0..<40 {
      for (index, byte) in try draw().enumerated() { seen[index].insert(byte) }
    }
    return seen.map(\.count)
  }

  // That one place holds the same byte 40 times happens once in 2^312.

  @Test("draws other bytes each time, at every place", arguments: [0, 1, 24, 300])
  func drawsBytes(count: Int) {
    #expect(Random.bytes(count: count).count == count)
    #expect(Self.varieties(count: count) { Random.bytes(count: count) }.allSatisfy { $0 > 1 })
  }

  @Test("two secrets differ, at every place", arguments: [0, 1, 32, 5000])
  func drawsSecrets(count: Int) throws {
    #expect(try Random.secret(count: count).count == count)
    let varieties = try Self.varieties(count: count) {
      Octets.bytes(try Random.secret(count: count))
    }
    #expect(varieties.allSatisfy { $0 > 1 })
  }

  @Test("fills all of a place") func fills() {
    let varieties = Self.varieties(count: 100) {
      var bytes = [UInt8](repeating: 0, count: 100)
      var span = bytes.mutableSpan
      Random.fill(&span)
      return bytes
    }
    #expect(varieties.allSatisfy { $0 > 1 })
  }

  @Test("uses all values of a byte about as often") func isEven() {
    var counts = [Int](repeating: 0, count: 256)
    for byte in Random.bytes(count: 256_000) { counts[Int(byte)] += 1 }
    // 1000 each, with a deviation of 32; ten of them are as good as impossible.
    #expect(counts.allSatisfy { (680...1320).contains($0) })
  }

  @Test("no locked memory is an error") func reportsMemory() async {
    await #expect(processExitsWith: .success) {
      _ = try SecretArena.reserve([SecretArena.Supply(blockByteCount: 64, blockCount: 1)])
      let only = try Random.secret(count: 64)
      #expect(throws: SodiumError.outOfLockedMemory) { _ = try Random.secret(count: 1).count }
      #expect(only.count == 64)
    }
  }
}
