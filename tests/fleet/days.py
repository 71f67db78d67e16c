#!/usr/bin/env python3
"""Holds what shakeout learns of check-ins against generated days: intervals, misses, sleep, roaming addresses.

    days.py BINARY [--endpoints N] [--seeds N]

The interval of each endpoint must be within 5 %.  Every planted miss must be found, and no endpoint may be accused that
only slept.  Addresses of one network card are one endpoint.  Output: TAP.
"""
import argparse
import pathlib
import sys
import tempfile

import day
import fleet
import run


def endpoint_lines(lines):
    return {line['client']['ip']: line['shakeout']['checkin'] for line in lines
            if line['event']['dataset'] == 'shakeout.endpoint'}


def person_complaints(person, checkins):
    name, have = person.addresses[-1], checkins.get(person.addresses[-1])
    if not have:
        yield f'{name}: no line'
        return
    if have['interval_from'] != 'observed' or abs(have['interval_s'] - person.interval) > 0.05 * person.interval:
        yield f'{name}: every {have["interval_s"]} s ({have["interval_from"]}), planted {person.interval} s'
    if bool(have.get('missed')) != bool(person.missed_at):
        yield f'{name}: {have.get("missed")} missed, planted {len(person.missed_at)} runs'
    if have.get('irregular'):
        yield f'{name}: irregular'


def moved_in(lines):
    return {address for line in lines if line['event'].get('code') == 'checkin.address_changed'
            for address in line['shakeout']['endpoints']}


def complaints(binary, folder, n, seed):
    packets, persons = day.day_make(n, seed)
    path = pathlib.Path(folder) / 'day.pcap'
    fleet.fleet_write(fleet.Fleet(packets, [], {}, []), path)
    lines = run.said(binary, path, (0, 1))
    checkins = endpoint_lines(lines)
    for person in persons:
        yield from person_complaints(person, checkins)
    wanted = {person.addresses[-1] for person in persons if len(person.addresses) > 1}
    if moved_in(lines) != wanted:
        yield f'moved: {sorted(moved_in(lines))}, planted {sorted(wanted)}'
    yield from run.counts_complaints(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('binary')
    parser.add_argument('--endpoints', type=int, default=24)
    parser.add_argument('--seeds', type=int, default=5)
    options, failed = parser.parse_args(), 0
    with tempfile.TemporaryDirectory(prefix='shakeout-days.') as folder:
        for seed in range(1, options.seeds + 1):
            said = list(complaints(options.binary, folder, options.endpoints, seed))
            failed += bool(said)
            print(f'{"not ok" if said else "ok"} {seed} - a day of {options.endpoints} endpoints, seed {seed}')
            for complaint in said:
                print(f'    {complaint}')
            sys.stdout.flush()
    print(f'1..{options.seeds}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
