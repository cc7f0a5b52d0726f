internal import Platform
internal import Store
internal import Wire

/// The program `cofferd`.
package enum Daemon {
  /// How the program ends.
  ///
  /// Source: sysexits.h(3head) for those above 2.
  package enum ExitStatus {
    package static let done: Int32 = 0
    package static let failed: Int32 = 1
    package static let usage: Int32 = 2

    /// Another daemon uses the state directory: trying again later may help.
    package static let inUse: Int32 = 75

    /// What is on disk is not safe to use, or what was asked for cannot be had:
    /// starting again does not help.
    package static let configuration: Int32 = 78
  }

  /// Runs the program to its end.
  ///
  /// - Returns: The exit status.
  package static func run() -> Int32 {
    if let error = Isolation.cleanEnvironment() {
      Log.note("starting anew with a clean environment failed: \(error)")
      Log.hint("start it with an empty one: 'env -i SWIFT_BACKTRACE=enable=no cofferd ...'")
      return ExitStatus.failed
    }
    do throws(Options.UsageError) {
      guard let arguments = ProgramArguments.texts else {
        throw Options.UsageError(message: "an argument is not UTF-8")
      }
      switch try Options.parse(arguments, environment: variable) {
      case .help:
        StandardStream.output.write(Options.usage)
        return ExitStatus.done
      case .manual:
        StandardStream.output.write(Options.manualPage.text)
        return ExitStatus.done
      case .version:
        StandardStream.output.write("cofferd \(Product.version)\n")
        return ExitStatus.done
      case .run(let options): return run(options)
      }
    } catch {
      Log.note(error.message)
      Log.hint("'cofferd --help' lists the options")
      return ExitStatus.usage
    }
  }

  private static func variable(_ name: String) throws(Options.UsageError) -> String? {
    do throws(Environment.NotText) {
      return try Environment.text(of: name)
    } catch {
      throw Options.UsageError(message: "\(error.name) is not UTF-8")
    }
  }

  private static func run(_ options: Options) -> Int32 {
    do throws(Errno) {
      try Isolation.begin()
    } catch {
      Log.note("keeping other processes out failed: \(error)")
      return ExitStatus.failed
    }
    if let backup = options.backup { return BackupCheck(backup).run() }
    return options.checksOnly ? check(options) : serve(options)
  }

  /// Looks at everything that a start needs.
  private static func check(_ options: Options) -> Int32 {
    let findings = Examination(options).ofClosedVault
    StandardStream.output.write(findings.flatMap(\.lines).map { $0 + "\n" }.joined())
    return findings.contains { $0.verdict == .wrong } ? ExitStatus.failed : ExitStatus.done
  }

  private static func serve(_ options: Options) -> Int32 {
    do throws(Errno) {
      try Isolation.detach()
      // Before there are threads, which inherit what is blocked.
      let signals = try SignalQueue([.terminate, .interrupt, .user1])
      let isLocked = try SecretArena.reserve(SecretSupplies.all)
      if !isLocked {
        let consequence =
          options.requiresLockedMemory
          ? "and --require-mlock asks for it" : "so it may be swapped"
        Log.note("the memory for secrets could not be locked, \(consequence)")
        Log.hint("raise the limit on locked memory: 'ulimit -l', or LimitMEMLOCK= in the unit")
        if options.requiresLockedMemory { return ExitStatus.configuration }
      }
      return try serve(options, signals: signals, isMemoryLocked: isLocked)
    } catch {
      Log.note("starting failed: \(error)")
      return ExitStatus.failed
    }
  }

  private static func serve(
    _ options: Options, signals: consuming SignalQueue, isMemoryLocked: Bool
  ) throws(Errno) -> Int32 {
    let directory: VaultDirectory
    do throws(StoreError) {
      directory = try VaultDirectory(
        opening: options.statePath, acceptsLinkOfRoot: options.isSystem)
    } catch {
      return fail(error)
    }
    let listeners: Listeners
    do throws(Listener.ListenError) {
      listeners = try .open(options)
    } catch {
      Log.note(error.message)
      Log.hint(error.hint)
      return error.exitStatus
    }
    let node = listeners.main.node
    let server = try Server(
      options, directory: directory, listeners: listeners, signals: signals,
      isMemoryLocked: isMemoryLocked)
    Log.note("serving \(options.socketPath)")
    try server.run()
    // A service manager is to start another one.
    return node?.isLost == true ? ExitStatus.failed : ExitStatus.done
  }

  private static func fail(_ error: StoreError) -> Int32 {
    Log.note(error.message)
    Log.hint(error.hint)
    switch error {
    case .inUse: return ExitStatus.inUse
    case .insecure: return ExitStatus.configuration
    case .noVault, .vaultExists, .wrongSecret, .unusableSecret, .noSlot, .damaged, .beyondRepair,
      .unknownVersion,
      .rolledBack, .changedByOthers, .busy, .failed, .full, .outOfMemory, .overMemoryLimit,
      .outOfLockedMemory:
      return ExitStatus.failed
    }
  }
}
