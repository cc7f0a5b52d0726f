import Glibc
import Platform

/// Faults that a tracer puts into the calls of a running daemon.
///
/// They last until ``end()``, or until this value is gone.
package final class InjectedFaults {
  private let tracer: Subprocess

  /// Lets calls of a process fail, be slow, or be short.
  ///
  /// - Parameters:
  ///   - process: The daemon; all its threads are traced.
  ///   - faults: As strace(1) has them behind `inject=`, as in
  ///     `fdatasync:error=EIO:when=1`. Each thread counts its own calls.
  ///   - calls: What else is traced.
  ///   - path: The only file whose calls count; all if nil.
  ///   - trace: Where the calls are written.
  package init(
    _ process: Int32, _ faults: [String], tracing calls: [String] = [],
    onlyAt path: String? = nil, into trace: String = "/dev/null"
  ) {
    let injected = faults.flatMap { fault in
      fault.prefix { $0 != ":" }.split(separator: ",").map(String.init)
    }
    var arguments = [
      "-f", "-y", "-o", trace, "-p", String(process), "-e", "signal=none", "-e",
      "trace=" + (injected + calls).joined(separator: ","),
    ]
    for fault in faults { arguments += ["-e", "inject=" + fault] }
    if let path { arguments += ["-P", path] }
    tracer = Subprocess(
      Programs.find("strace") ?? "", arguments, environment: [:],
      streams: [.null, .null, .null])
    let id = tracer.id
    let isTraced = eventually {
      Files.names(in: "/proc/\(process)/task").allSatisfy { thread in
        let status = Files.read("/proc/\(process)/task/\(thread)/status")
        return String(decoding: status, as: UTF8.self).contains("TracerPid:\t\(id)\n")
      }
    }
    precondition(isTraced, "strace did not get hold of the daemon")
    // It has hold of it a moment before it sees the first call.
    sleep(milliseconds: 100)
  }

  deinit { end() }

  /// Lets the daemon go on without faults.
  package func end() {
    tracer.signal(SIGTERM)
    guard tracer.waitForEnd(seconds: 5) == nil else { return }
    tracer.signal(SIGKILL)
    tracer.waitForEnd()
  }
}
