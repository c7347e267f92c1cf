# SPDX-License-Identifier: Apache-2.0
"""One person, one Linux device with a stand-in camera, one rule: what the tests of the whole thread start from."""
import atexit
import json
import os
import stat
import time

import harness

NOBODY = 65534
CAMERA = (1, 5)  # the numbers of /dev/zero: every kernel has it, and it opens for everyone

POLICY = """bosaga: 1
places:
  - id: house
    name: {kk: Министрліктер үйі, ru: Дом министерств, en: House of Ministries}
    gates: [{id: north}, {id: south}]
    max_stay: %s
rules:
  - id: no-camera
    who: {units: [ministry]}
    where: [house]
    restrict: [camera]
    because: {kk: Қызметтік ақпаратты қорғау, ru: Защита служебной информации, en: To protect service information}
    stage: all
"""

OPENER = """import errno, os, sys
try:
    os.close(os.open(sys.argv[1], os.O_RDONLY))
    print("open")
except OSError as e:
    print(errno.errorcode[e.errno])
"""


def cgroup2():
    """Where cgroup v2 is mounted."""
    with open("/proc/self/mountinfo", encoding="ascii") as mounts:
        for line in mounts:
            fields = line.split()
            if fields[fields.index("-") + 1] == "cgroup2":
                return fields[4]
    raise AssertionError("no cgroup v2 here: the camera of a Linux device is restricted by it")


class Ministry:
    """A running server with person `aigul` (badge 1001) and the sample rule; `agent()` enrols and starts a device."""

    def __init__(self, max_stay="14h"):
        self.server = harness.Server().start()
        self.folder = harness.folder("ministry-")
        os.chmod(self.folder, 0o755)
        self.cli = self.server.cli
        self.cli("person", "add", "aigul", "--name", "Айгүл Серікова", "--unit", "ministry", "--badge", "1001")
        self.apply(POLICY % max_stay)
        self.state = os.path.join(self.folder, "agent")
        self.camera = os.path.join(self.folder, "camera")
        os.mknod(self.camera, 0o666 | stat.S_IFCHR, os.makedev(*CAMERA))
        os.chmod(self.camera, 0o666)
        self.scope = os.path.join(cgroup2(), "bosaga-test-%d" % os.getpid())
        os.makedirs(self.scope, exist_ok=True)
        self.config = os.path.join(self.folder, "agent.conf")
        with open(self.config, "w", encoding="ascii") as stream:
            stream.write("camera_devices = c %d:%d\nenforce_on = %s\n" % (*CAMERA, self.scope))
        self.agent = None
        self.device = None
        atexit.register(self.close)

    def apply(self, text):
        path = os.path.join(self.folder, "policy.yaml")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        return self.cli("policy", "apply", path)

    def enrol(self):
        invitation = self.cli("invite", "aigul", "--kind", "linux-agent")
        harness.run([harness.program("bosaga-agent"), "enrol", "--server", invitation["url"], "--token",
                     invitation["token"], "--pin", invitation["ca_sha256"], "--state", self.state])
        self.device = self.cli("device", "list", "--person", "aigul")["items"][0]["id"]

    def run_agent(self):
        self.agent = harness.start([harness.program("bosaga-agent"), "run", "--state", self.state, "--config",
                                    self.config], self.folder + "/agent.log")

    def start_agent(self):
        self.enrol()
        self.run_agent()
        harness.wait_for("the agent has orders", lambda: self.status().get("orders_serial"))

    def agent_says(self, *words):
        return harness.run([harness.program("bosaga-agent"), *words, "--state", self.state]).strip()

    def status(self):
        if self.agent.poll() is not None:
            with open(self.folder + "/agent.log", encoding="utf-8", errors="replace") as log:
                raise AssertionError("bosaga-agent ended with %d: %s" % (self.agent.returncode, log.read()[-3000:]))
        try:
            return json.loads(self.agent_says("status", "--json"))
        except harness.Refused:
            return {}

    def cross(self, direction, gate="north"):
        """Cross by badge. Nobody walks in within the second in which they walked out: such a crossing is stale (D3.3)."""
        time.sleep(1.1)
        return self.cli("crossing", "add", "--place", "house", "--gate", gate, "--badge", "1001", "--" + direction)

    def open_inside(self):
        """Open the camera as another user, in the scope: 'open' or the name of the error."""
        return self._open(self.scope)

    def open_outside(self):
        return self._open(None)

    def _open(self, scope):
        def become():
            if scope:
                with open(os.path.join(scope, "cgroup.procs"), "w", encoding="ascii") as procs:
                    procs.write("0")
            os.setgid(NOBODY)
            os.setuid(NOBODY)

        return harness.run(["/usr/bin/python3", "-c", OPENER, self.camera], preexec_fn=become).strip()

    def wait_closed(self, what="the camera refuses to open"):
        return harness.wait_for(what, lambda: self.open_inside() == "EPERM")[1]

    def wait_open(self, what="the camera opens again"):
        return harness.wait_for(what, lambda: self.open_inside() == "open")[1]

    def close(self):
        """Leave nothing behind: no process, and so an empty cgroup that can go."""
        for process in (self.agent, self.server.process):
            if process is not None and process.poll() is None:
                harness.stop(process)
        for _ in range(100):  # the kernel lets go of a cgroup a moment after its last process has ended
            try:
                os.rmdir(self.scope)
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.1)
