#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our messages against an independent COSE library (pycose), both ways, with keys made by each side (W10-W13).

Payloads are those of tests/vectors/make-messages, made by cbor2. The C side is tests/tools/message-tool: it decodes
and encodes every payload again before it signs, so what pycose verifies are bytes of our own encoder.
"""
import atexit
import datetime
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

import harness
from harness import BUILD, SOURCE, claim, note

VENV = os.path.join(SOURCE, "build/venv/bin/python3")
if os.path.realpath(sys.prefix) != os.path.realpath(os.path.join(SOURCE, "build/venv")):
    if not os.path.exists(VENV):
        sys.exit("build/venv is missing: ./dev test makes it from tests/requirements.txt")
    os.execv(VENV, [VENV, *sys.argv])

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pycose.algorithms import Es256
from pycose.headers import Algorithm, KID, X5chain
from pycose.keys import EC2Key
from pycose.keys.curves import P256
from pycose.messages import CoseMessage, Sign1Message

AAD = {"orders": b"bosaga/orders", "gate_credential": b"bosaga/gate-credential",
       "threshold_token": b"bosaga/threshold-token", "pass": b"bosaga/pass"}
CHAINED = ("orders", "gate_credential")
ORDERS_EKU = x509.ObjectIdentifier("2.25.301820908479195542039220810099350110463")


def load_vectors_module():
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader("make_messages", os.path.join(SOURCE, "tests/vectors/make-messages"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("make_messages", loader))
    loader.exec_module(module)
    return module


V = load_vectors_module()
NOW = V.T


class Tool:
    """The C side."""

    def __init__(self):
        self.process = subprocess.Popen([os.path.join(BUILD, "tests/tools/message-tool")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        atexit.register(self.end)

    def ask(self, op, **request):
        self.process.stdin.write(json.dumps({"op": op, **request}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"message-tool ended at {op}"
        return json.loads(line)

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait()


TOOL = Tool()
DIR = tempfile.TemporaryDirectory()
OURS = TOOL.ask("open", dir=DIR.name, at=NOW - 86400)
assert "root" in OURS, OURS


# ---- keys made by the other side ---------------------------------------------

def certificate(subject, key, issuer, issuer_key, is_root):
    when = datetime.datetime.fromtimestamp(NOW - 86400, datetime.timezone.utc)
    name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    usage = dict.fromkeys(["content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
                           "encipher_only", "decipher_only"], False)
    builder = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(when).not_valid_after(when + datetime.timedelta(days=365))
               .add_extension(x509.BasicConstraints(ca=is_root, path_length=1 if is_root else None), critical=True)
               .add_extension(x509.KeyUsage(digital_signature=not is_root, key_cert_sign=is_root, crl_sign=is_root, **usage),
                              critical=True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False))
    if not is_root:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ORDERS_EKU]), critical=True)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


ROOT_KEY, ORDERS_KEY, THEIR_KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
THEIR_ROOT = certificate("A root", ROOT_KEY, "A root", ROOT_KEY, True)
THEIR_CERT = certificate("Orders", ORDERS_KEY, "A root", ROOT_KEY, False)
OUR_KEY = TOOL.ask("key")


def coordinates(public):
    n = public.public_numbers()
    return n.x.to_bytes(32, "big"), n.y.to_bytes(32, "big")


def cose_key(private):
    x, y = coordinates(private.public_key())
    return EC2Key(crv=P256, x=x, y=y, d=private.private_numbers().private_value.to_bytes(32, "big"))


def cose_public(x, y):
    return EC2Key(crv=P256, x=x, y=y)


# ---- one message, made by one side and judged by the other ---------------------

def they_sign(kind, payload, aad=None, kid=None):
    header = {Algorithm: Es256}
    if kid:
        header[KID] = kid
    if kind in CHAINED:
        header[X5chain] = THEIR_CERT
    message = Sign1Message(phdr=header, payload=payload, external_aad=aad or AAD[kind])
    message.key = cose_key(ORDERS_KEY if kind in CHAINED else THEIR_KEY)
    return message.encode()


def we_sign(kind, payload):
    pem = {} if kind in CHAINED else {"pem": OUR_KEY["pem"]}
    answer = TOOL.ask("sign", kind=kind, payload=payload.hex(), **pem)
    assert "message" in answer, (kind, answer)
    return bytes.fromhex(answer["message"]), answer


def we_verify(kind, message, theirs=True):
    if kind in CHAINED:
        root = THEIR_ROOT.hex() if theirs else OURS["root"]
        return TOOL.ask("verify", kind=kind, message=message.hex(), root=root, at=NOW)
    x, y = coordinates(THEIR_KEY.public_key()) if theirs else (bytes.fromhex(OUR_KEY["x"]), bytes.fromhex(OUR_KEY["y"]))
    return TOOL.ask("verify", kind=kind, message=message.hex(), x=x.hex(), y=y.hex())


def our_public(kind, message):
    """The key that pycose verifies with: of the x5chain's certificate, whose issuer must be our root."""
    if kind not in CHAINED:
        return cose_public(bytes.fromhex(OUR_KEY["x"]), bytes.fromhex(OUR_KEY["y"]))
    cert = x509.load_der_x509_certificate(message.phdr[X5chain])
    cert.verify_directly_issued_by(x509.load_der_x509_certificate(bytes.fromhex(OURS["root"])))
    return cose_public(*coordinates(cert.public_key()))


def they_verify(kind, raw, aad=None):
    """The payload, or None where pycose does not accept the bytes."""
    try:
        message = CoseMessage.decode(raw)
        assert isinstance(message, Sign1Message)
        message.key = our_public(kind, message)
        message.external_aad = aad or AAD[kind]
        return message.payload if message.verify_signature() else None
    except Exception:  # whatever it stumbles over: it did not accept
        return None


def payloads(kind):
    """Every valid payload of a kind, with the fields that it means."""
    with open(os.path.join(SOURCE, "tests/vectors", kind + ".json"), encoding="utf-8") as f:
        return [(v["name"], bytes.fromhex(v["hex"]), v) for v in json.load(f)["valid"]]


def regions(raw):
    """Where header, payload and signature lie in a message, their CBOR heads left out."""
    header, _, payload, signature = cbor2.loads(raw).value
    at = raw.index(header)
    payload_at = raw.index(payload, at + len(header))
    return {"header": (at, len(header)), "payload": (payload_at, len(payload)),
            "signature": (len(raw) - len(signature), len(signature))}


def flips(raw, most):
    """At most @most messages for each region, each with one bit flipped; first and last byte always among them."""
    for name, (at, length) in regions(raw).items():
        step = max(1, length // most)
        for i in sorted({*range(0, length, step), length - 1}):
            broken = bytearray(raw)
            broken[at + i] ^= 1 << (i % 8)
            yield f"{name} byte {i}", bytes(broken)


# ---- claims -------------------------------------------------------------------

@claim
def pycose_verifies_every_message_that_we_sign():
    n = 0
    for kind in AAD:
        for name, payload, vector in payloads(kind):
            raw, answer = we_sign(kind, payload)
            want = bytes.fromhex(vector.get("again", vector["hex"]))
            assert they_verify(kind, raw) == want, (kind, name)
            assert answer["fields"] == vector["fields"], (kind, name)
            n += 1
    note(f"{n} messages")


@claim
def we_verify_every_message_that_pycose_signs():
    n = 0
    for kind in AAD:
        for name, payload, vector in payloads(kind):
            if kind == "pass" and "server" in name:
                raw = they_sign(kind, payload, kid=bytes(8))
            else:
                raw = they_sign(kind, payload)
            answer = we_verify(kind, raw)
            assert answer.get("fields") == vector["fields"], (kind, name, answer)
            n += 1
    note(f"{n} messages")


@claim
def reports_need_no_signature_and_decode_alike():
    for name, payload, vector in payloads("report"):
        answer = TOOL.ask("decode", kind="report", payload=payload.hex())
        assert answer.get("fields") == vector["fields"], (name, answer)
        ours = cbor2.loads(bytes.fromhex(answer["payload"]))
        assert V.report_fields(ours) == vector["fields"], name


@claim
def a_flipped_bit_in_what_we_signed_is_refused_by_both():
    n = 0
    for kind in AAD:
        raw, _ = we_sign(kind, payloads(kind)[0][1])
        assert they_verify(kind, raw) is not None and "fields" in we_verify(kind, raw, theirs=False)
        for where, broken in flips(raw, 40):
            assert they_verify(kind, broken) is None, (kind, where, "pycose")
            assert "error" in we_verify(kind, broken, theirs=False), (kind, where, "ours")
            n += 1
    note(f"{n} messages")


@claim
def a_flipped_bit_in_what_pycose_signed_is_refused_by_us():
    n = 0
    for kind in AAD:
        raw = they_sign(kind, payloads(kind)[0][1])
        assert "fields" in we_verify(kind, raw)
        for where, broken in flips(raw, 1000):
            assert "error" in we_verify(kind, broken), (kind, where)
            n += 1
    note(f"{n} messages")


@claim
def another_kinds_aad_is_refused_by_both():
    for kind in AAD:
        raw, _ = we_sign(kind, payloads(kind)[0][1])
        for other in [*(a for k, a in AAD.items() if k != kind), b"", b"bosaga/report"]:
            assert they_verify(kind, raw, aad=other or b"\0") is None, (kind, other)
            answer = we_verify(kind, they_sign(kind, payloads(kind)[0][1], aad=other or b"\0"))
            assert answer.get("error"), (kind, other, answer)


@claim
def a_message_of_one_kind_never_passes_for_another():
    for kind in AAD:
        raw, _ = we_sign(kind, payloads(kind)[0][1])
        for other in AAD:
            if other != kind:
                assert "error" in we_verify(other, raw, theirs=False), (kind, other)


@claim
def another_key_or_root_is_refused_by_us():
    for kind in AAD:
        ours, _ = we_sign(kind, payloads(kind)[0][1])
        assert "error" in we_verify(kind, ours, theirs=True), kind
        assert "error" in we_verify(kind, they_sign(kind, payloads(kind)[0][1]), theirs=False), kind


@claim
def a_token_carries_a_credential_that_verifies_by_itself():
    credential, _ = we_sign("gate_credential", V.enc(V.put(V.CREDENTIAL, 8, 1, {
        1: 2, -1: 1, -2: bytes.fromhex(OUR_KEY["x"]), -3: bytes.fromhex(OUR_KEY["y"])})))
    token, _ = we_sign("threshold_token", V.enc(V.put(V.TOKEN, -65539, 1, credential)))
    payload = cbor2.loads(they_verify("threshold_token", token))
    inner = cbor2.loads(they_verify("gate_credential", payload[-65539][1]))
    key = inner[8][1]
    assert (key[-2].hex(), key[-3].hex()) == (OUR_KEY["x"], OUR_KEY["y"])
    note(f"token: {len(token)} bytes, credential: {len(credential)} bytes")


@claim
def no_signed_pass_reaches_200_bytes():
    longest = 0
    for name, payload, _ in payloads("pass"):
        longest = max(longest, len(we_sign("pass", payload)[0]))
        longest = max(longest, len(they_sign("pass", payload, kid=bytes(8))) if "server" in name else 0)
    note(f"longest: {longest} bytes")
    assert longest < 200


@claim
def signed_orders_of_a_ministrys_house_are_under_4_KiB():
    raw, _ = we_sign("orders", V.enc(V.TYPICAL))
    note(f"{len(raw)} bytes")
    assert len(raw) < 4096


if __name__ == "__main__":
    harness.main()
