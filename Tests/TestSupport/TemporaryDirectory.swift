import Glibc
import Platform

/// A directory that is gone, with all in it, when this value is.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init(in parent: String = "/tmp") {
    var template = Array("\(parent)/coffer-test-XXXXXX".utf8CString)
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

  /// The contents of a file of /proc, which tells no length.
  package static func readUnsized(_ path: String) -> [UInt8] {
    guard let file = try? FileDescriptor.open(path, flags: O_RDONLY | O_NONBLOCK) else { return [] }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      var span = part.mutableSpan
      guard let count = try? file.read(into: &span), count > 0 else { return bytes }
      bytes += part.prefix(count)
    }
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

  /// Where a symbolic link leads; empty if it is none, or may not be read.
  package static func linkTarget(of path: String) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    return String(
      decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
