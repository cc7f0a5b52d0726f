internal import Platform

/// What a daemon takes of the machine.
struct DaemonFootprint: CustomStringConvertible {
  /// Memory that is there, in KiB; 0 if it is gone.
  let resident: Int

  /// Descriptors that are open; nil where that is not told, as to others than root.
  let descriptors: Int?

  init(of process: Int32) {
    resident = Self.number("VmRSS:", of: "/proc/\(process)/status") ?? 0
    if let directory = try? Directory(opening: "/proc/\(process)/fd"),
      let names = try? directory.names()
    {
      descriptors = names.count
    } else {
      descriptors = nil
    }
  }

  /// How often a process has begun to wait, in all its threads: as often it was woken.
  ///
  /// Source: proc(5), `voluntary_ctxt_switches`.
  static func waits(of process: Int32) -> Int {
    let tasks = "/proc/\(process)/task"
    guard let directory = try? Directory(opening: tasks), let names = try? directory.names()
    else { return 0 }
    return names.reduce(0) {
      $0 + (number("voluntary_ctxt_switches:", of: "\(tasks)/\($1)/status") ?? 0)
    }
  }

  /// A number of one of the files of /proc, in the unit that it has there.
  private static func number(_ name: String, of path: String) -> Int? {
    let line = Workbench.text(of: path).split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split { " \t".contains($0) }.dropFirst().first.flatMap { Int($0) }
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
