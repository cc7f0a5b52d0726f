@testable import Keyring

/// Words that people write: names, references, times.
enum WordFuzzing {
  static func read(_ text: String) throws {
    try readNames(text)
    try readReference(text)
    try readTimes(text)
    try readScope(text)
    if let number = Int(digits: text) {
      try promise(text.utf8.allSatisfy { (0x30...0x39).contains($0) } && number >= 0, "only digits")
    }
    let parts = text.split(separator: "=", maxSplits: 1)
    if parts.count == 2, let name = PolicyName(rawValue: String(parts[0])) {
      try readPolicy(name, String(parts[1]))
    }
  }

  private static func isSame(_ one: String, _ other: String) -> Bool {
    one.utf8.elementsEqual(other.utf8)
  }

  // MARK: Names

  private static func readNames(_ text: String) throws {
    if let name = Name(text) {
      try promise(isSame(name.text, text), "a name is what was written")
      try promise((1...Name.maximumCount).contains(text.utf8.count), "a name has 64 characters")
      try promise(!KeyText.occurs(in: text), "a name is no key's text")
      if let derived = try? EnvironmentName(derivedFrom: name) {
        try promise(EnvironmentName(stored: derived.text) == derived, "a derived name is a name")
        try promise(!derived.isReserved, "no reserved name is derived")
      }
    }
    if let name = try? EnvironmentName(parsing: text) {
      try promise(isSame(name.text, text), "an environment name is what was written")
      try promise(EnvironmentName(stored: text) == name, "an accepted name can be stored")
      try promise(text.utf8.count <= EnvironmentName.maximumCount, "it has 64 characters")
    }
    if let note = try? Note(parsing: text) {
      try promise(Note(stored: note.text) == note, "an accepted note can be stored")
      try promise(text.utf8.count <= Note.maximumByteCount, "a note has 200 bytes")
    }
    if let id = KeyID(text) {
      try promise(isSame(id.text, text), "an id is what was written")
      try promise(text.utf8.count == KeyID.characterCount, "an id has 12 characters")
    }
  }

  private static func readReference(_ text: String) throws {
    guard let reference = try? KeyReference(parsing: text) else { return }
    let written =
      switch reference.target {
      case .own(let name): "me/\(name.text)"
      case .ofUser(let user, let name): "@\(user.text)/\(name.text)"
      case .inWorkspace(let workspace, let name): "\(workspace.text)/\(name.text)"
      case .inOrganization(let name): "org/\(name.text)"
      case .id(let id): "id:\(id.text)"
      case .bare(let name): name.text
      }
    try promise(isSame(written, text), "a reference is read as it was written")
    if case .inWorkspace(let workspace, _) = reference.target {
      try promise(
        !KeyReference.reservedWorkspaceNames.contains(workspace.text),
        "no workspace has a name that begins other references")
    }
  }

  private static func readScope(_ text: String) throws {
    guard let scope = try? ScopeText(parsing: text) else { return }
    try promise(!scope.actions.isEmpty, "a scope has an action")
    try promise(
      scope.workspaces.map { !$0.isEmpty || scope.coversOwn } ?? true, "a scope has a place")
  }

  // MARK: Times

  private static func readTimes(_ text: String) throws {
    if let moment = Instant(rfc3339: text) {
      try promise(
        (0...Instant.latest.secondsSinceEpoch).contains(moment.secondsSinceEpoch),
        "a time is from 1970 to 9999")
      try promise(Instant(rfc3339: moment.rfc3339) == moment, "a time is read as it was written")
      if text.utf8.count == 20 {
        try promise(isSame(moment.rfc3339, text.uppercased()), "a time is written in one way")
      }
      _ = moment.advanced(by: .longest)
    }
    if let length = Seconds(parsing: text) {
      try promise(length <= .longest && length.count >= 0, "no time is longer than the longest")
      try promise(Seconds(parsing: length.text) == length, "a length is read as it was written")
    }
    if let lifetime = try? Lifetime(parsing: text), let end = lifetime.expiry(from: .latest) {
      try promise(end <= .latest, "an expiry can be written")
    }
  }

  private static func readPolicy(_ name: PolicyName, _ value: String) throws {
    guard let policy = try? Policy.initial.setting(name, to: value) else { return }
    try promise(
      policy.defaultLifetime <= policy.maximumLifetime
        && policy.defaultGrace <= policy.maximumGrace,
      "a default is within its maximum")
    let text = policy.text(of: name)
    try promise(
      (try? Policy.initial.setting(name, to: text)) == policy, "a policy is read as it was written")
  }
}
