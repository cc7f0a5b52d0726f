"""The file `slots`, and what opens it."""

import re

from sealing import (
    Refused, damaged, digest, is_equal, number, open_box, passphrase_key, salted, subkey, text)

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER = r"(0|[1-9][0-9]*)"
KEYS = r"([0-9a-f]{32}) ([0-9a-f]{64}) ([0-9a-f]{144})"
SLOT = re.compile(
    rf"slot {NUMBER} (?:(passphrase) {NUMBER} {NUMBER}|(key-file|credential|recovery)) {KEYS}",
    re.ASCII)


class Slot:
    def __init__(self, line, name):
        match = SLOT.fullmatch(line)
        if not match:
            raise damaged(name, "a slot is malformed")
        words = match.groups()
        self.number = int(words[0])
        self.kind = words[1] or words[4]
        self.memory, self.passes = int(words[2] or 0), int(words[3] or 0)
        self.salt, self.commitment, self.wrapped = (bytes.fromhex(word) for word in words[5:])
        if self.number >= 1 << 32:
            raise damaged(name, "the number of a slot is too large")
        if self.kind == "passphrase" and not (
                8 << 20 <= self.memory <= 1 << 30 and 1 <= self.passes <= 10):
            raise damaged(name, "a slot asks for too much or too little")

    def vault_key(self, secret, vault, name):
        """The vault key; None if the secret is not this slot's."""
        if self.kind == "passphrase":
            key = passphrase_key(secret, self.salt, self.passes, self.memory)
        else:
            key = salted(secret, self.salt)
        context = text("coffer slot 1") + vault + number(self.number, 4) + text(self.kind)
        if self.kind == "passphrase":
            context += number(self.memory, 8) + number(self.passes, 4)
        context += self.salt
        committed = digest(32, context, subkey(1, b"cofrslot", key))
        if not is_equal(committed, self.commitment):
            return None
        opened = open_box(self.wrapped, subkey(2, b"cofrslot", key), context)
        if opened is None or len(opened) != 32:
            raise damaged(name, "a wrapped key is not authentic")
        return opened


class Slots:
    def __init__(self, content, name="slots"):
        self.name = name
        if len(content) > 65_536:
            raise damaged(name, "it is too long")
        try:
            lines = content.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise damaged(name, "it is no text") from error
        first = re.fullmatch(rf"coffer slots {NUMBER} {NUMBER}", lines[0], re.ASCII)
        if not first:
            raise damaged(name, "its first line is none of a slots file")
        self.format = int(first[1])
        if int(first[2]) > 1:
            raise Refused("unknown version", name, first[2])
        if lines.pop() != "" or len(lines) < 8 or int(first[2]) != 1:
            raise damaged(name, "it is no text of whole lines")
        summed = content[:content.rindex(b"sum ")] if b"sum " in content else b""
        if digest(16, summed) != self.hexadecimal(lines[-1], "sum", 16):
            raise damaged(name, "its sum is wrong")
        self.mac = self.hexadecimal(lines[-2], "mac", 32)
        self.covered = summed[:summed.rindex(b"mac ")]
        self.vault = self.hexadecimal(lines[1], "vault", 16)
        self.number, = self.numbers(lines[2], "number", 1)
        self.generation, = self.numbers(lines[3], "generation", 1)
        self.audit = self.numbers(lines[4], "audit", 1024)
        if sorted(set(self.audit)) != self.audit:
            raise damaged(name, "the files of the audit are not in order")
        self.slots = [Slot(line, name) for line in lines[5:-2]]
        if not 1 <= len(self.slots) <= 16:
            raise damaged(name, "it has no slot, or too many")
        if len({slot.number for slot in self.slots}) != len(self.slots):
            raise damaged(name, "two slots have one number")

    def hexadecimal(self, line, word, size):
        match = re.fullmatch(rf"{word} ([0-9a-f]{{{2 * size}}})", line, re.ASCII)
        if not match:
            raise damaged(self.name, f"its line '{word}' is missing or malformed")
        return bytes.fromhex(match[1])

    def numbers(self, line, word, most):
        match = re.fullmatch(rf"{word}((?: [1-9][0-9]*){{1,{most}}})", line, re.ASCII)
        if not match:
            raise damaged(self.name, f"its line '{word}' is missing or malformed")
        values = [int(part) for part in match[1].split()]
        if max(values) >= 1 << 63:
            raise damaged(self.name, f"a number of its line '{word}' is too large")
        return values

    def unlock(self, kind, secret):
        """The keys of the vault; `kind` is `passphrase` or `key-file`."""
        trials = []
        if kind == "passphrase":
            code = recovery_secret(secret)
            trials += [(slot, code) for slot in self.slots if code and slot.kind == "recovery"]
            kinds = ["passphrase"]
        else:
            kinds = ["key-file", "credential"]
        trials += [(slot, shortened(secret)) for slot in self.slots if slot.kind in kinds]
        for slot, bytes_of_secret in trials:
            key = slot.vault_key(bytes_of_secret, self.vault, self.name)
            if key is not None:
                return self.keys(key)
        raise Refused("wrong secret", self.name, f"this {kind} opens no slot")

    def keys(self, vault_key):
        keys = Keys(vault_key, self.vault)
        if not is_equal(digest(32, self.covered, keys.slots), self.mac):
            raise damaged(self.name, "its MAC does not fit the vault key")
        return keys


class Keys:
    def __init__(self, vault_key, vault):
        self.vault = vault
        self.records, self.values, self.slots, self.audit = (
            subkey(number, b"cofrvalt", vault_key) for number in range(1, 5))

    def open_value(self, box, role, rest=b""):
        context = text("coffer value 1") + self.vault + number(role, 1) + rest
        return open_box(box, self.values, context)


def key_file_secret(content):
    """What counts of a key file."""
    if content.endswith(b"\n") and all(0x20 <= byte <= 0x7E for byte in content[:-1]):
        content = content[:-1]
    if not 32 <= len(content) <= 65_536:
        raise Refused("wrong secret", "key file", "it has at least 32 bytes")
    return content


def shortened(secret):
    return digest(64, secret) if len(secret) > 128 else secret


def recovery_secret(code):
    """The secret that a recovery code stands for; None if it is no code."""
    try:
        characters = code.decode("ascii").upper().replace(" ", "").replace("-", "")
    except UnicodeDecodeError:
        return None
    characters = characters.translate(str.maketrans("OIL", "011"))
    if len(characters) != 56 or any(one not in ALPHABET for one in characters):
        return None
    value = 0
    for character in characters:
        value = value << 5 | ALPHABET.index(character)
    content = value.to_bytes(35, "big")
    return content[:32] if digest(32, content[:32])[:3] == content[32:] else None
