#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One working day of 100,000 iPhones under a fake clock (bench/day.c), which takes some ten minutes. BSG_DEVICES says how many."""
import os
import sys

PROGRAM = os.path.join(os.environ.get("BSG_BUILD", "build/release"), "bench", "day")
if not os.path.exists(PROGRAM):
    sys.exit("%s is not built" % PROGRAM)
os.execv(PROGRAM, [PROGRAM, os.environ.get("BSG_DEVICES", "100000"), "json"])
