internal import Glibc

/// What this process was started with, byte for byte.
///
/// `CommandLine.arguments` are strings, in which what is not UTF-8 is replaced: a
/// command that is executed with them would get other arguments than were given.
package enum ProgramArguments {
  /// The arguments behind the program's name.
  package static var all: [[UInt8]] {
    let count = Int(CommandLine.argc)
    guard count > 1 else { return [] }
    return (1..<count).compactMap { index in
      guard let argument = unsafe CommandLine.unsafeArgv[index] else { return nil }
      return unsafe [UInt8](UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
    }
  }

  /// The arguments behind the program's name as text; nil if one is not UTF-8.
  package static var texts: [String]? {
    let all = all
    let texts = all.compactMap { String(validating: $0, as: UTF8.self) }
    return texts.count == all.count ? texts : nil
  }
}
