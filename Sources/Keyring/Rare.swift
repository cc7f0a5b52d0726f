/// What most have none of: kept apart, so that those without it take little memory.
enum Rare<Value: Equatable & Sendable>: Equatable, Sendable {
  case absent
  indirect case present(Value)

  init(_ value: Value?) { self = value.map { .present($0) } ?? .absent }

  var value: Value? {
    switch self {
    case .absent: nil
    case .present(let value): value
    }
  }
}
