import Glibc
import Platform
import Testing

/// A process reserves its arena once, so each test has a process of its own.
@Suite("SecretArena")
struct SecretArenaTests {
  static let supplies = [
    SecretArena.Supply(blockByteCount: 64, blockCount: 2),
    SecretArena.Supply(blockByteCount: 1024, blockCount: 3),
  ]

  static func isExhausted(for count: Int) -> Bool {
    do throws(SecretError) {
      _ = try Secret(count: count)
      return false
    } catch {
      return error == .outOfLockedMemory
    }
  }

  static func address(_ secret: borrowing Secret) -> UInt {
    unsafe secret.withUnsafePointer { UInt(bitPattern: $0) }
  }

  @Test("the kernel locks the region when it is reserved") func reserves() async {
    await #expect(processExitsWith: .success) {
      #expect(SecretArena.usedByteCount == 0)
      let before = try #require(ProcessMemory.lockedKilobytes)
      #expect(try SecretArena.reserve(Self.supplies))
      #expect(try #require(ProcessMemory.lockedKilobytes) >= before + 4)
      let secret = try Secret(count: 10)
      let flags = try #require(ProcessMemory.flags(at: Self.address(secret)))
      #expect(flags.contains("lo") && flags.contains("dd") && flags.contains("wf"), "\(flags)")
      #expect(SecretArena.usedByteCount == 64)
    }
  }

  @Test("what was never used of the region takes no memory") func takesOnTouch() async {
    await #expect(processExitsWith: .success) {
      let supply = SecretArena.Supply(blockByteCount: 65_536, blockCount: 64)
      #expect(try SecretArena.reserve([supply]))
      let secret = try Secret(count: 65_536) { bytes in bytes.replace(at: 0, with: [1].span) }
      let isLocked = secret.isLocked
      #expect(isLocked)
      let kilobytes = try #require(ProcessMemory.lockedResidentKilobytes)
      // Of 4 MiB.
      #expect((1..<1024).contains(kilobytes))
    }
  }

  @Test("reserving twice kills the process") func reservesOnce() async {
    await #expect(processExitsWith: .failure) {
      _ = try SecretArena.reserve(Self.supplies)
      _ = try SecretArena.reserve(Self.supplies)
    }
  }

  @Test("blocks of a size that is no multiple of 64 kill the process") func refusesSize() async {
    await #expect(processExitsWith: .failure) {
      _ = SecretArena.Supply(blockByteCount: 100, blockCount: 1)
    }
  }

  @Test("a secret takes the smallest block that holds it, and gives it back") func takes() async {
    await #expect(processExitsWith: .success) {
      _ = try SecretArena.reserve(Self.supplies)
      for (count, used) in [(0, 64), (1, 64), (64, 64), (65, 1024), (1024, 1024)] {
        do {
          let secret = try Secret(count: count)
          #expect(secret.count == count)
          #expect(SecretArena.usedByteCount == used)
        }
        #expect(SecretArena.usedByteCount == 0)
      }
    }
  }

  @Test("a released block was wiped, and is zero when it is taken again") func wipes() async {
    await #expect(processExitsWith: .success) {
      _ = try SecretArena.reserve([SecretArena.Supply(blockByteCount: 64, blockCount: 1)])
      var former: UInt = 0
      do {
        let secret = try Secret(count: 64) { bytes in
          for index in bytes.indices { bytes[index] = 0xA5 }
        }
        former = Self.address(secret)
      }
      let raw = try #require(unsafe UnsafePointer<UInt8>(bitPattern: former))
      #expect((0..<64).allSatisfy { unsafe raw[$0] == 0 }, "nobody has taken it again")
      let secret = try Secret(count: 64)
      #expect(Self.address(secret) == former)
      #expect(SecretTests.bytes(secret) == [UInt8](repeating: 0, count: 64))
    }
  }

  @Test("a shorter secret in the same block sees nothing of the longer one") func wipesAll() async {
    await #expect(processExitsWith: .success) {
      _ = try SecretArena.reserve([SecretArena.Supply(blockByteCount: 128, blockCount: 1)])
      do { _ = try Secret(copying: [UInt8](repeating: 0xA5, count: 128).span) }
      let secret = try Secret(count: 1)
      let hasMarker = unsafe secret.withUnsafePointer { bytes in
        (0..<128).contains { unsafe bytes[$0] != 0 }
      }
      #expect(!hasMarker)
    }
  }

  @Test("fails when no block of the size is free, also if larger ones are") func exhausts() async {
    await #expect(processExitsWith: .success) {
      _ = try SecretArena.reserve(Self.supplies)
      let one = try Secret(count: 64)
      do {
        let two = try Secret(count: 1)
        #expect(Self.isExhausted(for: 1))
        #expect(Self.isExhausted(for: 64))
        #expect(!Self.isExhausted(for: 65))
        #expect(SecretArena.usedByteCount == 128)
        #expect(two.count == 1)
      }
      #expect(!Self.isExhausted(for: 1))
      #expect(Self.isExhausted(for: 1025))
      #expect(one.count == 64)
    }
  }

  @Test("blocks never overlap, and stay in the region") func keepsApart() async {
    await #expect(processExitsWith: .success) {
      _ = try SecretArena.reserve(Self.supplies)
      var one = try Secret(count: 64)
      var two = try Secret(count: 64)
      var three = try Secret(count: 1024)
      var four = try Secret(count: 1024)
      let five = try Secret(count: 1024)
      one.withMutableBytes { for index in $0.indices { $0[index] = 1 } }
      two.withMutableBytes { for index in $0.indices { $0[index] = 2 } }
      three.withMutableBytes { for index in $0.indices { $0[index] = 3 } }
      four.withMutableBytes { for index in $0.indices { $0[index] = 4 } }
      #expect(SecretTests.bytes(one) == [UInt8](repeating: 1, count: 64))
      #expect(SecretTests.bytes(two) == [UInt8](repeating: 2, count: 64))
      #expect(SecretTests.bytes(three) == [UInt8](repeating: 3, count: 1024))
      #expect(SecretTests.bytes(four) == [UInt8](repeating: 4, count: 1024))
      #expect(SecretTests.bytes(five) == [UInt8](repeating: 0, count: 1024))
      #expect(SecretArena.usedByteCount == 2 * 64 + 3 * 1024)
    }
  }

  @Test("serves many threads") func servesThreads() async {
    await #expect(processExitsWith: .success) {
      _ = try SecretArena.reserve([SecretArena.Supply(blockByteCount: 64, blockCount: 4)])
      let results = try BlockingQueue<Bool>()
      for marker in 1...4 as ClosedRange<UInt8> {
        try Thread.start {
          var isOwn = true
          for _ in 0..<2000 {
            guard var secret = try? Secret(count: 8) else {
              isOwn = false
              break
            }
            isOwn = isOwn && SecretTests.bytes(secret) == [UInt8](repeating: 0, count: 8)
            secret.withMutableBytes { for index in $0.indices { $0[index] = marker } }
            isOwn = isOwn && SecretTests.bytes(secret) == [UInt8](repeating: marker, count: 8)
          }
          results.append(isOwn)
        }
      }
      #expect((0..<4).allSatisfy { _ in results.next() })
      #expect(SecretArena.usedByteCount == 0)
    }
  }

  @Test("reading behind the region dies by SIGSEGV") func guardsEnd() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      let page = Int(getpagesize())
      _ = try SecretArena.reserve([SecretArena.Supply(blockByteCount: 64, blockCount: 1)])
      let secret = try Secret(count: 64)
      print(unsafe secret.withUnsafePointer { unsafe $0[page - 1] })
      print(unsafe secret.withUnsafePointer { unsafe $0[page] })
    }
  }
}
