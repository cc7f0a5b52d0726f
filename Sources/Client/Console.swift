internal import Platform
internal import Wire

// The rules of the interface:
//
// - Standard output carries what was asked for, and nothing else.
// - Everything else goes to standard error: `coffer: what happened`, and what to
//   do next as `coffer: hint: ...`; lowercase, without a full stop.
// - What a person types secretly goes over the terminal itself, never over the
//   standard streams, and is not shown.
// - What a peer or a file supplied is printed without control characters.

/// What the client says.
enum Console {
  static func note(_ message: String) {
    StandardStream.error.write("coffer: \(PrintableText.line(message))\n")
  }

  static func hint(_ hint: String) {
    StandardStream.error.write("coffer: hint: \(PrintableText.line(hint))\n")
  }

  static func report(_ error: ClientError) {
    note(error.message)
    if let hint = error.hint { Self.hint(hint) }
  }

  /// Prints lines to standard output.
  ///
  /// Throws if they could not be written, as to a full disk: output that was
  /// asked for and is cut must not look whole.
  static func print(_ lines: [String]) throws(ClientError) {
    try print(text: lines.map { PrintableText.withoutControls($0) + "\n" }.joined())
  }

  /// Prints a table, in colour on a terminal.
  ///
  /// - Parameters:
  ///   - lines: A header, unless it is told, and rows.
  ///   - header: The line whose words stand above the columns.
  /// - Throws: As ``print(_:)-([String])`` does.
  static func printTable(_ lines: [String], under header: String? = nil) throws(ClientError) {
    let lines = lines.map(PrintableText.withoutControls)
    let painted = Screen.output.painted(lines, under: header ?? lines.first ?? "")
    try print(text: painted.map { $0 + "\n" }.joined())
  }

  /// Prints JSON values, a line each; what steers a terminal is escaped in them.
  static func print(_ values: [JSON]) throws(ClientError) {
    try print(text: values.map { $0.text + "\n" }.joined())
  }

  /// Prints text as it is, in which nothing of a peer's or a file's may steer a
  /// terminal.
  static func print(text: String) throws(ClientError) {
    do throws(Errno) {
      try StandardStream.output.write(text.utf8.span)
    } catch {
      throw .output(error)
    }
  }

  /// Throws unless standard output takes what will be shown only once.
  static func requireOutput() throws(ClientError) {
    guard !StandardStream.output.isWritable else { return }
    throw ClientError(
      ExitStatus.failed, "standard output is closed, so nothing was done",
      hint: "what would be shown only once would be lost")
  }

  /// Prints what holds secrets to standard output, straight from locked memory.
  static func print(secret text: borrowing SecretBuffer) throws(ClientError) {
    do throws(Errno) {
      try text.withBytes { (bytes) throws(Errno) -> Void in
        try StandardStream.output.write(bytes)
      }
    } catch {
      throw .output(error)
    }
  }

  /// Prints a secret and a line end to standard output, straight from locked memory.
  ///
  /// - Parameters:
  ///   - secret: What is shown only this once.
  ///   - loss: What to tell if it could not be written, and what to do then.
  /// - Throws: ``ClientError`` with exit status 1.
  static func print(
    _ secret: borrowing Secret, orTell loss: (message: String, hint: String)
  ) throws(ClientError) {
    // A reader that is gone is a failure to be told, and not the end.
    Signal.brokenPipe.ignore()
    do throws(Errno) {
      try secret.withBytes { (bytes) throws(Errno) -> Void in
        try StandardStream.output.write(bytes)
      }
      try StandardStream.output.write("\n".utf8.span)
    } catch {
      let failure = ClientError.output(error)
      throw ClientError(failure.status, "\(failure.message): \(loss.message)", hint: loss.hint)
    }
  }
}

extension ClientError {
  static func output(_ error: Errno) -> ClientError {
    ClientError(ExitStatus.failed, "standard output: writing failed: \(error)")
  }

  /// No memory for a secret.
  static let outOfMemory = ClientError(ExitStatus.failed, "there is no memory left for a secret")
}
