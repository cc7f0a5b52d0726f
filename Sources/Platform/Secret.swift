internal import Glibc

/// A run of secret bytes in locked memory.
///
/// The bytes are wiped when the value goes away. They are lent to a closure,
/// never handed out, so nothing copies them by accident; being noncopyable, a
/// secret can be neither printed nor boxed.
///
/// Source: explicit_bzero(3).
@safe
package struct Secret: ~Copyable, @unchecked Sendable {
  private let base: UnsafeMutablePointer<UInt8>
  private let home: Home

  /// The number of secret bytes.
  package let count: Int

  private enum Home {
    case arena(SecretArena.Block)
    case pages(LockedPages)
  }

  /// Takes `count` zero bytes, from the arena where the process has one.
  ///
  /// - Parameter count: At least 0.
  /// - Throws: ``SecretError/outOfLockedMemory`` if no block is free, or if the
  ///   kernel has no memory.
  package init(count: Int) throws(SecretError) {
    precondition(count >= 0, "a count is never negative")
    if let block = try SecretArena.take(byteCount: count) {
      unsafe base = block.base
      home = .arena(block)
    } else {
      let pages: LockedPages
      do { pages = try LockedPages(byteCount: count) } catch { throw .outOfLockedMemory }
      unsafe base = pages.base
      home = .pages(pages)
    }
    self.count = count
  }

  /// Takes `count` bytes and lets `fill` write them.
  ///
  /// - Throws: ``SecretError/outOfLockedMemory`` as ``init(count:)`` does.
  package init(
    count: Int, filledBy fill: (inout MutableSpan<UInt8>) -> Void
  ) throws(SecretError) {
    try self.init(count: count)
    withMutableBytes { bytes in fill(&bytes) }
  }

  /// Takes a copy of `bytes`, for what came from elsewhere in locked memory.
  ///
  /// - Throws: ``SecretError/outOfLockedMemory`` as ``init(count:)`` does.
  package init(copying bytes: Span<UInt8>) throws(SecretError) {
    try self.init(count: bytes.count) { copy in copy.replace(at: 0, with: bytes) }
  }

  deinit {
    unsafe explicit_bzero(base, count)
    switch home {
    case .arena(let block): SecretArena.giveBack(block)
    case .pages(let pages): pages.unmap()
    }
  }

  /// Whether the kernel keeps the bytes out of swap.
  ///
  /// Of an arena it was told when that was reserved.
  package var isLocked: Bool {
    switch home {
    case .arena: true
    case .pages(let pages): pages.isLocked
    }
  }

  /// Lets a process that is forked from now on have the bytes too.
  ///
  /// It would find zeros else. Until it executes a program or wipes them the two share
  /// the pages, so they stay locked. Not for secrets in an arena.
  ///
  /// Source: madvise(2), `MADV_KEEPONFORK`.
  package borrowing func keepOnFork() {
    if case .pages(let pages) = home { pages.keepOnFork() }
  }

  /// Locks the bytes in a process that was forked and has them, as it inherits no lock.
  ///
  /// - Returns: Whether the kernel has locked them.
  ///
  /// Source: mlock(2).
  package borrowing func lockAgain() -> Bool {
    switch home {
    case .arena: false
    case .pages(let pages): pages.lockAgain()
    }
  }

  /// Lends the bytes to `body`.
  package borrowing func withBytes<Result: ~Copyable, Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(unsafe Span(_unsafeStart: base, count: count))
  }

  /// Lends the bytes to `body` for writing.
  package mutating func withMutableBytes<Result: ~Copyable, Failure: Error>(
    _ body: (inout MutableSpan<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    var span = unsafe MutableSpan(_unsafeStart: base, count: count)
    return try body(&span)
  }

  /// Overwrites all bytes with zeros.
  package mutating func wipe() {
    unsafe explicit_bzero(base, count)
  }

  /// Overwrites all bytes with zeros where nobody reads them any more, though the secret
  /// is only lent.
  borrowing func wipeShared() {
    unsafe explicit_bzero(base, count)
  }

  /// Lends the bytes to a C call; for Sodium and Platform only.
  @unsafe
  package borrowing func withUnsafePointer<Result, Failure: Error>(
    _ body: (UnsafePointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(base)
  }

  /// Lends the bytes to a C call that writes them; for Sodium and Platform only.
  @unsafe
  package mutating func withUnsafeMutablePointer<Result, Failure: Error>(
    _ body: (UnsafeMutablePointer<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(base)
  }
}

/// Why a secret could not be held.
package enum SecretError: Error, Equatable {
  case outOfLockedMemory
}
