internal import Platform

/// The commands by which the runner of GitHub Actions is told what to mask in its log.
///
/// It reads its log line by line, so it is told of each line of a value; of one with
/// fewer than 8 bytes it is not, since it would be hidden in all that the job prints.
/// Other forms, as Base64, it finds out by itself.
///
/// GitLab's runner masks variables of the project, and has no such command but behind an
/// experimental setting; elsewhere the command would print the value to the log.
///
/// Source: GitHub, "Workflow commands", `add-mask`; actions/toolkit, `escapeData`;
/// actions/runner#161 and #1521; gitlab-runner#38464.
enum RunnerMasks {
  private static let command = "::add-mask::"

  /// Throws unless standard output is the log of a job, and nobody's terminal.
  static func requireRunner() throws(ClientError) {
    guard !StandardStream.output.isTerminal else {
      throw ClientError(
        ExitStatus.failed, "--ci github: standard output is a terminal, and would show values",
        hint: "'coffer run --mask' replaces them in what a command prints to a terminal")
    }
    try Console.requireOutput()
    guard Environment.value(of: "GITHUB_ACTIONS") == "true" else {
      throw ClientError(
        ExitStatus.failed,
        "--ci github: no runner of GitHub would take the values, so they would be shown",
        hint: "a job of GitHub Actions has GITHUB_ACTIONS=true in its environment")
    }
  }

  /// Prints the commands for all values.
  ///
  /// - Parameter values: Those of a run.
  /// - Throws: ``ClientError`` if they could not be written.
  static func print(_ values: borrowing ObtainedValues) throws(ClientError) {
    var text = SecretBuffer()
    // A command counts only at the beginning of a line.
    try text.append("\n")
    try values.forEachKey { (key, value) throws(ClientError) -> Void in
      let count = text.count
      try ValueForms.forEachLine(of: value) { (line) throws(ClientError) -> Void in
        try append(line, to: &text)
      }
      guard text.count == count else { return }
      Console.note(
        "\(key): the value has no line of \(ValueForms.minimumByteCount) bytes,"
          + " so it is not masked")
    }
    try Console.print(secret: text)
  }

  private static func append(
    _ line: Span<UInt8>, to text: inout SecretBuffer
  ) throws(ClientError) {
    try text.append(command.utf8.span)
    var start = 0
    for index in line.indices where line[index] == UInt8(ascii: "%") {
      try text.append(line.extracting(start..<index))
      try text.append("%25")
      start = index + 1
    }
    try text.append(line.extracting(start..<line.count))
    try text.append("\n")
  }
}
