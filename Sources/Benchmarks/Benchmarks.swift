internal import Platform

/// The benchmark program: figures for the README, as ratios against peers that
/// are measured in the same run.
@main
enum Benchmarks {
  private static let usage = """
    Usage: Benchmarks startup DIR [ROUNDS]

      startup   how long a command takes from its start to its end: plain, with
                'chpst -e' (package runit), and with 'coffer run'

    DIR holds coffer and cofferd, as 'bash systemd/build.sh DIR' puts them there.
    The figures are medians of ROUNDS rounds (300 unless told), in each of which
    every way has its turn, so that a change of the machine's speed hits all.

    """

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count >= 2, arguments[0] == "startup", arguments[1].hasPrefix("/"),
      let rounds = arguments.count == 3 ? Int(arguments[2]) : 300, rounds > 0
    else {
      StandardStream.error.write(usage)
      Process.exit(2)
    }
    Process.exit(StartUp(programs: arguments[1], rounds: rounds).run())
  }
}
