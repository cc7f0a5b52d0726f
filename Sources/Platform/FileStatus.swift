internal import Glibc

/// What the kernel says of a file.
///
/// Source: stat(2).
package struct FileStatus: Equatable, Sendable {
  package enum Kind: Equatable, Sendable {
    case regular
    case directory
    case socket
    case symbolicLink
    case other
  }

  package let kind: Kind

  /// The permission bits, as in `0o600`.
  package let permissions: UInt32
  package let owner: UInt32
  package let group: UInt32
  package let linkCount: Int
  package let byteCount: Int

  /// Device and inode, which tell two files apart.
  package let identity: Identity

  package struct Identity: Equatable, Sendable {
    package let device: UInt64
    package let inode: UInt64

    package init(device: UInt64, inode: UInt64) {
      self.device = device
      self.inode = inode
    }
  }

  /// When the contents last changed, in nanoseconds since 1970.
  package let modified: Int64

  /// What a disk that is none of the kernel's says of a file.
  package init(
    kind: Kind, permissions: UInt32, owner: UInt32, group: UInt32, linkCount: Int,
    byteCount: Int, identity: Identity, modified: Int64
  ) {
    self.kind = kind
    self.permissions = permissions
    self.owner = owner
    self.group = group
    self.linkCount = linkCount
    self.byteCount = byteCount
    self.identity = identity
    self.modified = modified
  }

  init(_ status: stat) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .directory
    case S_IFSOCK: kind = .socket
    case S_IFLNK: kind = .symbolicLink
    default: kind = .other
    }
    permissions = status.st_mode & 0o7777
    owner = status.st_uid
    group = status.st_gid
    linkCount = Int(status.st_nlink)
    byteCount = Int(status.st_size)
    identity = Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
  }

  /// The status of the file at `path`.
  ///
  /// - Parameters:
  ///   - path: Where it is.
  ///   - followsLinks: Whether a symbolic link at the end is followed.
  /// - Returns: The status; nil if there is no such file.
  /// - Throws: ``Errno`` as stat(2) sets it, but for `ENOENT`.
  ///
  /// Source: stat(2), lstat(2).
  package static func ofFile(
    at path: String, followsLinks: Bool
  ) throws(Errno) -> FileStatus? {
    var status = stat()
    do throws(Errno) {
      _ = try retrying {
        unsafe fstatat(AT_FDCWD, path, &status, followsLinks ? 0 : AT_SYMLINK_NOFOLLOW)
      }
    } catch .notFound {
      return nil
    }
    return FileStatus(status)
  }
}
