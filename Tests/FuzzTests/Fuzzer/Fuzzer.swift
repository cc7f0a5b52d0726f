import Glibc
import Platform

// The entries of libFuzzer, which brings its own `main`. Built by `Tests/fuzz.sh` only,
// which names the target in COFFER_FUZZ_TARGET.
//
// Source: llvm.org/docs/LibFuzzer.html, "Startup initialization".

/// The target of this process.
private let target: FuzzTarget = {
  guard let name = Environment.value(of: "COFFER_FUZZ_TARGET"),
    let target = FuzzTarget.named(name)
  else {
    print("COFFER_FUZZ_TARGET is one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))")
    exit(2)
  }
  return target
}()

/// Makes ready to fuzz; or answers what `Tests/fuzz.sh` asks, and is done.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
  _ argumentCount: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutableRawPointer
) -> CInt {
  // Without an arena each secret would take system calls. The large blocks are for a file
  // as it is read, and for the nodes that a value is looked for with.
  _ = try? SecretArena.reserve([
    SecretArena.Supply(blockByteCount: 1024, blockCount: 256),
    SecretArena.Supply(blockByteCount: 65_536, blockCount: 32),
    SecretArena.Supply(blockByteCount: 1 << 21, blockCount: 8),
  ])
  if let directory = Environment.value(of: "COFFER_FUZZ_SEEDS") {
    do {
      try writeSeeds(to: directory)
    } catch {
      print("\(target.name): no seeds: \(error)")
      exit(1)
    }
    exit(0)
  }
  if Environment.value(of: "COFFER_FUZZ_LENGTH") != nil {
    print(target.maximumByteCount)
    exit(0)
  }
  return 0
}

private func writeSeeds(to directory: String) throws {
  for (index, seed) in try target.seeds().enumerated() {
    let file = try FileDescriptor.open(
      "\(directory)/seed-\(index)", flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    try file.writeAll(seed.span)
  }
}

/// Runs one input; a broken promise ends the process, so that the input is kept.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ base: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  do {
    try target.run(Array(UnsafeBufferPointer(start: base, count: count)))
  } catch {
    StandardStream.error.write("\(target.name): broken: \(error)\n")
    abort()
  }
  return 0
}
