import Platform
import TestSupport
import Testing

@Suite("ControlGroup")
struct ControlGroupTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String

    /// What /proc/self/cgroup holds.
    let membership: String

    /// Files below the mounts, `v2/` and `v1/`.
    let files: [String: String]
    let limit: Int?
  }

  static let megabytes100 = "104857600\n"

  static let cases: [Case] = [
    Case(
      testDescription: "the group's own limit", membership: "0::/a/b\n",
      files: ["v2/a/b/memory.max": megabytes100, "v2/a/memory.max": "max\n"], limit: 100 << 20),
    Case(
      testDescription: "the limit of a group further up", membership: "0::/a/b\n",
      files: ["v2/a/b/memory.max": "max\n", "v2/a/memory.max": megabytes100], limit: 100 << 20),
    Case(
      testDescription: "the least of several", membership: "0::/a/b\n",
      files: ["v2/a/b/memory.max": megabytes100, "v2/a/memory.max": "4096\n"], limit: 4096),
    Case(
      testDescription: "no limit", membership: "0::/a\n",
      files: ["v2/a/memory.max": "max\n"], limit: nil),
    Case(
      testDescription: "a container that sees its group as the root", membership: "0::/\n",
      files: ["v2/memory.max": megabytes100], limit: 100 << 20),
    Case(
      testDescription: "a container that is told its path outside",
      membership: "4:memory:/docker/0a1b\n",
      files: ["v1/memory.limit_in_bytes": megabytes100], limit: 100 << 20),
    Case(
      testDescription: "a group outside of what is mounted", membership: "0::/../a\n",
      files: ["a/memory.max": "1\n", "v2/memory.max": megabytes100], limit: 100 << 20),
    Case(
      testDescription: "version 1 beside version 2",
      membership: "5:cpu,cpuacct:/x\n4:hugetlb,memory:/a\n1:name=systemd:/a\n0::/a\n",
      files: ["v1/a/memory.limit_in_bytes": megabytes100, "v1/x/memory.limit_in_bytes": "1\n"],
      limit: 100 << 20),
    Case(
      testDescription: "version 1 without a limit", membership: "4:memory:/a\n",
      files: ["v1/a/memory.limit_in_bytes": "9223372036854771712\n"], limit: nil),
    Case(
      testDescription: "a path with a colon", membership: "0::/a:b\n",
      files: ["v2/a:b/memory.max": megabytes100], limit: 100 << 20),
    Case(
      testDescription: "another controller", membership: "4:cpu:/a\n",
      files: ["v1/a/memory.limit_in_bytes": megabytes100], limit: nil),
    Case(
      testDescription: "what is no number", membership: "0::/a\nrubbish\n",
      files: ["v2/a/memory.max": "-1\n", "v2/memory.max": "\n"], limit: nil),
    Case(testDescription: "no group at all", membership: "", files: [:], limit: nil),
  ]

  @Test("finds the least limit on memory", arguments: cases) func limit(_ test: Case) throws {
    let directory = TemporaryDirectory()
    for (name, contents) in test.files {
      let path = directory.path(name)
      let parent = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
      try Directory.create(String(parent), permissions: 0o700)
      Files.write(Array(contents.utf8), to: path)
    }
    Files.write(Array(test.membership.utf8), to: directory.path("membership"))
    let group = ControlGroup(
      membershipPath: directory.path("membership"), unifiedRoot: directory.path("v2"),
      memoryRoot: directory.path("v1"))
    #expect(group.memoryLimit == test.limit)
  }

  @Test("without any of the files nothing is limited") func nothing() {
    let directory = TemporaryDirectory()
    let group = ControlGroup(
      membershipPath: directory.path("none"), unifiedRoot: directory.path("v2"),
      memoryRoot: directory.path("v1"))
    #expect(group.memoryLimit == nil)
  }
}
