internal import Keyring
internal import Platform
internal import Wire

/// What a command would be given, and from where, asked for without any value.
struct RunExplanation {
  /// What would become of one variable, or of one key.
  struct Row {
    /// The variable's; nil for what has no name as long as it cannot be had.
    let name: String?
    let keys: [String]

    /// Whether text of a file is in it.
    let holdsText: Bool

    /// The option or the line, as in `-w web` and `./coffer.env:3`.
    let origin: String
    var effect: Effect
    var problem: String?
  }

  enum Effect: String {
    case inject
    case replace
    case keep
    case leaveOut = "leave-out"

    /// It is set already, and only to the same value would it be injected.
    case conflict
    case refuse
  }

  private(set) var rows: [Row] = []
  private let set: SetVariables

  /// Asks the daemon for each key.
  ///
  /// - Parameters:
  ///   - selection: What was selected.
  ///   - set: What becomes of variables that are set already.
  ///   - arguments: Those of the command line.
  /// - Throws: ``ClientError`` if the daemon cannot be asked; what it answers is told.
  init(
    _ selection: VariableSelection, _ set: SetVariables, _ arguments: Arguments
  ) throws(ClientError) {
    self.set = set
    var selection = selection
    var kept = selection.variables.filter { set.isKept($0.name) }
    if let only = selection.only { kept.removeAll { !only.contains($0.name) } }
    let unknown = selection.narrow(isKept: set.isKept)
    let requests = ValueRequests(selection, isOneByOne: true)
    let answers = try Answers(to: requests, arguments)
    for (line, answer) in zip(requests.lines, answers.all) where line.contents == .vaultNamed {
      add(answer, to: line.command)
    }
    for variable in kept { rows.append(row(of: variable, .keep)) }
    for variable in selection.variables { rows.append(row(of: variable, requests, answers)) }
    addDeliveries(selection, requests, answers)
    refuseRepetitions()
    for name in unknown where !rows.contains(where: { $0.name == name }) {
      rows.append(
        Row(
          name: name, keys: [], holdsText: false, origin: "--only", effect: .refuse,
          problem: "it is not among what is selected"))
    }
  }

  /// Adds the key that would be issued, for which the daemon is not asked.
  mutating func add(_ issued: IssuedKey) {
    rows.append(
      Row(
        name: PresentedKey.variable, keys: ["\(issued.workspace.text)/..."], holdsText: false,
        origin: IssuedKey.source, effect: .inject))
    refuseRepetitions()
  }

  /// Whether the command would run.
  var isRunnable: Bool {
    !rows.isEmpty && !rows.contains { $0.effect == .refuse || $0.effect == .conflict }
  }

  // MARK: Rows

  private mutating func add(_ answer: Answer, to command: Command) {
    let workspace = command.value(of: "workspace")
    let origin = workspace.map { "-w \($0)" } ?? "-k \(command.words[0])"
    if let error = answer.error {
      rows.append(
        Row(
          name: nil, keys: workspace == nil ? command.words : [], holdsText: false,
          origin: origin, effect: .refuse, problem: error.message))
    }
    for (key, name) in answer.keys {
      let isSet = set.policy == .refuse && set.isSet(name)
      rows.append(
        Row(
          name: name, keys: [key], holdsText: false, origin: origin,
          effect: isSet ? .conflict : effect(on: name),
          problem: isSet ? "it is set already, and refused unless to the same value" : nil))
    }
  }

  /// What happens to a variable that may replace one which is set.
  private func effect(on name: String) -> Effect {
    set.isKept(name) ? .keep : set.isSet(name) ? .replace : .inject
  }

  private func row(of variable: SelectedVariable, _ effect: Effect) -> Row {
    Row(
      name: variable.name, keys: variable.references.map(\.key.text),
      holdsText: variable.references.count < variable.pieces.count, origin: variable.origin,
      effect: effect)
  }

  private func row(
    of variable: SelectedVariable, _ requests: ValueRequests, _ answers: Answers
  ) -> Row {
    var row = row(of: variable, effect(on: variable.name))
    for reference in variable.references {
      guard let error = requests.number(of: reference).flatMap({ answers.error(ofRequest: $0) })
      else { continue }
      let mayBeMissing = reference.isOptional && error.code == .notFound
      if row.effect != .refuse { row.effect = mayBeMissing ? .leaveOut : .refuse }
      row.problem = error.message
    }
    do throws(ClientError) {
      try variable.checkName()
    } catch {
      (row.effect, row.problem) = (.refuse, error.message)
    }
    return row
  }

  private mutating func addDeliveries(
    _ selection: VariableSelection, _ requests: ValueRequests, _ answers: Answers
  ) {
    let numbers = requests.numbers(of: selection)
    for (file, number) in zip(selection.files, numbers.files) {
      let name = file.name ?? answers.name(ofRequest: number)
      let variable = name.map { $0 + SelectedDelivery.suffix }
      let problem = answers.error(ofRequest: number)?.message ?? whatIsSet(file, variable)
      rows.append(
        Row(
          name: variable, keys: [file.key.text], holdsText: false, origin: "--file",
          effect: problem == nil ? .inject : .refuse, problem: problem))
    }
    if let key = selection.standardInput, let number = numbers.standardInput {
      let error = answers.error(ofRequest: number)
      rows.append(
        Row(
          name: nil, keys: [key.text], holdsText: false, origin: "--stdin",
          effect: error == nil ? .inject : .refuse, problem: error?.message))
    }
  }

  /// The variable that is set and would have to be replaced for a file; nil if none is.
  private func whatIsSet(_ file: SelectedDelivery, _ variable: String?) -> String? {
    guard set.policy == .refuse else { return nil }
    let names = [CredentialFiles.variable] + (file.name == nil ? [variable ?? ""] : [])
    return names.first(where: set.isSet).map { "\($0) is set already" }
  }

  /// A key that is selected twice under one name is one; another one of that name is
  /// refused.
  private mutating func refuseRepetitions() {
    var first: [String: Row] = [:]
    var distinct: [Row] = []
    for var row in rows {
      guard let name = row.name, let other = first[name] else {
        if let name = row.name { first[name] = row }
        distinct.append(row)
        continue
      }
      guard other.keys != row.keys || other.holdsText || row.holdsText else { continue }
      row.effect = .refuse
      row.problem = "\(other.origin) sets it as well"
      distinct.append(row)
    }
    rows = distinct
  }

  // MARK: Telling

  /// A table for people.
  var lines: [String] {
    Table.lines(
      header: ["NAME", "VALUE", "SELECTED BY", "EFFECT"],
      rows: rows.map { row in
        let parts =
          row.keys + (row.holdsText || row.keys.isEmpty && row.problem == nil ? ["text"] : [])
        let effect = row.problem.map { "\(row.effect.rawValue): \($0)" } ?? row.effect.rawValue
        return [row.name ?? "", parts.joined(separator: ", "), row.origin, effect]
      })
  }

  /// An object for each row.
  var json: [JSON] {
    rows.map { row in
      .object([
        ("name", .optional(row.name)),
        ("keys", .array(row.keys.map { .string($0) })),
        ("text", .boolean(row.holdsText)),
        ("source", .string(row.origin)),
        ("effect", .string(row.effect.rawValue)),
        ("problem", .optional(row.problem)),
      ])
    }
  }
}

/// What the daemon says of each line.
private struct Answers {
  private(set) var all: [Answer] = []
  private var requests: [Int: Answer] = [:]

  init(to questions: ValueRequests, _ arguments: Arguments) throws(ClientError) {
    guard !questions.lines.isEmpty else { return }
    let dialogue = try Dialogue(arguments)
    for line in questions.lines {
      let answer = try Self.answer(to: line.command.asDryRun, dialogue)
      all.append(answer)
      if case .values(let numbers) = line.contents { requests[numbers[0]] = answer }
    }
  }

  private static func answer(
    to command: Command, _ dialogue: Dialogue
  ) throws(ClientError) -> Answer {
    var answer = Answer()
    do throws(ClientError) {
      let reply = try dialogue.ask(command)
      for fields in reply.statuses where fields.keywords == ["ENV"] {
        answer.keys.append((fields["key"] ?? "", fields["name"] ?? ""))
      }
    } catch {
      guard error.code != nil, error.code != .locked else { throw error }
      answer.error = error
    }
    return answer
  }

  func error(ofRequest number: Int) -> ClientError? { requests[number]?.error }

  func name(ofRequest number: Int) -> String? { requests[number]?.keys.first?.name }
}

private struct Answer {
  var keys: [(key: String, name: String)] = []
  var error: ClientError?
}
