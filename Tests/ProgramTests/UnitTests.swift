import Glibc
import Platform
import TestSupport
import Testing

/// The units, as systemd-analyze reads them.
@Suite(
  "Units",
  .enabled(if: Programs.find("systemd-analyze") != nil, "needs systemd-analyze"))
struct UnitTests {
  let directory = TemporaryDirectory()

  init() {
    for name in ["usr", "usr/local", "usr/local/bin", "etc", "etc/systemd", "etc/systemd/system"] {
      mkdir(directory.path(name), 0o755)
    }
    Files.write([], to: directory.path("usr/local/bin/cofferd"), mode: 0o755)
    // Those that every unit wants, and a tree without systemd has not.
    for unit in ["sysinit.target", "basic.target", "shutdown.target", "sockets.target"] {
      Files.write(Array("[Unit]\n".utf8), to: units + "/" + unit)
    }
  }

  var units: String { directory.path("etc/systemd/system") }

  func analyze(_ arguments: String...) -> Subprocess.Result {
    Subprocess.run(
      Programs.find("systemd-analyze") ?? "", arguments + ["--root=\(directory.path)"],
      environment: ["PATH": "/usr/bin:/bin"])
  }

  /// A set of units, and how exposed the service may be, in tenths.
  struct UnitSet: CustomTestStringConvertible, Sendable {
    let directory: String
    let withoutDropIns: Bool
    let exposure: Int
    var testDescription: String { "\(directory), \(withoutDropIns ? "plain" : "complete")" }
  }

  static let sets = [
    UnitSet(directory: "system", withoutDropIns: false, exposure: 4),
    UnitSet(directory: "user", withoutDropIns: true, exposure: 49),
    UnitSet(directory: "user", withoutDropIns: false, exposure: 29),
  ]

  func install(_ set: UnitSet) -> [String] {
    let source = HouseTests.root + "systemd/" + set.directory
    let names = Files.names(in: source).filter { !set.withoutDropIns || !$0.hasSuffix(".d") }
    for name in names {
      if name.hasSuffix(".d") {
        Files.copyTree(source + "/" + name, to: units + "/" + name)
      } else {
        let text = String(decoding: Files.read(source + "/" + name), as: UTF8.self)
          .split(separator: "\n").map {
            $0.hasPrefix("ExecStart=%h") ? "ExecStart=/usr/local/bin/cofferd" : String($0)
          }
        Files.write(Array(text.joined(separator: "\n").utf8), to: units + "/" + name)
      }
    }
    return names.filter { !$0.hasSuffix(".d") }
  }

  @Test("systemd knows every key and value in them", arguments: sets)
  func verify(set: UnitSet) {
    let names = install(set)
    #expect(names.count >= 2)
    for name in names {
      let result = analyze("verify", "--man=no", name)
      #expect(result.status == 0 && result.outputText + result.errorText == "", "\(name)")
    }
    // It would say so.
    Files.write(
      Files.read(units + "/cofferd.service") + Array("\nMemoryZSwapMaximum=0\n".utf8),
      to: units + "/cofferd.service")
    #expect(analyze("verify", "--man=no", "cofferd.service").errorText.contains("Unknown key"))
  }

  @Test("the services are no more exposed than they must be", arguments: sets)
  func exposure(set: UnitSet) {
    _ = install(set)
    let result = analyze(
      "security", "--offline=true", "--threshold=\(set.exposure)", "cofferd.service")
    #expect(result.status == 0, "\(result.line.split(separator: "\n").last ?? "")")
    #expect(result.outputText.contains("Overall exposure level for cofferd.service"))
  }
}
