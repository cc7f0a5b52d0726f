internal import Platform
internal import Sodium
internal import Store
internal import Synchronization

/// A thread that does one thing at a time, for what would hold up the loop.
final class Worker: Sendable {
  private let queue: BlockingQueue<@Sendable () -> Void>

  /// - Parameter givesWay: Whether its work is long, so that the loop is to go first.
  /// - Throws: ``Errno`` if there is no room for the thread.
  init(givesWay: Bool = false) throws(Errno) {
    let queue = try BlockingQueue<@Sendable () -> Void>()
    try Thread.start {
      if givesWay { Thread.giveWay() }
      while true {
        queue.next()()
        Stack.wipe()
        // A vault is read, and written anew, in pieces that nobody needs any more.
        if givesWay { Process.giveBackMemory() }
      }
    }
    self.queue = queue
  }

  func submit(_ work: @escaping @Sendable () -> Void) { queue.append(work) }
}

/// What the workers have done, for the loop to go on with.
final class Mailbox: Sendable {
  enum Message: Sendable {
    case batchWritten(StoreError?)

    /// The other thread has ended what it was told to do.
    case jobEnded(Job.Outcome)

    /// What had the committing thread for itself has ended.
    case taskEnded(Committer.TaskOutcome)
  }

  private let messages = Mutex<[Message]>([])
  private let wakeup: Wakeup

  init() throws(Errno) { wakeup = try Wakeup() }

  /// Leaves a message; from any thread.
  func post(_ message: Message) {
    messages.withLock { $0.append(message) }
    wakeup.signal()
  }

  /// Takes all messages.
  func collect() -> [Message] {
    wakeup.clear()
    return messages.withLock { messages in
      defer { messages = [] }
      return messages
    }
  }

  /// The descriptor that is readable while there are messages.
  func withRawValue<Result: ~Copyable, Failure: Error>(
    _ body: (CInt) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try wakeup.withRawValue(body)
  }
}
