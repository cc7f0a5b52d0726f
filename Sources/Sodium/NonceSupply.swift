internal import CSodium
internal import Synchronization

/// Random nonces, drawn from the system many at a time.
///
/// They are no secret: each is told with its box. A process that forks must not seal in
/// both, since they would use the same ones.
enum NonceSupply {
  private static let drawnAtOnce = 128

  private struct Stock {
    var bytes = [UInt8](repeating: 0, count: SealedBox.nonceByteCount * drawnAtOnce)
    var used = SealedBox.nonceByteCount * drawnAtOnce
  }

  private static let stock = Mutex(Stock())

  /// Writes a nonce that was never used into the beginning of `box`.
  static func writeNonce(to box: inout MutableSpan<UInt8>) {
    stock.withLock { stock in
      if stock.used == stock.bytes.count {
        stock.bytes = Random.bytes(count: stock.bytes.count)
        stock.used = 0
      }
      for index in 0..<SealedBox.nonceByteCount { box[index] = stock.bytes[stock.used + index] }
      stock.used += SealedBox.nonceByteCount
    }
  }
}
