internal import Client
internal import Platform

@main
enum Coffer {
  static func main() {
    Process.exit(Client.run(ProgramArguments.all))
  }
}
