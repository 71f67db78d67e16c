#!/usr/bin/env python3
"""Fails when the output that README.md shows is not what the program prints.

    readme.py ROOT BINARY [--update]

A block of the form ```text whose first line is `$ shakeout ARGUMENTS` is compared, from its second line on, with
what these arguments print in UTC.  --update writes the real output into the file.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys

BLOCK = re.compile(r'(```text\n\$ shakeout ([^\n]+)\n)(.*?)(```\n)', re.S)


def printed(root, binary, arguments):
    done = subprocess.run([binary, *shlex.split(arguments)], cwd=root, capture_output=True, text=True, check=False,
                          env={**os.environ, 'TZ': 'UTC', 'LC_ALL': 'C.UTF-8'})
    return '\n' + '\n'.join(line.rstrip() for line in done.stdout.strip('\n').splitlines()) + '\n'


def main():
    root, binary = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
    readme = root / 'README.md'
    shown = readme.read_text()
    real = BLOCK.sub(lambda m: m[1] + printed(root, binary, m[2]) + m[4], shown)
    if shown == real and BLOCK.search(shown):
        return 0
    if '--update' in sys.argv:
        readme.write_text(real)
        return 0
    print('README.md shows other output than the program prints; tests/lint/readme.py . BINARY --update mends it')
    return 1


if __name__ == '__main__':
    sys.exit(main())
