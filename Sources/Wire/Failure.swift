package import Keyring

/// What the daemon tells a client when a request fails.
///
/// It names what happened, the object it happened to, and what to do next. It
/// never carries a value, a passphrase or a request's line: whatever could be
/// a key's secret is cut out of the words that it is made of.
package struct Failure: Error, Equatable, Sendable {
  /// The numbers of libgpg-error; a client chooses its exit status by them.
  ///
  /// Source: libgpg-error, `err-codes.h`.
  package enum Code: Int, CaseIterable, Sendable {
    case failed = 1
    case damaged = 10
    case wrongPassphrase = 11
    case notFound = 27
    case invalid = 55
    case timeout = 62
    case conflict = 70
    case malformed = 79
    case wrongState = 156
    case locked = 173
    case unknownOption = 174
    case limit = 183
    case forbidden = 251
    case lineTooLong = 263
    case unexpectedCommand = 274
    case unknownCommand = 275
    case syntax = 276
    case canceled = 277
    case parameter = 280
    case denied = 315
  }

  /// The error source that is ours: "User defined source 1".
  ///
  /// Source: libgpg-error, `err-sources.h`, `GPG_ERR_SOURCE_USER_1`.
  private static let source = 32 << 24

  package let code: Code

  /// One line without control characters, as in `web/ci: not found`.
  package let message: String

  /// What to do next, as another such line.
  package let hint: String?

  package init(_ code: Code, _ message: String, hint: String? = nil) {
    self.code = code
    self.message = PrintableText.line(message)
    self.hint = hint.map { PrintableText.line($0) }
  }

  /// The number in an `ERR` line.
  package var number: Int { Self.source | code.rawValue }

  /// The code in the number of an `ERR` line, whatever its source; nil for one
  /// that this program does not know.
  package static func code(ofNumber number: Int) -> Code? { Code(rawValue: number & 0xFFFF) }
}

extension Failure {
  /// A refusal of the rules, as the protocol tells it.
  package init(_ refusal: Refusal) {
    let object = PrintableText.object(refusal.object)
    let reason = refusal.reason.map { "\(refusal.word.rawValue): \($0)" } ?? refusal.word.rawValue
    self.init(Code(refusal.word), "\(object): \(reason)", hint: refusal.hint)
  }

  package static func syntax(_ message: String) -> Failure { Failure(.syntax, message) }

  /// The answer to every change while the vault takes none.
  package static func readOnly(because reason: String) -> Failure {
    Failure(
      .wrongState, "the vault is read-only: \(reason)",
      hint: "mend the cause; then it goes on by itself, or at once with 'coffer doctor --repair'")
  }

  /// The answer to every command that a locked vault does not serve.
  package static let locked = Failure(
    .locked, "the vault is locked", hint: "open it with 'coffer unlock'")
}

extension Failure.Code {
  /// The word for it in the audit.
  package var word: String {
    switch self {
    case .failed: "failed"
    case .damaged: "damaged"
    case .wrongPassphrase: "wrong passphrase"
    case .notFound: "not found"
    case .invalid: "invalid"
    case .timeout: "timeout"
    case .conflict: "conflict"
    case .malformed: "malformed"
    case .wrongState: "wrong state"
    case .locked: "locked"
    case .limit: "limit"
    case .forbidden: "forbidden"
    case .lineTooLong: "line too long"
    case .canceled: "canceled"
    case .denied: "denied"
    case .unknownOption, .unexpectedCommand, .unknownCommand, .syntax, .parameter: "syntax"
    }
  }

  package init(_ word: Refusal.Word) {
    switch word {
    case .notFound: self = .notFound
    case .forbidden: self = .forbidden
    case .invalid: self = .invalid
    case .conflict: self = .conflict
    case .wrongState: self = .wrongState
    case .denied: self = .denied
    case .malformed: self = .malformed
    case .limit: self = .limit
    }
  }
}

/// Text from elsewhere, made fit to be shown.
package enum PrintableText {
  /// How much is kept, in bytes of UTF-8.
  private enum Limit {
    /// Of a line, so that it fits into one of the protocol.
    static let line = 900

    /// Of the name of an object.
    static let object = 100

    /// Of a field of a status line, where each byte may become three.
    static let field = 300

    /// Of what a client claims to be.
    static let claim = 64
  }

  /// `text` without control characters and without keys' secrets, on one line.
  package static func line(_ text: String) -> String { clean(text, Limit.line) }

  /// The name of an object as a message shows it.
  package static func object(_ text: String) -> String {
    guard !text.isEmpty else { return "''" }
    let shown = clean(text, Limit.object)
    return shown.utf8.count < clean(text, .max).utf8.count ? shown + "..." : shown
  }

  /// `text` cut to what fits into a status line, even if every byte is escaped.
  package static func field(_ text: String) -> String { clean(text, Limit.field) }

  /// What a client claims to be, cut to what a log keeps of it.
  package static func claim(_ text: String) -> String { clean(text, Limit.claim) }

  /// The first bytes of `text`, without half a character.
  private static func clean(_ text: String, _ byteCount: Int) -> String {
    let text = withoutControls(KeyText.masked(text))
    guard text.utf8.count > byteCount else { return text }
    var scalars = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      count += scalar.utf8.count
      if count > byteCount { break }
      scalars.append(scalar)
    }
    return String(scalars)
  }

  /// `text` with `?` in place of each character that steers a terminal.
  package static func withoutControls(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { scalars.append(isControl(scalar) ? "?" : scalar) }
    return String(scalars)
  }

  /// Controls, line separators, and the characters that turn the direction of text.
  package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    guard !scalar.isASCII else { return scalar.value < 0x20 || scalar.value == 0x7F }
    return switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate, .privateUse: true
    default: false
    }
  }
}
