internal import Keyring
internal import Platform

/// Gives a command keys otherwise than in variables: in files, and on standard input.
enum CredentialFiles {
  /// As systemd has it.
  ///
  /// Source: systemd.exec(5), "Credentials".
  static let variable = "CREDENTIALS_DIRECTORY"

  /// A key that is given in a file.
  private struct Delivery {
    let value: ObtainedKey

    /// The name of the file: that of the key, or the one that was told.
    let fileName: String

    /// The variable that tells the path.
    let variable: String
  }

  /// Makes the files, and adds the variables that tell where they are.
  ///
  /// - Parameters:
  ///   - obtained: What the command is given.
  ///   - set: What becomes of variables that are set already.
  ///   - variables: Where they are added.
  /// - Throws: ``ClientError``; nothing is made if a name cannot be had.
  static func add(
    of obtained: borrowing Obtained, _ set: SetVariables, to variables: inout InjectedVariables
  ) throws(ClientError) {
    let deliveries = try deliveries(of: obtained, set)
    guard !deliveries.isEmpty else { return }
    let names = [Self.variable] + deliveries.map(\.variable)
    if let name = names.first(where: variables.names.contains) {
      throw ClientError(
        ExitStatus.failed, "\(name): '--file' and another option would both set it",
        hint: "give the file another name, as with '--file KEY=NAME'")
    }
    let path = try RunDirectory.create()
    let directory = try attempting("\(path): opening the directory") { () throws(Errno) in
      try Directory(opening: path)
    }
    for delivery in deliveries {
      try write(delivery, obtained.values, to: directory)
      guard !set.isKept(delivery.variable) else { continue }
      try variables.append(
        delivery.variable, "\(path)/\(delivery.fileName)".utf8.span, from: delivery.value.key)
    }
    guard !set.isKept(Self.variable) else { return }
    try variables.append(Self.variable, path.utf8.span, from: "--file")
  }

  private static func write(
    _ delivery: Delivery, _ values: borrowing ObtainedValues, to directory: borrowing Directory
  ) throws(ClientError) {
    do throws(Errno) {
      let file = try directory.open(delivery.fileName, for: .creating)
      try values.withValue(of: delivery.value) { (value) throws(Errno) -> Void in
        try file.writeAll(value)
      }
      try file.setPermissions(0o400)
    } catch {
      throw ClientError(
        ExitStatus.failed, "\(delivery.value.key): writing its file failed: \(error)")
    }
  }

  // MARK: Names

  private static func deliveries(
    of obtained: borrowing Obtained, _ set: SetVariables
  ) throws(ClientError) -> [Delivery] {
    var deliveries: [Delivery] = []
    for (file, number) in zip(obtained.selection.files, obtained.fileRequests) {
      guard let value = obtained.values.key(ofRequest: number) else { continue }
      let delivery = try delivery(of: file, value, set)
      if let other = deliveries.first(where: { $0.fileName == delivery.fileName }) {
        guard other.value.key != value.key else { continue }
        throw .sameName(delivery.fileName, other.value.key, value.key)
      }
      if let other = deliveries.first(where: { $0.variable == delivery.variable }) {
        throw .sameName(delivery.variable, other.value.key, value.key)
      }
      deliveries.append(delivery)
    }
    if !deliveries.isEmpty, set.policy == .refuse, set.isSet(Self.variable) {
      throw .isSet(
        Self.variable, "as for a unit of systemd",
        hint: "give the keys in variables, as with '-k KEY'")
    }
    return deliveries
  }

  private static func delivery(
    of file: SelectedDelivery, _ value: ObtainedKey, _ set: SetVariables
  ) throws(ClientError) -> Delivery {
    let variable = (file.name ?? value.name) + SelectedDelivery.suffix
    guard let name = EnvironmentName(stored: variable), !name.isReserved else {
      throw ClientError(
        ExitStatus.failed, "--file \(value.key): no variable may be called \(variable)",
        hint: "choose another name, as with '--file \(value.key)=NAME'")
    }
    if file.name == nil, set.policy == .refuse, set.isSet(variable) {
      throw .isSet(
        variable, "to something else than the file of \(value.key)",
        hint: "choose the name yourself, as with '--file \(value.key)=\(value.name)'")
    }
    let ownName = value.key.split(separator: "/").last.map(String.init) ?? value.key
    return Delivery(
      value: value, fileName: file.name ?? ownName, variable: variable)
  }

  // MARK: Standard input

  /// Puts the key of `--stdin` in the place of standard input.
  static func replaceStandardInput(of obtained: borrowing Obtained) throws(ClientError) {
    guard let number = obtained.standardInputRequest,
      let key = obtained.values.key(ofRequest: number)
    else { return }
    do throws(Errno) {
      try obtained.values.withValue(of: key) { (value) throws(Errno) -> Void in
        try Process.replaceStandardInput(
          by: try FileDescriptor.sealedMemory(holding: value, named: "coffer"))
      }
    } catch {
      throw ClientError(
        ExitStatus.failed, "\(key.key): giving it on standard input failed: \(error)")
    }
  }
}

extension ClientError {
  fileprivate static func sameName(_ name: String, _ one: String, _ other: String) -> ClientError {
    ClientError(
      ExitStatus.failed, "--file: \(one) and \(other) would both be called \(name)",
      hint: "give one of them another name, as with '--file \(other)=NAME'")
  }
}
