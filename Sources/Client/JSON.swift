internal import Wire

/// A JSON value that is printed.
///
/// Source: RFC 8259.
enum JSON {
  case null
  case boolean(Bool)
  case number(Int64)
  case string(String)
  case array([JSON])

  /// The members in this order.
  case object([(String, JSON)])

  /// A string, or null for nil.
  static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

  /// A number of the protocol, or null for what is none.
  static func integer(_ text: String?) -> JSON {
    text.flatMap { Int64($0) }.map { .number($0) } ?? .null
  }

  /// An array of what commas separate.
  static func list(_ text: String?) -> JSON {
    .array((text ?? "").split(separator: ",").map { .string(String($0)) })
  }

  /// The value on one line.
  var text: String {
    switch self {
    case .null: "null"
    case .boolean(let value): value ? "true" : "false"
    case .number(let value): String(value)
    case .string(let value): Self.quoted(value)
    case .array(let values): "[" + values.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { Self.quoted($0.0) + ":" + $0.1.text }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case _ where PrintableText.isControl(scalar):
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      case _: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
