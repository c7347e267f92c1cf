# SPDX-License-Identifier: Apache-2.0
"""Texts for people in Kazakh, Russian and English, as they stand in the sources: each in its language, with the same places
for values, and one word for one thing. Runs no program."""
import json
import os
import re

import harness
from harness import claim

LITERAL = r'"(?:[^"\\]|\\.)*"'
TEXT = r"(?:%s\s*)+" % LITERAL
NAMED = r"(?:\[[A-Z_]+_(?:KK|RU|EN)\]\s*=\s*)?"
TRIPLE = re.compile(r'(?:[{(]|"[a-z_]+",)\s*%s(%s),\s*%s(%s),\s*%s(%s),?\s*[})]' % (NAMED, TEXT, NAMED, TEXT, NAMED, TEXT))
CYRILLIC, KAZAKH = re.compile("[Ѐ-ӿ]"), re.compile("[ӘәҒғҚқҢңӨөҰұҮүҺһІі]")
# What is put in: "%R" of an explanation, its "[…]" for what may be missing, printf's "%s".
HOLES = re.compile(r"%[A-Za-z]|[\[\]]")
# One word for one thing: what the thing is called, and the words that it was called too.
NOT = {
    "helpdesk: қолдау қызметі": "көмек қызметі",
    "pass: рұқсатнама": r"рұқсат(?:ты|:| жоқ| қажет| әлі)",
    "exemption: босату": "ерекшелік",
    "exemption: освобождение": "исключение",
    "app: қолданба": "қосымша",
    "emergency calls: жедел қызметтерге қоңырау": "шұғыл",
    "badge: бейдж; пропуск is the pass": "номер пропуска|пропуск не ?известен|пропуск или код|пропуск через",
    "gate: проходная; проход is the crossing": "такого прохода",
    "erase the data: a phone that is «өшірілген» is off": "телефонды өшіре",
}


def join(text):
    return "".join(json.loads(part) if "\\x" not in part else part for part in re.findall(LITERAL, text))


def sources():
    for at, folders, names in os.walk(harness.SOURCE):
        folders[:] = [name for name in folders if name not in ("build", "tests", "bench", "fuzz", "docs", ".git")]
        for name in names:
            if name.endswith(".c"):
                with open(os.path.join(at, name), encoding="utf-8") as stream:
                    yield os.path.relpath(os.path.join(at, name), harness.SOURCE), stream.read()


def in_three(value):
    """Every {kk, ru, en} of a JSON document."""
    if isinstance(value, dict) and "kk" in value:
        yield value["kk"], value["ru"], value["en"]
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from in_three(one)


def triples():
    found = [(name, *(join(text) for text in match.groups())) for name, source in sources() for match in TRIPLE.finditer(source)
             if CYRILLIC.search(match.group(0)) and name != "apple/rights.c"]  # that has a list a language
    with open(os.path.join(harness.SOURCE, "policy/coverage.json"), encoding="utf-8") as stream:
        found += [("policy/coverage.json", *texts) for texts in in_three(json.load(stream))]
    return found


@claim
def each_text_is_in_its_language():
    found = triples()
    files = {name for name, *_ in found}
    harness.note("%d texts in %d files" % (len(found), len(files)))
    assert len(found) > 200 and {"http/problem.c", "server/problems.c", "server/me.c", "server/pass.c", "server/verdict.c", "apple/lock.c",
                                 "policy/explain_says.c", "core/functions.c"} <= files, files
    kazakh = 0
    for name, kk, ru, en in found:
        if kk == ru == en:
            continue  # a name, such as Wi-Fi
        assert CYRILLIC.search(kk) and CYRILLIC.search(ru), (name, kk, ru)
        assert not KAZAKH.search(ru), (name, ru)
        assert not CYRILLIC.search(en), (name, en)
        kazakh += bool(KAZAKH.search(kk))
    assert kazakh > 0.9 * len(found), "%d of %d have a letter that Russian has not" % (kazakh, len(found))


@claim
def the_three_have_the_same_places_for_values():
    n = 0
    for name, *texts in triples():
        holes = [sorted(HOLES.findall(text)) for text in texts]
        assert holes[0] == holes[1] == holes[2], (name, texts)
        n += bool(holes[0])
    assert n >= 10, n


@claim
def one_thing_has_one_name():
    literals = [(name, join(literal)) for name, source in sources() for literal in re.findall(TEXT, source) if CYRILLIC.search(literal)]
    with open(os.path.join(harness.SOURCE, "policy/coverage.json"), encoding="utf-8") as stream:
        literals += [("policy/coverage.json", text) for texts in in_three(json.load(stream)) for text in texts]
    assert len(literals) > 400, len(literals)
    wrong = [(thing, name, text) for thing, other in NOT.items() for name, text in literals if re.search(other, text, re.IGNORECASE)]
    assert not wrong, wrong


harness.main()
