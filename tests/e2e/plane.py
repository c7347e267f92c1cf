# SPDX-License-Identifier: Apache-2.0
"""Plain HTTP clients for bosagad's planes, and phones enrolled with nothing but curl and openssl."""
import base64
import http.client
import json
import os
import socket
import ssl
import subprocess

import harness

POLICY = """
bosaga: 1
places:
  - id: house
    name: {kk: Үй, ru: Дом, en: House}
    gates: [{id: north}, {id: south}]
rules:
  - id: no-camera
    who: {units: [ministry]}
    where: [house]
    restrict: [camera]
    because: {kk: Қорғау, ru: Защита, en: To protect}
    stage: all
"""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=harness.PATIENCE)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def problem(self):
        """The code of a problem answer, or None."""
        if self.headers.get("Content-Type", "") != "application/problem+json":
            return None
        return self.json()["type"].rsplit(":", 1)[1]


def exchange(connection, method, path, body=None, headers=None):
    """One request on a fresh connection."""
    headers = dict(headers or {})
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    elif isinstance(body, str):
        body = body.encode()
    try:
        try:
            connection.request(method, path, body=body, headers=headers)
        except BrokenPipeError:  # refused before all of the body was sent: the answer is there
            pass
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def call(server, method, path, body=None, headers=None):
    """As the server's own user, over admin.sock."""
    return exchange(UnixConnection(server.socket), method, path, body, headers)


def must(answer, *allowed):
    if answer.status not in (allowed or (200, 201, 204)):
        raise AssertionError("%d: %s" % (answer.status, answer.body[:500]))
    return answer.json() if answer.body and answer.headers.get("Content-Type") == "application/json" else answer


def people(server, method, path, body=None, headers=None, token=None, basic=None):
    """Over TLS on the people plane; the root is learnt from the state folder, as an operator would copy it."""
    context = ssl.create_default_context(cafile=root(server))
    headers = dict(headers or {})
    if token is not None:
        headers["Authorization"] = "Bearer " + token
    if basic is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(("x:" + basic).encode()).decode()
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=harness.PATIENCE * 2, context=context)
    return exchange(connection, method, path, body, headers)


def root(server):
    """The root certificate, fetched once by curl and openssl alone."""
    path = server.state + ".root.pem"
    if not os.path.exists(path):
        body = harness.run(["curl", "-s", "-k", server.url + "/.well-known/est/cacerts"])
        pem = subprocess.run(["openssl", "pkcs7", "-inform", "DER", "-print_certs"], input=base64.b64decode(body),
                             capture_output=True, check=True).stdout.decode()
        with open(path, "w", encoding="ascii") as stream:
            stream.write(pem)
    return path


class Phone:
    """A device without our agent: a key made by openssl, enrolled by curl."""

    def __init__(self, server, name):
        self.server = server
        self.folder = harness.folder("phone-")
        self.key = os.path.join(self.folder, name + ".key")
        self.request = os.path.join(self.folder, name + ".csr")
        self.certificate = os.path.join(self.folder, name + ".pem")
        harness.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.key])
        self.make_request()

    def make_request(self):
        der = subprocess.run(["openssl", "req", "-new", "-key", self.key, "-subj", "/CN=phone", "-outform", "DER"],
                             capture_output=True, check=True).stdout
        with open(self.request, "wb") as stream:
            stream.write(base64.encodebytes(der))

    def curl(self, *words):
        """Run curl against the server's root; return (status, body)."""
        out = subprocess.run(["curl", "-s", "--cacert", root(self.server), "-w", "\n%{http_code}", *words],
                             capture_output=True, timeout=harness.PATIENCE * 2, check=False).stdout
        body, _, status = out.rpartition(b"\n")
        return int(status), body

    def enrol(self, token):
        """simpleenroll by curl; return the status and keep the certificate."""
        status, body = self.curl("-u", "x:" + token, "-H", "Content-Type: application/pkcs10", "--data-binary", "@" + self.request,
                                 self.server.url + "/.well-known/est/simpleenroll")
        self.body = body
        if status == 200:
            self.keep(body)
        return status

    def keep(self, body):
        pem = subprocess.run(["openssl", "pkcs7", "-inform", "DER", "-print_certs"], input=base64.b64decode(body),
                             capture_output=True, check=True).stdout
        with open(self.certificate, "wb") as stream:
            stream.write(pem)
        subject = harness.run(["openssl", "x509", "-in", self.certificate, "-noout", "-subject"])
        self.id = subject.strip().rsplit("= ", 1)[1] if "= " in subject else subject.strip().rsplit("=", 1)[1]

    def context(self):
        context = ssl.create_default_context(cafile=root(self.server))
        context.load_cert_chain(self.certificate, self.key)
        return context

    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection("127.0.0.1", self.server.port + 1, timeout=harness.PATIENCE * 2,
                                                 context=self.context())
        return exchange(connection, method, path, body, headers)

    def orders(self, etag=None, wait=None):
        headers = {}
        if etag:
            headers["If-None-Match"] = etag
        if wait:
            headers["Prefer"] = "wait=%d" % wait
        return self.call("GET", "/v1/device/orders", headers=headers)


def settled(phone):
    """The phone's orders once nothing about it is about to change."""
    answer = phone.orders()
    while True:
        later = phone.orders(answer.headers["ETag"], 1)
        if later.status == 304:
            return answer
        answer = later


def serial(answer):
    """The serial in an ETag "SERIAL-DIGEST"."""
    return int(answer.headers["ETag"].strip('"').split("-")[0])


def add_person(server, name, badge=None, unit="ministry"):
    body = {"id": name, "name": name.title(), "unit": unit}
    if badge:
        body["badge"] = badge
    return must(call(server, "POST", "/api/v1/people", body))


def invite(server, person):
    return must(call(server, "POST", "/api/v1/invitations", {"person": person}))["token"]


def add_phone(server, person):
    phone = Phone(server, person)
    status = phone.enrol(invite(server, person))
    if status != 200:
        raise AssertionError("enrolment of %s: %d %r" % (person, status, phone.body))
    return phone


def apply_policy(server, text=POLICY):
    return must(call(server, "POST", "/api/v1/policies", text, {"Content-Type": "application/yaml"}))


def cross(server, direction, **more):
    body = {"place": "house", "gate": "north", "direction": direction}
    body.update(more)
    return call(server, "POST", "/api/v1/crossings", body)


def cbor(value):
    """Deterministic CBOR of what reports need: integers, bytes, texts, lists, dicts with integer keys in order, None, True."""
    def head(major, number):
        if number < 24:
            return bytes([major << 5 | number])
        code = next(c for c in range(4) if number < 1 << (8 << c))
        return bytes([major << 5 | 24 + code]) + number.to_bytes(1 << code, "big")
    if value is None or value is True:
        return b"\xf6" if value is None else b"\xf5"
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in sorted(value.items()))


ACKNOWLEDGED, VERIFIED, UNVERIFIED = 1, 2, 3
CAMERA = 0


def status_report(serial_of_orders, now, functions):
    """{function: state} as a status report's body."""
    rows = [[f, state, now, "no-camera", "house", None, ""] for f, state in sorted(functions.items())]
    body = {1: serial_of_orders}
    if rows:
        body[5] = rows
    return {1: os.urandom(16), 2: now, 3: 1, 4: body}


def break_glass_report(pressed, until, reason=""):
    return {1: os.urandom(16), 2: pressed, 3: 4, 4: [until, reason]}


def leaving_report(now):
    return {1: os.urandom(16), 2: now, 3: 6}


def batch(instance, sequence, *reports):
    return cbor({1: instance, 2: sequence, 3: list(reports)})


def report(phone, body):
    return phone.call("POST", "/v1/device/reports", body, {"Content-Type": "application/cbor"})
