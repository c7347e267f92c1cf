# SPDX-License-Identifier: Apache-2.0
"""The thread of README's five minutes: a crossing closes a real device node for a session, and opens it again."""
import os
import stat

import harness
from harness import claim
from ministry import Ministry

ministry = Ministry()


@claim
def outside_the_camera_opens():
    ministry.start_agent()
    assert ministry.open_inside() == "open"


@claim
def a_crossing_in_closes_it_for_everyone_in_the_scope_and_for_nobody_else():
    mode = os.stat(ministry.camera).st_mode
    answer = ministry.cross("in")
    assert answer["id"] and answer["verdict"] in ("admit", "pending", "seal"), answer
    ministry.wait_closed()
    assert ministry.open_outside() == "open"
    assert os.stat(ministry.camera).st_mode == mode and stat.S_ISCHR(mode)


@claim
def the_phone_and_the_server_say_so():
    restricted = ministry.status()["restricted"]
    assert [r["function"] for r in restricted] == ["camera"] and restricted[0]["rule"] == "no-camera", restricted

    def verified():
        shown = ministry.cli("device", "show", ministry.device)["restricted"]
        return shown and shown[0]["function"] == "camera" and shown[0]["state"] == "verified"
    harness.wait_for("the server knows it as verified", verified)
    inside = ministry.cli("presence")["items"]
    assert [p["device"] for p in inside] == [ministry.device], inside


@claim
def explain_names_the_rule():
    said = {e["function"]: e for e in ministry.cli("policy", "explain", ministry.device, "--in", "house")}
    assert said["camera"]["restricted"] is True and said["camera"]["rule"] == "no-camera", said["camera"]
    assert said["microphone"]["restricted"] is False and said["microphone"]["why_not"], said["microphone"]


@claim
def a_crossing_out_opens_it_again():
    ministry.cross("out")
    ministry.wait_open()
    assert ministry.status()["restricted"] == []


@claim
def stopping_the_agent_while_restricted_keeps_the_camera_closed_and_a_restart_takes_over():
    ministry.cross("in", "south")
    ministry.wait_closed()
    harness.stop(ministry.agent, 9)
    assert ministry.open_inside() == "EPERM"
    ministry.run_agent()
    harness.wait_for("the agent is back", lambda: ministry.status().get("restricted"))
    assert ministry.open_inside() == "EPERM"
    ministry.cross("out", "south")
    ministry.wait_open()


@claim
def unenrolling_while_restricted_lifts_and_the_server_knows():
    ministry.cross("in")
    ministry.wait_closed()
    ministry.agent_says("unenrol")
    ministry.wait_open()
    harness.wait_for("the server knows that it left",
                     lambda: ministry.cli("device", "show", ministry.device)["state"] != "active")
    ministry.agent = None


harness.main()
