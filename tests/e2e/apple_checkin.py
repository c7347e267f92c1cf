#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A phone gets its certificate and checks in, and everything that is refused: rules A7 to A12, A80 to A85 and A100 to A114.

The phone is apple_phone.py: Python and openssl, nothing of ours. Whatever a phone does wrong is answered 400, or 200 with a failInfo;
never 401, 403 or 5xx, which it may take for the end of its enrolment or for our fault.
"""
import datetime
import plistlib
import urllib.parse

import apple_phone
import harness
import plane
from apple_phone import Phone, call, invite
from harness import claim, note
from scep_phone import openssl, save


def serve(*people, config=""):
    server = harness.Server(config).start()
    for person in people or ("aigerim",):
        plane.add_person(server, person)
    return server


def actions(server):
    return [(e["who"], e["action"], e["subject"]) for e in plane.must(plane.call(server, "GET", "/api/v1/audit?limit=1000"))["items"]]


def state(server, phone):
    return plane.must(plane.call(server, "GET", "/api/v1/devices/" + phone.id))


def said(answer):
    return answer.status, answer.problem()


def end(server):
    """Everything was answered without a fault of ours."""
    metrics = plane.must(plane.call(server, "GET", "/metrics")).body.decode()
    faults = [line for line in metrics.splitlines() if "5xx" in line and not line.startswith("#")]
    note("requests: " + "; ".join(line for line in metrics.splitlines() if "requests" in line and not line.startswith("#")))
    assert all(line.endswith(" 0") for line in faults), faults
    server.stop()


@claim
def a_phone_enrols_and_checks_in_by_its_certificate_or_by_its_signature():
    server = serve()
    for by_signature in (False, True):
        phone = Phone(server, invite(server, "aigerim"))
        phone.by_signature = by_signature
        phone.begin()
        assert said(phone.token_update(token=b"\x02" * 32, binary=True)) == (200, None)
        shown = state(server, phone)
        assert (shown["kind"], shown["class"], shown["state"]) == ("ios-device", "managed", "active"), shown
        who = "device:" + phone.id
        assert [a for a in actions(server) if a[2] == phone.id] == [(who, "enrol", phone.id), (who, "apple-authenticate", phone.id)]
        assert said(phone.checkin("CheckOut")) == (200, None)
        assert state(server, phone)["state"] == "leaving"
        assert actions(server)[-1] == (who, "apple-checkout", phone.id)
        assert said(phone.token_update()) == (400, "forbidden"), "it has ended"
    end(server)


harness.main()
