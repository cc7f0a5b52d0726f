internal import CSodium

/// What functions that have returned leave below the stack pointer.
///
/// The primitives of libsodium keep keys in local variables, and not all of them
/// wipe these.
package enum Stack {
  /// More than the deepest of them uses.
  private static let byteCount = 128 * 1024

  /// Overwrites the stack of this thread below the caller.
  ///
  /// Source: libsodium, "Memory handling" (`sodium_stackzero`).
  @inline(never)
  package static func wipe() { sodium_stackzero(byteCount) }
}
