import Foundation
import Platform
import TestSupport
import Testing

/// The benchmarks, as short as they can be: what is looked at is that they run, that
/// all answers they get are right, and what they print.
@Suite("Benchmarks", .enabled(if: Programs.benchmarks != nil, "benchmarks was not built"))
struct BenchmarkTests {
  private static let short = ["--rounds", "1", "--milliseconds", "20"]

  private func run(_ words: [String]) -> Subprocess.Result {
    Subprocess.run(Programs.benchmarks ?? "", words)
  }

  private func figures(_ result: Subprocess.Result) -> [[String: Any]] {
    result.outputText.split(separator: "\n").compactMap {
      (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
    }
  }

  @Test(
    "each prints figures as JSON, one a line, and ends well only if all answers were right",
    arguments: ["requests", "writes", "latency", "daemon", "mask", "scan"])
  func figures(_ name: String) {
    let result = run([name, "--programs", Programs.directory, "--json"] + Self.short)
    #expect(result.status == 0, "\(result.errorText)")
    let lines = result.outputText.split(separator: "\n")
    let figures = figures(result)
    #expect(!figures.isEmpty && figures.count == lines.count, "\(result.outputText)")
    for figure in figures {
      #expect(figure["benchmark"] as? String == name)
      for text in ["case", "figure", "unit"] { #expect(figure[text] is String, "\(figure)") }
      for number in ["median", "low", "high"] { #expect(figure[number] is Double, "\(figure)") }
      #expect(figure["rounds"] as? Int == 1)
      #expect((figure["peer"] is String) == (figure["ratio"] is Double), "\(figure)")
    }
  }

  @Test("vaults of several sizes are compared, and every key that was made is listed")
  func scale() {
    let result = run(
      ["scale", "--keys", "1200", "--programs", Programs.directory, "--json"] + Self.short)
    #expect(result.status == 0, "\(result.errorText)")
    let cases = Set(figures(result).compactMap { $0["case"] as? String })
    #expect(cases == ["100 keys", "1200 keys"])
  }

  @Test("a picture is drawn of what has a peer, and nothing of a run is left behind")
  func picture() throws {
    let directory = TemporaryDirectory()
    let path = directory.path("results.svg")
    let result = run(
      [
        "writes", "--programs", Programs.directory, "--directory", directory.path, "--svg", path,
      ] + Self.short)
    #expect(result.status == 0, "\(result.errorText)")
    let picture = try String(contentsOfFile: path, encoding: .utf8)
    #expect(picture.hasPrefix("<svg xmlns=") && picture.hasSuffix("</svg>\n"))
    #expect(picture.contains(">CREATE, 16 connections / CREATE, 1 connection</text>"), "\(picture)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["results.svg"])
  }

  @Test("a run that is killed leaves neither processes nor files")
  func interruption() {
    let directory = TemporaryDirectory()
    let started = Subprocess(
      Programs.benchmarks ?? "",
      ["requests", "--programs", Programs.directory, "--directory", directory.path],
      environment: [:], streams: [.null, .null, .null])
    var processes: [Int32] = []
    let hasDaemon = eventually {
      let names = FileManager.default.subpaths(atPath: directory.path) ?? []
      processes = names.filter { $0.contains("/processes/") }
        .compactMap { $0.split(separator: "/").last.flatMap { Int32($0) } }
      return !processes.isEmpty
    }
    #expect(hasDaemon)
    started.signal(SIGKILL)
    #expect(started.waitForEnd() == 128 + SIGKILL)
    let isGone = eventually {
      (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) == []
    }
    #expect(isGone)
    #expect(processes.allSatisfy { Platform.Process.hasEnded($0) })
  }

  /// Stands in the place of a daemon and hands on what that says, but for one byte of the
  /// answers, once many were right.
  private static let lyingDaemon = """
    #!/usr/bin/env python3
    import os, signal, socket, subprocess, sys, threading, time
    state = sys.argv[sys.argv.index("--state") + 1]
    real = subprocess.Popen(["\(Programs.daemon)", "--state", state + "-real"])
    def end(*_):
        real.terminate()
        real.wait()
        os._exit(0)
    signal.signal(signal.SIGTERM, end)
    while not os.path.exists(state + "-real/socket"): time.sleep(0.01)
    os.makedirs(state)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(state + "/socket")
    listener.listen(100)
    told = 0
    def carry(source, target, lies):
        global told
        while data := source.recv(65536):
            if lies and not data.startswith(b"OK Coffer"):
                if told < 60_000 <= told + len(data):
                    data = data[:-2] + b"?" + data[-1:]
                told += len(data)
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    while True:
        client, _ = listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(state + "-real/socket")
        for ends in ((client, server, False), (server, client, True)):
            threading.Thread(target=carry, args=ends, daemon=True).start()
    """

  @Test("one wrong byte in an answer ends a run with an error")
  func wrongAnswer() {
    let directory = TemporaryDirectory()
    for (name, text) in [("coffer", "#!/bin/sh\n"), ("cofferd", Self.lyingDaemon)] {
      Files.write(Array(text.utf8), to: directory.path(name))
      chmod(directory.path(name), 0o700)
    }
    let result = run(["requests", "--programs", directory.path] + Self.short)
    #expect(result.status == 1, "\(result.outputText)")
    #expect(result.errorText.contains("a wrong answer"), "\(result.errorText)")
  }

  @Test(
    "what is no name and no value of an option is told, with exit status 2",
    arguments: [
      ["nothing"], ["--rounds"], ["--rounds", "0"], ["--programs", "here"], ["load", "--svg"],
    ])
  func wrongWords(_ words: [String]) {
    let result = run(words)
    #expect(result.status == 2)
    #expect(result.errorText.hasPrefix("benchmarks: "))
  }
}
