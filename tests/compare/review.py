#!/usr/bin/env python3
"""Lists every finding of severity error over a folder of foreign captures, with what a person thinks of each.

    review.py BINARY CORPUS REVIEW [--write] [--jobs N]

REVIEW is a Markdown file whose table this program makes: one line a file and finding, with the number of connections
or lookups (of what no single one of them shows: the number of times it is said), the first of them, and in the last column the judgement of somebody who read those packets.  Judgements are
kept from run to run; --write stores the new table.  Exit status 1 when a finding has no judgement, when a judgement
calls one false, or when the file does not hold what the program says now.
"""
import argparse
import collections
import concurrent.futures
import csv
import json
import os
import pathlib
import re
import subprocess
import sys

BEGIN, END = '<!-- table made by tests/compare/review.py -->', '<!-- end of table -->'
HEAD = ['| finding | capture | subjects | first of them | judgement |', '|---|---|---|---|---|']
TIME_LIMIT_S = 60
JUDGED = ('true', 'possible')  # how a judgement begins; "false" is to be mended, not listed


def captures(corpus):
    with open(corpus / 'MANIFEST.tsv', newline='', encoding='utf-8') as f:
        return sorted(row['path'] for row in csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE))


def end_text(end):
    port = end.get('port')
    return f'{end["ip"]}:{port}' if port is not None else end['ip']


def subject(record):
    frames = ', '.join(str(n) for n in record['shakeout'].get('frames', [])[:4])
    if record['event']['dataset'] == 'shakeout.finding':
        endpoints = ' and '.join(record['shakeout'].get('endpoints', [])[:2]) or 'the capture'
        return f'{endpoints}{" to " + end_text(record["server"]) if "server" in record else ""}, frames {frames}'
    name = record.get('dns', {}).get('question', {}).get('name')
    what = f'{name} at {record["server"]["ip"]}' if name else end_text(record['server'])
    return f'{end_text(record["client"])} to {what}, frames {frames}'


def errors(binary, corpus, path):
    command = [binary, '--scope', 'all', '--format', 'jsonl', '--no-ndpi', str(corpus / path)]
    done = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    shown, told = collections.defaultdict(list), collections.defaultdict(list)
    for line in done.stdout.splitlines():
        record = json.loads(line)
        ours, dataset = record.get('shakeout', {}), record['event']['dataset']
        if ours.get('severity') != 'error':
            continue
        if dataset in ('shakeout.connection', 'shakeout.dns'):
            shown[ours['primary']].append(record)
        else:
            told[record['event']['code']].append(record)
    # What single connections show is judged by these; the rest is said of several together, or of the capture.
    return {**told, **shown}


def cells(line):
    return [cell.strip() for cell in re.split(r'(?<!\\)\|', line)[1:-1]]


def judgements(text):
    """(finding, capture) -> judgement."""
    table = text.split(BEGIN)[1].split(END)[0] if BEGIN in text else ''
    rows = [cells(line) for line in table.splitlines() if line.startswith('| `')]
    return {(row[0].strip('`'), row[1].strip('`')): row[4] for row in rows}


def table_of(binary, corpus, known, jobs):
    """The lines of the table, and complaints."""
    paths, lines, complaints = captures(corpus), [], []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for path, found in zip(paths, pool.map(lambda p: errors(binary, corpus, p), paths)):
            for finding, records in found.items():
                judged = known.get((finding, path), '')
                if not judged.startswith(JUDGED):
                    complaints.append(f'{finding} in {path}: {judged or "not judged"}')
                first = subject(records[0]).replace('|', '\\|')
                lines.append(f'| `{finding}` | `{path}` | {len(records)} | {first} | {judged} |')
    return sorted(lines), complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('binary')
    parser.add_argument('corpus', type=pathlib.Path)
    parser.add_argument('review', type=pathlib.Path)
    parser.add_argument('--write', action='store_true')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    args = parser.parse_args()
    text = args.review.read_text(encoding='utf-8')
    if BEGIN not in text or END not in text:
        sys.exit(f'{args.review}: has no lines "{BEGIN}" and "{END}"')
    lines, complaints = table_of(args.binary, args.corpus, judgements(text), args.jobs)
    before, rest = text.split(BEGIN)
    new = before + '\n'.join([BEGIN, *HEAD, *lines, END]) + rest.split(END)[1]
    if args.write:
        args.review.write_text(new, encoding='utf-8')
    elif new != text:
        complaints.append(f'{args.review} does not hold what the program says now: run with --write and judge')
    for complaint in complaints:
        print(complaint)
    print(f'{len(lines)} kinds of error in {len(captures(args.corpus))} captures, {len(complaints)} complaints')
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
