import Glibc
import Platform
import TestSupport
import Testing

/// Jobs without a terminal, which wait for a person.
@Suite("--wait")
struct WaitTests {
  let fixture = VaultFixture()

  init() {
    fixture.startDaemon()
    fixture.initializeWithKeys()
    fixture.coffer("lock")
  }

  /// Starts a job without terminal and key file.
  func job(_ words: [String]) -> Subprocess {
    Subprocess(
      Programs.client, words, environment: fixture.environment,
      streams: [.null, .file(outputPath), .file(errorPath)], ownSession: true)
  }

  var outputPath: String { fixture.directory.path("out") }
  var errorPath: String { fixture.directory.path("err") }
  var output: String { String(decoding: Files.read(outputPath), as: UTF8.self) }
  var error: String { String(decoding: Files.read(errorPath), as: UTF8.self) }

  func withoutKeyFile(_ words: String...) -> Subprocess.Result {
    fixture.coffer(words, environment: fixture.environment)
  }

  static let note = "coffer: the vault is locked; waiting up to 1m until it is opened\n"

  @Test("a job goes on when somebody has unlocked the vault") func unlocked() {
    let job = job(["run", "--wait", "1m", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY"])
    #expect(eventually { error == Self.note }, "\(error)")
    #expect(job.waitForEnd(seconds: 0.2) == nil)
    #expect(fixture.coffer("unlock").status == 0)
    #expect(job.waitForEnd(seconds: 10) == 0, "\(error)")
    #expect(output == VaultFixture.stripeValue + "\n")
    #expect(error == Self.note, "told once")
  }

  @Test(
    "every other command waits as well",
    arguments: [["list"], ["unlock"], ["create", "me/new"], ["audit"], ["policy", "show"]])
  func others(words: [String]) {
    let job = job(words + ["--wait", "1m"])
    #expect(job.waitForEnd(seconds: 0.3) == nil)
    #expect(fixture.coffer("unlock").status == 0)
    #expect(job.waitForEnd(seconds: 10) == 0, "\(error)")
  }

  @Test("when the time is over the exit status is 3, and 125 of run") func runsOut() {
    let begin = BootInstant.now
    let list = withoutKeyFile("list", "--wait", "1s")
    #expect(BootInstant.now >= begin.advanced(bySeconds: 1))
    #expect(BootInstant.now < begin.advanced(bySeconds: 5))
    #expect(list.status == 3)
    let text = """
      coffer: the vault is locked; waiting up to 1s until it is opened
      coffer: the vault is locked still, after 1s of waiting
      coffer: hint: open it with 'coffer unlock', or set COFFER_KEY_FILE

      """
    #expect(list.errorText == text)
    let run = withoutKeyFile("run", "--wait", "1s", "-k", "web/stripe", "--", "true")
    #expect(run.status == 125)
    #expect(run.errorText == text)
  }

  @Test("without --wait a job fails at once, and is told of it") func withoutWaiting() {
    let list = withoutKeyFile("list")
    #expect(list.status == 3)
    #expect(list.errorText.contains("the vault is locked, and there is no terminal to ask on"))
    #expect(list.errorText.contains("--wait"))
    #expect(withoutKeyFile("run", "-k", "web/stripe", "--", "true").status == 125)
  }

  @Test("what is no length of time is refused, also where nothing is to be waited for")
  func usage() {
    fixture.coffer("unlock")
    for text in ["soon", "never", "90", "-1s", ""] {
      let result = withoutKeyFile("list", "--wait", text)
      #expect(result.status == 2)
      #expect(result.errorText.contains("is no length of time"), "\(result.errorText)")
    }
    let run = withoutKeyFile("run", "--wait=soon", "-k", "web/stripe", "--", "true")
    #expect(run.status == 125)
  }

  @Test("a key file opens the vault before anything is waited for") func keyFile() {
    let result = fixture.coffer("list", "--wait", "1m")
    #expect(result.status == 0)
    #expect(result.errorText == "")
  }

  @Test("on a terminal the command asks as usual") func terminal() {
    let terminal = PseudoTerminal(
      Programs.client, ["list", "--wait", "1m"], environment: fixture.environment)
    #expect(terminal.waitFor("Passphrase of the vault: "))
  }

  @Test("the daemon may come and go meanwhile, and nothing starts it for the waiting")
  func anotherDaemon() {
    let job = job(["run", "--wait", "1m", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY"])
    #expect(eventually { error == Self.note })
    fixture.killDaemon()
    sleep(milliseconds: 1_500)
    #expect(fixture.daemonID == nil)
    #expect(fixture.coffer("unlock").status == 0)
    #expect(job.waitForEnd(seconds: 10) == 0, "\(error)")
    #expect(output == VaultFixture.stripeValue + "\n")
  }

  @Test("a daemon of somebody else that stays away ends it with exit status 4") func gone() {
    let environment = fixture.environment.merging(["COFFER_SOCKET": fixture.socketPath]) { $1 }
    let job = Subprocess(
      Programs.client, ["list", "--wait", "3s"], environment: environment,
      streams: [.null, .null, .file(errorPath)], ownSession: true)
    #expect(eventually { error.contains("waiting") })
    fixture.killDaemon()
    #expect(job.waitForEnd(seconds: 10) == 4)
    #expect(error.contains("no daemon listens there"), "\(error)")
  }

  @Test("a vault that is damaged or absent ends the waiting at once", arguments: [false, true])
  func damaged(isAbsent: Bool) {
    let job = job(["list", "--wait", "1m"])
    #expect(eventually { error == Self.note })
    fixture.killDaemon()
    let slots = fixture.statePath + "/slots"
    if isAbsent {
      for name in Files.names(in: fixture.statePath) where name != "lock" {
        unlink(fixture.statePath + "/" + name)
      }
    } else {
      Files.write(Array(Files.read(slots).dropLast()), to: slots)
    }
    fixture.startDaemon()
    #expect(job.waitForEnd(seconds: 10) == 1)
    #expect(error.contains(isAbsent ? "there is no vault yet" : "the vault is damaged"), "\(error)")
    #expect(error.contains("hint: "))
  }

  @Test("a key in the environment acts when the vault is open") func presentedKey() {
    fixture.coffer("unlock")
    let key = fixture.coffer("create", "me/job", "--scope", "web:list,use").line
    fixture.coffer("lock")
    let environment = fixture.environment.merging(["COFFER_API_KEY": key]) { $1 }
    let job = Subprocess(
      Programs.client, ["run", "--wait", "1m", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY"],
      environment: environment, streams: [.null, .file(outputPath), .file(errorPath)],
      ownSession: true)
    #expect(eventually { error == Self.note })
    fixture.coffer("unlock")
    #expect(job.waitForEnd(seconds: 10) == 0, "\(error)")
    #expect(output == VaultFixture.stripeValue + "\n")
  }
}
