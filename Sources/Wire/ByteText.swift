// Text taken apart at bytes: a sign with an accent behind it is another character,
// but for the protocol it is still the sign.

// Of strings alone: a generic function looks up at run time how the bytes are to be had,
// which is a tenth of all that `coffer run` does.

extension String {
  /// The text before and behind the first `sign`; nil behind if there is none.
  ///
  /// - Parameter sign: An ASCII character.
  /// - Returns: Both parts without the sign.
  package func divided(at sign: Unicode.Scalar) -> (head: String, tail: String?) {
    guard let index = utf8.firstIndex(of: UInt8(ascii: sign)) else { return (self, nil) }
    return (String(self[..<index]), String(self[utf8.index(after: index)...]))
  }

  /// Whether the text begins with the bytes of `prefix`.
  package func begins(with prefix: StaticString) -> Bool {
    utf8.starts(with: prefix.description.utf8)
  }
}
