internal import Platform

extension MaskedStream {
  /// Where the two ends of a stream are among the descriptors that are waited for.
  struct Places {
    fileprivate let source: Int
    fileprivate let sink: Int
  }

  /// Waits for the stream as well, in the next wait.
  func watch(in polling: inout Polling) -> Places {
    Places(
      source: polling.watch(sourceDescriptor, reading: true),
      sink: polling.watch(sinkDescriptor, writing: true))
  }

  /// Reads and writes what can be read and written after a wait.
  ///
  /// - Parameters:
  ///   - polling: What was waited for.
  ///   - places: Where the stream is in it.
  /// - Throws: ``ClientError``.
  func act(after polling: Polling, _ places: Places) throws(ClientError) {
    if polling.isWritable(places.sink) { try write() }
    if polling.isReadable(places.source) { try read() }
    try rest()
  }
}
