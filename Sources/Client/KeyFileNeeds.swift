internal import Wire

/// The slots whose key files a command will ask for.
struct KeyFileNeeds: Equatable {
  /// Those of what opens them now.
  private(set) var present: [Int] = []

  /// Those of what will open them.
  private(set) var new: [Int] = []

  /// Whether less is asked for with `--keep-key`.
  let canKeepKey: Bool

  /// - Parameters:
  ///   - present: The slots of key files that are to open them now.
  ///   - new: Those of key files that will open them.
  ///   - canKeepKey: Whether `--keep-key` is a way to be asked for less.
  init(present: [Int], new: [Int], canKeepKey: Bool) {
    (self.present, self.new, self.canKeepKey) = (present, new, canKeepKey)
  }

  /// What making a new vault key, or a new secret, asks for.
  ///
  /// - Parameters:
  ///   - slots: What the daemon has listed.
  ///   - removed: The slot that is taken away.
  ///   - changed: The slot that gets another secret.
  ///   - keepsKey: Whether the vault keeps its key, so that only the new secret is
  ///     asked for by its slot.
  init(_ slots: [StatusFields], removing removed: Int?, changing changed: Int?, keepsKey: Bool) {
    canKeepKey = !keepsKey && (removed ?? changed) != nil
    for slot in slots where ["key-file", "credential"].contains(slot["kind"]) {
      guard let number = slot["number"].flatMap({ Int($0) }), number != removed else { continue }
      if number == changed {
        new.append(number)
      } else if !keepsKey {
        present.append(number)
      }
    }
  }

  /// The refusal of a command for which all this is missing; nil if nothing is.
  var refusal: ClientError? {
    guard !present.isEmpty || !new.isEmpty else { return nil }
    let texts = [Self.text("key file", of: present), Self.text("new key file", of: new)]
      .compactMap(\.self)
    let verb = present.count + new.count == 1 ? "is" : "are"
    let options =
      present.map { "--key-file \($0)=PATH" } + new.map { _ in "--new-key-file PATH" }
    let isMade = new.isEmpty ? "" : "; the new one is made if it is not there"
    let wayOut =
      canKeepKey && !present.isEmpty
      ? "; or say --keep-key, which asks for less, and 'coffer rekey' later" : ""
    return .usage(
      "\(texts.joined(separator: " and ")) \(verb) not named",
      hint: "use \(options.joined(separator: " "))\(isMade)\(wayOut)")
  }

  /// As in `the key files of slots 2, 3 and 5`; nil of none.
  private static func text(_ noun: String, of slots: [Int]) -> String? {
    guard let last = slots.last else { return nil }
    guard slots.count > 1 else { return "the \(noun) of slot \(last)" }
    let others = slots.dropLast().map(String.init).joined(separator: ", ")
    return "the \(noun)s of slots \(others) and \(last)"
  }
}
