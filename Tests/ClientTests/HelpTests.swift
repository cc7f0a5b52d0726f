import Testing

@testable import Client

@Suite("Help")
struct HelpTests {
  @Test("the list of commands fits one screen of 48 lines") func overview() {
    let lines = Subcommand.overview
    #expect(lines.count < 48)
    #expect(lines.allSatisfy { $0.count <= 80 })
    for subcommand in Subcommand.all {
      #expect(lines.contains { $0.hasPrefix("  \(subcommand.name) ") })
    }
  }

  @Test("every group has its commands, in the order of the list") func groups() {
    let groups = Subcommand.all.map(\.group)
    for group in Subcommand.Group.allCases { #expect(groups.contains(group)) }
    let order = groups.compactMap { Subcommand.Group.allCases.firstIndex(of: $0) }
    #expect(order == order.sorted())
  }

  @Test("no two commands have one name") func names() {
    #expect(Set(Subcommand.all.map(\.name)).count == Subcommand.all.count)
  }

  @Test("the help of every command fits 80 columns, and has examples")
  func columns() {
    for subcommand in Subcommand.all {
      #expect(!subcommand.examples.isEmpty)
      for line in subcommand.help {
        #expect(line.count <= 80, "\(subcommand.name): \(line)")
      }
    }
  }

  @Test("no command has one option twice") func options() {
    for subcommand in Subcommand.all {
      let options = subcommand.options + Subcommand.commonOptions
      #expect(Set(options.map(\.long)).count == options.count, "\(subcommand.name)")
      let letters = options.compactMap(\.short)
      #expect(Set(letters).count == letters.count, "\(subcommand.name)")
    }
  }

  @Test("what could be a secret is never explained to be an argument") func secrets() {
    for name in [
      "create", "import", "rotate", "replace", "verify", "burn", "init", "unlock", "slot", "rekey",
      "backup", "restore",
    ] {
      let subcommand = Subcommand.all.first { $0.name == name }
      #expect(subcommand?.asksForSecret == true, "\(name)")
    }
  }
}
