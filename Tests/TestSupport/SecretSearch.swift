import Glibc
import Platform

/// Looks for a secret where it must not be.
package struct SecretSearch {
  /// The secret itself, as hexadecimal digits, as base64 at each offset, and
  /// percent-escaped wholly and as in addresses.
  private let patterns: [(name: String, bytes: [UInt8])]

  package init(_ secret: [UInt8]) {
    let lower = Array("0123456789abcdef".utf8)
    let upper = Array("0123456789ABCDEF".utf8)
    var patterns: [(String, [UInt8])] = [
      ("plain", secret),
      ("hex", secret.flatMap { [lower[Int($0 >> 4)], lower[Int($0 & 15)]] }),
      ("upper-case hex", secret.flatMap { [upper[Int($0 >> 4)], upper[Int($0 & 15)]] }),
    ]
    for (name, digits) in [("percent form", upper), ("lower-case percent form", lower)] {
      let escaped = secret.flatMap {
        [UInt8(ascii: "%"), digits[Int($0 >> 4)], digits[Int($0 & 15)]]
      }
      patterns.append((name, escaped))
      let plain = Self.unreserved
      patterns.append(
        (
          name + " of an address",
          secret.flatMap { byte -> [UInt8] in
            plain.contains(byte)
              ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
          }
        ))
    }
    for offset in 0..<3 {
      patterns.append(("base64 at \(offset)", Self.base64(of: secret, at: offset)))
    }
    self.patterns = patterns
  }

  /// What addresses hold as it is.
  private static let unreserved = Set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

  /// The characters of base64 that depend on `secret` alone, when it stands
  /// `offset` bytes behind a multiple of three.
  private static func base64(of secret: [UInt8], at offset: Int) -> [UInt8] {
    let alphabet = Array(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let skipped = (3 - offset) % 3
    let bytes = secret.dropFirst(skipped)
    let whole = Array(bytes.prefix(bytes.count / 3 * 3))
    return stride(from: 0, to: whole.count, by: 3).flatMap { index -> [UInt8] in
      let group = Int(whole[index]) << 16 | Int(whole[index + 1]) << 8 | Int(whole[index + 2])
      return [18, 12, 6, 0].map { alphabet[group >> $0 & 63] }
    }
  }

  /// The forms of the secret that stand in `bytes`.
  package func found(in bytes: [UInt8]) -> [String] {
    patterns.filter { pattern in Self.contains(bytes, pattern.bytes) }.map(\.name)
  }

  private static func contains(_ bytes: [UInt8], _ pattern: [UInt8]) -> Bool {
    guard let first = pattern.first else { return false }
    return bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress else { return false }
      var position = 0
      while position + pattern.count <= bytes.count {
        let rest = bytes.count - pattern.count + 1 - position
        guard let hit = memchr(base + position, CInt(first), rest) else { return false }
        position = base.distance(to: hit)
        if memcmp(hit, pattern, pattern.count) == 0 { return true }
        position += 1
      }
      return false
    }
  }

  /// The forms of the secret in the files of a directory, with the file's name.
  package func found(inFilesOf path: String) -> [String] {
    Files.names(in: path).flatMap { name -> [String] in
      let file = path + "/" + name
      guard let status = try? FileStatus.ofFile(at: file, followsLinks: false),
        status.kind == .regular
      else { return [] }
      return found(in: Files.read(file)).map { "\(name): \($0)" }
    }
  }

  /// The forms of the secret in the memory of a process, with the mapping.
  ///
  /// Needs root, since the programs keep others out.
  ///
  /// - Parameters:
  ///   - id: The process.
  ///   - mayBeLocked: Whether it may be in memory that is locked and left out of dumps.
  /// - Returns: What was found; never nothing because nothing could be read.
  package func found(inMemoryOf id: Int32, mayBeLocked: Bool = false) -> [String] {
    let locked = mayBeLocked ? Self.lockedMappings(of: id) : []
    let maps = String(decoding: Files.read("/proc/\(id)/maps"), as: UTF8.self)
    let memory = open("/proc/\(id)/mem", O_RDONLY)
    guard memory >= 0 else { return ["the memory cannot be read"] }
    defer { close(memory) }
    var found: [String] = []
    var byteCount = 0
    for line in maps.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      let bounds = words[0].split(separator: "-").compactMap { UInt64($0, radix: 16) }
      guard words[1].hasPrefix("r"), bounds.count == 2, !line.hasSuffix("[vvar]"),
        !line.hasSuffix("[vsyscall]"), !locked.contains(words[0])
      else { continue }
      let count = Int(bounds[1] - bounds[0])
      var bytes = [UInt8](repeating: 0, count: count)
      let read = pread(memory, &bytes, count, off_t(bounds[0]))
      guard read > 0 else { continue }
      byteCount += read
      bytes.removeLast(count - read)
      found += self.found(in: bytes).map { "\($0) in \(line)" }
    }
    return byteCount > 0 ? found : ["no memory was read"]
  }

  /// The bounds of the mappings that are locked and left out of dumps.
  ///
  /// Source: proc(5), smaps.
  private static func lockedMappings(of id: Int32) -> Set<Substring> {
    var bounds: Substring = ""
    var locked: Set<Substring> = []
    for line in String(decoding: Files.read("/proc/\(id)/smaps"), as: UTF8.self).split(
      separator: "\n")
    {
      let words = line.split(separator: " ")
      if words[0].contains("-") { bounds = words[0] }
      if words[0] == "VmFlags:", words.contains("lo"), words.contains("dd") {
        locked.insert(bounds)
      }
    }
    return locked
  }
}
