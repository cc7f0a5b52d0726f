package import Keyring
package import Platform

extension ProcessBinding {
  /// What the kernel tells of a process that is held.
  ///
  /// - Parameters:
  ///   - id: Its number; 0 if it has none here.
  ///   - process: The same process.
  package init(ofProcess id: Int32, heldBy process: borrowing ProcessReference) {
    var start = id > 0 ? ProcessIdentity.start(of: id) : nil
    // What has ended by then may have given its number to another before.
    if process.hasEnded { start = nil }
    self.init(
      boot: Process.bootID.map { Boot($0) }, processID: id, start: start)
  }

  /// The process itself, if it still runs and can be told to be the same one.
  ///
  /// Throws ``Errno`` if descriptors have run out.
  package func process() throws(Errno) -> ProcessReference? {
    guard let boot, processID > 0, let start, Process.bootID.map({ Boot($0) }) == boot,
      let process = try ProcessReference.process(processID),
      ProcessIdentity.start(of: processID) == start,
      // Then it was this one that had the number when the start was read.
      !process.hasEnded
    else { return nil }
    return process
  }
}
