internal import Keyring
internal import Wire

/// A variable whose name the command line or a file has chosen.
struct SelectedVariable {
  let name: String

  /// What its value consists of.
  let pieces: [DotenvPiece]

  /// The file that sets it, and the line; nil for an option.
  let place: (file: DotenvFile, line: Int)?

  /// The same for a person, as in `./coffer.env:3` or `-k web/stripe=PAYMENT_KEY`.
  let origin: String

  /// One of `-k KEY=NAME`.
  init(name: String, key: KeyReference) {
    self.name = name
    pieces = [.reference(DotenvReference(key: key, isOptional: false))]
    place = nil
    origin = "-k \(key.text)=\(name)"
  }

  /// One of a file.
  init(_ assignment: DotenvAssignment, of file: DotenvFile) {
    name = assignment.name
    pieces = assignment.pieces
    place = (file, assignment.line)
    origin = file.place(of: assignment)
  }

  var references: [DotenvReference] { pieces.references }

  /// Throws for a name that steers programs.
  func checkName() throws(ClientError) {
    do throws(Refusal) {
      _ = try EnvironmentName(
        parsing: name,
        hint: "it is no variable for a file of keys: set it outside, as with "
          + "'env NAME=VALUE coffer run ...'")
    } catch {
      throw ClientError(error, at: origin)
    }
  }

  /// Whether the value is that of one key and nothing else.
  var isWholeKey: Bool { pieces.count == 1 && references.count == 1 }
}

/// A key that the command is given in a file.
struct SelectedDelivery {
  let key: KeyReference

  /// The name that the command line has chosen for it, if it has.
  let name: String?

  /// The name that the vault has for it, once it is known.
  var vaultName: String?

  /// What is put behind the name for the variable that tells the file's path.
  static let suffix = "_FILE"

  /// The variable that tells the file's path; nil as long as its name is not known.
  var variable: String? { (name ?? vaultName).map { $0 + Self.suffix } }
}
