#!/usr/bin/env python3
"""Fails when a built-in capture does not show the finding it stands for: in JSON Lines, and on the console by its name.

What is healthy has no name on the console: the verdict says so.

    demos.py ROOT PROGRAM
"""
import pathlib
import re
import subprocess
import sys


def main():
    root, program = pathlib.Path(sys.argv[1]), sys.argv[2]
    rows = (root / 'src/verdict/findings.tsv').read_text().splitlines()[1:]
    shown, bad = 0, 0
    for ident in (row.split('\t')[0] for row in rows):
        done = subprocess.run([program, '--format', 'jsonl', '--no-ndpi', '--demo', ident], capture_output=True, text=True)
        if 'no built-in capture' in done.stderr:
            continue
        shown += 1
        if not re.search(f'"{re.escape(ident)}"', done.stdout):
            print(f'--demo {ident}: does not show it')
            bad += 1
        text = subprocess.run([program, '--no-ndpi', '--demo', ident], capture_output=True, text=True).stdout
        if not (ident in re.findall(r'[a-z0-9_.]+', text) or ident.startswith('ok.') and 'HEALTHY' in text):
            print(f'--demo {ident}: the console does not name it')
            bad += 1
    if shown < 100:
        print(f'only {shown} findings have a built-in capture')
    return bad > 0 or shown < 100


if __name__ == '__main__':
    sys.exit(main())
