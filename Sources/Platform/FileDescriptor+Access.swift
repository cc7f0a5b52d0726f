internal import CLinux
internal import Glibc

// Who may read and write a file.

extension FileDescriptor {
  /// Sets the permission bits of the file.
  ///
  /// Source: fchmod(2).
  package borrowing func setPermissions(_ permissions: UInt32) throws(Errno) {
    _ = try withRawValue { (rawValue) throws(Errno) in
      try retrying { fchmod(rawValue, permissions) }
    }
  }

  /// Lets the same people read and write the file as another one of this user's: its
  /// permission bits, its group and its access control list; with the attributes that users
  /// have given it.
  ///
  /// Throws ``Errno``; `EPERM` for a group that this process is not in.
  ///
  /// Source: fchown(2), acl(5), xattr(7).
  package borrowing func takeAccess(of other: borrowing FileDescriptor) throws(Errno) {
    let status = try other.status()
    if try self.status().group != status.group {
      _ = try withRawValue { (rawValue) throws(Errno) in
        try retrying { fchown(rawValue, uid_t.max, status.group) }
      }
    }
    try withRawValue { (rawValue) throws(Errno) -> Void in
      try other.withRawValue { (other) throws(Errno) -> Void in
        _ = try retrying { clinux_copy_attributes(other, rawValue) }
      }
    }
    // At last, since a change of the group takes bits away.
    try setPermissions(status.permissions)
  }
}
