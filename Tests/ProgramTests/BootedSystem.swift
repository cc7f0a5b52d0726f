import Glibc
import Platform
import TestSupport

/// A throwaway system with systemd as its first process, made of this machine's
/// `/usr`, in which the scripts of `Tests/booted` run.
///
/// Source: systemd-nspawn(1), `--volatile=yes`.
struct BootedSystem {
  /// What a command of the scripts printed, and how it ended.
  struct Note: CustomStringConvertible {
    let text: String

    /// Its exit status; nil if the scripts did not come to it.
    let status: Int32?

    /// The text without its last line end.
    var line: String { text.hasSuffix("\n") ? String(text.dropLast()) : text }
    var lines: [String] { text.split(separator: "\n").map(String.init) }
    var description: String { "\(status.map(String.init) ?? "not run"): \(text)" }
  }

  /// The one that all suites ask: it is booted once.
  static let shared = BootedSystem()

  /// Why there is none here; nil if there is one.
  static let hindrance: String? = {
    guard Programs.isRoot else { return "needs root" }
    guard let container = Programs.find("systemd-nspawn") else { return "needs systemd-nspawn" }
    let probe = Subprocess.run(
      container, options + ["--quiet", "--pipe", "/bin/true"], environment: environment)
    return probe.status == 0 ? nil : "systemd-nspawn does not run here: \(probe.errorText)"
  }()

  private static let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]

  /// Those that every container gets; without the last two it may lock no memory.
  private static let options = [
    "--register=no", "--keep-unit", "--directory=/", "--volatile=yes", "--private-network",
    "--machine=coffer-test-\(getpid())", "--system-call-filter=@memlock", "--capability=all",
  ]

  /// Longer than the scripts may take.
  private static let patienceSeconds = 330.0

  private let files: [String: [UInt8]]

  private init() {
    // On a disk: with a key in memory, systemd encrypts no credentials.
    let directory = TemporaryDirectory(in: "/var/tmp")
    for name in ["local", "results", "systemd"] { mkdir(directory.path(name), 0o755) }
    Files.write(Array(Self.job.utf8), to: directory.path("job"), mode: 0o644)
    Files.write(
      Array(ReadmeTests.runnerLines.joined(separator: "\n").utf8),
      to: directory.path("results/readme.sh"))
    let container = Subprocess(
      Programs.find("systemd-nspawn") ?? "",
      ["--quiet", "--console=pipe"] + Self.options + Self.binds(directory) + [
        "--boot", "systemd.firstboot=off", "systemd.wants=coffer-test.service",
      ],
      environment: Self.environment,
      streams: [.null, .file(directory.path("console")), .file(directory.path("console"))],
      ownSession: true)
    _ = container.waitForEnd(seconds: Self.patienceSeconds)
    let results = directory.path("results")
    files = Dictionary(
      uniqueKeysWithValues: Files.names(in: results).map { ($0, Files.read(results + "/" + $0)) })
  }

  /// The only job of the system, behind which it powers itself off.
  private static let job = """
    [Unit]
    After=basic.target systemd-logind.service systemd-user-sessions.service
    [Service]
    Type=oneshot
    ExecStart=/bin/bash /run/booted/main.sh
    ExecStopPost=/bin/systemctl --no-block poweroff
    TimeoutStartSec=infinity

    """

  private static func binds(_ directory: TemporaryDirectory) -> [String] {
    [
      "--bind=\(directory.path("results")):/run/results",
      "--bind=\(directory.path("systemd")):/var/lib/systemd",
      "--bind=\(directory.path("local")):/usr/local",
      "--bind-ro=\(directory.path("job")):/etc/systemd/system/coffer-test.service",
      "--bind-ro=\(HouseTests.root)systemd:/run/source/systemd",
      "--bind-ro=\(HouseTests.root)Tests/booted:/run/booted",
      "--bind-ro=\(Programs.client):/run/programs/coffer",
      "--bind-ro=\(Programs.daemon):/run/programs/cofferd",
    ] + foreignLibraryDirectories.map { "--bind-ro=\($0)" }
  }

  /// Where a debug build has the Swift runtime, which is not in `/usr`.
  private static var foreignLibraryDirectories: Set<String> {
    let ldd = Subprocess.run(
      Programs.find("ldd") ?? "", [Programs.daemon], environment: environment)
    let paths = ldd.outputText.split(separator: "\n").compactMap { line -> Substring? in
      guard let path = line.split(separator: " ").first(where: { $0.hasPrefix("/") }),
        !["/usr/", "/lib"].contains(where: path.hasPrefix)
      else { return nil }
      return path
    }
    return Set(paths.map { $0.split(separator: "/").dropLast().map { "/" + $0 }.joined() })
  }

  /// What the scripts noted under a name.
  subscript(name: String) -> Note {
    let status = String(decoding: bytes(name + ".status"), as: UTF8.self)
    return Note(
      text: String(decoding: bytes(name), as: UTF8.self), status: Int32(status.filter(\.isNumber)))
  }

  /// What a file of the results holds.
  func bytes(_ name: String) -> [UInt8] { files[name] ?? [] }
}
