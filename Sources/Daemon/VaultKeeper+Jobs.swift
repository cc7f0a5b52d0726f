internal import Keyring
internal import Platform
internal import Store
internal import Wire

/// Long work on the vault: whose turn it is, and what becomes of it.
extension VaultKeeper {
  /// Lets a job run when those before it have ended.
  ///
  /// Throws ``Failure`` if too many wait already.
  func enqueue(_ job: Job) throws(Failure) {
    if job.triesSecret { try requireTry(of: job.userID) }
    let own = jobs.count { $0.userID == job.userID }
    guard own < Limits.jobsOfOneUser else {
      throw Failure(
        .limit, "\(own) secrets of uid \(job.userID) wait to be tried already",
        hint: "try again in a few seconds")
    }
    guard hasRoom(for: job) else {
      throw Failure(
        .limit, "\(jobs.count) secrets wait to be tried already",
        hint: "try again in a few seconds")
    }
    enqueueUnlimited(job)
  }

  /// The same for what the daemon does unasked, of which there is one at a time.
  func enqueueUnlimited(_ job: Job) {
    guard !job.usesVault || !isLocking else { return job.completion(.done) }
    jobs.insert(job, at: place(of: job))
    startJob()
  }

  /// Who has tried wrong secrets waits until those are through who have not, and root and
  /// the daemon's uid wait for nobody.
  private func place(of job: Job) -> Int {
    if isTrusted(job) { return waitingJobs.first { !isTrusted(jobs[$0]) } ?? jobs.count }
    guard !isSuspect(job) else { return jobs.count }
    return waitingJobs.first { isSuspect(jobs[$0]) } ?? jobs.count
  }

  /// Whether there is a place for one more job: for who has tried wrong secrets only
  /// some, and always for root and the daemon's uid, which lock nobody out.
  private func hasRoom(for job: Job) -> Bool {
    if isTrusted(job) { return true }
    guard isSuspect(job) else { return jobs.count < Limits.jobs }
    return jobs.count < Limits.jobs && jobs.count(where: isSuspect) < Limits.jobsOfSuspects
  }

  /// Whether somebody asks who could end the daemon as well.
  private func isTrusted(_ job: Job) -> Bool {
    job.userID == 0 || job.userID == Process.userID
  }

  /// Whether somebody asks who has tried wrong secrets.
  private func isSuspect(_ job: Job) -> Bool {
    job.triesSecret && throttle.wrongCount(of: job.userID, at: .now) > 0
  }

  /// The places of the jobs that wait.
  private var waitingJobs: Range<Int> { min(cancellation == nil ? 0 : 1, jobs.count)..<jobs.count }

  /// Throws `limit` unless a uid may try a secret now.
  func requireTry(of userID: UInt32) throws(Failure) {
    let pending = jobs.count { $0.userID == userID && $0.triesSecret }
    let now = BootInstant.now
    guard let seconds = throttle.seconds(until: userID, pending: pending, at: now) else { return }
    let count = throttle.wrongCount(of: userID, at: now)
    let reason =
      count == 0
      ? "\(pending) secrets of uid \(userID) are being tried already"
      : "uid \(userID) has tried \(count) wrong secrets: the next may be tried in \(seconds) s"
    throw Failure(.limit, reason, hint: "wait, then try again")
  }

  private func note(_ outcome: Job.Outcome, of job: Job) {
    guard job.triesSecret else { return }
    switch outcome {
    case .failed(.wrongSecret): throttle.noteWrong(of: job.userID, at: .now)
    case .failed: break
    case .done, .opened, .adopted, .slot, .key, .generation, .backup, .repair, .findings:
      throttle.noteRight(of: job.userID)
    }
  }

  func startJob() {
    while cancellation == nil, !isLocking, let job = jobs.first {
      guard let work = job.start(self) else {
        jobs.removeFirst()
        job.completion(.done)
        continue
      }
      let (mailbox, cancellation) = (mailbox, Cancellation())
      self.cancellation = cancellation
      return worker.submit { mailbox.post(.jobEnded(work(cancellation))) }
    }
  }

  /// Takes note of what came of the running job, and starts the next.
  func finishJob(_ outcome: Job.Outcome) {
    let job = jobs.removeFirst()
    cancellation = nil
    note(outcome, of: job)
    switch outcome {
    case .opened(let handoff):
      if let opened = handoff.take() {
        let isWanted = job.lockCount.map { $0 == lockCount } ?? true
        job.completion(isWanted ? adopt(opened) : .done)
      }
    case .failed(let error):
      if vault == nil {
        state = Self.stateOnDisk(directory)
        if error.isOfFiles { openingFailure = error }
      }
      job.completion(.failed(error))
    case .done, .adopted, .slot, .key, .generation, .backup, .repair, .findings:
      job.completion(outcome)
    }
    startJob()
    let waiting = afterVaultJobs
    afterVaultJobs = []
    for completion in waiting { completion() }
  }

  /// Ends the jobs that have the vault's keys, and begins no other before
  /// ``lock()``.
  ///
  /// - Parameter completion: Called when the last of them has ended.
  func endVaultJobs(_ completion: @escaping () -> Void) {
    isLocking = true
    forgetUnlocks()
    let running = cancellation == nil ? nil : jobs.removeFirst()
    let dropped = jobs.filter(\.usesVault)
    jobs.removeAll(where: \.usesVault)
    if let running { jobs.insert(running, at: 0) }
    for job in dropped { job.completion(.done) }
    guard let running, running.usesVault else { return completion() }
    cancellation?.request()
    afterVaultJobs.append(completion)
  }
}

extension StoreError {
  /// Whether the files of the vault are not as they should be.
  fileprivate var isOfFiles: Bool {
    switch self {
    case .damaged, .beyondRepair, .rolledBack, .unknownVersion: true
    case .noVault, .vaultExists, .insecure, .inUse, .wrongSecret, .unusableSecret, .noSlot,
      .changedByOthers, .busy, .failed, .full, .outOfMemory, .overMemoryLimit, .outOfLockedMemory:
      false
    }
  }
}
