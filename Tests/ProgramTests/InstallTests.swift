import Glibc
import Platform
import TestSupport
import Testing

/// `systemd/install.sh`, into a directory; BootedSystem has it install for good.
@Suite("install.sh")
struct InstallTests {
  let directory = TemporaryDirectory()

  var destination: String { directory.path("root") }

  func install(_ arguments: String...) -> Subprocess.Result {
    Subprocess.run(
      "/bin/bash", [HouseTests.root + "systemd/install.sh"] + arguments,
      environment: [
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/home/ada", "DESTDIR": destination,
      ])
  }

  /// All files below the destination, as paths of the system.
  func files(below path: String = "") -> [String] {
    Files.names(in: destination + path).flatMap { name -> [String] in
      let inner = files(below: path + "/" + name)
      let status = try? FileStatus.ofFile(at: destination + path + "/" + name, followsLinks: false)
      return status?.kind == .directory ? inner : [path + "/" + name]
    }.sorted()
  }

  func text(_ path: String) -> String {
    String(decoding: Files.read(destination + path), as: UTF8.self)
  }

  static let systemFiles = [
    "/etc/systemd/system/cofferd-credential.socket", "/etc/systemd/system/cofferd.service",
    "/etc/systemd/system/cofferd.socket", "/etc/sysusers.d/coffer.conf",
    "/etc/tmpfiles.d/coffer.conf",
  ]

  /// What goes below the share of a prefix.
  static let sharedFiles = [
    "bash-completion/completions/coffer", "fish/vendor_completions.d/coffer.fish",
    "man/man1/coffer.1", "man/man8/cofferd.8", "zsh/site-functions/_coffer",
  ]

  @Test("installs the system's daemon, twice the same, and takes it away without the vault")
  func system() {
    let first = install("--system", "--programs", Programs.directory)
    #expect(first.status == 0, "\(first.errorText)")
    let expected =
      Self.systemFiles + ["/usr/local/bin/coffer", "/usr/local/bin/cofferd"]
      + Self.sharedFiles.map { "/usr/local/share/" + $0 }
    #expect(files() == expected.sorted())
    for path in expected {
      let status = try? FileStatus.ofFile(at: destination + path, followsLinks: false)
      #expect(status?.permissions == (path.contains("/bin/") ? 0o755 : 0o644), "\(path)")
      #expect(first.outputText.contains("install: \(destination)\(path)\n"))
    }
    #expect(Files.read(destination + "/usr/local/bin/cofferd") == Files.read(Programs.daemon))
    #expect(first.outputText.contains("no systemd that could be told"))
    #expect(first.outputText.contains("start '/usr/local/bin/cofferd --system' yourself"))

    let again = install("--system", "--programs", Programs.directory)
    #expect(again.status == 0)
    for path in expected { #expect(again.outputText.contains("\(path) is up to date")) }
    #expect(files() == expected.sorted())

    let vault = "/var/lib/private/coffer"
    for path in ["/var", "/var/lib", "/var/lib/private", vault] { mkdir(destination + path, 0o700) }
    Files.write([1], to: destination + vault + "/slots")
    let end = install("--system", "--uninstall")
    #expect(end.status == 0)
    #expect(files() == [vault + "/slots"])
    #expect(end.outputText.contains("the vault stays, in \(destination)\(vault)"))
    #expect(install("--system", "--uninstall").status == 0)
  }

  @Test("installs a user's daemon below the home, and what it cannot try it leaves out")
  func user() {
    let result = install("--user", "--programs", Programs.directory)
    #expect(result.status == 0, "\(result.errorText)")
    let units = "/home/ada/.config/systemd/user"
    let expected = [
      units + "/cofferd.service", units + "/cofferd.socket", "/home/ada/.local/bin/coffer",
      "/home/ada/.local/bin/cofferd",
    ]
    #expect(files() == expected + Self.sharedFiles.map { "/home/ada/.local/share/" + $0 })
    #expect(text("/home/ada/.local/share/man/man1/coffer.1").hasPrefix(".TH COFFER 1 "))
    #expect(text("/home/ada/.local/share/man/man8/cofferd.8").hasPrefix(".TH COFFERD 8 "))
    #expect(result.outputText.contains("hardened.conf: left out, since it cannot be tried"))
    #expect(result.outputText.contains("put /home/ada/.local/bin into your PATH"))
    #expect(text(units + "/cofferd.service").contains("\nExecStart=/home/ada/.local/bin/cofferd "))
    #expect(install("--user", "--uninstall").status == 0)
    #expect(files() == [])
  }

  @Test("another prefix is where the programs go and what the unit starts")
  func prefix() {
    #expect(
      install("--system", "--prefix", "/opt/coffer/", "--programs", Programs.directory).status == 0)
    #expect(
      files()
        == (Self.systemFiles + ["/opt/coffer/bin/coffer", "/opt/coffer/bin/cofferd"]
          + Self.sharedFiles.map { "/opt/coffer/share/" + $0 }))
    #expect(
      text("/etc/systemd/system/cofferd.service").contains(
        "\nExecStart=/opt/coffer/bin/cofferd --system --idle-lock 0 --require-mlock\n"))
    #expect(install("--system", "--prefix", "/opt/coffer", "--uninstall").status == 0)
    #expect(files() == [])
  }

  @Test(
    "a prefix that a unit cannot hold, or does not let the daemon see, is refused",
    arguments: ["relative", "/opt/a b", "/opt/%h", "/opt/$HOME", "/home/ada", "/root/x", "/tmp"])
  func badPrefix(prefix: String) {
    let result = install("--system", "--prefix", prefix, "--programs", Programs.directory)
    #expect(result.status == 1)
    #expect(result.errorText.hasPrefix("install: \(prefix): "))
    #expect(files() == [])
  }

  @Test("an unknown option is a usage error, and programs that do not run are not installed")
  func wrong() {
    #expect(install("--sytem").status == 2)
    #expect(install("--prefix").status == 2)
    let programs = directory.path("programs")
    mkdir(programs, 0o755)
    for name in ["coffer", "cofferd"] {
      Files.write(Array("#!/bin/false\n".utf8), to: programs + "/" + name, mode: 0o755)
    }
    // What could make them run is there.
    guard Subprocess.run("/usr/bin/dpkg-query", ["-W", "libsodium23"]).status == 0 else { return }
    let result = install("--system", "--programs", programs)
    #expect(result.status == 1)
    #expect(result.errorText.contains("\(programs)/cofferd does not run here"))
    #expect(files() == [])
  }
}
