package import Keyring
package import Platform

/// The vault's time: the clock on the wall, but never back, and not believed
/// when it leaps ahead.
///
/// Below the latest moment that the vault has acted on (the mark) time goes on
/// from there by the boot clock, so that a clock which is set back revives no
/// expired key, and stops no one's expiry either. One that leaps ahead while the
/// daemon runs ends no key: time goes on by the boot clock until the two agree.
package struct VaultClock {
  private var mark: Instant
  private var bootAtMark: BootInstant

  /// By how many seconds the clock on the wall is ahead of what is reckoned, while
  /// it is not believed; nil while it is.
  package private(set) var secondsAhead: Int64?

  /// The most by which the clock on the wall may differ from the boot clock.
  private static let believedSeconds: Int64 = 3600

  /// A clock that believes the one on the wall.
  ///
  /// - Parameters:
  ///   - wall: Now, by the clock on the wall, in seconds since 1970.
  ///   - boot: Now, by the boot clock.
  package init(wall: Int64, boot: BootInstant) {
    mark = Instant(secondsSinceEpoch: wall)
    bootAtMark = boot
  }

  /// A clock that believes the one on the wall as it is now.
  package init() { self.init(wall: WallClock.secondsSinceEpoch, boot: .now) }

  /// Takes note of the latest moment that a vault has acted on.
  package mutating func raise(to mark: Instant, boot: BootInstant = .now) {
    guard mark > reckoned(at: boot) else { return }
    self.mark = mark
    bootAtMark = boot
  }

  private func reckoned(at boot: BootInstant) -> Instant {
    mark.advanced(by: Seconds(max(boot.seconds(since: bootAtMark), 0)))
  }

  /// The vault's time; it becomes the mark.
  package mutating func now(wall: Int64, boot: BootInstant) -> Instant {
    let reckoned = reckoned(at: boot)
    let ahead = wall - reckoned.secondsSinceEpoch
    secondsAhead = ahead > Self.believedSeconds ? ahead : nil
    let wall = Instant(secondsSinceEpoch: wall)
    if secondsAhead == nil, wall > mark {
      mark = wall
      bootAtMark = boot
    } else if reckoned > mark {
      // The rest of a second is kept, so that often asking loses no time.
      let elapsed = reckoned.secondsSinceEpoch - mark.secondsSinceEpoch
      mark = reckoned
      bootAtMark = bootAtMark.advanced(bySeconds: elapsed)
    }
    return mark
  }

  package mutating func now() -> Instant {
    now(wall: WallClock.secondsSinceEpoch, boot: .now)
  }
}
