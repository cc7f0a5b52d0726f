internal import Glibc
internal import Platform

/// The standard streams of a command whose output is masked.
///
/// All that are the same terminal become one pseudo-terminal. One that is another terminal
/// becomes a pipe, as nothing that is typed comes from there.
struct CommandStreams: ~Copyable {
  /// The terminal that stands for all standard streams that are the keyboard's; nil if none
  /// is.
  let terminal: TerminalPair?

  /// The pipes that stand for streams that are no terminals.
  private let output: Pipe?
  private let error: Pipe?

  /// Whether both outputs go to the same file, so that their order stays.
  private let isShared: Bool

  private static let all = STDIN_FILENO...STDERR_FILENO

  init() throws(ClientError) {
    let isShared = Self.goesToOneFile
    let streams = try attempting("making the streams of the command") { () throws(Errno) in
      CommandStreams(
        terminal: Self.terminalStream == nil ? nil : try TerminalPair(),
        output: Self.isMaskedFile(STDOUT_FILENO) ? try Pipe() : nil,
        error: Self.isMaskedFile(STDERR_FILENO) && !isShared ? try Pipe() : nil,
        isShared: isShared)
    }
    self = streams
  }

  private init(terminal: TerminalPair?, output: Pipe?, error: Pipe?, isShared: Bool) {
    self.terminal = terminal
    self.output = output
    self.error = error
    self.isShared = isShared
  }

  /// The standard stream whose terminal is the keyboard; nil if none is a terminal.
  static var terminalStream: CInt? { all.first(where: FileDescriptor.isTerminal) }

  /// The standard stream whose terminal is the screen.
  static var screenStream: CInt? {
    [STDOUT_FILENO, STDERR_FILENO, STDIN_FILENO].first(where: isOnTerminal)
  }

  /// Whether no other programs may use the terminal beside the command, as in a pipeline.
  static var areAllTerminals: Bool { all.allSatisfy(isOnTerminal) }

  /// Whether a standard stream is the terminal that is the keyboard, by whatever name.
  private static func isOnTerminal(_ stream: CInt) -> Bool {
    guard let terminalStream, let device = FileDescriptor.terminalDevice(of: stream) else {
      return false
    }
    return device == FileDescriptor.terminalDevice(of: terminalStream)
  }

  private static func isMaskedFile(_ stream: CInt) -> Bool {
    let output = stream == STDOUT_FILENO ? StandardStream.output : .error
    return output.isWritable && !isOnTerminal(stream)
  }

  private static var goesToOneFile: Bool {
    guard isMaskedFile(STDOUT_FILENO), isMaskedFile(STDERR_FILENO),
      let output = try? FileDescriptor.status(of: STDOUT_FILENO),
      let error = try? FileDescriptor.status(of: STDERR_FILENO)
    else { return false }
    return output.identity == error.identity
  }

  /// Another descriptor for the command's end of its terminal.
  borrowing func followerCopy() throws(Errno) -> FileDescriptor {
    let raw = terminal?.follower?.withRawValue { $0 }
    guard let raw else { throw .noSuchDevice }
    return try .duplicate(raw)
  }

  /// Makes the streams those of this process, which was forked for the command.
  borrowing func connect() throws(Errno) {
    // All are looked at before the first one becomes another terminal.
    for stream in Self.all.filter(Self.isOnTerminal) {
      if let follower = terminal?.follower?.withRawValue({ $0 }) {
        try Process.setStandardStream(stream, to: follower)
      }
    }
    if let writing = output?.writing?.withRawValue({ $0 }) {
      try Process.setStandardStream(STDOUT_FILENO, to: writing)
      if isShared { try Process.setStandardStream(STDERR_FILENO, to: writing) }
    }
    if let writing = error?.writing?.withRawValue({ $0 }) {
      try Process.setStandardStream(STDERR_FILENO, to: writing)
    }
  }

  /// Gives up the ends of the command, and begins to mask.
  ///
  /// - Parameter patterns: What is masked.
  /// - Returns: The ways of its output.
  /// - Throws: ``ClientError``.
  func masked(_ patterns: MaskPatterns) throws(ClientError) -> [MaskedStream] {
    var streams: [MaskedStream] = []
    for (pipe, stream) in [(output, STDOUT_FILENO), (error, STDERR_FILENO)] {
      guard let source = pipe?.takeReading() else { continue }
      streams.append(try MaskedStream(from: source, to: stream, isTerminal: false, patterns))
    }
    guard let screen = Self.screenStream, let terminal else { return streams }
    terminal.closeFollower()
    let source = try attempting("the pseudo-terminal: opening it") { () throws(Errno) in
      try terminal.leader.withRawValue { (raw) throws(Errno) in try FileDescriptor.duplicate(raw) }
    }
    streams.append(try MaskedStream(from: source, to: screen, isTerminal: true, patterns))
    return streams
  }
}
