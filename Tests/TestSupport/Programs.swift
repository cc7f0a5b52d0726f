import Glibc
import Platform

/// The built programs.
package enum Programs {
  /// Where they are: what `COFFER_TEST_PROGRAMS` names, else beside the tests.
  package static let directory: String = {
    if let path = Environment.value(of: "COFFER_TEST_PROGRAMS"), !path.isEmpty { return path }
    guard let besideTests else {
      preconditionFailure("set COFFER_TEST_PROGRAMS to where coffer and cofferd are")
    }
    return besideTests
  }()

  /// Where the tests are, and what was built with them.
  private static let besideTests = CommandLine.arguments.first { $0.contains(".xctest") }?
    .range(ofSuffixFrom: ".xctest")

  /// Whether these are the programs that `systemd/build.sh` makes.
  package static var areShipped: Bool {
    Environment.value(of: "COFFER_TEST_PROGRAMS")?.isEmpty == false
  }

  package static var client: String { directory + "/coffer" }
  package static var daemon: String { directory + "/cofferd" }

  /// The benchmark program, which is not shipped; nil where it is not beside the tests.
  package static var benchmarks: String? {
    guard let path = besideTests.map({ $0 + "/benchmarks" }), access(path, X_OK) == 0 else {
      return nil
    }
    return path
  }

  /// The path of a program of the system; nil if it is not installed.
  package static func find(_ name: String) -> String? {
    for directory in ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"] {
      let path = directory + "/" + name
      if access(path, X_OK) == 0 { return path }
    }
    return nil
  }

  package static var isRoot: Bool { geteuid() == 0 }

  /// What loads programs that are linked dynamically.
  package static var loader: String {
    ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"]
      .first { access($0, X_OK) == 0 } ?? ""
  }

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
