"""Writes finding_ids.h and finding_rows.h from findings.tsv, the closed list of findings.

Usage: generate.py findings.tsv finding_ids.h finding_rows.h
Strict: closed values, unique ids, titles of at most 72 characters; anything else ends the build.
"""

import re
import sys

COLUMNS = ["id", "stage", "severity", "owner", "best_confidence", "title"]
STAGES = "dns proxy tcp tls cert app l2 icmp checkin set path capture".split()
SEVERITIES = "info quality warning error".split()
OWNERS = "none client server network middlebox dns proxy capture unknown".split()
CONFIDENCES = "possible probable certain".split()
TITLE_MAX = 72
ID_FORM = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+")


class Mistake(Exception):
    pass


def one_of(allowed, word, column):
    if word not in allowed:
        raise Mistake(f"{column} is '{word}', not one of: {' '.join(allowed)}")


def check_row(row, seen):
    if len(row) != len(COLUMNS):
        raise Mistake(f"{len(row)} columns instead of {len(COLUMNS)}")
    name, stage, severity, owner, best, title = row
    if not ID_FORM.fullmatch(name):
        raise Mistake(f"id '{name}' has not the form of an id")
    constant = constant_of(name)
    if constant in seen:
        raise Mistake(f"id '{name}' repeats or collides with another")
    seen.add(constant)
    one_of(STAGES, stage, "stage")
    one_of(SEVERITIES, severity, "severity")
    one_of(OWNERS, owner, "owner")
    one_of(CONFIDENCES, best, "best_confidence")
    if not 0 < len(title) <= TITLE_MAX or not title.isprintable():
        raise Mistake(f"title of '{name}' has {len(title)} characters, 1 to {TITLE_MAX} are allowed")


def constant_of(name):
    return "F_" + name.upper().replace(".", "_")


def read_rows(path):
    with open(path, encoding="ascii", newline="\n") as file:
        lines = file.read().split("\n")
    if lines.pop() != "":
        raise Mistake(f"{path}: the last line has no end")
    if not lines or lines[0].split("\t") != COLUMNS:
        raise Mistake(f"{path}:1: the heading must be: {' '.join(COLUMNS)}")
    rows, seen = [], set()
    for number, line in enumerate(lines[1:], 2):
        row = line.split("\t")
        try:
            check_row(row, seen)
        except Mistake as mistake:
            raise Mistake(f"{path}:{number}: {mistake}") from None
        rows.append(row)
    if not rows:
        raise Mistake(f"{path}: no findings")
    return rows


def c_string(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def ids_text(rows):
    names = "".join(f"    {constant_of(row[0])},\n" for row in rows)
    return (
        "/* finding_ids.h - generated from findings.tsv; do not edit. */\n#pragma once\n\n"
        f"enum finding_id {{\n    F_NONE,\n{names}    FINDINGS\n}};\n"
    )


def row_text(row):
    name, stage, severity, owner, best, title = row
    fields = [
        ("id", c_string(name)),
        ("stage", "STAGE_" + stage.upper()),
        ("severity", "SEVERITY_" + severity.upper()),
        ("owner", "OWNER_" + owner.upper()),
        ("best", best.upper()),
        ("title", c_string(title)),
    ]
    return "".join(f"[{constant_of(name)}].{field} = {value},\n" for field, value in fields)


def rows_text(rows):
    head = "/* finding_rows.h - generated from findings.tsv: rows of the table in catalogue.c. */\n"
    return head + "".join(row_text(row) for row in rows)


def main(arguments):
    if len(arguments) != 3:
        sys.exit(__doc__)
    source, ids, out_rows = arguments
    try:
        rows = read_rows(source)
    except (Mistake, UnicodeDecodeError, OSError) as mistake:
        sys.exit(f"generate.py: {mistake}")
    for path, text in ((ids, ids_text(rows)), (out_rows, rows_text(rows))):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
