// Source: dirname(3), basename(3); a path that ends with a slash names nothing here.

extension String {
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
