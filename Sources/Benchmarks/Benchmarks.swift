internal import Platform

/// The benchmark program: figures for the README, as ratios against peers that
/// are measured in the same run.
@main
enum Benchmarks {
  private static let usage = """
    Usage: benchmarks [NAME...] [OPTION...]
           benchmarks load [--programs DIR] [--seconds N] [--clients N] [--no-abuse]
                           [--system]

      run         what 'coffer run' adds to a command, beside others that put secrets
                  into an environment
      requests    requests a second and how long they take, beside Redis
      writes      durable changes, beside a bare append and SQLite
      latency     how long ENV takes while other work goes on, beside none
      scale       how 100, 10,000 and 100,000 keys differ
      daemon      how long the daemon starts, and what it takes while nobody asks
      mask        how much 'coffer mask' lets through, beside 'cat'
      scan        how much 'coffer scan' searches, beside 'grep'
      load        what good clients get, alone and beside abusers: lines that never
                  end, answers that nobody reads, connections by the hundred, endless
                  data, wrong passphrases, rubbish, clients that die. Each answer is
                  looked at; a wrong one is an error, and the exit status then 1

      --programs DIR    the directory of coffer and cofferd; without it both are built
                        by 'bash systemd/build.sh .build/benchmarked'
      --directory DIR   where vaults are made, on a disk and not in memory, since
                        writes are measured (default: /var/tmp)
      --rounds N        how often each thing is measured
      --milliseconds N  how long requests are made each time (default: 500)
      --keys N          the largest vault of scale (default: 100000)
      --json            one JSON object a line, for each figure
      --svg FILE        draw the ratios; a goal is marked

    Without a NAME all but load are run. Each figure is the median of its rounds, with
    the values above and below which nine of ten lie; in each round everything has its
    turn, forwards and backwards, so that a change of the machine's speed hits all. The
    ratio to the peer, the median of those of the rounds, stands last. What is started
    for it is ended, also when this program is interrupted.

    With load, 64 clients ask for 60 seconds each time, unless told. With --system, as
    root, the daemon serves all uids, and each kind of abuser has one of its own.

    """

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do throws(BenchmarkError) {
      Process.exit(try run(arguments))
    } catch {
      error.tell()
      Process.exit(1)
    }
  }

  /// - Returns: The exit status.
  private static func run(_ arguments: [String]) throws(BenchmarkError) -> Int32 {
    switch arguments.first {
    case "--help":
      StandardStream.output.write(usage)
      return 0
    case "load": return try load(arguments.dropFirst())
    // These two are not for people: what this program starts of itself.
    case "abuse": return abuse(Array(arguments.dropFirst()))
    case "guard": return guardEnd(Array(arguments.dropFirst()))
    case _: return try measure(arguments)
    }
  }

  private static func measure(_ arguments: [String]) throws(BenchmarkError) -> Int32 {
    let parsed = parsed { () throws(BenchmarkError) in try BenchmarkOptions(arguments) }
    guard let options = parsed else { return 2 }
    let bench = try Workbench(options)
    defer { bench.belongings.endAll() }
    for name in options.names { try name.run(on: bench) }
    bench.reportGoals()
    if let path = options.picture { try Picture(bench.figures).write(to: path) }
    return 0
  }

  private static func load(_ arguments: ArraySlice<String>) throws(BenchmarkError) -> Int32 {
    let parsed = parsed { () throws(BenchmarkError) in try Load.Options(arguments) }
    guard let options = parsed else { return 2 }
    let bench = try Workbench(options.bench)
    defer { bench.belongings.endAll() }
    return try Load(bench, options).run()
  }

  /// What a command line says; nil, and a word about it, if it is wrong.
  private static func parsed<Options>(
    _ parse: () throws(BenchmarkError) -> Options
  ) -> Options? {
    do throws(BenchmarkError) { return try parse() } catch {
      error.tell()
      return nil
    }
  }

  private static func abuse(_ arguments: [String]) -> Int32 {
    guard arguments.count == 3, let kind = LoadAbuser.Kind(rawValue: arguments[0]),
      let seconds = Int64(arguments[2])
    else { return 2 }
    LoadAbuser(kind: kind, socketPath: arguments[1], seconds: seconds).run()
  }

  private static func guardEnd(_ arguments: [String]) -> Int32 {
    guard arguments.count == 2, let process = Int32(arguments[0]) else { return 2 }
    return Belongings.guardEnd(of: process, directory: arguments[1])
  }
}
