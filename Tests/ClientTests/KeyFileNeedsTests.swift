import Testing

@testable import Client

@Suite("KeyFileNeeds")
struct KeyFileNeedsTests {
  static let slots = statuses(
    "SLOT number=1 kind=passphrase memory=268435456 passes=3", "SLOT number=2 kind=key-file",
    "SLOT number=3 kind=recovery", "SLOT number=4 kind=credential", "SLOT number=7 kind=key-file")

  struct Case: CustomTestStringConvertible {
    let testDescription: String
    var removed: Int?
    var changed: Int?
    var keepsKey = false
    let present: [Int]
    let new: [Int]
  }

  static let cases = [
    Case(testDescription: "a new key for all", present: [2, 4, 7], new: []),
    Case(testDescription: "without the removed slot", removed: 4, present: [2, 7], new: []),
    Case(testDescription: "a changed key file", changed: 2, present: [4, 7], new: [2]),
    Case(testDescription: "a changed passphrase", changed: 1, present: [2, 4, 7], new: []),
    Case(
      testDescription: "a changed one, keeping the key", changed: 7, keepsKey: true, present: [],
      new: [7]),
    Case(
      testDescription: "a removed one, keeping the key", removed: 7, keepsKey: true, present: [],
      new: []),
  ]

  @Test("are the slots of key files and credentials that stay", arguments: cases)
  func needs(_ test: Case) {
    let needs = KeyFileNeeds(
      Self.slots, removing: test.removed, changing: test.changed, keepsKey: test.keepsKey)
    #expect(needs.present == test.present)
    #expect(needs.new == test.new)
    #expect((needs.refusal == nil) == (test.present.isEmpty && test.new.isEmpty))
  }

  @Test("the refusal names all of them, and says what to write") func refusal() {
    let all = KeyFileNeeds(present: [2, 4, 7], new: [9], canKeepKey: true).refusal
    #expect(all?.status == ExitStatus.usage)
    #expect(
      all?.message
        == "the key files of slots 2, 4 and 7 and the new key file of slot 9 are not named")
    #expect(
      all?.hint == "use --key-file 2=PATH --key-file 4=PATH --key-file 7=PATH --new-key-file PATH"
        + "; the new one is made if it is not there; or say --keep-key, which asks for less, "
        + "and 'coffer rekey' later")
    let one = KeyFileNeeds(present: [2], new: [], canKeepKey: false).refusal
    #expect(one?.message == "the key file of slot 2 is not named")
    #expect(one?.hint == "use --key-file 2=PATH")
  }
}
