// swift-tools-version: 6.3
import PackageDescription

let testSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// Strict memory safety stays out of the tests: the #expect macro expands to
// unmarked unsafe code.
//
// Regular expressions are imported unless told otherwise, and would be in each program: a
// tenth of it, with what is to be relocated at each start.
let settings =
  testSettings + [
    .strictMemorySafety(),
    .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"]),
  ]

// Release programs carry the Swift runtime, so that they run where no Swift
// is installed; libsodium stays dynamic, for the system's security updates.
let programLinking: [LinkerSetting] = [
  .unsafeFlags(["-static-stdlib"], .when(configuration: .release))
]

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, swiftSettings: settings,
    linkerSettings: programLinking)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: name + "Tests", dependencies: [.target(name: name), "TestSupport"] + dependencies,
    swiftSettings: testSettings)
}

/// What the fuzzers read with.
let fuzzed: [Target.Dependency] = ["Client", "Keyring", "Platform", "Sodium", "Store", "Wire"]

let package = Package(
  name: "coffer",
  products: [
    .executable(name: "coffer", targets: ["coffer"]),
    .executable(name: "cofferd", targets: ["cofferd"]),
    .executable(name: "benchmarks", targets: ["Benchmarks"]),
  ],
  targets: [
    .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .target(name: "CLinux"),

    module("Platform", ["CLinux"]),
    module("Sodium", ["CSodium", "Platform"]),
    module("Keyring"),
    module("Wire", ["Keyring"]),
    module("Store", ["Keyring", "Platform", "Sodium"]),
    module("Daemon", ["Keyring", "Platform", "Sodium", "Store", "Wire"]),
    module("Client", ["Keyring", "Platform", "Wire"]),

    program("cofferd", ["Daemon", "Platform"]),
    program("coffer", ["Client", "Platform"]),
    program("Benchmarks", ["Platform"]),

    .target(name: "CTestSupport", path: "Tests/CTestSupport"),
    .target(
      name: "TestSupport", dependencies: ["CTestSupport", "Keyring", "Platform", "Store"],
      path: "Tests/TestSupport",
      swiftSettings: testSettings),
    tests("Platform"),
    tests("Sodium", ["Platform"]),
    tests("Keyring"),
    tests("Wire", ["Keyring"]),
    tests("Store", ["Keyring", "Platform", "Sodium"]),
    tests("Daemon", ["Keyring", "Platform"]),
    tests("Client", ["Platform", "Wire"]),
    .testTarget(
      name: "FuzzTests", dependencies: fuzzed + ["TestSupport"], exclude: ["Fuzzer", "Vectors"],
      swiftSettings: testSettings),
    // The programs themselves, as they are built beside the tests.
    .testTarget(
      name: "ProgramTests",
      dependencies: ["TestSupport", "Platform", "Sodium", "Store"],
      swiftSettings: testSettings),
  ],
  swiftLanguageModes: [.v6]
)

// Only for Tests/fuzz.sh, which sets this: libFuzzer brings the program's `main`, so nothing
// else could link it. It is made of the sources that the tests of the vectors use.
if Context.environment["COFFER_FUZZ"] != nil {
  package.targets.removeAll { $0.name == "FuzzTests" }
  package.targets.append(
    .executableTarget(
      name: "Fuzzer", dependencies: fuzzed, path: "Tests/FuzzTests",
      exclude: ["Vectors", "VectorTests.swift"], sources: ["Fuzzer", "Targets"],
      swiftSettings: testSettings))
}
