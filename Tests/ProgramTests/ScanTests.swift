import Glibc
import Platform
import TestSupport
import Testing

/// `coffer scan` on files and directories.
@Suite("Scan")
struct ScanTests {
  let fixture = VaultFixture()
  let key: String

  init() {
    fixture.initializeWithKeys()
    key = fixture.coffer("create", "web/leaked").line
    mkdir(tree, 0o755)
  }

  /// What is searched.
  var tree: String { fixture.directory.path("tree") }

  func write(_ text: String, to name: String) {
    Files.write(Array(text.utf8), to: tree + "/" + name)
  }

  var masked: String { "cof_wk_\(IssuedText.id(of: key))..." }

  /// An environment in which no daemon is, nor can be started.
  var alone: [String: String] {
    ["COFFER_SOCKET": fixture.directory.path("nowhere"), "PATH": "/usr/bin:/bin"]
  }

  @Test("texts of issued keys are found in a directory, without a daemon, and not shown")
  func offline() throws {
    write("nothing\n\nkey=\(key)\n", to: "b.txt")
    mkdir(tree + "/sub", 0o755)
    write("\(key)\(key)", to: "sub/a.txt")
    write("nothing", to: "c.txt")
    let result = fixture.coffer(["scan", tree], environment: alone)
    #expect(result.status == 1)
    let find = "an issued key \(masked) (id \(IssuedText.id(of: key)))"
    #expect(
      result.line.split(separator: "\n") == [
        "\(tree)/b.txt:3: \(find)", "\(tree)/sub/a.txt:1: \(find)", "\(tree)/sub/a.txt:1: \(find)",
      ])
    #expect(result.errorText == "")
    #expect(!IssuedText.isLeaked(key, in: result.outputText))
  }

  @Test(
    "a directory that cannot be read to its end is no clean one",
    .enabled(if: Programs.canTrace, "needs strace and root"))
  func unreadableDirectory() {
    write(key, to: "a.txt")
    let result = Subprocess.run(
      Programs.find("strace") ?? "",
      [
        "-f", "-o", "/dev/null", "-e", "trace=getdents64", "-e", "inject=getdents64:error=EIO",
        Programs.client, "scan", "--offline", tree,
      ], environment: alone)
    #expect(result.status == 1)
    #expect(result.outputText == "")
    #expect(result.errorText.contains("input/output error"), "\(result.errorText)")
    #expect(result.errorText.contains(tree))
  }

  @Test("nothing is said where nothing is found") func clean() throws {
    write("cof_wk_ is how a key begins", to: "a.txt")
    write(String(key.dropLast()), to: "b.txt")
    write(String(key.dropLast()) + (key.hasSuffix("0") ? "1" : "0"), to: "c.txt")
    let result = fixture.coffer(["scan", tree], environment: alone)
    #expect(result.status == 0)
    #expect(result.outputText + result.errorText == "")
  }

  @Test("the working directory is searched unless a path is named") func workingDirectory() throws {
    write(key, to: "a.txt")
    let result = Subprocess.run(
      "/bin/sh", ["-c", "cd \(tree) && exec \(Programs.client) scan"], environment: alone)
    #expect(result.outputText.hasPrefix("a.txt:1: an issued key "))
    #expect(result.status == 1)
  }

  @Test("neither git's own files nor links are followed, and a FIFO keeps nobody waiting")
  func leftOut() throws {
    for name in [".git", "sub", "sub/.git"] { mkdir(tree + "/" + name, 0o755) }
    for name in [".git/config", "sub/.git/packed"] { write(key, to: name) }
    let elsewhere = fixture.directory.path("elsewhere")
    mkdir(elsewhere, 0o755)
    Files.write(Array(key.utf8), to: elsewhere + "/key")
    symlink(elsewhere, tree + "/link")
    symlink(elsewhere + "/key", tree + "/file-link")
    mkfifo(tree + "/fifo", 0o600)
    #expect(fixture.coffer(["scan", tree], environment: alone).status == 0)
    // One that is named is what somebody wants to have searched.
    for path in [tree + "/.git", tree + "/link", tree + "/file-link"] {
      #expect(fixture.coffer(["scan", "--offline", path], environment: alone).status == 1)
    }
    let fifo = fixture.coffer(["scan", tree + "/fifo"], environment: alone)
    #expect(fifo.status == 1)
    #expect(fifo.errorText.contains("/fifo: is neither a file nor a directory"))
  }

  @Test("names and contents may be any bytes") func binary() throws {
    let name = Array((tree + "/").utf8) + [0xFF, 0xFE] + Array("\u{1B}[2J".utf8)
    let file = name.map { CChar(bitPattern: $0) } + [0]
    let descriptor = open(file, O_WRONLY | O_CREAT, 0o600)
    let bytes = [0, 0xC0, 0x0A, 0x0A] + Array(key.utf8) + [0, 0xFF]
    #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    close(descriptor)
    let result = fixture.coffer(["scan", tree], environment: alone)
    #expect(result.outputText.contains("?[2J:3: an issued key \(masked)"))
    #expect(!result.output.contains(0x1B))
  }

  @Test("a key in the name of a file is masked") func nameOfFile() throws {
    write(key, to: key)
    let result = fixture.coffer(["scan", tree], environment: alone)
    #expect(result.status == 1)
    #expect(!IssuedText.isLeaked(key, in: result.outputText + result.errorText))
  }

  @Test(
    "what cannot be read is told, and all else is searched",
    .enabled(if: Team.isPossible, "needs root and setpriv"))
  func unreadable() throws {
    chmod(fixture.directory.path, 0o755)
    mkdir(tree + "/closed", 0o700)
    write(key, to: "closed/a")
    write(key, to: "closed.txt")
    write(key, to: "z.txt")
    chmod(tree + "/z.txt", 0o644)
    let result = Subprocess.run(
      try #require(Programs.find("setpriv")),
      ["--reuid", "4305", "--clear-groups", Programs.client, "scan", tree, tree + "/none"],
      environment: alone)
    #expect(result.outputText.split(separator: "\n").count == 1)
    #expect(result.outputText.contains("/z.txt:1: "))
    for problem in [
      "closed: reading failed: permission denied", "closed.txt: reading failed: permission denied",
      "none: reading failed: no such file or directory",
    ] {
      #expect(result.errorText.contains(problem), "\(result.errorText)")
    }
    #expect(result.status == 1)
    unlink(tree + "/z.txt")
    let clean = Subprocess.run(
      try #require(Programs.find("setpriv")),
      ["--reuid", "4305", "--clear-groups", Programs.client, "scan", tree], environment: alone)
    #expect(clean.outputText == "")
    #expect(clean.status == 1)
  }

  // MARK: Stored values

  @Test("stored values are found in a file that is named, with their line, and not shown")
  func stored() throws {
    fixture.coffer("import", "me/pem", input: "-----BEGIN KEY-----\nabcd\n-----END KEY-----\n")
    write(
      """
      # nothing
      STRIPE='\(VaultFixture.stripeValue)'
      -----BEGIN KEY-----
      abcd
      -----END KEY-----
      url: https://u:\(VaultFixture.stripeValue)@example.com \(key)

      """, to: "a.txt")
    let path = tree + "/a.txt"
    let result = fixture.coffer("scan", path)
    #expect(
      result.line.split(separator: "\n") == [
        "\(path):2: web/stripe (stored value)", "\(path):3: me/pem (stored value)",
        "\(path):6: web/leaked, an issued key \(masked) (id \(IssuedText.id(of: key)))",
        "\(path):6: web/stripe (stored value)",
      ], "\(result.outputText)\(result.errorText)")
    #expect(result.status == 1)
    #expect(!result.outputText.contains(VaultFixture.stripeValue))
    // In a directory they would be guesses by the million.
    let directory = fixture.coffer("scan", tree)
    #expect(directory.outputText.split(separator: "\n").count == 1)
  }

  @Test("with --json each find is an object") func json() throws {
    write("\(VaultFixture.stripeValue)\n\(key)\n", to: "a.txt")
    let result = fixture.coffer("scan", "--json", tree + "/a.txt")
    let id = fixture.coffer("show", "web/stripe", "--json").outputText
    let lines = result.line.split(separator: "\n")
    try #require(lines.count == 2)
    #expect(
      lines[0].hasPrefix(
        #"{"path":"\#(tree)/a.txt","line":1,"kind":"stored value","type":null,"id":""#))
    #expect(lines[0].hasSuffix(#","key":"web/stripe"}"#))
    #expect(
      lines[1]
        == #"{"path":"\#(tree)/a.txt","line":2,"kind":"issued key","type":"workspace","id":"\#(IssuedText.id(of: key))","key":"web/leaked"}"#
    )
    #expect(id.contains(String(lines[0].split(separator: "\"")[14])))
  }

  @Test("a locked vault, and a daemon that is not there, are told and fail; --offline wants it so")
  func obstacles() throws {
    write("nothing to see", to: "a.txt")
    let path = tree + "/a.txt"
    fixture.coffer("lock")
    let locked = fixture.coffer(["scan", path], environment: fixture.environment)
    #expect(locked.status == 3)
    #expect(
      locked.errorText.hasPrefix("coffer: stored values were not looked for: the vault is locked"))
    let absent = fixture.coffer(["scan", path], environment: alone)
    #expect(absent.status == 4)
    #expect(absent.errorText.hasPrefix("coffer: stored values were not looked for: "))
    let offline = fixture.coffer(["scan", "--offline", path], environment: alone)
    #expect(offline.status == 0)
    #expect(offline.errorText == "")
    write(key, to: "a.txt")
    let found = fixture.coffer(["scan", path], environment: fixture.environment)
    #expect(found.status == 1)
    #expect(found.outputText.contains(masked))
    #expect(found.errorText.contains("stored values were not looked for"))
  }

  @Test("a locked vault is opened by the passphrase of who scans a file on a terminal")
  func asks() throws {
    let fixture = VaultFixture()
    fixture.initializeLocked(passphrase: "open sesame")
    let path = fixture.directory.path("file")
    Files.write(Array("some value".utf8), to: path)
    let terminal = PseudoTerminal(
      Programs.client, ["scan", path], environment: fixture.environment)
    #expect(terminal.waitFor("Passphrase of the vault: "))
    terminal.type("open sesame\n")
    _ = terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0)
  }

  struct Senseless: CustomTestStringConvertible {
    let words: [String]
    let told: [String]
    var testDescription: String { words.joined(separator: " ") }
  }

  @Test(
    "what makes no sense together is a usage error that names both",
    arguments: [
      Senseless(words: ["--staged", "a.txt"], told: ["--staged", "path"]),
      Senseless(words: ["--install-hook", "a.txt"], told: ["--install-hook", "path"]),
      Senseless(words: ["--install-hook", "--staged"], told: ["--install-hook", "--staged"]),
      Senseless(words: ["--install-hook", "--json"], told: ["--install-hook", "--json"]),
      Senseless(words: ["--offline", "--wait", "1m"], told: ["--offline", "--wait"]),
      Senseless(words: ["--offline", "--system"], told: ["--offline", "--system"]),
    ])
  func senseless(_ test: Senseless) throws {
    let result = fixture.coffer(["scan"] + test.words)
    #expect(result.status == 2)
    for word in test.told { #expect(result.errorText.contains(word), "\(result.errorText)") }
  }

  // MARK: Large trees

  @Test("directories that are nested too deeply are told, and the rest is searched")
  func nesting() throws {
    write(key, to: "a.txt")
    let python = """
      import os
      for _ in range(1100): os.mkdir('d'); os.chdir('d')
      """
    let script = """
      cd \(tree) && python3 -c "\(python)" && ulimit -n 4096 && \(Programs.client) scan --offline
      """
    let result = Subprocess.run(
      "/bin/sh", ["-c", script], environment: ["PATH": "/usr/bin:/bin"])
    #expect(result.status == 1)
    #expect(
      result.errorText.contains("more than 1000 directories are nested"), "\(result.errorText)")
    #expect(result.outputText.contains("a.txt:1: "))
  }

  @Test("in a hundred megabytes every key is found, and nothing else") func large() throws {
    let line = Array("func cof_wk(_ cof_: Int) -> Int { cof_uk_1234 + x } // comment\n".utf8)
    let block = Array(repeating: line, count: 16_000).flatMap { $0 }
    var expected: Set<String> = []
    for number in 0..<100 {
      let directory = tree + "/\(number % 7)"
      mkdir(directory, 0o755)
      var bytes = block
      // Somewhere else in each of them, at borders of what is read at once too.
      let lineNumber = 1 + number * 157
      bytes.insert(contentsOf: Array((key + "\n").utf8), at: line.count * (lineNumber - 1))
      let path = "\(directory)/\(number).swift"
      Files.write(bytes, to: path)
      expected.insert("\(path):\(lineNumber):")
    }
    let result = fixture.coffer(["scan", tree], environment: alone)
    let found = result.outputText.split(separator: "\n").map {
      String($0.prefix { $0 != " " })
    }
    #expect(found.count == 100)
    #expect(Set(found) == expected)
    #expect(result.status == 1)
  }
}
