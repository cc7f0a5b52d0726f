"""A second reader of Coffer's vaults and backups, written from Format.md alone.

    python3 Tests/reader keys  PATH --key-file FILE [--at TIME] [--values]
    python3 Tests/reader audit PATH --passphrase-file FILE

PATH is a state directory or a backup. It changes nothing, prints JSON lines, and
ends with 1 and the reason if anything is not as Format.md says.
"""

import argparse
import datetime
import json
import os
import sys

from organization import state_of, state_of_version
from sealing import Refused, digest
from slots import key_file_secret
from vault import Backup, Vault


def moment(seconds):
    if seconds is None:
        return None
    first = datetime.datetime(1970, 1, 1)
    return (first + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def scope_text(scope, organization):
    if scope is None:
        return None
    places = ["*"]
    if scope["workspaces"] is not None:
        numbers = sorted(set(scope["workspaces"]))
        places = [organization.workspace(number)["name"] for number in numbers]
    text = ",".join(places + (["me"] if scope["own"] else []))
    if len(scope["actions"]) == 4:
        return text
    return text + ":" + ",".join(scope["actions"])


def key_line(key, opened, uses, now, shows_values):
    organization = opened.records.organization
    kind, number = key["namespace"]
    place = {"organization": lambda: "org", "user": lambda: "@" + organization.user(number)["name"],
             "workspace": lambda: organization.workspace(number)["name"]}[kind]()
    use = uses.uses.get(key["id"])
    line = {
        "id": key["id"], "name": f"{place}/{key['name']}", "type": kind,
        "origin": key["origin"], "state": state_of(key, now), "env": key["env"],
        "access": key["access"], "custody": key["custody"],
        "scope": scope_text(key["scope"], organization), "rank": key["rank"],
        "expires": moment(key["versions"][-1]["expires"]), "created": moment(key["created"]),
        "note": key["note"], "uses": use["count"] if use else 0,
        "last_used": moment(use["last"]) if use else None, "versions": []}
    for version in key["versions"]:
        value = opened.records.value(key, version)
        told = {
            "number": version["number"], "state": state_of_version(key, version, now),
            "created": moment(version["created"]), "expires": moment(version["expires"]),
            "ends": moment(version["end"]),
            "length": None if value is None else len(value),
            "blake2b": None if value is None else digest(32, value).hex()}
        if shows_values:
            told["value"] = None if value is None else value.decode("utf-8", "surrogateescape")
        line["versions"].append(told)
    units = [f"{unit} {credential}" + (" restored" if grant["is_restored"] else "")
             for (unit, credential), grant in sorted(opened.records.organization.grants.items())
             if grant["key"] == key["id"]]
    if units:
        line["units"] = units
    process = key["process"]
    if process:
        boot = process["boot"].hex() if process["boot"] else "-"
        start = "-" if process["start"] is None else process["start"]
        line["process"] = f"{boot} {process['pid']} {start}"
    return line


def row_line(number, row, organization):
    actor = row["actor"]
    user = actor["user"]
    if user is not None:
        is_known = 1 <= user <= len(organization.users)
        user = organization.users[user - 1]["name"] if is_known else f"user #{user}"
    return {
        "n": number, "time": moment(row["time"]), "user": user, "key": actor["key"],
        "uid": actor["uid"], "pid": actor["pid"], "command": actor["command"],
        "verb": row["verb"], "outcome": row["outcome"], "object": row["object"],
        "record": row["record"],
        "subjects": [f"{key} {version}" for key, version in row["subjects"]]}


def told(arguments):
    if arguments.key_file:
        with open(arguments.key_file, "rb") as file:
            kind, secret = "key-file", key_file_secret(file.read())
    else:
        with open(arguments.passphrase_file, "rb") as file:
            kind, secret = "passphrase", file.read()
    if os.path.isdir(arguments.path):
        opened = Vault(arguments.path, kind, secret)
    else:
        with open(arguments.path, "rb") as file:
            opened = Backup(file.read(), kind, secret)
    organization = opened.records.organization
    if arguments.command == "audit":
        if isinstance(opened, Backup):
            raise Refused("no audit", arguments.path, "a backup has none")
        return [row_line(number, row, organization) for number, row in opened.rows()]
    now = opened.mark if arguments.at is None else arguments.at
    uses = opened.records.uses
    return [key_line(key, opened, uses, now, arguments.values)
            for key in organization.keys.values()]


def main():
    parser = argparse.ArgumentParser(
        prog="reader", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["keys", "audit"])
    parser.add_argument("path")
    secret = parser.add_mutually_exclusive_group(required=True)
    secret.add_argument("--key-file")
    secret.add_argument(
        "--passphrase-file", help="all bytes of it; a recovery code is recognized")
    parser.add_argument("--at", type=int, help="seconds since 1970; the vault's mark if not told")
    parser.add_argument("--values", action="store_true", help="print the values, which are secrets")
    arguments = parser.parse_args()
    try:
        lines = told(arguments)
    except Refused as error:
        print(f"reader: {error}", file=sys.stderr)
        return 1
    for line in lines:
        print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
