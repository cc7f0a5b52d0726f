internal import CLinux
internal import Glibc

/// systemd, as far as a service speaks with it.
package enum ServiceManager {
  /// Tells the manager a state such as `READY=1`; does nothing without one.
  ///
  /// Source: sd_notify(3).
  package static func notify(_ state: String) {
    guard let path = Environment.value(of: "NOTIFY_SOCKET"),
      path.hasPrefix("/") || path.hasPrefix("@")
    else { return }
    // A manager that cannot be told, or does not listen, will find out by its own
    // time-outs: nobody waits for it.
    _ = unsafe clinux_send_datagram(path, path.utf8.count, state, state.utf8.count)
  }

  // MARK: Watchdog

  /// A day, in microseconds: nobody means to watch less often.
  private static let longestInterval: Int64 = 86_400_000_000

  /// How often the manager wants to hear ``feedWatchdog()``, in microseconds; nil if it
  /// does not watch this process.
  ///
  /// Source: sd_watchdog_enabled(3).
  package static var watchdogMicroseconds: Int64? {
    guard let text = Environment.value(of: "WATCHDOG_USEC"), let interval = Int64(text),
      interval > 0
    else { return nil }
    let process = Environment.value(of: "WATCHDOG_PID")
    guard process == nil || process.flatMap({ Int32($0) }) == Process.id else { return nil }
    return min(interval, longestInterval)
  }

  /// Tells the manager that this process goes on.
  package static func feedWatchdog() { notify("WATCHDOG=1") }

  // MARK: Credentials

  /// The path of a credential that the manager has put there for this process; nil
  /// if it puts none there at all.
  ///
  /// Source: systemd.exec(5), `LoadCredential=`.
  package static func credentialPath(_ name: String) -> String? {
    guard let directory = Environment.value(of: "CREDENTIALS_DIRECTORY"),
      directory.hasPrefix("/")
    else { return nil }
    return "\(directory)/\(name)"
  }
}
