internal import Platform
internal import Wire

/// The program that asks for a passphrase on a display, where there is no terminal.
///
/// Source: the manual of pinentry, "Protocol".
struct Pinentry: ~Copyable {
  private let program: ChildProgram
  private var input: Secret
  private var arrived = 0

  /// Longer than any line of it.
  private static let inputByteCount = 4_096

  private static let name = "pinentry"

  /// The number of the error for somebody who does not want to answer.
  ///
  /// Source: gpg-error.h, `GPG_ERR_CANCELED`; the source of the error is above.
  private static let canceled = 99
  private static let codeMask = 0xFFFF

  /// What a program on a display needs of the environment; no more is passed on.
  private static let variables = [
    "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE",
    "DBUS_SESSION_BUS_ADDRESS", "HOME", "PATH", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES",
  ]

  /// Whether there is a display, and the program that asks on it.
  static var isThere: Bool {
    let hasDisplay = ["DISPLAY", "WAYLAND_DISPLAY"].contains {
      !(Environment.value(of: $0) ?? "").isEmpty
    }
    let directories = (Environment.value(of: "PATH") ?? "").split(separator: ":")
    return hasDisplay
      && directories.contains {
        (try? FileStatus.ofFile(at: "\($0)/\(name)", followsLinks: true)) ?? nil != nil
      }
  }

  /// Asks for a secret.
  ///
  /// - Parameters:
  ///   - prompt: What is asked for, as in `Passphrase of the vault: `.
  ///   - problem: What was wrong with the answer before, if there was one.
  /// - Returns: The secret; nil if there is no such program, or it cannot ask.
  /// - Throws: ``ClientError`` if the person does not want to answer.
  static func ask(_ prompt: String, after problem: String?) throws(ClientError) -> Secret? {
    guard isThere, var pinentry = try Pinentry() else { return nil }
    let secret: Secret?
    do throws(ClientError) {
      secret = try pinentry.ask(prompt, after: problem)
    } catch {
      pinentry.end()
      throw error
    }
    pinentry.end()
    return secret
  }

  /// Nil if there is no such program.
  private init?() throws(ClientError) {
    do throws(Errno) {
      program = try ChildProgram(
        Self.name, arguments: [Self.name],
        environment: Self.variables.compactMap { name in
          Environment.value(of: name).map { "\(name)=\($0)" }
        })
    } catch {
      return nil
    }
    do throws(SecretError) {
      input = try Secret(count: Self.inputByteCount)
    } catch {
      throw .outOfMemory
    }
  }

  private consuming func end() { program.end() }

  private mutating func ask(
    _ prompt: String, after problem: String?
  ) throws(ClientError) -> Secret? {
    guard try receive() != nil else { return nil }
    let words = prompt.split(separator: ":").first.map(String.init) ?? prompt
    var lines = [("SETTITLE", "Coffer"), ("SETDESC", words), ("SETPROMPT", "Passphrase:")]
    if let problem { lines.append(("SETERROR", problem)) }
    for (command, text) in lines {
      guard try send("\(command) \(Percent.encodedWord(text))") != nil else { return nil }
    }
    // Nil as well for nothing typed: OK comes without data then.
    return try send("GETPIN")
  }

  /// Sends a line, and receives the answer: empty if it has no data, nil for an error.
  private mutating func send(_ line: String) throws(ClientError) -> Secret? {
    do throws(Errno) { try program.socket.sendAll("\(line)\n".utf8.span) } catch { return nil }
    return try receive()
  }

  private mutating func receive() throws(ClientError) -> Secret? {
    var data = SecretBuffer()
    while let line = receiveLine(into: &data) {
      switch line {
      case .ok: return try data.finish()
      case .error(let number, _) where number & Self.codeMask == Self.canceled:
        throw .promptCancelled
      case .error, .inquire: return nil
      case .status, .hint, .data, .comment: break
      }
    }
    return nil
  }

  /// Receives one line; nil if the program has gone, or says what none says.
  private mutating func receiveLine(into data: inout SecretBuffer) -> ServerLine? {
    while true {
      let finding = input.withBytes { LineScanner.next(in: $0, from: 0, end: arrived) }
      switch finding {
      case .tooLong: return nil
      case .incomplete:
        let received = try? input.withMutableBytes { (bytes) throws(Errno) in
          try program.socket.receive(into: &bytes, at: arrived)
        }
        guard let count = received ?? nil, count > 0 else { return nil }
        arrived += count
      case .line(let range, let next):
        let end = arrived
        arrived -= next
        return input.withMutableBytes { bytes in
          defer {
            bytes.move(next..<end, to: 0)
            bytes.wipe((end - next)..<end)
          }
          do throws(SyntaxError) {
            return try ServerLine.read(&bytes, range, into: &data)
          } catch {
            return nil
          }
        }
      }
    }
  }
}

extension ClientError {
  static let promptCancelled = ClientError(
    ExitStatus.failed, "the prompt was cancelled, so nothing was changed")
}
