import Glibc
import Platform
import TestSupport
import Testing

/// `coffer import WORKSPACE/ --env-file FILE`.
@Suite("Import of a dotenv file")
struct EnvFileImportTests: EnvFileSuite {
  let fixture = VaultFixture()

  init() { begin() }

  /// What a command is given of the file by `coffer run`.
  func value(of name: String) -> String {
    fixture.coffer("run", "-e", path, "--", "printenv", name).line
  }

  @Test("each value becomes a reference, and nothing else of the file changes") func rewrites()
    throws
  {
    write(
      """
      # The vendor's.\r
      export  GITHUB_TOKEN = "gh token\\n#1"   # keep this
      \tDB='two
      lines'
      EMPTY=
      A=b=c#d
      C="e f"#g

      last=`x'y`
      """)
    let before = try FileStatus.ofFile(at: path, followsLinks: false)
    let result = importAll()
    #expect(result.status == 0, "\(result.errorText)")
    #expect(
      text == """
        # The vendor's.\r
        export  GITHUB_TOKEN = coffer://web/github-token   # keep this
        \tDB=coffer://web/db
        EMPTY=
        A=coffer://web/a
        C=coffer://web/c #g

        last=coffer://web/last
        """)
    let after = try FileStatus.ofFile(at: path, followsLinks: false)
    #expect(after?.permissions == 0o640)
    #expect(after?.identity != before?.identity)
    #expect(Files.names(in: directory) == [".env"])
    #expect(value(of: "GITHUB_TOKEN") == "gh token\n#1")
    #expect(value(of: "DB") == "two\nlines")
    #expect(value(of: "A") == "b=c#d")
    #expect(value(of: "C") == "e f")
    #expect(value(of: "last") == "x'y")
    #expect(fixture.coffer("show", "web/github-token").outputText.contains("GITHUB_TOKEN"))
    #expect(result.errorText.contains("stored GITHUB_TOKEN as web/github-token"))
    #expect(result.errorText.contains("5 values are references now"))
    #expect(result.errorText.contains("the disk may still hold the former file"))
    for part in ["gh token", "two", "b=c"] { #expect(!result.errorText.contains(part)) }
    #expect(result.outputText == "")
  }

  @Test("what is no value, or may be none, is left alone and told") func leavesAlone() throws {
    let file = """
      REF=coffer://web/stripe
      URL=https://u:coffer://web/stripe@host
      EMPTY=''
      ALONE
      PATH=/opt/bin
      NODE_OPTIONS=--inspect
      TWICE=one-value
      TWICE=other-value
      ___=underscores

      """
    write(file)
    let result = importAll()
    #expect(result.status == 0)
    #expect(text == file)
    let told = [
      "1: REF is left alone: it is a reference already", "2: URL is left alone: it is a reference",
      "3: EMPTY is left alone: it is empty", "4: ALONE is left alone: it has no value",
      "5: PATH is left alone: the name is reserved", "6: NODE_OPTIONS is left alone: the name is",
      "7: TWICE is left alone: it stands there more than once", "8: TWICE is left alone",
      "9: ___ is left alone: no name of a key can be made of it",
      "nothing was stored, and the file is as it was",
    ]
    for line in told { #expect(result.errorText.contains(line), "\(result.errorText)") }
    #expect(fixture.coffer("list", "--json").outputText.split(separator: "\n").count == 2)
  }

  @Test("on a terminal each value is asked for, by its name and length, and not shown")
  func asks() throws {
    write("ONE=first-value\nTWO=second-value-2\nTHREE=third-value\n")
    let terminal = PseudoTerminal(
      Programs.client, ["import", "web", "--env-file", path],
      environment: fixture.environmentWithKeyFile)
    var screen = ""
    for (question, answer) in [
      (".env:1: store ONE (11 bytes) as web/one? [y/N] ", "y\n"),
      (".env:2: store TWO (14 bytes) as web/two? [y/N] ", "\n"),
      (".env:3: store THREE (11 bytes) as web/three? [y/N] ", "yes\n"),
    ] {
      // Nothing is stored before all was asked.
      #expect(fixture.coffer("show", "web/one").status == 1)
      #expect(terminal.waitFor(question))
      terminal.type(answer)
    }
    screen += terminal.readToEnd()
    #expect(terminal.process.waitForEnd() == 0)
    #expect(text == "ONE=coffer://web/one\nTWO=second-value-2\nTHREE=coffer://web/three\n")
    #expect(!screen.contains("-value"))
  }

  @Test("without a terminal nothing is stored unless --all says so") func noTerminal() throws {
    write("ONE=first-value\n")
    let result = fixture.coffer("import", "web/", "--env-file", path)
    #expect(result.status == 1)
    #expect(result.errorText.contains("hint: say --all"))
    #expect(text == "ONE=first-value\n")
    #expect(fixture.coffer("show", "web/one").status == 1)
  }

  @Test("a value that a key holds already is not stored twice, another one replaces none")
  func conflicts() throws {
    fixture.coffer("import", "web/one", input: "first-value")
    fixture.coffer("import", "web/two", input: "another-value")
    fixture.coffer("import", "me/three", "--env", "X", input: "third-value")
    write(
      "ONE=first-value\nTWO=second-value\nSTRIPE_KEY=\(VaultFixture.stripeValue)\n"
        + "THREE=third-value\n")
    let result = importAll()
    #expect(result.status == 1)
    #expect(
      text == "ONE=coffer://web/one\nTWO=second-value\nSTRIPE_KEY=coffer://web/stripe\n"
        + "THREE=coffer://web/three\n")
    #expect(result.errorText.contains("already stored ONE as web/one"))
    #expect(result.errorText.contains("already stored STRIPE_KEY as web/stripe"))
    #expect(result.errorText.contains("warning: me/three holds the same value"))
    #expect(result.errorText.contains(":2: web/two: conflict"), "\(result.errorText)")
    #expect(result.errorText.contains("'coffer replace web/two'"))
    #expect(fixture.coffer("run", "-k", "web/two", "--", "printenv", "TWO").line == "another-value")
    // A second run finds all but that one done.
    #expect(importAll().status == 1)
  }

  @Test("a value stays where it is if the key that holds it would not give it back")
  func unusableHolders() throws {
    let verified = fixture.coffer("create", "web/verified", "--custody", "verify-only").line
    fixture.coffer("import", "web/stopped", input: "stopped-value")
    fixture.coffer("suspend", "web/stopped")
    fixture.coffer("import", "web/ending", "--expires", "1h", input: "ending-value")
    let before = "VERIFIED=\(verified)\nSTOPPED=stopped-value\nENDING=ending-value\n"
    write(before)
    let result = importAll()
    #expect(result.status == 1)
    #expect(text == before, "\(result.errorText)")
    #expect(!IssuedText.isLeaked(verified, in: result.errorText))
  }

  @Test("a key that this vault has issued is referred to, an ended one is left where it is")
  func issued() throws {
    let live = fixture.coffer("create", "web/live").line
    let ended = fixture.coffer("create", "web/ended").line
    fixture.coffer("revoke", "web/ended")
    write("LIVE=\(live)\nOTHER=\(live)\nENDED=\(ended)\nMORE=more-value\n")
    let result = importAll()
    #expect(result.status == 1)
    #expect(
      text == "LIVE=coffer://web/live\nOTHER=coffer://web/live\nENDED=\(ended)\n"
        + "MORE=coffer://web/more\n")
    #expect(!IssuedText.isLeaked(live, in: result.errorText))
    #expect(!IssuedText.isLeaked(ended, in: result.errorText))
  }

  @Test("a failure half way leaves references to what is stored, and the other values")
  func halfWay() throws {
    let long = String(repeating: "x", count: 70_000)
    write("ONE=first-value\nLONG=\(long)\nTHREE=third-value\n")
    let result = importAll()
    #expect(result.status == 1)
    #expect(text == "ONE=coffer://web/one\nLONG=\(long)\nTHREE=third-value\n")
    #expect(result.errorText.contains("stored ONE as web/one"))
    #expect(fixture.coffer("show", "web/three").status == 1)
    let nowhere = importAll(to: "nowhere/")
    #expect(nowhere.status == 1)
    #expect(nowhere.errorText.contains("nowhere"))
    #expect(text.hasSuffix("THREE=third-value\n"))
  }

  @Test("of two lines that would have the same key one is stored, and the other told")
  func sameKey() {
    write("H_KEY=first-value\nh_key=second-value\n")
    let result = importAll()
    #expect(result.status == 1)
    #expect(text == "H_KEY=coffer://web/h-key\nh_key=second-value\n")
    #expect(
      result.errorText.contains(
        ":2: h_key is left alone: H_KEY would have the same key, web/h-key"),
      "\(result.errorText)")
    #expect(result.errorText.contains("'coffer import web/NAME --env h_key'"))
    #expect(!result.errorText.contains("coffer replace web/h-key"))
  }

  @Test("where another file cannot take its place, nothing is stored") func places() throws {
    write("ONE=first-value\n")
    let link = directory + "/link"
    symlink(path, link)
    let linked = fixture.coffer("import", "web/", "--env-file", link, "--all")
    #expect(linked.status == 1)
    #expect(linked.errorText.contains("it is a link"))
    mkfifo(directory + "/fifo", 0o600)
    let fifo = fixture.coffer("import", "web/", "--env-file", directory + "/fifo", "--all")
    #expect(fifo.errorText.contains("it is no regular file"))
    Glibc.link(path, directory + "/second")
    #expect(importAll().errorText.contains("it has other names too"))
    #expect(fixture.coffer("show", "web/one").status == 1)
    #expect(text == "ONE=first-value\n")
  }

  @Test("own keys and those of the organization are made too, with what is told of all")
  func otherPlaces() throws {
    write("ONE=first-value\n")
    #expect(importAll("--expires", "30d", "--note", "from a file", to: "me").status == 0)
    #expect(text == "ONE=coffer://me/one\n")
    #expect(fixture.coffer("show", "me/one").outputText.contains("from a file"))
    write("TWO=second-value\n")
    #expect(importAll("--use-role", "member", to: "org/").status == 0)
    #expect(fixture.coffer("show", "org/two").outputText.contains("member"))
  }

  @Test("what makes no sense together is a usage error") func senseless() throws {
    write("ONE=first-value\n")
    for (words, told) in [
      (["web/", "--env-file", path, "--env", "X"], ["--env", "--env-file"]),
      (["web/a", "--all"], ["--all", "--env-file"]),
      (["web/a", "--env-file", path], ["--env-file", "web/a"]),
    ] {
      let result = fixture.coffer(["import"] + words)
      #expect(result.status == 2)
      for word in told { #expect(result.errorText.contains(word)) }
    }
    let broken = fixture.directory.path("broken")
    Files.write(Array("ONE=1\nnot an assignment\n".utf8), to: broken)
    let result = fixture.coffer("import", "web/", "--env-file", broken, "--all")
    #expect(result.status == 1)
    #expect(result.errorText.contains("broken:2:"))
  }
}
