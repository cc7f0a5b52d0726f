import Glibc
import Platform
import TestSupport
import Testing

@Suite("Permissions of a directory")
struct DirectoryPermissionTests {
  let temporary = TemporaryDirectory()

  @Test("a directory gets its mode under any mask") func ignoresMask() async {
    await #expect(processExitsWith: .success) { [path = temporary.path as String] in
      umask(0o027)
      try Directory.create(path + "/a/b", permissions: 0o755)
      for name in ["/a", "/a/b"] {
        let status = try FileStatus.ofFile(at: path + name, followsLinks: false)
        #expect(status?.permissions == 0o755)
      }
    }
  }

  @Test(
    "the directory of somebody else keeps its mode",
    .enabled(if: Programs.isRoot, "needs root"))
  func refusesForeign() throws {
    try #require(mkdir(temporary.path("foreign"), 0o700) == 0)
    try #require(chown(temporary.path("foreign"), 12345, 12345) == 0)
    let directory = try Directory(opening: temporary.path("foreign"))
    #expect(throws: Errno.notPermitted) { try directory.setPermissions(0o755) }
    #expect(try directory.status().permissions == 0o700)
  }

  @Test("a mode is set on what is open, wherever the name leads by now")
  func followsNoName() throws {
    try Directory.create(temporary.path("own"), permissions: 0o700)
    try Directory.create(temporary.path("other"), permissions: 0o700)
    let directory = try Directory(opening: temporary.path("own"))
    try #require(rename(temporary.path("own"), temporary.path("moved")) == 0)
    try #require(symlink("other", temporary.path("own")) == 0)
    try directory.setPermissions(0o755)
    for (name, mode) in [("moved", 0o755), ("other", 0o700)] as [(String, UInt32)] {
      let status = try FileStatus.ofFile(at: temporary.path(name), followsLinks: false)
      #expect(status?.permissions == mode)
    }
  }
}
