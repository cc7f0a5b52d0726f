internal import Glibc
internal import Platform

/// What benchmarks are run on: the programs, a place for files, and where figures go.
final class Workbench {
  let options: BenchmarkOptions
  let belongings: Belongings

  /// The directory of coffer and cofferd.
  let programs: String
  private var missing: Set<String> = []
  private(set) var figures: [Figure] = []

  /// Where programs are looked for.
  static let path = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"

  /// How much of what a program says is read.
  private static let outputLimit = 1 << 20

  /// - Throws: ``BenchmarkError`` if there are no programs, or no place.
  init(_ options: BenchmarkOptions) throws(BenchmarkError) {
    self.options = options
    // Not by `??`, whose right side forgets what it throws.
    if let told = options.programs { programs = told } else { programs = try Self.build() }
    for name in ["coffer", "cofferd"] where !Self.isThere("\(programs)/\(name)") {
      throw BenchmarkError(
        "\(programs)/\(name): not found", hint: "'bash systemd/build.sh DIR' puts both into DIR")
    }
    belongings = try Belongings(in: options.directory)
  }

  var directory: String { belongings.directory }

  /// What programs are run with.
  var environment: [String] { ["PATH=\(Self.path)", "HOME=\(directory)", "LANG=C.UTF-8"] }

  /// How many rounds there are, unless told.
  func rounds(_ usual: Int) -> Int { options.rounds ?? usual }

  /// Whether so little time is given that figures cannot be meant: then things are
  /// smaller as well.
  var isTrial: Bool { options.milliseconds < Self.trialMilliseconds }

  private static let trialMilliseconds = 100

  // MARK: Programs

  /// Builds the programs that are shipped.
  private static func build() throws(BenchmarkError) -> String {
    let script = "systemd/build.sh"
    guard let root = Process.workingDirectory, isThere("\(root)/\(script)") else {
      throw BenchmarkError(
        "\(script): not found from here",
        hint: "run it at the top of the package, or tell the programs with --programs DIR")
    }
    let directory = root + "/.build/benchmarked"
    let home = Environment.value(of: "HOME") ?? "/"
    let status = try attempting(script) { () throws(Errno) in
      try Process.runToEnd(
        "/usr/bin/env", arguments: ["env", "bash", script, directory],
        environment: [
          "PATH=\(Environment.value(of: "PATH") ?? Self.path)", "HOME=\(home)",
        ], outputIsError: true)
    }
    guard status == 0 else { throw BenchmarkError("\(script) \(directory): failed") }
    return directory
  }

  private static func isThere(_ path: String) -> Bool {
    let status = try? FileStatus.ofFile(at: path, followsLinks: true)
    return status != nil
  }

  /// Looks for a program of the system; says once what is missing.
  ///
  /// - Parameters:
  ///   - name: The program.
  ///   - package: The package of Debian that it comes with.
  /// - Returns: Its path; nil if it is not installed.
  func find(_ name: String, package: String) -> String? {
    let paths = Self.path.split(separator: ":").map { "\($0)/\(name)" }
    if let path = paths.first(where: Self.isThere) { return path }
    if missing.insert(name).inserted {
      StandardStream.error.write(
        "benchmarks: \(name) is missing, and so is what is measured with it: "
          + "apt-get install \(package)\n")
    }
    return nil
  }

  /// Runs a program to its end.
  ///
  /// - Parameters:
  ///   - words: The program's path and its arguments.
  ///   - variables: `NAME=value` entries besides ``environment``.
  ///   - input: What it reads from standard input.
  /// - Returns: What it has written to standard output.
  /// - Throws: ``BenchmarkError`` if it failed, with what it said.
  @discardableResult
  func output(
    of words: [String], variables: [String] = [], input: String = ""
  ) throws(BenchmarkError) -> String {
    let errors = directory + "/errors"
    let script = #"printf %s "$INPUT" | "$@" 2>"$ERRORS""#
    let environment = environment + variables + ["INPUT=\(input)", "ERRORS=\(errors)"]
    let result = try attempting(words[0]) { () throws(Errno) in
      try Process.outputOfRun(
        "/bin/sh", arguments: ["sh", "-c", script, "sh"] + words, environment: environment,
        limit: Self.outputLimit)
    }
    guard result.status == 0 else {
      throw BenchmarkError("\(words.prefix(3).joined(separator: " ")): \(Self.text(of: errors))")
    }
    return String(decoding: result.output, as: UTF8.self)
  }

  /// What a small file holds; empty if it cannot be read.
  static func text(of path: String) -> String {
    guard let file = try? FileDescriptor.open(path, flags: O_RDONLY),
      let bytes = try? file.readAll(limit: outputLimit)
    else { return "" }
    return String(decoding: bytes, as: UTF8.self)
  }

  // MARK: Figures

  /// Takes a figure, and prints it.
  ///
  /// - Returns: The same.
  @discardableResult
  func report(_ figure: Figure) -> Figure {
    if !options.isJSON, figures.last?.benchmark != figure.benchmark {
      StandardStream.output.write("\n\(figure.benchmark)\n")
    }
    figures.append(figure)
    StandardStream.output.write((options.isJSON ? figure.json : figure.row) + "\n")
    return figure
  }

  /// Prints what has a goal once more, as a table in Markdown.
  func reportGoals() {
    let figures = figures.filter { $0.goal != nil }
    guard !options.isJSON, !figures.isEmpty else { return }
    StandardStream.output.write("\n| what | measured | goal | reached |\n|---|---|---|---|\n")
    for figure in figures { StandardStream.output.write(figure.goalRow + "\n") }
  }
}
