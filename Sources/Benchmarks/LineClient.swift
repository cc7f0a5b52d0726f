internal import Platform

/// A client of the protocol that waits for each answer.
final class LineClient {
  private let socket: UnixSocket
  private var input = LineBuffer()

  /// What is answered to one command.
  struct Reply {
    var statuses: [[UInt8]] = []
    var data: [UInt8] = []
    var end = End.lost
  }

  /// How an answer ends.
  enum End: Equatable {
    case ok
    case error(Int)
    case inquiry

    /// The connection has ended before it.
    case lost
  }

  /// Connects; nil if nobody listens at `path`.
  init?(_ path: String) {
    do throws(Errno) { socket = try UnixSocket.connect(to: path) } catch { return nil }
  }

  /// Whether anybody listens at `path`.
  static func isListened(_ path: String) -> Bool { LineClient(path) != nil }

  // MARK: Sending

  /// Returns whether the daemon has taken it.
  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    do throws(Errno) { try socket.sendAll(bytes.span) } catch { return false }
    return true
  }

  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  func finishSending() { try? socket.finishSending() }

  // MARK: Receiving

  /// Sends a line and waits for what is answered.
  func ask(_ line: String) -> Reply {
    send(line + "\n") ? receiveReply() : Reply()
  }

  /// The same with an answer to the inquiry that comes.
  func ask(_ line: String, answering data: [UInt8]) -> Reply {
    let asked = ask(line)
    guard asked.end == .inquiry else { return asked }
    return send(Array("D ".utf8) + Self.escaped(data) + Array("\nEND\n".utf8))
      ? receiveReply() : Reply()
  }

  /// Waits for all lines up to and with OK, ERR or INQUIRE.
  func receiveReply() -> Reply {
    var reply = Reply()
    while let line = receiveLine() {
      let space = line.firstIndex(of: 0x20) ?? line.endIndex
      let rest = Array(line[min(space + 1, line.endIndex)...])
      switch line[..<space] {
      case Self.ok: reply.end = .ok
      case Self.inquire: reply.end = .inquiry
      case Self.error: reply.end = .error(Self.code(rest))
      case Self.data:
        reply.data += Self.unescaped(rest)
        continue
      case Self.status:
        // The place for an answer is told beside the inquiry, and is no part of it.
        reply.statuses.append(rest)
        continue
      case _: continue
      }
      break
    }
    return reply
  }

  /// The next line; nil at the end of the connection.
  private func receiveLine() -> ArraySlice<UInt8>? {
    while true {
      if let line = input.takeLine() { return line }
      guard input.fill(from: socket) else { return nil }
    }
  }

  // MARK: Bytes

  private static let ok = Array("OK".utf8)[...]
  private static let error = Array("ERR".utf8)[...]
  private static let inquire = Array("INQUIRE".utf8)[...]
  private static let data = Array("D".utf8)[...]
  private static let status = Array("S".utf8)[...]

  /// The code of an error, without its source.
  private static func code(_ bytes: [UInt8]) -> Int {
    let digits = bytes.prefix { $0 != 0x20 }
    return (Int(String(decoding: digits, as: UTF8.self)) ?? 0) & 0xFFFF
  }

  private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
    bytes.flatMap { byte -> [UInt8] in
      switch byte {
      case 0x25: Array("%25".utf8)
      case 0x0A: Array("%0A".utf8)
      case 0x0D: Array("%0D".utf8)
      case _: [byte]
      }
    }
  }

  private static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
    var plain: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == 0x25, index + 2 < bytes.count,
        let byte = UInt8(
          String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
      {
        plain.append(byte)
        index += 3
      } else {
        plain.append(bytes[index])
        index += 1
      }
    }
    return plain
  }
}

/// Bytes that have arrived, of which lines are taken.
private struct LineBuffer {
  private var bytes = [UInt8](repeating: 0, count: 32_768)
  private var consumed = 0
  private var arrived = 0

  mutating func takeLine() -> ArraySlice<UInt8>? {
    guard let end = bytes[consumed..<arrived].firstIndex(of: 0x0A) else { return nil }
    defer { consumed = end + 1 }
    return bytes[consumed..<end]
  }

  /// Waits for more; returns whether there is any.
  mutating func fill(from socket: borrowing UnixSocket) -> Bool {
    bytes.replaceSubrange(0..<(arrived - consumed), with: Array(bytes[consumed..<arrived]))
    arrived -= consumed
    consumed = 0
    let offset = arrived
    var span = bytes.mutableSpan
    do throws(Errno) {
      guard let count = try socket.receive(into: &span, at: offset), count > 0 else {
        return false
      }
      arrived += count
    } catch {
      return false
    }
    return true
  }
}
