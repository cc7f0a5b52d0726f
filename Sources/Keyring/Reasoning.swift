/// Why something is allowed, or the first thing that refuses it.
package struct Reasoning: Equatable, Sendable {
  /// One link of the chain.
  package struct Step: Equatable, Sendable {
    package let allows: Bool
    package let text: String
  }

  /// Who or what would act.
  package let subject: String

  /// In order; the first that refuses is the last.
  package private(set) var steps: [Step] = []

  /// What would change a refusal, as far as anything would.
  package private(set) var change: String?

  package var isAllowed: Bool { steps.allSatisfy(\.allows) }

  init(subject: String) { self.subject = subject }

  /// Adds a link, unless one before it refuses.
  mutating func add(
    _ allows: Bool, _ text: String, else refusal: String, change: String? = nil
  ) {
    guard isAllowed else { return }
    steps.append(Step(allows: allows, text: allows ? text : refusal))
    if !allows { self.change = change }
  }
}

/// What is asked about a person and a key.
package enum PersonalAction: String, CaseIterable, Sendable {
  case list
  case show
  case use
  case replace
  case rotate
  case suspend
  case resume
  case expire
  case revoke
  case verify

  /// Reads a word, and throws `invalid` for anything else.
  package init(parsing text: String) throws(Refusal) {
    guard let action = PersonalAction(rawValue: text) else {
      let words = PersonalAction.allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid("action", "what can be asked about is \(words)")
    }
    self = action
  }

  /// The row of the tables that it is; nil for use, which depends on the key.
  var action: Action? {
    switch self {
    case .list, .show: .see
    case .use: nil
    case .replace: .replace
    case .rotate: .rotate
    case .suspend: .suspend
    case .resume: .resume
    case .expire: .expire
    case .revoke: .revoke
    case .verify: .oversee
    }
  }
}
