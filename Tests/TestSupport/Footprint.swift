/// What a process takes of the machine.
package struct Footprint: CustomStringConvertible {
  /// Descriptors that are open.
  package let descriptors: Int

  /// Memory in KiB: what is there now, the most that was, what is locked, what is swapped.
  package let resident: Int
  package let peak: Int
  package let locked: Int
  package let swapped: Int

  package let threads: Int

  /// The time that it has had of processors, in hundredths of a second.
  package let ticks: Int

  /// What the kernel tells of a process; all zero if it is gone.
  package init(of process: Int32) {
    let status = String(decoding: Files.read("/proc/\(process)/status"), as: UTF8.self)
    let lines = status.split(separator: "\n")
    func number(_ name: String) -> Int {
      let line = lines.first { $0.hasPrefix(name + ":") }
      return line?.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) } ?? 0
    }
    resident = number("VmRSS")
    peak = number("VmHWM")
    locked = number("VmLck")
    swapped = number("VmSwap")
    threads = number("Threads")
    let fields =
      String(decoding: Files.read("/proc/\(process)/stat"), as: UTF8.self)
      .split(separator: ")").last?.split(separator: " ") ?? []
    ticks = fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
    descriptors = Files.names(in: "/proc/\(process)/fd").count
  }

  package var description: String {
    "\(descriptors) descriptors, \(resident) KiB resident, \(locked) KiB locked, \(threads) threads"
  }
}
