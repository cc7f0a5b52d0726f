internal import Keyring
internal import Platform
internal import Wire

/// A key that is issued for the command alone: it ends when the command does.
struct IssuedKey {
  let workspace: Name
  private let access: String?

  /// Where the key comes from, for messages.
  static let source = "--issue"

  /// The key that the options want; nil for none.
  ///
  /// Throws ``ClientError`` where there can be none, before anything is asked for.
  init?(_ arguments: Arguments) throws(ClientError) {
    guard let text = arguments["issue"] else {
      guard !arguments.has("access") else {
        throw .usage(
          "--access is of --issue", hint: "as in 'coffer run --issue web --access editor'")
      }
      return nil
    }
    guard let workspace = Name(text) else {
      throw .usage(
        "--issue: \(PrintableText.object(text)) is no name of a workspace",
        hint: "as in 'coffer run --issue web -- ./job.sh'")
    }
    self.workspace = workspace
    access = arguments["access"]
    // An empty one is none.
    let isEmpty = Environment.hasValue("".utf8.span, of: PresentedKey.variable)
    guard isEmpty || !Environment.isSet(PresentedKey.variable) else {
      throw ClientError(
        ExitStatus.failed,
        "\(PresentedKey.variable) is set, and who acts as a key is issued none: --issue is for users",
        hint: "unset it to act as yourself, or leave --issue out")
    }
  }

  /// Has the key issued to this process, which will be the command's.
  ///
  /// - Parameters:
  ///   - variables: What the command gets; the key is added.
  ///   - values: What is masked in the command's output; so is the key.
  ///   - command: What the key is for, as the audit shows it.
  ///   - arguments: Those of the command line.
  /// - Throws: ``ClientError`` if there is none to be had.
  func add(
    to variables: inout InjectedVariables, _ values: inout ObtainedValues, for command: String,
    _ arguments: Arguments
  ) throws(ClientError) {
    let dialogue = try Dialogue(arguments, presentsKey: false)
    _ = try dialogue.ask(ObtainedValues.claim(of: command))
    let options = [("process", nil)] + (access.map { [("access", $0)] } ?? [])
    let reply = try dialogue.ask(
      Command(.create, options: options, words: [workspace.text]))
    let key = reply.statuses.first { $0.keywords == ["KEY"] }?["name"]
    guard reply.data.count == KeyText.byteCount, let key else {
      throw .protocolBroken("it issued no key")
    }
    try reply.data.withBytes { (text) throws(ClientError) -> Void in
      try values.append(text, of: key, as: PresentedKey.variable)
      try variables.append(PresentedKey.variable, text, from: Self.source)
    }
  }
}
