#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Property lists of Apple's protocol against an independent implementation, Python's plistlib: it reads everything that we
write, and what it writes, XML and binary, we read as it meant it (A1-A6, A7-A22)."""
import datetime
import plistlib
import random

import harness
from apple_tool import COMMANDS, DEPLOYMENT, INVALID, LIMIT, SEED, TOOL, commands, enrolments, lock_request, locks, made, neutrals
from harness import claim, note

EPOCH = datetime.datetime(2001, 1, 1)
FORMATS = {"XML": plistlib.FMT_XML, "binary": plistlib.FMT_BINARY}
WORDS = ["a", "Name", "Қазақша", "Привет & <мир>", "\u20ac", "\U0001f4f7", "x" * 300, "tab\tand\nline", "\"quoted'", "]]>", "é", " ",
         "com.apple.mdm", "0", "-1", "true", "\u0001"]


def typed(value):
    """A value as apple-tool shows it."""
    if isinstance(value, dict):
        return {"t": "dict", "v": [[k, typed(v)] for k, v in value.items()]}
    if isinstance(value, list):
        return {"t": "array", "v": [typed(v) for v in value]}
    if isinstance(value, bool):
        return {"t": "bool", "v": value}
    if isinstance(value, int):
        return {"t": "int", "v": value}
    if isinstance(value, float):
        return {"t": "real", "v": value}
    if isinstance(value, bytes):
        return {"t": "data", "v": value.hex()}
    if isinstance(value, datetime.datetime):
        return {"t": "date", "v": None}  # nothing of ours reads a date
    return {"t": "text", "v": value}


def text(rng):
    return "".join(rng.choice(WORDS[:-1]) for _ in range(rng.randrange(4)))


def leaf(rng):
    return rng.choice([
        lambda: text(rng), lambda: rng.randbytes(rng.randrange(200)), lambda: rng.random() < 0.5,
        lambda: rng.choice([0, 1, -1, 127, 128, 255, 256, 65535, 65536, 2**31, 2**32, 2**63 - 1, -2**63, rng.getrandbits(62)]),
        lambda: rng.choice([0.5, -1.25, 14400.0, 1e20, rng.random()]),
        lambda: EPOCH + datetime.timedelta(seconds=rng.randrange(-10**9, 2 * 10**9))])()


def key(rng):
    return (text(rng) or "k")[:60] + str(rng.randrange(1000))


def tree(rng, depth):
    if depth == 0 or rng.random() < 0.3:
        return leaf(rng)
    if rng.random() < 0.5:
        return [tree(rng, depth - 1) for _ in range(rng.randrange(6))]
    return {key(rng): tree(rng, depth - 1) for _ in range(rng.randrange(6))}


def root(rng, depth=6):
    return {key(rng): tree(rng, depth) for _ in range(rng.randrange(1, 8))}


def difference(ours, theirs):
    """The first place where two typed values differ."""
    if type(ours) is type(theirs) and isinstance(ours, (list, dict)) and len(ours) == len(theirs):
        pairs = zip(ours, theirs) if isinstance(ours, list) else ((ours[k], theirs.get(k)) for k in ours)
        for a, b in pairs:
            if a != b:
                return difference(a, b)
    return str(ours)[:200], str(theirs)[:200]


def read(data):
    return TOOL.ask("read", hex=data.hex())


def fields(seed):
    """What a device could say, and at most one thing that it must not."""
    rng = random.Random(seed)
    message = {"MessageType": rng.choice(["Authenticate", "TokenUpdate", "CheckOut", "DeclarativeManagement", "GetToken",
                                          "SetBootstrapToken", "GetBootstrapToken", "UserAuthenticate", "NewMessage"]),
               rng.choice(["UDID", "EnrollmentID"]): rng.choice(["0" * 40, "00008030-001A", "x" * 64, "A-B"])}
    if rng.random() < 0.9:
        message["Topic"] = "com.apple.mgmt.External." + "%x" % rng.getrandbits(64)
    message.update(Token=rng.randbytes(rng.choice([1, 32, 128])), PushMagic="%X" % rng.getrandbits(128), UnlockToken=rng.randbytes(900))
    for name in ("DeviceName", "Model", "ModelName", "ProductName", "OSVersion", "BuildVersion", "SerialNumber"):
        if rng.random() < 0.7:
            message[name] = rng.choice(["iPhone 12", "Телефон Айгүл", "iPhone13,2", "17.5.1"])
    if rng.random() < 0.2:
        message["UserID"] = "FFFFFFFF"
    items = list(message.items())
    rng.shuffle(items)
    return dict(items), rng


# ---- claims ---------------------------------------------------------------------

@claim
def A2_what_plistlib_writes_we_read_as_it_meant_it():
    n = dict.fromkeys(FORMATS, 0)
    for seed in range(2000):
        value = root(random.Random(seed))
        for name, form in FORMATS.items():
            data = plistlib.dumps(value, fmt=form, sort_keys=False)
            answer = read(data)
            assert answer.get("value") == typed(value), (seed, name, str(answer)[:300])
            n[name] += 1
    note(str(n))


@claim
def A6_what_we_write_plistlib_reads_as_we_meant_it():
    for seed in range(2000):
        rng = random.Random(seed)

        def plain(value):  # we write no dates, and no numbers with fractions
            if isinstance(value, dict):
                return {k: plain(v) for k, v in value.items()}
            if isinstance(value, list):
                return [plain(v) for v in value]
            return rng.getrandbits(20) if isinstance(value, datetime.datetime) else float(int(value) % 10**6) \
                if isinstance(value, float) else value
        value = plain(root(rng))
        data = made(TOOL.ask("write", value=typed(value)))
        back = plistlib.loads(data, fmt=plistlib.FMT_XML)
        assert back == value and list(back) == list(value), seed
        assert made(TOOL.ask("write", value=typed(value))) == data, "equal values, other bytes"
        assert read(data).get("value") == typed(value), seed


@claim
def A6_a_text_that_no_XML_can_hold_is_refused():
    for bad in ("\u0001", "a\u000bb", "\ufffe"):
        answer = TOOL.ask("write", value=typed({"a": bad}))
        assert answer.get("error") == INVALID, (bad, answer)


@claim
def A2_a_changed_byte_is_refused_or_read_as_plistlib_reads_it():
    """Where both accept they agree; where we refuse, nothing is said: we are the stricter one."""
    counts = {"both": 0, "neither": 0, "only plistlib": 0}
    for seed in range(400):
        rng = random.Random(seed)
        form = rng.choice(list(FORMATS.values()))
        data = bytearray(plistlib.dumps(root(rng, 3), fmt=form, sort_keys=False))
        for _ in range(10):
            broken = bytearray(data)
            for _ in range(rng.randrange(1, 3)):
                broken[rng.randrange(len(broken))] = rng.choice([0, 0x80, 0xff, ord("<"), ord("&"), rng.randrange(256)])
            ours = read(bytes(broken)).get("value")
            try:
                theirs = plistlib.loads(bytes(broken), fmt=form)
                assert isinstance(theirs, dict)
                theirs = typed(theirs)
            except Exception:  # whatever it stumbles over: it did not accept
                theirs = None
            if ours is None:
                counts["neither" if theirs is None else "only plistlib"] += 1
            elif "\r" not in str(ours):  # XML makes a line feed of a return
                assert ours == theirs, (seed, form, difference(ours, theirs))
                counts["both"] += 1
    note(str(counts))
    assert min(counts["both"], counts["neither"]) > 100, counts


@claim
def A1_limits_are_refused_as_limits_in_both_formats():
    deep = {"a": 1}
    for _ in range(15):
        deep = {"a": deep}
    wide = {"k%d" % i: [0] * 900 for i in range(12)}
    cases = [("deep", deep, {"a": deep}), ("entries", {"a": [0] * 1024}, {"a": [0] * 1025}),
             ("nodes", {k: wide[k] for k in list(wide)[:10]}, wide),
             ("key", {"k" * 256: 1}, {"k" * 257: 1}), ("bytes", {"a": b"x" * 190000}, {"a": b"x" * 270000})]
    for what, good, bad in cases:
        for name, form in FORMATS.items():
            answer = read(plistlib.dumps(good, fmt=form))
            assert "value" in answer, (what, name, answer)
            answer = read(plistlib.dumps(bad, fmt=form))
            assert answer.get("error") == LIMIT, (what, name, answer)


@claim
def A3_what_expands_or_refers_outside_is_refused():
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    body = '<plist version="1.0"><dict><key>a</key><string>%s</string></dict></plist>'
    laughs = "".join('<!ENTITY l%d "%s">' % (i, "&l%d;" % (i - 1) * 10 if i else "lol") for i in range(10))
    cases = [head + "<!DOCTYPE plist [" + laughs + "]>" + body % "&l9;",
             head + '<!DOCTYPE plist [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + body % "&x;",
             head + '<!DOCTYPE plist PUBLIC "x" "y" [<!ENTITY x "y">]>' + body % "a",
             head + '<!DOCTYPE html>' + body % "a", head + body % "&x;", head + body % "&#0;", head + body % "&#xD800;",
             head + body % "&#x110000;", head + body % "a<!-- c -->b", head + body % "<![CDATA[a]]>", head + body % "<?pi x?>",
             head.replace("UTF-8", "UTF-16") + body % "a", head + body % "&#1;", head + body % "&amp", head + body % "&ampx;"]
    for case in cases:
        answer = read(case.encode())
        assert answer.get("error") == INVALID, (case, answer)
    assert read((head + body % "&amp;&#x41;&lt;&#1200;").encode())["value"] == typed({"a": "&A<\u04b0"})
    assert read((head + body % ("&lt;" * 4096)).encode()).get("value"), "as many references as are allowed"
    assert read((head + body % ("&lt;" * 4097)).encode()).get("error") == LIMIT


@claim
def A4_a_small_binary_file_that_means_a_huge_tree_is_refused():
    value = ["x" * 100]
    for _ in range(10):
        value = [value] * 10  # plistlib writes each list once and refers to it
    data = plistlib.dumps({"a": value}, fmt=plistlib.FMT_BINARY)
    assert len(data) < 1000, len(data)
    assert read(data).get("error") == LIMIT
    text = plistlib.dumps({"a": ["y" * 20000] * 20}, fmt=plistlib.FMT_BINARY)
    assert len(text) < 21000 and read(text).get("error") == LIMIT, "one text, referred to twenty times"
    itself = bytearray(plistlib.dumps({"a": [1]}, fmt=plistlib.FMT_BINARY))
    at = itself.index(b"\xa1") + 1
    itself[at] = 0  # the array holds the root
    assert read(bytes(itself)).get("error") == LIMIT


@claim
def A8_check_in_messages_of_plistlib_decode_in_both_formats():
    for seed in range(3000):
        message, _ = fields(seed)
        answers = [TOOL.ask("checkin", hex=plistlib.dumps(message, fmt=form, sort_keys=False).hex()) for form in FORMATS.values()]
        assert answers[0] == answers[1], (message, answers)
        answer = answers[0]
        assert "error" not in answer, (message, answer)
        assert answer["name"] == message["MessageType"] and (answer["type"] == 0) == (message["MessageType"] == "NewMessage")
        kind = "udid" if "UDID" in message else "enrollment"
        assert answer["sender"] == {"kind": kind, "id": message["UDID" if kind == "udid" else "EnrollmentID"], "user": "UserID" in message}
        assert answer["Topic"] == message.get("Topic", "")
        is_update = message["MessageType"] == "TokenUpdate"
        assert answer["Token"] == (message["Token"].hex() if is_update else "")
        assert answer["PushMagic"] == (message["PushMagic"] if is_update else "")
        for name in ("DeviceName", "Model", "ModelName", "ProductName", "OSVersion", "BuildVersion", "SerialNumber"):
            assert answer[name] == (message.get(name, "") if message["MessageType"] == "Authenticate" else ""), (name, answer)
        assert message["UnlockToken"].hex() not in str(answer)


@claim
def A8_a_message_of_another_type_or_without_what_it_needs_is_refused():
    wrong = [b"x", 5, 1.5, True, ["x"], {"x": "y"}, "", "x" * 300, datetime.datetime(2024, 1, 1)]
    refused = 0
    for seed in range(600):
        message, rng = fields(seed)
        message["MessageType"] = rng.choice(["Authenticate", "TokenUpdate"])
        needed = ["MessageType", "UDID" if "UDID" in message else "EnrollmentID"]
        if message["MessageType"] == "TokenUpdate":
            needed += ["Token", "PushMagic"]
        name = rng.choice(needed)
        broken = dict(message)
        if rng.random() < 0.3:
            del broken[name]
        else:
            broken[name] = rng.choice([w for w in wrong if type(w) is not type(message[name]) or w in ("", "x" * 300)])
        answer = TOOL.ask("checkin", hex=plistlib.dumps(broken, fmt=rng.choice(list(FORMATS.values()))).hex())
        assert answer.get("error") in (INVALID, LIMIT), (name, broken[name] if name in broken else "missing", answer)
        assert name.split("ID")[0] in answer["text"] or "UDID" in answer["text"], (name, answer)
        refused += 1
    note(f"{refused} messages")


@claim
def A18_results_of_plistlib_decode_in_both_formats():
    statuses = ["", "Idle", "Acknowledged", "Error", "CommandFormatError", "NotNow"]
    for seed in range(3000):
        rng = random.Random(seed)
        status = rng.choice(statuses[1:])
        chain = [{"ErrorDomain": "MCMDMErrorDomain", "ErrorCode": rng.randrange(-5, 99999), "USEnglishDescription": "Қате & <x>"}
                 for _ in range(rng.randrange(7))]
        bools = {name: {"value": rng.random() < 0.5} for name in ("allowCamera", "allowScreenShot", "allowNFC") if rng.random() < 0.8}
        profiles = [{"PayloadIdentifier": "com.x.%d" % i, "PayloadUUID": "U%d" % i} for i in range(rng.randrange(5))]
        message = {"UDID": "0" * 40, "Status": status, "CommandUUID": "uuid-%d" % seed}
        message.update(rng.choice([{}, {"ErrorChain": chain}, {"GlobalRestrictions": {"restrictedBool": bools}}, {"ProfileList": profiles},
                                   {"QueryResponses": {"OSVersion": "17.5.1", "IsSupervised": seed % 2 == 0}}]))
        answers = [TOOL.ask("result", hex=plistlib.dumps(message, fmt=form).hex()) for form in FORMATS.values()]
        assert answers[0] == answers[1] and "error" not in answers[0], (message, answers)
        a, done = answers[0], status == "Acknowledged"
        assert statuses[a["status"]] == status and a["uuid"] == ("" if status == "Idle" else message["CommandUUID"])
        assert [e["code"] for e in a["errors"]] == [e["ErrorCode"] for e in message.get("ErrorChain", [])[:4]]
        assert a["is_restrictions"] == (done and "GlobalRestrictions" in message)
        assert a["is_profiles"] == (done and "ProfileList" in message)
        for name, value in a["restrictions"].items():
            want = bools[name]["value"] if a["is_restrictions"] and name in bools else None
            assert value == {None: 0, False: 1, True: 2}[want], (name, a, message)
        assert a["profiles"] == ([[p["PayloadIdentifier"], p["PayloadUUID"]] for p in profiles] if a["is_profiles"] else [])
        assert a["IsSupervised"] == ((2 if seed % 2 == 0 else 1) if a["is_device"] else 0)


@claim
def A13_plistlib_reads_every_command_that_we_write():
    seen = set()
    for _, data in commands():
        command = plistlib.loads(data, fmt=plistlib.FMT_XML)
        assert set(command) == {"CommandUUID", "Command"} and command["CommandUUID"] == "0001-uuid"
        seen.add(command["Command"]["RequestType"])
        if command["Command"]["RequestType"] == "InstallProfile":
            assert plistlib.loads(command["Command"]["Payload"])["PayloadIdentifier"] == DEPLOYMENT + ".lock"
    assert seen == set(COMMANDS), seen


@claim
def A23_plistlib_reads_every_profile_that_we_write():
    for _, data in enrolments():
        profile = plistlib.loads(data, fmt=plistlib.FMT_XML)
        scep, mdm = profile["PayloadContent"][-2:]
        assert mdm["IdentityCertificateUUID"] == scep["PayloadUUID"]
        assert scep["PayloadContent"]["Subject"] == [[["O", "Дом «Пример» & <Co>"]], [["CN", "0123456789abcdef"]]]
        assert set(profile["ConsentText"]) == {"default", "kk", "ru", "en"}
        assert all("Дом «Пример» & <Co>" in text for text in profile["ConsentText"].values())
        uuids = [profile["PayloadUUID"]] + [p["PayloadUUID"] for p in profile["PayloadContent"]]
        assert len(set(uuids)) == len(uuids)
    n = 0
    for _, request, data, answer in locks():
        if data is None:
            assert answer.get("error") == INVALID, answer
            continue
        profile = plistlib.loads(data, fmt=plistlib.FMT_XML)
        assert profile["DurationUntilRemoval"] == request["life"] and isinstance(profile["DurationUntilRemoval"], float)
        n += 1
    note(f"{n} lock profiles")
    for _, data in neutrals():
        plistlib.loads(data, fmt=plistlib.FMT_XML)


@claim
def A24_the_same_inputs_give_the_same_bytes_and_another_seed_other_UUIDs():
    a, again = (made(TOOL.ask("lock", **lock_request("ios-device", 1))) for _ in range(2))
    assert a == again
    b = plistlib.loads(made(TOOL.ask("lock", **lock_request("ios-device", 1, seed=SEED[::-1]))))
    assert b["PayloadUUID"] != plistlib.loads(a)["PayloadUUID"] and b["PayloadIdentifier"] == plistlib.loads(a)["PayloadIdentifier"]


@claim
def A29_a_simulated_device_is_believed_only_when_its_answer_proves_it():
    """A device made of plistlib: installs what it gets, answers like a phone; faults are put in."""
    for seed in range(2000):
        rng = random.Random(seed)
        kind = rng.choice(["ios-device", "ios-supervised"])
        request = lock_request(kind, rng.getrandbits(12) | 1, "17.0", apps=["com.a.x", "com.b.y"][:rng.randrange(1, 3)])
        answer = TOOL.ask("lock", **request)
        profile = plistlib.loads(made(answer))
        keys = {k: v for k, v in profile["PayloadContent"][0].items() if not k.startswith("Payload")}
        lost = rng.choice([None, *keys])
        restricted = {"restrictedBool": {k: {"value": v} for k, v in keys.items() if isinstance(v, bool)},
                      "union": {k: {"values": v + ["com.other"]} for k, v in keys.items() if isinstance(v, list)}}
        if lost is not None:
            for part in restricted.values():
                entry = part.get(lost)
                if entry is not None:
                    part[lost] = rng.choice([{"value": not entry["value"]}, {}]) if "value" in entry else {"values": ["com.other"]}
        said = plistlib.dumps({"UDID": "1", "Status": "Acknowledged", "CommandUUID": "u", "GlobalRestrictions": restricted},
                              fmt=rng.choice(list(FORMATS.values())))
        done = rng.getrandbits(2)
        proven = TOOL.ask("verify", **request, hex=said.hex(), settings_done=done)["restricted"]
        function = {"allowCamera": 0, "allowScreenShot": 2, "forceWiFiToAllowedNetworksOnly": 4, "allowPersonalHotspotModification": 5,
                    "allowBluetoothModification": 6, "allowNFC": 7, "allowHostPairing": 8, "allowFilesUSBDriveAccess": 8,
                    "blockedAppBundleIDs": 10}
        want = answer["covers"] & ~(1 << function[lost] if lost else 0)
        want &= ~(0 if done & 1 else 1 << 5) & ~(0 if done & 2 else 1 << 6)
        assert proven == want, (seed, lost, proven, want)


if __name__ == "__main__":
    harness.main()
