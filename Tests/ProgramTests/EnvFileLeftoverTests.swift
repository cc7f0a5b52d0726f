import Glibc
import Platform
import TestSupport
import Testing

/// What happens to the file, and to copies of it, when `coffer import --env-file` writes it.
@Suite("Import of a dotenv file: what it leaves")
struct EnvFileLeftoverTests: EnvFileSuite {
  let fixture = VaultFixture()

  init() { begin() }

  @Test("a file that changes while it is asked about is not written over") func changes() throws {
    write("ONE=first-value\n")
    let terminal = PseudoTerminal(
      Programs.client, ["import", "web/", "--env-file", path],
      environment: fixture.environmentWithKeyFile)
    #expect(terminal.waitFor("as web/one? [y/N] "))
    write("ONE=first-value\nNEW=line\n")
    terminal.type("y\n")
    #expect(terminal.readToEnd().contains("it has changed meanwhile, and is left as it is"))
    #expect(terminal.process.waitForEnd() == 1)
    #expect(text == "ONE=first-value\nNEW=line\n")
    // The value is not lost, and the next run knows it.
    #expect(importAll().status == 0)
    #expect(text == "ONE=coffer://web/one\nNEW=coffer://web/new\n")
  }

  @Test(
    "what was saved meanwhile is not lost, even if the file cannot be put back",
    .enabled(if: Programs.canTrace, "needs root and strace"))
  func keepsEdit() throws {
    write("ONE=first-value\n")
    let strace = try #require(Programs.find("strace"))
    let options = ["-o", "/dev/null", "-e", "inject=renameat2:error=EIO:when=2"]
    let terminal = PseudoTerminal(
      strace, options + [Programs.client, "import", "web/", "--env-file", path],
      environment: fixture.environmentWithKeyFile)
    #expect(terminal.waitFor("as web/one? [y/N] "), "\(terminal.text)")
    write("ONE=first-value\nNEW=line\n")
    terminal.type("y\n")
    #expect(terminal.readToEnd().contains("tidying up failed: "), "\(terminal.text)")
    #expect(terminal.process.waitForEnd() == 1)
    let kept = Files.names(in: directory).map {
      String(decoding: Files.read(directory + "/" + $0), as: UTF8.self)
    }
    #expect(kept.contains("ONE=first-value\nNEW=line\n"), "\(kept)")
    let left = try #require(Files.names(in: directory).first { $0.hasPrefix(".coffer-") })
    #expect(terminal.text.contains("/\(left) was left by an import"), "\(terminal.text)")
    #expect(importAll().errorText.contains("/\(left) was left by an import"))
  }

  @Test("the file stays one of its group, and of those whom its access list names")
  func access() throws {
    guard Programs.isRoot else { return }
    write("ONE=first-value\n")
    chown(path, 0, 4301)
    chmod(path, 0o640)
    let python = """
      import os, struct, sys
      entry = lambda tag, bits, id=0xffffffff: struct.pack('<HHI', tag, bits, id)
      lists = [entry(1, 6), entry(2, 4, 4302), entry(4, 4), entry(16, 4), entry(32, 0)]
      os.setxattr(sys.argv[1], 'system.posix_acl_access', struct.pack('<I', 2) + b''.join(lists))
      """
    let hasList = Subprocess.run("/usr/bin/python3", ["-c", python, path], environment: [:])
    let get = "import os, sys; print(os.getxattr(sys.argv[1], 'system.posix_acl_access').hex())"
    let note = "import os, sys; os.setxattr(sys.argv[1], 'user.note', b'kept')"
    let hasNote = Subprocess.run("/usr/bin/python3", ["-c", note, path], environment: [:])
    let former = Subprocess.run("/usr/bin/python3", ["-c", get, path], environment: [:])
    #expect(importAll().status == 0)
    #expect(text == "ONE=coffer://web/one\n")
    let status = try #require(try FileStatus.ofFile(at: path, followsLinks: false))
    #expect(status.group == 4301)
    #expect(status.permissions == 0o640)
    if hasNote.status == 0 {
      let look = "import os, sys; print(os.getxattr(sys.argv[1], 'user.note').decode())"
      #expect(
        Subprocess.run("/usr/bin/python3", ["-c", look, path], environment: [:]).line == "kept")
    }
    guard hasList.status == 0 else { return }
    let now = Subprocess.run("/usr/bin/python3", ["-c", get, path], environment: [:])
    #expect(now.outputText == former.outputText, "\(now.errorText)")
  }

  /// Trusts a `coffer.env` in the directory that holds text.
  private func trustFile(holding text: String) -> String {
    let file = directory + "/coffer.env"
    Files.write(Array(text.utf8), to: file, mode: 0o600)
    let terminal = PseudoTerminal(
      "/bin/sh", ["-c", "cd \(directory) && exec \(Programs.client) run -- true"],
      environment: fixture.environmentWithKeyFile)
    #expect(terminal.waitFor("as it is? [y/N] "), "\(terminal.text)")
    terminal.type("y\n")
    _ = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0, "\(terminal.text)")
    return file
  }

  /// Whether anything below the state directory holds `text`.
  private func isKept(_ text: String) -> Bool {
    Subprocess.run(
      "/bin/grep", ["-rqF", text, fixture.statePath + "/trusted"], environment: [:]
    ).status == 0
  }

  @Test(
    "what was trusted of the file is forgotten, whatever path leads to it",
    arguments: ["", "/../project", "/link"])
  func trustedCopy(way: String) throws {
    let file = trustFile(holding: "PLAIN=a plain value\nS=coffer://web/stripe\n")
    #expect(isKept("a plain value"))
    symlink(directory, directory + "/link")
    let result = fixture.coffer(
      "import", "web/", "--env-file", "\(directory)\(way)/coffer.env", "--all")
    #expect(result.status == 0, "\(result.errorText)")
    #expect(String(decoding: Files.read(file), as: UTF8.self).contains("coffer://web/plain"))
    #expect(!isKept("a plain value"))
  }

  @Test("what an interrupted import has kept of a file is forgotten by the next one")
  func trustedCopyLater() {
    let file = trustFile(holding: "PLAIN=a plain value\n")
    Files.write(Array("PLAIN=coffer://web/stripe\n".utf8), to: file, mode: 0o600)
    let result = fixture.coffer("import", "web/", "--env-file", file, "--all")
    #expect(result.status == 0, "\(result.errorText)")
    #expect(!isKept("a plain value"))
  }

  /// Imports all values while a system call fails, or brings a signal.
  private func importAll(injecting fault: String) throws -> Subprocess.Result {
    Subprocess.run(
      try #require(Programs.find("strace")),
      ["-o", "/dev/null", "-e", "inject=\(fault)", Programs.client, "import"]
        + ["web/", "--env-file", path, "--all"], environment: fixture.environmentWithKeyFile)
  }

  @Test(
    "a signal at any step leaves one file",
    .enabled(if: Programs.canTrace, "needs root and strace"),
    arguments: ["fsync", "renameat2", "unlinkat"])
  func interrupted(call: String) throws {
    write("ONE=first-value\n")
    let result = try importAll(injecting: "\(call):signal=INT:when=1")
    #expect(result.status != 0)
    #expect(text == "ONE=coffer://web/one\n")
    #expect(Files.names(in: directory) == [".env"])
  }

  @Test(
    "what cannot be tidied up is told, with the file that is left",
    .enabled(if: Programs.canTrace, "needs root and strace"))
  func untidy() throws {
    write("ONE=first-value\n")
    let result = try importAll(injecting: "unlinkat:error=EIO")
    #expect(result.status == 1)
    #expect(text == "ONE=coffer://web/one\n")
    #expect(
      result.errorText.contains("the values are references now, but tidying up failed"),
      "\(result.errorText)")
    let left = try #require(Files.names(in: directory).first { $0.hasPrefix(".coffer-") })
    #expect(result.errorText.contains("\(left) was left"), "\(result.errorText)")
  }
}
