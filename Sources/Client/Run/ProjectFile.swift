internal import Glibc
internal import Keyring
internal import Platform
internal import Wire

/// The dotenv file of a project, `coffer.env`, which is found and not named.
///
/// It is looked for in the working directory, and then in each directory above, up to
/// the root; the first one that is there counts. A profile has a file of its own, as
/// `coffer.staging.env`, which is taken in place of `coffer.env` and not on top of it:
/// what is injected stands in one file. Since a project may be somebody else's work,
/// such a file is trusted only once a person has seen what it asks for, and as long as
/// it does not change.
struct ProjectFile {
  let path: String
  let file: DotenvFile

  /// Finds and reads the file, which is not trusted by that.
  ///
  /// - Parameter profile: That of `--profile`.
  /// - Throws: ``ClientError`` if there is none, if others can change it, or for what is
  ///   no dotenv file.
  init(profile: String?) throws(ClientError) {
    let name = try Self.name(of: profile)
    guard let directory = Process.workingDirectory else {
      throw ClientError(
        ExitStatus.failed, "the working directory is gone, or its path is no text",
        hint: "name a file with '-e FILE'")
    }
    guard let path = Self.find(name, from: directory) else {
      throw .usage(
        profile == nil
          ? "nothing is selected"
          : "there is no \(name) in \(PrintableText.line(directory)), nor above it",
        hint: "name keys with '-k KEY', all of a workspace with '-w WORKSPACE', a file with "
          + "'-e FILE', or write lines NAME=coffer://KEY to \(name)")
    }
    self.path = path
    file = try Self.read(path)
  }

  private static func name(of profile: String?) throws(ClientError) -> String {
    guard let profile else { return "coffer.env" }
    guard let name = Name(profile) else {
      throw .usage("--profile: \(PrintableText.object(profile)): \(Name.rule)")
    }
    return "coffer.\(name.text).env"
  }

  /// The file of this name in `directory` or above; what may not be looked at is passed
  /// over.
  private static func find(_ name: String, from directory: String) -> String? {
    var directory = directory[...]
    while true {
      let path = (directory == "/" ? "" : directory) + "/" + name
      if let status = try? FileStatus.ofFile(at: String(path), followsLinks: true),
        status.kind != .directory
      {
        return String(path)
      }
      guard directory != "/", let slash = directory.lastIndex(of: "/") else { return nil }
      directory = slash == directory.startIndex ? "/" : directory[..<slash]
    }
  }

  private static func read(_ path: String) throws(ClientError) -> DotenvFile {
    let shown = PrintableText.line(path)
    // A FIFO would wait for somebody to write to it.
    let file = try attempting("\(shown): opening the file") { () throws(Errno) in
      try FileDescriptor.open(path, flags: O_RDONLY | O_NOCTTY | O_NONBLOCK)
    }
    let status = try attempting("\(shown): looking at the file") { () throws(Errno) in
      try file.status()
    }
    let problem: String? =
      if status.kind != .regular {
        "it is no regular file"
      } else if status.owner != Process.userID && status.owner != 0 {
        "it belongs to uid \(status.owner), neither you nor root"
      } else if status.permissions & 0o002 != 0 {
        "everybody may write to it"
      } else {
        nil
      }
    if let problem {
      throw ClientError(
        ExitStatus.failed, "\(shown): \(problem), so it is not used",
        hint: "if it is the right one, 'coffer run -e \(shown)' names it")
    }
    return try DotenvFile(reading: file, named: shown)
  }

  // MARK: Trust

  /// Throws unless a person has seen this file, or does now and trusts it.
  func requireTrust() throws(ClientError) {
    let copy = try TrustedCopy(of: path)
    let trust = copy.trust(in: file)
    guard trust != .trusted else { return }
    let finding =
      trust == .changed ? "has changed since it was trusted" : "is not trusted yet"
    let answer = try Confirmation.ask(
      "Trust it as long as it stays as it is",
      below: try summary(under: "coffer: \(file.name) \(finding). It sets:"))
    guard let answer else {
      throw ClientError(
        ExitStatus.failed, "\(file.name): the file \(finding), and there is no terminal to ask on",
        hint: "'coffer run -e \(file.name)' names it, and a file that is named is trusted")
    }
    guard answer else {
      throw ClientError(ExitStatus.failed, "\(file.name): the file is not trusted")
    }
    try copy.write(file)
  }

  /// Whether a person has seen this file as it is.
  func isTrusted() throws(ClientError) -> Bool {
    try TrustedCopy(of: path).trust(in: file) == .trusted
  }

  /// What the file asks for, below a heading.
  ///
  /// Text is shown only where a key stands in it, since that is where the key may go. It
  /// may be a secret itself, so it goes from locked memory to locked memory.
  private func summary(under heading: String) throws(ClientError) -> SecretBuffer {
    var selection = VariableSelection()
    selection.add(file)
    let variables = selection.variables
    let width = (variables.map(\.name.count).max() ?? 0) + 2
    var shown = SecretBuffer()
    try shown.append(PrintableText.withoutControls(heading) + "\n")
    for variable in variables {
      let space = String(repeating: " ", count: width - variable.name.count)
      try shown.append("  \(variable.name)\(space)")
      try Self.append(variable, to: &shown)
      try shown.append("\n")
    }
    try shown.append("\n")
    return shown
  }

  private static func append(
    _ variable: SelectedVariable, to shown: inout SecretBuffer
  ) throws(ClientError) {
    guard !variable.references.isEmpty, let file = variable.place?.file else {
      return try shown.append("text of the file, which may be a secret and is not shown")
    }
    for piece in variable.pieces {
      switch piece {
      case .reference(let reference):
        let key = reference.key.text
        try shown.append(variable.isWholeKey ? key : "<\(key)>")
        if reference.isOptional { try shown.append("?") }
      case .text(let range):
        try file.withText(range) { (text) throws(ClientError) -> Void in
          try shown.append(printable: text)
        }
      }
    }
  }
}

extension VariableSelection {
  /// What the options select, or else the project's file, which must be trusted.
  static func selected(by arguments: Arguments) throws(ClientError) -> VariableSelection {
    let (selection, project) = try found(by: arguments)
    try project?.requireTrust()
    return selection
  }

  /// The same for one who only wants to know, and trusts nothing by that.
  ///
  /// - Parameter arguments: Those of the command line.
  /// - Returns: What is selected; and the file that is not trusted, if it is not.
  /// - Throws: ``ClientError``.
  static func explained(
    by arguments: Arguments
  ) throws(ClientError) -> (VariableSelection, untrusted: String?) {
    let (selection, project) = try found(by: arguments)
    guard let project, try !project.isTrusted() else { return (selection, nil) }
    return (selection, project.file.name)
  }

  private static func found(
    by arguments: Arguments
  ) throws(ClientError) -> (VariableSelection, ProjectFile?) {
    for option in selecting { try arguments.exclude(["profile", option]) }
    var selection = try VariableSelection(arguments)
    // Who has a key issued asks for something, so that no file need be there.
    let wantsFile = arguments.has("profile") || !arguments.has("issue")
    guard isEmpty(arguments), wantsFile else { return (selection, nil) }
    let project = try ProjectFile(profile: arguments["profile"])
    selection.add(project.file)
    return (selection, project)
  }
}
