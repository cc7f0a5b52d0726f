// Finding keys by their ids and names.

extension Organization {
  /// The position in ``keys`` of the key with that id.
  func position(ofKeyWithID id: KeyID) -> Int? {
    positionsByID.position(hash: PositionTable.hash(of: id)) { keys[$0].id == id }
  }

  /// The newest key of that name, live or ended: names are unique among the
  /// live ones, so if one is live it is this.
  func newestKey(named name: Name, in namespace: Namespace) -> Key? {
    newestPosition(of: name, in: namespace).map { keys[$0] }
  }

  func newestKey(
    withEnvironmentName name: EnvironmentName, in namespace: Namespace
  ) -> Key? {
    newestPosition(of: name, in: namespace).map { keys[$0] }
  }

  private func newestPosition(of name: Name, in namespace: Namespace) -> Int? {
    newestByName.position(hash: Self.hash(of: name.text, in: namespace)) { position in
      keys[position].namespace == namespace && keys[position].name == name
    }
  }

  private func newestPosition(of name: EnvironmentName, in namespace: Namespace) -> Int? {
    newestByEnvironmentName.position(hash: Self.hash(of: name.text, in: namespace)) { position in
      keys[position].namespace == namespace && keys[position].environmentName == name
    }
  }

  private static func hash(of word: String, in namespace: Namespace) -> UInt32 {
    PositionTable.hash(of: Place(namespace: namespace, word: word))
  }

  /// A word that is unique within a namespace.
  private struct Place: Hashable {
    let namespace: Namespace
    let word: String
  }

  // MARK: Changing

  /// Makes room for so many keys in all; it takes no memory before they come.
  package mutating func reserveCapacity(_ count: Int) { keys.reserveCapacity(count) }

  /// Makes the key at a position known by its id.
  mutating func noteID(ofKeyAt position: Int) {
    positionsByID.insert(position, hash: PositionTable.hash(of: keys[position].id))
  }

  /// Makes the key at a position the newest with its name.
  ///
  /// Returns the position of the one that was it before, if there was one.
  @discardableResult
  mutating func noteName(ofKeyAt position: Int) -> Int? {
    let key = keys[position]
    let former = newestPosition(of: key.name, in: key.namespace)
    newestByName.put(
      position, inPlaceOf: former, hash: Self.hash(of: key.name.text, in: key.namespace))
    return former
  }

  /// The same for the environment name.
  @discardableResult
  mutating func noteEnvironmentName(ofKeyAt position: Int) -> Int? {
    let key = keys[position]
    let former = newestPosition(of: key.environmentName, in: key.namespace)
    newestByEnvironmentName.put(
      position, inPlaceOf: former, hash: Self.hash(of: key.environmentName.text, in: key.namespace))
    return former
  }

  /// Takes out what leads to the key at a position.
  ///
  /// - Parameter position: Where it stands still.
  /// - Returns: Whether it was the newest with its name, and with its environment name.
  mutating func forgetWords(
    ofKeyAt position: Int
  ) -> (hadName: Bool, hadEnvironmentName: Bool) {
    let key = keys[position]
    positionsByID.remove(position, hash: PositionTable.hash(of: key.id))
    return (
      newestByName.remove(position, hash: Self.hash(of: key.name.text, in: key.namespace)),
      newestByEnvironmentName.remove(
        position, hash: Self.hash(of: key.environmentName.text, in: key.namespace))
    )
  }

  /// Takes note that a key stands at another position.
  mutating func noteMove(of key: Key, from position: Int, to next: Int) {
    positionsByID.replace(position, by: next, hash: PositionTable.hash(of: key.id))
    newestByName.replace(
      position, by: next, hash: Self.hash(of: key.name.text, in: key.namespace))
    newestByEnvironmentName.replace(
      position, by: next, hash: Self.hash(of: key.environmentName.text, in: key.namespace))
  }
}
