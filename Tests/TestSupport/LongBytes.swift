/// Whether two long runs of bytes are the same.
///
/// `#expect` looks for the differences of collections that it compares, which
/// takes minutes in long ones; of a call it shows the outcome.
package func isSame(_ one: [UInt8]?, _ other: [UInt8]?) -> Bool { one == other }
