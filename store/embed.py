#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make a C file of numbered migrations: embed.py OUT.c SYMBOL NNNN-name.sql...

Numbers instead of string literals: a literal longer than 4095 bytes is not portable C.
"""
import os
import re
import sys

out, symbol, files = sys.argv[1], sys.argv[2], sorted(sys.argv[3:], key=os.path.basename)
texts, rows = [], []
for number, path in enumerate(files, 1):
    name = os.path.basename(path)
    if not re.fullmatch(r"%04d-[a-z0-9-]+\.sql" % number, name):
        sys.exit("%s: expected number %04d: migrations are numbered from 1 without gaps" % (name, number))
    with open(path, "rb") as sql:
        numbers = ",".join(str(byte) for byte in sql.read() + b"\0")
    texts.append("static const char sql_%d[] = {%s};\n" % (number, numbers))
    rows.append('\t{ %d, "%s", sql_%d },\n' % (number, name, number))
with open(out, "w", encoding="ascii") as c:
    c.write('/* Made by store/embed.py. */\n#include "store/sqlite.h"\n\n%s\nconst struct bsg_migration %s[] = {\n%s};\n'
            "const size_t n_%s = %d;\n" % ("".join(texts), symbol, "".join(rows), symbol, len(rows)))
