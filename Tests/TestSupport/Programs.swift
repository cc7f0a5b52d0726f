import Glibc
import Platform

/// The built programs.
package enum Programs {
  /// Where they are: what `COFFER_TEST_PROGRAMS` names, else beside the tests.
  package static let directory: String = {
    if let path = Environment.value(of: "COFFER_TEST_PROGRAMS"), !path.isEmpty { return path }
    let bundle = CommandLine.arguments.first { $0.contains(".xctest") }
    guard let bundle, let end = bundle.range(ofSuffixFrom: ".xctest") else {
      preconditionFailure("set COFFER_TEST_PROGRAMS to where coffer and cofferd are")
    }
    return end
  }()

  /// Whether these are the programs that `systemd/build.sh` makes.
  package static var areShipped: Bool {
    Environment.value(of: "COFFER_TEST_PROGRAMS")?.isEmpty == false
  }

  package static var client: String { directory + "/coffer" }
  package static var daemon: String { directory + "/cofferd" }

  /// The path of a program of the system; nil if it is not installed.
  package static func find(_ name: String) -> String? {
    for directory in ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"] {
      let path = directory + "/" + name
      if access(path, X_OK) == 0 { return path }
    }
    return nil
  }

  package static var isRoot: Bool { geteuid() == 0 }

  /// Whether a running daemon can be traced, although it keeps others out.
  package static var canTrace: Bool { isRoot && find("strace") != nil }
}

extension String {
  /// The directory of the path whose last component holds `marker`.
  fileprivate func range(ofSuffixFrom marker: String) -> String? {
    let components = split(separator: "/", omittingEmptySubsequences: false)
    guard let index = components.firstIndex(where: { $0.hasSuffix(marker) }) else { return nil }
    return components[..<index].joined(separator: "/")
  }
}
