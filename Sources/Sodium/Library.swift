internal import CSodium
package import Platform

/// Whether `sodium_init` succeeded; called once, on first use.
///
/// Source: libsodium, "Usage".
private let libraryIsReady: Bool = sodium_init() >= 0

/// Makes sure that the library may be used; every entry of this module asks.
///
/// It fails only where the system has no source of randomness, and then nothing
/// that a vault does is safe.
@inline(__always)
func requireLibrary() {
  precondition(libraryIsReady, "libsodium cannot be used: no source of randomness")
}

/// A failure that libsodium reports.
package enum SodiumError: Error, Equatable {
  /// The bytes were not sealed with this key and context, or have changed.
  case authenticationFailed

  /// The key derivation got no memory.
  case outOfMemory

  /// The key derivation needs more memory than the process may have; it would be
  /// killed. Both in bytes.
  case overMemoryLimit(limit: Int, needed: Int)

  /// No locked memory is left for a secret.
  case outOfLockedMemory

  package init(_ error: SecretError) {
    switch error {
    case .outOfLockedMemory: self = .outOfLockedMemory
    }
  }
}
