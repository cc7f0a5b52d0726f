/// Why a request was not granted, in one of the rules' own words.
///
/// It names the object as the caller wrote it. What the caller may not know
/// about is refused with the same words as what does not exist.
package struct Refusal: Error, Equatable, Sendable {
  /// The one word; the protocol has one error code for each.
  package enum Word: String, CaseIterable, Sendable {
    case notFound = "not found"
    case forbidden
    case invalid
    case conflict
    case wrongState = "wrong state"
    case denied
    case malformed
    case limit
  }

  package let word: Word

  /// What was asked about, as the caller wrote it.
  package let object: String

  /// Which rule refuses it; nil where the word alone must do.
  package let reason: String?

  /// What the caller can do next.
  package let hint: String?

  package init(_ word: Word, _ object: String, _ reason: String? = nil, hint: String? = nil) {
    self.word = word
    self.object = object
    self.reason = reason
    self.hint = hint
  }

  /// The refusal of everything that is not in the caller's sight.
  package static func notFound(_ object: String) -> Refusal { Refusal(.notFound, object) }

  package static func invalid(
    _ object: String, _ reason: String, hint: String? = nil
  ) -> Refusal {
    Refusal(.invalid, object, reason, hint: hint)
  }

  package static func forbidden(
    _ object: String, _ reason: String, hint: String? = nil
  ) -> Refusal {
    Refusal(.forbidden, object, reason, hint: hint)
  }
}
