internal import Daemon
internal import Platform

@main
enum Cofferd {
  static func main() {
    Process.exit(Daemon.run())
  }
}
