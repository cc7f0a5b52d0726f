import Glibc
import TestSupport

/// The compiler of C that came with Swift.
enum CCompiler {
  /// Where programs are looked for.
  private static let searchPath = getenv("PATH").map { String(cString: $0) }

  /// Nil where it is not on the PATH.
  private static let path: String? = (searchPath ?? "").split(separator: ":")
    .map { "\($0)/clang" }.first { access($0, X_OK) == 0 }

  static var isThere: Bool { path != nil }

  /// Compiles `source`.
  ///
  /// - Parameters:
  ///   - source: C, in one file.
  ///   - output: Where what is made goes.
  ///   - before: Options before the name of the file.
  ///   - behind: Those behind it, as of libraries.
  static func compile(
    _ source: String, to output: String, _ before: [String] = [], behind: [String] = []
  ) {
    let file = output + ".c"
    Files.write(Array(source.utf8), to: file)
    let result = Subprocess.run(
      path ?? "", before + ["-o", output, file] + behind, environment: ["PATH": searchPath ?? ""])
    precondition(result.status == 0, result.errorText)
  }
}
