internal import Sodium

// Where the frames of a file are, before anything is opened.

extension SealedLog {
  /// The tag of the frame that ends at `offset`.
  static func tag(of file: [UInt8], before offset: Int) -> [UInt8] {
    Array(file[(offset - LogHead.tagByteCount)..<offset])
  }

  /// How many frames a file seems to have, by what it says of their lengths alone.
  static func frameCount(of file: [UInt8]) -> Int {
    var count = 0
    var offset = headerByteCount
    while let frame = frame(of: file, at: offset) {
      count += 1
      offset = frame.box.upperBound
    }
    return count
  }

  /// The place and the box of the frame at `offset`, if a whole one is there.
  static func frame(of file: [UInt8], at offset: Int) -> (
    place: UInt64, box: Range<Int>
  )? {
    let boxStart = offset + frameHeadByteCount
    guard boxStart <= file.count else { return nil }
    var count = 0
    for index in (0..<4).reversed() { count = count << 8 | Int(file[offset + index]) }
    guard count >= SealedBox.overhead, count <= maximumPayloadByteCount + SealedBox.overhead,
      count <= file.count - boxStart
    else { return nil }
    var place: UInt64 = 0
    for index in (0..<8).reversed() { place = place << 8 | UInt64(file[offset + 4 + index]) }
    return (place, boxStart..<(boxStart + count))
  }
}
