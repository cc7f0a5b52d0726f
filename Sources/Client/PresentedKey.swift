internal import Platform
internal import Wire

/// The key that the environment presents: a connection then acts as this key, and
/// not as the user whose process it is.
///
/// Its text goes from the environment to the socket in locked memory only.
enum PresentedKey {
  static let variable = "COFFER_API_KEY"

  /// Presents the key, if there is one, and awaits the answer.
  ///
  /// Throws `locked` as the daemon does; any other refusal names the variable.
  static func present(on connection: DaemonConnection) throws(ClientError) {
    guard let text = try text() else { return }
    let answer: Secret? = consume text
    do throws(ClientError) {
      try connection.send([Command(.authenticate)])
      _ = try connection.receiveReply(answeringWith: answer)
    } catch {
      throw refusal(error)
    }
  }

  /// Sends the key without awaiting the answer, so that it costs no round trip.
  ///
  /// - Parameter connection: Where to.
  /// - Returns: Whether there is a key, and so an answer to come.
  /// - Throws: ``ClientError``.
  static func send(on connection: DaemonConnection) throws(ClientError) -> Bool {
    guard let text = try text() else { return false }
    try connection.send(Command(.authenticate), answeredWith: text)
    return true
  }

  /// Receives the answer to the key that ``send(on:)`` has sent.
  ///
  /// Throws as ``present(on:)`` does; the connection is of no use then, since the
  /// daemon may take the lines of the key for commands.
  static func receiveReply(on connection: DaemonConnection) throws(ClientError) {
    do throws(ClientError) {
      _ = try connection.receiveReply(isAnswered: true)
    } catch {
      throw refusal(error)
    }
  }

  /// Adds the key, if there is one, to what is masked in the output of a command that
  /// inherits it.
  static func add(to values: inout ObtainedValues) throws(ClientError) {
    guard let text = try text() else { return }
    try text.withBytes { (bytes) throws(ClientError) -> Void in
      try values.append(bytes, of: variable, as: variable)
    }
  }

  /// What is told of a refusal; never the value.
  static func refusal(_ error: ClientError) -> ClientError {
    guard error.status == ExitStatus.failed else { return error }
    return ClientError(
      error.code, "\(variable): the key was refused: \(error.message)",
      hint: error.hint ?? "set another key, or unset it to act as yourself")
  }

  /// Whoever has no key in there acts as the user, so an empty one is an error: it is what
  /// a runner makes of a secret that is missing.
  private static func text() throws(ClientError) -> Secret? {
    let text: Secret?
    do throws(SecretError) { text = try Environment.secret(of: variable) } catch {
      throw .outOfMemory
    }
    guard let text else { return nil }
    guard text.count > 0 else {
      throw ClientError(
        .malformed, "\(variable) is set, and holds no key",
        hint: "is a secret of the runner not set? Unset it to act as yourself")
    }
    return text
  }
}
