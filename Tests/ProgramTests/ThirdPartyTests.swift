import Glibc
import Platform
import TestSupport
import Testing

/// Clients that others have made, and that know nothing of Coffer.
@Suite("Clients of others")
struct ThirdPartyTests {
  let fixture = VaultFixture()

  /// A file for `/definqfile` of gpg-connect-agent.
  private func file(_ name: String, _ text: String) -> String {
    let path = fixture.directory.path(name)
    Files.write(Array(text.utf8), to: path)
    return path
  }

  /// What gpg-connect-agent says to `commands`, a line each.
  private func agent(_ commands: [String]) throws -> [Substring] {
    let result = Subprocess.run(
      try #require(Programs.find("gpg-connect-agent")),
      ["-S", fixture.socketPath] + commands + ["/bye"], environment: fixture.environment)
    return result.outputText.split(separator: "\n")
  }

  private static let hasAgent = Programs.find("gpg-connect-agent") != nil

  // MARK: gpg-connect-agent

  @Test(
    "gpg-connect-agent drives slots, rekey and backup, and restores what it has backed up",
    .enabled(if: hasAgent, "gpg-connect-agent is not installed"))
  func agentOnVault() throws {
    fixture.initializeWithKeys()
    let backup = fixture.directory.path("backup")
    let said = try agent([
      "/definqfile KEYFILE \(fixture.keyFilePath)",
      "/definqfile NEWPASSPHRASE \(file("new", "correct horse battery"))",
      "SLOT LIST", "SLOT ADD passphrase --key-file", "SLOT LIST",
      "/definqfile PASSPHRASE \(file("old", "correct horse battery"))", "UNLOCK", "CHECK", "REKEY",
      "SLOT REMOVE 2", "SLOT ADD recovery --key-file", "/datafile \(backup)", "BACKUP", "/datafile",
      "AUDIT --check", "WHY web/stripe use", "UNUSED", "HOLDERS web/stripe",
      "/definqfile CANDIDATES \(file("text", VaultFixture.stripeValue))", "SCAN",
    ])
    #expect(!said.contains { $0.hasPrefix("ERR") }, "\(said)")
    #expect(said.count { $0 == "OK" } == 14, "\(said)")
    #expect(said.contains { $0.hasPrefix("S SLOT number=2 kind=passphrase") }, "\(said)")
    // The same answer to every question, until no more is asked.
    #expect(said.count { $0.hasPrefix("S STORED n=") } == 64, "\(said)")
    let data = Files.read(backup)
    #expect(said.contains { $0.hasPrefix("S BACKUP bytes=\(data.count) keys=2 ") }, "\(said)")

    fixture.endDaemon()
    let other = VaultFixture()
    other.startDaemon()
    let restored = Subprocess.run(
      try #require(Programs.find("gpg-connect-agent")),
      [
        "-S", other.socketPath, "/definqfile PASSPHRASE \(fixture.directory.path("new"))",
        "/definqfile BACKUP \(backup)", "RESTORE", "/bye",
      ], environment: fixture.environment
    ).outputText.split(separator: "\n")
    #expect(restored.last == "OK", "\(restored)")
    #expect(restored.contains { $0.hasPrefix("S RESTORED organization=acme keys=2") })
    let value = other.coffer("run", "-k", "web/stripe", "--", "printenv", "STRIPE_KEY")
    #expect(value.line == VaultFixture.stripeValue, "\(value.errorText)")
  }

  @Test(
    "every command that HELP tells of is driven by gpg-connect-agent in a test",
    .enabled(if: hasAgent, "gpg-connect-agent is not installed"))
  func everyVerb() throws {
    fixture.startDaemon()
    let verbs = Set(
      try agent(["HELP"]).filter { $0.hasPrefix("# ") }.map {
        $0.dropFirst(2).prefix { $0 != " " }
      })
    let driven: Set<Substring> = [
      "NOP", "BYE", "RESET", "HELP", "OPTION", "CANCEL", "GETINFO", "INIT", "UNLOCK", "LOCK",
      "STATUS", "CHECK", "SLOT", "REKEY", "BACKUP", "RESTORE", "WHOAMI", "AUTH", "WORKSPACE",
      "USER",
      "GRANT", "POLICY", "CREATE", "IMPORT", "REPLACE", "ROTATE", "EXPIRE", "SUSPEND", "RESUME",
      "REVOKE", "ENV", "VERIFY", "BURN", "LIST", "SHOW", "UNUSED", "WHY", "AUDIT",
      "HOLDERS", "SCAN",
    ]
    #expect(verbs.subtracting(driven).isEmpty, "these are driven by no test")
    // Those that no other of these tests has.
    let said = try agent([
      "/definqfile KEYFILE \(file("key", String(repeating: "k", count: 32)))",
      "INIT --organization=acme --key-file --no-recovery", "CANCEL", "HELP SLOT", "BYE",
    ])
    #expect(!said.contains { $0.hasPrefix("ERR") }, "\(said)")
    #expect(said.last == "OK closing connection", "\(said)")
  }

  // MARK: libassuan

  private static let program = """
    #include <assuan.h>
    #include <stdio.h>
    #include <string.h>
    struct kept { unsigned char bytes[4096]; size_t count; };
    static gpg_error_t keep(void *place, const void *bytes, size_t count) {
      struct kept *kept = place;
      if (count > sizeof kept->bytes - kept->count) return gpg_error(GPG_ERR_TOO_LARGE);
      memcpy(kept->bytes + kept->count, bytes, count);
      kept->count += count;
      return 0;
    }
    static gpg_error_t tell(void *place, const char *line) {
      (void)place;
      return printf("S %s\\n", line) < 0 ? gpg_error(GPG_ERR_EIO) : 0;
    }
    static gpg_error_t answer(void *context, const char *keyword) {
      if (strcmp(keyword, "VALUE") != 0) return gpg_error(GPG_ERR_ASS_UNKNOWN_INQUIRE);
      return assuan_send_data(context, "one%two\\nthree\\rfour \\xff", 20);
    }
    static void ask(assuan_context_t context, const char *line) {
      struct kept kept = {.count = 0};
      gpg_error_t error = assuan_transact(
          context, line, keep, &kept, answer, context, tell, NULL);
      printf("%s: %u %u", line, gpg_err_code(error), gpg_err_source(error));
      for (size_t index = 0; index < kept.count; index++)
        printf(index ? "%02x" : " %02x", kept.bytes[index]);
      printf("\\n");
    }
    int main(int count, char **words) {
      assuan_context_t context;
      if (count < 2 || assuan_new(&context)) return 1;
      gpg_error_t error = assuan_socket_connect(context, words[1], ASSUAN_INVALID_PID, 0);
      if (error) return fprintf(stderr, "%s\\n", gpg_strerror(error)), 1;
      for (int index = 2; index < count; index++) ask(context, words[index]);
      assuan_release(context);
      return 0;
    }
    """

  private static let hasLibrary =
    CCompiler.isThere && access("/usr/include/assuan.h", R_OK) == 0

  @Test(
    "a C program on libassuan drives it, inquiries and data with NUL included",
    .enabled(if: hasLibrary, "needs clang on the PATH, and the package libassuan-dev"))
  func library() {
    fixture.initialize()
    let program = fixture.directory.path("program")
    CCompiler.compile(Self.program, to: program, behind: ["-lassuan", "-lgpg-error"])
    let commands = [
      "NOP", "CREATE me/laptop", "IMPORT me/vendor --env=VENDOR", "ENV me/vendor me/vendor=TWICE",
      "SHOW me/none", "FROBNICATE", "NOP",
    ]
    let result = Subprocess.run(program, [fixture.socketPath] + commands)
    #expect(result.status == 0, "\(result.errorText)")
    let lines = result.outputText.split(separator: "\n").filter { !$0.hasPrefix("S ") }
    #expect(lines.count == 7, "\(lines)")
    func hex(_ bytes: [UInt8]) -> String {
      bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
    #expect(lines[0] == "NOP: 0 0")
    // The text of a key: 57 characters, which begin as those of a user key.
    let text = lines[1].split(separator: " ").last ?? ""
    #expect(text.hasPrefix(hex(Array("cof_uk_".utf8))) && text.count == 114, "\(lines[1])")
    #expect(lines[2] == "IMPORT me/vendor --env=VENDOR: 0 0")
    let value = Array("one%two\nthree\rfour ".utf8) + [0xFF]
    #expect(value.count == 20)
    let environment =
      Array("VENDOR=".utf8) + value + [0] + Array("TWICE=".utf8) + value + [0]
    #expect(lines[3] == "ENV me/vendor me/vendor=TWICE: 0 0 \(hex(environment))")
    // The codes of libgpg-error, and its source for users' own programs.
    #expect(lines[4] == "SHOW me/none: 27 32")
    #expect(lines[5] == "FROBNICATE: 275 32")
    #expect(lines[6] == "NOP: 0 0")
    #expect(result.outputText.contains("S ENV key=me/vendor name=TWICE"))
  }

  // MARK: python3-gpg

  private static let python = "/usr/bin/python3"
  private static let hasPython =
    access(python, X_OK) == 0
    && Subprocess.run(python, ["-c", "import gpg"], environment: ["PATH": "/usr/bin:/bin"]).status
      == 0

  @Test(
    "GPGME drives it from Python",
    .enabled(if: hasPython, "needs the package python3-gpg"))
  func gpgme() {
    fixture.initializeWithKeys()
    let script = """
      import gpg, sys
      from gpg.constants.protocol import ASSUAN
      context = gpg.Context(protocol=ASSUAN)
      context.set_engine_info(ASSUAN, sys.argv[1], "")
      def ask(*words):
        kept = []
        error = context.assuan_transact(
          list(words), data_cb=lambda data: kept.append(data),
          status_cb=lambda word, rest: print("S", word, rest))
        code, source = (error.getcode(), error.getsource()) if error else (0, 0)
        print(" ".join(words), code, source, b"".join(kept).hex())
      ask("NOP")
      ask("SHOW", "web/stripe")
      ask("ENV", "web/stripe")
      ask("SHOW", "me/none")
      ask("CREATE", "me/made", "--note=a note")
      ask("NOP")
      """
    let result = Subprocess.run(
      Self.python, ["-c", script, fixture.socketPath], environment: fixture.environment)
    #expect(result.status == 0, "\(result.errorText)")
    let lines = result.outputText.split(separator: "\n")
    #expect(lines.first == "NOP 0 0 ", "\(lines)")
    #expect(
      lines.contains("S name web/stripe") || lines.contains { $0.hasPrefix("S name=web/stripe") })
    let entry = Array("STRIPE_KEY=\(VaultFixture.stripeValue)\0".utf8)
    let hex = entry.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    #expect(lines.contains("ENV web/stripe 0 0 \(hex)"[...]), "\(lines)")
    #expect(lines.contains("SHOW me/none 27 32 "), "\(lines)")
    #expect(lines.last == "NOP 0 0 ", "\(lines)")
    #expect(fixture.coffer("show", "me/made").outputText.contains("a note"))
  }
}
