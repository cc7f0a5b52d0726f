/// A line as far as it was typed, with the keys that change or end it.
///
/// Source: stty(1), the special characters.
struct TypedLine {
  /// How many bytes of text there are; the next one is read behind them.
  private(set) var count = 0

  /// Whether a byte was typed that is no text, such as the first of an arrow key's.
  private(set) var hasControl = false

  /// What a byte that was typed means.
  enum Effect {
    /// Text, or a change of it.
    case text

    /// The line has its end.
    case end

    case endOfInput

    /// A key that stands for a signal.
    case key(Signal)
  }

  private enum Control {
    static let interrupt: UInt8 = 0x03
    static let endOfFile: UInt8 = 0x04
    static let backspace: UInt8 = 0x08
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let quit: UInt8 = 0x1C
    static let clearLine: UInt8 = 0x15
    static let deleteWord: UInt8 = 0x17
    static let suspend: UInt8 = 0x1A
    static let delete: UInt8 = 0x7F
  }

  /// Acts on the byte that was read behind the text.
  ///
  /// - Parameter bytes: The text and that byte; what is taken back is wiped in it.
  /// - Returns: What comes of it.
  mutating func takeByte(of bytes: inout MutableSpan<UInt8>) -> Effect {
    switch bytes[count] {
    case Control.endOfFile where count == 0 && !hasControl: return .endOfInput
    case Control.lineFeed, Control.carriageReturn, Control.endOfFile:
      bytes[count] = 0
      return .end
    case Control.interrupt: return .key(.interrupt)
    case Control.quit: return .key(.quit)
    case Control.suspend: return .key(.terminalStop)
    case Control.backspace, Control.delete: removeLastCharacter(from: &bytes)
    case Control.deleteWord: removeLastWord(from: &bytes)
    case Control.clearLine:
      bytes.wipe(0..<(count + 1))
      self = TypedLine()
    case Control.tab, 0x20...: count += 1
    default:
      bytes[count] = 0
      hasControl = true
    }
    return .text
  }

  private mutating func removeLastWord(from bytes: inout MutableSpan<UInt8>) {
    let end = count + 1
    while count > 0, bytes[count - 1] <= 0x20 { count -= 1 }
    while count > 0, bytes[count - 1] > 0x20 { count -= 1 }
    bytes.wipe(count..<end)
  }

  private mutating func removeLastCharacter(from bytes: inout MutableSpan<UInt8>) {
    let end = count + 1
    // The continuation bytes of a UTF-8 character go with its first byte.
    while count > 0 {
      count -= 1
      if bytes[count] & 0xC0 != 0x80 { break }
    }
    bytes.wipe(count..<end)
  }
}
