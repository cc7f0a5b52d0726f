internal import Wire

/// What a change of people, places or policy does to keys, as the daemon tells it.
struct Effects {
  /// The keys that change.
  private let changes: [StatusFields]

  /// The live values that the person has had.
  private let seen: [StatusFields]

  /// How many more there are of both, which the daemon has left out.
  private let further: String?

  init(_ statuses: [StatusFields]) {
    changes = statuses.filter { $0.keywords == ["EFFECT"] }
    seen = statuses.filter { $0.keywords == ["SEEN"] }
    further = statuses.first { $0.keywords == ["FURTHER"] }?["lines"]
  }

  var lines: [String] {
    var lines: [String] = []
    if !changes.isEmpty {
      lines += Table.lines(
        header: ["KEY", "ID", "CHANGE"],
        rows: changes.map { [$0["key"] ?? "", $0["id"] ?? "", $0["change"] ?? ""] })
    }
    guard !seen.isEmpty else { return lines + furtherLines }
    if !lines.isEmpty { lines.append("") }
    lines.append("Live values that the person has had; rotate or replace them:")
    return lines
      + Table.linesOfFilled(
        header: ["KEY", "ID", "VERSION", "HOW", "WHEN", "USER"],
        rows: seen.map { value in
          [
            value["key"] ?? "", value["id"] ?? "", value["version"] ?? "", value["how"] ?? "",
            KeyFields.day(value["at"]) ?? "", value["user"] ?? "",
          ]
        }) + furtherLines
  }

  private var furtherLines: [String] { further.map { ["... and \($0) more"] } ?? [] }

  var json: [JSON] {
    let changes = changes.map { change in
      JSON.object(
        [("effect", .string("change"))]
          + ["key", "id", "change"].map { ($0, .optional(change[$0])) })
    }
    let seen = seen.map { value in
      JSON.object([
        ("effect", .string("seen")), ("key", .optional(value["key"])),
        ("id", .optional(value["id"])), ("version", .integer(value["version"])),
        ("how", .optional(value["how"])), ("at", .optional(value["at"])),
        ("user", .optional(value["user"])),
      ])
    }
    return changes + seen
  }
}
