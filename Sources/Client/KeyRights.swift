internal import Wire

/// What an issued key may do, and where, as `verify` and `show` tell it.
struct KeyRights {
  private let rights: [StatusFields]

  /// Picks the `RIGHT` lines out of an answer.
  init(_ statuses: [StatusFields]) {
    rights = statuses.filter { $0.keywords == ["RIGHT"] }
  }

  /// A place and what may be done there, for each place.
  var fields: [(String, String)] {
    rights.map { right in
      let place =
        if let workspace = right["workspace"] {
          "in \(workspace)"
        } else if right["own"] == "yes" {
          "with one's own keys"
        } else {
          "with the organization's keys"
        }
      let actions = (right["actions"] ?? "").split(separator: ",")
      return (place, actions.isEmpty ? "nothing" : actions.joined(separator: ", "))
    }
  }

  var json: JSON {
    .array(
      rights.map { right in
        .object([
          ("workspace", .optional(right["workspace"])), ("own", .boolean(right["own"] == "yes")),
          ("organization", .boolean(right["organization"] == "yes")),
          ("actions", .list(right["actions"])),
        ])
      })
  }
}
