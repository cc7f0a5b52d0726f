import Keyring
import Testing

@Suite("Roles, ranks and their words")
struct RoleTests {
  @Test("Owner stands above Admin, Editor, Viewer and Member, in this order")
  func ranksAreInOrder() {
    #expect(Rank.allCases.sorted() == [.member, .viewer, .editor, .admin, .owner])
    #expect(Rank.owner > .admin)
    #expect(Rank.admin > .editor)
    #expect(Rank.editor > .viewer)
    #expect(Rank.viewer > .member)
  }

  @Test("a role in a workspace and an access have the rank of their word")
  func ranksOfRoles() {
    for role in WorkspaceRole.allCases { #expect(role.rank.text == role.rawValue) }
    for access in Access.allCases { #expect(access.rank.text == access.rawValue) }
    #expect(WorkspaceRole.allCases.map(\.rawValue) == ["viewer", "editor", "admin"])
    #expect(Access.allCases.map(\.rawValue) == ["viewer", "editor"])
  }

  @Test("a rank is read from its word", arguments: Rank.allCases)
  func readsRank(_ rank: Rank) { #expect(Rank(text: rank.text) == rank) }

  @Test("an unknown word is no rank", arguments: ["", "Owner", "root", "superadmin", "viewer "])
  func refusesUnknownRank(_ word: String) { #expect(Rank(text: word) == nil) }

  @Test("access is viewer or editor, and anything else invalid")
  func readsAccess() throws {
    #expect(try Access(parsing: "viewer") == .viewer)
    #expect(try Access(parsing: "editor") == .editor)
    for word in ["admin", "owner", "member", "", "Viewer", "none"] {
      let refusal = refusal { () throws(Refusal) in try Access(parsing: word) }
      #expect(refusal?.word == .invalid, "\(word)")
    }
  }

  @Test("a key's state is active, expired or revoked, and anything else invalid")
  func readsState() throws {
    for state in [KeyState.active, .expired, .revoked] {
      #expect(try KeyState(parsing: state.rawValue) == state)
    }
    for word in ["", "live", "Active", "ended"] {
      let refusal = refusal { () throws(Refusal) in try KeyState(parsing: word) }
      #expect(refusal?.word == .invalid, "\(word)")
    }
  }

  @Test("only an active or a suspended key is live")
  func liveStates() {
    #expect(KeyState.allCases.filter(\.isLive) == [.active, .suspended])
  }

  @Test("a namespace has the type of its keys")
  func typesOfNamespaces() {
    #expect(Namespace.user(UserID(number: 1)).type == .user)
    #expect(Namespace.workspace(WorkspaceID(number: 1)).type == .workspace)
    #expect(Namespace.organization.type == .organization)
  }

  // MARK: Uids

  @Test(
    "a uid that one person has can be bound",
    arguments: [0, 1, 1000, 61183, 65520, 65533, 65535, 65536, 4_294_967_294] as [UInt32])
  func bindsUID(_ uid: UInt32) {
    #expect(refusal { () throws(Refusal) in try User.checkBindable(uid) } == nil)
  }

  @Test(
    "a uid that stands for nobody, or for one service after another, cannot be bound",
    arguments: [65534, 4_294_967_295, 61184, 61185, 63000, 65518, 65519] as [UInt32])
  func refusesUID(_ uid: UInt32) {
    #expect(refusal { () throws(Refusal) in try User.checkBindable(uid) }?.word == .invalid)
  }

  @Test("each word of a refusal is the rules' own")
  func refusalWords() {
    let words = Refusal.Word.allCases.map(\.rawValue)
    let rules = [
      "not found", "forbidden", "invalid", "conflict", "wrong state", "denied", "malformed",
      "locked", "damaged", "limit",
    ]
    #expect(Set(words).isSubset(of: rules))
  }

  @Test("a refusal of what is out of sight has nothing but the caller's own words")
  func notFoundIsBare() {
    #expect(Refusal.notFound("w2/x") == Refusal(.notFound, "w2/x", nil, hint: nil))
  }
}
