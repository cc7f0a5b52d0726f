internal import Platform

extension MaskPatterns {
  /// The patterns of the values that were obtained; of one that is too short there are
  /// none, and it says so.
  ///
  /// - Parameter obtained: The keys.
  /// - Returns: The patterns, finished.
  /// - Throws: ``ClientError`` if they need more locked memory than there is.
  static func of(_ obtained: borrowing ObtainedValues) throws(ClientError) -> MaskPatterns {
    do throws(SecretError) {
      let patterns = try MaskPatterns()
      try obtained.forEachKey { (key, value) throws(SecretError) -> Void in
        if try patterns.add(value, label: key) { return }
        Console.note(
          "\(key): the value has fewer than \(ValueForms.minimumByteCount) bytes,"
            + " so it is not masked")
      }
      patterns.finish()
      return patterns
    } catch {
      throw .maskMemory
    }
  }
}

extension ObtainedValues {
  /// Lends the name of each key, as in `web/stripe`, and its value to `body`, once.
  ///
  /// A key that was given another value between two answers comes with both.
  func forEachKey<Failure: Error>(
    _ body: (String, Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    var taken: [String: [ObtainedKey]] = [:]
    for key in keys where !(taken[key.key] ?? []).contains(where: { haveSameValue($0, key) }) {
      taken[key.key, default: []].append(key)
      try withValue(of: key) { (value) throws(Failure) -> Void in try body(key.key, value) }
    }
  }

  private func haveSameValue(_ one: ObtainedKey, _ other: ObtainedKey) -> Bool {
    withValue(of: one) { one in
      withValue(of: other) { other in
        one.count == other.count && one.indices.allSatisfy { one[$0] == other[$0] }
      }
    }
  }
}

extension ClientError {
  /// The patterns of values are in locked memory only.
  static let maskMemory = ClientError(
    ExitStatus.failed,
    "masking needs more locked memory for these values than the system gives",
    hint: "select fewer or shorter keys, or raise the limit ('ulimit -l')")
}
