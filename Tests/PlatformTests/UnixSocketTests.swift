import Glibc
import Platform
import TestSupport
import Testing

@Suite("UnixSocket")
struct UnixSocketTests {
  let directory = TemporaryDirectory()

  /// A path in the directory that has exactly `byteCount` bytes.
  func path(byteCount: Int) -> String {
    let start = directory.path("")
    return start + String(repeating: "s", count: byteCount - start.utf8.count)
  }

  static func receive(_ socket: borrowing UnixSocket, limit: Int = 100) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: limit)
    var span = bytes.mutableSpan
    guard let count = try socket.receive(into: &span, at: 0) else { return nil }
    return Array(bytes.prefix(count))
  }

  // MARK: Limits

  @Test("a limit bounds connecting, receiving and sending, and 0 takes it away")
  func limits() throws {
    let path = directory.path("limited")
    let listener = try Sockets.bound(at: path)
    #expect(listener.withRawValue { Glibc.listen($0, 0) } == 0)
    let socket = try UnixSocket.connect(to: path, limitSeconds: 1)
    // One more than may wait to be accepted.
    #expect(throws: Errno.wouldBlock) { _ = try UnixSocket.connect(to: path, limitSeconds: 1) }
    #expect(try Self.receive(socket) == nil)
    let much = [UInt8](repeating: 0, count: 1 << 22)
    #expect(throws: Errno.wouldBlock) { try socket.sendAll(much.span) }
    try socket.limitWaiting(seconds: 0)
    let begin = BootInstant.now
    try Thread.start {
      sleep(milliseconds: 1_500)
      _ = socket.withRawValue { shutdown($0, CInt(SHUT_RDWR)) }
    }
    #expect(try Self.receive(socket) == [])
    #expect(BootInstant.now > begin.advanced(byMilliseconds: 1_200))
  }

  // MARK: Listening

  @Test("listens with exactly the mode that was told, under any mask", arguments: [0o600, 0o666])
  func listensWithMode(mode: Int) async {
    await #expect(processExitsWith: .success) {
      [path = directory.path("socket") as String, mode = mode as Int] in
      for mask: mode_t in [0o000, 0o022, 0o077, 0o177, 0o777] {
        umask(mask)
        let socket = try UnixSocket.listen(at: path, permissions: UInt32(mode))
        let status = try FileStatus.ofFile(at: path, followsLinks: false)
        #expect(status?.kind == .socket)
        #expect(status?.permissions == UInt32(mode))
        #expect(umask(0) == mask, "the mask is as it was")
        #expect(try !Sockets.acceptsAny(socket))
        try Directory.removeFile(path)
      }
    }
  }

  @Test("listens at a path of 107 bytes, and at no longer one") func listensAtLongPath() async {
    await #expect(processExitsWith: .success) {
      [fitting = path(byteCount: 107) as String, tooLong = path(byteCount: 108) as String] in
      let socket = try UnixSocket.listen(at: fitting, permissions: 0o600)
      let client = try UnixSocket.connect(to: fitting)
      #expect(try client.peer().processID == getpid())
      #expect(try Sockets.acceptsAny(socket))
      #expect(throws: Errno.nameTooLong) {
        _ = try UnixSocket.listen(at: tooLong, permissions: 0o600)
      }
      #expect(umask(0o022) == 0o022, "the mask is as it was")
    }
  }

  @Test("listens where nothing is, and nowhere else") func refusesTakenPath() async {
    await #expect(processExitsWith: .success) { [path = directory.path("file") as String] in
      Files.write([1], to: path)
      #expect(throws: Errno(code: EADDRINUSE)) {
        _ = try UnixSocket.listen(at: path, permissions: 0o600)
      }
      #expect(Files.read(path) == [1])
    }
  }

  @Test("the longest path has 107 bytes") func tellsLongestPath() {
    #expect(UnixSocket.maximumPathByteCount == 107)
  }

  // MARK: Connecting

  @Test("connecting reports a path that is missing, forsaken or too long") func reports() throws {
    #expect(throws: Errno.notFound) {
      _ = try UnixSocket.connect(to: directory.path("missing"))
    }
    _ = try Sockets.bound(at: directory.path("forsaken"))
    #expect(throws: Errno.connectionRefused) {
      _ = try UnixSocket.connect(to: directory.path("forsaken"))
    }
    #expect(throws: Errno.notFound) { _ = try UnixSocket.connect(to: path(byteCount: 107)) }
    #expect(throws: Errno.nameTooLong) { _ = try UnixSocket.connect(to: path(byteCount: 108)) }
    #expect(throws: Errno.nameTooLong) { _ = try UnixSocket.connect(to: "") }
  }

  @Test("accepts who waits, in turn, and does not wait for more") func accepts() throws {
    let listener = try Sockets.listening(at: directory.path("socket"))
    #expect(try !Sockets.acceptsAny(listener))
    let one = try UnixSocket.connect(to: directory.path("socket"))
    let other = try UnixSocket.connect(to: directory.path("socket"))
    try one.sendAll("one".utf8.span)
    try other.sendAll("other".utf8.span)
    let first = try Sockets.accepted(by: listener)
    let second = try Sockets.accepted(by: listener)
    #expect(try Self.receive(first) == Array("one".utf8))
    #expect(try Self.receive(second) == Array("other".utf8))
    #expect(try !Sockets.acceptsAny(listener))
  }

  @Test("an accepted socket neither blocks nor is inherited") func acceptsWithFlags() throws {
    let listener = try Sockets.listening(at: directory.path("socket"))
    let client = try UnixSocket.connect(to: directory.path("socket"))
    let accepted = try Sockets.accepted(by: listener)
    try #require(accepted.withRawValue { fcntl($0, F_GETFL) } & O_NONBLOCK != 0)
    #expect(try Self.receive(accepted) == nil)
    #expect(accepted.withRawValue { fcntl($0, F_GETFD) } & FD_CLOEXEC != 0)
    #expect(client.withRawValue { fcntl($0, F_GETFD) } & FD_CLOEXEC != 0)
    #expect(client.withRawValue { fcntl($0, F_GETFL) } & O_NONBLOCK == 0)
  }

  @Test("the kernel tells at both ends who is at the other") func tellsPeer() throws {
    let listener = try Sockets.listening(at: directory.path("socket"))
    let client = try UnixSocket.connect(to: directory.path("socket"))
    let accepted = try Sockets.accepted(by: listener)
    let own = PeerCredentials(processID: getpid(), userID: geteuid())
    #expect(try client.peer() == own)
    #expect(try accepted.peer() == own)
  }

  @Test("what is no socket has no peer") func refusesPeer() throws {
    let file = UnixSocket(owning: try FileDescriptor.open("/dev/null", flags: O_RDWR))
    #expect(throws: Errno(code: ENOTSOCK)) { _ = try file.peer() }
  }

  // MARK: Sending and receiving

  @Test("sends what the kernel takes, and does not wait") func sendsPartly() throws {
    let pair = try Sockets.pair()
    let bytes = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    var sent = try pair.one.send(bytes.span)
    #expect(sent > 0 && sent < bytes.count)
    while true {
      let more = try pair.one.send(bytes.span.extracting(sent..<bytes.count))
      if more == 0 { break }
      sent += more
    }
    var received: [UInt8] = []
    while let part = try Self.receive(pair.other, limit: 65_536) { received += part }
    #expect(isSame(received, Array(bytes.prefix(sent))))
    #expect(try pair.one.send(bytes.span.extracting(sent..<bytes.count)) > 0)
  }

  @Test("a peer that is gone is an error, and no signal") func reportsGonePeer() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      let pair = try Sockets.pair()
      let sender = pair.one
      Sockets.close(pair.other)
      #expect(throws: Errno(code: EPIPE)) { _ = try sender.send("x".utf8.span) }
      #expect(throws: Errno(code: EPIPE)) { try sender.sendAll("x".utf8.span) }
    }
  }

  @Test("sends all through a socket that blocks") func sendsAll() throws {
    let pair = try Sockets.pair()
    let sender = pair.one
    sender.withRawValue { _ = fcntl($0, F_SETFL, 0) }
    let receiver = Handoff(pair.other)
    let sums = try BlockingQueue<Int>()
    try Thread.start {
      guard let receiver = receiver.take() else { return }
      var sum = 0
      while true {
        _ = receiver.withRawValue { Sockets.isReadable($0, within: 10_000) }
        guard let part = try? Self.receive(receiver, limit: 10_000), !part.isEmpty else { break }
        sum += part.reduce(0) { $0 + Int($1) }
      }
      sums.append(sum)
    }
    try sender.sendAll([UInt8](repeating: 3, count: 1_000_000).span)
    try sender.finishSending()
    #expect(sums.next() == 3_000_000)
  }

  @Test("finishing to send shows as the end, and leaves the way back open") func finishes() throws {
    let pair = try Sockets.pair()
    _ = try pair.one.send("last".utf8.span)
    try pair.one.finishSending()
    #expect(try Self.receive(pair.other) == Array("last".utf8))
    #expect(try Self.receive(pair.other) == [])
    #expect(try pair.other.send("answer".utf8.span) == 6)
    #expect(try Self.receive(pair.one) == Array("answer".utf8))
  }

  @Test("receives behind what is there") func receivesAtOffset() throws {
    let pair = try Sockets.pair()
    _ = try pair.one.send("abcdef".utf8.span)
    var bytes = Array("....".utf8)
    var span = bytes.mutableSpan
    #expect(try pair.other.receive(into: &span, at: 1) == 3)
    #expect(bytes == Array(".abc".utf8))
  }

  @Test("a descriptor that a peer passes along is dropped") func dropsDescriptors() throws {
    let pair = try Sockets.pair()
    let (reader, writer) = try FileDescriptorTests.pipe()
    let source = FileDescriptor(owning: reader)
    let isSent = Self.send("x", with: writer, through: pair.one)
    _ = FileDescriptor(owning: writer)
    try #require(isSent)
    #expect(try Self.receive(pair.other) == Array("x".utf8))
    // Were the passed descriptor open anywhere, there would be no end.
    #expect(Sockets.isReadable(reader, within: 5000))
    #expect(try source.readAll(limit: 1) == [])
  }

  /// Sends a byte and a descriptor, as `SCM_RIGHTS` of unix(7) has it.
  static func send(
    _ text: String, with passed: CInt, through socket: borrowing UnixSocket
  ) -> Bool {
    var payload = Array(text.utf8)
    // cmsghdr and the descriptor, padded to whole words.
    var control: [Int] = [20, Int(SOL_SOCKET) | Int(SCM_RIGHTS) << 32, Int(passed)]
    return payload.withUnsafeMutableBytes { payload in
      control.withUnsafeMutableBytes { control in
        var part = iovec(iov_base: payload.baseAddress, iov_len: payload.count)
        return withUnsafeMutablePointer(to: &part) { part in
          var message = msghdr()
          message.msg_iov = part
          message.msg_iovlen = 1
          message.msg_control = control.baseAddress
          message.msg_controllen = control.count
          return socket.withRawValue { sendmsg($0, &message, 0) } == 1
        }
      }
    }
  }
}
