# SPDX-License-Identifier: Apache-2.0
"""What `bosagad` says to wrong input: what was wrong, where, what to do next, and with which exit status."""
import os
import subprocess

import harness
from harness import claim

HERE = os.path.join(os.environ["BSG_SOURCE_ROOT"], "docs/sample/ministry.yaml")
_world = []


def world():
    """A server with a person and the sample policy, for all claims."""
    if not _world:
        server = harness.Server().start()
        server.cli("person", "add", "aigul", "--name", "Айгүл", "--badge", "1001")
        server.cli("policy", "apply", HERE)
        _world.append(server)
    return _world[0]


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
