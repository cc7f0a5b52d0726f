internal import Platform
internal import Sodium

/// The last frame of a log: how many frames there are, and the tag that stands
/// for all of them.
struct LogHead: Equatable, Sendable {
  static let tagByteCount = SealedBox.tagByteCount

  /// 0 in a log without frames.
  let sequence: UInt64

  /// Each tag covers the one before it.
  let tag: [UInt8]

  /// Before any log is known; no log has this head.
  static let none = LogHead(sequence: 0, tag: [])
}

/// An append-only file of sealed frames, each bound to the one before it.
///
///     header  8 bytes of mark, format u16, minimum reader u16, u32 of zeros,
///             vault id (16 bytes), number of the file u64
///     frame   length of the box u32, sequence u64, box
///
/// A box is bound to the vault, the file's number, its sequence and the tag of
/// the box before it (of the first: a digest of the header). So no frame can be
/// changed, left out, doubled, moved, or taken from another log.
struct SealedLog: Equatable {
  /// Which of a vault's logs.
  enum Kind: Equatable {
    case records
    case audit

    /// What the file begins with.
    fileprivate var mark: [UInt8] {
      switch self {
      case .records: Array("CofferR\n".utf8)
      case .audit: Array("CofferA\n".utf8)
      }
    }

    func fileName(_ number: UInt64) -> String {
      switch self {
      case .records: VaultDirectory.FileName.records(number)
      case .audit: VaultDirectory.FileName.audit(number)
      }
    }
  }

  static let version: UInt16 = 1
  static let headerByteCount = 40
  static let frameHeadByteCount = 12

  /// The longest payload: a value of 64 KiB and its names fit many times over.
  static let maximumPayloadByteCount = 1 << 20

  static let maximumFrameByteCount =
    frameHeadByteCount + maximumPayloadByteCount + SealedBox.overhead

  let kind: Kind

  /// What wrote it; a later format may still be readable.
  let format: UInt16
  let vault: VaultID

  /// Of records the generation, of the audit the number of the file.
  let number: UInt64

  private(set) var head: LogHead

  /// A log without frames.
  init(kind: Kind, format: UInt16 = SealedLog.version, vault: VaultID, number: UInt64) {
    self.kind = kind
    self.format = format
    self.vault = vault
    self.number = number
    let header = Self.header(kind: kind, format: format, vault: vault, number: number)
    head = LogHead(
      sequence: 0, tag: Hash.digest(of: header.span, byteCount: LogHead.tagByteCount))
  }

  /// The same log, with nothing behind `head` read yet.
  func continuing(behind head: LogHead) -> SealedLog {
    var log = self
    log.head = head
    return log
  }

  var fileName: String { kind.fileName(number) }

  /// What the file begins with.
  var header: [UInt8] {
    Self.header(kind: kind, format: format, vault: vault, number: number)
  }

  private static func header(
    kind: Kind, format: UInt16, vault: VaultID, number: UInt64
  ) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(fixed: kind.mark)
    writer.write(format)
    writer.write(version)
    writer.write(UInt32(0))
    writer.write(fixed: vault.bytes)
    writer.write(number)
    return writer.bytes
  }

  /// What the box behind `previous` is bound to.
  private func context(behind previous: LogHead) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(fixed: kind.mark)
    writer.write(fixed: vault.bytes)
    writer.write(number)
    writer.write(previous.sequence + 1)
    writer.write(fixed: previous.tag)
    return writer.bytes
  }

  // MARK: Writing

  /// Seals `payload` as the next frame.
  ///
  /// - Returns: The bytes to append to the file.
  mutating func seal(_ payload: [UInt8], key: borrowing Secret) -> [UInt8] {
    precondition(payload.count <= Self.maximumPayloadByteCount, "a frame has at most 1 MiB")
    let box = SealedBox.seal(payload.span, key: key, context: context(behind: head))
    head = LogHead(
      sequence: head.sequence + 1, tag: Array(box.suffix(LogHead.tagByteCount)))
    var writer = ByteWriter()
    writer.write(UInt32(box.count))
    writer.write(head.sequence)
    writer.write(fixed: box)
    return writer.bytes
  }

  // MARK: Reading

  /// The log of a file, before its first frame.
  ///
  /// Throws `unknown version`, and `damaged` if the header is another file's.
  init(
    kind: Kind, vault: VaultID, number: UInt64, readingHeaderOf file: [UInt8]
  ) throws(StoreError) {
    let name = kind.fileName(number)
    guard file.count >= Self.headerByteCount, Array(file.prefix(8)) == kind.mark else {
      throw .damaged(file: name, reason: "it does not begin as such a file does")
    }
    let format = UInt16(file[8]) | UInt16(file[9]) << 8
    let minimumReader = UInt16(file[10]) | UInt16(file[11]) << 8
    guard minimumReader <= Self.version else {
      throw .unknownVersion(file: name, version: Int(minimumReader))
    }
    self.init(kind: kind, format: format, vault: vault, number: number)
    guard Array(file.prefix(Self.headerByteCount)) == header else {
      throw .damaged(file: name, reason: "its header is not that of this vault's file")
    }
  }

  /// Opens the frame that begins at `offset`, as the next one of this log.
  ///
  /// - Returns: The payload, and where the next frame begins; nil if there is no
  ///   whole frame, or if it is not authentic.
  mutating func openFrame(
    of file: [UInt8], at offset: Int, key: borrowing Secret
  ) -> (payload: [UInt8], next: Int)? {
    guard let frame = Self.frame(of: file, at: offset), frame.sequence == head.sequence + 1 else {
      return nil
    }
    let payload: [UInt8]
    do throws(SodiumError) {
      payload = try SealedBox.open(
        file.span.extracting(frame.box), key: key, context: context(behind: head))
    } catch {
      return nil
    }
    head = LogHead(
      sequence: frame.sequence, tag: Array(file[frame.box.suffix(LogHead.tagByteCount)]))
    return (payload, frame.box.upperBound)
  }

  /// Opens once more the frame with `sequence`, which begins at `offset`.
  ///
  /// - Returns: The payload; nil if it is not authentic.
  func reopenFrame(
    of file: [UInt8], at offset: Int, _ sequence: UInt64, key: borrowing Secret
  ) -> [UInt8]? {
    var log = self
    log.head =
      sequence == 1
      ? SealedLog(kind: kind, format: format, vault: vault, number: number).head
      : LogHead(sequence: sequence - 1, tag: Self.tag(of: file, before: offset))
    return log.openFrame(of: file, at: offset, key: key)?.payload
  }

  /// Finds the first authentic frame behind one that is not.
  ///
  /// A frame is bound to the tag before it, and that tag stands right in front
  /// of it; so it can be found wherever the bytes before it end.
  ///
  /// - Returns: The log up to that frame, its payload and where the next one
  ///   begins; nil if nothing behind `offset` is authentic.
  func nextAuthenticFrame(
    of file: [UInt8], behind offset: Int, key: borrowing Secret
  ) -> (log: SealedLog, payload: [UInt8], next: Int)? {
    let start = offset + Self.frameHeadByteCount + SealedBox.overhead
    guard start < file.count else { return nil }
    for position in start..<file.count {
      guard let frame = Self.frame(of: file, at: position), frame.sequence > head.sequence + 1,
        frame.sequence - head.sequence <= UInt64(file.count)
      else { continue }
      var log = self
      log.head = LogHead(sequence: frame.sequence - 1, tag: Self.tag(of: file, before: position))
      guard let (payload, next) = log.openFrame(of: file, at: position, key: key) else { continue }
      return (log, payload, next)
    }
    return nil
  }

  /// The tag of the frame that ends at `offset`.
  private static func tag(of file: [UInt8], before offset: Int) -> [UInt8] {
    Array(file[(offset - LogHead.tagByteCount)..<offset])
  }

  /// The sequence and the box of the frame at `offset`, if a whole one is there.
  private static func frame(of file: [UInt8], at offset: Int) -> (
    sequence: UInt64, box: Range<Int>
  )? {
    let boxStart = offset + frameHeadByteCount
    guard boxStart <= file.count else { return nil }
    let count = (0..<4).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) }
    guard count >= SealedBox.overhead, count <= maximumPayloadByteCount + SealedBox.overhead,
      count <= file.count - boxStart
    else { return nil }
    let sequence = (0..<8).reduce(UInt64(0)) { $0 | UInt64(file[offset + 4 + $1]) << (8 * $1) }
    return (sequence, boxStart..<(boxStart + count))
  }
}
