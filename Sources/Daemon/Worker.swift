internal import Platform
internal import Sodium
internal import Store
internal import Synchronization

/// A thread that does one thing at a time, for what would hold up the loop.
final class Worker: Sendable {
  private let queue: BlockingQueue<@Sendable () -> Void>

  init() throws(Errno) {
    let queue = try BlockingQueue<@Sendable () -> Void>()
    try Thread.start {
      while true {
        queue.next()()
        Stack.wipe()
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
    case auditSynchronized(Vault.AuditSynchronization, StoreError?)

    /// A vault was made or opened.
    case opened(Handoff<Vault.Opened>)

    /// A secret was found to fit the open vault, or a vault could not be opened.
    case jobEnded(StoreError?)
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
