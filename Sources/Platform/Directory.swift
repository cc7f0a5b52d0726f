internal import CLinux
internal import Glibc

/// An open directory; every name in it is resolved against this descriptor.
///
/// A directory that is renamed or replaced while open stays the one that was
/// checked, so no file operation can be led elsewhere. No operation follows a
/// symbolic link.
package struct Directory: ~Copyable, Sendable {
  let descriptor: FileDescriptor

  init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

  /// Opens the directory at `path`.
  ///
  /// - Parameters:
  ///   - path: Where it is.
  ///   - followsLink: Whether `path` itself may be a symbolic link.
  /// - Throws: ``Errno``; `ENOTDIR` or `ELOOP` if it is something else.
  ///
  /// Source: open(2), `O_DIRECTORY`, `O_NOFOLLOW`.
  package init(opening path: String, followsLink: Bool = false) throws(Errno) {
    let link = followsLink ? 0 : O_NOFOLLOW
    descriptor = try .open(path, flags: O_RDONLY | O_DIRECTORY | link)
  }

  /// Makes the directory at `path`, and its missing parents; each name is on the
  /// device before the next one is made.
  ///
  /// - Parameters:
  ///   - path: Where it is to be; it may be there already.
  ///   - permissions: The mode of each directory that is made.
  /// - Throws: ``Errno`` as mkdir(2) sets it, but for `EEXIST`; `EPERM` if
  ///   somebody has put another one in the place of what was made.
  ///
  /// Source: mkdir(2), fsync(2).
  package static func create(_ path: String, permissions: UInt32) throws(Errno) {
    var parent = path.hasPrefix("/") ? "/" : "."
    for component in path.split(separator: "/", omittingEmptySubsequences: true) {
      let directory = parent == "/" ? "/" + component : parent + "/" + component
      do throws(Errno) {
        _ = try retrying { unsafe mkdir(directory, permissions) }
        try Directory(opening: directory).setPermissions(permissions)
        try Directory(opening: parent, followsLink: true).synchronize()
      } catch .exists {
        // Whatever it is, the next step tells.
      }
      parent = directory
    }
  }

  /// Makes the directory at `path`, which must not be there, for this user alone.
  ///
  /// Throws ``Errno`` as mkdir(2) sets it; `EEXIST` if there is anything.
  ///
  /// Source: mkdir(2).
  package static func createNew(_ path: String) throws(Errno) {
    _ = try retrying { unsafe mkdir(path, 0o700) }
  }

  /// Removes the directory at `path`, with all that is in it; no link is followed.
  ///
  /// Throws ``Errno`` as unlink(2) and rmdir(2) set it, but for what is gone already.
  ///
  /// Source: unlink(2), rmdir(2).
  package static func removeTree(_ path: String) throws(Errno) {
    do throws(Errno) {
      let directory = try Directory(opening: path)
      for name in try directory.names() {
        let isDirectory = try directory.status(of: name)?.kind == .directory
        if isDirectory { try removeTree(path + "/" + name) } else { try directory.remove(name) }
      }
      _ = try retrying { unsafe rmdir(path) }
    } catch .notFound {
      return
    }
  }

  /// Sets the mode of a directory that was just made, from which the file mode
  /// creation mask has taken bits that others may need.
  ///
  /// Acts on what is open, and only if it is ours: in a directory of others the
  /// name may lead elsewhere by now.
  ///
  /// Source: fchmod(2).
  package borrowing func setPermissions(_ permissions: UInt32) throws(Errno) {
    guard try status().owner == Process.userID else { throw .notPermitted }
    try descriptor.withRawValue { (rawValue) throws(Errno) -> Void in
      _ = try retrying { fchmod(rawValue, permissions) }
    }
  }

  /// Removes the file at `path`, if it is there.
  ///
  /// Source: unlink(2).
  package static func removeFile(_ path: String) throws(Errno) {
    do throws(Errno) {
      _ = try retrying { unsafe unlink(path) }
    } catch .notFound {
      return
    }
  }

  /// Where the directory is now, without links; nil if that cannot be told.
  ///
  /// Source: proc(5), `/proc/PID/fd`.
  package var path: String? {
    descriptor.withRawValue { "/proc/self/fd/\($0)".linkTarget }
  }

  /// What the directory is, and whose.
  package borrowing func status() throws(Errno) -> FileStatus { try descriptor.status() }

  /// How a file is opened.
  package enum Opening: Sendable {
    case readingAndWriting
    /// The file must not be there; it is made with mode 0600.
    case creating
    /// The file is made with mode 0600 if it is not there.
    case creatingIfMissing
  }

  /// Opens the file `name`; never waits (a FIFO does not block), never follows a link.
  ///
  /// - Throws: ``Errno``: `ENOENT`, `EEXIST`, `ELOOP` for a link.
  ///
  /// Source: openat(2).
  package borrowing func open(_ name: String, for opening: Opening) throws(Errno) -> FileDescriptor
  {
    let flags: CInt
    switch opening {
    case .readingAndWriting: flags = O_RDWR
    case .creating: flags = O_RDWR | O_CREAT | O_EXCL
    case .creatingIfMissing: flags = O_RDWR | O_CREAT
    }
    let all = flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    let rawValue = try descriptor.withRawValue { (directory) throws(Errno) in
      try retrying { unsafe openat(directory, name, all, 0o600) }
    }
    return FileDescriptor(owning: rawValue)
  }

  /// The status of the file `name`, or nil if there is none.
  ///
  /// Source: fstatat(2).
  package borrowing func status(of name: String) throws(Errno) -> FileStatus? {
    var status = stat()
    do throws(Errno) {
      _ = try descriptor.withRawValue { (directory) throws(Errno) in
        try retrying { unsafe fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) }
      }
    } catch .notFound {
      return nil
    }
    return FileStatus(status)
  }

  /// Gives the file `name` the name `newName`, in place of what bears it.
  ///
  /// The new name is durable after ``synchronize()``.
  ///
  /// Source: renameat(2).
  package borrowing func rename(_ name: String, to newName: String) throws(Errno) {
    _ = try descriptor.withRawValue { (directory) throws(Errno) in
      try retrying { unsafe renameat(directory, name, directory, newName) }
    }
  }

  /// Gives two files the names of each other, in one step.
  ///
  /// The names are durable after ``synchronize()``.
  ///
  /// - Throws: ``Errno``; `EINVAL` where the file system has no such step.
  ///
  /// Source: rename(2), `RENAME_EXCHANGE`.
  package borrowing func exchange(_ name: String, with other: String) throws(Errno) {
    _ = try descriptor.withRawValue { (directory) throws(Errno) in
      try retrying { unsafe clinux_exchange(directory, name, other) }
    }
  }

  /// Gives the file `name` another name besides, unless something bears that.
  ///
  /// - Parameters:
  ///   - name: A file of the directory.
  ///   - newName: Its second name, durable after ``synchronize()``.
  /// - Returns: Whether the second name was free.
  /// - Throws: ``Errno`` as linkat(2) sets it, but for `EEXIST`.
  ///
  /// Source: linkat(2).
  package borrowing func link(_ name: String, as newName: String) throws(Errno) -> Bool {
    do throws(Errno) {
      _ = try descriptor.withRawValue { (directory) throws(Errno) in
        try retrying { unsafe linkat(directory, name, directory, newName, 0) }
      }
      return true
    } catch .exists {
      return false
    }
  }

  /// Removes the file `name`, if it is there.
  ///
  /// Source: unlinkat(2).
  package borrowing func remove(_ name: String) throws(Errno) {
    do throws(Errno) {
      _ = try descriptor.withRawValue { (directory) throws(Errno) in
        try retrying { unsafe unlinkat(directory, name, 0) }
      }
    } catch .notFound {
      return
    }
  }

  /// Waits until the names in the directory are on the device.
  ///
  /// Source: fsync(2), on directories.
  package borrowing func synchronize() throws(Errno) { try descriptor.synchronize() }

  /// The names in the directory, without `.` and `..`, sorted.
  ///
  /// Source: readdir(3).
  package borrowing func names() throws(Errno) -> [String] {
    try entries().map(\.text).sorted()
  }
}
