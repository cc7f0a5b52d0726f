import TestSupport

/// Functions that a program finds before those of the C library.
struct PreloadedLibrary {
  static var isPossible: Bool { CCompiler.isThere }

  /// Where it is, for the loader.
  let path: String

  /// Compiles `source`, which is C.
  init(_ source: String, in directory: TemporaryDirectory) {
    path = directory.path("library.so")
    CCompiler.compile(source, to: path, ["-shared", "-fPIC"])
  }
}
