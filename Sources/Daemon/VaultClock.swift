package import Keyring
package import Platform

/// The vault's time: the clock on the wall, but never back.
///
/// Below the latest moment that the vault has acted on (the mark) time goes on
/// from there by the boot clock, so that a clock which is set back revives no
/// expired key, and stops no one's expiry either.
package struct VaultClock {
  private var mark: Instant
  private var bootAtMark: BootInstant

  /// - Parameters:
  ///   - mark: The latest moment that the vault has acted on.
  ///   - boot: Now, by the boot clock.
  package init(mark: Instant, boot: BootInstant) {
    self.mark = mark
    bootAtMark = boot
  }

  /// The vault's time; it becomes the mark.
  package mutating func now(wall: Int64, boot: BootInstant) -> Instant {
    let elapsed = max(boot.seconds(since: bootAtMark), 0)
    let wall = Instant(secondsSinceEpoch: wall)
    if wall > mark {
      mark = wall
      bootAtMark = boot
    } else if elapsed > 0 {
      // The rest of a second is kept, so that often asking loses no time.
      mark = mark.advanced(by: Seconds(elapsed))
      bootAtMark = bootAtMark.advanced(bySeconds: elapsed)
    }
    return mark
  }

  package mutating func now() -> Instant {
    now(wall: WallClock.secondsSinceEpoch, boot: .now)
  }
}
