import Glibc
import Platform
import TestSupport
import Testing

@Suite("Secret")
struct SecretTests {
  static func bytes(_ secret: borrowing Secret) -> [UInt8] {
    secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
  }

  @Test("is zero until something is written", arguments: [0, 1, 32, 4096, 70_000])
  func startsZero(count: Int) throws {
    let secret = try Secret(count: count)
    #expect(secret.count == count)
    #expect(isSame(Self.bytes(secret), [UInt8](repeating: 0, count: count)))
  }

  @Test("holds what is written into it") func holds() throws {
    var secret = try Secret(count: 4) { bytes in
      for index in bytes.indices { bytes[index] = UInt8(index) }
    }
    #expect(Self.bytes(secret) == [0, 1, 2, 3])
    secret.withMutableBytes { $0[2] = 9 }
    #expect(Self.bytes(secret) == [0, 1, 9, 3])
    secret.wipe()
    #expect(Self.bytes(secret) == [0, 0, 0, 0])
  }

  @Test("holds a copy of its own") func copies() throws {
    var original = Array("abc".utf8)
    let secret = try Secret(copying: original.span)
    original[0] = 0
    #expect(Self.bytes(secret) == Array("abc".utf8))
    let nothing = try Secret(copying: [UInt8]().span)
    #expect(nothing.count == 0)
  }

  @Test("hands on what the borrower returns and throws") func handsOn() throws {
    var secret = try Secret(copying: "abc".utf8.span)
    #expect(secret.withBytes { $0.count } == 3)
    #expect(throws: Errno.exists) {
      try secret.withMutableBytes { (_) throws(Errno) -> Void in throw .exists }
    }
  }

  // MARK: Bounds

  @Test("a negative count kills the process") func refusesNegative() async {
    await #expect(processExitsWith: .failure) { _ = try Secret(count: -1) }
  }

  @Test("reading past the end of the span kills the process") func checksReading() async {
    await #expect(processExitsWith: .failure) {
      let secret = try Secret(count: 32)
      let byte = secret.withBytes { bytes in bytes[32] }
      // Keeps the optimizer from dropping the read.
      print(byte)
    }
  }

  @Test("writing past the end of the span kills the process") func checksWriting() async {
    await #expect(processExitsWith: .failure) {
      var secret = try Secret(count: 32)
      secret.withMutableBytes { $0[32] = 1 }
    }
  }

  @Test("reading the byte behind the last page dies by SIGSEGV") func guardsEnd() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      let page = Int(getpagesize())
      let secret = try Secret(count: 1)
      // Up to the end of the page there is memory, and behind it the guard.
      print(unsafe secret.withUnsafePointer { unsafe $0[page - 1] })
      print(unsafe secret.withUnsafePointer { unsafe $0[page] })
    }
  }

  @Test("reading the byte before the first page dies by SIGSEGV") func guardsStart() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      let secret = try Secret(count: 1)
      print(unsafe secret.withUnsafePointer { unsafe $0[-1] })
    }
  }

  @Test("the guards stand around a secret of several pages") func guardsPages() async {
    await #expect(processExitsWith: .signal(SIGSEGV)) {
      let page = Int(getpagesize())
      var secret = try Secret(count: 3 * page)
      print(unsafe secret.withUnsafePointer { unsafe $0[3 * page - 1] })
      unsafe secret.withUnsafeMutablePointer { unsafe $0[3 * page] = 1 }
    }
  }

  // MARK: Memory

  @Test("lies in memory that is neither swapped, dumped nor inherited") func locksPages() async {
    await #expect(processExitsWith: .success) {
      let secret = try Secret(count: 100)
      let address = unsafe secret.withUnsafePointer { UInt(bitPattern: $0) }
      let flags = try #require(ProcessMemory.flags(at: address))
      // Source: proc(5), smaps: locked, do not dump, wipe on fork.
      #expect(flags.contains("lo") && flags.contains("dd") && flags.contains("wf"), "\(flags)")
    }
  }

  @Test("gives its pages back") func unmaps() async {
    await #expect(processExitsWith: .success) {
      let before = try #require(ProcessMemory.lockedKilobytes)
      for _ in 0..<20 {
        let secret = try Secret(count: 100_000)
        let during = try #require(ProcessMemory.lockedKilobytes)
        #expect(during >= before + 97)
        #expect(secret.count == 100_000)
      }
      #expect(ProcessMemory.lockedKilobytes == before)
    }
  }
}

/// What the kernel tells of this process' memory.
enum ProcessMemory {
  static func lines(of path: String) -> [Substring] {
    guard let file = try? FileDescriptor.open(path, flags: O_RDONLY),
      let bytes = try? file.readAll(limit: 1 << 24)
    else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
  }

  /// The flags of the mapping that holds `address`, as in `rd`.
  static func flags(at address: UInt) -> [Substring]? {
    var isInside = false
    for line in lines(of: "/proc/self/smaps") {
      let range = line.prefix { $0 != " " }.split(separator: "-")
      let ends = range.compactMap { UInt($0, radix: 16) }
      if range.count == 2, ends.count == 2 {
        isInside = (ends[0]..<ends[1]).contains(address)
      } else if isInside, line.hasPrefix("VmFlags:") {
        return line.split(separator: " ").dropFirst().map(\.self)
      }
    }
    return nil
  }

  /// How much memory is locked.
  static var lockedKilobytes: Int? { kilobytes(of: "VmLck:", in: "/proc/self/status") }

  /// How much of it is in use, which is less where pages are locked as they are touched.
  ///
  /// Source: proc(5), `/proc/[pid]/smaps_rollup`.
  static var lockedResidentKilobytes: Int? {
    kilobytes(of: "Locked:", in: "/proc/self/smaps_rollup")
  }

  private static func kilobytes(of field: String, in file: String) -> Int? {
    let line = lines(of: file).first { $0.hasPrefix(field) }
    return line.flatMap { Int($0.filter { ("0"..."9").contains($0) }) }
  }
}
