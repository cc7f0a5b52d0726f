internal import Platform

/// What `coffer run` does so that values stay out of what a command prints.
struct RunMasking {
  /// Whether this process stays, and masks.
  private let masks: Bool

  /// Whether the runner of a CI job is told of the values, to mask them itself.
  private let announces: Bool

  /// - Parameter arguments: Those of the command line.
  /// - Throws: A usage error for options that make no sense together.
  init(_ arguments: Arguments) throws(ClientError) {
    let runner = try arguments["ci"].map { (name) throws(ClientError) in try Runner(named: name) }
    if runner == .gitlab, arguments.has("mask") {
      throw .usage("--mask and --ci gitlab exclude each other", hint: "both do the same")
    }
    masks = arguments.has("mask") || runner == .gitlab
    announces = runner == .github
    if announces, !arguments.has("explain") { try RunnerMasks.requireRunner() }
  }

  /// Runs the command, in this process' place unless its output is masked.
  ///
  /// - Parameters:
  ///   - execution: The command.
  ///   - environment: Its environment.
  ///   - obtained: What it is given, which is wiped before it runs.
  /// - Returns: The exit status of a command whose output was masked.
  /// - Throws: ``ClientError`` if it cannot be executed.
  func run(
    _ execution: CommandExecution, _ environment: consuming EnvironmentBlock,
    _ obtained: consuming Obtained
  ) throws(ClientError) -> Int32 {
    if announces { try RunnerMasks.print(obtained.values) }
    guard masks else { throw execution.run(environment) }
    let patterns = try MaskPatterns.of(obtained.values)
    _ = consume obtained
    var supervisor = try Supervisor(execution, environment, patterns)
    return try supervisor.run()
  }
}

/// A runner of CI jobs.
enum Runner: String {
  case github
  case gitlab

  init(named name: String) throws(ClientError) {
    guard let runner = Runner(rawValue: name) else {
      throw .usage("--ci takes github or gitlab")
    }
    self = runner
  }
}

extension Subcommand {
  static let maskOption = OptionSpecification(
    "mask", "stay, and replace values in what the command prints")

  static let runnerOption = OptionSpecification(
    "ci", value: "RUNNER", "github: tell it what to mask; gitlab: as --mask")
}
