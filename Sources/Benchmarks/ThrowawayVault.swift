internal import Glibc
internal import Platform

/// A vault that is made for a measurement, and removed behind it.
struct ThrowawayVault {
  let path: String
  private let programs: String
  private let opening: Opening

  /// What opens it, and whom its daemon serves.
  enum Opening: Equatable {
    case withKeyFile

    /// With `isSystem` the daemon serves all uids.
    case withPassphrase(_ isSystem: Bool)
  }

  private static let passphrase = "correct horse battery"

  /// Makes a vault that is open; nil if that fails.
  ///
  /// - Parameters:
  ///   - programs: The directory of coffer and cofferd.
  ///   - name: What tells it from others of this process.
  ///   - opening: What opens it.
  init?(programs: String, name: String = "vault", opens opening: Opening = .withKeyFile) {
    self.programs = programs
    self.opening = opening
    path = "/tmp/coffer-benchmark-\(Process.id)-\(name)"
    // Others must get to the socket of the system.
    let permissions: UInt32 = opening == .withPassphrase(true) ? 0o755 : 0o700
    do throws(Errno) { try Directory.create(path, permissions: permissions) } catch { return nil }
    guard initialize() else {
      remove()
      return nil
    }
  }

  private func initialize() -> Bool {
    let words = ["init", "--organization", "benchmark", "--no-recovery"]
    switch opening {
    case .withKeyFile: return coffer(words + ["--key-file", keyFile])
    case .withPassphrase(false):
      return coffer(words + ["--passphrase-fd", "0"], input: Self.passphrase)
    case .withPassphrase(true):
      guard startDaemon() else { return false }
      return coffer(
        words + ["--passphrase-fd", "0", "--owner", "root", "--owner-uid", "0"],
        input: Self.passphrase)
    }
  }

  private var keyFile: String { path + "/key" }

  var socketPath: String { path + (opening == .withPassphrase(true) ? "/socket" : "/state/socket") }

  /// What its commands are run with.
  var environment: [String] {
    switch opening {
    case .withKeyFile: ["COFFER_HOME=\(path)/state", "COFFER_KEY_FILE=\(keyFile)"]
    case .withPassphrase(false): ["COFFER_HOME=\(path)/state"]
    case .withPassphrase(true): ["COFFER_SOCKET=\(socketPath)"]
    }
  }

  /// The same variables for chpst, a file each.
  var environmentDirectory: String { path + "/environment" }

  /// The process that listens; nil if none does.
  var daemonID: Int32? {
    guard let socket = try? UnixSocket.connect(to: socketPath), let peer = try? socket.peer() else {
      return nil
    }
    return peer.processID
  }

  /// Starts the daemon of the system, and waits until it listens.
  private func startDaemon() -> Bool {
    let words = ["cofferd", "--system", "--state", path + "/state", "--socket", socketPath]
    let started = try? Process.startDetached(
      programs + "/cofferd", arguments: words, environment: ["PATH=/usr/bin:/bin"])
    guard started != nil else { return false }
    for _ in 0..<1000 {
      if daemonID != nil { return true }
      sleep(milliseconds: 10)
    }
    return false
  }

  /// Runs `coffer` without its output; returns whether it was done.
  func coffer(_ arguments: [String], input: String = "") -> Bool {
    let command = [programs + "/coffer"] + arguments
    let quoted = command.map { "'\($0)'" }.joined(separator: " ")
    let status = try? Process.runToEnd(
      "/bin/sh",
      arguments: ["sh", "-c", "printf %s '\(input)' | \(quoted) >/dev/null 2>&1"],
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
    if let daemonID {
      _ = kill(daemonID, SIGTERM)
      // It writes to its files to its end.
      for _ in 0..<500 where !Process.hasEnded(daemonID) { sleep(milliseconds: 10) }
    }
    _ = try? Process.runToEnd("/bin/rm", arguments: ["rm", "-rf", path], environment: [])
  }
}
