import Glibc
import Platform
import TestSupport
import Testing

@Suite("init with a key file")
struct KeyFileTests {
  @Test("of many inits at once one makes the vault, and its key file stays", arguments: 0..<6)
  func atOnce(round: Int) throws {
    let fixture = VaultFixture()
    fixture.startDaemon()
    let clients = (0..<12).map { number in
      Subprocess(
        Programs.client,
        ["init", "--organization", "acme", "--key-file", fixture.keyFilePath, "--no-recovery"],
        environment: fixture.environment,
        streams: [.null, .null, .file(fixture.directory.path("error-\(number)"))])
    }
    let statuses = clients.map { $0.waitForEnd() }
    #expect(statuses.count { $0 == 0 } == 1, "\(statuses)")
    for number in clients.indices {
      let error = String(
        decoding: Files.read(fixture.directory.path("error-\(number)")), as: UTF8.self)
      #expect(!error.contains("at least 32"), "\(error)")
    }
    #expect(fixture.coffer("lock").status == 0)
    let opened = fixture.coffer("unlock")
    #expect(opened.status == 0, "\(opened.errorText)")
    // What was not finished is not left behind.
    let names = Files.names(in: fixture.directory.path)
    #expect(names.allSatisfy { !$0.hasPrefix(".") }, "\(names)")
  }

  @Test("the directories of a new key file are made for their owner alone") func directories() {
    let fixture = VaultFixture()
    let path = fixture.directory.path("config/coffer/key")
    let result = fixture.coffer(
      "init", "--organization", "acme", "--key-file", path, "--no-recovery")
    #expect(result.status == 0, "\(result.errorText)")
    for name in ["config", "config/coffer"] {
      let status = try? FileStatus.ofFile(at: fixture.directory.path(name), followsLinks: false)
      #expect(status?.permissions == 0o700)
    }
    #expect(Files.read(path).count == 65)
  }

  @Test("a key file that is there is used, and never replaced") func existing() {
    let fixture = VaultFixture()
    let bytes = [UInt8](repeating: 0x61, count: 64)
    Files.write(bytes, to: fixture.keyFilePath)
    fixture.initialize()
    #expect(Files.read(fixture.keyFilePath) == bytes)
    // A link that leads nowhere is something as well.
    let link = fixture.directory.path("link")
    symlink("nowhere", link)
    let other = VaultFixture()
    let result = other.coffer("init", "--organization", "acme", "--key-file", link)
    #expect(result.errorText.contains("opening the key file failed"), "\(result.errorText)")
    #expect(!Files.names(in: fixture.directory.path).contains("nowhere"))
  }

  @Test("of many jobs that find the vault locked at the same time, each gets through")
  func manyJobs() {
    let fixture = VaultFixture()
    fixture.startDaemon()
    fixture.initializeWithKeys()
    for _ in 0..<3 {
      #expect(fixture.coffer("lock").status == 0)
      let jobs = (0..<40).map { _ in
        Subprocess(
          Programs.client, ["run", "-k", "web/stripe", "--", "true"],
          environment: fixture.environmentWithKeyFile, streams: [.null, .null, .null])
      }
      #expect(jobs.map { $0.waitForEnd() }.allSatisfy { $0 == 0 })
    }
  }
}
