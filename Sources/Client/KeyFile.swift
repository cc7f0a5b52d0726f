internal import Glibc
internal import Platform

/// A file whose bytes open the vault in place of a passphrase.
enum KeyFile {
  /// Reads a key file, which must be its user's alone.
  static func read(_ path: String) throws(ClientError) -> Secret {
    let file = try attempting("\(path): opening the key file") { () throws(Errno) in
      try FileDescriptor.open(path, flags: O_RDONLY | O_NONBLOCK)
    }
    let status = try attempting("\(path): looking at the key file") { () throws(Errno) in
      try file.status()
    }
    guard status.kind == .regular else {
      throw ClientError(ExitStatus.failed, "\(path): a key file is a regular file")
    }
    guard status.owner == Process.userID || status.owner == 0, status.permissions & 0o077 == 0
    else {
      throw ClientError(
        ExitStatus.failed, "\(path): the key file is open to others",
        hint: "close it with 'chmod 600 \(path)' if nobody else has read it")
    }
    return try SecretInput.readAll(of: file, named: path, for: path, removesLineEnd: false)
  }

  // MARK: Making

  /// Makes a key file, and its missing directories: 32 random bytes as a line of
  /// hexadecimal digits.
  ///
  /// It gets its name when it is whole, and never in place of another file: of two
  /// that are made at once one stays, and both readers have that one.
  ///
  /// - Parameter path: Where it is to be.
  /// - Returns: Whether it was made; false if there is something already.
  /// - Throws: ``ClientError`` with exit status 1.
  static func make(_ path: String) throws(ClientError) -> Bool {
    do throws(Errno) {
      guard try FileStatus.ofFile(at: path, followsLinks: false) == nil else { return false }
      try Directory.create(path.parentDirectory, permissions: 0o700)
      let file = try NewFile(path, permissions: 0o600)
      let text = try hexadecimalLine()
      return try text.withBytes { (bytes) throws(Errno) in
        try file.finish(with: bytes)
      }
    } catch {
      throw ClientError(ExitStatus.failed, "\(path): making the key file failed: \(error)")
    }
  }

  private static func hexadecimalLine() throws(Errno) -> Secret {
    let digits = Array("0123456789abcdef".utf8)
    var random: Secret
    do throws(SecretError) { random = try Secret(count: 32) } catch { throw .outOfMemory }
    try random.withMutableBytes { (bytes) throws(Errno) -> Void in
      try SystemRandom.fill(&bytes)
    }
    do throws(SecretError) {
      return try random.withBytes { (random) throws(SecretError) in
        try Secret(count: 65) { line in
          for index in random.indices {
            line[2 * index] = digits[Int(random[index] >> 4)]
            line[2 * index + 1] = digits[Int(random[index] & 15)]
          }
          line[64] = 0x0A
        }
      }
    } catch {
      throw .outOfMemory
    }
  }
}
