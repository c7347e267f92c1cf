# SPDX-License-Identifier: Apache-2.0
"""bosagad under faults: killed at random points, stopped under load, a disk that takes no more, wrong settings."""
import base64
import http.client
import os
import random
import resource
import sqlite3
import subprocess
import threading
import time
import uuid

import harness
from harness import claim, note, wait_for
import plane

N_ROUNDS = 6
N_WRITERS = 4


class Load:
    """Writers that remember what was acknowledged, until they are told to end or the server goes away."""

    def __init__(self, server, badges):
        self.server, self.badges = server, badges
        self.crossings, self.people, self.odd = [], [], []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.write, args=(n,), daemon=True) for n in range(N_WRITERS)]
        for thread in self.threads:
            thread.start()

    def write(self, n):
        direction = "in"
        while not self.ended.is_set():
            one = str(uuid.uuid4())
            try:
                if random.random() < 0.8:
                    answer = plane.cross(self.server, direction, badge=random.choice(self.badges), id=one)
                    direction = "out" if direction == "in" else "in"
                    kept, name = self.crossings, one
                else:
                    name = "p" + one[:13]
                    answer = plane.call(self.server, "POST", "/api/v1/people", {"id": name, "name": name, "unit": "other"})
                    kept = self.people
            except (OSError, http.client.HTTPException):
                continue  # no answer: nothing was promised
            if answer.status in (200, 201):
                kept.append(name)
            elif answer.status != 503:
                self.odd.append((answer.status, answer.body[:200]))

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(harness.PATIENCE)


def kept(server):
    """What the database holds, read by another program."""
    db = sqlite3.connect("file:%s?mode=ro" % os.path.join(server.state, "bosaga.db"), uri=True)
    try:
        crossings = {row[0] for row in db.execute("SELECT id FROM crossing")}
        people = {row[0] for row in db.execute("SELECT id FROM person")}
    finally:
        db.close()
    return crossings, people


def furnished(config=""):
    server = harness.Server(config).start()
    phones = []
    for n in range(4):
        plane.add_person(server, "person-%d" % n, "B%d" % n)
        phones.append(plane.add_phone(server, "person-%d" % n))
    plane.apply_policy(server)
    return server, phones


def nothing_lost(server, load):
    crossings, people = kept(server)
    lost = [c for c in load.crossings if c not in crossings] + [p for p in load.people if p not in people]
    assert not lost, "%d of %d acknowledged changes are gone" % (len(lost), len(load.crossings) + len(load.people))
    assert not load.odd, load.odd[:3]


@claim
def killed_at_random_points_it_keeps_what_it_acknowledged_and_every_phone_gets_its_orders():
    server, phones = furnished()
    serials = {phone.id: plane.serial(phone.orders()) for phone in phones}
    for number in range(N_ROUNDS):
        load = Load(server, ["B%d" % n for n in range(4)])
        time.sleep(random.uniform(0.05, 0.8))
        server.kill()
        load.end()
        server.start()
        nothing_lost(server, load)
        wait_for("all orders are made", lambda: plane.must(plane.call(server, "GET", "/api/v1/status"))["orders_due"] == 0)
        for phone in phones:
            serial = plane.serial(phone.orders())
            assert serial >= serials[phone.id], "a serial went back"
            serials[phone.id] = serial
        audit = plane.must(plane.call(server, "GET", "/api/v1/audit/verify"))
        assert audit["ok"], audit
        note("round %d: %d crossings, %d people acknowledged" % (number, len(load.crossings), len(load.people)))
    assert sum(serials.values()) > 4 * N_ROUNDS
    server.stop()


@claim
def stopped_under_load_it_answers_or_refuses_and_ends_with_zero():
    server, phones = furnished()
    etags = [phone.orders().headers["ETag"] for phone in phones]
    held, cut = [], []

    def poll(phone, etag):
        try:
            held.append(phone.orders(etag, 50).status)
        except (OSError, http.client.HTTPException) as error:
            cut.append(repr(error))

    polls = [threading.Thread(target=poll, args=pair, daemon=True) for pair in zip(phones, etags)]
    for thread in polls:
        thread.start()
    time.sleep(0.5)
    load = Load(server, ["B%d" % n for n in range(2)])
    time.sleep(0.7)
    started = time.monotonic()
    status = server.stop()
    note("stopped after %.2f s" % (time.monotonic() - started))
    load.end()
    for thread in polls:
        thread.join(harness.PATIENCE)
    assert status == 0, status
    with open(server.log, encoding="utf-8") as stream:
        log = stream.read()
    assert "stopped" in log and "Sanitizer" not in log, log[-2000:]
    assert not cut and sorted(set(held)) in ([200], [200, 304], [304]), (held, cut)
    assert len(load.crossings) > 0
    nothing_lost(server, load)
    assert not os.path.exists(server.socket), "the admin socket stays behind"


@claim
def a_disk_that_takes_no_more_refuses_and_recovers():
    server, _ = furnished()
    size = os.path.getsize(os.path.join(server.state, "bosaga.db-wal"))
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    load = Load(server, ["B0", "B1"])
    time.sleep(1.0)
    load.end()
    answer = plane.cross(server, "in", badge="B2")
    assert answer.status == 503, (answer.status, answer.body)
    assert plane.call(server, "GET", "/healthz").status == 200
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_for("it writes again", lambda: plane.cross(server, "in", badge="B3").status == 200)
    server.stop()
    nothing_lost(server, load)


def change_database(server, *statement):
    """What time would do, done at once, while the server is down."""
    db = sqlite3.connect(os.path.join(server.state, "bosaga.db"))
    n = db.execute(*statement).rowcount
    db.commit()
    db.close()
    return n


@claim
def orders_are_renewed_before_they_expire_and_a_lost_making_is_made_up_for():
    server, phones = furnished()
    before = [plane.settled(phone) for phone in phones]
    server.stop()
    assert change_database(server, "UPDATE device SET due = due - 8 * 86400 WHERE due > 0") == len(phones)
    server.start()
    for phone, old in zip(phones, before):
        answer = phone.orders(old.headers["ETag"], 50)
        assert answer.status == 200 and plane.serial(answer) == plane.serial(old) + 1, (answer.status, answer.headers, old.headers)
    assert b"orders_failed_total 0" in plane.call(server, "GET", "/metrics").body
    server.stop()


@claim
def behind_a_proxy_the_certificate_comes_in_a_header_and_is_judged_the_same():
    server = harness.Server("device_tls = proxy\npeople_tls = proxy\n").start()
    plane.add_person(server, "aigerim", "B1")

    def plain(port, method, path, body=None, headers=None):
        return plane.exchange(http.client.HTTPConnection("127.0.0.1", port, timeout=harness.PATIENCE), method, path, body, headers)

    pem = plain(server.port, "GET", "/.well-known/est/cacerts").body
    with open(server.state + ".root.pem", "wb") as stream:
        stream.write(subprocess.run(["openssl", "pkcs7", "-inform", "DER", "-print_certs"], input=base64.b64decode(pem),
                                    capture_output=True, check=True).stdout)
    phone = plane.Phone(server, "aigerim")
    basic = base64.b64encode(("x:" + plane.invite(server, "aigerim")).encode()).decode()
    with open(phone.request, "rb") as stream:
        answer = plain(server.port, "POST", "/.well-known/est/simpleenroll", stream.read(),
                       {"Content-Type": "application/pkcs10", "Authorization": "Basic " + basic})
    assert answer.status == 200, answer.body
    phone.keep(answer.body)
    with open(phone.certificate, encoding="ascii") as stream:
        first = stream.read().split("-----END")[0].split("-----")[2].replace("\n", "")
    header = {"Client-Cert": ":%s:" % first}
    assert plain(server.port + 1, "GET", "/v1/device/orders", headers=header).status == 200
    for wrong in ({}, {"Client-Cert": ":AAAA:"}, {"Client-Cert": first}):
        assert plain(server.port + 1, "GET", "/v1/device/orders", headers=wrong).status in (400, 403), wrong
    # On one connection, as a proxy uses it: each request is judged by its own header.
    line = http.client.HTTPConnection("127.0.0.1", server.port + 1, timeout=harness.PATIENCE)

    def next_status(headers, path="/v1/device/orders", method="GET", body=None):
        line.request(method, path, body, headers)
        answer = line.getresponse()
        answer.read()
        return answer.status

    assert [next_status(h) for h in (header, header, {}, header, {"Client-Cert": ":AAAA:"}, header)] == [200, 200, 403, 200, 403, 200]
    plane.must(plane.call(server, "POST", "/api/v1/devices/%s/revoke" % phone.id))
    assert next_status(dict(header, **{"Content-Type": "application/cbor"}), "/v1/device/reports", "POST", b"x") == 403
    assert plain(server.port + 1, "GET", "/v1/device/orders", headers=header).status == 200
    answer = plain(server.port + 1, "POST", "/v1/device/reports", b"x", dict(header, **{"Content-Type": "application/cbor"}))
    assert answer.status == 403, answer.body
    server.stop()


@claim
def a_wrong_setting_stops_the_start_with_file_and_line():
    server = harness.Server("no_such_key = 1\n")
    done = subprocess.run([harness.program("bosagad"), "--state", server.state, "--config", server.config], capture_output=True,
                          timeout=harness.PATIENCE, check=False)
    assert done.returncode == 1 and ("%s:4:" % server.config).encode() in done.stderr, done.stderr
    assert not os.path.exists(server.state)


@claim
def a_database_of_a_newer_version_is_refused():
    server = harness.Server().start()
    server.stop()
    db = sqlite3.connect(os.path.join(server.state, "bosaga.db"))
    version = db.execute("PRAGMA user_version").fetchone()[0]
    db.execute("PRAGMA user_version = %d" % (version + 1))
    db.commit()
    db.close()
    done = subprocess.run([harness.program("bosagad"), "--state", server.state, "--config", server.config], capture_output=True,
                          timeout=harness.PATIENCE, check=False)
    assert done.returncode == 1 and b"newer" in done.stderr, (version, done.returncode, done.stderr)


harness.main()
