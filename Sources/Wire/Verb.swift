/// The first word of a command.
package enum Verb: String, CaseIterable, Sendable {
  // Of the protocol itself.
  case nop = "NOP"
  case bye = "BYE"
  case reset = "RESET"
  case help = "HELP"
  case option = "OPTION"
  case cancel = "CANCEL"
  case getInfo = "GETINFO"

  // The vault.
  case initialize = "INIT"
  case unlock = "UNLOCK"
  case lock = "LOCK"
  case status = "STATUS"

  // People.
  case whoAmI = "WHOAMI"
  case workspace = "WORKSPACE"
  case user = "USER"
  case grant = "GRANT"

  // Keys.
  case create = "CREATE"
  case importKey = "IMPORT"
  case list = "LIST"
  case show = "SHOW"
  case revoke = "REVOKE"
  case environment = "ENV"
}
