"""The functions that Format.md names, and the bytes that everything is made of."""

import hashlib
import hmac

from nacl import bindings, exceptions


class Refused(Exception):
    """Why a vault or backup is not read; the first word is the kind of it."""

    def __init__(self, kind, name, reason):
        super().__init__(f"{kind}: {name}: {reason}")
        self.kind = kind


class Malformed(Exception):
    """Bytes that no writer of format 1 has written."""


def damaged(name, reason):
    return Refused("damaged", name, reason)


def digest(size, message, key=b""):
    return hashlib.blake2b(message, digest_size=size, key=key).digest()


def subkey(number, family, key):
    salt = number.to_bytes(8, "little") + bytes(8)
    return hashlib.blake2b(
        digest_size=32, key=key, salt=salt, person=family + bytes(8)).digest()


def salted(secret, salt):
    return hashlib.blake2b(secret, digest_size=32, salt=salt).digest()


def passphrase_key(secret, salt, passes, memory):
    return bindings.crypto_pwhash_alg(
        32, secret, salt, passes, memory, bindings.crypto_pwhash_ALG_ARGON2ID13)


def open_box(box, key, context):
    """The plaintext of a box; None if it is not authentic."""
    if len(box) < 40:
        return None
    try:
        return bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            box[24:], context, box[:24], key)
    except exceptions.CryptoError:
        return None


def is_equal(one, other):
    return hmac.compare_digest(one, other)


def number(value, size):
    return value.to_bytes(size, "little")


def text(word):
    return number(len(word.encode()), 2) + word.encode()


class Bytes:
    """Reads the types of Format.md, one behind the other."""

    def __init__(self, content):
        self.content = content
        self.position = 0

    def fixed(self, size):
        part = self.content[self.position:self.position + size]
        if len(part) != size:
            raise Malformed("it is cut off")
        self.position += size
        return part

    def unsigned(self, size):
        return int.from_bytes(self.fixed(size), "little")

    def u8(self):
        return self.unsigned(1)

    def u16(self):
        return self.unsigned(2)

    def u32(self):
        return self.unsigned(4)

    def u64(self):
        return self.unsigned(8)

    def i32(self):
        return int.from_bytes(self.fixed(4), "little", signed=True)

    def i64(self):
        return int.from_bytes(self.fixed(8), "little", signed=True)

    def text(self):
        try:
            return self.fixed(self.u16()).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Malformed("a text is no UTF-8") from error

    def counted(self):
        return self.fixed(self.u32())

    def flag(self):
        value = self.u8()
        if value > 1:
            raise Malformed("a flag is neither 0 nor 1")
        return value == 1

    def optional(self, read):
        return read() if self.flag() else None

    def finish(self):
        if self.position != len(self.content):
            raise Malformed("something is left over")
