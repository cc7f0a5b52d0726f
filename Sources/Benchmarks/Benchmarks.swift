internal import Platform

/// The benchmark program: figures for the README, as ratios against peers that
/// are measured in the same run.
@main
enum Benchmarks {
  private static let usage = """
    Usage: Benchmarks startup DIR [ROUNDS]
           Benchmarks load DIR [--seconds N] [--clients N] [--no-abuse] [--system]

      startup   how long a command takes from its start to its end: plain, with
                'chpst -e' (package runit), and with 'coffer run'
      load      what good clients get, alone and beside abusers: lines that never
                end, answers that nobody reads, connections by the hundred, endless
                data, wrong passphrases, rubbish, clients that die. Each answer is
                looked at; a wrong one is an error, and the exit status then 1

    DIR holds coffer and cofferd, as 'bash systemd/build.sh DIR' puts them there.
    The figures of startup are medians of ROUNDS rounds (300 unless told), in each of
    which every way has its turn, so that a change of the machine's speed hits all.
    64 clients ask for 60 seconds each time, unless told. With --system, as root, the
    daemon serves all uids, and each kind of abuser has one of its own.

    """

  static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    guard let status = run(arguments.first ?? "", arguments.dropFirst()) else {
      StandardStream.error.write(usage)
      Process.exit(2)
    }
    Process.exit(status)
  }

  /// - Returns: The exit status; nil if that is not how it is called.
  private static func run(_ name: String, _ arguments: ArraySlice<String>) -> Int32? {
    var rest = arguments
    // Not for people: what `load` starts.
    if name == "abuse" { return abuse(Array(rest)) }
    guard let directory = rest.popFirst(), directory.hasPrefix("/") else { return nil }
    switch name {
    case "startup":
      guard rest.count <= 1, let rounds = Int(rest.first ?? "300"), rounds > 0 else { return nil }
      return StartUp(programs: directory, rounds: rounds).run()
    case "requests": return Requests(programs: directory, milliseconds: 2000).run()
    case "load":
      return Load.Options(rest).map { Load(programs: directory, options: $0).run() }
    case _: return nil
    }
  }

  private static func abuse(_ arguments: [String]) -> Int32? {
    guard arguments.count == 3, let kind = LoadAbuser.Kind(rawValue: arguments[0]),
      let seconds = Int64(arguments[2])
    else { return nil }
    LoadAbuser(kind: kind, socketPath: arguments[1], seconds: seconds).run()
  }
}
