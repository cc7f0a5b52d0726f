import Glibc
import Platform
import TestSupport
import Testing

/// `coffer scan` of what git is about to commit.
@Suite("Scan of git's index", .enabled(if: Repository.git != nil, "git is not installed"))
struct ScanGitTests {
  let fixture = VaultFixture()
  let repository: Repository
  let key: String

  init() {
    fixture.initializeWithKeys()
    key = fixture.coffer("create", "web/leaked").line
    repository = Repository(fixture.environmentWithKeyFile)
  }

  var hookPath: String { repository.path + "/.git/hooks/pre-commit" }

  @Test("what is staged is searched, and not the working tree") func index() throws {
    repository.write("clean", to: "a.txt")
    repository.write("x\n\(key)", to: "b c.txt")
    repository.write("k=\(VaultFixture.stripeValue)", to: "d.txt")
    repository.git("add", ".")
    // None of that is what will be committed.
    repository.write(key, to: "a.txt")
    for name in ["b c.txt", "d.txt"] { repository.write("clean", to: name) }
    let result = repository.shell("coffer scan --staged")
    #expect(
      result.line.split(separator: "\n") == [
        "b c.txt:2: web/leaked, an issued key cof_wk_\(IssuedText.id(of: key))... "
          + "(id \(IssuedText.id(of: key)))",
        "d.txt:1: web/stripe (stored value)",
      ], "\(result.errorText)")
    #expect(result.status == 1)
  }

  @Test("only what the next commit adds or changes is searched, also from below the top")
  func differences() throws {
    repository.write(key, to: "old.txt")
    repository.write(key, to: "moved.txt")
    repository.write("other", to: "gone.txt")
    repository.git("add", ".")
    repository.git("commit", "--quiet", "-m", "old")
    repository.git("rm", "--quiet", "gone.txt")
    mkdir(repository.path + "/sub", 0o755)
    repository.write("", to: "sub/empty.txt")
    repository.git("add", ".")
    #expect(repository.shell("cd sub && coffer scan --staged").status == 0)
    repository.git("mv", "moved.txt", "sub/new.txt")
    repository.git("config", "diff.relative", "true")
    repository.git("config", "diff.renames", "copies")
    mkdir(repository.path + "/aside", 0o755)
    let result = repository.shell("cd aside && coffer scan --staged")
    #expect(result.outputText.hasPrefix("sub/new.txt:1: web/leaked, "), "\(result.outputText)")
    #expect(result.outputText.split(separator: "\n").count == 1)
  }

  @Test("files of all sizes are read whole, one after the other") func sizes() throws {
    let window = 262_144
    for (number, count) in [0, 1, window - 58, window - 1, window, window + 1, 700_000].enumerated()
    {
      repository.write(
        String(repeating: "\n", count: count) + key, to: "\(number).txt")
    }
    repository.git("add", ".")
    let lines = repository.shell("coffer scan --staged --offline").line.split(separator: "\n")
    let places = lines.map { $0.split(separator: " ")[0] }
    #expect(
      places == [
        "0.txt:1:", "1.txt:2:", "2.txt:\(window - 57):", "3.txt:\(window):",
        "4.txt:\(window + 1):", "5.txt:\(window + 2):", "6.txt:700001:",
      ])
  }

  @Test("the hook keeps a key and a stored value out of commits, and lets all else in")
  func hook() throws {
    let installed = repository.shell("coffer scan --install-hook")
    #expect(installed.status == 0, "\(installed.errorText)")
    #expect(installed.errorText.contains(".git/hooks/pre-commit"))
    let status = try FileStatus.ofFile(at: hookPath, followsLinks: false)
    #expect(status?.permissions == 0o755)
    for secret in [key, VaultFixture.stripeValue] {
      repository.write("token: \(secret)\n", to: "a.txt")
      repository.git("add", ".")
      let refused = repository.git("commit", "-m", "with a key")
      #expect(refused.status != 0)
      #expect((refused.outputText + refused.errorText).contains("a.txt:1: web/"))
      #expect(repository.git("rev-parse", "--verify", "--quiet", "HEAD").status != 0)
    }
    repository.write("token: coffer://web/stripe\n", to: "a.txt")
    repository.git("add", ".")
    let made = repository.git("commit", "-m", "without")
    #expect(made.status == 0, "\(made.errorText)")
    // Of a part of what is changed git makes an index of its own.
    repository.write(key, to: "a.txt")
    #expect(repository.git("commit", "-m", "with a key", "a.txt").status != 0)
    #expect(repository.git("commit", "-m", "with a key", "--all").status != 0)
    #expect(repository.git("rev-list", "--count", "HEAD").line == "1")
  }

  @Test("the hook says that nothing was committed, and finds coffer where it was installed from")
  func hookWithoutPath() throws {
    repository.shell("coffer scan --install-hook")
    repository.write(key, to: "a.txt")
    repository.git("add", ".")
    let refused = repository.shell("PATH=/usr/bin:/bin git commit -m 'with a key'")
    #expect(refused.status != 0)
    #expect((refused.outputText + refused.errorText).contains("a.txt:1: web/"))
    #expect(refused.errorText.contains("pre-commit: nothing was committed"))
    repository.write("nothing\n", to: "a.txt")
    repository.git("add", ".")
    let made = repository.shell("PATH=/usr/bin:/bin git commit -m 'without'")
    #expect(made.status == 0, "\(made.errorText)")
  }

  @Test("a locked vault keeps nobody from committing, but for a key by its text")
  func lockedVault() throws {
    repository.shell("coffer scan --install-hook")
    fixture.coffer("lock")
    let asleep = ["COFFER_KEY_FILE": ""]
    repository.write(VaultFixture.stripeValue, to: "a.txt")
    repository.git("add", ".")
    let tolerant = repository.shell("coffer scan --staged", asleep)
    #expect(tolerant.status == 0)
    #expect(tolerant.errorText.contains("stored values were not looked for: the vault is locked"))
    let strict = repository.shell("coffer scan --staged --wait 1s", asleep)
    #expect(strict.status == 3)
    fixture.killDaemon()
    let alone = repository.shell("coffer scan --staged", asleep)
    #expect(alone.status == 0)
    #expect(alone.errorText.contains("stored values were not looked for: no daemon runs"))
    // No daemon was started for it.
    #expect(fixture.daemonID == nil)
    #expect(repository.shell("git commit -m 'a locked vault'", asleep).status == 0)
    repository.write(key, to: "a.txt")
    repository.git("add", ".")
    #expect(repository.shell("git commit -m 'with a key'", asleep).status != 0)
    // A key file asks nobody, so it opens the vault.
    repository.write(VaultFixture.stripeValue + "\n", to: "a.txt")
    repository.git("add", ".")
    #expect(repository.shell("coffer scan --staged").outputText.contains("web/stripe"))
  }

  @Test("on a terminal a scan of what is staged asks for no passphrase") func asksNobody() throws {
    let fixture = VaultFixture()
    fixture.initializeLocked(passphrase: "open sesame")
    let repository = Repository(fixture.environment)
    repository.write("some value", to: "a.txt")
    repository.git("add", ".")
    let terminal = PseudoTerminal(
      "/bin/sh", ["-c", "cd '\(repository.path)' && coffer scan --staged"],
      environment: repository.environment)
    let said = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0)
    #expect(said.contains("the vault is locked"))
    #expect(!said.contains("Passphrase"))
  }

  // MARK: Installing

  @Test("installing twice is once, and another hook is left as it is, with a hint")
  func otherHook() throws {
    #expect(repository.shell("coffer scan --install-hook").status == 0)
    let written = Files.read(hookPath)
    let again = repository.shell("coffer scan --install-hook")
    #expect(again.status == 0)
    #expect(again.errorText.contains("already"))
    #expect(Files.read(hookPath) == written)
    for other in ["#!/bin/sh\nmake lint\n", "#!/bin/sh\n# coffer scan --staged\n", ""] {
      Files.write(Array(other.utf8), to: hookPath)
      let refused = repository.shell("coffer scan --install-hook")
      #expect(refused.status == 1)
      #expect(refused.errorText.contains("add this line to it: coffer scan --staged || exit 1"))
      #expect(Files.read(hookPath) == Array(other.utf8))
    }
    Files.write(
      Array("#!/bin/sh\nmake lint\n\tcoffer scan --staged || exit 1\n".utf8), to: hookPath)
    #expect(repository.shell("coffer scan --install-hook").status == 0)
    #expect(Files.names(in: repository.path + "/.git/hooks").allSatisfy { !$0.hasPrefix(".") })
    // Git passes over a hook that it cannot execute, and says so in passing only.
    chmod(hookPath, 0o644)
    let idle = repository.shell("coffer scan --install-hook")
    #expect(idle.status == 1)
    #expect(idle.errorText.contains("git does not run it"), "\(idle.errorText)")
    #expect(idle.errorText.contains("chmod +x"), "\(idle.errorText)")
  }

  @Test("the hook is put where git looks for hooks, also from below the top")
  func placeOfHooks() throws {
    mkdir(repository.path + "/sub", 0o755)
    repository.git("config", "core.hooksPath", "tools/hooks")
    let result = repository.shell("cd sub && coffer scan --install-hook")
    #expect(result.status == 0, "\(result.errorText)")
    #expect(!Files.read(repository.path + "/tools/hooks/pre-commit").isEmpty)
    repository.write(key, to: "a.txt")
    repository.git("add", "a.txt")
    #expect(repository.git("commit", "-m", "with a key").status != 0)
  }

  @Test("outside of a repository, and without git, that is told") func elsewhere() throws {
    let elsewhere = TemporaryDirectory()
    for option in ["--staged", "--install-hook"] {
      let outside = Subprocess.run(
        "/bin/sh", ["-c", "cd '\(elsewhere.path)' && exec coffer scan \(option)"],
        environment: repository.environment)
      #expect(outside.status == 1)
      #expect(outside.errorText.contains("hint: is this a git repository?"))
      #expect(outside.errorText.split(separator: "\n").count == 3, "\(outside.errorText)")
      let without = Subprocess.run(
        Programs.client, ["scan", option], environment: ["PATH": elsewhere.path])
      #expect(without.status == 1)
      #expect(without.errorText.hasPrefix("coffer: git: no such command"))
    }
  }

  @Test("a key that is refused keeps nobody from committing, and no other program is started")
  func refusedKey() throws {
    repository.write("nothing to find\n", to: "a.txt")
    repository.git("add", ".")
    let mark = fixture.directory.path("started")
    repository.git("config", "core.fsmonitor", "touch \(mark); false")
    for text in ["cof_bad", ""] {
      let environment = ["COFFER_API_KEY": text]
      let result = repository.shell("coffer scan --staged", environment)
      #expect(result.status == 0, "\(result.errorText)")
      #expect(result.errorText.contains("stored values were not looked for: COFFER_API_KEY"))
      let waits = repository.shell("coffer scan --staged --wait 1s", environment)
      #expect(waits.status == 3, "\(waits.errorText)")
    }
    #expect(access(mark, F_OK) != 0)
  }

  @Test("git is told nothing of the login to Coffer") func login() throws {
    let directory = TemporaryDirectory()
    Files.write(
      Array("#!/bin/sh\nenv > '\(directory.path)/environment'\n".utf8), to: directory.path("git"),
      mode: 0o755)
    _ = Subprocess.run(
      Programs.client, ["scan", "--staged"],
      environment: [
        "PATH": directory.path + ":/usr/bin:/bin", "COFFER_API_KEY": key, "COFFER_KEY_FILE": "/key",
        "GIT_INDEX_FILE": "/index",
      ])
    let given = String(decoding: Files.read(directory.path("environment")), as: UTF8.self)
    #expect(given.contains("GIT_INDEX_FILE=/index"))
    #expect(!given.contains("COFFER_"))
  }
}
