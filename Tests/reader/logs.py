"""Logs of sealed frames."""

from sealing import Bytes, Refused, damaged, digest, number, open_box

MARKS = {"records": b"CofferR\n", "audit": b"CofferA\n", "backup": b"CofferB\n"}
HEADER_SIZE = 72
LONGEST_BOX = (1 << 20) + 40
LONGEST_FILE = 4 << 30


class Log:
    """A file, and how far it has been read."""

    def __init__(self, kind, name, content, vault, file_number, key):
        self.kind, self.name, self.content, self.key = kind, name, content, key
        self.vault, self.number = vault, file_number
        header = content[:HEADER_SIZE]
        if len(header) < HEADER_SIZE or header[:8] != MARKS[kind]:
            raise damaged(name, "it does not begin as such a file does")
        if len(content) > LONGEST_FILE:
            raise damaged(name, "it is longer than 4 GiB")
        fields = Bytes(header[8:])
        fields.u16()
        least = fields.u16()
        if least > 1:
            raise Refused("unknown version", name, str(least))
        self.snapshot_count = fields.u32()
        vault_there, number_there = fields.fixed(16), fields.u64()
        self.base = (fields.u64(), fields.fixed(16))
        self.made = fields.i64()
        if least != 1 or vault_there != vault or number_there != file_number \
                or self.base[0] >= 1 << 63:
            raise damaged(name, "its header is not that of this vault's file")
        self.offset, self.place, self.tag = HEADER_SIZE, 0, digest(16, header)

    @property
    def sequence(self):
        return self.base[0] + max(0, self.place - self.snapshot_count)

    @property
    def head(self):
        return (self.sequence, self.tag)

    @property
    def is_in_snapshot(self):
        return 0 < self.place <= self.snapshot_count

    @property
    def has_snapshot(self):
        return self.place >= self.snapshot_count

    @property
    def is_at_end(self):
        return self.offset == len(self.content)

    def frame(self, offset):
        """Place and box of the frame that stands at `offset`; None if none does."""
        head = self.content[offset:offset + 12]
        if len(head) < 12:
            return None
        size = int.from_bytes(head[:4], "little")
        box = self.content[offset + 12:offset + 12 + size]
        if not 40 <= size <= LONGEST_BOX or len(box) < size:
            return None
        return int.from_bytes(head[4:], "little"), box

    def opened(self, place, tag, box):
        context = MARKS[self.kind] + self.vault + number(self.number, 8) + number(place, 8) + tag
        return open_box(box, self.key, context)

    def next(self):
        """The payload of the next frame; None if there is no authentic one."""
        frame = self.frame(self.offset)
        if frame is None or frame[0] != self.place + 1:
            return None
        payload = self.opened(frame[0], self.tag, frame[1])
        if payload is not None:
            self.go_behind(frame, self.offset)
        return payload

    def go_behind(self, frame, offset):
        self.place, self.tag = frame[0], frame[1][-16:]
        self.offset = offset + 12 + len(frame[1])

    def next_behind_gap(self):
        """The payload of the next authentic frame, wherever it stands."""
        payload = self.next()
        if payload is not None:
            return payload
        for offset in range(self.offset + 52, len(self.content) - 51):
            frame = self.frame(offset)
            # A frame has at least 52 bytes, so no place is further away than that.
            if frame is None or not self.place < frame[0] <= self.place + len(self.content):
                continue
            payload = self.opened(frame[0], self.content[offset - 16:offset], frame[1])
            if payload is not None:
                self.go_behind(frame, offset)
                return payload
        return None
