# SPDX-License-Identifier: Apache-2.0
"""docs/tutorial.md, run as it stands: what each block prints is what the text says. The folder, the ports and the build are this test's own.

A block ```sh is run; a block ```text right after it is what it printed. BSG_RECORD=1 writes what was printed into the text: look at
the difference before you believe it. Ids are other ones each time: both say ID.
"""
import difflib
import os
import re

import harness
from harness import claim

TEXT = os.path.join(harness.SOURCE, "docs", "tutorial.md")
BLOCK = re.compile(r"```sh\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.S)
MARK = "@@ block %d"


def wrappers(bin_folder, config):
    """Our programs under their names, bosagad with the ports of this test."""
    os.mkdir(bin_folder)
    for name in ("bosaga", "bosaga-agent"):
        os.symlink(harness.program(name), os.path.join(bin_folder, name))
    with open(os.path.join(bin_folder, "bosagad"), "w", encoding="utf-8") as stream:
        stream.write('#!/bin/sh\nexec %s "$@" --config %s\n' % (harness.program("bosagad"), config))
    os.chmod(os.path.join(bin_folder, "bosagad"), 0o755)


def script_of(blocks, folder):
    config, port = os.path.join(folder, "bosagad.conf"), harness.free_ports(3)
    with open(config, "w", encoding="utf-8") as stream:
        stream.write("people_listen = 127.0.0.1:%d\ndevice_listen = 127.0.0.1:%d\napple_listen = 127.0.0.1:%d\n" % (port, port + 1, port + 2))
    wrappers(os.path.join(folder, "bin"), config)
    script = "set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\nexec 2>&1\n"
    for number, (commands, _) in enumerate(blocks):
        script += "echo '%s'\n%s" % (MARK % number, commands)
    assert script.count("./dev build\n") == 1 and script.count("D=/tmp/bosaga-year") == 1
    script = script.replace("./dev build\n", "").replace("$PWD/build/release/bin", os.path.join(folder, "bin"))
    return script.replace("D=/tmp/bosaga-year", "D=" + os.path.join(folder, "year"))


def said_by(blocks, folder):
    # The sanitizers' library would like to be the first, and faketime is.
    options = os.environ.get("ASAN_OPTIONS", "")
    env = dict(os.environ, ASAN_OPTIONS=(options + ":" if options else "") + "verify_asan_link_order=0", LC_ALL="C.UTF-8")
    try:
        out = harness.run(["/bin/bash", "-c", script_of(blocks, folder)], cwd=harness.SOURCE, env=env)
    except harness.Refused as error:
        raise AssertionError("the tutorial ended with %d after saying:\n%s" % (error.status, error.out)) from error
    parts = re.split(r"^@@ block \d+\n", out, flags=re.M)[1:]
    assert len(parts) == len(blocks), out
    return [re.sub(r"\b[0-9a-f]{32}\b", "ID", part) for part in parts]


def record(text, said):
    parts = iter(said)

    def fill(match):
        out = next(parts)
        return "```sh\n%s```\n" % match.group(1) + ("\n```text\n%s```\n" % out if out else "")

    with open(TEXT, "w", encoding="utf-8") as stream:
        stream.write(BLOCK.sub(fill, text))


@claim
def every_block_of_the_tutorial_prints_what_the_text_says():
    with open(TEXT, encoding="utf-8") as stream:
        text = stream.read()
    blocks = BLOCK.findall(text)
    assert len(blocks) >= 10
    said = said_by(blocks, harness.folder("year-"))
    if os.environ.get("BSG_RECORD"):
        record(text, said)
        return
    for number, ((_, want), got) in enumerate(zip(blocks, said)):
        for line in difflib.unified_diff(want.splitlines(), got.splitlines(), "the text", "block %d" % number, lineterm=""):
            harness.note(line)
        assert want == got, "block %d prints something else" % number


harness.main()
