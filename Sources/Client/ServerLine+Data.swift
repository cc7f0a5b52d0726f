internal import Wire

extension ServerLine {
  /// Reads a line whose data may be secret: they are decoded where they stand, and
  /// added to `data`.
  ///
  /// - Parameters:
  ///   - bytes: What holds the line; to be wiped by the caller.
  ///   - range: Where it is, without its end.
  ///   - data: What the line's data are added to.
  /// - Returns: The line.
  /// - Throws: ``SyntaxError`` for what no Assuan server sends.
  static func read(
    _ bytes: inout MutableSpan<UInt8>, _ range: Range<Int>, into data: inout SecretBuffer
  ) throws(SyntaxError) -> ServerLine {
    let line = try ServerLine(parsing: bytes.span.extracting(range))
    guard case .data(let payload) = line else { return line }
    let start = range.lowerBound + payload.lowerBound
    let count = try Percent.decode(&bytes, in: start..<range.upperBound)
    do throws(ClientError) {
      try data.append(bytes.span.extracting(start..<(start + count)))
    } catch {
      return .error(number: Failure.Code.limit.rawValue, message: error.message)
    }
    return line
  }
}
