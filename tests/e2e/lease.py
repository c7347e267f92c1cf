# SPDX-License-Identifier: Apache-2.0
"""Lifting needs neither server nor agent: with both killed while the camera is closed, the lease opens it; a gate's code does without the server."""
import os
import time

import harness
from harness import claim
from ministry import Ministry, POLICY

STAY = 25  # seconds: the lease of the last two claims

ministry = Ministry()
credential = os.path.join(ministry.folder, "gate.json")


def gate(*words):
    """What the simulated gate shows."""
    return harness.run([harness.program("bosaga-sim"), "gate", "--credential", credential, *words]).strip()


def exit_code():
    return gate("code", "--pass", ministry.agent_says("pass", "--hex"))


def refused(code):
    try:
        ministry.agent_says("tap", code)
    except harness.Refused as refusal:
        assert refusal.status == 1 and refusal.err, refusal
        return
    raise AssertionError("the same code was taken twice")


@claim
def a_code_from_the_gate_opens_without_the_server_and_only_once():
    ministry.start_agent()
    ministry.server.cli("gate", "credential", "house", "north", "--out", credential)
    assert os.stat(credential).st_mode & 0o777 == 0o600
    ministry.cross("in")
    ministry.wait_closed()
    ministry.server.kill()
    code = exit_code()
    ministry.agent_says("tap", code)
    ministry.wait_open()
    refused(code)
    # In again, by the gate's token, while the code is still current: it has been used up all the same.
    time.sleep(1.1)
    ministry.agent_says("tap", gate("token", "--in"))
    ministry.wait_closed("a token closes it without the server")
    refused(code)
    assert ministry.open_inside() == "EPERM"
    time.sleep(1.1)
    ministry.agent_says("tap", gate("token", "--out", "--pass", ministry.agent_says("pass", "--hex")))
    ministry.wait_open("a token opens it without the server")


def until_the_lease_ends(what):
    lift_by = ministry.status()["lift_by"]
    ends = utc(lift_by)
    while time.time() < ends - 1.5:
        assert ministry.open_inside() == "EPERM"
        time.sleep(0.5)
    harness.note("%s: the lease ends at %s" % (what, lift_by))
    return ends


def utc(text):
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


@claim
def with_nothing_typed_the_lease_opens_it():
    ministry.server.start()
    ministry.apply(POLICY % ("%ds" % STAY))
    ministry.cross("in")
    ministry.wait_closed()
    ministry.server.kill()
    ends = until_the_lease_ends("server killed")
    ministry.wait_open()
    assert time.time() >= ends - 1.5
    harness.note("opened %.1f s after the end of the lease" % (time.time() - ends))


@claim
def with_the_agent_killed_too_the_lease_opens_it_all_the_same():
    ministry.server.start()
    ministry.cross("in", "south")
    ministry.wait_closed()
    ministry.server.kill()
    ends = utc(ministry.status()["lift_by"])
    harness.stop(ministry.agent, 9)
    while time.time() < ends - 1.5:
        assert ministry.open_inside() == "EPERM"
        time.sleep(0.5)
    ministry.wait_open("the kernel opens it")
    assert time.time() >= ends - 1.5
    harness.note("opened %.1f s after the end of the lease, with nobody there" % (time.time() - ends))
    ministry.run_agent()
    harness.wait_for("the next agent restricts nothing", lambda: ministry.status().get("restricted") == [])
    assert ministry.open_inside() == "open"


harness.main()
