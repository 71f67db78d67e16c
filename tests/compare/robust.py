#!/usr/bin/env python3
"""Runs shakeout over every file of a folder of foreign captures: none may hurt it.

    robust.py BINARY CORPUS [--jobs N]

Each file, in either scope, as text and as JSON, must end within the time limit with an exit code of 0 to 3, without a
signal; what comes out as JSON must be JSON, and no control character may come out at all.  Meant for a build with sanitizers, whose reports end with another exit code.  Output: TAP.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import unicodedata

TIME_LIMIT_S = 20
RUNS = [['--scope', scope, *form] for scope in ('all', 'ems') for form in (['--format', 'jsonl'], ['-vv', '--unicode'])]
HIDDEN = ('Cc', 'Cf', 'Cs')


def files(corpus):
    """Every regular file: captures, texts, key logs, and the tables beside them."""
    return sorted(path for path in corpus.rglob('*') if path.is_file() and 'truth' not in path.parts)


def came_through(data):
    """The control and format characters in an output; they were never ours."""
    characters = set(data.decode('utf-8', errors='surrogateescape')) - {'\n'}
    return sorted(f'U+{ord(c):04X}' for c in characters if unicodedata.category(c) in HIDDEN)


def complaint_of_run(binary, options, path):
    command = [binary, *options, '--color', 'never', str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return f'still running after {TIME_LIMIT_S} s'
    if done.returncode not in (0, 1, 2, 3):
        return f'ended with {done.returncode}: {done.stderr.decode(errors="replace")[:500]}'
    if done.returncode == 2 and not done.stderr.startswith(b'shakeout: '):
        return 'could not run, and does not say why'
    if came_through(done.stdout + done.stderr):
        return f'came through: {came_through(done.stdout + done.stderr)}'
    try:
        for line in done.stdout.splitlines() if 'jsonl' in options else []:
            json.loads(line)
    except ValueError as error:
        return f'no JSON: {error}'
    return None


def complaint(binary, path):
    for options in RUNS:
        words = complaint_of_run(binary, options, path)
        if words:
            return f'{" ".join(options)}: {words}'
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('binary')
    parser.add_argument('corpus', type=pathlib.Path)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    args = parser.parse_args()
    paths, failed = files(args.corpus), 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        said = pool.map(lambda path: complaint(args.binary, path), paths)
        for number, (path, words) in enumerate(zip(paths, said), 1):
            failed += words is not None
            print(f'{"ok" if words is None else "not ok"} {number} - {path.relative_to(args.corpus)}')
            if words:
                print(f'    {words}', flush=True)
    print(f'1..{len(paths)}')
    return 1 if failed or not paths else 0


if __name__ == '__main__':
    sys.exit(main())
