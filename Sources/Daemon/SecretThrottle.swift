package import Platform

/// How often a uid may try secrets that open the vault.
///
/// The first wrong ones cost nothing but their time; after each further one the uid
/// waits, and then twice as long. Nobody else waits for it. Time is that of the boot
/// clock, which nobody can set.
package struct SecretThrottle {
  private var records: [UInt32: Record] = [:]

  private struct Record {
    var wrongCount = 0
    var last: BootInstant
  }

  package init() {}

  /// How many seconds a uid must wait before its next try; nil if it need not.
  ///
  /// - Parameters:
  ///   - userID: Who wants to try a secret.
  ///   - pending: How many of its secrets are to be tried already.
  ///   - now: The time.
  /// - Returns: At least 1; nil if it may try one now.
  package func seconds(
    until userID: UInt32, pending: Int = 0, at now: BootInstant
  ) -> Int64? {
    let wrongCount = wrongCount(of: userID, at: now)
    // What is being tried may be wrong as well.
    if pending > 0, wrongCount + pending >= Limits.freeWrongSecrets { return 1 }
    guard wrongCount >= Limits.freeWrongSecrets, let last = records[userID]?.last else {
      return nil
    }
    let end = last.advanced(bySeconds: Self.rest(after: wrongCount))
    return end > now ? end.seconds(since: now) + 1 : nil
  }

  /// How many wrong secrets of a uid count.
  package func wrongCount(of userID: UInt32, at now: BootInstant) -> Int {
    guard let record = records[userID],
      now.seconds(since: record.last) < Limits.wrongSecretSeconds
    else { return 0 }
    return record.wrongCount
  }

  private static func rest(after wrongCount: Int) -> Int64 {
    let doublings = min(wrongCount - Limits.freeWrongSecrets, 16)
    return min(1 << Int64(doublings), Limits.longestSecretRest)
  }

  /// Takes note of a wrong secret.
  package mutating func noteWrong(of userID: UInt32, at now: BootInstant) {
    let count = wrongCount(of: userID, at: now)
    if records[userID] == nil, records.count >= Limits.watchedWrongSecrets { forgetOldest() }
    records[userID] = Record(wrongCount: count + 1, last: now)
  }

  /// Takes note of a secret that opens the vault.
  package mutating func noteRight(of userID: UInt32) { records[userID] = nil }

  private mutating func forgetOldest() {
    let oldest = records.min { $0.value.last < $1.value.last }
    if let oldest { records[oldest.key] = nil }
  }
}
