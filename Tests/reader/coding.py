"""Records, rows, changes and parts of a snapshot, as their bytes have them."""

import re
import zlib

from sealing import Bytes, Malformed

DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LONGEST_TIME = 3_153_600_000


def is_key_text(content):
    match = re.fullmatch(rb"cof_[uwo]k_[0-9A-Za-z]{50}", content)
    if not match:
        return False
    value, checksum = zlib.crc32(content[:51]), b""
    for _ in range(6):
        value, digit = divmod(value, 62)
        checksum = DIGITS[digit:digit + 1] + checksum
    return checksum == content[51:]


class Payload(Bytes):
    """Reads what is in a frame."""

    def word(self, *known):
        word = self.text()
        if word not in known:
            raise Malformed(f"an unknown word")
        return word

    def name(self):
        name = self.text()
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", name, re.ASCII):
            raise Malformed("a name that breaks the rule")
        self.require_no_key_text(name)
        return name

    @staticmethod
    def require_no_key_text(name):
        content = name.encode()
        if any(is_key_text(content[start:start + 57]) for start in range(len(content))):
            raise Malformed("a name that holds the text of a key")

    def note(self):
        note = self.text()
        if len(note.encode()) > 200:
            raise Malformed("a note of more than 200 bytes")
        return note

    def key_id(self):
        characters = self.fixed(12)
        if any(byte not in DIGITS for byte in characters):
            raise Malformed("an id of other characters")
        return characters.decode()

    def length_of_time(self):
        seconds = self.i64()
        if seconds < 0:
            raise Malformed("a negative length of time")
        return min(seconds, LONGEST_TIME)

    def author(self):
        mark = self.u8()
        if mark == 1:
            return ("user", self.u32())
        if mark == 2:
            return ("key", self.key_id())
        raise Malformed("an unknown kind of author")

    def actor(self):
        return {
            "user": self.optional(self.u32), "key": self.optional(self.key_id),
            "uid": self.u32(), "pid": self.i32(), "command": self.text()}

    def revocation(self):
        return {"author": self.author(), "time": self.i64(), "reason": self.note()}

    def suspension(self):
        return {"user": self.u32(), "time": self.i64(), "reason": self.note()}

    def lifetime(self):
        mark = self.u8()
        if mark == 1:
            return ("never",)
        if mark == 2:
            return ("lasting", self.length_of_time())
        if mark == 3:
            return ("until", self.i64())
        raise Malformed("an unknown kind of lifetime")

    def policy(self):
        return {
            "max-lifetime": self.length_of_time(), "default-lifetime": self.length_of_time(),
            "allow-never": self.flag(), "max-grace": self.length_of_time(),
            "default-grace": self.length_of_time(), "idle-days": self.u32(),
            "audit-days": self.u32()}

    def scope(self):
        workspaces = self.optional(lambda: [self.u32() for _ in range(self.u16())])
        covers_own = self.flag()
        known = ["list", "use", "import", "verify"]
        actions = self.text().split(",")
        return {
            "workspaces": workspaces, "own": covers_own,
            "actions": [action for action in known if action in actions]}

    def namespace(self):
        mark = self.u8()
        if mark == 1:
            return ("organization", 0)
        if mark in (2, 3):
            return ("workspace" if mark == 2 else "user", self.u32())
        raise Malformed("an unknown kind of namespace")

    def key(self):
        key = {"id": self.key_id(), "namespace": self.namespace(), "name": self.name()}
        mark = self.u8()
        key.update(access=None, custody=None, scope=None, rank=None)
        if mark == 1:
            key["origin"] = "issued"
            key["access"] = self.word("", "viewer", "editor") or None
            key["custody"] = self.word("sealed", "hidden", "verify-only")
            key["scope"] = self.optional(self.scope)
        elif mark == 2:
            key["origin"] = "imported"
            key["rank"] = self.word("member", "viewer", "editor", "admin", "owner")
        else:
            raise Malformed("an unknown origin")
        key["env"] = self.text()
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", key["env"], re.ASCII):
            raise Malformed("an environment name that breaks the rule")
        key["lifetime"] = self.lifetime()
        key["creator"] = self.author()
        key["created"] = self.i64()
        key["note"] = self.note()
        count = self.u16()
        if count == 0:
            raise Malformed("a key without a version")
        key["versions"] = [self.version() for _ in range(count)]
        key.update(
            revocation=None, suspension=None, is_over=False, owner_is_disabled=False,
            is_restored=False, process=None)
        return key

    def version(self):
        return {
            "number": self.u32(), "author": self.author(), "created": self.i64(),
            "expires": self.optional(self.i64), "digest": self.fixed(32),
            "sealed": self.optional(self.counted), "end": None, "is_ended": False}

    def end_of(self, version):
        version["end"] = self.optional(self.i64)
        version["is_ended"] = self.flag()

    def unit(self):
        unit = self.text()
        if len(unit) > 255 or not re.fullmatch(
                r"[A-Za-z0-9:_.\\-][A-Za-z0-9:_.\\@-]*\.(service|socket|mount|swap)", unit, re.ASCII):
            raise Malformed("a unit's name that breaks the rule")
        self.require_no_key_text(unit)
        return unit

    def credential(self):
        name = self.text()
        if name in (".", "..") or not re.fullmatch(r"[ -.0-9;-~]{1,255}", name, re.ASCII):
            raise Malformed("a credential's name that breaks the rule")
        self.require_no_key_text(name)
        return name

    def process(self):
        return {
            "boot": self.optional(lambda: self.fixed(16)), "pid": self.i32(),
            "start": self.optional(self.u64)}

    def key_ids(self):
        return [self.key_id() for _ in range(self.u16())]

    def change(self):
        """The mark of a change, and its fields."""
        mark = self.u8()
        fields = {
            1: [self.name], 2: [self.u32, self.name, self.u32, self.organization_role],
            3: [self.u32, self.name], 4: [self.u32, self.organization_role],
            5: [self.u32, self.u32, self.text], 6: [self.key],
            7: [self.key_id, self.revocation], 8: [self.policy],
            9: [self.u32, self.user_state], 10: [self.u32, self.revocation],
            11: [self.u32, self.u32], 12: [self.u32, self.revocation],
            13: [self.key_id, self.suspension], 14: [self.key_id],
            15: [self.key_id, self.i64], 16: [self.key_id, self.version, self.lifetime, self.i64],
            17: [self.key_id, self.u32, self.i64], 18: [self.i64], 19: [self.i64], 20: [],
            21: [self.unit, self.credential, self.key_id],
            22: [self.unit, self.credential, self.key_id],
            23: [self.key_id, self.process], 24: [self.key_ids],
        }.get(mark)
        if fields is None:
            raise Malformed("an unknown change")
        return mark, [read() for read in fields]

    def organization_role(self):
        return self.word("owner", "member")

    def user_state(self):
        return self.word("active", "disabled", "removed")

    def part(self):
        """The mark of a part, and its fields."""
        mark = self.u8()
        fields = {
            1: [self.name], 2: [self.policy],
            3: [self.u32, self.name, self.u32, self.organization_role, self.user_state],
            4: [self.u32, self.name, self.flag], 5: [self.u32, self.u32, self.workspace_role],
            6: [self.whole_key], 7: [self.key_id, self.further_versions],
            8: [self.unit, self.credential, self.key_id, self.flag],
            9: [self.key_id, self.process],
        }.get(mark)
        if fields is None:
            raise Malformed("an unknown part")
        return mark, [read() for read in fields]

    def workspace_role(self):
        return self.word("viewer", "editor", "admin")

    def whole_key(self):
        key = self.key()
        for version in key["versions"]:
            self.end_of(version)
        flags = self.u8()
        if flags > 7:
            raise Malformed("an unknown flag")
        key["is_over"], key["owner_is_disabled"], key["is_restored"] = (
            bool(flags & bit) for bit in (1, 2, 4))
        key["revocation"] = self.optional(self.revocation)
        key["suspension"] = self.optional(self.suspension)
        return key

    def further_versions(self):
        versions = []
        for _ in range(self.u16()):
            versions.append(self.version())
            self.end_of(versions[-1])
        return versions

    def use(self):
        return self.key_id(), {
            "count": self.u64(), "last": self.i64(), "uid": self.u32(), "command": self.text(),
            "versions": [(self.u32(), self.i64()) for _ in range(self.u8())]}

    def seen(self):
        user, key, version = self.u32(), self.key_id(), self.u32()
        how = self.word("shown", "injected", "supplied")
        return (user, key, version), (how, self.i64())


def record(payload):
    """A record, or a frame of a snapshot: its items are pairs of number and content."""
    read = Payload(payload)
    fields = {
        "time": read.i64(), "actor": read.actor(), "verb": read.text(),
        "audit": (read.u64(), read.fixed(16)), "slots": read.u64(), "items": []}
    for _ in range(read.u16()):
        item = read.u8()
        content = {
            0: lambda: (read.counted(), read.counted()), 1: read.change,
            2: lambda: (read.i64(), (read.u64(), read.fixed(16))), 3: read.part,
            4: read.use, 5: read.seen}.get(item)
        if content is None:
            raise Malformed("an unknown item")
        fields["items"].append((item, content()))
    read.finish()
    return fields


def row(payload):
    """A row of the audit."""
    read = Payload(payload)
    fields = {
        "time": read.i64(), "actor": read.actor(), "verb": read.text(), "outcome": read.u16(),
        "record": read.optional(read.u64), "synchronized": read.u64(), "object": read.text(),
        "workspace": read.optional(read.u32)}
    fields["subjects"] = [(read.key_id(), read.u32()) for _ in range(read.u16())]
    read.finish()
    return fields
