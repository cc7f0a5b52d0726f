/// What a user is in the organization as a whole.
package enum OrganizationRole: String, CaseIterable, Sendable {
  case member
  case owner
}

/// What a user is in one workspace.
package enum WorkspaceRole: String, CaseIterable, Sendable {
  case viewer
  case editor
  case admin

  package var rank: Rank {
    switch self {
    case .viewer: .viewer
    case .editor: .editor
    case .admin: .admin
    }
  }
}

/// Where someone stands in a workspace or in the organization, from low to high.
///
/// Owners stand above the Admins of every workspace; in the organization there
/// are Members and Owners only.
package enum Rank: Int, Comparable, CaseIterable, Sendable {
  case member
  case viewer
  case editor
  case admin
  case owner

  package static func < (left: Rank, right: Rank) -> Bool { left.rawValue < right.rawValue }

  /// The word for it, as in `viewer`.
  package var text: String {
    switch self {
    case .member: "member"
    case .viewer: "viewer"
    case .editor: "editor"
    case .admin: "admin"
    case .owner: "owner"
    }
  }

  /// The rank with that word; nil for an unknown one, which then grants nothing.
  package init?(text: String) {
    guard let rank = Rank.allCases.first(where: { $0.text == text }) else { return nil }
    self = rank
  }
}

/// What an issued workspace or organization key may do where it reaches.
package enum Access: String, CaseIterable, Sendable {
  case viewer
  case editor

  package var rank: Rank {
    switch self {
    case .viewer: .viewer
    case .editor: .editor
    }
  }

  /// Reads the option's value, and throws `invalid` for anything else.
  package init(parsing text: String) throws(Refusal) {
    guard let access = Access(rawValue: text) else {
      throw .invalid("--access", "access is viewer or editor")
    }
    self = access
  }
}
