# SPDX-License-Identifier: Apache-2.0
"""README's five minutes, run as they are written; only the build, the folder and the ports are this test's own.

A line `look  # N` is a claim: the camera gives N bytes, within a minute; what it took is printed.
"""
import os
import re

import harness
from harness import claim

PATIENT_LOOK = """
await() {  # N: wait until look gives N
	tries=0
	until [ "$(look 2>/dev/null)" = "$1" ]; do
		tries=$((tries + 1)); [ $tries -lt 300 ] || { echo "look gave $(look 2>&1), not $1"; exit 1; }
		sleep 0.2
	done
	echo "LOOKED $1 after about $tries/5 s"
}
"""


def text():
    with open(os.path.join(harness.SOURCE, "README.md"), encoding="utf-8") as readme:
        section = readme.read().split("## Five minutes")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", section, re.S))


def wrappers(bin_folder, config):
    """Our programs under their names, bosagad with the ports of this test."""
    for name in ("bosaga", "bosaga-agent"):
        os.symlink(harness.program(name), os.path.join(bin_folder, name))
    with open(os.path.join(bin_folder, "bosagad"), "w", encoding="utf-8") as stream:
        stream.write('#!/bin/sh\nexec %s "$@" --config %s\n' % (harness.program("bosagad"), config))
    os.chmod(os.path.join(bin_folder, "bosagad"), 0o755)


@claim
def the_text_of_the_readme_works():
    folder = harness.folder("five-")
    bin_folder = os.path.join(folder, "bin")
    os.mkdir(bin_folder)
    config = os.path.join(folder, "bosagad.conf")
    port = harness.free_ports(3)
    with open(config, "w", encoding="utf-8") as stream:
        stream.write("people_listen = 127.0.0.1:%d\ndevice_listen = 127.0.0.1:%d\napple_listen = 127.0.0.1:%d\n"
                     % (port, port + 1, port + 2))
    wrappers(bin_folder, config)
    script = text()
    looks = len(re.findall(r"\blook +# \d", script))
    assert looks == 3, "README has %d looks" % looks
    script = script.replace("./dev build\n", "").replace("$PWD/build/release/bin", bin_folder)
    script = script.replace("D=/tmp/bosaga", "D=" + folder).replace("/aigul\n", "/aigul-%d\n" % os.getpid())
    script = re.sub(r"sleep 2; ", "", script)
    script = re.sub(r"\blook +# (\d).*", r"await \1", script)
    script = "set -e\ntrap 'kill $(jobs -p) 2>/dev/null; wait; rmdir $cg' EXIT\n" + PATIENT_LOOK + script
    out = harness.run(["/bin/bash", "-c", script], cwd=harness.SOURCE)
    for line in out.splitlines():
        harness.note(line)
    assert [line.split()[1] for line in out.splitlines() if line.startswith("LOOKED")] == ["1", "0", "1"], out
    assert "no-camera" in out.split("LOOKED 0")[1], "explain does not name the rule"


harness.main()
