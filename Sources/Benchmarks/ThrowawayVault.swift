internal import Glibc
internal import Platform

/// A vault that is made for a measurement, and removed behind it.
struct ThrowawayVault {
  private let programs: String
  private let path: String

  /// Makes a vault that is open; nil if that fails.
  init?(programs: String) {
    self.programs = programs
    path = "/tmp/coffer-benchmark-\(Process.id)"
    do throws(Errno) { try Directory.create(path, permissions: 0o700) } catch { return nil }
    guard coffer(["init", "--organization", "benchmark", "--key-file", keyFile, "--no-recovery"])
    else { return nil }
  }

  private var keyFile: String { path + "/key" }

  /// What its commands are run with.
  var environment: [String] { ["COFFER_HOME=\(path)/state", "COFFER_KEY_FILE=\(keyFile)"] }

  /// The same variables for chpst, a file each.
  var environmentDirectory: String { path + "/environment" }

  /// Runs `coffer` without its output; returns whether it was done.
  func coffer(_ arguments: [String]) -> Bool {
    let command = [programs + "/coffer"] + arguments
    let quoted = command.map { "'\($0)'" }.joined(separator: " ")
    let status = try? Process.runToEnd(
      "/bin/sh", arguments: ["sh", "-c", "exec \(quoted) >/dev/null 2>&1"],
      environment: environment)
    return status == 0
  }

  /// Writes a value as long as a key's text for each name.
  func makeEnvironmentDirectory(_ names: [String]) {
    let value = Array(String(repeating: "x", count: 57).utf8)
    do throws(Errno) {
      try Directory.create(environmentDirectory, permissions: 0o700)
      for name in names {
        let file = try FileDescriptor.open(
          environmentDirectory + "/" + name, flags: O_WRONLY | O_CREAT, mode: 0o600)
        try file.writeAll(value.span)
      }
    } catch {
      preconditionFailure("\(environmentDirectory) cannot be written: \(error)")
    }
  }

  /// Ends the daemon and removes all files.
  func remove() {
    if let socket = try? UnixSocket.connect(to: path + "/state/socket"),
      let peer = try? socket.peer()
    {
      _ = kill(peer.processID, SIGTERM)
    }
    _ = try? Process.runToEnd("/bin/rm", arguments: ["rm", "-rf", path], environment: [])
  }
}
