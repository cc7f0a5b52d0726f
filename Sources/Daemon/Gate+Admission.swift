internal import Keyring
internal import Store
internal import Wire

/// Which commands are served, to whom, and while the vault is in which state.
extension Gate {
  /// Throws unless the command is served now, and to this client.
  func admit(_ definition: CommandDefinition, _ exchange: Exchange) throws(Failure) {
    try requireServed(definition.verb, exchange)
    keeper.lookAgain()
    switch definition.availability {
    case .always: break
    case .withoutVault:
      switch keeper.state {
      case .absent: break
      case .damaged(let error): throw Failure(error)
      case .locked, .unlocked: throw Failure(StoreError.vaultExists)
      }
    case .withVault:
      switch keeper.state {
      case .absent: throw Failure(StoreError.noVault)
      case .locked, .damaged, .unlocked: break
      }
    case .unlocked:
      do throws(Failure) {
        let vault = try openVault()
        _ = try standing(of: exchange, in: vault)
      } catch {
        if error == .locked { refusalsWhileLocked += 1 }
        throw error
      }
    case .unlockedToAll:
      do throws(Failure) {
        _ = try openVault()
      } catch {
        if error == .locked { refusalsWhileLocked += 1 }
        throw error
      }
    }
  }

  /// The open vault for a new command, which one that is being locked is not.
  private func openVault() throws(Failure) -> Vault {
    guard !keeper.isLocking else { throw .locked }
    return try keeper.openVault()
  }

  /// Whether an admitted command is a use of the vault, which keeps it open.
  ///
  /// What strangers may ask is none of theirs.
  func isUse(_ definition: CommandDefinition, _ exchange: Exchange) -> Bool {
    switch definition.availability {
    case .always, .withoutVault, .withVault: return false
    case .unlocked: return true
    case .unlockedToAll:
      return keeper.vault.map { standingIfAny(of: exchange, in: $0.organization) != nil } ?? false
    }
  }

  /// Throws `forbidden` for what no connection that acts as a key is served.
  private func requireServed(_ verb: Verb, _ exchange: Exchange) throws(Failure) {
    if case .peer = exchange.ownSession.identity { return }
    guard !CommandDefinition.verbsOfKeys.contains(verb), let vault = keeper.vault else { return }
    try audited(exchange, in: vault) { (_, _, _) throws(Refusal) -> Void in
      throw .forbidden(
        verb.rawValue, "a connection that acts as a key never manages",
        hint: "do it as a user, without COFFER_API_KEY")
    }
  }
}
