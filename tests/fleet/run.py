#!/usr/bin/env python3
"""Plants causes in fleets and demands that shakeout finds exactly those: members, common property, moment.

    run.py BINARY [--endpoints N] [--visits N] [--seeds N]

A group that shakeout says has something in common is a cause that was found.  Its members are its endpoints without
those that it says stand outside.  Over all seeds together at least 99 % of the members found must have been planted,
and at least 99 % of those planted must be found; the property and the two moments of each cause must be right each
time, and nothing else may be said to have anything in common.  Output: TAP.
"""
import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile

import fleet

WANTED = 0.99
EPOCH = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)


def microseconds(text):
    """Of an RFC 3339 time; None stays None."""
    if text is None:
        return None
    time = datetime.datetime.fromisoformat(text.replace('Z', '+00:00'))
    return (time - EPOCH) // datetime.timedelta(microseconds=1)


def said(binary, path, wanted=(1,)):
    done = subprocess.run([binary, '--format', 'jsonl', path], capture_output=True, check=False)
    if done.returncode not in wanted:
        sys.exit(f'shakeout ended with {done.returncode}: {done.stderr.decode()}')
    return [json.loads(line) for line in done.stdout.splitlines()]


def parts_of(common):
    if common['kind'] == 'several':
        return common['parts']
    return [] if common['kind'] == 'none' else [common]


def with_value(members, part):
    """Of several parts each has its own members; here they are subnets."""
    prefix = part['value'].rsplit('.', 1)[0] + '.'
    return {member for member in members if member.startswith(prefix)} if part['kind'] == 'subnet' else set()


def found_in(lines):
    """(id, server, port, kind, value, change, members) of each part of each group that has one."""
    for line in lines:
        ours = line['shakeout']
        common = ours.get('common')
        if line['event']['dataset'] != 'shakeout.finding' or not common:
            continue
        parts = parts_of(common)
        for part in parts:
            members = set(ours['endpoints']) - set(common.get('outside', []))
            yield (line['event']['code'], line['server']['ip'], line['server']['port'], part['kind'], part['value'],
                   part.get('change', {}), members if len(parts) == 1 else with_value(members, part))


class Score:
    def __init__(self):
        self.found = self.planted = self.right = 0

    def add(self, members, planted):
        self.found += len(members)
        self.planted += len(planted)
        self.right += len(members & planted)

    def precision(self):
        return self.right / self.found if self.found else 0

    def recall(self):
        return self.right / self.planted if self.planted else 0


def cause_complaints(cause, all_found, score):
    name = f'{cause.id} {cause.kind} {cause.value or ""}'
    match = [f for f in all_found if f[:4] == (cause.id, cause.server, cause.port, cause.kind)
             and cause.value in (None, f[4])]
    if len(match) != 1:
        score.planted += len(cause.members)
        yield f'{name}: found {len(match)} times'
        return
    score.add(match[0][6], cause.members)
    change = match[0][5]
    for key, wanted in (('worked_until', cause.worked_until), ('failed_since', cause.failed_since)):
        have = microseconds(change.get(key))
        if have != wanted:
            yield f'{name}: {key} is {have}, planted {wanted}'


def counts_complaints(lines):
    """Counts must add up, and agree with the lines that they count."""
    counts = lines[-1]['shakeout']['endpoints']
    states = [line['shakeout']['state'] for line in lines if line['event']['dataset'] == 'shakeout.endpoint']
    if counts['healthy'] + counts['failing'] + counts['undecided'] != counts['total']:
        yield f'the endpoints do not add up: {counts}'
    for state in ('healthy', 'failing', 'undecided'):
        if states.count(state) != counts[state]:
            yield f'{states.count(state)} lines say {state}, the summary {counts[state]}'


def fleet_complaints(binary, folder, options, seed, score):
    made = fleet.fleet_make(options.endpoints, options.visits, seed)
    path = pathlib.Path(folder) / 'fleet.pcap'
    fleet.fleet_write(made, path)
    lines = said(binary, path)
    found = list(found_in(lines))
    for cause in made.causes:
        yield from cause_complaints(cause, found, score)
    if len(found) > len(made.causes):
        yield f'{len(found)} groups have something in common, {len(made.causes)} causes were planted'
    yield from counts_complaints(lines)
    wanted = {m for cause in made.causes for m in cause.members} | set(made.noise)
    failing = {line['client']['ip'] for line in lines
               if line['event']['dataset'] == 'shakeout.endpoint' and line['shakeout']['state'] == 'failing'}
    if failing != wanted:
        yield f'{len(failing - wanted)} endpoints fail that should not, {len(wanted - failing)} do not that should'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('binary')
    parser.add_argument('--endpoints', type=int, default=200)
    parser.add_argument('--visits', type=int, default=12)
    parser.add_argument('--seeds', type=int, default=20)
    options = parser.parse_args()
    score, failed = Score(), 0
    with tempfile.TemporaryDirectory(prefix='shakeout-fleet.') as folder:
        for seed in range(1, options.seeds + 1):
            complaints = list(fleet_complaints(options.binary, folder, options, seed, score))
            failed += bool(complaints)
            print(f'{"not ok" if complaints else "ok"} {seed} - {options.endpoints} endpoints, seed {seed}')
            for complaint in complaints:
                print(f'    {complaint}')
            sys.stdout.flush()
    good = score.precision() >= WANTED and score.recall() >= WANTED
    print(f'{"ok" if good else "not ok"} {options.seeds + 1} - members: precision {score.precision():.4f}, '
          f'recall {score.recall():.4f}')
    print(f'1..{options.seeds + 1}')
    return 1 if failed or not good else 0


if __name__ == '__main__':
    sys.exit(main())
