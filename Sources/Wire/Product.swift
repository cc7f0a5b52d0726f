/// What programs and protocol call themselves.
package enum Product {
  package static let name = "Coffer"
  package static let version = "0.1.0"

  /// Counts the versions of the protocol that a client must know of.
  package static let protocolVersion = 1
}
