# SPDX-License-Identifier: Apache-2.0
"""How a private iPhone gets its enrolment profile: `bosaga invite`, the page and the profile, what is fixed by them (V70-V75, A130-A132)."""
import hashlib
import html.parser
import os
import plistlib
import re
import sqlite3
import subprocess
import time

import harness
from harness import claim
import apple_schema
import plane

harness._claims.clear()  # those of apple_schema are its own

TOPIC = "com.apple.mgmt.External.12345678-9abc"
CONFIG = "apple_topic = %s\napple_deployment = kz.example.bosaga\napple_organisation = Дом <Пример> & Co\n" % TOPIC
NAME = """<b>&"' Айгүл</b>"""
ASPEN = "application/x-apple-aspen-config"
# What a page must say in each language: of what is allowed, of what is never asked for, and of removing.
SAYS = {"kk": ["құпиякод", "сериялық нөмір", "Өз профильдерімізді", "деректерді өшіру", "құлыптау", "қайда екенін", "Хабарларды", "Қоңырауларды",
               "Контактілер", "Суреттер", "Қолданбалар тізімін", "өзіңіз жоя аласыз"],
        "ru": ["код-пароль", "серийный номер", "наши профили", "Стирать данные", "Блокировать телефон", "где находится", "сообщения", "звонки", "контакты",
               "фотографии", "список приложений", "ваше право"],
        "en": ["passcode", "serial number", "our own profiles", "Erase the phone", "Lock the phone", "where the phone is", "messages", "call log", "contacts",
               "photos", "list of apps", "your right"]}
SUPERVISED = {"kk": "Желі мәліметтерін", "ru": "сведения о сети", "en": "network information"}


def start(config=CONFIG):
    server = harness.Server(config).start()
    plane.must(plane.call(server, "POST", "/api/v1/people", {"id": "aigul", "name": NAME, "lang": "ru"}))
    return server


def invite(server, kind="ios-device"):
    return plane.must(plane.call(server, "POST", "/api/v1/invitations", {"person": "aigul", "kind": kind}))


def page(server, token, **headers):
    return plane.people(server, "GET", "/enrol/" + token, headers=headers)


def profile(server, token):
    answer = plane.people(server, "GET", "/enrol/%s/profile" % token)
    assert (answer.status, answer.headers["Content-Type"]) == (200, ASPEN), (answer.status, answer.body[:300])
    return answer


class Page(html.parser.HTMLParser):
    """Language, title, visible text, links and tags of a page."""

    def __init__(self, answer):
        super().__init__()
        self.lang, self.text, self.links, self.tags, self.open = None, "", [], {}, []
        self.feed(answer.body.decode())
        assert self.open == [], self.open

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if tag == "html":
            self.lang = attributes["lang"]
        if tag == "a":
            self.links.append(attributes["href"])
        if tag not in ("meta", "link", "path"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag != "path":
            assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text += data


def mdm(content):
    return [p for p in content["PayloadContent"] if p["PayloadType"] == "com.apple.mdm"][0]


@claim
def V70_kinds_that_can_be_enrolled_are_invited_and_others_are_told_which_there_are():
    server = start()
    for kind in ("ios-device", "ios-supervised"):
        got = invite(server, kind)
        assert set(got) == {"person", "kind", "token", "url", "profile", "ca_sha256", "expires"}, got
        assert got["url"] == "%s/enrol/%s" % (server.url, got["token"]) and got["profile"] == got["url"] + "/profile", got
    agent = invite(server, "linux-agent")
    assert agent["url"] == server.url and "profile" not in agent, agent
    for kind in ("ios-user", "watch-apple", "android-owner", "nokia"):
        answer = plane.call(server, "POST", "/api/v1/invitations", {"person": "aigul", "kind": kind})
        assert (answer.status, answer.problem()) == (400, "invalid"), answer.body
        assert all(k in answer.json()["detail"] for k in ("linux-agent", "ios-device", "ios-supervised")), answer.body
    assert plane.people(server, "GET", "/enrol/" + agent["token"]).status == 404, "an agent's token has no page"
    server.stop()


@claim
def V71_page_and_command_give_the_same_bytes_as_often_as_they_are_opened():
    server = start()
    out = os.path.join(harness.folder(), "phone")
    got = server.cli("invite", "aigul", "--kind", "ios-device", "--out", out)
    path = out + ".mobileconfig"
    assert os.stat(path).st_mode & 0o777 == 0o600
    with open(path, "rb") as stream:
        first = stream.read()
    for _ in range(3):
        answer = profile(server, got["token"])
        assert answer.body == first
    assert profile(server, got["token"]).headers["Content-Disposition"] == 'attachment; filename="bosaga.mobileconfig"'
    assert answer.headers["Cache-Control"] == "no-store" and "noindex" in answer.headers["X-Robots-Tag"]
    head = plane.people(server, "HEAD", "/enrol/%s/profile" % got["token"])
    assert (head.status, head.body, int(head.headers["Content-Length"])) == (200, b"", len(first))
    assert plane.people(server, "HEAD", "/enrol/" + got["token"]).status == 200
    assert profile(server, invite(server)["token"]).body != first, "each invitation has its own"
    text = server.cli_text("invite", "aigul", "--kind", "ios-device", "--out", path)
    assert "/enrol/" in text and "█" in text and not os.path.exists(path + ".mobileconfig")
    server.stop()


@claim
def A130_the_profile_is_within_apples_schema_and_says_what_is_set_up():
    server = start()
    for kind in ("ios-device", "ios-supervised"):
        got = invite(server, kind)
        content = apple_schema.Walk(kind).profile(profile(server, got["token"]).body)
        management = mdm(content)
        apple = "https://127.0.0.1:%d" % (server.port + 2)
        assert management["Topic"] == TOPIC and management["AccessRights"] == apple_schema.RIGHTS[kind]
        assert (management["ServerURL"], management["CheckInURL"]) == (apple + "/mdm/server", apple + "/mdm/checkin")
        scep = [p for p in content["PayloadContent"] if p["PayloadType"] == "com.apple.security.scep"][0]["PayloadContent"]
        assert (scep["URL"], scep["Challenge"], len(scep["CAFingerprint"])) == (apple + "/scep", got["token"], 32), scep
        with open(os.path.join(server.state, "keys/apple-ca.pem"), encoding="ascii") as pem:
            certificate = re.search(r"-----BEGIN CERT.*?-----END CERTIFICATE-----", pem.read(), re.S).group(0)
        digest = subprocess.run(["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=certificate.encode(), capture_output=True,
                                check=True).stdout.decode().strip().split("=")[1].replace(":", "").lower()
        assert scep["CAFingerprint"].hex() == digest
        root = [p for p in content["PayloadContent"] if p["PayloadType"] == "com.apple.security.root"][0]["PayloadContent"]
        assert hashlib.sha256(root).hexdigest() == got["ca_sha256"]
        assert content["PayloadOrganization"] == "Дом <Пример> & Co" and "телефона" in content["PayloadDisplayName"], "in the person's language"
        assert content["PayloadIdentifier"].startswith("kz.example.bosaga.")
    server.stop()
    public = start(CONFIG + "apple_public_root = yes\n")
    content = plistlib.loads(profile(public, invite(public)["token"]).body)
    assert {p["PayloadType"] for p in content["PayloadContent"]} == {"com.apple.security.scep", "com.apple.mdm"}
    public.stop()


@claim
def A130_a_signed_profile_verifies_and_holds_the_plain_one():
    server = start(CONFIG + "apple_sign_profiles = yes\n")
    got = invite(server)
    signed, second = profile(server, got["token"]).body, int(time.time())
    harness.wait_for("another second", lambda: int(time.time()) > second)
    assert profile(server, got["token"]).body == signed, "opened again"
    with open(os.path.join(server.state, "keys/apple-ca.pem"), encoding="ascii") as stream:
        certificate = re.search(r"-----BEGIN CERT.*?-----END CERTIFICATE-----", stream.read(), re.S).group(0)
    ca = os.path.join(harness.folder(), "ca.pem")
    with open(ca, "w", encoding="ascii") as stream:
        stream.write(certificate + "\n")
    verify = ["openssl", "cms", "-verify", "-inform", "DER", "-CAfile", ca, "-purpose", "any"]
    done = subprocess.run(verify, input=signed, capture_output=True, check=True)
    apple_schema.Walk("ios-device").profile(done.stdout)
    changed = signed.replace(b"com.apple.mdm", b"com.apple.mdn")
    assert changed != signed and subprocess.run(verify, input=changed, capture_output=True, check=False).returncode != 0
    server.stop()


@claim
def V72_the_page_says_every_right_in_three_languages_and_escapes_the_name():
    server = start()
    titles = set()
    for kind in ("ios-device", "ios-supervised"):
        token = invite(server, kind)["token"]
        for lang, words in SAYS.items():
            for answer in (page(server, token, **{"Accept-Language": lang}), page(server, token + "?lang=" + lang, **{"Accept-Language": "en"})):
                assert answer.status == 200 and answer.headers["Cache-Control"] == "no-store", answer.body
                assert "noindex" in answer.headers["X-Robots-Tag"] and "default-src 'none'" in answer.headers["Content-Security-Policy"]
                seen = Page(answer)
                assert seen.lang == lang and NAME in seen.text and "b" not in seen.tags, (seen.lang, seen.tags)
                assert not [w for w in words if w not in seen.text], [w for w in words if w not in seen.text]
                assert (SUPERVISED[lang] in seen.text) == (kind == "ios-supervised")
                assert seen.tags["li"] == (22 if kind == "ios-supervised" else 20), seen.tags
                assert "/enrol/%s/profile" % token in seen.links and seen.tags["svg"] == 1 and "script" not in seen.tags
                titles.add(re.search(r"<title>(.*?)</title>", answer.body.decode()).group(1))
    assert len(titles) == 3, titles
    assert plane.call(server, "GET", "/enrol/" + token).status == 200, "on the socket too"
    server.stop()


@claim
def V73_unknown_expired_and_ended_invitations_are_one_page_and_a_used_one_says_so():
    server = start()
    plane.must(plane.call(server, "POST", "/api/v1/people", {"id": "gone", "name": "Gone"}))
    left = plane.must(plane.call(server, "POST", "/api/v1/invitations", {"person": "gone", "kind": "ios-device"}))["token"]
    plane.must(plane.call(server, "POST", "/api/v1/people/gone/leave", {}))
    expired, used, good = (invite(server)["token"] for _ in range(3))
    server.stop()
    database = sqlite3.connect(os.path.join(server.state, "bosaga.db"))
    with database:
        at = hashlib.sha256(expired.encode()).digest()
        assert database.execute("UPDATE invitation SET created = created - 999999, expires = expires - 999999 WHERE token = ?", (at,)).rowcount == 1
    database.close()
    server.start()
    pages = set()
    for token in ("unknown", "A" * 43, expired, left):
        for path in ("/enrol/" + token, "/enrol/%s/profile" % token):
            answer = plane.people(server, "GET", path, headers={"Accept-Language": "ru"})
            assert answer.status == 404 and Page(answer).lang == "ru", (path, answer.status)
            assert "попросите" in Page(answer).text and answer.headers["Cache-Control"] == "no-store"
            pages.add(re.sub(r"/enrol/[^?]*", "", answer.body.decode()))
    assert len(pages) == 1, "one and the same"
    server.stop()
    database = sqlite3.connect(os.path.join(server.state, "bosaga.db"))
    with database:  # as SCEP does with the first certificate
        at = hashlib.sha256(used.encode()).digest()
        database.execute("PRAGMA foreign_keys = OFF")
        assert database.execute("UPDATE invitation SET consumed = created, device = ?, key = ?, certificate = ? WHERE token = ?",
                                ("0" * 32, b"k" * 32, b"c" * 32, at)).rowcount == 1
    database.close()
    server.start()
    for path in ("/enrol/" + used, "/enrol/%s/profile" % used):
        answer = plane.people(server, "GET", path, headers={"Accept-Language": "en"})
        assert answer.status == 410 and "has been used" in Page(answer).text and b"plist" not in answer.body, (answer.status, answer.body)
    assert page(server, good).status == 200
    server.stop()


@claim
def V74_such_a_token_opens_nothing_over_est():
    server = start()
    phone = plane.Phone(server, "aigul")
    assert phone.enrol(invite(server)["token"]) == 401
    assert phone.enrol(plane.invite(server, "aigul")) == 200
    server.stop()


@claim
def V75_without_a_topic_nobody_is_invited_and_the_refusal_says_what_to_do():
    server = start("")
    answer = plane.call(server, "POST", "/api/v1/invitations", {"person": "aigul", "kind": "ios-device"})
    assert (answer.status, answer.problem()) == (409, "not-set-up"), answer.body
    assert "push certificate" in answer.json()["detail"] and "apple_topic" in answer.json()["detail"], answer.body
    assert not os.path.exists(os.path.join(server.state, "apple-fixed"))
    try:
        server.cli("invite", "aigul", "--kind", "ios-device")
        raise AssertionError("invited")
    except harness.Refused as refused:
        assert refused.status == 1 and "apple_topic" in refused.err, refused.err
    assert plane.invite(server, "aigul")
    server.stop()


def starts(server, config):
    """None if a server with this configuration starts on the state of another; else what it says."""
    with open(server.config, encoding="utf-8") as stream:
        lines = dict(line.split(" = ", 1) for line in stream.read().splitlines())
    lines.update(config)
    path = server.state + ".other.conf"
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines("%s = %s\n" % line for line in lines.items())
    log = path + ".log"
    if os.path.exists(log):
        os.remove(log)
    process = harness.start([harness.program("bosagad"), "--state", server.state, "--config", path], log)

    def said():
        with open(log, encoding="utf-8") as stream:
            text = stream.read()
        return text if process.poll() is not None or "serving people" in text else None
    text, _ = harness.wait_for("bosagad starts or not", said)
    if process.poll() is None:
        harness.stop(process)
        return None
    assert process.returncode == 1, (process.returncode, text)
    return text


@claim
def A132_topic_url_and_deployment_are_fixed_by_the_first_profile_also_after_a_kill():
    server = start()
    server.stop()
    free = {"apple_deployment": "kz.other", "apple_topic": "com.apple.mgmt.External.other"}
    assert starts(server, free) is None, "nothing was given out yet"
    server.start()
    token = invite(server)["token"]
    server.kill()
    fixed = os.path.join(server.state, "apple-fixed")
    assert os.stat(fixed).st_mode & 0o777 == 0o600
    url = "https://127.0.0.1:%d" % (server.port + 2)
    for key, value, was in (("apple_topic", free["apple_topic"], TOPIC), ("apple_deployment", "kz.other", "kz.example.bosaga"),
                            ("apple_url", "https://mdm.example.kz", url)):
        said = starts(server, {key: value})
        assert said and value in said and was in said and key in said and fixed in said and "restore" in said, (key, said)
    assert starts(server, {"apple_topic": ""}) is None, "a topic that is not known yet is no other"
    server.start()
    assert mdm(plistlib.loads(profile(server, token).body))["Topic"] == TOPIC
    server.stop()
    os.remove(fixed)
    assert starts(server, free) is None, "an operator without phones begins anew"


@claim
def the_token_is_in_no_log_and_no_audit():
    server = start()
    got = invite(server)
    page(server, got["token"])
    profile(server, got["token"])
    audit = plane.call(server, "GET", "/api/v1/audit?limit=1000").body.decode()
    server.stop()
    with open(server.log, encoding="utf-8") as stream:
        assert got["token"] not in stream.read() + audit


if __name__ == "__main__":
    harness.main()
