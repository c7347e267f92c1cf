#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pass that the server signs for a phone without agent, on /me (V100 to V104): read off the page by an independent reader of
QR codes (zxing-cpp) and verified by an independent COSE library (pycose) under the certificate that a gate is given."""
import hashlib
import json
import os
import re
import sys
import time

import harness
from harness import BUILD, SOURCE, claim, note

VENV = os.path.join(SOURCE, "build/venv/bin/python3")
if os.path.realpath(sys.prefix) != os.path.realpath(os.path.join(SOURCE, "build/venv")):
    if not os.path.exists(VENV):
        sys.exit("build/venv is missing: ./dev test makes it from tests/requirements.txt")
    os.execv(VENV, [VENV, *sys.argv])

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pycose.algorithms import Es256
from pycose.headers import Algorithm, KID
from pycose.keys import EC2Key
from pycose.keys.curves import P256
from pycose.messages import CoseMessage, Sign1Message
import zxingcpp

import apple_phone
import owner
import plane

EXP, IAT, UEID, OWN = 4, 6, 256, -65537
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
BY_GATE, BY_SELF = 1, 2
POLICY = plane.POLICY.replace("rules:", """  - id: vault
    parent: house
    name: {kk: Қойма, ru: Хранилище, en: Vault}
    gates: [{id: door}]
    phone_lease: 15s
  - id: lab
    name: {kk: Зертхана, ru: Лаборатория, en: Laboratory}
    gates: [{id: entry}]
    enter_by: [gate, self]
rules:""").replace("where: [house]", "where: [house, vault, lab]")
server = None
people = 0


def world():
    global server
    if server is None:
        server = harness.Server("apple_topic = %s\n" % apple_phone.TOPIC).start()
        plane.apply_policy(server, POLICY)
    return server


def person():
    """A new person, logged in."""
    global people
    people += 1
    name = "p%d" % people
    plane.must(plane.call(world(), "POST", "/api/v1/people", {"id": name, "name": name, "unit": "ministry", "badge": "B-" + name, "lang": "en"}))
    browser = owner.Browser(server)
    assert browser.log_in("B-" + name, server.cli("person", "code", name)["code"]).status == 303
    return name, browser


def iphone():
    """Somebody with an iPhone: (phone, badge, browser)."""
    name, browser = person()
    return apple_phone.Phone(server, apple_phone.invite(server, name)).begin(), "B-" + name, browser


def enter(phone, badge, browser, place="house", gate="north"):
    """Into a place, restricted and proved: the page with the pass."""
    plane.must(plane.cross(server, "in", badge=badge, place=place, gate=gate))
    return harness.wait_for("the phone is told and has proved it", lambda: (owner.obey(phone), pass_of(browser.page()))[1] and browser.page())[0]


def pass_of(page):
    """The text beside the code; None: there is no pass."""
    found = [attrs["data-pass"] for tag, attrs in page.tags if "data-pass" in attrs]
    assert len(found) <= 1 and len(found) == len([1 for tag, attrs in page.tags if tag == "svg"]), "a text has its code and no code is alone"
    return found[0] if found else None


def unbase45(text):
    out = bytearray()
    for i in range(0, len(text), 3):
        digits = [ALPHABET.index(c) for c in text[i:i + 3]]
        value = sum(d * 45 ** n for n, d in enumerate(digits))
        out += value.to_bytes(len(digits) - 1, "big")
    return bytes(out)


def read_code(page):
    """What a reader makes of the modules that the page draws, and the version of the code."""
    box = next(attrs["viewbox"] for tag, attrs in page.tags if tag == "svg").split()
    size, scale = int(box[2]), 4
    rows = [bytearray(b"\xff" * size) for _ in range(size)]
    for x, y, n in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", next(attrs["d"] for tag, attrs in page.tags if tag == "path")):
        rows[int(y)][int(x):int(x) + int(n)] = bytes(int(n))
    image = b"".join(bytes(v for v in row for _ in range(scale)) * scale for row in rows)
    read = zxingcpp.read_barcodes(memoryview(image).cast("B", (size * scale, size * scale)), formats=zxingcpp.BarcodeFormat.QRCode)
    assert len(read) == 1, read
    return read[0].text, (size - 8 - 17) // 4


def gate(place="house", name="north"):
    """A credential file as `bosaga gate credential` writes it, and the key that it trusts for passes."""
    path = os.path.join(harness.folder(), "gate.json")
    server.cli_text("gate", "credential", place, name, "--out", path)
    with open(path, encoding="utf-8") as stream:
        cert = x509.load_pem_x509_certificate(json.load(stream)["pass_certificate"].encode())
    return path, cert


def cose_key(key):
    public = key.public_key() if hasattr(key, "sign") else key
    n = public.public_numbers()
    private = {"d": key.private_numbers().private_value.to_bytes(32, "big")} if hasattr(key, "sign") else {}
    return EC2Key(crv=P256, x=n.x.to_bytes(32, "big"), y=n.y.to_bytes(32, "big"), **private)


def verify(raw, cert, aad=b"bosaga/pass"):
    """The claims, or None where pycose does not accept the signature."""
    message = CoseMessage.decode(raw)
    assert isinstance(message, Sign1Message) and not message.uhdr
    message.key, message.external_aad = cose_key(cert.public_key()), aad
    if not message.verify_signature():
        return None
    assert message.phdr == {Algorithm: Es256, KID: hashlib.sha256(cert.public_bytes(serialization.Encoding.DER)).digest()[:8]}, message.phdr
    return cbor2.loads(message.payload)


def check(path, raw):
    """bosaga-sim's gate: what the pass says, or the reason of the refusal."""
    try:
        return json.loads(harness.run([harness.program("bosaga-sim"), "gate", "--credential", path, "check", "--pass", raw.hex()]))
    except harness.Refused as error:
        return error.err


def next_second():
    """Two passes in one second are one."""
    harness.wait_for("the next second", lambda since=int(time.time()): int(time.time()) > since)


def says(browser, words):
    """Wait until the page says so, and gives no pass."""
    page, _ = harness.wait_for(words, lambda: words in browser.page().text and browser.page())
    assert pass_of(page) is None, page.text
    return page


@claim
def a_verified_phone_gets_a_pass_that_a_reader_and_a_gate_accept():
    phone, badge, browser = iphone()
    page = enter(phone, badge, browser)
    text = pass_of(page)
    read, version = read_code(page)
    assert read == text and version <= 12, (read, text, version)
    raw = unbase45(text)
    path, cert = gate()
    claims = verify(raw, cert)
    assert set(claims) == {EXP, IAT, UEID, OWN} and claims[EXP] - claims[IAT] == 60, claims
    for_gate, serial, functions, pressed, sequence, by, verified_at = claims[OWN]
    shown = plane.must(plane.call(server, "GET", "/api/v1/devices/" + phone.id))
    assert (for_gate, serial, functions, pressed, by) == (None, shown["orders_serial"], 1 << plane.CAMERA, 0, BY_GATE), claims
    assert sequence == claims[IAT] and shown["phone"]["verified_at"].endswith("Z") and 0 < verified_at <= claims[IAT], claims
    seen = check(path, raw)
    assert (seen["pseudonym"], seen["verified_at"]) == (claims[UEID][1:].hex(), verified_at), seen
    assert "Pass: House, valid until" in page.text and re.search(r"valid until \d\d:\d\d:\d\d", page.text), page.text
    note("%d bytes, %d characters, version %d" % (len(raw), len(text), version))


@claim
def it_says_so_in_three_languages():
    phone, badge, browser = iphone()
    enter(phone, badge, browser)
    for lang, words in {"kk": ("Рұқсатнама: Үй", "жарамды уақыты:", "өткелде"), "ru": ("Пропуск: Дом", "действует до", "на проходной"),
                        "en": ("Pass: House", "valid until", "at the gate")}.items():
        page = browser.page("/me?lang=" + lang)
        assert all(word in page.text for word in words) and pass_of(page), (lang, page.text)
    plane.must(plane.cross(server, "out", badge=badge))
    for lang, words in {"kk": "Рұқсатнама жоқ: телефон ешқай жерде емес", "ru": "Пропуска нет: телефон нигде", "en": "No pass: the phone is in no place"}.items():
        assert words in browser.page("/me?lang=" + lang).text, lang


@claim
def an_unverified_phone_gets_none_whatever_it_acknowledges():
    phone, badge, browser = iphone()
    says(browser, "No pass: the phone is in no place")
    plane.must(plane.cross(server, "in", badge=badge))
    harness.wait_for("it is restricted", lambda: "being switched off" in browser.page().text)
    says(browser, "the phone has not proved its restriction")
    assert pass_of(enter(phone, badge, browser))


@claim
def who_left_gets_none():
    phone, badge, browser = iphone()
    page = browser.press(enter(phone, badge, browser), "/me/left")
    assert "No pass: the phone is in no place" in page.text and pass_of(page) is None, page.text


@claim
def a_phone_that_was_released_gets_none():
    phone, badge, browser = iphone()
    enter(phone, badge, browser)
    plane.must(plane.call(server, "POST", "/api/v1/devices/%s/release" % phone.id, {"reason": "a test"}))
    says(browser, "No pass: the helpdesk has lifted the restriction")


@claim
def a_phone_gets_none_after_the_lease_of_what_it_proved():
    phone, badge, browser = iphone()
    page = enter(phone, badge, browser, "vault", "door")
    claims = verify(unbase45(pass_of(page)), gate()[1])
    assert 0 < claims[EXP] - claims[IAT] <= 15, "no pass outlives what was proved"
    # From here on it is not heard of. The vault's lease is over, the house's is not.
    page = says(browser, "the time for which the restriction was proved is over")
    assert "I left: House" in page.text and "not confirmed" in page.text, page.text
    assert pass_of(enter(phone, badge, browser)), "new evidence, new proof"


@claim
def a_phone_with_an_agent_gets_none_from_the_server():
    name, browser = person()
    phone = plane.add_phone(server, name)
    plane.must(plane.cross(server, "in", badge="B-" + name))
    proof = plane.status_report(plane.serial(plane.settled(phone)), int(time.time()), {plane.CAMERA: plane.VERIFIED})
    plane.must(plane.report(phone, plane.batch(os.urandom(16), 1, proof)))
    page = browser.page()
    assert "off, verified" in page.text and "The app on the phone shows the pass itself" in page.text and pass_of(page) is None, page.text


@claim
def each_place_has_a_pseudonym_of_its_own_and_sequences_grow_over_a_restart():
    phone, badge, browser = iphone()
    _, cert = gate()
    first = verify(unbase45(pass_of(enter(phone, badge, browser))), cert)
    next_second()
    server.stop()
    server.start()
    again = verify(unbase45(pass_of(harness.wait_for("a pass", lambda: pass_of(browser.page()) and browser.page())[0])), cert)
    assert again[UEID] == first[UEID] and again[OWN][4] > first[OWN][4], (first, again)
    browser.press(browser.page(), "/me/left")
    harness.wait_for("lifted", lambda: (owner.obey(phone), "/me/arrive?lang=en" in [f["action"] for f in browser.page().forms])[1])
    browser.press(browser.page(), "/me/arrive")
    page, _ = harness.wait_for("it has proved it", lambda: (owner.obey(phone), pass_of(browser.page()))[1] and browser.page())
    other = verify(unbase45(pass_of(page)), cert)
    assert other[UEID] != first[UEID] and other[OWN][5] == BY_SELF and "Pass: Laboratory" in page.text, other


@claim
def gates_refuse_what_that_key_signs_beside_passes_of_the_server():
    phone, badge, browser = iphone()
    raw = unbase45(pass_of(enter(phone, badge, browser)))
    path, cert = gate()
    assert verify(raw, cert, b"bosaga/orders") is None and verify(raw, cert, b"bosaga/threshold-token") is None
    with open(os.path.join(server.state, "keys/pass.pem"), "rb") as stream:
        key = serialization.load_pem_private_key(stream.read(), None)
    payload, now = CoseMessage.decode(raw).payload, int(time.time())

    def signed(claims, aad=b"bosaga/pass", by=key):
        message = Sign1Message(phdr={Algorithm: Es256}, payload=cbor2.dumps(claims, canonical=True), external_aad=aad)
        message.key = cose_key(by)
        return message.encode()
    claims = cbor2.loads(payload)
    claims.update({IAT: now, EXP: now + 60})
    assert check(path, signed(claims))["sequence"] == claims[OWN][4], "the way to sign here is one that a gate takes"
    own = claims | {7: bytes(8), EXP: now + 30, OWN: claims[OWN][:6] + [None]}
    old = claims | {IAT: now - 120, EXP: now - 60, OWN: claims[OWN][:6] + [now - 130]}
    for what, bad, words in (("orders", signed(claims, b"bosaga/orders"), "signature"), ("a token", signed(claims, b"bosaga/threshold-token"), "signature"),
                             ("a phone's own pass", signed(own), "only what it has verified"), ("an old pass", signed(old), "not of now"),
                             ("another key", signed(claims, by=ec.generate_private_key(ec.SECP256R1())), "signature")):
        answer = check(path, bad)
        assert isinstance(answer, str) and words in answer, (what, answer)


harness.main()
