internal import Glibc

extension Process {
  /// The 16 bytes that name this run of the kernel; nil where they cannot be read.
  ///
  /// Source: random(4), `/proc/sys/kernel/random/boot_id`.
  package static var bootID: [UInt8]? {
    guard let file = try? FileDescriptor.open("/proc/sys/kernel/random/boot_id", flags: O_RDONLY),
      let contents = try? file.readAll(limit: 64)
    else { return nil }
    let digits = contents.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "\n") }
    guard digits.count == 32 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      let pair = String(decoding: digits[index..<(index + 2)], as: UTF8.self)
      guard let byte = UInt8(pair, radix: 16) else { return nil }
      bytes.append(byte)
    }
    return bytes
  }
}
