import Glibc
import Platform
import TestSupport
import Testing

/// The prompt on a display, where there is no terminal.
@Suite("pinentry")
struct PinentryTests {
  let fixture = VaultFixture()
  static let passphrase = "50% correct horse"

  init() {
    fixture.initializeLocked(passphrase: Self.passphrase)
    mkdir(fixture.directory.path("bin"), 0o700)
  }

  private var environment: [String: String] {
    fixture.environment.merging([
      "PATH": fixture.directory.path("bin") + ":/usr/bin:/bin", "DISPLAY": ":7",
      "SECRET_OF_MINE": "not yours",
    ]) { $1 }
  }

  private var dialogue: String {
    String(decoding: Files.read(fixture.directory.path("dialogue")), as: UTF8.self)
  }

  /// A program that notes what it is told, and answers GETPIN with these lines in turn.
  private func install(answering answers: [String]) {
    let directory = fixture.directory.path
    Files.write(Array(answers.map { $0 + "\n" }.joined().utf8), to: directory + "/answers")
    let script = """
      #!/bin/bash
      env >\(directory)/environment
      echo 'OK Pleased to meet you'
      while read -r line; do
        echo "$line" >>\(directory)/dialogue
        if [ "$line" = GETPIN ]; then
          head -n 1 \(directory)/answers
          sed -i 1d \(directory)/answers
        fi
        echo OK
      done
      """
    Files.write(Array(script.utf8), to: directory + "/bin/pinentry", mode: 0o700)
  }

  @Test("asks on the display, and takes the passphrase from its escapes") func asks() {
    install(answering: ["D 50%25 correct horse"])
    let result = fixture.coffer(["unlock"], environment: environment)
    #expect(result.status == 0, "\(result.errorText)")
    #expect(dialogue.contains("SETDESC Passphrase%20of%20the%20vault\n"))
    let seen = String(
      decoding: Files.read(fixture.directory.path("environment")), as: UTF8.self)
    #expect(seen.contains("DISPLAY=:7\n"))
    #expect(!seen.contains("SECRET_OF_MINE"))
  }

  @Test("tells what was wrong with the answer before, and gives up after three")
  func wrong() {
    install(answering: ["D one", "D two", "D three", "D \(Self.passphrase)"])
    let result = fixture.coffer(["unlock"], environment: environment)
    #expect(result.status == 1)
    #expect(dialogue.split(separator: "\n").filter { $0 == "GETPIN" }.count == 3)
    #expect(dialogue.contains("SETERROR this%20passphrase%20does%20not%20open%20the%20vault"))
    #expect(!result.errorText.contains("two"))
  }

  @Test("a person who closes the window has changed nothing, and no command runs")
  func cancelled() {
    install(answering: ["ERR 83886179 Operation cancelled <Pinentry>"])
    let result = fixture.coffer(["run", "-w", "web", "--", "true"], environment: environment)
    #expect(result.status == 125)
    #expect(result.errorText == "coffer: the prompt was cancelled, so nothing was changed\n")
  }

  @Test("without such a program, or with one that fails, it is as without a display")
  func missing() {
    for script in [nil, "#!/bin/sh\nexit 1\n", "#!/bin/sh\necho nonsense\n"] {
      if let script {
        Files.write(
          Array(script.utf8), to: fixture.directory.path("bin") + "/pinentry", mode: 0o700)
      }
      let result = fixture.coffer(["list"], environment: environment)
      #expect(result.status == 3)
      #expect(result.errorText.contains("there is no terminal to ask on"))
    }
  }
}
