internal import Platform

/// One way to encode a value, out of several of a kind.
protocol EncodedForms {
  /// The ways of this kind.
  static var all: [Self] { get }

  /// The most bytes that one byte becomes.
  static var expansion: Int { get }

  /// How many bytes a line of it has, where it is printed in lines.
  var partByteCount: Int? { get }

  func write(_ value: Span<UInt8>, into buffer: inout FormBuffer)
}

extension EncodedForms {
  var partByteCount: Int? { nil }
}

/// A value whose line ends are others: a terminal prints CR and LF for every LF.
///
/// Source: termios(3), `ONLCR`.
enum LineEndForms: CaseIterable, EncodedForms {
  case lineFeed
  case carriageReturnAndLineFeed

  /// As a terminal prints it: with CR before every LF, also before one that has it.
  case printed

  static var all: [LineEndForms] { allCases }
  static let expansion = 2

  func write(_ value: Span<UInt8>, into buffer: inout FormBuffer) {
    for index in value.indices {
      let byte = value[index]
      let isPair = byte == 0x0D && index + 1 < value.count && value[index + 1] == 0x0A
      if isPair, self != .printed { continue }
      if byte == 0x0A, self != .lineFeed { buffer.append(0x0D) }
      buffer.append(byte)
    }
  }
}
