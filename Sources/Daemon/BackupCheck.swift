internal import Glibc
internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// Reads a backup through, without a vault and without a daemon.
struct BackupCheck {
  private let options: Options.Backup

  init(_ options: Options.Backup) { self.options = options }

  /// How often a person may try.
  private static let tries = 3

  /// A key file or passphrase is no longer.
  private static let secretByteCount = 65_536

  /// Reads the file, and prints what is in it.
  ///
  /// - Returns: The exit status.
  func run() -> Int32 {
    do throws(StoreError) {
      let bytes = try contents()
      try Backup.checkOuterForm(bytes)
      guard let summary = try check(bytes) else {
        print(
          Finding(
            .files, .unknown, "\(options.path) looks like a backup, and was not opened",
            hint: "run it on a terminal, or name its secret with --key-file or --passphrase-fd"))
        return Daemon.ExitStatus.failed
      }
      print(Finding(.files, .ok, "\(options.path) is whole: \(summary.text)"))
      return Daemon.ExitStatus.done
    } catch {
      report(error)
      return Daemon.ExitStatus.failed
    }
  }

  /// What is in the backup; nil if there is nobody to ask for its secret.
  private func check(_ bytes: [UInt8]) throws(StoreError) -> Backup.Summary? {
    if let secret = try namedSecret() { return try Backup.check(bytes, secret: secret) }
    var left = Self.tries
    while true {
      do throws(StoreError) {
        guard let secret = typedSecret() else { return nil }
        return try Backup.check(bytes, secret: secret)
      } catch {
        left -= 1
        guard case .wrongSecret = error, left > 0 else { throw error }
        report(error)
      }
    }
  }

  private func report(_ error: StoreError) {
    let namesPath = error.message.hasPrefix("\(options.path): ")
    Log.note(namesPath ? error.message : "\(options.path): \(error.message)")
    Log.hint(error.hint)
  }

  private func print(_ finding: Finding) {
    StandardStream.output.write(finding.lines.map { $0 + "\n" }.joined())
  }

  private func contents() throws(StoreError) -> [UInt8] {
    let bytes = try reading(options.path) { () throws(Errno) in
      let file = try FileDescriptor.open(options.path, flags: O_RDONLY | O_NONBLOCK)
      return try file.readAll(limit: Backup.maximumByteCount)
    }
    guard let bytes else {
      throw Backup.tooLong
    }
    return bytes
  }

  // MARK: The secret

  /// What the options name to open the backup with; nil if it is to be asked for.
  private func namedSecret() throws(StoreError) -> UnlockSecret? {
    if let path = options.keyFilePath {
      let contents = try reading(path) { () throws(Errno) in
        let file = try FileDescriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
        return try Secret.read(file, limit: Self.secretByteCount)
      }
      return try contents.withBytes { (bytes) throws(StoreError) in
        try UnlockSecret(.keyFile, copying: bytes)
      }
    }
    if let descriptor = options.passphraseDescriptor {
      let passphrase = try reading("descriptor \(descriptor)") { () throws(Errno) in
        guard fcntl(descriptor, F_GETFD) != -1 else { throw Errno.current }
        return try Secret.read(
          FileDescriptor(owning: descriptor), limit: Self.secretByteCount)
      }
      return try Self.unlockSecret(passphrase)
    }
    return nil
  }

  /// The passphrase that a person types; nil if there is nobody, or nothing is typed.
  private func typedSecret() -> UnlockSecret? {
    guard let terminal = try? Terminal() else { return nil }
    do throws(TerminalError) {
      let typed = try terminal.readSecret(
        prompt: "Passphrase of the backup: ", limit: Self.secretByteCount)
      return try? Self.unlockSecret(typed)
    } catch {
      return nil
    }
  }

  /// A passphrase without an only line end.
  private static func unlockSecret(
    _ passphrase: borrowing Secret
  ) throws(StoreError) -> UnlockSecret {
    try passphrase.withBytes { (bytes) throws(StoreError) in
      let isLine = bytes.indices.first { bytes[$0] == 0x0A } == bytes.count - 1
      let end = isLine && bytes.count > 0 ? bytes.count - 1 : bytes.count
      return try UnlockSecret(.passphrase, copying: bytes.extracting(0..<end))
    }
  }

  private func reading<Result: ~Copyable>(
    _ file: String, _ body: () throws(Errno) -> Result
  ) throws(StoreError) -> Result {
    do throws(Errno) { return try body() } catch {
      throw .failed(file: file, operation: "reading", error)
    }
  }
}

extension Backup.Summary {
  fileprivate var text: String {
    let counts = [
      Self.text(keys, "key") + " with " + Self.text(values, "value"), Self.text(users, "user"),
      Self.text(workspaces, "workspace"),
    ]
    return "organization \(organization), made \(made.rfc3339), "
      + counts.joined(separator: ", ")
  }

  private static func text(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)" + (count == 1 ? "" : "s")
  }
}
