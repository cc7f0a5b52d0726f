internal import Platform
internal import Store
internal import Wire

/// A part of what is sent to a client.
enum Chunk {
  /// Whole lines in which nothing is secret.
  case lines([UInt8])

  /// Data in which nothing is secret; it is encoded when it is sent.
  case data(ArraySlice<UInt8>)

  /// A value, which stays sealed until it is sent.
  case value(SealedData)

  /// How many bytes are kept for it.
  var byteCount: Int {
    switch self {
    case .lines(let bytes): bytes.count
    case .data(let bytes): bytes.count
    case .value(let data): data.prefix.count + data.sealedValue.count
    }
  }
}

/// A sealed value, and what goes around it in the D lines.
struct SealedData {
  /// As in `NAME=`.
  let prefix: [UInt8]
  let sealedValue: [UInt8]
  let role: ValueRole

  /// Whether a NUL goes behind it, as between the entries of an environment.
  let endsWithNUL: Bool
}

/// The locked memory in which answers take shape, one at a time.
///
/// What a client has not read yet is kept sealed, so one piece of memory serves
/// all connections.
final class OutputMemory {
  private var value: Secret
  private var output: Secret

  init() throws(SecretError) {
    value = try Secret(count: Limits.valueByteCount)
    output = try Secret(count: SecretSupplies.outputByteCount)
  }

  /// What came of sending a queue's beginning.
  enum Outcome {
    /// So many chunks are gone, and so many bytes of the next.
    case sent(chunks: Int, bytesOfNext: Int)

    /// The peer is gone.
    case disconnected

    /// A value is not authentic any more.
    case damaged
  }

  /// Encodes the first chunks of `queue` and sends them.
  ///
  /// - Parameters:
  ///   - queue: At least one chunk.
  ///   - skipped: The bytes of the first chunk that were sent before.
  ///   - socket: Where they go.
  ///   - vault: What opens the values.
  /// - Returns: How far it came.
  func send(
    _ queue: ArraySlice<Chunk>, skipping skipped: Int, to socket: borrowing UnixSocket,
    vault: Vault?
  ) -> Outcome {
    var ends: [Int] = []
    var position = 0
    for chunk in queue {
      guard position + maximumByteCount(of: chunk) <= output.count else { break }
      guard let end = encode(chunk, at: position, vault: vault) else {
        wipe(position)
        return .damaged
      }
      position = end
      ends.append(end)
    }
    let sent: Int
    do throws(Errno) {
      sent = try output.withBytes { (bytes) throws(Errno) in
        try socket.send(bytes.extracting(skipped..<position))
      }
    } catch {
      wipe(position)
      return .disconnected
    }
    wipe(position)
    let reached = skipped + sent
    let gone = ends.count { $0 <= reached }
    return .sent(chunks: gone, bytesOfNext: reached - (gone > 0 ? ends[gone - 1] : 0))
  }

  /// What came of sending a value alone.
  enum AloneOutcome {
    /// So many bytes are gone, of so many.
    case sent(Int, of: Int)

    /// The peer is gone.
    case disconnected

    /// The value is not authentic any more.
    case damaged
  }

  /// Sends a value as it is, in one call.
  ///
  /// - Parameters:
  ///   - data: The value; what goes around it is left out.
  ///   - socket: Where it goes.
  ///   - vault: What opens it.
  /// - Returns: How far it came.
  func sendAlone(
    _ data: SealedData, to socket: borrowing UnixSocket, vault: Vault
  ) -> AloneOutcome {
    guard let count = open(data, vault) else { return .damaged }
    defer { value.withMutableBytes { $0.wipe(0..<count) } }
    do throws(Errno) {
      let sent = try value.withBytes { (bytes) throws(Errno) in
        try socket.send(bytes.extracting(0..<count))
      }
      return .sent(sent, of: count)
    } catch {
      return .disconnected
    }
  }

  private func wipe(_ count: Int) {
    output.withMutableBytes { $0.wipe(0..<count) }
  }

  private func maximumByteCount(of chunk: Chunk) -> Int {
    switch chunk {
    case .lines(let bytes): bytes.count
    case .data(let bytes): DataEncoder.maximumByteCount(for: bytes.count)
    case .value(let data):
      DataEncoder.maximumByteCount(
        for: data.prefix.count + Vault.openByteCount(ofSealed: data.sealedValue) + 1)
    }
  }

  /// - Returns: Where the chunk ends; nil if its value cannot be opened.
  private func encode(_ chunk: Chunk, at position: Int, vault: Vault?) -> Int? {
    switch chunk {
    case .lines(let bytes):
      output.withMutableBytes { $0.replace(at: position, with: bytes.span) }
      return position + bytes.count
    case .data(let bytes):
      return output.withMutableBytes { output in
        var encoder = DataEncoder(at: position)
        encoder.append(bytes.span, to: &output)
        encoder.finish(in: &output)
        return encoder.position
      }
    case .value(let data):
      guard let vault, let count = open(data, vault) else { return nil }
      defer { value.withMutableBytes { $0.wipe(0..<count) } }
      return value.withBytes { value in
        output.withMutableBytes { output in
          var encoder = DataEncoder(at: position)
          encoder.append(data.prefix.span, to: &output)
          encoder.append(value.extracting(0..<count), to: &output)
          if data.endsWithNUL { encoder.append(0, to: &output) }
          encoder.finish(in: &output)
          return encoder.position
        }
      }
    }
  }

  private func open(_ data: SealedData, _ vault: Vault) -> Int? {
    do throws(StoreError) {
      return try value.withMutableBytes { (bytes) throws(StoreError) in
        try vault.open(data.sealedValue, as: data.role, into: &bytes)
      }
    } catch {
      Log.note(error.message)
      return nil
    }
  }
}
