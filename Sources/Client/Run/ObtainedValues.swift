internal import Keyring
internal import Platform
internal import Wire

/// The values that the daemon has handed out, in locked memory.
struct ObtainedValues: ~Copyable {
  /// Entries `NAME=value` as they came, each with a NUL behind it.
  private var entries = SecretBuffer()

  /// What the entries are.
  private(set) var keys: [ObtainedKey] = []

  /// The positions of those that answer a request, by its number.
  private var positions: [Int?] = []

  private init() {}

  /// Asks for everything in one round trip, and opens the vault if it is locked.
  ///
  /// - Parameters:
  ///   - requests: What is asked for; if it is nothing, nobody is asked.
  ///   - command: What the keys are for, as the audit shows it.
  ///   - arguments: Those of the command line.
  /// - Returns: The values.
  /// - Throws: ``ClientError`` if any of them cannot be had, but for those that may be
  ///   missing.
  static func obtain(
    _ requests: ValueRequests, for command: String, _ arguments: Arguments
  ) throws(ClientError) -> ObtainedValues {
    guard !requests.lines.isEmpty else { return ObtainedValues() }
    let commands = [claim(of: command)] + requests.lines.map(\.command)
    do throws(ClientError) {
      // All is sent before the greeting has arrived: one round trip. If the key is
      // refused, the answers behind it are left unread, with their connection.
      let connection = try Dialogue.connect(arguments)
      let presentsKey = try PresentedKey.send(on: connection)
      try connection.send(commands)
      try connection.receiveGreeting()
      if presentsKey { try PresentedKey.receiveReply(on: connection) }
      return try receive(requests, connection)
    } catch {
      guard error.status == ExitStatus.locked else { throw error }
    }
    // Other answers of the first dialogue are still to come, so a new one begins.
    let dialogue = try Dialogue(arguments, isLocked: true)
    try dialogue.connection.send(commands)
    return try receive(requests, dialogue.connection)
  }

  /// Tells the daemon what the keys are for.
  static func claim(of command: String) -> Command {
    let name = command.lastComponent.isEmpty ? command : command.lastComponent
    return Command(.option, options: [("command", PrintableText.claim(name))])
  }

  private static func receive(
    _ requests: ValueRequests, _ connection: DaemonConnection
  ) throws(ClientError) -> ObtainedValues {
    _ = try connection.receiveReply()
    var obtained = ObtainedValues()
    for line in requests.lines {
      do throws(ClientError) {
        let reply = try connection.receiveReply()
        try obtained.append(reply, line.contents)
      } catch {
        guard !requests.mayBeMissing(line, error) else { continue }
        throw requests.located(error, in: line)
      }
    }
    return obtained
  }

  // MARK: Taking apart

  /// Adds the keys of one answer.
  private mutating func append(
    _ reply: borrowing DaemonConnection.Reply, _ contents: ValueRequests.Contents
  ) throws(ClientError) {
    let told = reply.statuses.filter { $0.keywords == ["ENV"] }
    let start = entries.count
    let ends = reply.data.withBytes { bytes in bytes.indices.filter { bytes[$0] == 0 } }
    guard told.count == ends.count, reply.data.count == ends.last.map({ $0 + 1 }) ?? 0 else {
      throw .protocolBroken("it sent other values than keys")
    }
    if case .values(let numbers) = contents, numbers.count != told.count {
      throw .protocolBroken("it sent \(told.count) values, and \(numbers.count) were asked for")
    }
    try reply.data.withBytes { (bytes) throws(ClientError) -> Void in try entries.append(bytes) }
    var entryStart = start
    for (fields, end) in zip(told, ends) {
      guard let key = fields["key"], let name = fields["name"] else {
        throw .protocolBroken("it sent a value without a key")
      }
      let valueStart = entryStart + name.utf8.count + 1
      let beginsRight = entries.withBytes {
        $0.holds("\(name)=".utf8.span, at: entryStart, before: start + end)
      }
      guard beginsRight else { throw .protocolBroken("a value has not the name of its key") }
      let request = try Self.request(contents, name)
      if let request {
        guard note(keys.count, asAnswerTo: request) else {
          throw .protocolBroken("it sent a value twice")
        }
      }
      keys.append(
        ObtainedKey(
          key: key, name: name, request: request, range: valueStart..<(start + end)))
      entryStart = start + end + 1
    }
  }

  /// - Returns: Whether it is the first one.
  private mutating func note(_ position: Int, asAnswerTo request: Int) -> Bool {
    while positions.count <= request { positions.append(nil) }
    guard positions[request] == nil else { return false }
    positions[request] = position
    return true
  }

  private static func request(
    _ contents: ValueRequests.Contents, _ name: String
  ) throws(ClientError) -> Int? {
    guard case .values(let numbers) = contents else { return nil }
    // What was asked for under the vault's name stands alone in its line.
    if numbers.count == 1 { return numbers[0] }
    guard let number = ValueRequests.number(ofAlias: name), numbers.contains(number) else {
      throw .protocolBroken("it sent a value that was not asked for")
    }
    return number
  }

  /// Adds a value that was made for the command, so that it is masked as the others are.
  ///
  /// - Parameters:
  ///   - value: Without NUL.
  ///   - key: What it is the value of, as the daemon names it.
  ///   - name: The variable's.
  /// - Throws: ``ClientError`` if there is no memory left for it.
  mutating func append(
    _ value: Span<UInt8>, of key: String, as name: String
  ) throws(ClientError) {
    try entries.append("\(name)=")
    let start = entries.count
    try entries.append(value)
    keys.append(ObtainedKey(key: key, name: name, request: nil, range: start..<entries.count))
    try entries.append([0].span)
  }

  // MARK: Lending

  /// Lends the value of a key to `body`.
  func withValue<Result, Failure: Error>(
    of key: ObtainedKey, _ body: (Span<UInt8>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try entries.withBytes { (bytes) throws(Failure) in try body(bytes.extracting(key.range)) }
  }

  /// The key that answers a request; nil if it is missing and may be.
  func key(ofRequest number: Int) -> ObtainedKey? {
    guard number < positions.count else { return nil }
    return positions[number].map { keys[$0] }
  }
}

/// A key whose value was handed out.
struct ObtainedKey {
  /// As the daemon names it, as in `web/stripe`.
  let key: String

  /// The name that the vault has for it, where that was asked for.
  let name: String

  /// The request that it answers; nil for one that came under the vault's name.
  let request: Int?

  /// Where its value is.
  fileprivate let range: Range<Int>
}

extension ValueRequests {
  /// Whether `error` is the answer to a key that may be missing, and says that it is.
  func mayBeMissing(_ line: Line, _ error: ClientError) -> Bool {
    guard case .values(let numbers) = line.contents, error.code == .notFound else { return false }
    return numbers.allSatisfy { requests[$0].isOptional }
  }

  /// `error` with the line of the file that asks for the key which it is about.
  func located(_ error: ClientError, in line: Line) -> ClientError {
    guard case .values(let numbers) = line.contents, error.code != nil, error.code != .locked
    else { return error }
    let number =
      numbers.count == 1
      ? numbers[0]
      : numbers.first { error.message.hasPrefix("\(requests[$0].key.text): ") }
    guard let number, let place = requests[number].place else { return error }
    return ClientError(error.code, "\(place): \(error.message)", hint: error.hint)
  }
}
