internal import Glibc

/// The control groups that a process is in, and how much memory they leave it.
///
/// A process that takes more is killed, and is not refused the memory; so
/// whoever needs much looks before.
///
/// Source: cgroups(7); Linux documentation, "Control Group v2" (`memory.max`)
/// and "Memory Resource Controller" (`memory.limit_in_bytes`).
package struct ControlGroup: Sendable {
  private let membershipPath: String
  private let unifiedRoot: String
  private let memoryRoot: String

  /// More than any machine has: what version 1 says where there is no limit.
  private static let unlimited = 1 << 62

  /// No file that is read here is longer.
  private static let maximumByteCount = 65_536

  /// The groups of a process.
  ///
  /// - Parameters:
  ///   - membershipPath: The file that names its groups.
  ///   - unifiedRoot: Where version 2 is mounted.
  ///   - memoryRoot: Where version 1's controller of memory is mounted.
  package init(
    membershipPath: String = "/proc/self/cgroup", unifiedRoot: String = "/sys/fs/cgroup",
    memoryRoot: String = "/sys/fs/cgroup/memory"
  ) {
    self.membershipPath = membershipPath
    self.unifiedRoot = unifiedRoot
    self.memoryRoot = memoryRoot
  }

  /// The bytes of memory that this process may have by its groups, as far as
  /// that can be read; nil if nothing limits them.
  package static var memoryLimit: Int? { ControlGroup().memoryLimit }

  /// The least limit of the groups, and of those that they are in.
  package var memoryLimit: Int? {
    limitFiles.compactMap { Self.text(of: $0).flatMap(Self.limit) }.min()
  }

  /// The files that may hold a limit; not all of them need be there.
  private var limitFiles: [String] {
    let lines = Self.text(of: membershipPath)?.split(separator: "\n") ?? []
    return lines.flatMap { line -> [String] in
      // A path may hold a colon, the words before it do not.
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return [] }
      if parts[0] == "0", parts[1].isEmpty {
        return Self.directories(of: parts[2], in: unifiedRoot).map { $0 + "/memory.max" }
      }
      guard parts[1].split(separator: ",").contains("memory") else { return [] }
      return Self.directories(of: parts[2], in: memoryRoot).map { $0 + "/memory.limit_in_bytes" }
    }
  }

  /// The directories from `root` down to the group at `path`.
  ///
  /// A container may see its own group as the root, and still be told the path
  /// that it has outside; then only the root is there.
  private static func directories(of path: Substring, in root: String) -> [String] {
    let names = path.split(separator: "/", omittingEmptySubsequences: true)
    guard !names.contains("..") else { return [root] }
    var directories = [root]
    for name in names { directories.append((directories.last ?? root) + "/" + name) }
    return directories
  }

  private static func text(of path: String) -> String? {
    guard let file = try? FileDescriptor.open(path, flags: O_RDONLY),
      let bytes = try? file.readAll(limit: maximumByteCount)
    else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// The bytes that a file's contents stand for; nil for no limit.
  private static func limit(_ contents: String) -> Int? {
    let word = contents.hasSuffix("\n") ? contents.dropLast() : contents[...]
    guard let limit = Int(word), (0..<unlimited).contains(limit) else { return nil }
    return limit
  }
}
