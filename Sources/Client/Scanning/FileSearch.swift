internal import Platform
internal import Wire

/// The search through one file after the other.
struct FileSearch: ~Copyable {
  let report: ScanReport

  /// nil if stored values are not looked for.
  private let values: StoredValueSearch?
  private var window: SearchWindow

  init(_ report: ScanReport, _ values: StoredValueSearch?) throws(ClientError) {
    self.report = report
    self.values = values
    window = try SearchWindow()
  }

  /// Searches one file.
  ///
  /// - Parameters:
  ///   - file: What it is called.
  ///   - wantsValues: Whether stored values are looked for in it.
  ///   - read: Reads into the bytes from an offset on; 0 is the end.
  /// - Throws: What `read` throws, and ``ClientError`` if the finds cannot be told.
  mutating func search(
    _ file: ScannedFile, forValues wantsValues: Bool,
    reading read: (inout MutableSpan<UInt8>, Int) throws(ClientError) -> Int
  ) throws(ClientError) {
    window.reset()
    var start = 0
    while true {
      let before = window.count
      let isAtEnd = try window.fill(read)
      report.note(byteCount: window.count - before)
      start = searchIssued(file, from: start)
      var kept = start
      if wantsValues, let values, values.obstacle == nil {
        let candidates = values.candidates
        kept = min(kept, try gather(candidates, file, isAtEnd: isAtEnd))
        if candidates.isFull { try settle() }
      }
      if isAtEnd { break }
      window.discard(before: kept)
      start -= kept
    }
  }

  /// Tells of what was found, unless the daemon is still to be asked for more.
  borrowing func tell() throws(ClientError) {
    if (values?.candidates.count ?? 0) == 0 { try report.printFinds() }
  }

  private borrowing func searchIssued(_ file: ScannedFile, from start: Int) -> Int {
    let firstLine = window.firstLine
    return window.withBytes { bytes in
      IssuedKeySearch.search(bytes, from: start) { offset, handle in
        report.add(
          ScanFind(
            file: file, line: firstLine + bytes.count(of: 0x0A, before: offset),
            kind: .issuedKey(handle)))
      }
    }
  }

  private borrowing func gather(
    _ candidates: CandidateCollection, _ file: ScannedFile, isAtEnd: Bool
  ) throws(ClientError) -> Int {
    let (firstLine, isAtStart) = (window.firstLine, window.isAtStart)
    return try window.withBytes { (bytes) throws(ClientError) -> Int in
      try CandidateSearch.search(
        bytes, firstLine: firstLine, isAtStart: isAtStart, isAtEnd: isAtEnd
      ) { (range, line) throws(ClientError) in
        try candidates.add(bytes.extracting(range), in: file, line: line)
      }
    }
  }

  /// Looks up what was gathered, and tells of all that was found.
  borrowing func settle() throws(ClientError) {
    if let values { report.add(stored: try values.lookUp()) }
    try report.printFinds()
  }
}
