internal import CLinux
internal import Glibc

/// Secret numbers in locked memory that become more.
///
/// They are moved by the kernel's page tables, never copied, so that twice their
/// memory is never needed. Forked processes find zeros in their place.
///
/// Source: mremap(2), mlock(2), madvise(2) (`MADV_DONTDUMP`, `MADV_WIPEONFORK`).
@safe
package struct SecretWords: ~Copyable, @unchecked Sendable {
  private var base: UnsafeMutablePointer<UInt64>

  /// How many numbers have room.
  private var capacity: Int

  /// How many numbers there are.
  package private(set) var count = 0

  /// What is added at a time.
  private static let stepByteCount = 131_072

  /// Takes locked memory for `count` zeros.
  ///
  /// - Parameter count: At least 0.
  /// - Throws: ``SecretError/outOfLockedMemory`` if the kernel locks no more.
  package init(count: Int = 0) throws(SecretError) {
    let byteCount = Self.byteCount(for: count)
    let mapped = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
      throw .outOfLockedMemory
    }
    guard unsafe mlock(mapped, byteCount) == 0 else {
      _ = unsafe munmap(mapped, byteCount)
      throw .outOfLockedMemory
    }
    _ = unsafe madvise(mapped, byteCount, MADV_DONTDUMP)
    _ = unsafe madvise(mapped, byteCount, MADV_WIPEONFORK)
    capacity = byteCount / MemoryLayout<UInt64>.size
    unsafe base = mapped.bindMemory(to: UInt64.self, capacity: capacity)
    self.count = count
  }

  deinit {
    let byteCount = capacity * MemoryLayout<UInt64>.size
    unsafe explicit_bzero(base, byteCount)
    _ = unsafe munmap(base, byteCount)
  }

  /// Lets a process that is forked from now on have the numbers too, which shares the
  /// pages until one of the two writes them.
  ///
  /// Source: madvise(2), `MADV_KEEPONFORK`.
  package borrowing func keepOnFork() {
    _ = unsafe madvise(base, capacity * MemoryLayout<UInt64>.size, MADV_KEEPONFORK)
  }

  /// Locks the numbers in a process that was forked and has them, as it inherits no lock.
  ///
  /// - Returns: Whether the kernel has locked them.
  ///
  /// Source: mlock(2).
  package borrowing func lockAgain() -> Bool {
    unsafe mlock(base, capacity * MemoryLayout<UInt64>.size) == 0
  }

  private static func byteCount(for count: Int) -> Int {
    let wanted = max(count * MemoryLayout<UInt64>.size, 1)
    return (wanted + stepByteCount - 1) / stepByteCount * stepByteCount
  }

  /// Adds a number at the end.
  ///
  /// - Throws: ``SecretError/outOfLockedMemory`` if the kernel locks no more.
  package mutating func append(_ word: UInt64) throws(SecretError) {
    if count == capacity { try grow() }
    unsafe base[count] = word
    count += 1
  }

  private mutating func grow() throws(SecretError) {
    let former = capacity * MemoryLayout<UInt64>.size
    let wanted = former + Self.stepByteCount
    // What is added to locked memory is locked.
    let moved = unsafe clinux_remap(base, former, wanted)
    guard unsafe moved != MAP_FAILED else { throw .outOfLockedMemory }
    capacity = wanted / MemoryLayout<UInt64>.size
    unsafe base = moved.bindMemory(to: UInt64.self, capacity: capacity)
  }

  package subscript(index: Int) -> UInt64 {
    get {
      precondition(index >= 0 && index < count, "the index is inside")
      return unsafe base[index]
    }
    set {
      precondition(index >= 0 && index < count, "the index is inside")
      unsafe base[index] = newValue
    }
  }

  /// Lends the numbers to `body`.
  package borrowing func withWords<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt64>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe Span(_unsafeStart: base, count: count))
  }
}
