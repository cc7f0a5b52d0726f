import Glibc
import Platform
import TestSupport
import Testing

/// The manager speaks by the environment, so each test has a process of its own.
@Suite("ServiceManager")
struct ServiceManagerTests {
  @Test("tells the manager its state, at a path and at an abstract name") func notifies() async {
    let directory = TemporaryDirectory()
    await #expect(processExitsWith: .success) { [path = directory.path("n") as String] in
      for name in [path, "@" + path] {
        let bound = name.hasPrefix("@") ? "\0" + path : path
        let socket = try Sockets.bound(at: bound, type: SOCK_DGRAM)
        setenv("NOTIFY_SOCKET", name, 1)
        ServiceManager.notify("READY=1\nSTATUS=ok")
        let isTold = socket.withRawValue { Sockets.isReadable($0, within: 1000) }
        try #require(isTold, "\(name)")
        var bytes = [UInt8](repeating: 0, count: 100)
        var span = bytes.mutableSpan
        let count = try socket.read(into: &span)
        #expect(String(decoding: bytes.prefix(count), as: UTF8.self) == "READY=1\nSTATUS=ok")
      }
    }
  }

  @Test("does nothing without a manager that can be told") func notifiesNobody() async {
    await #expect(processExitsWith: .success) {
      for name in ["", "relative", "/nonexistent/socket", String(repeating: "/x", count: 100)] {
        setenv("NOTIFY_SOCKET", name, 1)
        ServiceManager.notify("READY=1")
      }
      unsetenv("NOTIFY_SOCKET")
      ServiceManager.notify("READY=1")
    }
  }

  @Test("is watched where the manager says so of this process") func watchdog() async {
    await #expect(processExitsWith: .success) {
      #expect(ServiceManager.watchdogMicroseconds == nil)
      setenv("WATCHDOG_USEC", "2000000", 1)
      #expect(ServiceManager.watchdogMicroseconds == 2_000_000)
      setenv("WATCHDOG_PID", String(getpid()), 1)
      #expect(ServiceManager.watchdogMicroseconds == 2_000_000)
      setenv("WATCHDOG_PID", String(getppid()), 1)
      #expect(ServiceManager.watchdogMicroseconds == nil)
      unsetenv("WATCHDOG_PID")
      for text in ["", "0", "-1", "soon"] {
        setenv("WATCHDOG_USEC", text, 1)
        #expect(ServiceManager.watchdogMicroseconds == nil, "\(text)")
      }
    }
  }

  @Test("finds a credential where the manager has put them, and nowhere else")
  func credential() async {
    await #expect(processExitsWith: .success) {
      #expect(ServiceManager.credentialPath("coffer.key") == nil)
      setenv("CREDENTIALS_DIRECTORY", "/run/credentials/cofferd.service", 1)
      #expect(
        ServiceManager.credentialPath("coffer.key") == "/run/credentials/cofferd.service/coffer.key"
      )
      setenv("CREDENTIALS_DIRECTORY", "credentials", 1)
      #expect(ServiceManager.credentialPath("coffer.key") == nil)
    }
  }
}
