#!/usr/bin/env python3
"""Counts what the test runners did, for the closing line of ./bootstrap test.

    tally.py RESULTS tap NAME            read TAP on standard input, show what failed
    tally.py RESULTS meson NAME BUILD    read what `meson test -C BUILD` left behind
    tally.py RESULTS one NAME STATUS     one check, by its exit status; 77 is a skip
    tally.py RESULTS none NAME FOLDER    one check: FOLDER holds no file (sanitizer reports)
    tally.py RESULTS total               the closing line; exit status 1 unless all is well

RESULTS gets one line per run: passed, failed, skipped, name.  A runner that breaks off counts as a failure.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as xml

SKIPPED = 77  # the exit status automake and meson read as "skipped"
LINES_SHOWN = 40


def record(results, name, passed, failed, skipped):
    with open(results, 'a', encoding='utf-8') as f:
        f.write(f'{passed}\t{failed}\t{skipped}\t{name}\n')
    print(f'{name}: {passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''), flush=True)


def tap(lines):
    """(passed, failed, skipped) of a TAP stream; shows failures with their comments as they come."""
    passed = failed = skipped = seen = 0
    planned = None
    in_failure = False
    for line in lines:
        plan = re.match(r'1\.\.(\d+)', line)
        result = re.match(r'(not )?ok\b', line)
        if plan:
            planned = int(plan[1])
        elif result:
            seen += 1
            skip = re.search(r'# *skip', line, re.I)
            in_failure = bool(result[1]) and not skip
            failed += in_failure
            skipped += bool(skip)
            passed += not in_failure and not skip
            if in_failure or skip:
                print(line, end='')
        elif in_failure or line.startswith('Bail out!'):
            print(line, end='')
    if planned is None or planned != seen:
        print(f'the runner broke off: {seen} results, {planned} announced')
        failed += 1
    return passed, failed, skipped


def meson(build):
    """The same for the newest `meson test`, from its JUnit file: every TAP line is a case of its own."""
    report = pathlib.Path(build) / 'meson-logs/testlog.junit.xml'
    if not report.exists():
        print(f'{report}: missing, nothing ran')
        return 0, 1, 0
    counts = [0, 0, 0]
    for case in xml.parse(report).getroot().iter('testcase'):
        kinds = {child.tag for child in case}
        which = 1 if kinds & {'failure', 'error'} else 2 if 'skipped' in kinds else 0
        counts[which] += 1
        if which == 1:
            print(f'not ok - {case.get("name")}')
    if sum(counts) == 0:
        print('no test ran')
        counts[1] = 1
    return tuple(counts)


def one(status):
    return (1, 0, 0) if status == 0 else (0, 0, 1) if status == SKIPPED else (0, 1, 0)


def none(folder):
    found = [p for p in pathlib.Path(folder).rglob('*') if p.is_file()]
    for path in found[:3]:
        print(f'{path}:')
        print('\n'.join(path.read_text(errors='replace').splitlines()[:LINES_SHOWN]))
    return (0, len(found), 0) if found else (1, 0, 0)


def total(results):
    rows = [line.split('\t') for line in pathlib.Path(results).read_text().splitlines()]
    passed, failed, skipped = (sum(int(row[i]) for row in rows) for i in range(3))
    for row in rows:
        if int(row[1]):
            print(f'failed: {row[3]}')
    print(f'{passed} passed, {failed} failed' + (f', {skipped} skipped' if skipped else ''))
    return 0 if failed == 0 and passed > 0 else 1


def main():
    results, kind, *rest = sys.argv[1:]
    if kind == 'total':
        return total(results)
    name = rest[0]
    if kind == 'tap':
        counts = tap(sys.stdin)
    elif kind == 'meson':
        counts = meson(rest[1])
    elif kind == 'one':
        counts = one(int(rest[1]))
    else:
        counts = none(rest[1])
    record(results, name, *counts)
    return 0


if __name__ == '__main__':
    sys.exit(main())
