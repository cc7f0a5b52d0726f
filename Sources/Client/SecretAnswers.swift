internal import Platform
internal import Wire

/// How a command answers when the daemon asks for passphrases and key files: those
/// that open something now, and those that will from now on.
final class SecretAnswers {
  private var present: SecretSources
  private var new: SecretSources

  /// What is opened, as in `the vault`, where no slot is asked for.
  private let presentObject: String
  private let newObject: String

  /// The key file of the environment, if the vault was to be opened with it.
  private(set) var environmentPath: String?

  /// The key files that were made on the way.
  private var madeKeyFiles: [String] = []

  /// - Parameters:
  ///   - present: Where those that open something come from.
  ///   - new: Where those come from that will open something.
  ///   - presentObject: What the former open, where no slot is asked for.
  ///   - newObject: What the latter will open.
  init(
    present: SecretSources, new: SecretSources, presentObject: String = "the vault",
    newObject: String = "the vault"
  ) {
    self.present = present
    self.new = new
    self.presentObject = presentObject
    self.newObject = newObject
  }

  /// The option by which the daemon asks for a key file in place of a passphrase, if
  /// one is named.
  var keyFileFlag: [(String, String?)] { present.hasKeyFile ? [("key-file", nil)] : [] }

  /// The same of what will open something.
  var newKeyFileFlag: [(String, String?)] { new.hasKeyFile ? [("key-file", nil)] : [] }

  /// Refuses, before anybody types anything, what cannot be answered to the end.
  ///
  /// - Parameter needs: The slots whose key files will be asked for.
  /// - Throws: A usage error that names all key files which are not named.
  func requireKeyFiles(_ needs: KeyFileNeeds) throws(ClientError) {
    let missing = KeyFileNeeds(
      present: present.slotsWithoutKeyFile(among: needs.present),
      new: new.slotsWithoutKeyFile(among: needs.new), canKeepKey: needs.canKeepKey)
    if let error = missing.refusal { throw error }
  }

  /// Answers one question.
  ///
  /// - Parameters:
  ///   - inquiry: What is asked for.
  ///   - connection: Where it was asked, and is answered.
  /// - Throws: ``ClientError`` if there is nothing to answer with; nothing was sent.
  func answer(
    _ inquiry: DaemonConnection.Inquiry, on connection: DaemonConnection
  ) throws(ClientError) {
    let slot = inquiry.slot
    connection.progress?.restart()
    switch inquiry.keyword {
    case "PASSPHRASE": try connection.answer(with: try presentPassphrase(of: slot))
    case "KEYFILE": try connection.answer(with: try presentKeyFile(of: slot))
    case "NEWPASSPHRASE": try connection.answer(with: try newPassphrase(of: slot))
    case "NEWKEYFILE": try connection.answer(with: try newKeyFile(of: slot))
    case _: throw .protocolBroken("it asked for \(PrintableText.object(inquiry.keyword))")
    }
  }

  private func presentPassphrase(of slot: Int?) throws(ClientError) -> Secret {
    if let number = present.takeDescriptor(of: slot) {
      return try SecretInput.readDescriptor(number, named: present.descriptorOption)
    }
    let object = slot.map { "slot \($0)" } ?? presentObject
    if let typed = try SecretInput.ask("Passphrase of \(object): ") { return typed }
    let source = slot.map { "\($0)=N" } ?? "N"
    throw .usage(
      "there is no terminal to ask for the passphrase of \(object) on",
      hint: "use --\(present.descriptorOption) \(source)")
  }

  private func presentKeyFile(of slot: Int?) throws(ClientError) -> Secret {
    guard let path = present.takeKeyFile(of: slot) else {
      let source = slot.map { "\($0)=PATH" } ?? "PATH"
      throw .usage(
        "the key file of \(slot.map { "slot \($0)" } ?? presentObject) is not named",
        hint: "use --\(present.keyFileOption) \(source)")
    }
    guard present.isOfEnvironment(path) else { return try KeyFile.read(path) }
    if slot == nil { environmentPath = path }
    return try Unlocking.readKeyFile(ofEnvironment: path)
  }

  private func newPassphrase(of slot: Int?) throws(ClientError) -> Secret {
    if let number = new.takeDescriptor(of: nil) {
      return try SecretInput.readDescriptor(number, named: new.descriptorOption)
    }
    return try NewPassphrase.ask(
      for: slot.map { "slot \($0)" } ?? newObject, named: new.descriptorOption)
  }

  private func newKeyFile(of slot: Int?) throws(ClientError) -> Secret {
    guard let path = new.takeKeyFile(of: nil) else {
      let object = slot.map { "slot \($0)" } ?? newObject
      throw .usage(
        "the new key file of \(object) is not named",
        hint: "use --\(new.keyFileOption) PATH; it is made if it is not there")
    }
    if try KeyFile.make(path) { madeKeyFiles.append(path) }
    return try KeyFile.read(path)
  }

  /// Tells of the key files that were made.
  func noteMadeKeyFiles(opening object: String) {
    for path in madeKeyFiles {
      Console.note("made the key file \(path): whoever has it opens \(object)")
    }
  }

  /// Tells of the key files that were made for a command which was refused then.
  func noteLeftKeyFiles() {
    for path in madeKeyFiles {
      Console.note("the key file \(path) was made and is left there")
    }
  }
}
