#!/usr/bin/env python3
"""Runs shakeout over every file of a folder of foreign captures: none may hurt it.

    robust.py BINARY CORPUS [--jobs N]

Each file must end within the time limit with an exit code of 0 to 3, without a signal, and what comes out as JSON
must be JSON.  Meant for a build with sanitizers, whose reports end with another exit code.  Output: TAP.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

TIME_LIMIT_S = 20


def files(corpus):
    """Every regular file: captures, texts, key logs, and the tables beside them."""
    return sorted(path for path in corpus.rglob('*') if path.is_file() and 'truth' not in path.parts)


def complaint(binary, path):
    command = [binary, '--scope', 'all', '--format', 'jsonl', str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return f'still running after {TIME_LIMIT_S} s'
    if done.returncode not in (0, 1, 2, 3):
        return f'ended with {done.returncode}: {done.stderr.decode(errors="replace")[:500]}'
    if done.returncode == 2 and not done.stderr.startswith(b'shakeout: '):
        return 'could not run, and does not say why'
    try:
        for line in done.stdout.splitlines():
            json.loads(line)
    except ValueError as error:
        return f'no JSON: {error}'
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
