#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A phone gets its certificate and checks in, and everything that is refused: rules A7 to A12, A80 to A85 and A100 to A114.

The phone is apple_phone.py: Python and openssl, nothing of ours. Whatever a phone does wrong is answered 400, or 200 with a failInfo;
never 401, 403 or 5xx, which it may take for the end of its enrolment or for our fault.
"""
import base64
import datetime
import hashlib
import http.client
import os
import plistlib
import sqlite3
import subprocess
import threading
import time
import urllib.parse

import apple_phone
import harness
import plane
from apple_phone import CHECKIN, MESSAGE, TOPIC, Phone, call, invite, now
from harness import claim, note
from scep_phone import openssl


def serve(*people, config=""):
    server = harness.Server(apple_phone.CONFIG + config).start()
    server.faults = apple_phone.faults(server)
    for person in people or ("aigerim",):
        plane.add_person(server, person)
    return server


def actions(server):
    return [(e["who"], e["action"], e["subject"]) for e in plane.must(plane.call(server, "GET", "/api/v1/audit?limit=1000"))["items"]]


def shown_of(server, phone):
    return plane.must(plane.call(server, "GET", "/api/v1/devices/" + phone.id))


def state(server, phone):
    return shown_of(server, phone)["state"]


def said(answer):
    return answer.status, answer.problem()


GOOD = (200, None)


def end(server):
    """Nothing was answered with a fault of ours; the server stops as it should."""
    metrics = plane.must(plane.call(server, "GET", "/metrics")).body.decode()
    answers = [line for line in metrics.splitlines() if line.startswith("bosaga_answers_total")]
    note("; ".join(answers))
    assert apple_phone.faults(server) == server.faults, answers
    assert server.stop() == 0


# ---- what works ---------------------------------------------------------------

@claim
def a_phone_enrols_and_checks_in_by_its_certificate_or_by_its_signature():
    server = serve()
    for by_signature in (False, True):
        phone = Phone(server, invite(server, "aigerim"))
        phone.by_signature = by_signature
        phone.begin()
        serial, _ = harness.wait_for("orders after SCEP", lambda: shown_of(server, phone)["orders_serial"])
        assert said(phone.authenticate(ProductName="P" * 200, Model="M" * 200)) == GOOD, "nobody is kept out by a name"
        assert said(phone.token_update(token=b"\x02" * 32, binary=True)) == GOOD
        shown = shown_of(server, phone)
        assert (shown["kind"], shown["class"], shown["state"]) == ("ios-device", "managed", "active"), shown
        who = "device:" + phone.id
        assert [a for a in actions(server) if a[2] == phone.id] == [(who, "enrol", phone.id)] + 2 * [(who, "apple-authenticate", phone.id)]
        assert said(phone.checkin("CheckOut")) == GOOD
        assert state(server, phone) == "leaving"
        harness.wait_for("its discharge after CheckOut", lambda was=serial: shown_of(server, phone)["orders_serial"] > was)
        assert actions(server)[-1] == (who, "apple-checkout", phone.id)
        assert said(phone.checkin("CheckOut")) == GOOD and actions(server)[-2][1] != "apple-checkout", "again: nothing is new"
        assert said(phone.token_update()) == (400, "forbidden"), "it has ended"
        assert said(phone.authenticate()) == (400, "forbidden"), "and does not begin again with its old certificate"
    with open(server.log, encoding="utf-8") as stream:
        log = stream.read()
    assert phone.challenge not in log and "never kept" not in log
    end(server)


@claim
def a_phone_behind_a_proxy_is_who_its_certificate_in_the_header_says():
    server = serve(config="apple_tls = proxy\napple_url = https://mdm.example.kz\n")

    def plain(method, path, body=None, headers=None, certificate=None):
        connection = http.client.HTTPConnection("127.0.0.1", server.port + 2, timeout=harness.PATIENCE)
        headers = dict(headers or {})
        if certificate is not None:
            encoded = openssl("x509", "-in", certificate, "-outform", "DER") if isinstance(certificate, str) else certificate
            headers["Client-Cert"] = ":%s:" % base64.b64encode(encoded).decode()
        return plane.exchange(connection, method, path, body, headers)

    apple_phone.call, direct = (lambda s, m, p, b=None, h=None, certificate=None: plain(m, p, b, h, certificate and certificate[0])), apple_phone.call
    try:
        phone = Phone(server, invite(server, "aigerim"))
        phone.begin()
        body = plistlib.dumps({"MessageType": "TokenUpdate", "UDID": phone.udid, "Token": b"\x05", "PushMagic": "M", "Topic": TOPIC})
        for certificate in (phone.cert, b"", b"rubbish", openssl("x509", "-in", phone.ca, "-outform", "DER")):
            answer = plain("PUT", "/mdm/checkin", body, certificate=certificate)
            assert said(answer) == (400, "certificate-unknown"), (certificate, answer.status, answer.body)
        assert said(plain("PUT", "/mdm/checkin", body)) == (400, "certificate-required")
        phone.by_signature = True
        assert said(phone.token_update(token=b"\x06")) == GOOD
    finally:
        apple_phone.call = direct
    end(server)


@claim
def a_get_of_16_kib_enrols_in_either_alphabet():
    server = serve()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        phone = Phone(server, invite(server, "aigerim"))
        # Certificates of nobody beside the signer's, as long as a request line of 16 KiB takes.
        padding = b"".join(openssl("x509", "-in", Phone(server).cert, "-outform", "DER") for _ in range(6))
        body = phone.message(phone.envelope(phone.csr()), more=padding)
        path = "/scep?operation=PKIOperation&message=" + urllib.parse.quote(encode(body), safe="")
        path += "&padding=" + "x" * (16384 - len(path) - len("GET  HTTP/1.1") - len("&padding="))
        answer = call(server, "GET", path, None, {"X-Padding-%d" % i: "y" * 1000 for i in range(8)})  # and 8 KiB of headers
        assert (answer.status, answer.headers["Content-Type"]) == (200, MESSAGE), (answer.status, answer.body[:300])
        phone.keep(phone.hear(answer.body))
        note("request of %d bytes in a line of %d" % (len(body), len("GET %s HTTP/1.1" % path)))
    answer = call(server, "POST", path, phone.request(), {"Content-Type": MESSAGE})
    assert b"BEGIN CERTIFICATE" in phone.hear(answer.body), "the message of the query is not looked at"
    assert call(server, "GET", "/scep?operation=GetCACaps").body == b"POSTPKIOperation\nSHA-256\nAES\nSCEPStandard\nRenewal\n"
    end(server)


def scepclient(server, challenge):
    """Debian's client, which knows SHA-1 and DES alone: (its folder, exit status, what it said)."""
    folder = harness.folder("scepclient-")
    done = subprocess.run(["scepclient", "-server-url", "https://127.0.0.1:%d/scep" % (server.port + 2), "-private-key", folder + "/key.pem",
                           "-certificate", folder + "/cert.pem", "-challenge", challenge, "-cn", "a phone"],
                          cwd=folder, env=dict(os.environ, SSL_CERT_FILE=plane.root(server)), capture_output=True, text=True, check=False)
    return folder, done.returncode, done.stdout + done.stderr


OLD_MESSAGES = [("aes128", "sha1"), ("des3", "sha256"), ("des3", "sha1")]  # cipher, digest


@claim
def old_algorithms_enrol_where_scep_legacy_ciphers_allows_them():
    server = serve(config="scep_legacy_ciphers = yes\n")
    caps = call(server, "GET", "/scep?operation=GetCACaps").body.split()
    assert {b"DES3", b"SHA-1"} < set(caps) and b"AES" in caps, caps
    for cipher, digest in OLD_MESSAGES:
        phone = Phone(server, invite(server, "aigerim"))
        phone.keep(phone.ask(phone.message(phone.envelope(phone.csr(), cipher), digest)))
        assert (said(phone.authenticate()), said(phone.token_update())) == (GOOD, GOOD), (cipher, digest)
    phone = Phone(server)
    folder, status, out = scepclient(server, invite(server, "aigerim"))
    assert status == 0, out
    phone.key = folder + "/key.pem"
    with open(folder + "/cert.pem", "rb") as stream:
        phone.keep(stream.read())
    assert (said(phone.authenticate()), said(phone.token_update())) == (GOOD, GOOD)
    assert state(server, phone) == "active" and ("device:" + phone.id, "enrol", phone.id) in actions(server)
    end(server)


@claim
def old_algorithms_are_refused_as_such_where_nobody_allowed_them():
    for config in ("", "scep_legacy_ciphers = no\n"):
        server = serve(config=config)
        caps = call(server, "GET", "/scep?operation=GetCACaps").body.split()
        assert not {b"DES3", b"SHA-1"} & set(caps), caps
        challenge = invite(server, "aigerim")
        phone = Phone(server, challenge)
        for cipher, digest in OLD_MESSAGES:
            assert phone.ask(phone.message(phone.envelope(phone.csr(), cipher), digest)) == "badAlg", (cipher, digest)
        folder, status, out = scepclient(server, challenge)
        assert status != 0 and "badAlg" in out and not os.path.exists(folder + "/cert.pem"), out
        assert b"BEGIN CERTIFICATE" in phone.ask(phone.request()), "none of it has used the invitation"
        end(server)


@claim
def a_certificate_is_renewed_under_the_old_one_until_its_device_ends():
    server = serve()
    phone = Phone(server, invite(server, "aigerim")).begin()
    old, own = phone.issued, phone.id
    envelope = phone.envelope(phone.csr("none"))
    body = phone.message(envelope, attributes=phone.attributes(envelope, "sha256", "17"), cert=old)
    phone.cert = old
    phone.keep(phone.ask(body))
    assert phone.id == own and phone.issued != old
    assert actions(server)[-1] == ("device:" + own, "reenrol", own)
    for certificate in (old, phone.issued):
        phone.issued = certificate
        assert said(phone.token_update(token=b"\x03" * 32)) == GOOD, "both work"
    plane.must(plane.call(server, "POST", "/api/v1/devices/%s/revoke" % own, {"reason": "stolen"}))
    assert phone.ask(body) == "badCertId"
    assert said(phone.token_update(token=b"\x04" * 32)) == GOOD, "it can still be reached for its lift"
    assert said(phone.authenticate()) == (400, "forbidden")
    assert said(phone.checkin("CheckOut")) == GOOD and state(server, phone) == "revoked"
    end(server)


@claim
def a_certificate_that_is_itself_revoked_or_has_ended_opens_nothing():
    server = serve()
    phone = Phone(server, invite(server, "aigerim")).begin()
    phone.cert = phone.issued
    renewal = phone.request("none", "17")
    digest = hashlib.sha256(openssl("x509", "-in", phone.issued, "-outform", "DER")).digest()
    for column, value, problem in (("revoked", 1, "certificate-revoked"), ("expires", int(time.time()) - 1, "certificate-expired")):
        server.kill()
        db = sqlite3.connect(os.path.join(server.state, "bosaga.db"))
        before = db.execute("SELECT %s FROM certificate WHERE sha256 = ?" % column, (digest,)).fetchone()[0]
        db.execute("UPDATE certificate SET %s = ? WHERE sha256 = ?" % column, (value, digest))
        db.commit()
        server.start()
        server.faults = apple_phone.faults(server)
        for by_signature in (False, True):
            phone.by_signature = by_signature
            for answer in (phone.token_update(token=b"\x09"), phone.authenticate(), phone.checkin("CheckOut")):
                assert said(answer) == (400, problem), (column, answer.status, answer.body)
        if column == "revoked":
            assert phone.ask(renewal) == "badCertId"
        server.kill()
        db.execute("UPDATE certificate SET %s = ? WHERE sha256 = ?" % column, (before, digest))
        db.commit()
        db.close()
        server.start()
        server.faults = apple_phone.faults(server)
    assert said(phone.token_update(token=b"\x09")) == GOOD and state(server, phone) == "active"
    end(server)


@claim
def the_same_phone_enrolled_anew_takes_the_place_of_the_older_device():
    server = serve("aigerim", "other")
    first = Phone(server, invite(server, "aigerim"), udid="SAME-PHONE").begin()
    again = Phone(server, invite(server, "aigerim"), udid="SAME-PHONE")
    again.enrol()
    assert said(again.token_update()) == (400, "conflict"), "Authenticate comes first"
    assert said(again.authenticate()) == GOOD
    assert (state(server, first), state(server, again)) == ("revoked", "active")
    assert said(again.token_update()) == GOOD
    assert said(first.token_update()) == (400, "forbidden")
    stranger = Phone(server, invite(server, "other"), udid="SAME-PHONE")
    stranger.enrol()
    answer = stranger.authenticate()
    assert said(answer) == (400, "forbidden") and again.id.encode() not in answer.body, "it does not say whose it is"
    # The profile installed again on the same device: it begins anew.
    assert said(again.authenticate(OSVersion="18.0")) == GOOD and said(again.token_update()) == GOOD
    again.udid = "ANOTHER-PHONE"
    assert said(again.authenticate()) == (400, "forbidden"), "a device is one phone for ever"
    end(server)


# ---- SCEP: what is refused ----------------------------------------------------

@claim
def a_challenge_is_good_once_for_one_key_and_one_kind():
    server = serve("aigerim", "leaver")
    challenge = invite(server, "aigerim")
    phone, thief = Phone(server, challenge), Phone(server, challenge)
    body = phone.request()
    certificate = phone.ask(body)
    phone.keep(certificate)
    assert [phone.ask(body), phone.ask(phone.request())] == [certificate, certificate], "the same key again gets the same"
    before = len(actions(server))
    assert thief.ask(thief.request()) == "badRequest"
    third = Phone(server, challenge)
    assert [thief.ask(thief.request()), third.ask(third.request())] == ["badRequest"] * 2
    assert actions(server)[before:] == [("server", "enrol-refused", phone.id)], actions(server)[before:]
    other, much = invite(server, "aigerim"), len(actions(server))
    thief.keep(thief.ask(thief.request(other)))
    assert third.ask(third.request(other)) == "badRequest"
    assert actions(server)[much + 1:] == [("server", "enrol-refused", thief.id)], "once for each phone"
    before += 3
    for name, token in {"guessed": "guessed", "for another kind": invite(server, "aigerim", "linux-agent")}.items():
        assert thief.ask(thief.request(token)) == "badRequest", name
    left = invite(server, "leaver")
    plane.must(plane.call(server, "POST", "/api/v1/people/leaver/leave", {}))
    assert thief.ask(thief.request(left)) == "badRequest"
    assert len(actions(server)) == before + 4, "two invitations and a goodbye are new, refusals of strangers are not"
    assert len(plane.must(plane.call(server, "GET", "/api/v1/devices"))["items"]) == 2
    end(server)


@claim
def a_challenge_is_good_for_its_time():
    server = serve()
    phone = Phone(server, invite(server, "aigerim"))
    server.kill()
    # Its end is moved into the past where it is kept: waiting would prove nothing more.
    db = sqlite3.connect(os.path.join(server.state, "bosaga.db"))
    assert db.execute("UPDATE invitation SET expires = expires - 864000").rowcount == 1
    db.commit()
    db.close()
    server.start()
    server.faults = apple_phone.faults(server)
    assert phone.ask(phone.request()) == "badRequest"
    assert plane.must(plane.call(server, "GET", "/api/v1/devices"))["items"] == []
    end(server)


@claim
def of_many_at_once_with_one_invitation_one_key_gets_one_certificate():
    server = serve()
    challenge = invite(server, "aigerim")
    phones = [Phone(server, challenge) for _ in range(3)]
    bodies = [(phone, phone.request()) for phone in phones for _ in range(4)]
    answers = []
    threads = [threading.Thread(target=lambda p=p, b=b: answers.append((p.name, p.ask(b)))) for p, b in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = [a for a in answers if isinstance(a[1], bytes)]
    assert len(answers) == 12 and len(set(got)) == 1 and len(got) == 4, answers
    assert {a[1] for a in answers} - {got[0][1]} == {"badRequest"}
    assert len(plane.must(plane.call(server, "GET", "/api/v1/devices"))["items"]) == 1
    kinds = [a[1] for a in actions(server)]
    assert (kinds.count("enrol"), kinds.count("enrol-refused")) == (1, 1), kinds
    end(server)


@claim
def requests_of_scep_that_are_wrong_have_their_failinfo_and_others_are_400():
    server = serve()
    challenge = invite(server, "aigerim")
    phone, other = Phone(server, challenge), Phone(server, challenge)
    small, large = Phone(server, challenge, "rsa:1024"), Phone(server, challenge, "rsa:4104")
    elliptic = Phone(server, challenge, "ec -pkeyopt ec_paramgen_curve:P-256")
    envelope = phone.envelope(phone.csr())
    bare = openssl("req", "-new", "-key", phone.key, "-subj", "/CN=phone", "-outform", "DER")
    late, soon = now() - datetime.timedelta(days=1, minutes=10), now() + datetime.timedelta(days=1, minutes=10)
    rows = {
        "a small key": ("badAlg", small, small.request()), "a large key": ("badAlg", large, large.request()),
        "a small key inside": ("badRequest", phone, phone.message(phone.envelope(phone.csr(key=small.key)))),
        "no RSA inside": ("badAlg", phone, phone.message(phone.envelope(phone.csr(key=elliptic.key)))),
        "no challenge": ("badRequest", phone, phone.message(phone.envelope(bare))),
        "SHA-1": ("badAlg", phone, phone.message(envelope, "sha1")),
        "another digest": ("badMessageCheck", phone, phone.message(envelope, signed=envelope[:-1] + b"\0")),
        "signed by another": ("badMessageCheck", phone, phone.message(envelope, key=other.key)),
        "yesterday": ("badTime", phone, phone.message(envelope, attributes=phone.attributes(envelope, "sha256", when=late))),
        "tomorrow": ("badTime", phone, phone.message(envelope, attributes=phone.attributes(envelope, "sha256", when=soon))),
        "a renewal of nothing": ("badCertId", phone, phone.request(kind="17")),
        "polling": ("badRequest", phone, phone.request(kind="20")),
        "without a nonce": ("400", phone, phone.message(envelope, attributes=phone.attributes(envelope, "sha256")[:-1])),
        "nothing": ("400", phone, b""), "rubbish": ("400", phone, b"\x30\x80" * 100), "half": ("400", phone, phone.request()[:900]),
    }
    for name, (want, who, body) in rows.items():
        got = who.ask(body)
        assert got == want, (name, got)
    for path, body in (("", None), ("?operation=GetCRL", None), ("?operation=PKIOperation", None), ("?operation=PKIOperation&message=***", None),
                       ("?operation=PKIOperation&message=", None), ("?operation=PKIOperation&message=%00", None), ("", b"x"), ("?operation=GetCACert", b"x"),
                       ("?operation=PKIOperation&message=" + "A" * 30000, None)):
        answer = call(server, "GET" if body is None else "POST", "/scep" + path, body)
        assert answer.status in (400, 413, 414) and answer.problem(), (path[:60], answer.status)
    assert call(server, "POST", "/scep?operation=PKIOperation", b"\x30" * 16385).status == 413
    assert b"BEGIN CERTIFICATE" in phone.ask(phone.request()), "none of it has used the invitation"
    end(server)


# ---- check-in: what is refused ------------------------------------------------

@claim
def a_message_that_is_malformed_huge_or_nested_is_refused():
    server = serve()
    phone = Phone(server, invite(server, "aigerim")).begin()
    deep = {"MessageType": "TokenUpdate", "UDID": phone.udid}
    nested = {}
    deep["x"] = nested
    for _ in range(40):
        nested["x"] = {}
        nested = nested["x"]
    token = {"MessageType": "TokenUpdate", "UDID": phone.udid, "Topic": TOPIC, "Token": b"t", "PushMagic": "M"}
    many = dict(token, **{"k%d" % i: i for i in range(2000)})
    rows = {
        "empty": b"", "no property list": b"hello", "half": plistlib.dumps(token)[:200], "a list": plistlib.dumps([token]), "JSON": b"{}",
        "an entity": plistlib.dumps(token).replace(b"<plist", b"<!DOCTYPE plist [<!ENTITY a 'b'>]><plist"), "no type": plistlib.dumps({"UDID": phone.udid}),
        "no token": plistlib.dumps({k: v for k, v in token.items() if k != "Token"}), "a text as token": plistlib.dumps(dict(token, Token="t")),
        "a long token": plistlib.dumps(dict(token, Token=b"t" * 129)), "a longer token": plistlib.dumps(dict(token, Token=b"t" * 300)),
        "no magic": plistlib.dumps(dict(token, PushMagic="")), "both ids": plistlib.dumps(dict(token, EnrollmentID="E")),
        "no id": plistlib.dumps({k: v for k, v in token.items() if k != "UDID"}), "unknown": plistlib.dumps(dict(token, MessageType="Erase")),
        "another topic": plistlib.dumps(dict(token, Topic=TOPIC + "x")), "a topic of a wrong shape": plistlib.dumps(dict(token, Topic="a b")), "a long topic": plistlib.dumps(dict(token, Topic="t" * 200)),
        "a user's channel": plistlib.dumps(dict(token, UserID="U")), "behind the end": plistlib.dumps(token) + b"x",
    }
    for name, message in {"nested": deep, "many keys": many, "a long key": dict(token, **{"k" * 300: 1})}.items():
        rows[name] = plistlib.dumps(message)
        rows["binary, " + name] = plistlib.dumps(message, fmt=plistlib.FMT_BINARY)
    binary = plistlib.dumps(token, fmt=plistlib.FMT_BINARY)
    rows["a binary half"] = binary[:60]
    rows["a binary that contains itself"] = b"bplist00\xd1\x01\x00Qa" + bytes([8, 11]) + b"\0" * 6 + b"\x01\x01" + (2).to_bytes(8, "big") + b"\0" * 8 + (13).to_bytes(8, "big")
    for name, body in rows.items():
        answer = phone.put("/mdm/checkin", body, {"Content-Type": CHECKIN})
        assert answer.status == 400 and answer.problem() in ("invalid", "too-large"), (name, answer.status, answer.body)
    answer = phone.put("/mdm/checkin", plistlib.dumps(dict(token, x=b"x" * 300000)))
    assert said(answer) == (413, "too-large"), answer.status
    assert said(phone.put("/mdm/checkin", plistlib.dumps(dict(token, x=b"x" * 150000)))) == GOOD, "as long as is allowed"
    end(server)


@claim
def messages_that_are_not_served_have_the_answers_of_apples_protocol():
    server = serve()
    phone = Phone(server, invite(server, "aigerim")).begin()
    for kind, want in (("DeclarativeManagement", 404), ("GetToken", 410), ("SetBootstrapToken", 410), ("GetBootstrapToken", 410), ("UserAuthenticate", 410)):
        answer = phone.checkin(kind)
        assert said(answer) == (want, "not-found") and kind in answer.json()["detail"], (kind, answer.body)
    assert said(phone.checkin("UserAuthenticate", UserID="U")) == (410, "not-found")
    end(server)


@claim
def only_the_phone_that_a_certificate_was_bound_to_is_heard():
    server = serve("aigerim", "other")
    phone = Phone(server, invite(server, "aigerim")).begin()
    other = Phone(server, invite(server, "other")).begin()
    fresh = Phone(server, invite(server, "aigerim"))
    fresh.enrol()
    assert said(fresh.token_update()) == (400, "conflict"), "before Authenticate"
    assert said(fresh.checkin("CheckOut")) == (400, "conflict")
    own, phone.udid = phone.udid, other.udid
    for answer in (phone.token_update(), phone.checkin("CheckOut"), phone.authenticate()):
        assert answer.status == 400 and answer.problem() in ("certificate-unknown", "forbidden"), answer.body
    phone.udid = own
    for udid in ("U" * 65, "U" * 200, "", "a b", "é"):
        fresh.udid = udid
        assert fresh.authenticate().status == 400, udid
    body = plistlib.dumps({"MessageType": "TokenUpdate", "UDID": phone.udid, "Token": b"t", "PushMagic": "M", "Topic": TOPIC})
    assert said(call(server, "PUT", "/mdm/checkin", body)) == (400, "certificate-required")
    assert (state(server, phone), state(server, other)) == ("active", "active")
    # A certificate that is not ours does not get through the handshake.
    try:
        answer = call(server, "PUT", "/mdm/checkin", body, certificate=(phone.cert, phone.key))
        raise AssertionError(answer.status)
    except (OSError, http.client.HTTPException) as error:
        note("a certificate of nobody: %s" % type(error).__name__)
    end(server)


@claim
def a_signature_counts_for_its_body_its_time_and_its_certificate():
    server = serve("aigerim", "other")
    phone = Phone(server, invite(server, "aigerim")).begin()
    other = Phone(server, invite(server, "other")).begin()
    body = plistlib.dumps({"MessageType": "TokenUpdate", "UDID": phone.udid, "Token": b"\x07", "PushMagic": "M", "Topic": TOPIC})
    minutes = lambda n: now() + datetime.timedelta(minutes=n)
    good = phone.signature(body)
    rows = {
        "good": (GOOD, good), "the same again, a replay that changes nothing": (GOOD, good), "SHA-1": (GOOD, phone.signature(body, "sha1")),
        "nine minutes old": (GOOD, phone.signature(body, when=minutes(-9))),
        "stale": (400, phone.signature(body, when=minutes(-11))), "future": (400, phone.signature(body, when=minutes(11))),
        "of another body": (400, phone.signature(body + b" ")), "with a digest of another": (400, phone.signature(body, attributes=phone.attributes(b"x", "sha256")[:3])),
        "without a time": (400, phone.signature(body, attributes=phone.attributes(body, "sha256")[:2])),
        "by another phone": (400, other.signature(body)), "by another key": (400, phone.signature(body, key=other.key)),
        "under its own certificate": (400, phone.signature(body, cert=phone.cert)), "MD5": (400, phone.signature(body, "md5")),
        "attached": (400, base64.b64encode(phone.message(body, attributes=phone.attributes(body, "sha256")[:3], cert=phone.issued)).decode()),
        "no base64": (400, "***"), "empty": (400, ""), "rubbish": (400, base64.b64encode(b"\x30\x82" * 50).decode()), "long": (400, "A" * 8196),
    }
    for name, (want, header) in rows.items():
        answer = call(server, "PUT", "/mdm/checkin", body, {"Mdm-Signature": header})
        assert (said(answer) if want == GOOD else answer.status) == want, (name, answer.status, answer.body)
        assert want == GOOD or answer.problem(), name
    end(server)


# ---- the server goes away -----------------------------------------------------

@claim
def what_was_answered_200_is_there_after_the_server_is_killed():
    server = serve()
    phone = Phone(server, invite(server, "aigerim"))
    phone.enrol()
    server.kill()
    server.start()
    server.faults = apple_phone.faults(server)
    assert said(phone.token_update()) == (400, "conflict")
    assert said(phone.authenticate()) == GOOD
    server.kill()
    server.start()
    server.faults = apple_phone.faults(server)
    assert said(phone.token_update()) == GOOD
    before = phone.issued
    assert phone.enrol().issued == before, "the same certificate as before"
    answered, stop = [], threading.Event()

    def update():
        n = 0
        while not stop.is_set():
            n += 1
            try:
                answered.append(phone.token_update(token=n.to_bytes(4, "big")).status)
            except (OSError, http.client.HTTPException):
                pass

    worker = threading.Thread(target=update)
    worker.start()
    for _ in range(3):
        harness.wait_for("another answer", lambda seen=len(answered): len(answered) > seen + 3)
        server.kill()
        server.start()
        server.faults = apple_phone.faults(server)
    stop.set()
    worker.join()
    note("%d answers around 3 kills: %s" % (len(answered), sorted(set(answered))))
    assert set(answered) <= {200, 503} and 200 in answered
    assert said(phone.checkin("CheckOut")) == GOOD
    server.kill()
    server.start()
    server.faults = apple_phone.faults(server)
    assert state(server, phone) == "leaving"
    end(server)


harness.main()
