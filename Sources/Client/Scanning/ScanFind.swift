internal import Keyring
internal import Wire

/// Something that a scan has come upon.
struct ScanFind: Equatable {
  let file: ScannedFile

  /// From 1.
  let line: Int
  let kind: Kind

  enum Kind: Equatable {
    /// The text of an issued key, by its shape and checksum, of this vault or another.
    case issuedKey(KeyText.Handle)

    /// The value of an imported key of the vault.
    case storedValue(id: String)
  }

  /// The name of the key, if the daemon has told it.
  var key: String?

  /// The key's id, which stands behind its prefix and is no secret.
  var id: String {
    switch kind {
    case .issuedKey(let handle): handle.id.text
    case .storedValue(let id): id
    }
  }

  /// What two finds of one secret in one line have in common.
  struct Place: Hashable {
    let file: Int
    let line: Int
    let id: String
  }

  var place: Place { Place(file: file.number, line: line, id: id) }

  /// A line for people, with no character of a secret.
  var text: String {
    let what =
      switch kind {
      case .issuedKey(let handle):
        (key.map { "\($0), " } ?? "") + "an issued key \(Self.masked(handle)) (id \(id))"
      case .storedValue: "\(key ?? "id:\(id)") (stored value)"
      }
    return "\(file.shownPath):\(line): \(what)"
  }

  var json: JSON {
    let kindAndType: [(String, JSON)] =
      switch kind {
      case .issuedKey(let handle):
        [("kind", .string("issued key")), ("type", .string(handle.type.rawValue))]
      case .storedValue: [("kind", .string("stored value")), ("type", .null)]
      }
    return .object(
      [("path", .string(file.shownPath)), ("line", .number(Int64(line)))] + kindAndType
        + [("id", .string(id)), ("key", .optional(key))])
  }

  /// Prefix and id of a key's text.
  private static func masked(_ handle: KeyText.Handle) -> String {
    "cof_\(handle.type.textMark)_\(handle.id.text)..."
  }

}

/// A file that is searched.
struct ScannedFile: Equatable {
  /// As the user named it, or git does; what was not UTF-8 in it is replaced.
  let path: String

  /// Counts the files in the order in which they are searched.
  let number: Int

  /// The path without what steers a terminal; a key in the name of a file is not shown.
  var shownPath: String {
    PrintableText.withoutControls(KeyText.occurs(in: path) ? KeyText.masked(path) : path)
  }
}
