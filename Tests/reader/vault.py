"""A vault or a backup, read whole and judged as Format.md says."""

import os
import re
import stat

from coding import record as decode_record, row as decode_row
from logs import Log
from organization import Organization, Uses
from sealing import Malformed, Refused, damaged, number
from slots import Slots


class Directory:
    """A state directory, which nobody else may write or read."""

    def __init__(self, path):
        self.path = path
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise Refused("insecure", path, "it is no directory")
        self.require_own(os.lstat(path), path)

    @staticmethod
    def require_own(status, name):
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            raise Refused("insecure", name, "it belongs to others, or is open to them")

    def read(self, name):
        path = os.path.join(self.path, name)
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            raise damaged(name, "it is missing") from None
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise Refused("insecure", name, "it is no regular file of one name")
        self.require_own(status, name)
        with open(path, "rb") as file:
            return file.read()

    def require_vault(self):
        names = os.listdir(self.path)
        if "slots" in names:
            return
        is_lost = any(re.fullmatch(r"(records|audit)\.[1-9][0-9]*", name) for name in names)
        if is_lost and "slots.init" not in names:
            raise damaged("slots", "it is missing, while logs are there")
        raise Refused("no vault", self.path, "there is none")


class Records:
    """What a file of records says."""

    def __init__(self, log, slots, keys):
        self.log, self.slots, self.keys = log, slots, keys
        self.organization, self.uses = Organization(), Uses()
        self.hashing_keys = self.checkpoint = None
        self.audit_head, self.mark, self.clock_setting = None, 0, None
        self.records = []
        while True:
            offset, payload = log.offset, log.next()
            if payload is None:
                break
            try:
                self.take(decode_record(payload))
            except Malformed as error:
                raise self.damaged(f"frame {log.place}: {error}", offset) from error
        if not log.has_snapshot:
            raise self.damaged("its snapshot is not whole")
        self.require_hashing_keys()

    def damaged(self, reason, offset=None):
        return damaged(self.log.name, f"{reason} (offset {offset or self.log.offset})")

    def take(self, record):
        if record["slots"] > self.slots.number:
            raise Refused("rolled back", "slots", "a record was written under later ones")
        for item, content in record["items"]:
            self.take_item(item, content, record["time"])
        if self.log.is_in_snapshot:
            if self.log.has_snapshot:
                self.organization.finish_restoring()
        else:
            self.records.append((self.log.sequence, record))
        if self.audit_head is None or record["audit"][0] >= self.audit_head[0]:
            self.audit_head = record["audit"]
        moments = [content[1][0] for item, content in record["items"]
                   if item == 1 and content[0] == 18]
        if moments:
            self.mark, self.clock_setting = moments[0], (self.log.sequence, moments[0])
        else:
            self.mark = max(self.mark, record["time"])

    def take_item(self, item, content, time):
        if item == 0:
            if self.hashing_keys or self.log.place != 1:
                raise Malformed("hashing keys where none belong")
            self.hashing_keys = content
            return
        if (item == 1) == self.log.is_in_snapshot:
            raise Malformed("an item where it does not belong")
        if item == 1:
            self.organization.apply(*content, time)
        elif item == 2:
            if self.checkpoint or self.log.place != 1:
                raise Malformed("a checkpoint where none belongs")
            self.mark, self.checkpoint = content
        elif item == 3:
            self.organization.restore(*content)
        elif item == 4:
            self.uses.uses[content[0]] = content[1]
        else:
            self.uses.seen[content[0]] = content[1]

    def require_hashing_keys(self):
        if self.hashing_keys is None:
            raise self.damaged("the hashing keys are missing")
        for role, box in zip((2, 3), self.hashing_keys):
            opened = self.keys.open_value(box, role)
            if opened is None or len(opened) != 32:
                raise self.damaged("a hashing key is not authentic")

    def value(self, key, version):
        """The value of a version; None if none is kept."""
        if version["sealed"] is None:
            return None
        rest = key["id"].encode() + number(version["number"], 4)
        value = self.keys.open_value(version["sealed"], 1, rest)
        if value is None:
            raise damaged(self.log.name, f"a value of {key['id']} is not authentic")
        return value


class Audit:
    """What the files of the audit say, from the checkpoint on."""

    def __init__(self, logs, last_is_begun, records):
        checkpoint = records.checkpoint[0] if records.checkpoint else 0
        behind = [index for index, log in enumerate(logs) if log.base[0] < checkpoint]
        self.logs = logs[behind[-1] if behind else 0:]
        self.last_is_begun = last_is_begun
        self.records, self.checkpoint = records, checkpoint
        self.rows, self.uses = [], records.uses
        self.last_named, self.last_kept = 0, records.log.base[0]
        self.mark, self.is_behind_setting = 0, records.clock_setting is None
        self.head_was_seen = records.audit_head[0] < self.logs[0].base[0]
        self.position = 0
        self.read_kept()
        self.offset = self.log.offset
        self.end = self.log.head
        self.judge(self.read_behind_gap())

    @property
    def log(self):
        return self.logs[self.position]

    @property
    def goes_on(self):
        following = self.logs[self.position + 1:]
        return bool(following) and following[0].base == self.log.head

    def read_kept(self):
        while True:
            self.note_head()
            while not self.goes_on:
                payload = self.log.next()
                if payload is None:
                    return
                row = self.take(payload, self.log.sequence > self.checkpoint)
                if self.log.sequence > self.checkpoint:
                    self.uses.note(row)
                self.last_kept = max(self.last_kept, row["record"] or 0)
                self.note_head()
            self.position += 1

    def note_head(self):
        named = self.records.audit_head
        if self.log.head == named or self.log.place == 0 and self.log.base == named:
            self.head_was_seen = True

    def take(self, payload, counts):
        try:
            row = decode_row(payload)
        except Malformed as error:
            raise damaged(self.log.name, f"row {self.log.sequence}: {error}") from error
        self.last_named = max(self.last_named, row["record"] or 0)
        if counts:
            setting = self.records.clock_setting
            if self.is_behind_setting:
                self.mark = max(self.mark, row["time"])
            else:
                self.mark = setting[1]
                self.is_behind_setting = row["record"] == setting[0]
        return row

    def read_behind_gap(self):
        """The last row that rows behind the gap say was on the device."""
        synchronized = 0
        for log in self.logs[self.position:]:
            payload = log.next_behind_gap()
            while payload is not None:
                synchronized = max(synchronized, self.take(payload, True)["synchronized"])
                payload = log.next_behind_gap()
        return synchronized

    def judge(self, synchronized):
        log, is_whole = self.log, self.offset == len(self.log.content)
        if self.position == 0 and self.offset == 72:
            if not is_whole:
                raise damaged(log.name, "its first row has changed (offset 72)")
            raise Refused("rolled back", log.name, "it has no rows")
        if self.end[0] < max(synchronized, self.records.audit_head[0]):
            if is_whole and self.position == len(self.logs) - 1:
                raise Refused("rolled back", log.name, "rows are missing that were there")
            raise damaged(
                log.name, f"row {self.end[0] + 1} has changed (offset {self.offset})")
        if not self.head_was_seen:
            raise Refused("rolled back", log.name, "it has not the head that a record names")
        head, end = self.records.log.head[0], self.records.log.is_at_end
        if self.last_named > head:
            raise self.records.damaged(
                f"record {head + 1} " + ("is missing" if end else "has changed"))

    @property
    def missing_rows(self):
        """The rows that an opening would make again from the records."""
        return [record for sequence, record in self.records.records if sequence > self.last_kept]


class Vault:
    """A state directory, as an opening would find it; nothing in it is changed."""

    def __init__(self, path, kind, secret):
        directory = Directory(path)
        directory.require_vault()
        slots = Slots(directory.read("slots"))
        keys = slots.unlock(kind, secret)
        name = f"records.{slots.generation}"
        log = Log("records", name, directory.read(name), slots.vault, slots.generation,
                  keys.records)
        self.contents = [(number, directory.read(f"audit.{number}")) for number in slots.audit]
        self.slots, self.keys = slots, keys
        logs = self.audit_logs()
        self.records = Records(log, slots, keys)
        self.audit = Audit(logs, len(logs) == len(self.contents), self.records)
        self.judge_later_audit(directory)
        self.mark = max(self.records.mark, self.audit.mark)

    def judge_later_audit(self, directory):
        """Refuses slots that are older than a file of the audit which they do not name."""
        for name in os.listdir(directory.path):
            match = re.fullmatch(r"audit\.([1-9][0-9]*)", name)
            if not match or int(match[1]) <= max(self.slots.audit):
                continue
            try:
                log = Log("audit", name, directory.read(name), self.slots.vault, int(match[1]),
                          self.keys.audit)
            except Refused:
                continue
            payload = log.next()
            while payload is not None:
                row = decode_row(payload)
                if row["verb"] != "REPAIR" and (row["record"] or 0) > self.records.log.head[0]:
                    raise Refused("rolled back", "slots", f"{name} tells of later records")
                payload = log.next()

    def audit_logs(self):
        logs = []
        for number, content in self.contents:
            name = f"audit.{number}"
            try:
                log = Log("audit", name, content, self.slots.vault, number, self.keys.audit)
                if log.snapshot_count or logs and log.base[0] < logs[-1].base[0]:
                    raise damaged(name, "it does not follow the file before it")
                logs.append(log)
            except Refused as error:
                if error.kind != "damaged" or not logs or number != self.slots.audit[-1]:
                    raise
        return logs

    def rows(self):
        """All rows that are kept, also those before the checkpoint, with their numbers."""
        logs = self.audit_logs()
        for position, log in enumerate(logs):
            following = logs[position + 1] if position + 1 < len(logs) else None
            while log.head != self.audit.end and not (following and following.base == log.head):
                payload = log.next()
                if payload is None:
                    raise damaged(
                        log.name, f"row {log.sequence + 1} has changed (offset {log.offset})")
                yield log.sequence, decode_row(payload)
            if log.head == self.audit.end:
                return


class Backup:
    """A backup, read through to its end."""

    def __init__(self, content, kind, secret):
        match = re.match(rb"coffer backup ([0-9]{1,18}) ([0-9]{1,18}) ([0-9]{1,18})\n", content)
        if not match or len(match[0]) > 64:
            raise damaged("backup", "it is no backup of Coffer")
        if int(match[2]) > 1:
            raise Refused("unknown version", "backup", match[2].decode())
        size = int(match[3])
        rest = content[match.end():]
        if not 1 <= size <= 65_536 or size >= len(rest):
            raise damaged("backup", "it was cut")
        slots = Slots(rest[:size], "backup")
        if match[0] != b"coffer backup %d 1 %d\n" % (slots.format, size):
            raise damaged("backup", "its first line is not that of its slots")
        self.slots, self.keys = slots, slots.unlock(kind, secret)
        log = Log("backup", "backup", rest[size:], slots.vault, slots.generation,
                  self.keys.records)
        try:
            self.records = Records(log, slots, self.keys)
        except Refused as error:
            if error.kind == "rolled back":
                raise damaged("backup", "its parts are of different times") from error
            raise
        if not log.is_in_snapshot or not log.is_at_end:
            raise damaged("backup", "it is no snapshot alone")
        self.mark = self.records.mark
        for key in self.records.organization.keys.values():
            for version in key["versions"]:
                self.records.value(key, version)
