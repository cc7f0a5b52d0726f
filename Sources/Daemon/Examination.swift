internal import Platform
internal import Store
internal import Wire

/// Looks at all that a vault and its daemon need, and changes nothing.
///
/// Some of it can be told of any state directory, and some only by the daemon that
/// has the vault open; what cannot be told is told to be so.
struct Examination {
  private let options: Options

  init(_ options: Options) { self.options = options }

  /// What can be told without the vault's keys, beside a daemon that may run.
  var ofClosedVault: [Finding] {
    var findings = ofFiles
    findings.append(Finding(.chain, .unknown, "only an open vault tells", hint: Self.openHint))
    findings.append(Finding(.values, .unknown, "only an open vault tells", hint: Self.openHint))
    return findings + [ofSpace, ofMemory, ofLimits, ofSocketPlace, ofVersion].compactMap(\.self)
  }

  private static let openHint = "'coffer unlock', then 'coffer doctor' once more"

  /// What the daemon tells of itself, besides what is in the vault.
  func ofRunningDaemon(isMemoryLocked: Bool, hasSocket: Bool) -> [Finding] {
    let socket =
      hasSocket
      ? Finding(.socket, .ok, "\(options.socketPath) is served")
      : Finding(
        .socket, .wrong, "\(options.socketPath) is not the socket that was made",
        hint: "end cofferd and start it again")
    return ofFiles
      + [ofSpace, Self.ofMemory(isLocked: isMemoryLocked), ofLimits, socket, ofVersion]
      .compactMap(\.self)
  }

  // MARK: Files

  private var ofFiles: [Finding] {
    let directory: VaultDirectory
    do throws(StoreError) {
      guard Self.isThere(options.statePath) else {
        return [Finding(.directory, .ok, "\(options.statePath) is not there, so no vault is")]
      }
      directory = try VaultDirectory(
        examining: options.statePath, acceptsLinkOfRoot: options.isSystem)
    } catch {
      return [Finding(.directory, error)]
    }
    let found = Finding(.directory, .ok, "\(options.statePath) is its user's alone")
    do throws(StoreError) {
      guard try directory.holdsVault() else {
        return [found, Finding(.slots, .ok, "there is no vault yet")]
      }
    } catch {
      return [found, Finding(.slots, error)]
    }
    do throws(StoreError) {
      let survey = try VaultSurvey(of: directory)
      return [found, Finding(.slots, .ok, survey.slotsText)]
        + survey.problems.map { Finding(.files, $0) }
        + (survey.problems.isEmpty ? [Finding(.files, .ok, survey.filesText)] : [])
        + [survey.asideText].compactMap(\.self).map { Finding(.files, .ok, $0) }
    } catch {
      return [found, Finding(.slots, error)]
    }
  }

  private static func isThere(_ path: String) -> Bool {
    let status = try? FileStatus.ofFile(at: path, followsLinks: true)
    return status != nil
  }

  private var ofSpace: Finding? {
    guard let free = try? FileSystem.freeByteCount(at: options.statePath) else { return nil }
    let used =
      (try? VaultDirectory(examining: options.statePath, acceptsLinkOfRoot: options.isSystem))?
      .byteCount ?? 0
    let needed = 2 * used + (1 << 20)
    let text = "\(Self.size(free)) are free, the vault has \(Self.size(used))"
    guard free >= needed else {
      return Finding(
        .space, .wrong, text,
        hint: "make room: the vault may need \(Self.size(needed)) to be written anew")
    }
    return Finding(.space, .ok, text)
  }

  private static func size(_ byteCount: Int) -> String {
    byteCount < 1 << 20 ? "\(byteCount >> 10) KiB" : "\(byteCount >> 20) MiB"
  }

  // MARK: The process

  private var ofMemory: Finding? {
    let isLocked = try? SecretArena.reserve(SecretSupplies.all)
    return isLocked.map { Self.ofMemory(isLocked: $0) }
  }

  private static func ofMemory(isLocked: Bool) -> Finding {
    isLocked
      ? Finding(.memory, .ok, "the memory for secrets is locked")
      : Finding(
        .memory, .wrong, "the memory for secrets cannot be locked, so it may be swapped",
        hint: "raise the limit on locked memory: 'ulimit -l', or LimitMEMLOCK= in the unit")
  }

  private var ofLimits: Finding? {
    guard let files = Process.openFileLimit else { return nil }
    guard files >= Limits.connections + Limits.ownDescriptors else {
      return Finding(
        .limits, .wrong, "cofferd may open \(files) files, so it serves fewer connections",
        hint: "raise the limit: 'ulimit -Hn', or LimitNOFILE= in the unit")
    }
    return Finding(.limits, .ok, "\(Limits.connections) connections can be served")
  }

  private var ofSocketPlace: Finding? {
    do throws(Listener.ListenError) {
      let isStale = try Listener.checkPlace(options.socketPath)
      var directory = options.socketPath.parentDirectory
      while directory != "/", !Self.isThere(directory) { directory = directory.parentDirectory }
      // Whoever is not root can tell nothing of where the system's daemon may write.
      let isForeign = options.isSystem && Process.userID != 0
      guard isForeign || FileSystem.mayWrite(in: directory) else {
        return Finding(
          .socket, .wrong,
          "\(options.socketPath) cannot be made: \(directory) may not be written to",
          hint: "'ls -ld \(directory)' tells who may")
      }
      return Finding(
        .socket, .ok,
        isStale
          ? "\(options.socketPath) is that of a daemon that has ended"
          : "\(options.socketPath) can be made")
    } catch .taken {
      return Finding(.socket, .ok, "\(options.socketPath) is served by a daemon")
    } catch {
      return Finding(.socket, .wrong, error.message, hint: error.hint)
    }
  }

  private var ofVersion: Finding? {
    Finding(.version, .ok, "cofferd \(Product.version), file format \(VaultSurvey.formatVersion)")
  }
}
