internal import Platform

/// Candidates on their way to the daemon, each once, and all the places where they stand.
///
/// The candidates are in locked memory. Beside them is a hash of each, made with a seed of
/// this process, which is not told from another process' and not inverted.
final class CandidateCollection {
  /// One behind the other, each with a NUL behind it.
  private var bytes = SecretBuffer()

  /// Where in there each of them ends.
  private var ends: [Int] = []
  private var numberByHash: [Int: Int] = [:]

  /// The hashes of candidates that were looked up, and are no values: most words of a text
  /// stand in it again and again.
  private var refuted: Set<Int> = []
  private(set) var places: [Place] = []

  /// Where a candidate stands.
  struct Place: Equatable {
    /// Counted from 0 in the order in which they were added.
    let candidate: Int
    let file: ScannedFile
    let line: Int
  }

  /// When it is time to ask: two megabytes of memory, and far below what one SCAN takes.
  private static let maximumPlaces = 65_536
  private static let maximumCandidates = 32_768
  private static let maximumByteCount = 1 << 20

  /// Some 20 MB.
  private static let maximumRefuted = 1 << 20

  /// What the daemon takes in one answer.
  private static let answerCandidates = 1024
  private static let answerByteCount = 65_536

  var isFull: Bool {
    places.count >= Self.maximumPlaces || ends.count >= Self.maximumCandidates
      || bytes.count >= Self.maximumByteCount
  }

  var count: Int { ends.count }

  /// Adds a candidate, unless it can be no value.
  func add(
    _ candidate: Span<UInt8>, in file: ScannedFile, line: Int
  ) throws(ClientError) {
    let lengths = CandidateSearch.minimumByteCount...CandidateSearch.maximumByteCount
    guard lengths.contains(candidate.count), candidate.firstIndex(of: 0) == nil else { return }
    let hash = Self.hash(of: candidate)
    guard !refuted.contains(hash) else { return }
    let number: Int
    if let known = numberByHash[hash] {
      number = known
    } else {
      number = ends.count
      numberByHash[hash] = number
      try bytes.append(candidate)
      ends.append(bytes.count)
      try bytes.append([0].span)
    }
    let place = Place(candidate: number, file: file, line: line)
    if places.last != place { places.append(place) }
  }

  private static func hash(of bytes: Span<UInt8>) -> Int {
    var hasher = Hasher()
    var word: UInt64 = 0
    for index in bytes.indices {
      word = word << 8 | UInt64(bytes[index])
      if index % 8 == 7 { hasher.combine(word) }
    }
    hasher.combine(word)
    hasher.combine(bytes.count)
    return hasher.finalize()
  }

  /// As many candidates as one answer takes, with a NUL between two of them.
  ///
  /// - Parameter first: The number of the first one.
  /// - Returns: The answer, and the number of the candidate behind it.
  /// - Throws: ``ClientError`` if there is no memory.
  func answer(from first: Int) throws(ClientError) -> Answer {
    let start = first == 0 ? 0 : ends[first - 1] + 1
    var end = first
    while end < ends.count, end - first < Self.answerCandidates,
      ends[end] - start <= Self.answerByteCount
    {
      end += 1
    }
    let range = end > first ? start..<ends[end - 1] : 0..<0
    do throws(SecretError) {
      return try bytes.withBytes { (all) throws(SecretError) in
        Answer(text: try Secret(copying: all.extracting(range)), next: end)
      }
    } catch {
      throw .outOfMemory
    }
  }

  /// A part of the candidates.
  struct Answer: ~Copyable {
    let text: Secret
    let next: Int
  }

  /// Forgets all of them, and notes which have turned out to be no values.
  ///
  /// - Parameter isValue: Whether that was found of the candidate with this number.
  func settle(isValue: (Int) -> Bool) {
    if refuted.count > Self.maximumRefuted { refuted = [] }
    for (hash, number) in numberByHash where !isValue(number) { refuted.insert(hash) }
    removeAll()
  }

  /// Forgets all of them.
  func removeAll() {
    bytes = SecretBuffer()
    ends = []
    numberByHash = [:]
    places = []
  }
}
