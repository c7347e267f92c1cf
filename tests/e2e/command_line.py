# SPDX-License-Identifier: Apache-2.0
"""What `bosaga` and `bosagad` say to wrong input: what was wrong, where, what to do next, and with which exit status."""
import os
import subprocess

import harness
from harness import claim

HERE = os.path.join(os.environ["BSG_SOURCE_ROOT"], "docs/sample/ministry.yaml")
NONE = "0" * 32
_world = []


def world():
    """A server with a person and the sample policy, for all claims."""
    if not _world:
        server = harness.Server().start()
        server.cli("person", "add", "aigul", "--name", "Айгүл", "--badge", "1001")
        server.cli("policy", "apply", HERE)
        _world.append(server)
    return _world[0]


def refused(*words, status=1, env=None):
    """What is said on stderr; it is one line, and nothing else is said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BOSAGA")}
    try:
        harness.run([harness.program("bosaga"), *words], env=dict(clean, **(env or {})))
    except harness.Refused as answer:
        assert answer.status == status and answer.out == "" and answer.err.count("\n") == 1, (words, answer.status, answer.out, answer.err)
        return answer.err
    raise AssertionError("done: %s" % (words,))


@claim
def what_the_server_refuses_says_which_value_and_what_it_may_be():
    on = ("--socket", world().socket)
    world().cli("person", "add", "marat", "--name", "Марат")
    world().cli("admin", "add", "first", "--role", "admin")
    for words, *said in (
            (("person", "add", "x", "--name", ""), "name: must be text of 1 to ", " bytes without control characters"),
            (("person", "add", "x", "--name", "x", "--lang", "de"), "try again. lang: must be one of kk, ru, en"),
            (("person", "add", "A B", "--name", "x"), "id: must be 1 to 40 lower-case letters"),
            (("person", "add", "aigul", "--name", "x"), "contradicts what is there", "the person exists already"),
            (("person", "badge", "marat", "--badge", "1001"), "this badge is somebody else's: take it back first"),
            (("admin", "add", "x", "--role", "king"), "role: must be one of admin, policy, helpdesk, auditor"),
            (("admin", "add", "first", "--role", "auditor"), "administrator first exists, with another role"),
            (("token", "create", "nobody"), "Check what was asked for. administrator nobody is not known: see the list"),
            (("token", "revoke", NONE), "token %s is not known" % NONE),
            (("gate", "add", "house", "north", "--kind", "station"), "kind: must be one of turnstile"),
            (("invite", "aigul", "--kind", "android"), 'phones of kind "android" cannot be invited; there are: ios-device'),
            (("device", "release", NONE, "--reason", "x"), 'no device "%s"' % NONE),
            (("crossing", "add", "--place", "house", "--gate", "attic", "--in", "--badge", "1"), "no gate attic at house: add it there"),
            (("policy", "plan", HERE, "--at", "noon"), "at: must be a time as in 20")):
        err = refused(*words, *on)
        for fragment in said:
            assert fragment in err, (words, fragment, err)


@claim
def a_token_is_revoked_by_its_id():
    server = world()
    server.cli("admin", "add", "gone", "--role", "auditor")
    token = server.cli("token", "create", "gone")
    over_tls = ("status", "--server", server.url, "--ca", os.path.join(server.state, "keys/root.pem"))
    env = dict(os.environ, BOSAGA_TOKEN=token["token"])
    env.pop("BOSAGA_SOCKET", None)
    harness.run([harness.program("bosaga"), *over_tls], env=env)
    server.cli_text("token", "revoke", token["id"])
    assert "The token does not hold" in refused(*over_tls, env={"BOSAGA_TOKEN": token["token"]})


@claim
def a_list_has_no_column_that_its_items_have_not():
    server = world()
    server.cli("crossing", "add", "--place", "house", "--gate", "north", "--in", "--badge", "1001")
    for words in (("person", "list"), ("admin", "list"), ("policy", "list"), ("audit", "list"), ("crossing", "list")):
        known = {key for item in server.cli(*words)["items"] for key in item}
        columns = server.cli_text(*words).split("\n")[0].split()
        assert columns and set(columns) <= known | {"reason", "detail", "unit", "device"}, (words, columns, known)


@claim
def a_server_that_is_not_reached_is_named_as_the_caller_named_it():
    server = world()
    root = os.path.join(server.state, "keys/root.pem")
    other = os.path.join(server.state, "keys/device-ca.pem")
    here, token = ("status", "--server", server.url, "--ca"), {"BOSAGA_TOKEN": "x"}
    for words, env, *said in (
            (("status", "--socket", "/nowhere/admin.sock"), {}, "/nowhere/admin.sock: No such file", "is bosagad running there"),
            (("status", "--socket", server.config), {}, server.config + ": nobody answers there"),
            (("status", "--socket", server.socket, "--server", server.url), {}, "one of --socket and --server"),
            ((*here, root), {"BOSAGA_TOKEN": ""}, "the token in BOSAGA_TOKEN"),
            ((*here, root), {"BOSAGA_TOKEN": "a\nb"}, "BOSAGA_TOKEN has blanks"),
            ((*here, root), token, "token"),
            ((*here, "/nowhere/root.pem"), token, "--ca /nowhere/root.pem: No such file"),
            ((*here, other), token, server.url, "does --ca name the root certificate"),
            (("status", "--server", "127.0.0.1:1", "--ca", root), token, "--server 127.0.0.1:1: must look like https://HOST:PORT")):
        err = refused(*words, env=env)
        for fragment in said:
            assert fragment in err, (words, fragment, err)


@claim
def words_that_are_no_command_are_wrong_usage_and_the_group_is_listed():
    for words, *said in (
            (("person",), "no command 'person'; there are: person add, person list"),
            (("person", "frob"), "no command 'person frob'; there are: person add"),
            (("frob",), "no command 'frob'; see 'bosaga --help'"),
            (("person", "show", ""), "empty: ID; see 'bosaga person show --help'")):
        err = refused(*words, status=2)
        for fragment in said:
            assert fragment in err, (words, fragment, err)


def start_refused(config, state=None):
    """The last line of a bosagad that does not start with these settings."""
    server = harness.Server(config, state)
    done = subprocess.run([harness.program("bosagad"), "--state", server.state, "--config", server.config], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=harness.PATIENCE * 2)
    assert done.returncode == 1, (config, done.returncode, done.stderr)
    return done.stderr.decode().splitlines()[-1]


@claim
def a_setting_that_stops_the_start_is_named():
    keys = os.path.join(world().state, "keys")
    pair = "tls_certificate = %s/root.pem\ntls_key = " % keys
    both = "apple_push_certificate = %s\napple_push_key = %s/orders.pem\n"
    for config, *said in (
            ("device_url = https://a b\n", ".conf:4: device_url: must look like https://HOST"),
            ("apple_topic = kz.bosaga\n", ".conf:4: apple_topic: must begin with com.apple.mgmt."),
            ("database = postgresql://x\n", "database: unknown kind of store"),
            ("bus = nats://x\n", 'bus "nats://x" is not known'),
            ("tls_certificate = /nowhere\ntls_key = /nowhere\n", "tls_certificate: open /nowhere"),
            (pair + "/nowhere\n", "tls_key: open /nowhere"),
            (pair + keys + "/orders.pem\n", "tls_certificate and tls_key: "),
            (both % ("/nowhere", keys), "apple_push_certificate: open /nowhere"),
            (both % (HERE, keys), "apple_push_certificate: read certificate")):
        line = start_refused(config)
        for fragment in said:
            assert fragment in line, (config, fragment, line)
    for plane in ("people", "device", "apple"):
        taken, state = world().port, os.path.join(harness.folder(), "state")
        server = harness.Server("", state)
        with open(server.config, encoding="utf-8") as stream:
            config = stream.read()
        for address, said in (("127.0.0.1:%d" % taken, "in use"), ("127.0.0.1:65536", "a port up to 65535"), ("localhost:1", "numeric address")):
            with open(server.config, "w", encoding="utf-8") as stream:
                stream.write("".join("%s_listen = %s\n" % (plane, address) if line.startswith(plane) else line + "\n" for line in config.splitlines()))
            done = subprocess.run([harness.program("bosagad"), "--state", state, "--config", server.config], stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=harness.PATIENCE * 2)
            assert done.returncode == 1 and ("%s_listen: " % plane).encode() in done.stderr and said.encode() in done.stderr, (address, done.stderr)


@claim
def wrong_usage_of_the_server_says_what_is_wrong():
    for words, said in (([], "--state DIR is missing"), (["--state", "/x", "y"], "too many: y"), (["--frob"], "--frob"), (["--state"], "state")):
        done = subprocess.run([harness.program("bosagad"), *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=harness.PATIENCE * 2)
        err = done.stderr.decode()
        assert done.returncode == 2 and said in err and "see 'bosagad --help'" in err, (words, done.returncode, err)
    folder = harness.folder()
    os.chmod(folder, 0o755)
    assert "name another" in start_refused("", folder), "it may be /tmp"


harness.main()
