internal import Keyring
internal import Platform

/// The search for texts of issued keys, which needs no vault: shape and checksum tell.
enum IssuedKeySearch {
  /// Finds the texts that begin at or after `start`.
  ///
  /// - Parameters:
  ///   - bytes: What is searched.
  ///   - start: Where the search begins.
  ///   - found: Called with the offset of each, and what can be read off it.
  /// - Returns: Where the search goes on when there are more bytes behind these.
  static func search(
    _ bytes: Span<UInt8>, from start: Int, _ found: (Int, KeyText.Handle) -> Void
  ) -> Int {
    var position = start
    while let index = bytes.firstIndex(of: "cof_", from: position),
      index + KeyText.byteCount <= bytes.count
    {
      let text = bytes.extracting(index..<(index + KeyText.byteCount))
      if let handle = KeyText.parse(text) {
        found(index, handle)
        position = index + KeyText.byteCount
      } else {
        position = index + 1
      }
    }
    // A text that begins behind this may go on in what is still to come.
    return max(position, bytes.count - KeyText.byteCount + 1)
  }
}
