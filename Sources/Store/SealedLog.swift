internal import Keyring
internal import Platform
internal import Sodium

/// An append-only file of sealed frames, each bound to the one before it.
///
///     header  8 bytes of mark, format u16, minimum reader u16, frames of the
///             snapshot u32, vault id (16 bytes), number of the file u64,
///             sequence and tag of the base (8 and 16 bytes), time of making i64
///     frame   length of the box u32, place in the file u64, box
///
/// A box is bound to the vault, the file's number, its place and the tag of the
/// box before it (of the first: a digest of the header). So no frame can be
/// changed, left out, doubled, moved, or taken from another log.
///
/// A file goes on where another one has ended: its base is the head of that. The
/// first frames of a file of records may be a snapshot of all up to the base;
/// those behind it count on from there.
struct SealedLog: Equatable, Sendable {
  /// Which of a vault's logs.
  enum Kind: Equatable, Sendable {
    case records
    case audit

    /// The snapshot in a backup.
    case backup

    /// What the file begins with.
    fileprivate var mark: [UInt8] {
      switch self {
      case .records: Array("CofferR\n".utf8)
      case .audit: Array("CofferA\n".utf8)
      case .backup: Array("CofferB\n".utf8)
      }
    }

    func fileName(_ number: UInt64) -> String {
      switch self {
      case .records: VaultDirectory.FileName.records(number)
      case .audit: VaultDirectory.FileName.audit(number)
      case .backup: "backup"
      }
    }
  }

  static let version: UInt16 = 1
  static let headerByteCount = 72
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

  /// Where the file goes on.
  let base: LogHead

  /// How many frames at the beginning are a snapshot of all up to the base.
  let snapshotFrameCount: UInt32

  /// When the file was begun.
  let made: Instant

  /// The frames that were read or written so far, and the tag of the last one.
  private(set) var frameCount: UInt64 = 0
  private var tag: [UInt8]

  /// The base of the first file of a log.
  static let beginning = LogHead(
    sequence: 0, tag: [UInt8](repeating: 0, count: LogHead.tagByteCount))

  /// A log without frames.
  init(
    kind: Kind, format: UInt16 = SealedLog.version, vault: VaultID, number: UInt64,
    base: LogHead = SealedLog.beginning, snapshotFrameCount: UInt32 = 0, made: Instant
  ) {
    self.kind = kind
    self.format = format
    self.vault = vault
    self.number = number
    self.base = base
    self.snapshotFrameCount = snapshotFrameCount
    self.made = made
    tag = []
    tag = Hash.digest(of: header.span, byteCount: LogHead.tagByteCount)
  }

  /// The last frame, by the count that goes on from file to file; the snapshot
  /// stands for what was before it, and does not count.
  var head: LogHead {
    let counted = frameCount - min(frameCount, UInt64(snapshotFrameCount))
    return LogHead(sequence: base.sequence + counted, tag: tag)
  }

  /// Whether the frame that was read or written last is one of the snapshot.
  var isInSnapshot: Bool { frameCount > 0 && frameCount <= UInt64(snapshotFrameCount) }

  /// Whether all of the snapshot has been read or written.
  var hasSnapshot: Bool { frameCount >= UInt64(snapshotFrameCount) }

  /// The same file, with nothing behind `head` read yet; of one without a snapshot.
  func continuing(behind head: LogHead) -> SealedLog {
    precondition(snapshotFrameCount == 0, "a log that is entered in the middle has no snapshot")
    var log = self
    log.frameCount = head.sequence - base.sequence
    log.tag = head.tag
    return log
  }

  /// The same file before its first frame.
  var unread: SealedLog {
    SealedLog(
      kind: kind, format: format, vault: vault, number: number, base: base,
      snapshotFrameCount: snapshotFrameCount, made: made)
  }

  var fileName: String { kind.fileName(number) }

  /// What the file begins with.
  var header: [UInt8] {
    var writer = ByteWriter()
    writer.write(fixed: kind.mark)
    writer.write(format)
    writer.write(Self.version)
    writer.write(snapshotFrameCount)
    writer.write(fixed: vault.bytes)
    writer.write(number)
    writer.write(base.sequence)
    writer.write(fixed: base.tag)
    writer.write(made.secondsSinceEpoch)
    return writer.bytes
  }

  /// What the next box is bound to.
  private var nextContext: [UInt8] {
    var writer = ByteWriter(reserving: Self.headerByteCount)
    writer.write(fixed: kind.mark)
    writer.write(fixed: vault.bytes)
    writer.write(number)
    writer.write(frameCount + 1)
    writer.write(fixed: tag)
    return writer.bytes
  }

  // MARK: Writing

  /// Seals `payload` as the next frame.
  ///
  /// - Returns: The bytes to append to the file.
  mutating func seal(_ payload: [UInt8], key: borrowing Secret) -> [UInt8] {
    precondition(payload.count <= Self.maximumPayloadByteCount, "a frame has at most 1 MiB")
    let box = SealedBox.seal(payload.span, key: key, context: nextContext)
    frameCount += 1
    tag = Array(box.suffix(LogHead.tagByteCount))
    var writer = ByteWriter(reserving: Self.frameHeadByteCount + box.count)
    writer.write(UInt32(box.count))
    writer.write(frameCount)
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
    let minimumReader = UInt16(file[10]) | UInt16(file[11]) << 8
    guard minimumReader <= Self.version else {
      throw .unknownVersion(file: name, version: Int(minimumReader))
    }
    do throws(CodingError) {
      var reader = ByteReader(Array(file.prefix(Self.headerByteCount)))
      _ = try reader.read(fixed: kind.mark.count)
      let format: UInt16 = try reader.read()
      _ = try reader.read(UInt16.self)
      let snapshotFrameCount: UInt32 = try reader.read()
      let id = VaultID(bytes: try reader.read(fixed: VaultID.byteCount))
      let fileNumber: UInt64 = try reader.read()
      let sequence: UInt64 = try reader.read()
      let base = LogHead(sequence: sequence, tag: try reader.read(fixed: LogHead.tagByteCount))
      let made = Instant(secondsSinceEpoch: try reader.read())
      // So that no count of frames overflows.
      guard id == vault, fileNumber == number, sequence <= UInt64(Int64.max) else {
        throw CodingError.malformed
      }
      self.init(
        kind: kind, format: format, vault: vault, number: number, base: base,
        snapshotFrameCount: snapshotFrameCount, made: made)
      guard Array(file.prefix(Self.headerByteCount)) == header else { throw CodingError.malformed }
    } catch {
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
    guard let frame = Self.frame(of: file, at: offset), frame.place == frameCount + 1 else {
      return nil
    }
    let payload: [UInt8]
    do throws(SodiumError) {
      payload = try SealedBox.open(file.span.extracting(frame.box), key: key, context: nextContext)
    } catch {
      return nil
    }
    frameCount = frame.place
    tag = Array(file[frame.box.suffix(LogHead.tagByteCount)])
    return (payload, frame.box.upperBound)
  }

  /// Goes past the frame that begins at `offset`, which was opened as the next one of this
  /// log before.
  ///
  /// - Returns: Where the next one begins; nil if no whole frame is there.
  mutating func passFrame(of file: [UInt8], at offset: Int) -> Int? {
    guard let frame = Self.frame(of: file, at: offset), frame.place == frameCount + 1 else {
      return nil
    }
    frameCount = frame.place
    tag = Array(file[frame.box.suffix(LogHead.tagByteCount)])
    return frame.box.upperBound
  }

  /// Finds the first authentic frame behind one that is not.
  ///
  /// A frame is bound to the tag before it, and that tag stands right in front
  /// of it; so it can be found wherever the bytes before it end.
  ///
  /// - Returns: The log up to that frame, its payload and where the next one
  ///   begins; nil if nothing behind `offset` is authentic.
  private func nextAuthenticFrame(
    of file: [UInt8], behind offset: Int, key: borrowing Secret
  ) -> (log: SealedLog, payload: [UInt8], next: Int)? {
    let start = offset + Self.frameHeadByteCount + SealedBox.overhead
    guard start < file.count else { return nil }
    for position in start..<file.count {
      guard let frame = Self.frame(of: file, at: position), frame.place > frameCount + 1,
        frame.place - frameCount <= UInt64(file.count)
      else { continue }
      var log = self
      log.frameCount = frame.place - 1
      log.tag = Self.tag(of: file, before: position)
      guard let (payload, next) = log.openFrame(of: file, at: position, key: key) else { continue }
      return (log, payload, next)
    }
    return nil
  }

  /// Opens the next authentic frame, at `offset` or wherever it stands behind that.
  ///
  /// - Returns: Its payload and where the next one begins; nil if there is none.
  mutating func openNextFrame(
    of file: [UInt8], at offset: Int, key: borrowing Secret
  ) -> (payload: [UInt8], next: Int)? {
    if let next = openFrame(of: file, at: offset, key: key) { return next }
    guard let found = nextAuthenticFrame(of: file, behind: offset, key: key) else { return nil }
    self = found.log
    return (found.payload, found.next)
  }
}
