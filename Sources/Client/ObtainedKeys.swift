internal import Keyring
internal import Platform
internal import Wire

/// The keys that the daemon has handed out, on their way into an environment.
struct ObtainedKeys: ~Copyable {
  /// Entries `NAME=value`, each with a NUL behind it.
  private var entries = SecretBuffer()

  /// The key and the name of each entry, in the same order.
  private var origins: [(key: String, name: String)] = []

  /// The names that the command line itself has chosen.
  private let chosenNames: Set<String>

  /// The most bytes of one entry with its NUL, which the kernel takes.
  ///
  /// Source: execve(2), `MAX_ARG_STRLEN`.
  private static let maximumEntryByteCount = 131_072

  private init(chosenNames: Set<String>) { self.chosenNames = chosenNames }

  /// Asks for all keys of `selection` in one round trip, and opens the vault if
  /// it is locked.
  ///
  /// Throws if any of them cannot be had.
  static func obtain(
    _ selection: KeySelection, for command: String, _ arguments: Arguments
  ) throws(ClientError) -> ObtainedKeys {
    let commands = commands(of: selection, for: command)
    do throws(ClientError) {
      // All is sent before the greeting has arrived: one round trip. If the key is
      // refused, the answers behind it are left unread, with their connection.
      let connection = try Dialogue.connect(arguments)
      let presentsKey = try PresentedKey.send(on: connection)
      try connection.send(commands)
      try connection.receiveGreeting()
      if presentsKey { try PresentedKey.receiveReply(on: connection) }
      return try receive(selection, answersTo: commands, connection)
    } catch {
      guard error.status == ExitStatus.locked else { throw error }
    }
    // Other answers of the first dialogue are still to come, so a new one begins.
    let dialogue = try Dialogue(arguments, isLocked: true)
    try dialogue.connection.send(commands)
    return try receive(selection, answersTo: commands, dialogue.connection)
  }

  private static func commands(of selection: KeySelection, for command: String) -> [Command] {
    let name = command.split(separator: "/").last.map(String.init) ?? command
    let claim = Command(.option, options: [("command", PrintableText.claim(name))])
    return [claim] + selection.commands
  }

  private static func receive(
    _ selection: KeySelection, answersTo commands: [Command], _ connection: DaemonConnection
  ) throws(ClientError) -> ObtainedKeys {
    var obtained = ObtainedKeys(chosenNames: selection.chosenNames)
    for _ in commands {
      let reply = try connection.receiveReply()
      try obtained.append(reply)
    }
    guard !obtained.origins.isEmpty else {
      throw ClientError(
        ExitStatus.failed, "what was selected holds no key that you may use",
        hint: "'coffer list' shows the keys in sight")
    }
    return obtained
  }

  /// Adds the keys of one answer, but for those that are there already.
  private mutating func append(_ reply: borrowing DaemonConnection.Reply) throws(ClientError) {
    let keys = reply.statuses.filter { $0.keywords == ["ENV"] }
    var index = 0
    var start = 0
    var end = 0
    while end < reply.data.count {
      let isEnd = reply.data.withBytes { $0[end] == 0 }
      end += 1
      guard isEnd else { continue }
      guard index < keys.count, let key = keys[index]["key"], let name = keys[index]["name"] else {
        throw .protocolBroken("it sent more values than keys")
      }
      try append(reply.data, start..<end, of: key, as: name)
      index += 1
      start = end
    }
    guard index == keys.count, start == end else {
      throw .protocolBroken("it sent fewer values than keys")
    }
  }

  private mutating func append(
    _ data: borrowing SecretBuffer, _ range: Range<Int>, of key: String, as name: String
  ) throws(ClientError) {
    try data.withBytes { (bytes) throws(ClientError) -> Void in
      let prefix = Array("\(name)=".utf8)
      let beginsRight =
        range.count > prefix.count
        && prefix.indices.allSatisfy { bytes[range.lowerBound + $0] == prefix[$0] }
      guard beginsRight else { throw .protocolBroken("a value has not the name of its key") }
      if let other = origins.first(where: { $0.name == name }) {
        guard other.key != key else { return }
        throw ClientError(
          ExitStatus.failed, "\(name): \(other.key) and \(key) would both have this name",
          hint: "give one of them another name, as with '-k \(key)=NAME'")
      }
      guard range.count <= Self.maximumEntryByteCount else {
        throw ClientError(
          ExitStatus.failed, "\(key): name and value have more than 128 KiB, which no command takes"
        )
      }
      origins.append((key, name))
      try entries.append(bytes.extracting(range))
    }
  }

  /// Throws for a name that steers programs, and for one that would replace a
  /// variable which is set to something else.
  func checkNames() throws(ClientError) {
    for (index, origin) in origins.enumerated() {
      guard let name = EnvironmentName(stored: origin.name), !name.isReserved else {
        throw ClientError(
          ExitStatus.failed, "\(origin.key): its environment name \(origin.name) is reserved",
          hint: "give it another name, as with '-k \(origin.key)=NAME'")
      }
      guard !chosenNames.contains(origin.name), Environment.isSet(origin.name),
        !isSetAlready(index)
      else { continue }
      throw ClientError(
        ExitStatus.failed, "\(origin.name) is set already, to something else than \(origin.key)",
        hint: "choose the name yourself, as with '-k \(origin.key)=\(origin.name)', or unset it")
    }
  }

  /// Lends each key's name, as in `web/stripe`, and its value to `body`.
  borrowing func forEachValue<Failure: Error>(
    _ body: (String, Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    try entries.withBytes { (bytes) throws(Failure) -> Void in
      var start = 0
      for origin in origins {
        let end = bytes.firstIndex(of: 0, from: start) ?? bytes.count
        try body(origin.key, bytes.extracting((start + origin.name.utf8.count + 1)..<end))
        start = end + 1
      }
    }
  }

  /// Whether the environment has exactly the value of the entry at `index`.
  private func isSetAlready(_ index: Int) -> Bool {
    entries.withBytes { bytes in
      var start = 0
      for _ in 0..<index { start = (bytes.firstIndex(of: 0, from: start) ?? 0) + 1 }
      let end = bytes.firstIndex(of: 0, from: start) ?? bytes.count
      let value = bytes.extracting((start + origins[index].name.utf8.count + 1)..<end)
      return Environment.hasValue(value, of: origins[index].name)
    }
  }

  /// What a login to Coffer itself consists of; it is no command's business.
  private static let loginNames: Set<String> = [PresentedKey.variable, "COFFER_KEY_FILE"]

  /// The environment of the command.
  consuming func environment() throws(ClientError) -> EnvironmentBlock {
    let names = Set(origins.map(\.name)).union(Self.loginNames)
    let count = entries.count
    return EnvironmentBlock(
      added: try entries.finish(), addedByteCount: count, removing: names)
  }
}
