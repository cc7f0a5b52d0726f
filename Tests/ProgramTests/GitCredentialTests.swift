import Glibc
import Platform
import TestSupport
import Testing

/// `coffer git-credential`, by itself and run by the real git.
@Suite("Git's credential helper")
struct GitCredentialTests {
  let fixture = VaultFixture()

  init() { fixture.initializeWithKeys() }

  func answer(
    _ request: String, _ options: [String] = ["--username", "ada"], action: String = "get"
  ) -> Subprocess.Result {
    fixture.coffer(
      ["git-credential", "-k", "web/stripe", "--host", "git.example.com"] + options + [action],
      input: Array(request.utf8))
  }

  static let password = "password=\(VaultFixture.stripeValue)\n"

  @Test("the value of the key is the password of the host, over https") func gives() throws {
    let result = answer("protocol=https\nhost=git.example.com\npath=x.git\n\n")
    #expect(result.outputText == "username=ada\n" + Self.password)
    #expect(result.errorText == "")
    #expect(result.status == 0)
    #expect(
      answer("capability[]=authtype\nprotocol=https\nhost=GIT.example.com\n").outputText
        == "username=ada\n" + Self.password)
    let row = fixture.coffer("audit", "--json").line.split(separator: "\n").last {
      $0.contains("\"ENV\"")
    }
    #expect(row?.contains("git-credential") == true)
  }

  @Test("the user name is the one that git knows, or that of --username, or nobody's")
  func usernames() throws {
    let request = "protocol=https\nhost=git.example.com\n"
    #expect(answer(request, []).outputText == Self.password)
    #expect(
      answer(request + "username=eve\n", []).outputText == "username=eve\n" + Self.password)
    #expect(
      answer(request + "username=ada\n").outputText == "username=ada\n" + Self.password)
    let other = answer(request + "username=eve\n")
    #expect(other.outputText == "")
    #expect(other.status == 0)
  }

  @Test(
    "of any other host nothing is told",
    arguments: [
      "evil.com", "git.example.com:8443", "git.example.com.evil.com", "example.com",
      "xgit.example.com", "git.example.com/x", "",
    ])
  func otherHosts(host: String) throws {
    let result = answer("protocol=https\nhost=\(host)\n")
    #expect(result.outputText == "")
    #expect(result.status == 0)
    #expect(answer("protocol=https\n").outputText == "")
    // The last line of a name counts, as it does for git.
    #expect(
      answer("protocol=https\nhost=git.example.com\nhost=\(host)\n").outputText == "")
  }

  @Test("no value goes over a connection that others can read", arguments: ["http", "ftp", ""])
  func plainConnections(scheme: String) throws {
    let result = answer("protocol=\(scheme)\nhost=git.example.com\n")
    #expect(result.outputText == "")
    #expect(result.status == 1)
    #expect(result.errorText.contains("over https only"))
  }

  @Test(
    "what git wants to have stored or erased is left alone", arguments: ["store", "erase", "new"])
  func otherActions(action: String) throws {
    let result = answer(
      "protocol=https\nhost=git.example.com\nusername=ada\npassword=x\n", action: action)
    #expect(result.status == 0)
    #expect(result.outputText + result.errorText == "")
  }

  @Test("a key that cannot be had gives nothing, and no part of an answer") func failures() throws {
    let request = Array("protocol=https\nhost=git.example.com\n".utf8)
    let base = ["git-credential", "--host", "git.example.com", "--username", "ada", "get", "-k"]
    fixture.coffer("import", "web/lines", input: "one\ntwo\nthree")
    for key in ["web/none", "web/lines"] {
      let result = fixture.coffer(base + [key], input: request)
      #expect(result.status == 1)
      #expect(result.outputText == "")
      #expect(result.errorText.contains(key))
    }
    fixture.coffer("lock")
    let locked = fixture.coffer(
      base + ["web/stripe"], input: request, environment: fixture.environment)
    #expect(locked.status == 3)
    #expect(locked.outputText == "")
  }

  @Test("only the case of ASCII's letters is none of a host's") func folding() {
    let base = ["git-credential", "-k", "web/stripe", "get", "--host"]
    for (host, asked, isGiven) in [
      ("kelvin.example", "KELVIN.example", true),
      ("kelvin.example", "\u{212A}elvin.example", false),
      ("m\u{FC}ll.example", "m\u{FC}ll.EXAMPLE", true),
      ("m\u{FC}ll.example", "m\u{DC}ll.example", false),
      ("m\u{FC}ll.example", "mu\u{308}ll.example", false),
    ] {
      let result = fixture.coffer(
        base + [host], input: Array("protocol=https\nhost=\(asked)\n".utf8))
      #expect(result.status == 0, "\(result.errorText)")
      #expect(result.outputText == (isGiven ? Self.password : ""), "\(host) \(asked)")
    }
  }

  @Test("key and host are told, or nothing is given") func usage() throws {
    for (words, told) in [
      (["--host", "h"], "-k"), (["-k", "web/stripe"], "--host"),
      (["-k", "web/stripe", "--host", "https://h/"], "--host"),
      (["-k", "web/stripe=X", "--host", "h"], "-k"),
      (["-k", "web/stripe", "--host", "h", "--username", "a\nb"], "--username"),
      (["-k", "web/stripe", "--host", "h", "--username", "a\u{7F}b"], "--username"),
      (["-k", "web/stripe", "--host", "h\rx"], "--host"),
    ] {
      let result = fixture.coffer(["git-credential"] + words + ["get"])
      #expect(result.status == 2)
      #expect(result.errorText.contains(told), "\(result.errorText)")
    }
  }

  @Test("no value is shown on a terminal") func terminal() throws {
    let terminal = PseudoTerminal(
      Programs.client, ["git-credential", "-k", "web/stripe", "--host", "h", "get"],
      environment: fixture.environmentWithKeyFile)
    terminal.type("protocol=https\nhost=h\n\u{4}")
    let said = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 1)
    #expect(said.contains("standard output is a terminal"))
    #expect(!said.contains(VaultFixture.stripeValue))
  }

  // MARK: git

  @Test(
    "git asks it for the hosts that it is configured for",
    .enabled(if: Repository.git != nil, "git is not installed"))
  func fill() throws {
    let repository = Repository(fixture.environmentWithKeyFile)
    repository.git(
      "config", "credential.https://git.example.com.helper",
      "!coffer git-credential -k web/stripe --host git.example.com --username ada")
    let request = "protocol=https\nhost=git.example.com\n\n"
    let filled = repository.git("credential", "fill", input: request)
    #expect(
      filled.outputText
        == "protocol=https\nhost=git.example.com\nusername=ada\n" + Self.password,
      "\(filled.errorText)")
    for action in ["approve", "reject"] {
      let result = repository.git("credential", action, input: filled.outputText)
      #expect(result.status == 0)
      #expect(result.errorText == "")
    }
    let other = repository.git("credential", "fill", input: "protocol=https\nhost=evil.com\n\n")
    #expect(other.status != 0)
    #expect(!(other.outputText + other.errorText).contains(VaultFixture.stripeValue))
  }

  static let canServe = ["git", "python3", "openssl"].allSatisfy { Programs.find($0) != nil }

  private static let server = """
    import base64, http.server, os, ssl, sys
    root, login, certificate, port = sys.argv[1:]
    os.chdir(root)
    wanted = "Basic " + base64.b64encode(login.encode()).decode()
    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.headers.get("Authorization") == wanted:
                return super().do_GET()
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        def log_message(self, *words):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(port + ".new", "w") as file:
        file.write(str(server.server_port))
    os.rename(port + ".new", port)
    server.serve_forever()
    """

  @Test(
    "git clones from a server that asks for the password",
    .enabled(if: canServe, "git, python3 or openssl is not installed"))
  func clone() throws {
    let repository = Repository(fixture.environmentWithKeyFile)
    let directory = TemporaryDirectory()
    repository.write("hello\n", to: "a.txt")
    repository.git("add", ".")
    repository.git("commit", "--quiet", "-m", "first")
    repository.shell("git clone --quiet --bare . '\(directory.path)/a.git'")
    repository.shell("git -C '\(directory.path)/a.git' update-server-info")
    let certificate = directory.path("certificate")
    let made = repository.shell(
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout '\(certificate).key' -out "
        + "'\(certificate)' -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 "
        + "&& cat '\(certificate).key' >> '\(certificate)'")
    try #require(made.status == 0, "\(made.errorText)")
    let script = directory.path("server.py")
    Files.write(Array(Self.server.utf8), to: script)
    let port = directory.path("port")
    let server = Subprocess(
      try #require(Programs.find("python3")),
      [script, directory.path, "ada:\(VaultFixture.stripeValue)", certificate, port],
      environment: ["PATH": "/usr/bin:/bin"], streams: [.null, .null, .file(directory.path("log"))])
    try #require(eventually { access(port, F_OK) == 0 })
    let host = "127.0.0.1:" + String(decoding: Files.read(port), as: UTF8.self)
    repository.git("config", "--global", "http.sslCAInfo", certificate)
    let clone = "git clone --quiet 'https://\(host)/a.git' '\(directory.path)/copy'"
    #expect(repository.shell(clone).status != 0)
    repository.git(
      "config", "--global", "credential.helper",
      "!coffer git-credential -k web/stripe --host \(host) --username ada")
    let cloned = repository.shell(clone)
    #expect(cloned.status == 0, "\(cloned.errorText)")
    #expect(Files.read(directory.path + "/copy/a.txt") == Array("hello\n".utf8))
    #expect(!cloned.errorText.contains(VaultFixture.stripeValue))
    server.signal(SIGKILL)
    server.waitForEnd()
  }
}
