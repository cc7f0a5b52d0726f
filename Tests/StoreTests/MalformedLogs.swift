@testable import Store

// Logs and backups that no writer has written.

extension MalformedFile {
  /// Of a log in a vault; there is no other with fewer bytes than it has.
  static let logs: [MalformedFile] = [
    ("records.1", GoldenVault.lives), ("audit.1", .lives), ("records.3", .compacted),
  ].flatMap { name, golden -> [MalformedFile] in
    let isRecords = name.hasPrefix("records")
    return [
      MalformedFile("is missing", golden, name) { _ in nil },
      MalformedFile("is empty", golden, name) { _ in [] },
      MalformedFile("its header is cut", golden, name) { Array($0.prefix(71)) },
      MalformedFile("no frame", golden, name, isRecords ? "damaged" : "rolled back") {
        Array($0.prefix(72))
      },
      MalformedFile("another mark", golden, name) { MalformedFile.put([0x58], at: 6, in: $0) },
      MalformedFile("the mark of another log", golden, name) {
        MalformedFile.put(Array((isRecords ? "CofferA" : "CofferR").utf8), at: 0, in: $0)
      },
      MalformedFile("a later least version", golden, name, "unknown version") {
        MalformedFile.put([2], at: 10, in: $0)
      },
      MalformedFile("an earlier least version", golden, name) {
        MalformedFile.put([0], at: 10, in: $0)
      },
      MalformedFile("a later format that was not sealed", golden, name) {
        MalformedFile.put([2], at: 8, in: $0)
      },
      MalformedFile("an absurd snapshot", golden, name) {
        MalformedFile.put([0xFF, 0xFF, 0xFF, 0xFF], at: 12, in: $0)
      },
      MalformedFile("another vault", golden, name) {
        MalformedFile.put([$0[16] ^ 1], at: 16, in: $0)
      },
      MalformedFile("another number", golden, name) { MalformedFile.put([9], at: 32, in: $0) },
      MalformedFile("a base out of range", golden, name) {
        MalformedFile.put([0x80], at: 47, in: $0)
      },
      MalformedFile("another base", golden, name) {
        MalformedFile.put([$0[48] ^ 1], at: 48, in: $0)
      },
      MalformedFile("another time of making", golden, name) {
        MalformedFile.put([$0[64] ^ 1], at: 64, in: $0)
      },
      MalformedFile("a box that is too short", golden, name) {
        MalformedFile.put([39, 0, 0, 0], at: 72, in: $0)
      },
      MalformedFile("a box that is too long", golden, name) {
        MalformedFile.put([41, 0, 0x10, 0], at: 72, in: $0) + [UInt8](repeating: 0, count: 1 << 20)
      },
      MalformedFile("a box without end", golden, name) {
        MalformedFile.put([0xFF, 0xFF, 0xFF, 0xFF], at: 72, in: $0)
      },
      MalformedFile("another place", golden, name) { MalformedFile.put([2], at: 76, in: $0) },
      MalformedFile("the first frame twice", golden, name) {
        MalformedFile.frames($0, [0, 0, 1])
      },
      MalformedFile("the first two frames exchanged", golden, name) {
        MalformedFile.frames($0, [1, 0])
      },
      MalformedFile("the second frame left out", golden, name) {
        MalformedFile.frames($0, [0, 2])
      },
      MalformedFile("its end is missing", golden, name, isRecords ? "damaged" : "rolled back") {
        let offsets = MalformedFile.offsets($0)
        return Array($0[..<offsets[isRecords ? offsets.count - 2 : 3]])
      },
    ]
  }

  static let others: [MalformedFile] = [
    MalformedFile("the second file is missing", .compacted, "audit.2") { _ in nil },
    MalformedFile("the second file has another base", .compacted, "audit.2") {
      MalformedFile.put([$0[48] ^ 1], at: 48, in: $0)
    },
    MalformedFile("the second file wants a later reader", .compacted, "audit.2", "unknown version")
    {
      MalformedFile.put([2], at: 10, in: $0)
    },
    MalformedFile("the first file ends too early", .compacted, "audit.1") {
      let offsets = MalformedFile.offsets($0)
      return Array($0[..<offsets[offsets.count - 3]])
    },
    MalformedFile("a snapshot of a frame more", .compacted, "records.3") {
      MalformedFile.put([2], at: 12, in: $0)
    },
    MalformedFile("no snapshot", .compacted, "records.3") {
      MalformedFile.put([0], at: 12, in: $0)
    },
  ]

  static let backups: [MalformedFile] = [
    MalformedFile("is empty", .backup, "backup") { _ in [] },
    MalformedFile("another first word", .backup, "backup") {
      MalformedFile.line($0) { "coffee" + $0.dropFirst(6) }
    },
    MalformedFile("a later least version", .backup, "backup", "unknown version") {
      MalformedFile.line($0) { _ in "coffer backup 2 2 400" }
    },
    MalformedFile("an earlier least version", .backup, "backup") {
      MalformedFile.line($0) { "coffer backup 1 0 " + $0.dropFirst(18) }
    },
    MalformedFile("a later format", .backup, "backup") {
      MalformedFile.line($0) { "coffer backup 2 1 " + $0.dropFirst(18) }
    },
    MalformedFile("a first line without end", .backup, "backup") {
      MalformedFile.line($0) { $0 + String(repeating: " ", count: 64) }
    },
    MalformedFile("a leading zero", .backup, "backup") {
      MalformedFile.line($0) { "coffer backup 1 1 0" + $0.dropFirst(18) }
    },
    MalformedFile("a word more", .backup, "backup") { MalformedFile.line($0) { $0 + " 1" } },
    MalformedFile("slots of no bytes", .backup, "backup") {
      MalformedFile.line($0) { _ in "coffer backup 1 1 0" }
    },
    MalformedFile("slots of one byte less", .backup, "backup") { bytes in
      MalformedFile.line(bytes) { "coffer backup 1 1 \((Int($0.dropFirst(18)) ?? 0) - 1)" }
    },
    MalformedFile("slots of absurdly many bytes", .backup, "backup") {
      MalformedFile.line($0) { _ in "coffer backup 1 1 99999999999999999999" }
    },
    MalformedFile("no log", .backup, "backup") { Array($0[..<MalformedFile.logStart($0)]) },
    MalformedFile("the mark of another log", .backup, "backup") {
      MalformedFile.put(Array("CofferR".utf8), at: MalformedFile.logStart($0), in: $0)
    },
    MalformedFile("a log that wants a later reader", .backup, "backup", "unknown version") {
      MalformedFile.put([2], at: MalformedFile.logStart($0) + 10, in: $0)
    },
    MalformedFile("a snapshot of no frame", .backup, "backup") {
      MalformedFile.put([0], at: MalformedFile.logStart($0) + 12, in: $0)
    },
    MalformedFile("a snapshot of a frame more", .backup, "backup") {
      MalformedFile.put([2], at: MalformedFile.logStart($0) + 12, in: $0)
    },
    MalformedFile("its end is missing", .backup, "backup") { Array($0.dropLast()) },
    MalformedFile("a byte more", .backup, "backup") { $0 + [0] },
    MalformedFile("its last frame twice", .backup, "backup") {
      $0 + $0[(MalformedFile.logStart($0) + SealedLog.headerByteCount)...]
    },
  ]

  /// The bytes with some frames in the place of the first ones, up to the last of them.
  private static func frames(_ bytes: [UInt8], _ order: [Int]) -> [UInt8] {
    let offsets = offsets(bytes)
    var changed = Array(bytes[..<SealedLog.headerByteCount])
    for index in order { changed += bytes[offsets[index]..<offsets[index + 1]] }
    return changed + bytes[offsets[(order.max() ?? 0) + 1]...]
  }

  /// A backup with another first line.
  private static func line(_ bytes: [UInt8], _ change: (String) -> String) -> [UInt8] {
    let end = bytes.firstIndex(of: 0x0A) ?? 0
    return Array(change(String(decoding: bytes[..<end], as: UTF8.self)).utf8) + bytes[end...]
  }

  /// Where the log of a backup begins.
  private static func logStart(_ bytes: [UInt8]) -> Int {
    let mark = Array("CofferB\n".utf8)
    return bytes.indices.first { Array(bytes[$0...].prefix(mark.count)) == mark } ?? 0
  }
}
