internal import Glibc

// What tells a process from others that have had its number, also later.

extension Process {
  /// When a process was started.
  ///
  /// - Parameters:
  ///   - id: Its number.
  ///   - root: Where proc(5) is mounted.
  /// - Returns: In ticks since the machine was booted; nil if it is gone, or hidden from
  ///   this one.
  ///
  /// Source: proc(5), `/proc/PID/stat`, field 22.
  package static func startTicks(of id: Int32, in root: String = "/proc") -> UInt64? {
    guard let text = text(of: "\(root)/\(id)/stat"),
      // The name before it may hold anything, also parentheses and spaces.
      let end = text.lastIndex(of: ")")
    else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    // The third field is the first one behind the name.
    guard fields.count > 19, let ticks = UInt64(fields[19]), ticks > 0 else { return nil }
    return ticks
  }

  /// What names this run of the kernel.
  ///
  /// - Parameter root: Where proc(5) is mounted.
  /// - Returns: 16 bytes; nil where they cannot be read.
  ///
  /// Source: random(4), `/proc/sys/kernel/random/boot_id`.
  package static func bootID(in root: String = "/proc") -> [UInt8]? {
    guard let text = text(of: "\(root)/sys/kernel/random/boot_id") else { return nil }
    let digits = text.utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "\n") }
    guard digits.count == 32 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      let pair = String(decoding: digits[index..<(index + 2)], as: UTF8.self)
      guard let byte = UInt8(pair, radix: 16) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }

  private static func text(of path: String) -> String? {
    guard let file = try? FileDescriptor.open(path, flags: O_RDONLY),
      let bytes = try? file.readAll(limit: 4096)
    else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }
}
