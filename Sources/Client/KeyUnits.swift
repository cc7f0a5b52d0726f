internal import Wire

/// The systemd units that a key is given to, as `show` tells them.
struct KeyUnits {
  private let units: [StatusFields]

  /// Picks the `UNIT` lines out of an answer.
  init(_ statuses: [StatusFields]) {
    units = statuses.filter { $0.keywords == ["UNIT"] }
  }

  /// A unit and the name that it knows the key by, for each unit.
  var fields: [(String, String)] {
    units.map { unit in
      let note = unit["restored"] == "yes" ? " (restored)" : ""
      return ("for \(unit["unit"] ?? "")", "as \(unit["credential"] ?? "")\(note)")
    }
  }

  var json: JSON {
    .array(
      units.map { unit in
        .object([
          ("unit", .optional(unit["unit"])), ("credential", .optional(unit["credential"])),
          ("restored", .boolean(unit["restored"] == "yes")),
        ])
      })
  }
}
