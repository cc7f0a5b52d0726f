internal import Keyring
internal import Platform

/// What systemd asks for when it fetches a credential for a unit.
///
/// It says so by the address that it has bound before it connected:
/// NUL, some digits, and `/unit/web.service/stripe`.
///
/// Source: systemd.exec(5), `LoadCredential=`.
struct CredentialRequest {
  let unit: UnitName
  let name: CredentialName
  let processID: Int32

  /// Why nothing is handed out.
  enum Unusable: Error {
    /// Only the system's own manager is believed, which is root.
    case otherUser

    /// The address names no unit and no credential.
    case address

    /// The same in words.
    var text: String {
      switch self {
      case .otherUser: "only root is believed, which the system's manager is"
      case .address: "its address is none of systemd's"
      }
    }
  }

  /// Reads what a peer asks for.
  ///
  /// - Parameters:
  ///   - peer: Who has connected.
  ///   - address: The address that it has bound; empty if none.
  /// - Throws: ``Unusable``.
  init(_ peer: PeerCredentials, address: [UInt8]) throws(Unusable) {
    guard peer.userID == 0 else { throw .otherUser }
    guard address.first == 0, let text = String(validating: address.dropFirst(), as: UTF8.self)
    else { throw .address }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 4, !parts[0].isEmpty,
      parts[0].allSatisfy({ $0.isASCII && $0.isHexDigit }),
      parts[1] == "unit", let unit = UnitName(String(parts[2])),
      let name = CredentialName(String(parts[3]))
    else { throw .address }
    self.unit = unit
    self.name = name
    processID = peer.processID
  }

  /// As it stands in the audit.
  var text: String { "\(unit.text) \(name.text)" }
}
