internal import Platform

/// What one client can take of the daemon; past a limit it is told which, and
/// no other client notices.
enum Limits {
  /// Connections at a time, and of one uid that is a user, root or the daemon's.
  static let connections = 1024
  static let connectionsOfOneUser = 256

  /// Connections of all others, and of one of them, as of the jobs of a CI runner;
  /// and how many they leave free.
  static let connectionsOfStrangers = 512
  static let connectionsOfOneStranger = 128
  static let connectionsReserved = 64

  /// How long a line may take from its first byte to its end.
  static let lineSeconds: Int64 = 10

  /// How long the answer to an inquiry may take; a person types a passphrase.
  static let answerSeconds: Int64 = 60
  static let passphraseSeconds: Int64 = 120

  /// How long the answer may take that is a whole backup.
  static let streamSeconds: Int64 = 900

  /// As much of long data is encoded at once.
  static let streamPartByteCount = 65_536

  /// How long a client may leave its answers unread.
  static let unreadSeconds: Int64 = 10

  /// How long a command waits for a place to put an answer.
  static let answerPlaceSeconds: Int64 = 10

  /// The longest value, and the longest answer to an inquiry.
  static let valueByteCount = 65_536
  static let answerByteCount = 131_072

  /// Answers that can be in the making at a time, and of one uid that is known.
  static let answers = 32
  static let answersOfOneUser = 16

  /// Those of all others, and of one of them.
  static let answersOfStrangers = 16
  static let answersOfOneStranger = 4

  /// Secrets that wait to be tried, of one uid, and of all who have tried wrong ones;
  /// each takes most of a second.
  static let jobs = 32
  static let jobsOfOneUser = 4
  static let jobsOfSuspects = 16

  /// Wrong secrets of one uid that nobody waits for; how long it waits at the most
  /// after a further one, for how long one counts, and of how many uids.
  static let freeWrongSecrets = 3
  static let longestSecretRest: Int64 = 60
  static let wrongSecretSeconds: Int64 = 600
  static let watchedWrongSecrets = 4096

  /// Keys that one command injects; far more than an environment holds.
  static let injections = 1000

  /// Processes that the exposure ledger knows, of one uid and of all.
  static let holders = 4096
  static let holdersOfOneUser = 512

  /// Versions of keys that it knows to be held: by one process, by those of one uid, by all.
  static let heldVersionsOfOneHolder = 1024
  static let heldVersionsOfOneUser = 16_384
  static let heldVersions = 65_536

  /// Keys that live no longer than one process.
  static let keysOfOneProcess = 16

  /// Holders that are named when a key ends or gets another value.
  static let namedHolders = 100

  /// Values on a page of holders; a process stands on one page with all of its values.
  static let heldVersionsOfOnePage = 1000

  /// Keys on a page of a list, unless told, and at the most.
  static let pageDefault = 100
  static let pageMaximum = 1000

  /// Rows of the audit that one command reads: some milliseconds of work.
  static let auditRows = 1024

  /// Candidates in one answer to SCAN, each of which costs a hash: about a millisecond
  /// of work; how many answers one command asks for, after how many finds it ends, and how
  /// many keys are named that have one value.
  static let scanCandidates = 1024
  static let scanAnswers = 64
  static let scanFinds = 1000
  static let scanKeysOfOneValue = 8

  /// Refusals of one uid that get audit rows of their own, in a minute.
  static let auditedRefusals = 10

  /// Descriptors besides those of connections: files of the vault, and what a change
  /// of them takes.
  static let ownDescriptors = 64

  /// How long accepting rests when the process has no descriptor left.
  static let exhaustionMilliseconds: Int64 = 100

  /// How much is read of one connection before others have their turn.
  static let readsInARow = 8

  /// How much one connection's commands may answer before others have their turn; at
  /// least one command is done.
  static let turnByteCount = 65_536

  /// How long the commands of one uid may take in a turn, of all its connections
  /// together, before other uids have theirs.
  static let shareNanoseconds: Int64 = 1_000_000

  /// After how many bytes of answers unused memory is given back, and how late.
  static let trimByteCount = 8 << 20
  static let trimSeconds: Int64 = 5

  /// How many connections are accepted before others have their turn.
  static let acceptsInARow = 64

  /// What a unit that may not have a credential is sent: more than systemd takes.
  static let refusedCredentialByteCount = (1 << 20) + 1

  /// So many units are refused at a time; others wait.
  static let credentialRefusals = 64

  /// How long a daemon that was told to end may take to write what it accepted.
  static let endSeconds: Int64 = 5
}

/// The locked memory of the daemon: 5.8 MiB, below the usual limit of 8.
enum SecretSupplies {
  static let keyByteCount = 128
  static let outputByteCount = 262_144

  static let all: [SecretArena.Supply] = [
    // Keys of the vault, key texts, short passphrases.
    SecretArena.Supply(blockByteCount: keyByteCount, blockCount: 256),
    // A line of each connection.
    SecretArena.Supply(blockByteCount: 1024, blockCount: Limits.connections + 64),
    // The value that is being opened, long passphrases, key files.
    SecretArena.Supply(blockByteCount: Limits.valueByteCount, blockCount: 4),
    SecretArena.Supply(blockByteCount: Limits.answerByteCount, blockCount: Limits.answers),
    // What is being sent.
    SecretArena.Supply(blockByteCount: outputByteCount, blockCount: 1),
  ]
}
