# SPDX-License-Identifier: Apache-2.0
"""`meson install` into an empty folder: what a package would hold, and that it works there, without the build tree."""
import os
import subprocess

import harness
from harness import claim

YEAR = os.path.join(harness.SOURCE, "docs/sample/year/ministry.yaml")
PROGRAMS = {"bin/bosaga", "bin/bosaga-agent", "sbin/bosagad", "libexec/bosaga/bosaga-calendar"}
PAGES = {"share/man/man1/bosaga.1", "share/man/man1/bosaga-agent.1", "share/man/man8/bosagad.8", "share/man/man8/bosaga-calendar.8"}
_prefix = []


def prefix():
    """Where everything was installed. Nothing is built for it."""
    if not _prefix:
        folder = harness.folder("installed-")
        harness.run(["meson", "install", "-C", harness.BUILD, "--no-rebuild", "--quiet", "--destdir", folder])
        found = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names]
        where = [path[:-len("/bin/bosaga")] for path in found if path.endswith("/bin/bosaga")]
        assert len(where) == 1, found
        _prefix.extend((where[0], {os.path.relpath(path, where[0]) for path in found}))
    return _prefix[0]


@claim
def everything_lies_where_it_belongs_and_nothing_else():
    prefix()
    assert _prefix[1] == PROGRAMS | PAGES, _prefix[1] ^ (PROGRAMS | PAGES)
    for name in PROGRAMS:
        assert os.stat(os.path.join(prefix(), name)).st_mode & 0o777 == 0o755, name
    for name in PAGES:
        with open(os.path.join(prefix(), name), encoding="utf-8") as page, \
                open(os.path.join(harness.SOURCE, "docs/man", os.path.basename(name)), encoding="utf-8") as kept:
            assert page.read() == kept.read(), name


@claim
def the_pages_are_what_the_programs_print():
    for page, name in (("bosaga.1", "bin/bosaga"), ("bosaga-agent.1", "bin/bosaga-agent"), ("bosagad.8", "sbin/bosagad")):
        with open(os.path.join(harness.SOURCE, "docs/man", page), encoding="utf-8") as kept:
            assert harness.run([os.path.join(prefix(), name), "--man"]) == kept.read(), "docs/man/%s is stale: %s --man > it" % (page, name)


@claim
def each_program_runs_from_there_and_has_a_version():
    for name in sorted(PROGRAMS - {"libexec/bosaga/bosaga-calendar"}):
        said = harness.run([os.path.join(prefix(), name), "--version"])
        assert said.startswith(os.path.basename(name) + " 0."), (name, said)


@claim
def calendars_are_read_by_the_installed_program():
    command = [os.path.join(prefix(), "bin/bosaga"), "policy", "check", YEAR]
    helper = os.path.join(prefix(), "libexec/bosaga/bosaga-calendar")
    assert "calendars: 2" in harness.run(command)
    os.rename(helper, helper + ".away")
    try:
        harness.run(command)
        raise AssertionError("the build tree's was taken")
    except harness.Refused as refused:
        assert "bosaga-calendar is not in" in refused.err, refused.err
    finally:
        os.rename(helper + ".away", helper)


@claim
def the_installed_server_takes_a_policy_with_calendars():
    server = harness.Server()
    server.process = harness.start([os.path.join(prefix(), "sbin/bosagad"), "--state", server.state, "--config", server.config], server.log)
    harness.wait_for("bosagad answers", server.answers)
    said = harness.run([os.path.join(prefix(), "bin/bosaga"), "policy", "apply", YEAR, "--socket", server.socket])
    assert "state: active" in said, said
    assert server.stop() == 0


@claim
def the_pages_can_be_read():
    for name in sorted(PAGES):
        said = subprocess.run(["groff", "-Kutf8", "-man", "-Tutf8", "-ww", os.path.join(prefix(), name)], capture_output=True, timeout=harness.PATIENCE)
        assert said.returncode == 0 and said.stderr == b"" and len(said.stdout) > 1000, (name, said.stderr)


harness.main()
