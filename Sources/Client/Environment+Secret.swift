internal import Glibc
internal import Platform

extension Environment {
  /// Takes a copy of the value of the variable `name`, for one that holds a secret.
  ///
  /// - Parameter name: The variable.
  /// - Returns: Its bytes as they are; nil if it is not set.
  /// - Throws: ``SecretError/outOfLockedMemory`` as `Secret` does.
  ///
  /// Source: getenv(3).
  static func secret(of name: String) throws(SecretError) -> Secret? {
    guard let value = unsafe getenv(name) else { return nil }
    let count = unsafe strlen(value)
    return try Secret(count: count) { bytes in
      for index in 0..<count { bytes[index] = unsafe UInt8(bitPattern: value[index]) }
    }
  }
}
