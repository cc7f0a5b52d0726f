internal import Platform

/// What of the environment the command inherits, and what becomes of variables that
/// are set already.
struct SetVariables {
  /// What becomes of a variable that is set, and is to be injected under a name that
  /// the vault has chosen.
  enum Policy: Equatable {
    case refuse
    case replace
    case keep
  }

  let policy: Policy

  /// Whether only what a login sets is inherited.
  let isClean: Bool

  /// Whether the command gets what logs in to Coffer itself.
  let keepsLogin: Bool

  /// What a login to Coffer itself consists of; it is no command's business.
  static let loginNames = [PresentedKey.variable, "COFFER_KEY_FILE"]

  /// What is left of an environment by `--clean`, besides `LC_*`.
  private static let cleanNames = [
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TZ", "TMPDIR",
  ]

  init(_ arguments: Arguments) {
    policy = arguments.has("override") ? .replace : arguments.has("keep") ? .keep : .refuse
    isClean = arguments.has("clean")
    keepsLogin = arguments.has("keep-login")
  }

  /// Throws a usage error for options that contradict each other.
  static func check(_ arguments: Arguments) throws(ClientError) {
    for pair in [["keep", "override"], ["clean", "keep"], ["clean", "override"]] {
      try arguments.exclude(pair)
    }
  }

  /// Whether a variable is inherited, unless another one takes its place.
  func isInherited(_ name: String) -> Bool {
    if Self.loginNames.contains(name) { return keepsLogin }
    return !isClean || Self.cleanNames.contains(name) || name.hasPrefix("LC_")
  }

  /// Whether a variable is set, for the command.
  func isSet(_ name: String) -> Bool { isInherited(name) && Environment.isSet(name) }

  /// Whether a variable keeps the value that it has.
  func isKept(_ name: String) -> Bool { policy == .keep && isSet(name) }
}
