import Glibc
import TestSupport
import Testing

/// Several people on one daemon, each with a real uid, and root who is none of
/// the users.
///
/// Ada is Owner, Eve Editor and Vic Viewer of `web`, Max a Member without a role.
/// A connection that a test opens itself comes from uid 0: nobody's.
struct Team {
  static let isPossible = Programs.isRoot && Programs.find("setpriv") != nil

  static let ada = 4301
  static let eve = 4302
  static let vic = 4303
  static let max = 4304
  static let stranger = 4305

  let fixture = VaultFixture()
  var socketPath: String { fixture.directory.path("socket") }

  init() {
    chmod(fixture.directory.path, 0o755)
    fixture.startDaemon(["--system"], socket: socketPath)
    let made = root(
      "init", "--organization", "acme", "--owner", "ada", "--owner-uid", "\(Self.ada)",
      "--key-file", fixture.keyFilePath, "--no-recovery")
    precondition(made.status == 0, "init failed: \(made.errorText)")
    owner("workspace", "add", "web")
    owner("workspace", "add", "api")
    for (name, uid) in [("eve", Self.eve), ("vic", Self.vic), ("max", Self.max)] {
      owner("user", "add", name, "--uid", "\(uid)")
    }
    owner("grant", "eve", "editor", "web")
    owner("grant", "vic", "viewer", "web")
    owner("import", "web/stripe", input: VaultFixture.stripeValue)
  }

  /// Runs `coffer` as a uid.
  @discardableResult
  func coffer(as uid: Int, _ arguments: [String], key: String? = nil, input: String = "")
    -> Subprocess.Result
  {
    var environment = ["PATH": "/usr/bin:/bin", "COFFER_SOCKET": socketPath]
    environment["COFFER_API_KEY"] = key
    let words = ["--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", Programs.client]
    return Subprocess.run(
      Programs.find("setpriv") ?? "", words + arguments, environment: environment,
      input: Array(input.utf8))
  }

  @discardableResult
  func owner(_ arguments: String..., input: String = "") -> Subprocess.Result {
    coffer(as: Self.ada, arguments, input: input)
  }

  @discardableResult
  func editor(_ arguments: String..., input: String = "") -> Subprocess.Result {
    coffer(as: Self.eve, arguments, input: input)
  }

  @discardableResult
  func viewer(_ arguments: String..., input: String = "") -> Subprocess.Result {
    coffer(as: Self.vic, arguments, input: input)
  }

  /// Runs `coffer` as root, who is no user.
  @discardableResult
  func root(_ arguments: String..., input: String = "") -> Subprocess.Result {
    Subprocess.run(
      Programs.client, arguments, environment: ["COFFER_SOCKET": socketPath],
      input: Array(input.utf8))
  }

}
