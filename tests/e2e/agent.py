# SPDX-License-Identifier: Apache-2.0
"""The agent of a Linux device under faults: enrolment that must not succeed, copies of a key, kill -9 at any moment."""
import os
import random
import shutil
import signal
import stat
import time

import harness
import plane
from harness import claim, note, wait_for
from ministry import Ministry

ministry = Ministry()
AGENT = harness.program("bosaga-agent")


def invite():
    return ministry.cli("invite", "aigul", "--kind", "linux-agent")


def enrol(state, token, **options):
    words = [AGENT, "enrol", "--server", ministry.server.url, "--token", token, "--state", state]
    for name, value in options.items():
        words += ["--" + name, value]
    return harness.run(words)


def refused(what, call, *words, **options):
    try:
        call(*words, **options)
    except harness.Refused as error:
        assert error.status == 1 and len(error.err.strip().splitlines()) == 1, error
        note("%s: %s" % (what, error.err.strip()))
        return
    raise AssertionError("%s was not refused" % what)


@claim
def enrolment_believes_no_other_root_and_no_used_token():
    invitation = invite()
    token, pin = invitation["token"], invitation["ca_sha256"]
    other = os.path.join(ministry.folder, "other.pem")
    harness.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                 other + ".key", "-out", other, "-subj", "/CN=Another root", "-days", "2"])
    state = os.path.join(ministry.folder, "refused")
    refused("a wrong pin", enrol, state, token, pin="0" * 63 + "1")
    refused("another root", enrol, state, token, ca=other)
    refused("a wrong token", enrol, state, "not-the-token", pin=pin)
    assert not os.path.exists(os.path.join(state, "identity"))
    refused("run without enrolment", harness.run, [AGENT, "run", "--state", state])
    good = os.path.join(ministry.folder, "good")
    enrol(good, token, ca=plane.root(ministry.server))
    key = os.stat(os.path.join(good, "device.key"))
    assert stat.S_IMODE(key.st_mode) == 0o600
    refused("a token used by another key", enrol, os.path.join(ministry.folder, "second"), token, pin=pin)
    refused("a folder that is enrolled", enrol, good, invite()["token"], pin=pin)
    assert harness.run([AGENT, "unenrol", "--state", good]).strip() == "left"
    assert not os.path.exists(os.path.join(good, "device.key"))


@claim
def a_lost_answer_is_no_disaster_the_same_key_gets_the_same_certificate():
    invitation = invite()
    state = os.path.join(ministry.folder, "lost")
    enrol(state, invitation["token"], pin=invitation["ca_sha256"])
    with open(os.path.join(state, "device.crt"), encoding="ascii") as stream:
        first = stream.read()
    os.unlink(os.path.join(state, "identity"))  # as if the answer had not arrived
    os.unlink(os.path.join(state, "device.crt"))
    enrol(state, invitation["token"], pin=invitation["ca_sha256"])
    with open(os.path.join(state, "device.crt"), encoding="ascii") as stream:
        assert stream.read() == first
    assert harness.run([AGENT, "unenrol", "--state", state]).strip() == "left"


@claim
def only_one_agent_works_in_a_folder():
    ministry.start_agent()
    refused("a second agent", harness.run, [AGENT, "run", "--state", ministry.state, "--config", ministry.config])
    assert ministry.status()["orders_serial"] >= 1
    ministry.device = ministry.status()["device"]  # the list also has those that left above


@claim
def killed_at_any_moment_it_ends_as_the_last_crossing_says():
    seed = int(os.environ.get("BSG_SEED", "20261123"))
    rng = random.Random(seed)
    note("seed %d" % seed)
    for turn in range(8):
        direction = "in" if turn % 2 == 0 else "out"
        time.sleep(1.1)  # crossings have whole seconds
        ministry.cross(direction)
        time.sleep(rng.uniform(0, 0.4))
        harness.stop(ministry.agent, signal.SIGKILL)
        time.sleep(rng.uniform(0, 0.3))
        ministry.run_agent()
        if rng.random() < 0.5:
            time.sleep(rng.uniform(0, 0.2))
            harness.stop(ministry.agent, signal.SIGKILL)
            ministry.run_agent()
        if direction == "in":
            ministry.wait_closed("turn %d: closed" % turn)
        else:
            ministry.wait_open("turn %d: open" % turn)
    # What a kill left half-written goes with the next write; the agent that runs now is still writing, so this needs a moment.
    wait_for("nothing half-written is left", lambda: not [name for name in os.listdir(ministry.state) if name.endswith(".new")])


@claim
def what_is_said_on_the_command_line_ends_with_the_right_status():
    for words, status in (([], 2), (["nonsense"], 2), (["tap"], 2), (["break-glass"], 2), (["enrol"], 2), (["status", "--what"], 2),
                          (["--help"], 0), (["--version"], 0), (["--help-config"], 0), (["tap", "12345678"], 1)):
        try:
            harness.run([AGENT, *words, *(["--state", ministry.state] if words[:1] == ["tap"] and len(words) > 1 else [])])
            got = 0
        except harness.Refused as error:
            got = error.status
        assert got == status, (words, got)


@claim
def it_stops_on_sigterm_and_leaves_when_asked():
    assert harness.stop(ministry.agent) == 0
    ministry.run_agent()
    wait_for("it answers", lambda: ministry.status().get("orders_serial"))
    time.sleep(1.1)
    ministry.cross("in")
    ministry.wait_closed()
    said = ministry.agent_says("unenrol")
    with open(ministry.folder + "/agent.log", encoding="utf-8") as log:
        assert said == "left", log.read()[-1500:]
    assert ministry.open_inside() == "open"
    wait_for("it has ended", lambda: ministry.agent.poll() is not None)
    assert ministry.agent.returncode == 0
    assert ministry.cli("device", "show", ministry.device)["state"] == "leaving"


@claim
def a_copy_of_the_key_is_noticed():
    ministry.start_agent()  # anew, in the folder that was left
    ministry.device = ministry.status()["device"]
    wait_for("the server has heard of the first",
             lambda: ministry.cli("device", "show", ministry.device)["coverage"]["wifi"]["grade"] == "impossible")
    copy = os.path.join(ministry.folder, "copy")
    os.mkdir(copy, 0o711)
    for name in ("device.key", "device.crt", "root.crt", "identity"):
        shutil.copy(os.path.join(ministry.state, name), copy)
    second = harness.start([AGENT, "run", "--state", copy, "--config", ministry.config], ministry.folder + "/copy.log")
    wait_for("the server sees two", lambda: ministry.cli("device", "show", ministry.device)["conflict"])
    harness.stop(second)


harness.main()
