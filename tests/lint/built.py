#!/usr/bin/env python3
"""Fails when a C file is in the tree and in no meson.build: it would be neither compiled nor run.

    built.py ROOT
"""
import pathlib
import re
import sys

# Folder, and the meson.build that lists its files with paths from its own folder.
LISTS = {'src': 'src/meson.build', 'tests/unit': 'tests/meson.build', 'tests/forge': 'tests/meson.build'}


def unlisted(root):
    for folder, build in LISTS.items():
        listed = set(re.findall(r"'([^']+\.c)'", (root / build).read_text() + (root / 'meson.build').read_text()))
        base = (root / build).parent
        for path in sorted((root / folder).rglob('*.c')):
            names = {str(path.relative_to(base)), str(path.relative_to(root))}
            if not names & listed:
                yield f'{path.relative_to(root)} is not in {build}'


def main():
    complaints = list(unlisted(pathlib.Path(sys.argv[1]).resolve()))
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
