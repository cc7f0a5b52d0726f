import Glibc
import Platform
import TestSupport
import Testing

/// One daemon for several users, as real uids.
@Suite(
  "cofferd --system",
  .enabled(if: Programs.isRoot && Programs.find("setpriv") != nil, "needs root and setpriv"))
struct SystemModeTests {
  let fixture = VaultFixture()

  static let ada = 4201
  static let bob = 4202
  static let stranger = 4203

  init() {
    chmod(fixture.directory.path, 0o755)
    fixture.startDaemon(["--system"], socket: socketPath)
  }

  var socketPath: String { fixture.directory.path("socket") }

  /// Runs `coffer` as another uid.
  @discardableResult
  func coffer(as uid: Int, _ arguments: String..., input: String = "") -> Subprocess.Result {
    let words = [
      "--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", Programs.client,
    ]
    return Subprocess.run(
      Programs.find("setpriv") ?? "", words + arguments,
      environment: ["PATH": "/usr/bin:/bin", "COFFER_SOCKET": socketPath],
      input: Array(input.utf8))
  }

  /// Makes the vault, with Ada as Owner, Bob as Editor of `web`, and keys.
  func initialize() {
    let result = Subprocess.run(
      Programs.client,
      [
        "init", "--organization", "acme", "--owner", "ada", "--owner-uid", "\(Self.ada)",
        "--key-file", fixture.keyFilePath, "--no-recovery",
      ], environment: ["COFFER_SOCKET": socketPath])
    #expect(result.status == 0, "\(result.errorText)")
    coffer(as: Self.ada, "workspace", "add", "web")
    coffer(as: Self.ada, "workspace", "add", "api")
    coffer(as: Self.ada, "user", "add", "bob", "--uid", "\(Self.bob)")
    coffer(as: Self.ada, "grant", "bob", "editor", "web")
    coffer(as: Self.ada, "import", "web/stripe", input: "value-of-web")
    coffer(as: Self.ada, "import", "api/stripe", input: "value-of-api")
    coffer(as: Self.ada, "create", "me/private")
  }

  @Test("who may not connect is told so, and what to look at") func closedSocket() {
    chmod(socketPath, 0o600)
    let result = coffer(as: Self.stranger, "list")
    #expect(result.status == 4)
    #expect(result.errorText.contains("\(socketPath): you may not connect there\n"))
    #expect(result.errorText.contains("'ls -l \(socketPath)' tells who may"))
  }

  @Test("only root makes the vault, and names its Owner") func founding() {
    let refused = coffer(
      as: Self.ada, "init", "--organization", "acme", "--passphrase-fd", "0", input: "x")
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("only root makes the vault of the system"))
    initialize()
    #expect(
      coffer(as: Self.ada, "whoami", "--json").line.hasPrefix(
        #"{"uid":4201,"user":"ada","role":"owner""#))
  }

  @Test("each uid has the rights of its user, and no more") func rights() {
    initialize()
    #expect(
      coffer(as: Self.bob, "run", "-k", "web/stripe", "--", "printenv", "STRIPE").line
        == "value-of-web")
    #expect(coffer(as: Self.bob, "create", "web/deploy").status == 0)
    // Out of sight is the same as not there, byte for byte.
    for verb in ["show", "revoke"] {
      let there = coffer(as: Self.bob, verb, "api/stripe").errorText
      let nowhere = coffer(as: Self.bob, verb, "aqi/stripe").errorText
      #expect(there == nowhere.replacing("aqi", "api"))
      #expect(there.hasPrefix("coffer: api/stripe: not found\n"))
    }
    #expect(
      coffer(as: Self.bob, "show", "@ada/private").errorLine == "coffer: @ada/private: not found")
    let forbidden = coffer(as: Self.bob, "create", "org/all")
    #expect(forbidden.errorText.hasPrefix("coffer: org/all: forbidden: "))
    let names = coffer(as: Self.bob, "list").outputText
    #expect(names.contains("web/stripe") && !names.contains("api/") && !names.contains("private"))
    // An Owner sees another's user key, and can end it, but not use it.
    coffer(as: Self.bob, "create", "me/own")
    #expect(coffer(as: Self.ada, "show", "@bob/own").status == 0)
    #expect(coffer(as: Self.ada, "run", "-k", "@bob/own", "--", "true").status == 125)
    #expect(coffer(as: Self.ada, "revoke", "@bob/own").status == 0)
  }

  @Test("a uid that is no user learns nothing") func strangers() {
    initialize()
    for arguments in [["list"], ["show", "web/stripe"], ["show", "no/such"], ["whoami"]] {
      let words = [
        "--reuid", "\(Self.stranger)", "--regid", "\(Self.stranger)", "--clear-groups",
        Programs.client,
      ]
      let result = Subprocess.run(
        Programs.find("setpriv") ?? "", words + arguments,
        environment: ["COFFER_SOCKET": socketPath])
      #expect(result.status == 1)
      #expect(
        result.errorText.hasPrefix("coffer: caller: forbidden: this uid is no user"),
        "\(result.errorText)")
    }
    #expect(coffer(as: Self.stranger, "status", "--json").line == #"{"state":"unlocked"}"#)
    #expect(coffer(as: Self.stranger, "lock").status == 1)
    // Root itself is nobody in there, but may lock.
    let root = Subprocess.run(Programs.client, ["list"], environment: ["COFFER_SOCKET": socketPath])
    #expect(root.errorText.contains("this uid is no user"))
    #expect(coffer(as: Self.bob, "lock").errorText.contains("only an Owner locks the vault"))
    let lock = Subprocess.run(Programs.client, ["lock"], environment: ["COFFER_SOCKET": socketPath])
    #expect(lock.status == 0, "\(lock.errorText)")
  }

  @Test("a locked vault says the same to everybody, and whoever has its secret opens it")
  func locked() {
    initialize()
    coffer(as: Self.ada, "lock")
    let answers = Set([Self.ada, Self.bob, Self.stranger].map { coffer(as: $0, "list").errorText })
    #expect(answers.count == 1)
    chown(fixture.keyFilePath, UInt32(Self.stranger), UInt32(Self.stranger))
    let opened = coffer(as: Self.stranger, "unlock", "--key-file", fixture.keyFilePath)
    #expect(opened.status == 0, "\(opened.errorText)")
    // Opening gives no rights.
    #expect(coffer(as: Self.stranger, "list").status == 1)
    #expect(coffer(as: Self.bob, "list").status == 0)
  }

  @Test("fault 21: a daemon of one user serves no other uid, whatever the mode of its socket")
  func userMode() throws {
    let own = VaultFixture()
    chmod(own.directory.path, 0o755)
    own.startDaemon(socket: own.directory.path("socket"))
    chmod(own.directory.path("socket"), 0o666)
    let result = Subprocess.run(
      Programs.find("setpriv") ?? "",
      [
        "--reuid", "\(Self.bob)", "--regid", "\(Self.bob)", "--clear-groups", Programs.client,
        "status",
      ], environment: ["COFFER_SOCKET": own.directory.path("socket")])
    #expect(result.status == 1)
    #expect(result.errorText.contains("this daemon serves uid 0 only"))
    #expect(own.log.contains("refused a connection of uid \(Self.bob)"))
  }

  @Test("fault 64: coffer sends nothing to a socket that another uid listens on")
  func impostor() throws {
    let path = fixture.directory.path("impostor")
    let script = """
      import os, socket, sys
      os.setresgid(4203, 4203, 4203); os.setresuid(4203, 4203, 4203)
      s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); os.chmod(sys.argv[1], 0o666); s.listen()
      c, _ = s.accept(); c.settimeout(5); data = c.recv(100); print(len(data))
      """
    chmod(fixture.directory.path, 0o777)
    guard let python = Programs.find("python3") else {
      print("skipped: python3 is not installed")
      return
    }
    let heard = fixture.directory.path("heard")
    let impostor = Subprocess(
      python, ["-c", script, path], environment: [:], streams: [.null, .file(heard), .null])
    #expect(eventually { Files.names(in: fixture.directory.path).contains("impostor") })
    let result = Subprocess.run(
      Programs.client, ["unlock", "--passphrase-fd", "0"], environment: ["COFFER_SOCKET": path],
      input: Array("secret".utf8))
    #expect(result.status == 4)
    #expect(result.errorText.contains("uid 4203 listens there, neither you nor root"))
    impostor.waitForEnd()
    #expect(String(decoding: Files.read(heard), as: UTF8.self) == "0\n")
  }
}

extension String {
  /// The text with each `old` replaced; without Foundation.
  fileprivate func replacing(_ old: String, _ new: String) -> String {
    split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
  }
}
