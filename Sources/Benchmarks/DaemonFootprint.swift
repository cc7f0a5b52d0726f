internal import Glibc
internal import Platform

/// What a daemon takes of the machine.
struct DaemonFootprint: CustomStringConvertible {
  /// Memory that is there, in KiB; 0 if it is gone.
  let resident: Int

  /// Descriptors that are open; nil where that is not told, as to others than root.
  let descriptors: Int?

  init(of process: Int32) {
    var text = ""
    if let file = try? FileDescriptor.open("/proc/\(process)/status", flags: O_RDONLY),
      let bytes = try? file.readAll(limit: 1 << 20)
    {
      text = String(decoding: bytes, as: UTF8.self)
    }
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
    resident = line?.split { " \t".contains($0) }.dropFirst().first.flatMap { Int($0) } ?? 0
    if let directory = try? Directory(opening: "/proc/\(process)/fd"),
      let names = try? directory.names()
    {
      descriptors = names.count
    } else {
      descriptors = nil
    }
  }

  /// What it takes when it has given back what it can.
  ///
  /// - Parameters:
  ///   - process: The daemon.
  ///   - former: What it took before; with a fourth more, which keys that were made
  ///     meanwhile take, it has given back all.
  ///   - milliseconds: How long that may take.
  /// - Returns: What it takes then.
  static func settled(_ process: Int32, like former: Self, within milliseconds: Int) -> Self {
    for _ in 0..<(milliseconds / 100) {
      let now = Self(of: process)
      if now.descriptors == former.descriptors, now.resident < former.resident * 5 / 4 {
        return now
      }
      sleep(milliseconds: 100)
    }
    return Self(of: process)
  }

  var description: String {
    "\(resident) KiB resident, \(descriptors.map(String.init) ?? "unknown") descriptors"
  }
}
