import Keyring
import Testing

// What units are given at random.

extension RandomLives {
  static let units = ["a.service", "t@.service", "t@1.service"]
  static let credentials = ["x", "y"]

  mutating func grant(by actor: LifeLedger.Actor) throws {
    guard let index = pick() else { return }
    let (key, second) = (ledger.keys[index], now.secondsSinceEpoch)
    let (unit, name) = (random.pick(Self.units), random.pick(Self.credentials))
    let place = "\(unit) \(name)"
    let taker = ledger.grants[place].map { ledger.keys[$0] }
    let isRight =
      ledger.isActive(actor, at: second) && ledger.mayGrant(actor, key)
      && ledger.mayUse(actor, key, at: second)
      && taker.map { $0.id == key.id || !ledger.isLive($0, at: second) } ?? true
    let request = try Request.grant("id:\(key.id.text)", to: unit, as: name)
    guard try perform(request, by: actor, if: isRight, "grant") else { return }
    setGrant(place, to: index)
  }

  mutating func withdraw(by actor: LifeLedger.Actor) throws {
    guard let place = ledger.grants.keys.sorted().first, let index = ledger.grants[place] else {
      return
    }
    let key = ledger.keys[index]
    let words = place.split(separator: " ").map(String.init)
    let isRight =
      ledger.isActive(actor, at: now.secondsSinceEpoch) && ledger.mayWithdraw(actor, key)
    let request = try Request.withdraw("id:\(key.id.text)", from: words[0], as: words[1])
    guard try perform(request, by: actor, if: isRight, "withdraw") else { return }
    setGrant(place, to: nil)
  }

  /// Each unit is given what the ledger says, and no other key is given to any.
  func checkGrants() {
    let standing = ledger.grants.filter { !ledger.isOver(ledger.keys[$0.value]) }
    var places: [String: KeyID] = [:]
    for key in organization.keys {
      for grant in organization.unitGrants(of: key.id) {
        places["\(grant.credential.unit.text) \(grant.credential.name.text)"] = key.id
      }
    }
    #expect(places == standing.mapValues { ledger.keys[$0].id })
    for (name, place) in [("t@1.service", "t@1.service"), ("t@2.service", "t@.service")] {
      for word in Self.credentials {
        let own = standing["\(place) \(word)"] ?? standing["t@.service \(word)"]
        let given = try? organization.credential(
          credential(word), ofUnit: unit(name), at: now)
        let expected = own.map { ledger.keys[$0] }.flatMap { key in
          key.isInjectable && ledger.state(key, at: now.secondsSinceEpoch) == "active"
            ? key.id : nil
        }
        #expect(given?.key.id == expected, "\(word) of \(name)")
      }
    }
  }
}
