internal import CLinux
internal import Glibc

/// Pages that are kept out of swap, core dumps and children, between two guard
/// pages.
///
/// Source: mmap(2), mlock(2) (`MLOCK_ONFAULT`), madvise(2) (`MADV_DONTDUMP`,
/// `MADV_WIPEONFORK`).
@safe
struct LockedPages {
  /// The first usable byte.
  let base: UnsafeMutablePointer<UInt8>

  /// The number of usable bytes, a multiple of the page size.
  let byteCount: Int

  /// Whether the kernel granted the lock; without it the pages may be swapped.
  let isLocked: Bool

  private static var pageByteCount: Int { Int(getpagesize()) }

  /// Maps at least `byteCount` zero bytes.
  ///
  /// - Parameters:
  ///   - byteCount: How many are needed.
  ///   - takesOnTouch: Whether a page takes memory only once it is touched; it is locked
  ///     then as are the others, and the limit on locked memory counts it at once.
  /// - Throws: ``Errno`` if the kernel has no memory for them. A refused lock
  ///   is no error, but told in ``isLocked``.
  init(byteCount: Int, takesOnTouch: Bool = false) throws(Errno) {
    let page = Self.pageByteCount
    let usable = (max(byteCount, 1) + page - 1) / page * page
    let mapped = unsafe mmap(
      nil, usable + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { throw .current }
    let start = unsafe mapped.advanced(by: page)
    guard unsafe mprotect(start, usable, PROT_READ | PROT_WRITE) == 0 else {
      let failure = Errno.current
      _ = unsafe munmap(mapped, usable + 2 * page)
      throw failure
    }
    let isLockedOnTouch = unsafe takesOnTouch && clinux_lock_on_touch(start, usable) == 0
    isLocked = unsafe isLockedOnTouch || mlock(start, usable) == 0
    _ = unsafe madvise(start, usable, MADV_DONTDUMP)
    _ = unsafe madvise(start, usable, MADV_WIPEONFORK)
    unsafe base = start.bindMemory(to: UInt8.self, capacity: usable)
    self.byteCount = usable
  }

  func keepOnFork() {
    _ = unsafe madvise(UnsafeMutableRawPointer(base), byteCount, MADV_KEEPONFORK)
  }

  /// Locks the pages in a process that was forked, which inherits no lock.
  func lockAgain() -> Bool { unsafe mlock(UnsafeMutableRawPointer(base), byteCount) == 0 }

  /// Gives the pages back; the caller has wiped them.
  func unmap() {
    let page = Self.pageByteCount
    let mapped = unsafe UnsafeMutableRawPointer(base).advanced(by: -page)
    _ = unsafe munmap(mapped, byteCount + 2 * page)
  }
}
