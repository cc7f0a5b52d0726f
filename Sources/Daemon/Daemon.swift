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

    /// What is on disk is not safe to use: starting again does not help.
    package static let configuration: Int32 = 78
  }

  /// Runs the program to its end.
  ///
  /// - Returns: The exit status.
  package static func run() -> Int32 {
    do throws(Options.UsageError) {
      guard let arguments = ProgramArguments.texts else {
        throw Options.UsageError(message: "an argument is not UTF-8")
      }
      switch try Options.parse(arguments, environment: variable) {
      case .help:
        StandardStream.output.write(Options.usage)
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
      try Process.occupyStandardStreams()
      Process.setFileCreationMask(0o077)
      Process.raiseFileLimits()
      Signal.brokenPipe.ignore()
      // A file that may not grow is a write that fails, and not the end.
      Signal.fileSizeLimit.ignore()
      Signal.processorTimeLimit.ignore()
      // A vault stays as it was when a terminal closes.
      Signal.hangUp.ignore()
      try Process.forbidCoreDumps()
      try Process.denyInspection()
    } catch {
      Log.note("keeping other processes out failed: \(error)")
      return ExitStatus.failed
    }
    return options.checksOnly ? check(options) : serve(options)
  }

  /// Tries everything that a start needs.
  private static func check(_ options: Options) -> Int32 {
    do throws(StoreError) {
      // A check makes nothing, so what is not there is left so.
      let isThere = (try? FileStatus.ofFile(at: options.statePath, followsLinks: true)) != nil
      if isThere {
        let directory = try VaultDirectory(
          opening: options.statePath, acceptsLinkOfRoot: options.isSystem)
        if try directory.holdsVault() { try Vault.checkSlots(in: directory) }
      }
    } catch {
      return fail(error)
    }
    do throws(Listener.ListenError) {
      _ = try Listener.checkPlace(options.socketPath)
    } catch {
      return fail(error)
    }
    Log.note("\(options.statePath): nothing is wrong")
    return ExitStatus.done
  }

  private static func serve(_ options: Options) -> Int32 {
    do throws(Errno) {
      // Before there are threads, which inherit what is blocked.
      let signals = try SignalQueue([.terminate, .interrupt])
      let isLocked = try SecretArena.reserve(SecretSupplies.all)
      if !isLocked {
        Log.note("the memory for secrets could not be locked, so it may be swapped")
        Log.hint("raise the limit on locked memory: 'ulimit -l', or LimitMEMLOCK= in the unit")
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
    let listener: Listener
    do throws(Listener.ListenError) {
      listener = try Listener(options)
    } catch {
      return fail(error)
    }
    let server = try Server(
      options, directory: directory, listener: listener, signals: signals,
      isMemoryLocked: isMemoryLocked)
    Log.note("serving \(options.socketPath)")
    ServiceManager.notify("READY=1")
    try server.run()
    return ExitStatus.done
  }

  private static func fail(_ error: StoreError) -> Int32 {
    Log.note(error.message)
    Log.hint(error.hint)
    switch error {
    case .inUse: return ExitStatus.inUse
    case .insecure: return ExitStatus.configuration
    case .noVault, .vaultExists, .wrongSecret, .unusableSecret, .noSlot, .damaged, .unknownVersion,
      .rolledBack, .failed, .full, .outOfMemory, .outOfLockedMemory:
      return ExitStatus.failed
    }
  }

  private static func fail(_ error: Listener.ListenError) -> Int32 {
    Log.note(error.message)
    Log.hint(error.hint)
    return ExitStatus.failed
  }
}
