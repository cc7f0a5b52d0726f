internal import Platform

/// Rows in SQLite, each a durable transaction, by Python's module.
struct SQLiteWriter {
  private let bench: Workbench
  private let python: String

  /// - Returns: Nil if Python is not installed.
  init?(_ bench: Workbench) {
    guard let python = bench.find("python3", package: "python3") else { return nil }
    self.bench = bench
    self.python = python
  }

  /// Connections in threads of one process.
  ///
  /// The module lets others go on while one is in SQLite. Who finds the database locked tries again, as SQLite does by itself.
  ///
  /// Source: https://sqlite.org/pragma.html#pragma_synchronous: in WAL mode only FULL
  /// syncs at each commit.
  private static let script = """
    import sqlite3, sys, threading, time
    path, count, byte_count, seconds = sys.argv[1], *map(int, sys.argv[2:4]), float(sys.argv[4])
    def connect():
        connection = sqlite3.connect(path, isolation_level=None, timeout=60)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection
    first = connect()
    first.execute("CREATE TABLE IF NOT EXISTS keys (name TEXT PRIMARY KEY, value BLOB)")
    first.execute("DELETE FROM keys")
    done = [0] * count
    ready = threading.Barrier(count)
    def write(number):
        connection = connect()
        value = bytes(byte_count)
        ready.wait()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.execute(
                "INSERT INTO keys VALUES (?, ?)", (f"{number}-{done[number]}", value))
            done[number] += 1
    threads = [threading.Thread(target=write, args=(number,)) for number in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert first.execute("SELECT count(*) FROM keys").fetchone()[0] == sum(done)
    print(sum(done) / seconds)
    """

  /// Writes rows for a time.
  ///
  /// - Parameters:
  ///   - connectionCount: From how many threads.
  ///   - byteCount: How long the value of a row is.
  ///   - milliseconds: How long.
  /// - Returns: How many in a second.
  /// - Throws: ``BenchmarkError`` if it fails.
  func run(
    _ connectionCount: Int, byteCount: Int, milliseconds: Int64
  ) throws(BenchmarkError) -> Double {
    let words = [
      python, "-c", Self.script, bench.directory + "/sqlite", String(connectionCount),
      String(byteCount), String(Double(milliseconds) / 1000),
    ]
    let output = try bench.output(of: words)
    guard let rate = Double(output.prefix { !$0.isWhitespace }) else {
      throw BenchmarkError("python3: no number was printed")
    }
    return rate
  }
}
