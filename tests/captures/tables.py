#!/usr/bin/env python3
"""Holds the tables (`--format csv`, `--format lines`, `--matrix`) against the JSON Lines of the same capture.

    tables.py BINARY [CASE...]

Each connection is a line of the CSV with the same finding; in the matrix it is counted once, at its endpoint, server and
port, as tried and, where it worked, as worked; the stages of a service of which one connection is known are those of this
connection; the finding of a line is one that the endpoint has there.  The console form has as many lines as the CSV.
The lines for grep and awk say what the matrix says, and of findings what the JSON Lines say.
Output: TAP.
"""
import collections
import csv
import io
import json
import pathlib
import subprocess
import sys

import run as cases

STAGES = ('dns', 'proxy', 'tcp', 'tls', 'cert', 'app')


def output(binary, case, *args):
    done = subprocess.run([binary, *case.args, *args, str(case.capture)], capture_output=True, text=True, timeout=120, check=False)
    return done.stdout


def connections(text):
    for line in text.splitlines():
        record = json.loads(line)
        if record['event']['dataset'] == 'shakeout.connection':
            yield record


def rows(text):
    return list(csv.DictReader(io.StringIO(text), strict=True))


def plain(cell):
    return cell[1:] if cell[:2] == "'-" else cell


def service(record):
    return record['client']['ip'], record['server']['ip'], str(record['server']['port'])


def csv_complaints(found, lines):
    got = sorted((r['client'], r['client_port'], r['server'], r['server_port'], r['finding'], r['outcome'])
                 for r in lines if r['kind'] == 'connection')
    wanted = sorted((c['client']['ip'], str(c['client']['port']), c['server']['ip'], str(c['server']['port']),
                     c['shakeout']['primary'], c['event']['outcome']) for c in found)
    for line in [w for w in wanted if w not in got][:3]:
        yield f'not in the CSV: {line}'
    if len(got) != len(wanted):
        yield f'{len(got)} connections in the CSV, {len(wanted)} in the JSON Lines'


def matrix_complaints(found, lines):
    of = collections.defaultdict(list)
    for record in found:
        of[service(record)].append(record)
    matrix = {(r['endpoint'], r['server'], r['port']): r for r in lines if (r['endpoint'], r['server'], r['port']) in of}
    for key in sorted(of.keys() - matrix.keys()):
        yield f'{key} is not in the matrix'
    for key, row in matrix.items():
        records = of[key]
        worked = sum(r['event']['outcome'] == 'success' for r in records)
        if (row['worked'], row['attempts']) != (str(worked), str(len(records))):
            yield f'{key}: {row["worked"]}/{row["attempts"]}, not {worked}/{len(records)}'
        stages = [plain(row[s]) for s in STAGES]
        if len(records) == 1 and stages != [records[0]['shakeout']['stage'].get(s, '--') for s in STAGES]:
            yield f'{key}: stages {stages}'
        ids = {i for r in records for i in r['shakeout']['findings']}
        if row['finding'] and row['finding'] not in ids:
            yield f'{key}: {row["finding"]} is none of {sorted(ids)}'
        if not row['finding'] and worked < len(records):
            yield f'{key}: nothing says why {len(records) - worked} did not work'


def console_complaints(text, lines):
    table = text.split('attempts\n', 1)[-1].splitlines()
    shown = [line for line in table if line.rsplit(' ', 1)[-1].replace('/', '', 1).isdigit() and '/' in line]
    if len(shown) != len(lines):
        yield f'{len(shown)} lines on the console, {len(lines)} in the CSV'


def lines_complaints(text, jsonl, matrix):
    """Tabs between cells, as many cells as the kind has; five stages, where a proxy that refuses stands at TLS."""
    cells = [line.split('\t') for line in text.splitlines()]
    wrong = [c for c in cells if len(c) != {'endpoint': 10, 'finding': 8}.get(c[0]) or '' in c]
    yield from (f'a line of {len(c)} cells: {c}' for c in wrong[:3])
    want = []
    for row in matrix:
        stages = {s: plain(row[s]) for s in STAGES}
        stages['tls'] = stages['proxy'] if stages['proxy'] not in ('--', '.', '?', 'ok', 'ok*', 'warn', 'mixed') else stages['tls']
        want.append(['endpoint', row['endpoint'], row['server'], row['port'],
                     *(stages[s] for s in STAGES if s != 'proxy'), row['finding'] or '-'])
    have = [c for c in cells if c[0] == 'endpoint']
    yield from (f'not a line of the matrix: {c}' for c in [h for h in have if h not in want][:3])
    if len(have) != len(want):
        yield f'{len(have)} endpoint lines, {len(want)} in the matrix'
    records = [r for r in map(json.loads, jsonl.splitlines()) if r['event']['dataset'] == 'shakeout.finding']
    want = sorted((r['event']['code'], r['shakeout']['severity'], r['shakeout']['confidence'], r['shakeout']['owner'])
                  for r in records)
    have = sorted(tuple(c[1:5]) for c in cells if c[0] == 'finding')
    if have != want:
        yield f'findings {have}, not {want}'


def complaints(binary, case):
    jsonl = output(binary, case, '--format', 'jsonl')
    found = list(connections(jsonl))
    lines = rows(output(binary, case, '--matrix=csv'))
    yield from csv_complaints(found, rows(output(binary, case, '--format', 'csv')))
    yield from matrix_complaints(found, lines)
    yield from lines_complaints(output(binary, case, '--format', 'lines'), jsonl, lines)
    yield from console_complaints(output(binary, case, '--matrix', '--width', '100'), lines)


def main():
    binary, failed, number = str(pathlib.Path(sys.argv[1]).resolve()), 0, 0
    for number, case in enumerate(cases.cases_read(sys.argv[2:]), 1):
        found = list(complaints(binary, case))
        failed += bool(found)
        print(f'{"not ok" if found else "ok"} {number} - tables of {case.name}')
        print(''.join(f'  # {c}\n' for c in found[:5]), end='')
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
