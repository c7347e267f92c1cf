#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bosaga-calendar against an independent reading of RFC 5545: dateutil's recurrences and Python's own time zones (S20-S37).

Random calendars, always the same ones (the seed is fixed): both sides give the windows of one span, which have to be equal to the minute.
"""
import datetime
import os
import random
import subprocess
import sys
import zoneinfo

import harness
from harness import SOURCE, claim, note

VENV = os.path.join(SOURCE, "build/venv/bin/python3")
if os.path.realpath(sys.prefix) != os.path.realpath(os.path.join(SOURCE, "build/venv")):
    if not os.path.exists(VENV):
        sys.exit("build/venv is missing: ./dev test makes it from tests/requirements.txt")
    os.execv(VENV, [VENV, *sys.argv])

from dateutil import rrule

CALENDARS = int(os.environ.get("BSG_SCHEDULE_CALENDARS", "2000"))
SEED = int(os.environ.get("BSG_SCHEDULE_SEED", "5545"))
UTC = datetime.timezone.utc
ZONES = ["Asia/Almaty", "Asia/Qyzylorda", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo",
         "Africa/Casablanca", "Asia/Kathmandu", "Pacific/Apia", "UTC"]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)


# ---- random rules ----------------------------------------------------------------

def some(r, values, most=4):
    return r.sample(values, min(len(values), r.randint(1, most)))


def numbered_days(r, limit):
    return ["%d%s" % (r.choice([n for n in range(-limit, limit + 1) if n]), d) for d in some(r, DAYS, 3)]


def by_parts(r, freq):
    """BY lists that are taken for @freq."""
    parts = {}
    if freq == "DAILY":
        if r.random() < 0.5:
            parts["BYDAY"] = some(r, DAYS, 6)
        if r.random() < 0.2:
            parts["BYMONTHDAY"] = some(r, list(range(1, 32)) + [-1, -2, -15], 20)
    elif freq == "WEEKLY":
        if r.random() < 0.8:
            parts["BYDAY"] = some(r, DAYS, 6)
    elif freq == "MONTHLY":
        kind = r.random()
        if kind < 0.4:
            parts["BYDAY"] = numbered_days(r, 5) if r.random() < 0.6 else some(r, DAYS, 5)
        if 0.3 < kind < 0.8:
            parts["BYMONTHDAY"] = some(r, list(range(1, 32)) + [-1, -2, -31], 8)
    else:
        kind = r.random()
        if kind < 0.3:
            parts["BYDAY"] = numbered_days(r, 53) if r.random() < 0.5 else some(r, DAYS, 3)
        elif kind < 0.55:
            parts["BYMONTH"] = some(r, list(range(1, 13)), 5)
            parts["BYDAY"] = numbered_days(r, 5) if r.random() < 0.5 else some(r, DAYS, 3)
        elif kind < 0.7:
            parts["BYMONTHDAY"] = some(r, list(range(1, 32)) + [-1, -3], 6)
            parts["BYMONTH"] = some(r, list(range(1, 13)), 5)
        elif kind < 0.85:
            parts["BYYEARDAY"] = some(r, list(range(1, 367)) + [-1, -100, -366], 30)
    if "BYMONTH" not in parts and "BYYEARDAY" not in parts and r.random() < 0.25:
        parts["BYMONTH"] = some(r, list(range(1, 13)), 6)
    if parts and freq in ("MONTHLY", "YEARLY") and r.random() < 0.2:
        sign = r.choice(["", "-"])  # days from both ends are not taken here
        for name in ("BYMONTHDAY", "BYYEARDAY"):
            if name in parts:
                parts[name] = sorted({sign + str(n).lstrip("-") for n in parts[name]})
        if "BYDAY" in parts:
            parts["BYDAY"] = [d if d in DAYS else sign + d.lstrip("-") for d in parts["BYDAY"]]
        parts["BYSETPOS"] = some(r, [1, 2, 3, -1, -2], 2)
    return parts


def random_rule(r):
    """Parts of an RRULE without its end."""
    freq = r.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = {"FREQ": [freq]}
    if r.random() < 0.4:
        parts["INTERVAL"] = [r.choice([1, 2, 2, 3, 5, 14])]
    if r.random() < 0.4:
        parts["WKST"] = [r.choice(DAYS)]
    parts.update(by_parts(r, freq))
    return parts


def rule_text(parts):
    return ";".join("%s=%s" % (name, ",".join(map(str, values))) for name, values in parts.items())


def occurrences(parts, start, until):
    """dateutil's occurrences of a rule that has no end of its own, up to @until."""
    return list(rrule.rrulestr(rule_text(parts) + ";UNTIL=" + until.strftime("%Y%m%dT%H%M%S"), dtstart=start))


def rule_and_start(r, start):
    """A rule, and a start at or after @start that is its first occurrence."""
    while True:
        parts = random_rule(r)
        try:
            found = occurrences(parts, start, start + 1200 * DAY)
        except IndexError:  # dateutil 2.9.0 stumbles over a 53rd weekday of a year that has 52
            continue
        if found and occurrences(parts, found[0], found[0])[:1] == found[:1]:
            return parts, found[0]


# ---- random events ---------------------------------------------------------------

class Event:
    """One VEVENT as text, and its windows by the other side's lights."""

    def __init__(self, r, number, zone, span):
        self.r, self.number, self.lines = r, number, []
        self.zone, self.span = zone, span
        self.kind = r.choice(["date", "floating", "zoned", "zoned", "utc"])
        self.own = zoneinfo.ZoneInfo({"zoned": r.choice(ZONES), "utc": "UTC"}.get(self.kind, zone))
        start = span[0].replace(tzinfo=None) + r.randint(-900, 200) * DAY
        start = start.replace(hour=0, minute=0) + (0 if self.kind == "date" else self.minute(r)) * MINUTE
        self.parts, self.start = rule_and_start(r, start) if r.random() < 0.85 else (None, start)
        self.extra, self.gone, self.moved, self.overrides = [], set(), [], []
        self.write()

    @staticmethod
    def minute(r):
        """Often in the hours in which clocks change."""
        return r.choice([0, 30, 60, 90, 120, 135, 150, 179, 180]) if r.random() < 0.3 else r.randrange(1440)

    def absolute(self, local):
        """A time on the wall; PEP 495's fold=0 is what RFC 5545 3.3.5 asks for."""
        return local.replace(tzinfo=self.own).astimezone(UTC)

    def value(self, local):
        if self.kind == "date":
            return local.strftime("%Y%m%d")
        return local.strftime("%Y%m%dT%H%M%S") + ("Z" if self.kind == "utc" else "")

    def property(self, name, values):
        how = {"date": ";VALUE=DATE", "zoned": ";TZID=" + self.own.key}.get(self.kind, "")
        self.lines.append("%s%s:%s" % (name, how, values if isinstance(values, str) else ",".join(map(self.value, values))))

    def write(self):
        self.property("DTSTART", [self.start])
        self.write_length()
        if self.parts:
            self.write_rule()
        self.write_dates()
        for date in self.r.sample(self.dates, min(len(self.dates), self.r.choice([0, 0, 1, 2]))):
            self.write_override(date)

    def write_length(self):
        r = self.r
        if self.kind == "date":
            self.days, self.exact = r.choice([1, 1, 2, 7, 40]), datetime.timedelta()
            if self.days > 1 or r.random() < 0.5:
                if r.random() < 0.5:
                    self.property("DTEND", [self.start + self.days * DAY])
                else:
                    self.lines.append("DURATION:P%dD" % self.days)
            return
        minutes = r.choice([1, 60, 570, 600, 1439, 1440, 2000, 9000])
        end = self.start + minutes * MINUTE
        if r.random() < 0.5 and self.absolute(end) > self.absolute(self.start):
            self.days, self.exact = 0, self.absolute(end) - self.absolute(self.start)
            self.property("DTEND", [end])
            return
        self.days, rest = divmod(minutes, 1440)
        if r.random() < 0.3:
            self.days, rest = 0, minutes
        self.exact = rest * MINUTE
        self.lines.append("DURATION:P" + ("%dD" % self.days if self.days else "") +
                          ("T%dH%dM" % divmod(rest, 60) if rest else ""))

    def write_rule(self):
        r, end = self.r, ""
        last = self.span[1].replace(tzinfo=None) + 3 * DAY
        self.dates = occurrences(self.parts, self.start, max(last, self.start))
        kind = r.random()
        if kind < 0.3:
            count = r.randint(1, len(self.dates) + 3)
            self.dates, end = self.dates[:count], ";COUNT=%d" % count
        elif kind < 0.7:
            until = r.choice(self.dates) + r.choice([0, 0, -1, 1, 700]) * (DAY if self.kind == "date" else MINUTE)
            until = max(until, self.start)
            end = ";UNTIL=" + self.until(until)
            self.dates = [d for d in self.dates if self.is_up_to(d, until)]
        self.lines.append("RRULE:" + rule_text(self.parts) + end)

    def until(self, until):
        if self.kind == "zoned":
            return self.absolute(until).strftime("%Y%m%dT%H%M%SZ")
        return self.value(until)

    def is_up_to(self, local, until):
        return self.absolute(local) <= self.absolute(until) if self.kind == "zoned" else local <= until

    def write_dates(self):
        r = self.r
        if not self.parts:
            self.dates = [self.start]
        if r.random() < 0.3:
            self.extra = [self.start + r.randint(1, 900) * DAY for _ in range(r.randint(1, 4))]
            self.property("RDATE", self.extra)
        if r.random() < 0.4:
            gone = r.sample(self.dates, min(len(self.dates), r.randint(1, 5))) + [self.start + 3 * DAY]
            self.gone = {self.key(d) for d in gone}
            self.property("EXDATE", gone)

    def write_override(self, date):
        """One instance at another time, or not at all."""
        own, self.lines = self.lines, []
        start, minutes = date + self.r.randint(-3, 3) * DAY, 1440 * self.r.randint(1, 2)
        self.property("RECURRENCE-ID", [date])
        self.property("DTSTART", [start])
        self.lines.append("DURATION:P%dD" % (minutes // 1440))
        if self.r.random() < 0.4:
            self.lines.append("STATUS:CANCELLED")
        else:
            self.moved.append((self.absolute(start), self.absolute(start + minutes * MINUTE)))
        self.gone.add(self.key(date))
        self.overrides += ["BEGIN:VEVENT", "UID:%d" % self.number, *self.lines, "END:VEVENT"]
        self.lines = own

    def key(self, local):
        return local if self.kind in ("date", "floating") else self.absolute(local)

    def instance(self, local):
        return self.absolute(local), self.absolute(local + self.days * DAY) + self.exact if self.days else \
            self.absolute(local) + self.exact

    def windows(self):
        return [self.instance(d) for d in self.dates + self.extra if self.key(d) not in self.gone] + self.moved

    def text(self):
        return ["BEGIN:VEVENT", "UID:%d" % self.number, "DTSTAMP:20250101T000000Z", *self.lines, "END:VEVENT", *self.overrides]


# ---- comparing ---------------------------------------------------------------------

def union(windows, span):
    joined = []
    for begin, end in sorted((max(b, span[0]), min(e, span[1])) for b, e in windows):
        if begin >= end:
            continue
        if joined and begin <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([begin, end])
    return [(int(b.timestamp()), int(e.timestamp())) for b, e in joined]


def fold(line, r):
    """RFC 5545 3.1, at places of our own choosing."""
    at = r.randint(1, 75)
    return line if len(line) <= at else line[:at] + "\r\n" + r.choice(" \t") + line[at:]


def ours(ics, span, zone):
    done = subprocess.run([harness.program("bosaga-calendar"), *(str(int(t.timestamp())) for t in span), zone], input=ics,
                          capture_output=True, timeout=harness.PATIENCE, check=False)
    assert done.returncode == 0, "exit %d: %s%s\n%s" % (done.returncode, done.stdout.decode(), done.stderr.decode(),
                                                       ics.decode())
    return [tuple(map(int, line.split())) for line in done.stdout.decode().splitlines()]


def calendar(seed):
    r = random.Random(seed)
    first = datetime.datetime(2016, 1, 1, tzinfo=UTC) + r.randrange(5000) * DAY + r.randrange(1440) * MINUTE
    span = first, first + r.randint(1, 500) * DAY
    zone = r.choice(ZONES)
    events = [Event(r, n, zone, span) for n in range(r.randint(1, 3))]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    for event in events:
        lines += event.text()
    newline = r.choice(["\r\n", "\n"])
    ics = newline.join(fold(line, r) for line in [*lines, "END:VCALENDAR"]) + newline
    return ics.encode(), span, zone, events


@claim
def random_calendars_have_the_windows_that_dateutil_and_zoneinfo_give():
    kinds, n_windows = {}, 0
    for number in range(CALENDARS):
        ics, span, zone, events = calendar("%d %d" % (SEED, number))
        want = union([w for e in events for w in e.windows()], span)
        got = ours(ics, span, zone)
        if got != want:
            show = lambda ws: " ".join("%s/%s" % tuple(datetime.datetime.fromtimestamp(t, UTC).strftime("%Y%m%dT%H%M") for t in w)
                                       for w in ws)
            raise AssertionError("calendar %d, %s to %s in %s\n%s\nonly ours:   %s\nonly theirs: %s" % (
                number, *span, zone, ics.decode(), show(sorted(set(got) - set(want))[:5]), show(sorted(set(want) - set(got))[:5])))
        n_windows += len(got)
        for e in events:
            for name in e.parts or {"none": 0}:
                kinds[name] = kinds.get(name, 0) + 1
            for name in [e.kind] + ["EXDATE"] * bool(e.gone) + ["RDATE"] * bool(e.extra) + ["RECURRENCE-ID"] * bool(e.overrides):
                kinds[name] = kinds.get(name, 0) + 1
    note("%d calendars, %d windows; %s" % (CALENDARS, n_windows, ", ".join("%s %d" % k for k in sorted(kinds.items()))))
    if CALENDARS >= 1000:
        assert min(kinds.values()) >= 50, "something was hardly tried"


@claim
def S5_it_limits_itself_before_it_reads():
    with open(harness.program("bosaga-calendar"), "rb") as f:
        memory = "unlimited" if b"__asan_init" in f.read() else "268435456"  # a sanitizer's shadow is larger than any limit
    program = subprocess.Popen([f.name, "0", "60"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def limits():
        with open("/proc/%d/limits" % program.pid, encoding="ascii") as f:
            return {line[:25].strip(): line[25:].split()[:2] for line in f}

    def status():
        with open("/proc/%d/status" % program.pid, encoding="utf-8") as f:
            return dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)

    harness.wait_for("no new privileges", lambda: status().get("NoNewPrivs") == "1")  # comes last
    try:
        seen = limits()
        assert seen["Max cpu time"] == ["5", "6"], seen
        assert seen["Max file size"] == ["1048576", "1048576"], seen
        assert seen["Max core file size"] == ["0", "0"], seen
        assert seen["Max open files"] == ["16", "16"], seen
        assert seen["Max address space"] == [memory] * 2, seen
    finally:
        program.communicate(b"")
    assert program.returncode == 1


if __name__ == "__main__":
    harness.main()
