#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""decide.py FOLDER DECIDE-BATCH: the hosted core behind the JSON of policy/ gives the recorded outputs too."""
import glob
import json
import subprocess
import sys

folder, batch = sys.argv[1:]
names = sorted(p[:-len('.orders.json')] for p in glob.glob(folder + '/*.orders.json'))
lines = []
for name in names:
    with open(name + '.orders.json', encoding='utf-8') as f, open(name + '.events.jsonl', encoding='utf-8') as g:
        lines.append(json.dumps({'orders': json.load(f), 'events': [json.loads(line) for line in g]}))
answers = subprocess.run([batch], input='\n'.join(lines) + '\n', stdout=subprocess.PIPE, check=True, encoding='utf-8')
for name, line in zip(names, answers.stdout.splitlines(), strict=True):
    with open(name + '.outputs.jsonl', encoding='utf-8') as f:
        recorded = [json.loads(row) for row in f][:-1]
    outputs = json.loads(line).get('outputs')
    if outputs != recorded:
        at = next((i for i, (a, b) in enumerate(zip(outputs or [], recorded)) if a != b), 'its length')
        sys.exit(f'{name}: differs at {at}: {line[:300] if outputs is None else (outputs[at], recorded[at])}')
print(f'{len(names)} vectors through decide-batch')
