internal import CLinux
internal import Glibc

extension MutableSpan<UInt8> {
  /// Copies `bytes` over the bytes from `offset` on.
  ///
  /// Both must fit: a copy past the end is a programmer's mistake and traps.
  package mutating func replace(at offset: Int, with bytes: Span<UInt8>) {
    precondition(offset >= 0 && bytes.count <= count - offset, "the copy must fit")
    guard !bytes.isEmpty else { return }
    unsafe withUnsafeMutableBufferPointer { target in
      unsafe bytes.withUnsafeBufferPointer { source in
        guard let to = target.baseAddress, let from = source.baseAddress else { return }
        unsafe memmove(to + offset, from, source.count)
      }
    }
  }

  /// Moves the bytes of `range` to `offset`; the two may overlap.
  package mutating func move(_ range: Range<Int>, to offset: Int) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is inside")
    precondition(offset >= 0 && range.count <= count - offset, "the move must fit")
    guard !range.isEmpty else { return }
    unsafe withUnsafeMutableBufferPointer { target in
      guard let base = target.baseAddress else { return }
      unsafe memmove(base + offset, base + range.lowerBound, range.count)
    }
  }

  /// Overwrites the bytes of `range` with zeros that the optimizer keeps.
  ///
  /// Source: explicit_bzero(3).
  package mutating func wipe(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "the range is inside")
    guard !range.isEmpty else { return }
    unsafe withUnsafeMutableBufferPointer { target in
      guard let base = target.baseAddress else { return }
      unsafe explicit_bzero(base + range.lowerBound, range.count)
    }
  }
}

extension Span<UInt8> {
  /// The offset of the first `byte` at or after `start`; nil if there is none.
  ///
  /// Source: memchr(3).
  package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    guard start < count else { return nil }
    return unsafe withUnsafeBufferPointer { bytes -> Int? in
      guard let base = bytes.baseAddress else { return nil }
      guard let found = unsafe memchr(base + start, CInt(byte), bytes.count - start) else {
        return nil
      }
      return unsafe UnsafeRawPointer(base).distance(to: UnsafeRawPointer(found))
    }
  }

  /// Where `pattern` first begins at or after `start`; nil if it does not occur there.
  ///
  /// Source: memmem(3).
  package func firstIndex(of pattern: StaticString, from start: Int) -> Int? {
    guard start < count else { return nil }
    return unsafe withUnsafeBufferPointer { bytes -> Int? in
      guard let base = bytes.baseAddress else { return nil }
      let found = unsafe clinux_find(
        base + start, bytes.count - start, pattern.utf8Start, pattern.utf8CodeUnitCount)
      return found < 0 ? nil : start + found
    }
  }

  /// Whether `other` stands at `position`, and ends before `end` or there.
  package func holds(_ other: Span<UInt8>, at position: Int, before end: Int) -> Bool {
    guard position + other.count <= end else { return false }
    for index in other.indices where self[position + index] != other[index] { return false }
    return true
  }

  /// The bytes as text, with U+FFFD for what is no UTF-8: a copy outside of locked memory,
  /// and so only of what is no secret.
  package var text: String { String(decoding: indices.map { self[$0] }, as: UTF8.self) }

  /// How often `byte` occurs before the offset `end`.
  package func count(of byte: UInt8, before end: Int) -> Int {
    precondition(end <= count, "the end is inside")
    return unsafe withUnsafeBufferPointer { bytes in
      var found = 0
      for index in 0..<end where unsafe bytes[index] == byte { found += 1 }
      return found
    }
  }
}
