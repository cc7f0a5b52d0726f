import Keyring

/// What comes of a request, as the tables write it.
enum Outcome: Character, Equatable, Sendable {
  case done = "+"
  case notFound = "?"
  case forbidden = "-"
  case invalid = "!"
  case conflict = "="
  case wrongState = "~"

  /// A refusal that none of the tables has.
  case other = "*"

  /// What comes of `body`.
  init<Result>(of body: () throws(Refusal) -> Result) {
    guard let refusal = refusal(of: body) else {
      self = .done
      return
    }
    switch refusal.word {
    case .notFound: self = .notFound
    case .forbidden: self = .forbidden
    case .invalid: self = .invalid
    case .conflict: self = .conflict
    case .wrongState: self = .wrongState
    case .denied, .malformed, .limit: self = .other
    }
  }
}

/// The refusal that `body` ends with; nil if it is granted.
func refusal<Result>(of body: () throws(Refusal) -> Result) -> Refusal? {
  do throws(Refusal) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

/// What comes of one request for each person, written as six characters in the
/// order of ``Person``: `OAEVMN`.
struct OutcomeRow: Sendable {
  private let outcomes: [Outcome]

  init(_ text: some StringProtocol) {
    outcomes = text.map { character in
      guard let outcome = Outcome(rawValue: character) else {
        preconditionFailure("\(character) is no outcome")
      }
      return outcome
    }
    precondition(outcomes.count == Person.allCases.count, "a row has a column for each person")
  }

  subscript(person: Person) -> Outcome {
    guard let column = Person.allCases.firstIndex(of: person) else { return .other }
    return outcomes[column]
  }
}

/// The rows of a table that is written as text, each split at its spaces; the
/// first row, which names the columns, is left out.
func rows(of table: String) -> [[Substring]] {
  table.split(separator: "\n").dropFirst().map { $0.split(separator: " ") }
}
