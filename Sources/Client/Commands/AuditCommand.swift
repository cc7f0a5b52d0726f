internal import Wire

extension Subcommand {
  static let audit = Subcommand(
    name: "audit", group: .checking, synopsis: "audit [options] | audit --check",
    summary: "Shows what was done with keys and refused, or checks that record.",
    details: [
      "Owners see all rows, others those of what is theirs. Times are RFC 3339, or",
      "90d, 12h, 30m, 2s ago; all that is printed is in UTC.",
    ],
    options: [
      OptionSpecification("since", value: "TIME", "only rows from then on"),
      OptionSpecification("until", value: "TIME", "only rows before then"),
      OptionSpecification("key", short: "k", value: "KEY", "only rows about this key"),
      OptionSpecification("user", value: "USER", "only rows of this user's doing"),
      OptionSpecification("check", "read every row, and tell whether all are whole"),
      jsonOption, systemOption, waitOption,
    ],
    examples: ["coffer audit --since 12h", "coffer audit --key web/stripe --json"]
  ) { arguments throws(ClientError) in
    if arguments.has("check") {
      try arguments.allow(["check", "json"], for: "audit --check")
      try checkAudit(arguments)
    } else {
      try printAudit(arguments)
    }
    return ExitStatus.done
  }

  /// Prints page by page, and holds no more than one.
  private static func printAudit(_ arguments: Arguments) throws(ClientError) {
    let filter = arguments.given(["since", "until", "key", "user"]) + [("limit", "500")]
    let isJSON = arguments.has("json")
    var isFirst = true
    try forEachPage(of: filter, arguments) { statuses throws(ClientError) in
      let rows = statuses.filter { $0.keywords == ["ROW"] }.map(AuditRow.init)
      guard !rows.isEmpty else { return 0 }
      if isJSON {
        try Console.print(rows.map(\.json))
      } else {
        try Console.printTable(
          (isFirst ? [AuditRow.header] : []) + rows.map(\.line), under: AuditRow.header)
      }
      isFirst = false
      return rows.count
    }
    if isFirst, !isJSON { Console.note("no row is in sight") }
  }

  private static func checkAudit(_ arguments: Arguments) throws(ClientError) {
    let count = try forEachPage(of: [("check", nil)], arguments) {
      statuses throws(ClientError) in
      let checked = statuses.first { $0.keywords == ["CHECKED"] }
      guard let rows = checked?["rows"].flatMap({ Int($0) }) else {
        throw .protocolBroken("it did not say how much it checked")
      }
      return rows
    }
    if arguments.has("json") {
      try Console.print([JSON.object([("rows", .number(Int64(count)))])])
    } else {
      try Console.print(["all \(count) rows are whole"])
    }
  }

  /// Asks until there is no more to ask for.
  ///
  /// - Parameters:
  ///   - options: What each page is asked for with.
  ///   - arguments: Those of the command line.
  ///   - body: Takes a page, and says how many rows it had.
  /// - Returns: How many rows there were.
  /// - Throws: ``ClientError``.
  @discardableResult private static func forEachPage(
    of options: [(String, String?)], _ arguments: Arguments,
    _ body: ([StatusFields]) throws(ClientError) -> Int
  ) throws(ClientError) -> Int {
    let dialogue = try Dialogue(arguments)
    var count = 0
    try dialogue.forEachPage(of: Command(.audit, options: options)) {
      (statuses) throws(ClientError) in count += try body(statuses)
    }
    return count
  }
}

/// A row of the audit, as it is printed.
struct AuditRow {
  private let row: StatusFields

  init(_ row: StatusFields) { self.row = row }

  /// All but the last are padded to these; together they have 80 columns where the
  /// outcome has eleven.
  private static let widths = [19, 10, 9, 23, 0]

  static let header = Table.line(["TIME", "WHO", "VERB", "ON", "OUTCOME"], widths: widths)

  var line: String {
    Table.line([time, who, row["verb"] ?? "", object, outcome], widths: Self.widths)
  }

  /// `2026-11-23 14:56:00`, of `2026-11-23T14:56:00Z`.
  private var time: String {
    let text = row["time"] ?? ""
    return String(text.prefix(19).map { $0 == "T" ? " " : $0 })
  }

  /// Whether it tells of a value that systemd has fetched for a unit.
  private var isOfUnit: Bool { row["verb"] == "CREDENTIAL" }

  /// The key that acted, else the user, else the uid.
  private var who: String {
    isOfUnit ? "systemd" : row["key"] ?? row["user"] ?? row["uid"].map { "uid \($0)" } ?? ""
  }

  private var object: String {
    guard isOfUnit, let key = row["on"] else { return row["on"] ?? row["object"] ?? "" }
    return "\(key) to \(row["object"] ?? "")"
  }

  private var outcome: String {
    // A text that was ended and is presented again may have leaked; where no key
    // stands, somebody has only called something so.
    let isDeadKey = row["object"] == "dead-key" && row["on"] != nil
    let outcome = (row["outcome"] ?? "") + (isDeadKey ? ": dead-key" : "")
    guard let more = row["more"], more != "0" else { return outcome }
    return "\(outcome) and \(more) more"
  }

  var json: JSON {
    .object([
      ("n", .integer(row["n"])), ("time", .optional(row["time"])),
      ("user", .optional(row["user"])), ("key", .optional(row["key"])),
      ("uid", .integer(row["uid"])), ("pid", .integer(row["pid"])),
      ("command", .optional(row["command"])), ("verb", .optional(row["verb"])),
      ("outcome", .optional(row["outcome"])), ("code", .integer(row["code"])),
      ("on", .list(row["on"])), ("object", .optional(row["object"])),
      ("more", .integer(row["more"])),
    ])
  }
}
