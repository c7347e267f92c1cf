# SPDX-License-Identifier: Apache-2.0
"""What every end-to-end test needs: TAP, programs to start and stop, the command line. Python's own library only.

A test file is a script: it imports this, defines functions decorated with @claim, and ends with `harness.main()`.
The environment says where the programs are: BSG_BUILD (meson's build folder) and BSG_SOURCE_ROOT.
"""
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

SOURCE = os.environ.get("BSG_SOURCE_ROOT") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.environ.get("BSG_BUILD") or os.path.join(SOURCE, "build", "test")
PATIENCE = 60.0  # seconds: machines are slow and shared; what was measured is printed, never judged

_claims = []


def claim(function):
    """Register a test; its name, with spaces for underscores, is what it claims."""
    _claims.append(function)
    return function


def note(text):
    print("# " + text, flush=True)


def main():
    print("1..%d" % len(_claims), flush=True)
    failed = 0
    for number, function in enumerate(_claims, 1):
        name = function.__name__.replace("_", " ")
        try:
            function()
            print("ok %d - %s" % (number, name), flush=True)
        except BaseException as error:  # a failing test must not hide the others
            failed += 1
            for line in traceback.format_exc().splitlines():
                note(line)
            print("not ok %d - %s" % (number, name), flush=True)
            if isinstance(error, KeyboardInterrupt):
                break
    cleanup()
    sys.exit(1 if failed else 0)


def wait_for(what, condition, patience=PATIENCE, step=0.05):
    """Wait until condition() is true and return (its value, seconds waited); print the time, fail after `patience`."""
    started = time.monotonic()
    while True:
        value = condition()
        waited = time.monotonic() - started
        if value:
            note("%s: %.2f s" % (what, waited))
            return value, waited
        if waited > patience:
            raise AssertionError("%s: not within %g s" % (what, patience))
        time.sleep(step)


def program(name):
    """The path of one of our programs in the build folder."""
    folder = {"bosagad": "server", "bosaga": "cli", "bosaga-agent": "agent/linux", "bosaga-sim": "sim",
              "bosaga-calendar": "schedule"}.get(name)
    path = os.path.join(BUILD, folder, name) if folder else os.path.join(BUILD, "tests", name)
    if not os.path.exists(path):
        raise AssertionError("%s is not built" % path)
    return path


_processes = []
_folders = []


def folder(prefix="bosaga-"):
    path = tempfile.mkdtemp(prefix=prefix)
    _folders.append(path)
    return path


def start(arguments, log, **more):
    """Start a program; its output goes to the file `log`."""
    with open(log, "ab") as stream:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, **more)
    process.log = log
    _processes.append(process)
    return process


def stop(process, how=signal.SIGTERM):
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("%s did not stop on signal %d" % (process.args[0], how))
    return process.returncode


def cleanup():
    for process in _processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    for path in _folders:
        shutil.rmtree(path, ignore_errors=True)


_ports = []  # names that no other test can have while this one runs


def free_ports(count):
    """Consecutive free TCP ports on loopback, at most 8, for this test alone.

    They are below those that the kernel gives to outgoing connections: a server that is started again finds its own free.
    """
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as stream:
        below = int(stream.read().split()[0])
    bases = list(range(10000, below - 8, 8)) or list(range(10000, 60000, 8))
    random.shuffle(bases)
    for base in bases:
        name, sockets = socket.socket(socket.AF_UNIX), [socket.socket() for _ in range(count)]
        try:
            name.bind("\0bosaga-test-ports-%d" % base)
            for offset, one in enumerate(sockets):
                one.bind(("127.0.0.1", base + offset))
            _ports.append(name)
            return base
        except OSError:
            name.close()
        finally:
            for one in sockets:
                one.close()
    raise AssertionError("no free ports")


class Refused(Exception):
    """A command of ours that ended with another status than 0."""

    def __init__(self, status, out, err):
        super().__init__("status %d: %s" % (status, err.strip()))
        self.status, self.out, self.err = status, out, err


def run(arguments, **more):
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE * 2, **more)
    out, err = done.stdout.decode(), done.stderr.decode()
    if done.returncode != 0:
        raise Refused(done.returncode, out, err)
    return out


class Server:
    """A bosagad with a state folder of its own; `self.cli(...)` is the command line on its admin socket."""

    def __init__(self, config="", state=None):
        self.state = state or os.path.join(folder("bosagad-"), "state")
        self.port = free_ports(3)
        self.config = self.state + ".conf"
        with open(self.config, "w", encoding="utf-8") as stream:
            stream.write("people_listen = 127.0.0.1:%d\ndevice_listen = 127.0.0.1:%d\napple_listen = 127.0.0.1:%d\n%s"
                         % (self.port, self.port + 1, self.port + 2, config))
        self.process = None
        self.url = "https://127.0.0.1:%d" % self.port
        self.device_url = "https://127.0.0.1:%d" % (self.port + 1)
        self.socket = os.path.join(self.state, "admin.sock")
        self.log = self.state + ".log"

    def start(self):
        self.process = start([program("bosagad"), "--state", self.state, "--config", self.config], self.log)
        wait_for("bosagad answers", self.answers)
        return self

    def answers(self):
        if self.process.poll() is not None:
            with open(self.log, encoding="utf-8", errors="replace") as stream:
                raise AssertionError("bosagad ended with %d: %s" % (self.process.returncode, stream.read()[-3000:]))
        try:
            self.cli("status")
            return True
        except Refused:
            return False

    def kill(self):
        stop(self.process, signal.SIGKILL)

    def stop(self):
        return stop(self.process)

    def cli(self, *words):
        """Run `bosaga WORDS --socket … --json`; return the parsed answer."""
        out = run([program("bosaga"), *words, "--socket", self.socket, "--json"])
        return json.loads(out) if out.strip() else None

    def cli_text(self, *words):
        return run([program("bosaga"), *words, "--socket", self.socket])
