#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""B5 of a whole bosagad: owners of iPhones badge in, a thousand a second; how long until each phone is offered its command.

Release build, SQLite on this disk, plain HTTP as behind a proxy; each phone asks when it was pushed, by a stand-in for APNs in the load,
obeys and proves it.
The median of three runs, each with a server of its own. BSG_DEVICES says how many badge in.
"""
import os
import time

import bench_apple

N = int(os.environ.get("BSG_DEVICES", "20000"))
RATE = 1000
RUNS = 3
POLICY = """{"bosaga": 1, "places": [{"id": "house", "gates": [{"id": "north"}]}],
"rules": [{"id": "no-camera", "who": {"all": true}, "where": ["house"], "restrict": ["camera"]}]}"""


def run():
    """@return what the load says of one day's beginning, with the server's CPU in ms for each crossing and its memory."""
    apns = bench_apple.Apns()
    bench = bench_apple.Bench(N, POLICY, bench_apple.PROXY + "people_tls = proxy\n" + apns.config)
    bench.settled("SELECT count(*) FROM device WHERE serial > 0", N)
    bench.load("enrol", 0, N)
    bench.settled("SELECT count(*) FROM apple_device WHERE length(core_state) > 0", N)
    time.sleep(2)
    before = bench.cpu()
    out = bench.run_program("apple_cross", bench.server.port, bench.server.port + 2, bench.certificates, N, RATE, apns.folder, apns.port)
    out["cpu_ms"] = round((bench.cpu() - before) / N * 1000, 3)
    out["peak_mib"] = bench.memory()
    bench.stop()
    return out


def main():
    runs = sorted((run() for _ in range(RUNS)), key=lambda out: out["p99_ms"])
    out = runs[RUNS // 2]
    good = out["p99_ms"] <= 50 and out["rate"] >= 0.95 * RATE and out["never"] == 0
    why = "of two cores the server takes %.2f and the load the rest: what a busy machine lacks is waited for" % (out["cpu_ms"] * RATE / 1000)
    bench_apple.say("B5", "crossing, durable, until the pushed phone is offered its command, p99 of %d at %d/s" % (N, RATE), out["p99_ms"],
                    "ms", "<= 50 at 1000/s", good, why="" if good else why, median_of=[one["p99_ms"] for one in runs],
                    **{key: out[key] for key in ("p50_ms", "max_ms", "crossing_p99_ms", "rate", "failed", "never", "requests", "pushes",
                                                 "cpu_ms", "peak_mib")})


if __name__ == "__main__":
    main()
