internal import Glibc

// Source: dirname(3), basename(3); a path that ends with a slash names nothing here.

extension String {
  /// What the symbolic link at this path holds; nil if there is none.
  ///
  /// Source: readlink(2).
  package var linkTarget: String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = unsafe readlink(self, &target, target.count)
    guard count > 0, count < target.count else { return nil }
    return String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The directory that this path leads into, without a slash at its end.
  ///
  /// It is `.` for a name alone, and `/` for a name in it.
  package var parentDirectory: String {
    guard let slash = lastIndex(of: "/") else { return "." }
    return slash == startIndex ? "/" : String(self[..<slash])
  }

  /// The name in that directory.
  package var lastComponent: String {
    guard let slash = lastIndex(of: "/") else { return self }
    return String(self[index(after: slash)...])
  }
}
