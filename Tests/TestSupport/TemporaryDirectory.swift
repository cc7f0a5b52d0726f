import Glibc
import Platform

/// A directory that is gone, with all in it, when this value is.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() {
    var template = Array("/tmp/coffer-test-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { preconditionFailure("no temporary directory") }
    path = String(cString: made)
  }

  deinit { Files.removeTree(path) }

  /// The path of `name` in the directory.
  package func path(_ name: String) -> String { path + "/" + name }
}

/// Files as tests need them: whole, and without ceremony.
package enum Files {
  package static func read(_ path: String) -> [UInt8] {
    guard let file = try? FileDescriptor.open(path, flags: O_RDONLY),
      let bytes = try? file.readAll(limit: 1 << 30)
    else { return [] }
    return bytes
  }

  package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) {
    guard let file = try? FileDescriptor.open(path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode)
    else { preconditionFailure("cannot write \(path)") }
    try? file.writeAll(bytes.span)
  }

  package static func names(in path: String) -> [String] {
    guard let directory = try? Directory(opening: path), let names = try? directory.names() else {
      return []
    }
    return names
  }

  package static func copyTree(_ source: String, to target: String) {
    try? Directory.create(target, permissions: 0o700)
    for name in names(in: source) {
      let from = source + "/" + name
      guard let status = try? FileStatus.ofFile(at: from, followsLinks: false) else { continue }
      switch status.kind {
      case .directory: copyTree(from, to: target + "/" + name)
      case .regular: write(read(from), to: target + "/" + name, mode: status.permissions)
      case .socket, .symbolicLink, .other: continue
      }
    }
  }

  package static func removeTree(_ path: String) {
    guard let status = try? FileStatus.ofFile(at: path, followsLinks: false) else { return }
    if status.kind == .directory {
      for name in names(in: path) { removeTree(path + "/" + name) }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}
