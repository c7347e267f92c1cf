#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""B6 of a whole bosagad: a rule begins for a ministry of iPhones; each is pushed, opens a connection of its own with a full handshake,
is restricted and proves it. Beside it, in the same run and by the same load: as many bare handshakes with one request each.

Release build, SQLite on this disk, TLS by the server itself. BSG_DEVICES says how many phones, BSG_FLIP_AFTER how many seconds they
have from now until the rule begins.
"""
import json
import os
import signal
import subprocess
import sys
import time

import bench_apple

N = int(os.environ.get("BSG_DEVICES", "100000"))
# By perf with 12,000 phones.
WHY = ("of the server's CPU half is TLS, as in the bare server; 14 %% three requests, 13 %% the writer, 10 %% pushes, 9 %% steps; "
       "%d of %d pushes were repeated ones")
BEGIN = (int(time.time()) + int(os.environ.get("BSG_FLIP_AFTER", str(60 + N // 150)))) // 60 * 60 + 60  # windows are in whole minutes


def policy():
    day = [time.strftime("%Y-%m-%dT%H:%M:00Z", time.gmtime(at)) for at in (BEGIN, BEGIN + 43200)]
    return json.dumps({"bosaga": 1, "places": [{"id": "house", "gates": [{"id": "north"}]}],
                       "rules": [{"id": "no-camera", "who": {"all": True}, "restrict": ["camera"], "windows": [day], "lead": "0m"}]})


def bare(bench):
    """@return seconds for N handshakes and requests, and the server's CPU for each in ms"""
    with subprocess.Popen([os.path.join(os.environ["BSG_BUILD"], "bench", "http_bare"), bench.certificates + ".ca"],
                          stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().split()[1]
        before = bench_apple.cpu_of(server.pid)
        out = bench.run_program("apple_flip", "bare", port, bench.certificates, N)
        cpu = (bench_apple.cpu_of(server.pid) - before) / N * 1000
        server.send_signal(signal.SIGTERM)
    if out["failed"]:
        sys.exit("%d bare requests failed" % out["failed"])
    return out["seconds"], cpu


def main():
    apns = bench_apple.Apns()
    bench = bench_apple.Bench(N, policy(), bench_apple.PROXY + apns.config)
    bench.settled("SELECT count(*) FROM device WHERE serial > 0", N)
    bench.load("enrol", 0, N)
    bench.settled("SELECT count(*) FROM apple_device WHERE length(core_state) > 0", N)
    bench.restart(apns.config)
    if time.time() > BEGIN - 5:
        sys.exit("the phones were enrolled %d s too late: BSG_FLIP_AFTER" % (time.time() - BEGIN + 5))
    before = bench.cpu()
    out = bench.run_program("apple_flip", "flip", bench.server.port + 2, bench.certificates, N, apns.folder, apns.port, BEGIN)
    cpu = (bench.cpu() - before) / N * 1000
    left = N - bench.count("SELECT count(*) FROM apple_device WHERE verified_seq = desired_seq AND verified = 1 AND command = 0")
    peak = bench.memory()
    base, base_cpu = bare(bench)
    good = out["seconds"] <= 1.3 * base and left == 0
    why = "" if good else WHY % (out["pushes"] - N, out["pushes"])
    bench_apple.say("B6", "%d pushed iPhones restricted and verified, TLS: time against as many bare handshakes + requests" % N,
                    round(out["seconds"] / base, 2), "x", "<= 1.3x, none left", good, left=left, why=why, seconds=out["seconds"],
                    bare_s=base, peak_mib=peak, cpu_ms=round(cpu, 3), bare_cpu_ms=round(base_cpu, 3),
                    **{key: out[key] for key in ("requests", "restricted", "failed", "pushes")})
    bench.stop()


if __name__ == "__main__":
    main()
