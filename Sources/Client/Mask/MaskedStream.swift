internal import Glibc
internal import Platform

/// One way from a command to where its output goes, on which values are masked.
///
/// No more is read while something is left to write, so a slow reader slows the command
/// down, as it would without this.
final class MaskedStream {
  private var source: FileDescriptor?
  private let sink: FileDescriptor
  private var masker: Masker
  private let name: String

  /// What is masked and not written yet.
  private var pending = SecretBuffer()
  private var writtenCount = 0

  /// Whether the command writes to a pseudo-terminal, for a terminal.
  private let isTerminal: Bool

  /// Whether its terminal is gone, so that nothing is written any more.
  private var isDiscarding = false

  /// Whether somebody looks at it, who would wait for what is held.
  private let isSeen: Bool

  /// The most bytes at once: as much as a pipe that can be written takes without waiting.
  ///
  /// Source: pipe(7), `PIPE_BUF`.
  private let writeLimit: Int

  /// Whether each CR before a LF is left out, as the terminal that is written adds one,
  /// too: while the command has not got the keyboard.
  private var dropsReturns = false

  /// A CR at the end of what came, which is left out if a LF follows.
  private var holdsReturn = false

  /// How many more bytes are read: what is there when the command ends, whoever else
  /// might go on writing.
  private var readLimit = Int.max

  /// Whether the command has ended and all that it wrote is read, while others that it has
  /// left running may go on writing.
  private(set) var isLeft = false

  /// When something came last.
  private var lastArrival = BootInstant.now

  /// Why writing failed, if not for a reader that is gone.
  private(set) var failure: ClientError?

  /// After so much quiet a person is shown the beginning of what is held.
  static let quietMilliseconds: Int64 = 50

  /// What a terminal holds at the most when its command ends.
  ///
  /// Source: the kernel's drivers/tty/tty_buffer.c, `TTYB_DEFAULT_MEM_LIMIT`.
  private static let terminalByteCount = 655_360

  /// - Parameters:
  ///   - source: What the command writes to, from its other end.
  ///   - stream: The standard stream that is written.
  ///   - isTerminal: Whether the command writes to a pseudo-terminal.
  ///   - patterns: What is masked.
  /// - Throws: ``ClientError``.
  init(
    from source: consuming FileDescriptor, to stream: CInt, isTerminal: Bool,
    _ patterns: MaskPatterns
  ) throws(ClientError) {
    do throws(SecretError) { masker = try Masker(patterns) } catch { throw .maskMemory }
    let opened = try Self.open(stream)
    sink = opened.sink
    writeLimit = opened.waits ? Int(PIPE_BUF) : Int.max
    self.source = consume source
    self.isTerminal = isTerminal
    isSeen = FileDescriptor.isTerminal(stream)
    name = isTerminal ? "the terminal" : stream == 1 ? "standard output" : "standard error"
  }

  private struct Sink: ~Copyable {
    let sink: FileDescriptor
    let waits: Bool
  }

  /// What a standard stream leads to, without waiting for it where that can be had.
  private static func open(_ stream: CInt) throws(ClientError) -> Sink {
    try attempting("descriptor \(stream): opening it") { () throws(Errno) in
      // Only what is no file: that would be written from its beginning.
      if try !FileDescriptor.isRegularFile(stream) {
        do throws(Errno) {
          return Sink(sink: try .reopen(stream, access: O_WRONLY), waits: false)
        } catch {
          return Sink(sink: try .duplicate(stream), waits: true)
        }
      }
      return Sink(sink: try .duplicate(stream), waits: false)
    }
  }

  var isOpen: Bool { source != nil }
  var hasPending: Bool { writtenCount < pending.count }

  /// Whether all that came is written, and no more of the command's comes.
  var isDone: Bool { (!isOpen || isLeft) && !hasPending }

  var sourceDescriptor: CInt? {
    hasPending || isLeft ? nil : source?.withRawValue { $0 }
  }

  var sinkDescriptor: CInt? { hasPending ? sink.withRawValue { $0 } : nil }

  /// The milliseconds after which ``rest()`` has something to do; nil for none.
  var restMilliseconds: Int? {
    let isHolding = isSeen && (masker.hasBeginning || holdsReturn)
    guard isOpen, !isLeft, !hasPending, isEnding || isHolding else { return nil }
    return lastArrival.advanced(byMilliseconds: Self.quietMilliseconds).millisecondsLeft
  }

  private var isEnding: Bool { readLimit != Int.max }

  /// Reads what the command has written.
  func read() throws(ClientError) {
    guard isOpen, !hasPending else { return }
    if readLimit == 0, source?.waitingByteCount() != 0 { return isLeft = true }
    // Where nothing waits it is the end, which is read as any byte.
    let limit = max(1, min(Masker.pieceByteCount, readLimit))
    try addHeldReturn()
    let count: Int
    do throws(MaskFailure) {
      count = try masker.read(into: &pending) { (bytes, offset) throws(Errno) in
        try source?.read(into: &bytes, at: offset, limit: limit) ?? 0
      }
    } catch {
      switch error {
      case .reading(.wouldBlock): return try write()
      // The last one that had the pseudo-terminal open has closed it.
      case .reading(.inputOutput) where isTerminal: return try end()
      case .reading(let errno):
        throw ClientError(ExitStatus.failed, "what the command wrote: reading failed: \(errno)")
      case .memory(let error): throw error
      }
    }
    guard count > 0 else { return try end() }
    lastArrival = .now
    if isEnding { readLimit = max(0, readLimit - count) }
    try write()
  }

  /// Shows a person what is held, or leaves a stream that nothing of the command's comes
  /// from any more.
  func rest() throws(ClientError) {
    guard restMilliseconds == 0 else { return }
    if isEnding { return isLeft = true }
    try addHeldReturn()
    try masking { (masker, pending) throws(MaskFailure) in
      try masker.releaseBeginning(into: &pending)
    }
    try write(all: true)
  }

  private func addHeldReturn() throws(ClientError) {
    guard holdsReturn else { return }
    holdsReturn = false
    try pending.append([Self.carriageReturn].span)
  }

  /// Reads only what is there already, as the command has ended.
  func limitReading() {
    guard !isEnding, let waiting = source?.waitingByteCount() else { return }
    readLimit = isTerminal ? Self.terminalByteCount : waiting
    lastArrival = .now
  }

  // MARK: What others write when the command has ended

  /// All descriptors that it needs.
  var descriptors: [CInt] {
    [sink.withRawValue { $0 }] + (source?.withRawValue { [$0] } ?? [])
  }

  /// Lets a process that is forked from now on go on where this one is.
  func keepOnFork() {
    masker.keepOnFork()
    pending.keepOnFork()
  }

  /// Goes on in such a process, in locked memory.
  ///
  /// - Returns: Whether the kernel has locked it.
  func goOn() -> Bool {
    isLeft = false
    readLimit = Int.max
    return masker.lockAgain() && pending.lockAgain()
  }

  // MARK: Writing

  /// Writes as much as it can without waiting.
  ///
  /// - Parameter all: Whether nothing follows soon.
  /// - Throws: ``ClientError``.
  func write(all: Bool = false) throws(ClientError) {
    if isDiscarding { forgetPending() }
    if hasPending { compareTerminals() }
    while hasPending {
      let end = dropsReturns ? endOfText(all: all) : pending.count
      do throws(Errno) {
        if end > writtenCount { writtenCount += try writeOnce(upTo: end) }
      } catch {
        if error == .wouldBlock { return }
        return abandon(because: error)
      }
      if writtenCount == end, end < pending.count {
        holdsReturn = end + 1 == pending.count
        writtenCount += 1
      }
      // A further write might have to wait.
      if writeLimit != Int.max { break }
    }
    if !hasPending { forgetPending() }
  }

  private func compareTerminals() {
    guard isTerminal, let mode = try? source?.terminalMode() else { return }
    dropsReturns = mode.addsReturns && (try? sink.terminalMode())?.addsReturns == true
  }

  private func writeOnce(upTo end: Int) throws(Errno) -> Int {
    try pending.withBytes { (bytes) throws(Errno) in
      try sink.write(bytes.extracting(0..<end), at: writtenCount, limit: writeLimit)
    }
  }

  /// Where the next CR is that is left out, or may be.
  private func endOfText(all: Bool) -> Int {
    pending.withBytes { bytes in
      var start = writtenCount
      while let index = bytes.firstIndex(of: Self.carriageReturn, from: start) {
        let next = index + 1
        if next == bytes.count ? !all : bytes[next] == Self.lineFeed { return index }
        start = next
      }
      return bytes.count
    }
  }

  private static let carriageReturn: UInt8 = 0x0D
  private static let lineFeed: UInt8 = 0x0A

  /// Lets the command's next write fail, as ours did.
  ///
  /// On a terminal none would fail, but wait for ever: the command has another descriptor of
  /// it. What it prints from now on goes nowhere.
  private func abandon(because error: Errno) {
    if error != .brokenPipe, !isTerminal {
      failure = ClientError(ExitStatus.failed, "\(name): writing failed: \(error)")
    }
    if isTerminal { isDiscarding = true } else { source = nil }
    forgetPending()
  }

  private func forgetPending() {
    pending.removeAll()
    writtenCount = 0
  }

  /// Ends the stream, whoever might go on writing.
  func end() throws(ClientError) {
    source = nil
    try addHeldReturn()
    try masking { (masker, pending) throws(MaskFailure) in try masker.finish(into: &pending) }
    try write(all: true)
  }

  private func masking(
    _ body: (inout Masker, inout SecretBuffer) throws(MaskFailure) -> Void
  ) throws(ClientError) {
    do throws(MaskFailure) {
      try body(&masker, &pending)
    } catch {
      guard case .memory(let error) = error else { return }
      throw error
    }
  }
}
