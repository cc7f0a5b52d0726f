internal import CLinux
internal import Glibc

/// What a file system says of itself.
package enum FileSystem {
  /// How many bytes this process may still write to the file system of `path`.
  ///
  /// Throws ``Errno`` as statvfs(3) sets it.
  ///
  /// Source: statvfs(3), `f_bavail`.
  package static func freeByteCount(at path: String) throws(Errno) -> Int {
    var status = statvfs()
    _ = try retrying { unsafe statvfs(path, &status) }
    let blocks = Int(clamping: status.f_bavail)
    return blocks.multipliedReportingOverflow(by: Int(status.f_frsize)).partialValue
  }

  /// Whether this process may make files in the directory at `path`.
  ///
  /// Source: access(2).
  package static func mayWrite(in path: String) -> Bool { unsafe access(path, W_OK | X_OK) == 0 }

  /// Whether files at `path` are in memory and not on a device.
  ///
  /// Throws ``Errno`` as statfs(2) sets it.
  ///
  /// Source: statfs(2), tmpfs(5).
  package static func isInMemory(_ path: String) throws(Errno) -> Bool {
    try retrying { unsafe clinux_is_in_memory(path) } == 1
  }
}
