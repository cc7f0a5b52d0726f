internal import Platform

/// The good clients, a thread each; their connections last through all times.
struct LoadCrew {
  private let orders: [BlockingQueue<BootInstant>]
  private let results: BlockingQueue<LoadClient.Figures>

  /// How much longer than it should a time may take; whoever waits longer waits for ever.
  private static let patienceSeconds: Int64 = 60

  /// Connects all; nil if not all could.
  init?(count: Int, _ knowledge: LoadClient.Knowledge) {
    do throws(Errno) {
      results = try BlockingQueue()
      let greetings = try BlockingQueue<Bool>()
      var queues: [BlockingQueue<BootInstant>] = []
      for number in 0..<count {
        let queue = try BlockingQueue<BootInstant>()
        queues.append(queue)
        try Thread.start { [results] in
          let client = LoadClient(number, knowledge)
          greetings.append(client.connect())
          while true { results.append(client.run(until: queue.next())) }
        }
      }
      orders = queues
      for _ in 0..<count { guard greetings.next() else { return nil } }
    } catch {
      return nil
    }
  }

  /// Lets all ask for some seconds.
  ///
  /// - Returns: The figures of each.
  func run(seconds: Int64) -> [LoadClient.Figures] {
    let end = BootInstant.now.advanced(bySeconds: seconds)
    let watch = LoadWatch(until: end.advanced(bySeconds: Self.patienceSeconds))
    for order in orders { order.append(end) }
    let figures = orders.map { _ in results.next() }
    watch.end()
    return figures
  }
}
