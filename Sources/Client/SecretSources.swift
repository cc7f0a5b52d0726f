internal import Keyring
internal import Wire

/// Where secrets come from, as the command line and the environment name it: each is
/// for one slot of the vault, or for any that has none of its own.
struct SecretSources {
  /// Paths, and numbers of descriptors.
  private var keyFiles: [Source]
  private var descriptors: [Source]

  private struct Source {
    let slot: Int?
    let text: String

    /// Reads `2=PATH` if `namesSlot`, or what has no slot before it.
    init(_ text: String, namesSlot: Bool) {
      let (head, tail) = text.divided(at: "=")
      if namesSlot, let tail, let slot = Int(digits: head) {
        (self.slot, self.text) = (slot, tail)
      } else {
        (slot, self.text) = (nil, text)
      }
    }
  }

  /// What a descriptor is named with, without the hyphens.
  let descriptorOption: String

  /// What a key file is named with.
  let keyFileOption: String

  /// - Parameters:
  ///   - arguments: Those of the command line.
  ///   - prefix: What the names of the two options begin with, as `new-`.
  ///   - environmentPath: The key file that the environment names.
  ///   - namesSlots: Whether a source may begin with the number of its slot and `=`.
  init(
    _ arguments: Arguments, prefix: String = "", environmentPath: String? = nil,
    namesSlots: Bool = false
  ) {
    keyFileOption = prefix + "key-file"
    descriptorOption = prefix + "passphrase-fd"
    func sources(_ name: String) -> [Source] {
      arguments.options.filter { $0.name == name }.compactMap(\.value).map {
        Source($0, namesSlot: namesSlots)
      }
    }
    keyFiles = sources(keyFileOption)
    descriptors = sources(descriptorOption)
    hasKeyFile = !keyFiles.isEmpty || (environmentPath != nil && descriptors.isEmpty)
    self.environmentPath = environmentPath
    if let environmentPath { keyFiles.append(Source(environmentPath, namesSlot: false)) }
  }

  /// Whether a key file is named, and so no passphrase is to be asked for.
  let hasKeyFile: Bool

  /// The key file that the environment names.
  private let environmentPath: String?

  /// The path of the key file of a slot, or of any; each is taken once.
  mutating func takeKeyFile(of slot: Int?) -> String? { Self.take(slot, from: &keyFiles) }

  /// Whether the environment is what names a key file, and not the command line.
  ///
  /// - Parameter path: What ``takeKeyFile(of:)`` has told.
  /// - Returns: Whether that was the environment's.
  func isOfEnvironment(_ path: String) -> Bool { path == environmentPath }

  /// Those of the slots whose key files are not named.
  ///
  /// - Parameter slots: The numbers, in the order in which the daemon asks.
  /// - Returns: Those of them for which none would be left.
  func slotsWithoutKeyFile(among slots: [Int]) -> [Int] {
    var rest = self
    return slots.filter { rest.takeKeyFile(of: $0) == nil }
  }

  /// The descriptor of a slot's passphrase, or of any; each is taken once.
  mutating func takeDescriptor(of slot: Int?) -> String? { Self.take(slot, from: &descriptors) }

  private static func take(_ slot: Int?, from sources: inout [Source]) -> String? {
    let index =
      sources.firstIndex { $0.slot != nil && $0.slot == slot }
      ?? sources.firstIndex { $0.slot == nil }
    return index.map { sources.remove(at: $0).text }
  }
}
