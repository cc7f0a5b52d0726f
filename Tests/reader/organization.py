"""What the parts of a snapshot and the changes of records come to."""

from sealing import Malformed

FIRST_POLICY = {
    "max-lifetime": 365 * 86_400, "default-lifetime": 90 * 86_400, "allow-never": False,
    "max-grace": 30 * 86_400, "default-grace": 86_400, "idle-days": 90, "audit-days": 400}


class Organization:
    def __init__(self):
        self.name, self.policy = None, dict(FIRST_POLICY)
        self.users, self.workspaces = [], []
        self.keys = {}  # by id, in the order of their making
        self.grants = {}  # by unit and credential

    # What is there

    def user(self, number):
        if not 1 <= number <= len(self.users):
            raise Malformed("an unknown user")
        return self.users[number - 1]

    def workspace(self, number):
        if not 1 <= number <= len(self.workspaces):
            raise Malformed("an unknown workspace")
        return self.workspaces[number - 1]

    def key(self, key_id):
        """A key that is known and not revoked."""
        key = self.keys.get(key_id)
        if key is None or key["revocation"]:
            raise Malformed("a key that is unknown or revoked")
        return key

    def require_author(self, author):
        if author[0] == "user":
            self.user(author[1])
        elif author[1] not in self.keys:
            raise Malformed("an unknown key as an author")

    def require_place(self, namespace):
        if namespace[0] == "user":
            self.user(namespace[1])
        elif namespace[0] == "workspace":
            self.workspace(namespace[1])

    def keys_in(self, namespace):
        return [key for key in self.keys.values() if key["namespace"] == namespace]

    def require_free(self, number, name, uid):
        for user in self.users:
            if user["number"] == number or user["state"] == "removed":
                continue
            if user["name"] == name or user["uid"] == uid:
                raise Malformed("a name or uid that is taken")

    # Changes

    def apply(self, mark, fields, time):
        if mark == 20:
            fields = [time]
        getattr(self, f"change_{mark}")(*fields)

    def change_1(self, name):
        self.name = name

    def change_2(self, number, name, uid, role, state="active"):
        if number != len(self.users) + 1:
            raise Malformed("a user out of their order")
        if state != "removed":
            self.require_free(number, name, uid)
        self.users.append({
            "number": number, "name": name, "uid": uid, "role": role, "state": state,
            "roles": {}})

    def change_3(self, number, name, is_archived=False):
        if number != len(self.workspaces) + 1 or any(
                workspace["name"] == name for workspace in self.workspaces):
            raise Malformed("a workspace that is there already")
        self.workspaces.append({"number": number, "name": name, "is_archived": is_archived})

    def change_4(self, number, role):
        self.user(number)["role"] = role

    def change_5(self, number, workspace, role):
        self.workspace(workspace)
        roles = self.user(number)["roles"]
        roles.pop(workspace, None)
        if role in ("viewer", "editor", "admin"):
            roles[workspace] = role

    def change_6(self, key):
        if key["id"] in self.keys:
            raise Malformed("a key that is there already")
        self.require_author(key["creator"])
        for version in key["versions"]:
            self.require_author(version["author"])
        self.require_place(key["namespace"])
        for field in ("name", "env"):
            former = [one for one in self.keys_in(key["namespace"]) if one[field] == key[field]]
            if former:
                former[-1]["is_over"] = True
                self.end_grants(former[-1]["id"])
        self.keys[key["id"]] = key

    def change_7(self, key_id, revocation):
        self.require_author(revocation["author"])
        key = self.key(key_id)
        if state_of(key, revocation["time"]) in ("active", "suspended"):
            key["revocation"] = revocation
        else:
            key["is_over"] = True
        for version in key["versions"]:
            version["sealed"] = None
        self.end_grants(key_id)

    def end_grants(self, key_id):
        self.grants = {
            place: grant for place, grant in self.grants.items() if grant["key"] != key_id}

    def change_8(self, policy):
        self.policy = policy

    def change_9(self, number, state):
        user = self.user(number)
        if user["state"] == "removed":
            raise Malformed("another state of a user who was removed")
        user["state"] = state
        for key in self.keys_in(("user", number)):
            key["owner_is_disabled"] = state != "active"

    def end_keys(self, namespace, revocation):
        self.require_author(revocation["author"])
        for key in self.keys_in(namespace):
            if state_of(key, revocation["time"]) in ("active", "suspended"):
                self.change_7(key["id"], revocation)
            else:
                key["is_over"] = True
                self.end_grants(key["id"])

    def change_10(self, number, revocation):
        self.user(number)
        self.end_keys(("user", number), revocation)
        self.change_9(number, "removed")

    def change_11(self, number, uid):
        user = self.user(number)
        if user["state"] == "removed" or any(
                one["uid"] == uid and one["state"] != "removed" for one in self.users):
            raise Malformed("a uid that is bound already")
        user["uid"] = uid

    def change_12(self, number, revocation):
        workspace = self.workspace(number)
        self.end_keys(("workspace", number), revocation)
        workspace["is_archived"] = True

    def change_13(self, key_id, suspension):
        key = self.key(key_id)
        self.user(suspension["user"])
        key["suspension"] = suspension

    def change_14(self, key_id):
        key = self.key(key_id)
        key["suspension"], key["is_restored"] = None, False

    def change_15(self, key_id, time):
        for version in self.key(key_id)["versions"]:
            version["expires"] = earlier(version["expires"], time)

    def change_16(self, key_id, version, lifetime, end):
        key = self.key(key_id)
        *before, former = key["versions"]
        if version["number"] != former["number"] + 1:
            raise Malformed("a version out of its order")
        self.require_author(version["author"])
        for one in before:
            one["is_ended"] = True
        former.update(sealed=None, end=end, is_ended=end <= version["created"])
        key["versions"].append(version)
        key["lifetime"] = lifetime

    def change_17(self, key_id, number, time):
        for version in self.key(key_id)["versions"][:-1]:
            if version["number"] == number:
                version.update(end=earlier(version["end"], time), is_ended=True)
                return
        raise Malformed("the end of a version that is not a former one")

    def change_18(self, time):
        pass  # It is the mark's.

    def change_19(self, time):
        for key in self.keys.values():
            if key["origin"] == "issued":
                key["is_restored"] = not key["revocation"] and not key["is_over"]
        for grant in self.grants.values():
            grant["is_restored"] = True

    def change_20(self, time):
        for key in self.keys.values():
            if state_of(key, time) in ("active", "suspended"):
                key["is_restored"] = False
        for grant in self.grants.values():
            grant["is_restored"] = False

    def change_21(self, unit, credential, key_id, is_restored=False):
        if self.key(key_id)["is_over"]:
            raise Malformed("a grant of a key that has ended")
        former = self.grants.get((unit, credential))
        if former and former["key"] != key_id:
            raise Malformed("a second grant of one credential")
        self.grants[(unit, credential)] = {"key": key_id, "is_restored": is_restored}

    def change_22(self, unit, credential, key_id):
        grant = self.grants.pop((unit, credential), None)
        if grant is None or grant["key"] != key_id:
            raise Malformed("the withdrawal of a grant that is not there")

    def change_23(self, key_id, process):
        self.key(key_id)
        self.bind(key_id, process)

    def bind(self, key_id, process):
        key = self.keys.get(key_id)
        if key is None or key["origin"] != "issued" or key["process"]:
            raise Malformed("a process of a key that is unknown, imported or bound")
        key["process"] = process

    def authors(self):
        """The keys that others name as who made or ended them."""
        authors = set()
        for key in self.keys.values():
            named = [key["creator"]] + [version["author"] for version in key["versions"]]
            if key["revocation"]:
                named.append(key["revocation"]["author"])
            authors |= {author[1] for author in named
                        if author[0] == "key" and author[1] != key["id"]}
        return authors

    def change_24(self, key_ids):
        authors = self.authors()
        for key_id in key_ids:
            key = self.keys.get(key_id)
            if key is None or not key["process"] or key_id in authors:
                raise Malformed("the forgetting of a key that is none of a process")
            del self.keys[key_id]
            self.end_grants(key_id)

    # Parts of a snapshot

    def restore(self, mark, fields):
        if mark == 5:
            self.change_5(*fields)
        elif mark == 6:
            key, = fields
            if key["id"] in self.keys:
                raise Malformed("a key that is there already")
            self.require_place(key["namespace"])
            self.keys[key["id"]] = key
        elif mark == 7:
            key_id, versions = fields
            if not self.keys or list(self.keys)[-1] != key_id:
                raise Malformed("versions that do not follow their key")
            self.keys[key_id]["versions"] += versions
        elif mark == 8:
            if fields[:2] in [list(place) for place in self.grants]:
                raise Malformed("a grant that is there already")
            self.change_21(*fields)
        elif mark == 9:
            self.bind(*fields)
        else:
            {1: self.change_1, 2: self.change_8, 3: self.change_2, 4: self.change_3}[mark](*fields)

    def finish_restoring(self):
        for key in self.keys.values():
            numbers = [version["number"] for version in key["versions"]]
            if numbers != list(range(1, len(numbers) + 1)):
                raise Malformed("a key without all of its versions")
            self.require_author(key["creator"])
            for version in key["versions"]:
                self.require_author(version["author"])
            if key["revocation"]:
                self.require_author(key["revocation"]["author"])
            if key["suspension"]:
                self.user(key["suspension"]["user"])


def earlier(one, other):
    return other if one is None else min(one, other)


def is_expired(version, now):
    return version["expires"] is not None and now >= version["expires"]


def state_of(key, now):
    if key["revocation"]:
        return "revoked"
    if key["is_over"] or is_expired(key["versions"][-1], now):
        return "expired"
    is_suspended = key["suspension"] or key["owner_is_disabled"] or key["is_restored"]
    return "suspended" if is_suspended else "active"


def state_of_version(key, version, now):
    newest = key["versions"][-1]
    if version is not newest:
        if version["is_ended"] or version["end"] is not None and now >= version["end"]:
            return "retired"
        if is_expired(version, now):
            return "expired"
    if key["revocation"]:
        return "revoked"
    if key["is_over"] or is_expired(version, now) or is_expired(newest, now):
        return "expired"
    return "active" if version is newest else "grace"


class Uses:
    """Who has used which key, and who has had which value."""

    def __init__(self):
        self.uses, self.seen = {}, {}

    def note(self, row):
        if row["outcome"] != 0:
            return
        verb, subjects, user = row["verb"], row["subjects"], row["actor"]["user"]
        if verb in ("ENV", "CREDENTIAL", "VERIFY", "AUTH"):
            for key, number in subjects:
                self.note_use(key, number, row)
        how = {"ENV": "injected", "CREDENTIAL": "injected", "CREATE": "shown", "ROTATE": "shown",
               "IMPORT": "supplied", "REPLACE": "supplied"}.get(verb)
        if how is None or user is None:
            return
        for key, number in subjects if how == "injected" else subjects[-1:]:
            self.seen[(user, key, number)] = (how, row["time"])

    def note_use(self, key, number, row):
        use = self.uses.setdefault(key, {"count": 0, "versions": []})
        use.update(count=use["count"] + 1, last=row["time"], uid=row["actor"]["uid"],
                   command=row["actor"]["command"])
        versions = dict(use["versions"])
        versions[number] = row["time"]
        use["versions"] = sorted(versions.items())[-2:]
