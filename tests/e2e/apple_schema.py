#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Everything that the Apple codecs can produce, against our table of Apple's schema (tests/vectors/apple-schema.json): no key that
is not in it, right types, nothing supervised-only for a private phone, nothing newer than the phone, never what must never be
touched (A25, A26). The other half walks things that must fail, so that the walk itself is known to see."""
import copy
import json
import os
import plistlib

import harness
from apple_tool import (ALL, DENIED, FUNCTIONS, INVALID, KINDS, SYSTEMS, TOOL, commands, enrolment_request, enrolments, lock_request, locks,
                        made, neutrals)
from harness import SOURCE, claim, note

with open(os.path.join(SOURCE, "tests/vectors/apple-schema.json"), encoding="utf-8") as f:
    SCHEMA = json.load(f)
with open(os.path.join(SOURCE, "policy/coverage.json"), encoding="utf-8") as f:
    COVERAGE = {kind["id"]: kind["functions"] for kind in json.load(f)["kinds"]}
TYPES = {"string": str, "integer": int, "boolean": bool, "real": float, "data": bytes, "dict": dict, "array": list}
RIGHTS = {"ios-device": 1555, "ios-supervised": 1555 + 32 + 2048}


class Wrong(Exception):
    pass


def level(system):
    parts = (system.split(".") + ["0"])[:2]
    return int(parts[0]) * 100 + int(parts[1]) if system else 999999


class Walk:
    """One property list for one kind of device and system."""

    def __init__(self, kind, system=""):
        self.kind, self.level, self.keys = kind, level(system), set()

    def may(self, where, entry):
        if entry.get("supervised") and self.kind != "ios-supervised":
            raise Wrong(f"{where}: only for supervised devices")
        if self.kind == "ios-user" and entry.get("user_enrollment") is False:
            raise Wrong(f"{where}: not for User Enrollment")
        if entry.get("since", 0) > self.level:
            raise Wrong(f"{where}: newer than the system")
        if entry.get("rights", 0) & ~RIGHTS.get(self.kind, 0):
            raise Wrong(f"{where}: without the right to it")

    def value(self, where, entry, value):
        if entry["type"] == "payload":
            self.payload(where, value)
        elif entry["type"] == "setting":
            self.setting(where, value)
        elif type(value) is not TYPES[entry["type"]]:
            raise Wrong(f"{where}: {type(value).__name__}, not {entry['type']}")
        elif "values" in entry and value not in entry["values"]:
            raise Wrong(f"{where}: {value!r}")
        elif "keys" in entry:
            self.dictionary(where, entry["keys"], value)
        elif "any" in entry:
            for key, item in value.items():
                self.value(f"{where}.{key}", entry["any"], item)
        elif "items" in entry:
            for item in value:
                self.value(where + "[]", entry["items"], item)

    def dictionary(self, where, keys, value):
        for key, item in value.items():
            if key not in keys:
                raise Wrong(f"{where}.{key}: unknown")
            self.keys.add(key)
            self.may(f"{where}.{key}", keys[key])
            self.value(f"{where}.{key}", keys[key], item)
        for key, entry in keys.items():
            if entry.get("needed") and key not in value:
                raise Wrong(f"{where}.{key}: missing")

    def payload(self, where, value):
        kind = value.get("PayloadType")
        if kind not in SCHEMA["payloads"]:
            raise Wrong(f"{where}: payload {kind}")
        self.keys.add(kind)
        self.dictionary(f"{where}({kind})", {**SCHEMA["payload"], **SCHEMA["payloads"][kind]}, value)

    def setting(self, where, value):
        entry = SCHEMA["settings"].get(value.get("Item"))
        if entry is None:
            raise Wrong(f"{where}: setting {value.get('Item')}")
        self.may(f"{where}({value['Item']})", entry)
        self.dictionary(where, entry["keys"], value)

    def profile(self, data):
        value = plistlib.loads(data, fmt=plistlib.FMT_XML)
        self.dictionary("profile", SCHEMA["profile"], value)
        ids = [value["PayloadIdentifier"]] + [p["PayloadIdentifier"] for p in value["PayloadContent"]]
        if len(set(ids)) != len(ids):
            raise Wrong("an identifier twice")
        return value

    def command(self, data):
        value = plistlib.loads(data, fmt=plistlib.FMT_XML)
        command = dict(value.get("Command", {}))
        request = command.pop("RequestType", None)
        if set(value) != {"CommandUUID", "Command"} or request not in SCHEMA["commands"]:
            raise Wrong(f"command {request}")
        self.keys.add(request)
        self.may(request, SCHEMA["commands"][request])
        self.dictionary(request, SCHEMA["commands"][request]["keys"], command)


def everything():
    """(walk, what, bytes) of all that can be produced, with the system it is for."""
    for kind, data in enrolments():
        yield Walk(kind), "profile", data
    for kind, request, data, _ in locks():
        if data is not None:
            yield Walk(kind, request["os"]), "profile", data
    for kind, data in neutrals():
        yield Walk(kind, "9.3"), "profile", data
    for kind, data in commands():
        yield Walk(kind), "command", data


def fails(walk, what, value):
    try:
        getattr(walk, what)(plistlib.dumps(value))
    except Wrong as wrong:
        return str(wrong)
    raise AssertionError(f"the walk sees nothing wrong in {value}")


# ---- claims ----------------------------------------------------------------------

@claim
def A26_everything_that_can_be_produced_is_within_apples_schema():
    n, seen = 0, set()
    for walk, what, data in everything():
        getattr(walk, what)(data)
        seen |= walk.keys
        n += 1
    note(f"{n} property lists, {len(seen)} keys and types")
    used = {*SCHEMA["commands"], *SCHEMA["payloads"], *SCHEMA["profile"]}
    for keys in SCHEMA["payloads"].values():
        used |= set(keys)
    assert used <= seen, f"in the table, never written: {sorted(used - seen)}"


@claim
def A26_the_walk_sees_what_is_wrong():
    profile = plistlib.loads(made(TOOL.ask("lock", **lock_request("ios-supervised", ALL, "18.1"))))
    private = plistlib.loads(made(TOOL.ask("lock", **lock_request("ios-device", ALL, "18.1"))))

    def with_key(base, key, value):
        out = copy.deepcopy(base)
        out["PayloadContent"][0][key] = value
        return out
    Walk("ios-supervised").profile(plistlib.dumps(profile))
    assert "only for supervised" in fails(Walk("ios-device"), "profile", profile)
    assert "newer" in fails(Walk("ios-supervised", "14.2"), "profile", profile)
    assert "unknown" in fails(Walk("ios-device"), "profile", with_key(private, "allowChat", False))
    assert "int" in fails(Walk("ios-device"), "profile", with_key(private, "allowCamera", 0))
    assert "User Enrollment" in fails(Walk("ios-user"), "profile", private)
    assert "missing" in fails(Walk("ios-device"), "profile", {k: v for k, v in private.items() if k != "PayloadUUID"})
    assert "payload" in fails(Walk("ios-device"), "profile", with_key(private, "PayloadType", "com.apple.app.lock"))
    assert "int" in fails(Walk("ios-device"), "profile", {**private, "DurationUntilRemoval": 60})
    assert "twice" in fails(Walk("ios-device"), "profile", {**private, "PayloadIdentifier": private["PayloadContent"][0]["PayloadIdentifier"]})
    settings = plistlib.loads(made(TOOL.ask("command", uuid="u", type=7, settings=1)))
    assert "right" in fails(Walk("ios-device"), "command", settings)
    assert "command" in fails(Walk("ios-supervised"), "command", {"CommandUUID": "u", "Command": {"RequestType": "EraseDevice"}})


@claim
def A25_what_must_never_be_touched_is_in_nothing_that_can_be_produced():
    names = [name.encode() for name in SCHEMA["never"]]
    for name in SCHEMA["never"]:
        assert TOOL.ask("never", name=name)["why"], name
        assert TOOL.ask("never", name=name.upper())["why"], name
    for _, _, data in everything():
        plain = data
        for name in names:
            assert b">" + name + b"<" not in plain, name
    for keys in SCHEMA["payloads"].values():
        for name in keys:
            assert TOOL.ask("never", name=name)["why"] is None, name


@claim
def A25_rights_are_1555_for_private_phones_and_never_erase_lock_or_list_apps():
    for kind, data in enrolments():
        rights = [p for p in plistlib.loads(data)["PayloadContent"] if p["PayloadType"] == "com.apple.mdm"][0]["AccessRights"]
        assert rights == RIGHTS[kind], (kind, rights)
        assert rights & (4 | 8 | 64 | 128 | 256 | 4096) == 0, rights
        assert kind != "ios-device" or rights & (32 | 2048) == 0, rights
        assert rights & 1 or not rights & 2


@claim
def A25_other_kinds_are_not_enrolled_by_a_profile():
    for kind in ("ios-user", "watch-apple"):
        assert TOOL.ask("enrolment", **enrolment_request(kind)).get("error") == DENIED, kind


@claim
def A23_an_enrolment_that_cannot_work_is_refused():
    for key, values in {"topic": ["", "org.example"], "server_url": ["http://x", "https://", "https://a b"], "checkin_url": ["http://x"],
                        "scep_url": ["ftp://x", "/scep"], "challenge": ["", "a\nb"], "common_name": [""], "organisation": ["", "a\u0007"],
                        "deployment": ["", ".a", "a..b", "A", "a b", "x" * 101], "fingerprint": ["ab"], "root": [""]}.items():
        for value in values:
            answer = TOOL.ask("enrolment", **enrolment_request("ios-device", **{key: value}))
            assert answer.get("error") == INVALID, (key, value, answer)


@claim
def A26_the_table_restricts_what_coverage_says():
    """The one exception has its reason in docs/spec/apple.md."""
    for kind in KINDS:
        for system in SYSTEMS:
            if not system or level(system) < 1200:
                continue
            covers = TOOL.ask("lock", **lock_request(kind, ALL, system))["covers"]
            for bit, function in enumerate(FUNCTIONS):
                grades = [e["grade"] for e in COVERAGE[kind][function] if e.get("since", 0) <= level(system)]
                want = bool(grades) and grades[0] != "impossible" and function != "internet"
                assert bool(covers & 1 << bit) == want, (kind, system, function, grades)


@claim
def A27_the_neutral_profile_has_the_same_identifier_and_restricts_nothing():
    for kind, data in neutrals():
        value = plistlib.loads(data)
        lock = plistlib.loads(made(TOOL.ask("lock", **lock_request(kind, 1 << 2))))
        assert value["PayloadIdentifier"] == lock["PayloadIdentifier"]
        payload = {k: v for k, v in value["PayloadContent"][0].items() if not k.startswith("Payload")}
        assert payload and all(v is k.startswith("allow") for k, v in payload.items()), payload


@claim
def A28_a_lock_without_end_or_with_an_app_that_calls_is_refused():
    for life in (0, -1, 86401):
        assert TOOL.ask("lock", **lock_request("ios-device", 1, life=life)).get("error") == INVALID, life
    for app in ("com.apple.mobilephone", "com.apple.MobileSMS", "com.apple.InCallService"):
        answer = TOOL.ask("lock", **lock_request("ios-supervised", 1 << 10, apps=["com.ok", app]))
        assert answer.get("error") == DENIED, answer
    assert TOOL.ask("lock", **lock_request("ios-supervised", 1 << 10, apps=["a b"])).get("error") == INVALID
    assert TOOL.ask("lock", **lock_request("ios-supervised", 1 << 10, apps=["a"] * 97)).get("error") == 2
    assert TOOL.ask("lock", **lock_request("ios-device", 1 << 1)).get("error") == INVALID, "nothing that it can restrict"


if __name__ == "__main__":
    harness.main()
