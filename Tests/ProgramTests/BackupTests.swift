import Glibc
import Platform
import TestSupport
import Testing

/// The whole vault in one file.
@Suite("coffer backup")
struct BackupProgramTests {
  let fixture = VaultFixture()
  static let passphrase = "a passphrase for the backup"

  init() { fixture.initializeWithKeys() }

  var path: String { fixture.directory.path("vault.backup") }

  @discardableResult
  func backup(_ arguments: String...) -> Subprocess.Result {
    fixture.coffer(
      ["backup", path, "--passphrase-fd", "0"] + arguments, input: Array(Self.passphrase.utf8))
  }

  func check(_ passphrase: String = BackupProgramTests.passphrase) -> Subprocess.Result {
    fixture.coffer(
      ["backup", "--check", path, "--passphrase-fd", "0"], input: Array(passphrase.utf8),
      environment: fixture.environment)
  }

  var names: [String] { Files.names(in: fixture.directory.path) }

  @Test("writes one file for its owner alone, which is whole and tells nothing") func writes()
    throws
  {
    let result = backup()
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.output.isEmpty)
    #expect(result.errorText.contains("wrote 2 keys, as they were at "))
    let status = try #require(try FileStatus.ofFile(at: path, followsLinks: false))
    #expect(status.permissions == 0o600)
    #expect(!names.contains("vault.backup.new"))
    let bytes = Files.read(path)
    for secret in [VaultFixture.stripeValue, "stripe", "acme", Self.passphrase] {
      #expect(SecretSearch(Array(secret.utf8)).found(in: bytes) == [], "\(secret)")
    }
    // Neither a daemon nor the vault is needed for that.
    fixture.killDaemon()
    Files.removeTree(fixture.statePath)
    let checked = check()
    #expect(checked.status == 0, "\(checked.errorText)")
    #expect(checked.outputText.contains("organization acme"))
    #expect(checked.outputText.contains("2 keys"))
    #expect(!Files.names(in: fixture.directory.path).contains("state"))
  }

  @Test("a file that is there is left alone, unless it is to be replaced") func existing() {
    Files.write(Array("precious".utf8), to: path)
    let refused = backup()
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("\(path): is there already"))
    #expect(Files.read(path) == Array("precious".utf8))
    #expect(backup("--replace").status == 0)
    #expect(check().status == 0)
    // What is no backup is not taken for the beginning of one.
    Files.write(Array("precious".utf8), to: path + ".new")
    let foreign = backup("--replace")
    #expect(foreign.status == 1)
    #expect(foreign.errorText.contains("\(path).new: is there"), "\(foreign.errorText)")
    #expect(Files.read(path + ".new") == Array("precious".utf8))
    #expect(check().status == 0)
  }

  @Test(
    "what an interrupted backup has left is in nobody's way, unless it is being written still",
    arguments: [0, 3, 20, 300])
  func leftover(byteCount: Int) {
    #expect(backup().status == 0)
    Files.write(Array(Files.read(path).prefix(byteCount)), to: path + ".new")
    unlink(path)
    let lock = Subprocess(
      Programs.find("flock") ?? "", [path + ".new", "sh", "-c", "echo locked; exec sleep 1000"],
      environment: [:], streams: [.null, .file(fixture.directory.path("locked")), .null],
      ownSession: true)
    #expect(eventually { !Files.read(fixture.directory.path("locked")).isEmpty })
    let refused = backup()
    #expect(refused.status == 1)
    #expect(refused.errorText.contains("of another backup that is being made"))
    #expect(names.contains("vault.backup.new"))
    kill(-lock.id, SIGKILL)
    lock.waitForEnd()
    let made = backup()
    #expect(made.status == 0, "\(made.errorText)")
    #expect(made.errorText.contains("was left by a backup that was cut off, and is made anew"))
    #expect(!names.contains("vault.backup.new"))
    #expect(check().status == 0)
  }

  @Test("asks twice on a terminal; a key file is made if it is not there") func secrets() {
    let terminal = PseudoTerminal(
      Programs.client, ["backup", path], environment: fixture.environment)
    #expect(terminal.waitFor("New passphrase for the backup: "), "\(terminal.text)")
    terminal.type(Self.passphrase + "\n")
    #expect(terminal.waitFor("The same again: "), "\(terminal.text)")
    terminal.type(Self.passphrase + "\n")
    let screen = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0, "\(screen)")
    #expect(check().status == 0)
    let keyFile = fixture.directory.path("backup.key")
    let made = fixture.coffer("backup", path, "--replace", "--key-file", keyFile)
    #expect(made.status == 0, "\(made.errorText)")
    #expect(
      made.errorText.contains("made the key file \(keyFile): whoever has it opens the backup"))
    #expect(fixture.coffer("backup", "--check", path, "--key-file", keyFile).status == 0)
  }

  @Test("a check asks three times on a terminal, and without one does not say that all is well")
  func checkAsks() {
    backup()
    let terminal = PseudoTerminal(
      Programs.client, ["backup", "--check", path], environment: fixture.environment)
    for typed in ["wrong", "wrong too", Self.passphrase] {
      #expect(terminal.waitFor("Passphrase of the backup: "), "\(terminal.text)")
      terminal.type(typed + "\n")
    }
    #expect(terminal.readToEnd().contains("\(path) is whole"), "\(terminal.text)")
    #expect(terminal.process.waitForEnd() == 0)
    let alone = fixture.coffer("backup", "--check", path)
    #expect(alone.status == 1)
    #expect(alone.outputText.contains("looks like a backup, and was not opened"))
  }

  @Test("a backup that is not there is named once") func nowhere() {
    let result = fixture.coffer("backup", "--check", "/nosuch")
    #expect(result.status == 1)
    #expect(result.errorText.hasPrefix("cofferd: /nosuch: reading failed: "), "\(result.errorText)")
  }

  @Test("a cut or changed file and a wrong passphrase are told apart, and exit 1") func damaged() {
    backup()
    let bytes = Files.read(path)
    let wrong = check("wrong")
    #expect(wrong.status == 1)
    #expect(wrong.errorText.contains("use the secret that was given when the backup was made"))
    var changed = bytes
    changed[bytes.count / 2] ^= 1
    for damaged in [Array(bytes.dropLast()), Array(bytes.prefix(10)), [], bytes + [0], changed] {
      Files.write(damaged, to: path)
      let result = check()
      #expect(result.status == 1)
      #expect(result.errorText.contains("use another backup"), "\(result.errorText)")
    }
  }

  @Test("goes to a pipe as well, but not to a terminal, nor into nothing") func output() {
    let script =
      "\(Programs.client) backup - --passphrase-fd 3 3<<X | cat > \(path)\n\(Self.passphrase)\nX\n"
    let piped = Subprocess.run(
      "/bin/sh", ["-c", script], environment: fixture.environmentWithKeyFile)
    #expect(piped.status == 0, "\(piped.errorText)")
    #expect(check().status == 0)
    let closed = Subprocess.run(
      "/bin/sh", ["-c", "\(Programs.client) backup - --passphrase-fd 0 >&-"],
      environment: fixture.environmentWithKeyFile)
    #expect(closed.status == 1)
    #expect(closed.errorText.contains("standard output is closed, so nothing was done"))
    let full = Subprocess.run(
      "/bin/sh", ["-c", "\(Programs.client) backup - --passphrase-fd 0 > /dev/full"],
      environment: fixture.environmentWithKeyFile, input: Array(Self.passphrase.utf8))
    #expect(full.status == 1)
    #expect(full.errorText.contains("standard output: writing failed"))
    let terminal = PseudoTerminal(
      Programs.client, ["backup", "-"], environment: fixture.environmentWithKeyFile)
    #expect(terminal.readToEnd().contains("standard output is a terminal"))
    #expect(terminal.process.waitForEnd() == 2)
  }

  @Test("one of many megabytes comes whole, byte for byte") func long() {
    let value = (0..<65_536).map { UInt8($0 % 255 + 1) }
    for number in 0..<60 { fixture.coffer(["import", "me/big-\(number)"], input: value) }
    #expect(backup().status == 0)
    #expect(Files.read(path).count > 60 * 65_536)
    let checked = check()
    #expect(checked.status == 0, "\(checked.errorText)")
    let copy = VaultFixture()
    let restored = copy.coffer(
      ["restore", path, "--passphrase-fd", "0"], input: Array(Self.passphrase.utf8))
    #expect(restored.status == 0, "\(restored.errorText)")
    let result = copy.coffer(
      "run", "-k", "me/big-59=VALUE", "--", "sh", "-c", "printf %s \"$VALUE\"")
    #expect(isSame(result.output, value))
  }

  @Test(
    "a daemon that goes away in the middle leaves no file",
    .enabled(if: Programs.find("python3") != nil, "needs python3"))
  func broken() throws {
    let socket = fixture.directory.path("false")
    let script = """
      import socket, sys
      s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()
      c, _ = s.accept(); f = c.makefile('rwb', buffering=0)
      f.write(b'OK Coffer\\n'); f.readline(); f.write(b'INQUIRE NEWPASSPHRASE\\n')
      while f.readline().strip() != b'END': pass
      f.write(b'S BACKUP bytes=99999 keys=1\\n' + b'D some of it, and more of it\\n' * 2000)
      """
    let python = Subprocess(
      try #require(Programs.find("python3")), ["-c", script, socket], environment: [:],
      streams: [.null, .null, .null])
    #expect(eventually { Files.names(in: fixture.directory.path).contains("false") })
    let result = fixture.coffer(
      ["backup", path, "--passphrase-fd", "0"], input: Array(Self.passphrase.utf8),
      environment: fixture.environment.merging(["COFFER_SOCKET": socket]) { $1 })
    python.waitForEnd()
    #expect(result.status == 4, "\(result.errorText)")
    #expect(result.errorText.contains("closed the connection before it had answered"))
    #expect(!names.contains { $0.hasPrefix("vault.backup") }, "\(names)")
  }

  @Test("without a daemon that may be started it is exit 4, and no file") func noDaemon() {
    let result = fixture.coffer(
      ["backup", path], environment: ["COFFER_SOCKET": fixture.directory.path("nobody")])
    #expect(result.status == 4)
    #expect(names.allSatisfy { !$0.hasPrefix("vault.backup") })
  }
}
