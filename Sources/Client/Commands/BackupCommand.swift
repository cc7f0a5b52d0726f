internal import Platform
internal import Wire

extension Subcommand {
  static let backup = Subcommand(
    name: "backup", group: .vault,
    synopsis: "backup FILE [options] | backup --check FILE [options]",
    summary: "Writes the whole vault into one encrypted file, or checks one.",
    details: [
      "Asks twice for a passphrase that opens the backup; it need not be one of the",
      "vault's. Others go on using the vault meanwhile. FILE appears when it is whole",
      "and on the disk. '-' writes to standard output.",
      "With --check a backup is read through, without the vault and without a daemon;",
      "it asks for its passphrase. 'coffer restore' makes a vault of it.",
    ],
    options: [
      OptionSpecification("check", "read the backup through, and change nothing"),
      OptionSpecification("key-file", value: "PATH", "what opens it; made if it is not there"),
      OptionSpecification(
        "passphrase-fd", value: "N", "read its passphrase from a descriptor"),
      OptionSpecification("replace", "take the place of FILE if it is there"),
      systemOption, waitOption,
    ],
    wordCount: 1...1, asksForSecret: true,
    examples: ["coffer backup vault.backup", "coffer backup --check vault.backup"]
  ) { arguments throws(ClientError) in
    try arguments.exclude(["key-file", "passphrase-fd"])
    if arguments.has("check") { return try checkBackup(arguments) }
    try makeBackup(arguments.words[0], arguments)
    return ExitStatus.done
  }

  // MARK: Making

  private static func makeBackup(
    _ path: String, _ arguments: Arguments
  ) throws(ClientError) {
    let answers = SecretAnswers(
      present: SecretSources(arguments), new: SecretSources(arguments), newObject: "the backup")
    if path == "-" {
      try requirePipe()
    } else {
      try BackupFile.checkPlace(path, replaces: arguments.has("replace"))
    }
    let dialogue = try Dialogue(arguments)
    let command = Command(.backup, options: answers.newKeyFileFlag)
    do throws(ClientError) {
      let statuses =
        path == "-"
        ? try printBackup(command, answers, dialogue)
        : try writeBackup(
          command, answers, dialogue, to: path, replaces: arguments.has("replace"))
      answers.noteMadeKeyFiles(opening: "the backup")
      announce(statuses, path)
    } catch {
      answers.noteLeftKeyFiles()
      throw error
    }
  }

  private static func requirePipe() throws(ClientError) {
    try Console.requireOutput()
    guard StandardStream.output.isTerminal else { return }
    throw .usage(
      "standard output is a terminal, and a backup is no text",
      hint: "as in 'coffer backup - | ssh host \"cat > vault.backup\"'")
  }

  private static func printBackup(
    _ command: Command, _ answers: SecretAnswers, _ dialogue: Dialogue
  ) throws(ClientError) -> [StatusFields] {
    // A reader that is gone is a failure to be told, and not the end.
    Signal.brokenPipe.ignore()
    return try receive(command, answers, dialogue) { bytes throws(ClientError) in
      do throws(Errno) { try StandardStream.output.write(bytes) } catch { throw .output(error) }
    }
  }

  private static func writeBackup(
    _ command: Command, _ answers: SecretAnswers, _ dialogue: Dialogue, to path: String,
    replaces: Bool
  ) throws(ClientError) -> [StatusFields] {
    // It is made only when there is something to be written.
    var file: BackupFile?
    do throws(ClientError) {
      let statuses = try receive(command, answers, dialogue) { bytes throws(ClientError) in
        if file == nil { file = try BackupFile(path, replaces: replaces) }
        try file?.append(bytes)
      }
      guard file != nil else { throw .protocolBroken("it sent no backup") }
      try file?.finish()
      return statuses
    } catch {
      file?.remove()
      throw error
    }
  }

  /// How much of the backup is held at a time.
  private static let pieceByteCount = 8192

  /// Receives a backup piece by piece.
  private static func receive(
    _ command: Command, _ answers: SecretAnswers, _ dialogue: Dialogue,
    _ take: (Span<UInt8>) throws(ClientError) -> Void
  ) throws(ClientError) -> [StatusFields] {
    let connection = dialogue.connection
    var written = 0
    let reply = try connection.showingProgress(of: "writing the backup") {
      () throws(ClientError) in
      try dialogue.ask(command) { step, data throws(ClientError) in
        switch step {
        case .inquiry(let inquiry): try answers.answer(inquiry, on: connection)
        case .data where data.count < pieceByteCount: break
        case .data:
          try data.withBytes(take)
          written += data.count
          connection.progress?.note(Progress.megabytes(written))
          data.removeAll()
        }
      }
    }
    try reply.data.withBytes { (bytes) throws(ClientError) -> Void in
      if !bytes.isEmpty { try take(bytes) }
    }
    return reply.statuses
  }

  private static func announce(_ statuses: [StatusFields], _ path: String) {
    let backup = statuses.first { $0.keywords == ["BACKUP"] }
    let place = path == "-" ? "standard output" : path
    Console.note(
      "wrote \(backup?["keys"] ?? "all") keys, as they were at \(backup?["made"] ?? ""), to \(place)"
    )
    if backup?["certain"] == "no" {
      Console.note("the vault takes no changes, and those of unknown outcome are in the backup")
    }
    guard path != "-" else { return }
    Console.hint("'coffer backup --check \(path)' reads it through")
  }

  // MARK: Checking

  private static func checkBackup(_ arguments: Arguments) throws(ClientError) -> Int32 {
    try arguments.allow(["check", "key-file", "passphrase-fd"], for: "backup --check")
    var options = ["--check", "--backup", try absolute(arguments.words[0])]
    if let path = arguments["key-file"] { options += ["--key-file", try absolute(path)] }
    if let number = arguments["passphrase-fd"] { options += ["--passphrase-fd", number] }
    return try DaemonProgram().run(options)
  }

  private static func absolute(_ path: String) throws(ClientError) -> String {
    guard !path.hasPrefix("/") else { return path }
    guard let directory = Process.workingDirectory else {
      throw ClientError(
        ExitStatus.failed, "\(path): where the working directory is cannot be told",
        hint: "name it by a path that begins with /")
    }
    return directory == "/" ? "/" + path : directory + "/" + path
  }
}
