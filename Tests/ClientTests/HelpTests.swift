import Testing
import Wire

@testable import Client

@Suite("Help")
struct HelpTests {
  @Test("the commands of every day fit one screen of 24 lines") func everyday() {
    let lines = Subcommand.everydayOverview
    #expect(lines.count < 24)
    #expect(lines.allSatisfy { $0.count <= 80 })
    for subcommand in Subcommand.all {
      let isListed = lines.contains { $0.hasPrefix("  \(subcommand.name) ") }
      #expect(isListed == (subcommand.group == .everyday), "\(subcommand.name)")
    }
  }

  @Test("the list of commands has each of them, in 80 columns") func overview() {
    let lines = Subcommand.overview
    #expect(lines.allSatisfy { $0.count <= 80 })
    for subcommand in Subcommand.all {
      #expect(lines.contains { $0.hasPrefix("  \(subcommand.name) ") })
    }
  }

  @Test("the manual page has every command, option and variable") func manual() {
    let page = Manual.page.text
    for subcommand in Subcommand.all {
      let name = subcommand.name.map { $0 == "-" ? "\\-" : String($0) }.joined()
      #expect(page.contains("\n.SS coffer \(name)"), "\(subcommand.name)")
      for option in subcommand.options {
        let long = option.long.map { $0 == "-" ? "\\-" : String($0) }.joined()
        #expect(page.contains("\\-\\-\(long)"), "\(subcommand.name) --\(option.long)")
      }
    }
    for (name, _) in Manual.environment { #expect(page.contains("\n\\fB\(name)\\fR\n")) }
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
      #expect(subcommand.examples.count >= 2)
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
