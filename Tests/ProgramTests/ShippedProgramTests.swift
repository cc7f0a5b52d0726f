import Glibc
import Platform
import TestSupport
import Testing

/// What `systemd/build.sh` makes, where the tests are told of it.
@Suite("Shipped programs", .enabled(if: Programs.areShipped, "only with COFFER_TEST_PROGRAMS"))
struct ShippedProgramTests {
  @Test("coffer is static, position-independent and stripped") func client() throws {
    let file = Subprocess.run(try #require(Programs.find("file")), ["-b", Programs.client])
    #expect(file.outputText.contains("pie executable"))
    #expect(file.outputText.contains("static-pie linked"))
    let ldd = Subprocess.run(
      try #require(Programs.find("ldd")), [Programs.client], environment: ["PATH": "/usr/bin:/bin"])
    #expect(ldd.outputText.contains("statically linked"))
  }

  @Test("coffer has no cipher, no hash and no Foundation in it") func clientHasNothing() {
    let bytes = Files.read(Programs.client)
    for word in ["crypto_aead", "sodium_", "libsodium", "10Foundation", "Argon2"] {
      #expect(SecretSearch(Array(word.utf8)).found(in: bytes).contains("plain") == false, "\(word)")
    }
  }

  @Test("cofferd has the Swift runtime in it, and the system's libsodium") func daemon() throws {
    let file = Subprocess.run(try #require(Programs.find("file")), ["-b", Programs.daemon])
    #expect(file.outputText.contains("pie executable"))
    #expect(file.outputText.contains("dynamically linked"))
    let ldd = Subprocess.run(
      try #require(Programs.find("ldd")), [Programs.daemon], environment: ["PATH": "/usr/bin:/bin"])
    #expect(ldd.outputText.contains("libsodium.so"))
    for library in ["libswift", "libFoundation", "libdispatch", "not found"] {
      #expect(!ldd.outputText.contains(library), "\(library)")
    }
  }
}

/// Rules for the whole tree that no compiler holds.
@Suite("House rules")
struct HouseTests {
  /// The root of the package.
  static let root = #filePath.components(before: "Tests")

  /// All files below a directory of the package, with their text.
  static func files(in directory: String, ending: String) -> [(path: String, text: String)] {
    Files.names(in: root + directory).flatMap { name -> [(String, String)] in
      let path = directory + "/" + name
      if name.hasSuffix(ending) {
        return [(path, String(decoding: Files.read(root + path), as: UTF8.self))]
      }
      return files(in: path, ending: ending)
    }
  }

  static func lines(_ text: String) -> [Substring] {
    text.split(separator: "\n", omittingEmptySubsequences: false)
  }

  @Test("nothing that is shipped imports Foundation") func foundation() {
    let files = Self.files(in: "Sources", ending: ".swift")
    #expect(files.count > 50)
    for (path, text) in files {
      #expect(!text.contains("import Foundation"), "\(path)")
    }
  }

  @Test("the environment is never changed: that leaves copies of what it is given")
  func environmentStays() {
    for ending in [".swift", ".c", ".h"] {
      for (path, text) in Self.files(in: "Sources", ending: ending) {
        let code = Self.lines(text).filter { !$0.contains("//") }.joined(separator: "\n")
        for call in ["setenv(", "putenv(", "clearenv("] {
          #expect(!code.contains(call), "\(path): \(call)")
        }
      }
    }
  }

  @Test("`unsafe` stands in Platform and Sodium only") func unsafe() {
    for (path, text) in Self.files(in: "Sources", ending: ".swift") {
      guard !path.hasPrefix("Sources/Platform/"), !path.hasPrefix("Sources/Sodium/") else {
        continue
      }
      let code = Self.lines(text).filter { !$0.contains("//") }.joined(separator: "\n")
      #expect(!code.contains("unsafe "), "\(path)")
      #expect(!code.contains("Unsafe"), "\(path)")
    }
  }

  @Test("Keyring and Wire import nothing from outside the package") func pureModules() {
    for (module, allowed) in [("Keyring", []), ("Wire", ["Keyring"])] {
      for (path, text) in Self.files(in: "Sources/\(module)", ending: ".swift") {
        let imports = Self.lines(text).filter { $0.contains("import ") && !$0.contains("//") }
          .compactMap { $0.split(separator: " ").last.map(String.init) }
        #expect(Set(imports).isSubset(of: allowed), "\(path)")
      }
    }
  }

  @Test("the top level holds what was agreed on") func topLevel() {
    let names = Files.names(in: Self.root).filter { !$0.hasPrefix(".") && $0 != "Package.resolved" }
    #expect(names == ["Package.swift", "README.md", "Sources", "Tests", "systemd"])
  }

  @Test("every file of the source is read in one sitting") func fileLengths() {
    for (path, text) in Self.files(in: "Sources", ending: ".swift") {
      #expect(Self.lines(text).count <= 400, "\(path)")
    }
  }
}

extension String {
  /// The path up to the last component of that name.
  fileprivate func components(before name: String) -> String {
    let parts = split(separator: "/", omittingEmptySubsequences: false)
    let end = parts.lastIndex { $0 == name } ?? parts.count
    return parts[..<end].joined(separator: "/") + "/"
  }
}
