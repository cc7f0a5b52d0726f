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
  case check = "CHECK"
  case slot = "SLOT"
  case rekey = "REKEY"
  case backup = "BACKUP"
  case restore = "RESTORE"

  // People.
  case whoAmI = "WHOAMI"
  case authenticate = "AUTH"
  case workspace = "WORKSPACE"
  case user = "USER"
  case grant = "GRANT"
  case policy = "POLICY"

  // Keys.
  case create = "CREATE"
  case importKey = "IMPORT"
  case replace = "REPLACE"
  case rotate = "ROTATE"
  case expire = "EXPIRE"
  case suspend = "SUSPEND"
  case resume = "RESUME"
  case revoke = "REVOKE"
  case environment = "ENV"
  case verify = "VERIFY"
  case burn = "BURN"

  // Looking.
  case list = "LIST"
  case show = "SHOW"
  case holders = "HOLDERS"
  case unused = "UNUSED"
  case why = "WHY"
  case audit = "AUDIT"
  case scan = "SCAN"
}
