internal import Glibc
internal import Platform
internal import Wire

/// What is kept of a file that a person has trusted: a copy, to compare with.
///
/// It is under the path of the file in `STATE/trusted`, for its user alone, since a
/// dotenv file may hold secrets.
struct TrustedCopy {
  enum Trust: Equatable {
    case trusted
    case changed
    case unknown
  }

  let path: String

  /// - Parameter path: That of the file, absolute and without links.
  /// - Throws: ``ClientError`` if there is no state directory.
  init(of path: String) throws(ClientError) {
    guard let state = try StatePath.ofUser(DaemonAddress.variable), state.hasPrefix("/") else {
      throw ClientError(
        ExitStatus.failed, "no state directory to look up in what is trusted: HOME is not set",
        hint: "set HOME, or COFFER_HOME to an absolute path; or name the file with '-e FILE'")
    }
    self.path = state + "/trusted" + path
  }

  /// Whether `file` is what was trusted.
  func trust(in file: DotenvFile) -> Trust {
    guard let copy = read() else { return .unknown }
    return copy.isSame(as: file.source) ? .trusted : .changed
  }

  private func read() -> SecretBuffer? {
    guard let file = try? FileDescriptor.open(path, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
      let status = try? file.status(), status.kind == .regular,
      status.owner == Process.userID || status.owner == 0
    else { return nil }
    var copy = SecretBuffer()
    do throws(ClientError) {
      while try copy.read(from: file, named: path, limit: DotenvFile.maximumByteCount + 1) {}
    } catch {
      return nil
    }
    return copy
  }

  /// Forgets the file, as one whose values are to stand nowhere.
  func remove() throws(Errno) {
    do throws(Errno) {
      try Directory(opening: path.parentDirectory).remove(path.lastComponent)
    } catch .notFound {
      return
    }
  }

  /// Keeps `file` as what is trusted.
  func write(_ file: DotenvFile) throws(ClientError) {
    let (parent, name) = (path.parentDirectory, path.lastComponent)
    let unfinished = ".\(name).\(Process.id)"
    do throws(Errno) {
      try Directory.create(parent, permissions: 0o700)
      let directory = try Directory(opening: parent)
      try directory.remove(unfinished)
      let copy = try directory.open(unfinished, for: .creating)
      try file.source.withBytes { (bytes) throws(Errno) -> Void in try copy.writeAll(bytes) }
      try directory.rename(unfinished, to: name)
    } catch {
      throw ClientError(
        ExitStatus.failed,
        "\(path): keeping what is trusted failed: \(error)",
        hint: "'coffer run -e \(file.name)' names the file, and needs no trust")
    }
  }
}

extension SecretBuffer {
  /// Whether the bytes are those of `other`.
  fileprivate borrowing func isSame(as other: borrowing SecretBuffer) -> Bool {
    guard count == other.count else { return false }
    return withBytes { bytes in
      other.withBytes { bytes.holds($0, at: 0, before: bytes.count) }
    }
  }
}
