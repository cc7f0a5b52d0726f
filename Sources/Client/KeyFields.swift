internal import Wire

/// The fields of keys, as `list` and `show` print them.
enum KeyFields {
  private static let texts = [
    "id", "name", "type", "workspace", "owner", "origin", "state", "env", "access", "custody",
    "scope", "use_role", "expires", "created", "creator", "last_used",
  ]

  /// What LIST tells of a key, as members of a JSON object.
  static func members(_ key: StatusFields) -> [(String, JSON)] {
    texts.map { ($0, .optional(key[$0])) } + [
      ("uses", .integer(key["uses"])), ("flags", .list(key["flags"])),
    ]
  }

  /// What SHOW tells besides, but for rights and versions.
  static func furtherMembers(_ key: StatusFields) -> [(String, JSON)] {
    [
      ("note", .optional(key["note"])), ("last_uid", .integer(key["last_uid"])),
      ("last_command", .optional(key["last_command"])),
    ]
      + ["suspended", "suspender", "revoked", "revoker", "reason"].map {
        ($0, .optional(key[$0]))
      }
  }

  static func versionMembers(_ version: StatusFields) -> [(String, JSON)] {
    [("number", .integer(version["number"]))]
      + ["state", "author", "created", "expires", "ends", "last_used"].map {
        ($0, .optional(version[$0]))
      }
  }

  /// What most terminals show of a line.
  private static let usualColumnCount = 80

  /// Keys in columns, without those columns in which nothing stands.
  ///
  /// Where the lines get too long, a flag stands for all of a key's: `idle+2`.
  static func table(_ keys: [StatusFields], on screen: Screen = .output) -> [String] {
    // Measured before it is cut.
    let whole = table(keys, on: Screen(columnCount: nil, hasColor: false)) {
      $0.joined(separator: ",")
    }
    let limit = screen.columnCount ?? usualColumnCount
    guard whole.contains(where: { $0.count > limit }) else { return whole }
    return table(keys, on: screen) { flags in
      flags.count > 1 ? "\(flags[0])+\(flags.count - 1)" : flags.joined()
    }
  }

  private static func table(
    _ keys: [StatusFields], on screen: Screen, _ text: (_ flags: [Substring]) -> String
  ) -> [String] {
    Table.linesOfFilled(
      header: ["NAME", "ORIGIN", "STATE", "ENV", "EXPIRES", "LAST USED", "FLAGS"],
      rows: keys.map { key in
        [
          key["name"] ?? "", key["origin"] ?? "", key["state"] ?? "", key["env"] ?? "",
          day(key["expires"]) ?? "never", day(key["last_used"]) ?? "",
          text((key["flags"] ?? "").split(separator: ",")),
        ]
      }, on: screen)
  }

  /// Versions in columns; only the end of a grace is worth its minute.
  static func versionTable(_ versions: [StatusFields]) -> [String] {
    Table.linesOfFilled(
      header: ["VERSION", "STATE", "AUTHOR", "CREATED", "EXPIRES", "ENDS", "LAST USED"],
      rows: versions.map { version in
        [
          version["number"] ?? "", version["state"] ?? "", version["author"] ?? "",
          day(version["created"]) ?? "", day(version["expires"]) ?? "never",
          version["ends"] ?? "", day(version["last_used"]) ?? "",
        ]
      })
  }

  /// The date of a time in RFC 3339.
  static func day(_ time: String?) -> String? { time.map { String($0.prefix(10)) } }
}
