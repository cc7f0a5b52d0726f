internal import Platform
internal import Wire

/// The program `coffer`.
package enum Client {
  /// Runs the program to its end.
  ///
  /// - Parameter arguments: Those behind the program's name.
  /// - Returns: The exit status.
  package static func run(_ arguments: [[UInt8]]) -> Int32 {
    // Memory that holds a value on its way is nobody else's to read; the command
    // that is executed starts with the usual setting again.
    try? Process.denyInspection()
    do throws(ClientError) {
      try attempting("/dev/null: opening it in place of a closed stream") { () throws(Errno) in
        try Process.occupyStandardStreams()
      }
      return try perform(arguments)
    } catch {
      Console.report(error)
      return error.status
    }
  }

  private static func perform(_ arguments: [[UInt8]]) throws(ClientError) -> Int32 {
    guard let word = arguments.first.map({ String(decoding: $0, as: UTF8.self) }) else {
      try Console.print(Subcommand.everydayOverview)
      return ExitStatus.done
    }
    let rest = Array(arguments.dropFirst())
    switch word {
    case "--help", "-h": return try Subcommand.help.perform(rest)
    case "--version": return try Subcommand.version.perform(rest)
    case RunDirectory.keeperWord: return RunDirectory.keep(rest)
    case _: break
    }
    guard let subcommand = subcommand(named: word) else { throw unknown(word) }
    do throws(ClientError) {
      return try subcommand.perform(rest)
    } catch {
      // The status of a command substitution is lost in 'eval "$(coffer env)"'.
      if subcommand.isEvaluated, !StandardStream.output.isTerminal {
        try? Console.print(["false"])
      }
      guard subcommand.endsAtFirstWord else { throw error }
      throw ClientError(error.runStatus, error.message, hint: error.hint)
    }
  }

  /// The command of that name; who runs one is not to wait until all others are made.
  private static func subcommand(named word: String) -> Subcommand? {
    word == Subcommand.run.name ? .run : Subcommand.all.first { $0.name == word }
  }

  private static func unknown(_ word: String) -> ClientError {
    let shown = PrintableText.object(word)
    let names = Subcommand.all.map(\.name)
    let kind = word.hasPrefix("-") ? "unknown option" : "unknown command"
    let hint =
      Suggestion.command(for: word, among: names).map { "did you mean 'coffer \($0)'?" }
      ?? "'coffer help' lists the commands"
    return .usage("\(kind) \(shown)", hint: hint)
  }
}
