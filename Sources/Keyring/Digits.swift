extension FixedWidthInteger {
  /// The number that `text` is, if it is nothing but digits: no sign, no space.
  package init?(digits text: some StringProtocol) {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    self.init(text)
  }
}
