#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One working day of 5,000 iPhones under a fake clock (bench/day.c). BSG_DEVICES says how many: 100,000 take long."""
import os
import sys

PROGRAM = os.path.join(os.environ.get("BSG_BUILD", "build/release"), "bench", "day")
if not os.path.exists(PROGRAM):
    sys.exit("%s is not built" % PROGRAM)
os.execv(PROGRAM, [PROGRAM, os.environ.get("BSG_DEVICES", "5000"), "json"])
