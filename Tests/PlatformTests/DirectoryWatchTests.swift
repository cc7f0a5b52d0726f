import Glibc
import Platform
import TestSupport
import Testing

@Suite("DirectoryWatch")
struct DirectoryWatchTests {
  let temporary = TemporaryDirectory()
  var path: String { temporary.path("watched") }

  init() { mkdir(path, 0o700) }

  /// Whether the watch has something to tell.
  private func isReadable(_ descriptor: CInt) -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, 0) == 1
  }

  @Test(
    "tells of names that are removed, moved or replaced",
    arguments: ["unlink", "rename", "replace", "move in", "move the directory", "remove it"])
  func tells(change: String) throws {
    Files.write([1], to: path + "/name")
    Files.write([2], to: temporary.path("other"))
    let watch = try DirectoryWatch(path)
    let raw = watch.withRawValue { $0 }
    #expect(!isReadable(raw))
    switch change {
    case "unlink": unlink(path + "/name")
    case "rename": rename(path + "/name", path + "/else")
    case "replace": rename(temporary.path("other"), path + "/name")
    case "move in": rename(temporary.path("other"), path + "/other")
    case "move the directory": rename(path, temporary.path("moved"))
    default: Files.removeTree(path)
    }
    #expect(isReadable(raw))
    watch.clear()
    #expect(!isReadable(raw))
  }

  @Test("is silent about what is made, written, read or changed in mode") func silent() throws {
    let watch = try DirectoryWatch(path)
    let raw = watch.withRawValue { $0 }
    Files.write([1], to: path + "/name")
    Files.write([2, 3], to: path + "/name")
    _ = Files.read(path + "/name")
    chmod(path + "/name", 0o400)
    mkdir(path + "/directory", 0o700)
    link(path + "/name", path + "/link")
    #expect(!isReadable(raw))
    watch.clear()
  }

  @Test("many changes are forgotten at once") func many() throws {
    let watch = try DirectoryWatch(path)
    let raw = watch.withRawValue { $0 }
    for number in 0..<1000 {
      let name = path + "/\(number)"
      Files.write([1], to: name)
      unlink(name)
    }
    watch.clear()
    #expect(!isReadable(raw))
  }

  @Test("what is no directory cannot be watched") func noDirectory() {
    Files.write([], to: temporary.path("file"))
    for name in ["file", "none"] {
      #expect(throws: Errno.self) { _ = try DirectoryWatch(temporary.path(name)) }
    }
  }
}
