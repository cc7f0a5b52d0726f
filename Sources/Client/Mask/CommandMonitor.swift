internal import Platform

/// A process between this one and a command that has a pseudo-terminal.
///
/// It leads the session of the pseudo-terminal, so that the command's process group has a
/// parent in its session: the kernel stops no job without one. It tells what becomes of
/// the command, and gives it the keyboard or takes it away.
///
/// It is a copy of this process, without its secrets: locked memory is zero in a copy,
/// but for the environment of the command, which is wiped when the command is started.
///
/// Source: setpgid(2), "orphaned process group"; setsid(2).
final class CommandMonitor {
  let id: Int32
  private let orders: FileDescriptor
  private let reports: FileDescriptor

  /// What the monitor tells.
  enum Report: Equatable {
    case started(Int32)
    case changed(ChildState)
    case failed(Errno)
  }

  /// What the monitor is told.
  enum Order: UInt8 {
    case continueInForeground
    case continueInBackground
  }

  /// Starts the monitor, and the command through it.
  ///
  /// - Parameters:
  ///   - start: The command; its environment is kept for the new process.
  ///   - inForeground: Whether the command has the keyboard.
  /// - Throws: ``ClientError`` if there can be no further process.
  init(_ start: borrowing CommandStart, inForeground: Bool) throws(ClientError) {
    let (orders, reports) = try attempting("pipes to a process") { () throws(Errno) in
      (try Pipe(), try Pipe())
    }
    let id = try attempting("starting a process") { () throws(Errno) in
      try Process.fork()
    }
    guard let id else {
      MonitorProcess(orders: orders, reports: reports).run(start, inForeground: inForeground)
    }
    guard let orders = orders.takeWriting(), let reports = reports.takeReading() else {
      preconditionFailure("the ends of a new pipe are there")
    }
    self.id = id
    self.orders = orders
    self.reports = reports
  }

  var reportDescriptor: CInt { reports.withRawValue { $0 } }

  /// The next report, for which it waits; nil if the monitor is gone.
  func receive() -> Report? { MonitorMessage.receive(from: reports)?.report }

  /// Lets the command go on.
  func resume(inForeground: Bool) {
    let order: Order = inForeground ? .continueInForeground : .continueInBackground
    // A monitor that is gone shows itself in its reports.
    try? orders.writeAll([order.rawValue].span)
  }
}

/// One report on its way, of 8 bytes, which a pipe passes on whole.
struct MonitorMessage {
  let report: CommandMonitor.Report

  private static let byteCount = 8

  init(_ report: CommandMonitor.Report) { self.report = report }

  static func receive(from file: borrowing FileDescriptor) -> MonitorMessage? {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var span = bytes.mutableSpan
    guard (try? file.read(into: &span)) == byteCount else { return nil }
    let value = Int32(truncatingIfNeeded: bytes[4...].reduce(0) { $0 << 8 | Int($1) })
    switch bytes[0] {
    case 0: return MonitorMessage(.started(value))
    case 1: return MonitorMessage(.changed(.exited(value)))
    case 2: return MonitorMessage(.changed(.killed(Signal(number: value))))
    case 3: return MonitorMessage(.changed(.stopped(Signal(number: value))))
    case _: return MonitorMessage(.failed(Errno(code: value)))
    }
  }

  func send(to file: borrowing FileDescriptor) {
    let (kind, value): (UInt8, Int32) =
      switch report {
      case .started(let id): (0, id)
      case .changed(.exited(let status)): (1, status)
      case .changed(.killed(let signal)): (2, signal.number)
      case .changed(.stopped(let signal)): (3, signal.number)
      case .failed(let error): (4, error.code)
      }
    let digits = (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    try? file.writeAll(([kind, 0, 0, 0] + digits).span)
  }
}
