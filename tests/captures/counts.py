#!/usr/bin/env python3
"""Every count of a report, against every other one of the same capture.

    counts.py BINARY [CASE...]

Line one, the table of groups, the bar of the HTML report, the matrix, the summary of the JSON Lines and the lines that it
counts must tell the same numbers, and the attempts of stories those of the services that they are made of.  A set that a
finding names has endpoints of it.  With filters, what
is shown must be what the whole report has, what is left out the rest, and nothing judged in another way.  Without
cases: those with several connections or endpoints, and a fleet.  Output: TAP.
"""
import collections
import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import run as cases

sys.path.insert(0, str(cases.ROOT / 'tests/fleet'))
import fleet  # noqa: E402

WITH_MANY = re.compile(r'^(l2|set|checkin|dns|proxy|ok_two|ok_happy|cert_.*_of|cert_.*_once|cert_unknown_ca_node)_?')
NOTE = re.compile(r'(\d+) connections? completed TLS and ended without any data')
STATES = {'healthy': 'healthy', 'failing': 'failing', 'undecided': 'undecided'}


def told(binary, args, capture):
    done = subprocess.run([binary, *args, str(capture)], capture_output=True, timeout=120, check=False)
    return done.stdout.decode()


def of_type(lines, name):
    return [line for line in lines if line['event']['dataset'] == f'shakeout.{name}']


def line_complaints(lines, summary):
    """The summary, against the lines before it."""
    counts = summary['endpoints']
    states = collections.Counter(line['shakeout']['state'] for line in of_type(lines, 'endpoint'))
    round_about = sum(line['shakeout'].get('goes_round', False) for line in of_type(lines, 'endpoint'))
    outcomes = collections.Counter(line['event']['outcome'] for line in of_type(lines, 'connection'))
    severities = collections.Counter(line['shakeout']['severity'] for line in of_type(lines, 'finding'))
    pairs = [('endpoints', counts['total'], sum(counts[state] for state in STATES)),
             ('going round', counts['going_round'], round_about),
             ('connections', summary['connections']['total'], sum(outcomes.values()))]
    pairs += [(state, counts[state], states[state]) for state in STATES]
    pairs += [(name, summary['connections'][name], outcomes[word])
              for name, word in (('ok', 'success'), ('failed', 'failure'), ('undecided', 'unknown'))]
    pairs += [(f'findings, {name}', n, severities[name]) for name, n in summary['finding_counts'].items()]
    for name, have, want in pairs:
        if have != want:
            yield f'{name}: the summary says {have}, its parts {want}'


def story_complaints(lines):
    for line in of_type(lines, 'endpoint'):
        ours = line['shakeout']
        failed = sum(service['failed'] for service in ours['services'].values())
        stories = ours.get('stories', [])
        if 'stories_left_out' not in ours and sum(story['failed'] for story in stories) != failed:
            yield f'{line["client"]["ip"]}: {failed} failed, its stories have another number'
        for story in stories:
            steps = story['steps']
            if story['attempts'] != sum(step['attempts'] for step in steps):
                yield f'{line["client"]["ip"]}: the steps of a story do not add up'
            if story['failed'] != sum(step['attempts'] for step in steps if step['state'] != 'ok'):
                yield f'{line["client"]["ip"]}: the failures of a story do not add up'


def success_complaints(lines):
    """Whom no server ever sent a packet had no success and did not check in."""
    answered = {line['client']['ip'] for line in of_type(lines, 'connection') if line['destination']['packets']}
    for line in of_type(lines, 'endpoint'):
        ours = line['shakeout']
        if line['client']['ip'] not in answered and (ours.get('last_success') or ours.get('checkin', {}).get('count')):
            yield f'{line["client"]["ip"]}: no server answers it, and it has a success'


def together_complaints(lines):
    """What a finding is part of has endpoints of the finding."""
    findings = [(line['event']['code'], line['shakeout']) for line in of_type(lines, 'finding')]
    whole = [(code, set(ours['endpoints'])) for code, ours in findings
             if 'endpoints' in ours and len(ours['endpoints']) == ours['endpoints_count']]
    for code, ours in findings:
        for name in ours.get('together', []):
            sets = [members for its, members in whole if its == name]
            if (code, set(ours['endpoints'])) in whole and sets and not any(members & set(ours['endpoints']) for members in sets):
                yield f'{code} stands together with {name}, which has none of its endpoints'


def text_complaints(text, counts):
    """Line one and the table beneath it."""
    first = ' '.join(text.split('\n\n')[0].split())
    for pattern, names in ((r'(\d+) of (\d+) endpoints? (?:cannot|have)', ('failing', 'total')), (r' (\d+) healthy', ('healthy',)),
                           (r' (\d+) of them by another way', ('going_round',)), (r' (\d+) undecided', ('undecided',)),
                           (r'(\d+) of (\d+) endpoints? reached', ('healthy', 'total'))):
        match = re.search(pattern, first)
        for name, have in zip(names, match.groups() if match else ()):
            if int(have) != counts[name]:
                yield f'line one says {have} {name}, the summary {counts[name]}'
    rows = re.search(r'^ +endpoints  finding.*\n((?:\S+ +\d+ .*\n)+)', text, re.M)
    if rows:
        sums = sum(int(row.split()[1]) for row in rows[1].splitlines())
        if sums != counts['total']:
            yield f'the groups have {sums} endpoints, line one {counts["total"]}'


def page_complaints(html, counts):
    match = re.search(r'(\d+) failing, (\d+) undecided, (\d+) healthy of (\d+) endpoints', html)
    names = ('failing', 'undecided', 'healthy', 'total')
    for name, have in zip(names, match.groups() if match else ()):
        if int(have) != counts[name]:
            yield f'the page says {have} {name}, the summary {counts[name]}'
    if counts['total'] > 1 and not match:
        yield 'the page has no bar'


def note_complaints(lines, *forms):
    """What ended without a word before a wrong certificate: the same number in every form, or in none."""
    noted = [sum(map(int, NOTE.findall(re.sub(r'\s+', ' ', form)))) for form in forms]
    if len(set(noted)) > 1:
        yield f'noted connections: {noted}'
    silent = sum(line['shakeout']['primary'] == 'ok.tls.no_data' for line in of_type(lines, 'connection'))
    if noted[0] > silent:
        yield f'{noted[0]} are noted, of {silent} that ended without data'


def matrix_complaints(text, lines):
    rows = list(csv.DictReader(io.StringIO(text)))
    for line in of_type(lines, 'endpoint'):
        mine = [row for row in rows if row['endpoint'] == line['client']['ip']]
        for name, key in (('worked', 'ok'), ('attempts', 'attempts')):
            want = sum(service[key] for service in line['shakeout']['services'].values())
            if sum(int(row[name]) for row in mine) != want:
                yield f'{line["client"]["ip"]}: the matrix has other numbers of {name}'


def shown(lines, name, keep):
    """The lines of a type without what a filter may change: their number among its endpoint's."""
    return [json.dumps(line, sort_keys=True) for line in of_type(lines, name) if keep(line)]


def judged(lines):
    """Of a finding what was concluded of all its members."""
    return {(line['event']['code'], line['server']['ip'], line['server'].get('port')):
            (line['shakeout']['owner'], json.dumps(line['shakeout'].get('common')))
            for line in of_type(lines, 'finding') if 'server' in line}


def part_complaints(name, lines, part, keep):
    """A part of the report: its connections are those of the whole, and so is what is said of its groups."""
    if shown(part, 'connection', lambda line: True) != shown(lines, 'connection', keep):
        yield f'{name}: other connections than the whole report has'
    whole = judged(lines)
    for key, said in judged(part).items():
        if whole.get(key) != said:
            yield f'{name}: {key[0]} was judged in another way'
    counts, left = part[-1]['shakeout'], part[-1]['shakeout']['left_out_by_filter']
    for what, key in (('connections', 'connections'), ('endpoints', 'endpoints'), ('lookups', 'lookups')):
        if counts[key]['total'] + left[what] != lines[-1]['shakeout'][key]['total']:
            yield f'{name}: {what} shown and left out do not add up'
    yield from (f'{name}: {complaint}' for complaint in line_complaints(part, counts))


def filter_complaints(binary, args, capture, lines):
    """With filters: one endpoint, one finding, the second half."""
    failing = [line for line in of_type(lines, 'connection') if line['event']['outcome'] == 'failure']
    if not failing:
        return
    client, finding = failing[0]['client']['ip'], failing[0]['shakeout']['primary']
    since = failing[len(failing) // 2]['event']['start']
    for name, options, keep in (
            ('--endpoint', ['--endpoint', client], lambda line: line['client']['ip'] == client),
            ('--finding', ['--finding', finding], lambda line: finding in line['shakeout']['findings']
             or line['shakeout']['primary'] == finding),
            ('--since', ['--since', since], lambda line: line['event']['end'] >= since)):
        part = told(binary, [*args, *options, '--format', 'jsonl'], capture)
        yield from part_complaints(name, lines, [json.loads(line) for line in part.splitlines()], keep)


def complaints_of(binary, args, capture, folder):
    page = pathlib.Path(folder) / 'page.html'
    lines = [json.loads(line) for line in told(binary, [*args, '--format', 'jsonl'], capture).splitlines()]
    summary = lines[-1]['shakeout']
    if 'left_out' in summary:
        return []
    text = told(binary, [*args, '--width', '110', '--html', str(page), '--force'], capture)
    return [*line_complaints(lines, summary), *story_complaints(lines), *success_complaints(lines), *together_complaints(lines),
            *text_complaints(text, summary['endpoints']),
            *filter_complaints(binary, args, capture, lines), *page_complaints(page.read_text(), summary['endpoints']),
            *note_complaints(lines, text, page.read_text(), told(binary, [*args, '--format', 'summary'], capture)),
            *matrix_complaints(told(binary, [*args, '--matrix=csv'], capture), lines)]


def captures(names, folder):
    for case in cases.cases_read(names):
        if names or WITH_MANY.match(case.name):
            yield case.name, case.args, case.capture
    if not names:
        fleet.fleet_write(fleet.fleet_make(60, 12, 1), pathlib.Path(folder) / 'fleet.pcap')
        yield 'a fleet', [], pathlib.Path(folder) / 'fleet.pcap'


def main(binary, names):
    failed = number = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, args, capture) in enumerate(captures(names, folder), 1):
            found = complaints_of(str(pathlib.Path(binary).resolve()), args, capture, folder)
            failed |= bool(found)
            print(f'{"not ok" if found else "ok"} {number} - counts of {name}')
            print(''.join(f'  # {complaint}\n' for complaint in found[:10]), end='')
    print(f'1..{number}')
    return failed


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], sys.argv[2:]))
