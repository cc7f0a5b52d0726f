internal import Wire

/// The running commands that were handed values, as the daemon tells of them.
struct Holders {
  /// A process, and what it was handed.
  struct Holder {
    let fields: StatusFields
    fileprivate(set) var held: [StatusFields] = []
  }

  private(set) var holders: [Holder] = []

  /// How many there are, also of those that are not named.
  private let count: Int

  /// Since when the daemon knows of all; and how often it had no room.
  private let since: String?
  private let untracked: Int

  /// Whether only one's own processes are told of.
  private let isOfOwnOnly: Bool

  init(_ statuses: [StatusFields]) {
    let ledger = statuses.first { ["LEDGER", "HOLDERS"].contains($0.keywords.first) }
    since = ledger?["since"]
    untracked = ledger?["untracked"].flatMap { Int($0) } ?? 0
    isOfOwnOnly = ledger?["sight"] == "own"
    for status in statuses {
      if status.keywords == ["HOLDER"] { holders.append(Holder(fields: status)) }
      if status.keywords == ["HELD"], !holders.isEmpty {
        holders[holders.count - 1].held.append(status)
      }
    }
    count = ledger?["count"].flatMap { Int($0) } ?? holders.count
  }

  // MARK: ps

  /// A line a process.
  var table: [String] {
    Table.lines(
      header: ["PID", "USER", "COMMAND", "SINCE", "KEYS"],
      rows: holders.map { holder in
        let fields = holder.fields
        return [
          fields["pid"] ?? "", fields["user"] ?? fields["uid"] ?? "", fields["command"] ?? "-",
          fields["since"] ?? "", Self.keysText(holder),
        ]
      })
  }

  private static func keysText(_ holder: Holder) -> String {
    var texts = holder.held.map { held in
      let name = held["key"] ?? ""
      guard held["current"] != "yes" || held["state"] != "active" else { return name }
      let state = held["state"] ?? "old"
      return "\(name) (version \(held["version"] ?? "?"), \(state))"
    }
    if holder.fields["incomplete"] == "yes" { texts.append("and more") }
    return texts.joined(separator: ", ")
  }

  /// What cannot be known, in words.
  var reservations: [String] {
    var lines = [
      "commands that got their keys before \(since ?? "the daemon was started"), and what "
        + "commands have started themselves, are not known"
    ]
    if untracked > 0 {
      lines.append(
        "there was no room for \(untracked) more \(untracked == 1 ? "hand-out" : "hand-outs"): "
          + "there may be others")
    }
    if isOfOwnOnly { lines.append("of this key only your own commands are told to you") }
    return lines
  }

  var json: [JSON] {
    holders.map { holder in
      let fields = holder.fields
      return .object([
        ("pid", .integer(fields["pid"])), ("uid", .integer(fields["uid"])),
        ("user", .optional(fields["user"])), ("command", .optional(fields["command"])),
        ("since", .optional(fields["since"])),
        ("incomplete", .boolean(fields["incomplete"] == "yes")),
        ("keys", .array(holder.held.map(Self.json))),
      ])
    }
  }

  private static func json(_ held: StatusFields) -> JSON {
    .object([
      ("id", .optional(held["id"])), ("name", .optional(held["key"])),
      ("version", .integer(held["version"])), ("current", .boolean(held["current"] == "yes")),
      ("state", .optional(held["state"])),
    ])
  }

  // MARK: Other commands

  /// So many commands are named.
  private static let namedCount = 10

  /// Says who still has what was ended or replaced.
  ///
  /// - Parameter object: What they have, as in `it`.
  /// - Returns: As in `2 running commands still hold it: 4211 deploy.sh, 4290 node`; nil
  ///   if nobody has it.
  func notice(of object: String) -> String? {
    guard count > 0 else { return nil }
    var names = holders.prefix(Self.namedCount).map { holder in
      [holder.fields["pid"], holder.fields["command"]].compactMap(\.self).joined(separator: " ")
    }
    if count > names.count { names.append("and \(count - names.count) more") }
    let commands =
      count == 1 ? "1 running command still holds" : "\(count) running commands still hold"
    return "\(commands) \(object): \(names.joined(separator: ", "))"
  }

  /// Tells who still has what was ended or replaced, if anybody has.
  static func report(_ statuses: [StatusFields], holding object: String) {
    if let notice = Holders(statuses).notice(of: object) { Console.note(notice) }
  }
}
