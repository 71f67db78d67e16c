#!/usr/bin/env python3
"""Runs shakeout over the cases in captures/ and holds its words against theirs.

    run.py BINARY [--properties] [--wrapper COMMAND] [--jobs N] [CASE...]

Each case asserts the facts of its expect.txt (captures/README.md explains the keys).  With --properties, each case
is also run as other captures of the same event: every packet twice, cut by a snap length, one direction only, ended
a second after the event, broken off early, out of order, cut into other segments.  Then the cause may weaken and
never change: see PERMITTED.  The smallest cases are cut at every octet.  Output: TAP.
"""
import argparse
import base64
import collections
import concurrent.futures
import ipaddress
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import pcapfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIME_LIMIT_S = 60
WORDS = ['possible', 'probable', 'certain']
MILLISECOND, SECOND = 10**6, 10**9

# What a cause may weaken to when part of the evidence is gone, besides itself and what cannot be told.
PERMITTED = {
    # The words of a filter's page, once they are cut away, leave the status or the plain text alone.
    'tls.intercept.block_page': ['app.http.403', 'tls.not_tls.server_plaintext'],
    # The owner of a refusal rests on other packets of the same server.
    'tcp.syn.refused_by_host': ['tcp.syn.refused'],
    'tcp.syn.refused_by_middlebox': ['tcp.syn.refused'],
    # A capture that ends earlier holds fewer SYNs of the same attempt.
    'tcp.syn.silent_drop': ['tcp.syn.single_unanswered'],
    # A visible certificate, once it is cut away, leaves the alert or the close alone (findings, rule R10).
    'tls.cert.rejected_by_client': ['tls.cert.rejected_by_client.bad_certificate',
                                    'tls.cert.rejected_by_client.unknown',
                                    'tls.cert.rejected_by_client.unknown_ca',
                                    'tls.cert.rejected_by_client.silent_close',
                                    'tls.client.closed_midway', 'tcp.reset.by_client'],
    # The issuer, once it is cut away, leaves what the client says of its certificate.
    'tls.intercept.fortigate': ['tls.cert.rejected_by_client.unknown_ca'],
    'tls.intercept.other': ['tls.cert.rejected_by_client.unknown_ca'],
    'tls.intercept.fortigate_untrusted': ['tls.cert.rejected_by_client.unknown_ca'],
    'tls.wrong_endpoint.fortigate_8013': ['tls.cert.rejected_by_client.unknown_ca'],
    'tls.clientcert.broken_by_inspection': ['tls.clientcert.required'],
    # The request for a certificate, once it is cut away, leaves an alert whose subject is unknown (rule R6).
    'tls.clientcert': ['tls.handshake_failure'],
    # What both sides offered, once it is cut away, leaves the alert that says no.
    'tls.cipher.none_common': ['tls.handshake_failure'],
    'tls.sni': ['tls.handshake_failure'],
    'tls.group.none_common': ['tls.handshake_failure'],
    'tls.sigalg.none_common': ['tls.handshake_failure'],
    # The sizes that explain a silence, once they are gone, leave the silence.
    'tcp.mtu_blackhole.clienthello': ['tcp.clienthello.unanswered'],
    # Without the whole DNS answer nobody knows that two addresses have one name.
    'dns.ipv6_first_fail': ['tcp.syn.silent_drop'],
}
# What a capture that ends before the event may say, rightly: what had happened until then.
BEFORE = {
    # The login may come on the next connection.
    'ok.tcp.no_tls': ['app.http.401', 'proxy.connect.407'],
    'icmp': ['tcp.syn.silent_drop', 'tcp.syn.single_unanswered'],
    'tcp.reset.both_ends': ['tcp.reset.injected', 'tcp.reset.by_client', 'tcp.reset.by_server'],
}
# These read the size of segments; cutting segments in two makes another event of them.
SIZE_IS_THE_EVENT = ('tcp.mtu_blackhole', 'icmp.frag_needed', 'icmp.frag_needed_ignored',
                     'tcp.clienthello.split_dropped')

Outcome = collections.namedtuple('Outcome', 'id owner fact cause frames')
Run = collections.namedtuple('Run', 'exit stderr outcomes ids evidence complaints')
Case = collections.namedtuple('Case', 'name capture args exit primary findings frames absent unseen complaints')


# --- cases --------------------------------------------------------------------------------------------------

def endpoint(text):
    """10.0.0.10:8013, 2001:db8::10:8013 or [2001:db8::10]:8013 as a pair."""
    address, port = text.rsplit(':', 1)
    return address.strip('[]'), int(port)


def case_read(folder):
    args, exit_code, primary, findings, frames, absent, unseen, complaints = [], None, [], [], [], [], [], []
    for line in (folder / 'expect.txt').read_text().splitlines():
        key, _, value = line.partition(' ')
        if key == 'args':
            args += [str(folder / arg[2:]) if arg.startswith('./') else arg for arg in shlex.split(value)]
        elif key == 'exit':
            exit_code = int(value)
        elif key == 'primary':
            client, server, *rest = value.split()
            primary.append(((endpoint(client), endpoint(server)), Outcome(*rest, [])))
        elif key == 'finding':
            findings.append(value.strip())
        elif key == 'frames':
            finding, numbers = value.split()
            frames.append((finding, {int(n) for n in numbers.split(',')}))
        elif key == 'absent':
            absent.append(value.strip())
        elif key == 'unseen':
            client, server, caused = value.split()
            unseen.append(((endpoint(client), endpoint(server)), caused))
        elif line.strip() and not line.startswith('#'):
            complaints.append(f'expect.txt: unknown key {key}')
    captures = sorted([*folder.glob('capture.pcap*'), *folder.glob('capture.txt')])
    if len(captures) != 1:
        complaints.append('there must be one capture.pcap, capture.pcapng or capture.txt')
    return Case(folder.name, captures[0] if captures else None, args, exit_code, primary, findings, frames, absent,
                unseen, complaints)


def tshark_share(arguments):
    """`--every N` at their head: tshark, which takes most of the time, is asked about one case in N."""
    return (int(arguments[1]), arguments[2:]) if arguments[:1] == ['--every'] else (1, arguments)


def cases_read(names):
    folders = sorted(path.parent for path in (ROOT / 'captures').glob('*/expect.txt'))
    unknown = set(names) - {folder.name for folder in folders}
    if unknown:
        sys.exit(f'run.py: no such case: {" ".join(sorted(unknown))}')
    return [case_read(folder) for folder in folders if not names or folder.name in names]


def captures_of(arguments):
    """(name, capture, options) of the cases named, or of all; of foreign captures with --corpus FOLDER."""
    if arguments[:1] == ['--corpus']:
        for path in sorted(pathlib.Path(arguments[1]).rglob('*')):
            if path.suffix in ('.pcap', '.pcapng', '.cap', '.txt') and path.is_file():
                yield str(path.relative_to(arguments[1])), path, ['--scope', 'all']
        return
    for case in cases_read(arguments):
        yield case.name, case.capture, case.args


# --- running ------------------------------------------------------------------------------------------------

def known_ids():
    lines = (ROOT / 'src/verdict/findings.tsv').read_text().splitlines()
    return {line.split('\t')[0] for line in lines[1:]}


KNOWN = known_ids()


def under(finding, prefix):
    return finding == prefix or finding.startswith(prefix + '.')


def pair_of(line):
    return tuple((line[side]['ip'], line[side]['port']) for side in ('client', 'server'))


def outcome_of(line):
    ours = line['shakeout']
    return Outcome(ours['primary'], ours.get('owner', '-'), ours.get('confidence', '-'),
                   ours.get('cause', {}).get('confidence', '-'), ours.get('frames', []))


def lines_parse(text, complaints):
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            lines.append(json.loads(line))
        except ValueError as error:
            complaints.append(f'line {number} is no JSON: {error}')
    return lines


def ids_of(line):
    ours = line.get('shakeout', {})
    return {ours.get('primary'), line.get('event', {}).get('code'), *ours.get('findings', [])} - {None}


def summary_complaints(lines, status):
    if not lines or lines[-1]['event']['dataset'] != 'shakeout.summary':
        return ['the last line is no summary']
    said = lines[-1]['shakeout'].get('exit_code')
    return [f'the summary says exit code {said}, it was {status}'] if said != status else []


def understand(status, stdout, stderr):
    """What one run said, gathered."""
    complaints, outcomes, ids, evidence = [], {}, set(), collections.defaultdict(set)
    lines = lines_parse(stdout, complaints)
    for line in lines:
        found = ids_of(line)
        ids |= found
        for finding in found:
            evidence[finding] |= set(line['shakeout'].get('frames', []))
        if line['event']['dataset'] in ('shakeout.connection', 'shakeout.dns') and 'primary' in line['shakeout']:
            outcomes.setdefault(pair_of(line), []).append(outcome_of(line))
    if status in (0, 1, 3):
        complaints += summary_complaints(lines, status)
    elif status != 2:
        complaints.append(f'ended with {status}: {stderr[-600:]}')
    complaints += [f'{finding} is not in the catalogue' for finding in sorted(ids - KNOWN)]
    return Run(status, stderr, outcomes, ids, evidence, complaints)


def run(program, args, path):
    command = [*program, *args, '--format', 'jsonl', str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return Run(None, '', {}, set(), {}, [f'still running after {TIME_LIMIT_S} s'])
    return understand(done.returncode, done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace'))


# --- the facts of a case ------------------------------------------------------------------------------------

def agrees(expected, outcome):
    return all(want in ('-', have) for want, have in zip(expected[:4], outcome[:4]))


def show(outcome):
    return ' '.join(outcome[:4])


def fact_complaints(case, result):
    for pair, expected in case.primary:
        have = result.outcomes.get(pair, [])
        if not any(agrees(expected, outcome) for outcome in have):
            yield f'{pair_name(pair)}: want {show(expected)}, have {", ".join(map(show, have)) or "no line"}'
    if case.exit is not None and result.exit != case.exit:
        yield f'want exit code {case.exit}, have {result.exit}'
    for finding in case.findings:
        if finding not in result.ids:
            yield f'{finding} was not raised'
    for pair, caused in case.unseen:
        if caused not in KNOWN or pair not in dict(case.primary):
            yield f'{pair_name(pair)}: unseen must name an id of the catalogue and a labelled connection'
    for finding, frames in case.frames:
        missing = frames - result.evidence.get(finding, set())
        if missing:
            yield f'{finding}: frames {sorted(missing)} are not among its evidence'
    for prefix in case.absent:
        for finding in sorted(result.ids):
            if under(finding, prefix):
                yield f'{finding} was raised'


def pair_name(pair):
    return ' > '.join(f'{address}:{port}' for address, port in pair)


# --- the properties -----------------------------------------------------------------------------------------

def undecided(finding):
    return finding.split('.')[0] in ('cannot_tell', 'capture', 'info')


def permitted(finding, table):
    return [to for prefix, targets in table.items() if under(finding, prefix) for to in targets]


def stronger(word, than):
    return word in WORDS and than in WORDS and WORDS.index(word) > WORDS.index(than)


def weakening_complaint(before, after, earlier):
    """Why `after` is no weaker form of `before`; None when it is.  earlier: the event may be yet to come."""
    if after.id == before.id:
        if after.owner not in (before.owner, 'unknown'):
            return f'the owner {before.owner} became {after.owner}'
        if stronger(after.fact, before.fact) or stronger(after.cause, before.cause):
            return f'{show(before)} grew to {show(after)}'
        return None
    if undecided(after.id) or after.id in permitted(before.id, PERMITTED):
        return None
    if earlier and (after.id.startswith('ok.') or after.id in permitted(before.id, BEFORE)):
        return None
    if after.id.startswith('ok.') and before.id.startswith('ok.'):
        return None
    return f'{show(before)} changed to {show(after)}'


def property_complaints(case, whole, result, earlier):
    """Each labelled connection of the changed capture, held against the whole one."""
    yield from result.complaints
    for pair, _ in case.primary:
        before = whole.outcomes.get(pair, [])
        for after in result.outcomes.get(pair, []):
            verdicts = [weakening_complaint(b, after, earlier) for b in before]
            if verdicts and all(verdicts):
                yield f'{pair_name(pair)}: {verdicts[0]}'
    if result.exit == 2:
        yield f'could not run: {result.stderr.strip()}'


def address_octets(text):
    return ipaddress.ip_address(text).packed


def event_end(case, whole, packets):
    """A second after the last packet that the verdict of the failing connections rests on."""
    frames = {n for _, numbers in case.frames for n in numbers}
    for pair, _ in case.primary:
        for outcome in whole.outcomes.get(pair, []):
            if not outcome.id.startswith('ok.'):
                frames |= set(outcome.frames)
    frames = [n for n in frames if n <= len(packets)]
    return packets[max(frames) - 1].time_ns + SECOND if frames else None


def variants(case, whole):
    """(name, link, packets, earlier): the same event, captured otherwise."""
    link, packets = pcapfile.read(case.capture)
    client = address_octets(case.primary[0][0][0][0])
    yield 'written again', link, packets, False
    yield 'every packet twice', link, pcapfile.duplicated(packets, 0), False
    yield 'every packet again 10 us later', link, pcapfile.duplicated(packets, 10_000), False
    yield 'snap length 96', link, pcapfile.snapped(packets, 96), False
    yield 'only what the client sent', link, pcapfile.one_direction(link, packets, client, True), False
    yield 'only what the client was sent', link, pcapfile.one_direction(link, packets, client, False), False
    yield 'neighbours swapped', link, pcapfile.swapped(link, packets, MILLISECOND), False
    if not any(under(expected.id, size) for _, expected in case.primary for size in SIZE_IS_THE_EVENT):
        yield 'cut into other segments', link, pcapfile.resegmented(link, packets), False
    end = event_end(case, whole, packets)
    if end:
        yield 'ended a second after the event', link, pcapfile.until(packets, end), False
    for quarter in 1, 2, 3:
        yield f'{quarter} of 4 quarters', link, packets[:len(packets) * quarter // 4], True


class Bench:
    """One way to run the program: its command and a folder for changed captures."""

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder)
        self.kept = {}

    def keep(self, case, variant, result):
        """What accuracy.py asks of a run, so that it need not run it again; the variant '' is the case itself."""
        outcomes = [[pair, [outcome.id for outcome in found]] for pair, found in result.outcomes.items()]
        self.kept.setdefault(case.name, {})[variant] = {'ids': sorted(result.ids), 'outcomes': outcomes}

    def on_bytes(self, name, args, data):
        path = self.folder / name
        path.write_bytes(data)
        result = run(self.program, args, path)
        path.unlink()
        return result

    def on_packets(self, name, args, link, packets):
        path = self.folder / name
        pcapfile.write(path, link, packets)
        result = run(self.program, args, path)
        path.unlink()
        return result


# --- secrets ------------------------------------------------------------------------------------------------

KEY_LINE = re.compile(rb'((?:CLIENT_RANDOM|[A-Z]+_\w*TRAFFIC_SECRET\w*) [0-9a-fA-F]{64} ([0-9a-fA-F]{64,96}))')
FORMS = [['--format', 'jsonl'], [], ['-vv'], ['-v', '--ascii'], ['-vv', '--unicode', '--color', 'always'], ['-q'], ['-n']]


def secrets_of(case):
    """Each secret that the capture carries or that lies beside it, as it may be written."""
    log = case.capture.with_name('keys.txt')
    text = case.capture.read_bytes() + (log.read_bytes() if log.exists() else b'')
    for _, digits in set(KEY_LINE.findall(text)):
        raw = bytes.fromhex(digits.decode())
        yield from (digits.lower(), raw[:16], base64.b64encode(raw)[:24])


def with_secrets(bench, case):
    """The options of a case whose packets are written again: what its file carries goes into a key log."""
    lines = [line for line, _ in KEY_LINE.findall(case.capture.read_bytes())]
    if not lines:
        return case.args
    log = bench.folder / f'{case.name}.keys.txt'
    log.write_bytes(b'\n'.join(lines) + b'\n')
    return [*case.args, '--keylog', str(log)]


def secret_complaints(program, case):
    """No output may show a secret, nor half of one."""
    secrets = list(secrets_of(case))
    for form in FORMS if secrets else []:
        done = subprocess.run([*program, *case.args, *form, str(case.capture)], capture_output=True,
                              timeout=TIME_LIMIT_S, check=False)
        output = done.stdout + done.stderr
        if any(secret[:32] in output or secret[:32] in output.lower() for secret in secrets):
            yield f'a secret comes out with {" ".join(form) or "no option"}'


def facts_of(bench, case):
    if case.complaints:
        return [(case.name, case.complaints)], None
    whole = run(bench.program, case.args, case.capture)
    bench.keep(case, '', whole)
    return [(case.name, [*whole.complaints, *fact_complaints(case, whole),
                         *secret_complaints(bench.program, case)])], whole


def text_properties_of(bench, case, whole):
    """The same for text, which may break off in the middle of a line."""
    data = case.capture.read_bytes()
    for eighth in range(1, 8):
        result = bench.on_bytes(f'{case.name}.{eighth}.txt', case.args, data[:len(data) * eighth // 8])
        yield f'{case.name}: {eighth} of 8 parts', list(property_complaints(case, whole, result, True))
    result = bench.on_bytes(f'{case.name}.crlf.txt', case.args, data.replace(b'\r', b'').replace(b'\n', b'\r\n'))
    yield f'{case.name}: CR LF', list(property_complaints(case, whole, result, False))


def properties_of(bench, case, whole):
    if case.capture.suffix == '.txt':
        yield from text_properties_of(bench, case, whole)
        return
    args = with_secrets(bench, case)
    for i, (name, link, packets, earlier) in enumerate(variants(case, whole)):
        result = bench.on_packets(f'{case.name}.{i}.pcap', args, link, packets)
        bench.keep(case, name, result)
        yield f'{case.name}: {name}', list(property_complaints(case, whole, result, earlier))


def case_results(bench, case, properties):
    results, whole = facts_of(bench, case)
    if properties and whole and case.primary:
        results += properties_of(bench, case, whole)
    return results


# --- a file that breaks off ---------------------------------------------------------------------------------

def cut_complaint(n, header, borders, result):
    if result.complaints:
        return result.complaints[0]
    if n < header and n not in borders:
        return None if result.exit == 2 else f'want exit code 2, have {result.exit}'
    if result.exit not in (0, 1, 3):
        return f'want a report, have exit code {result.exit}'
    damaged = 'capture.damaged' in result.ids
    if damaged != (n not in borders):
        return f'capture.damaged was {"" if damaged else "not "}raised'
    if result.stderr.count('\n') > 2:
        return f'more than a sentence: {result.stderr}'
    return None


def cut_everywhere(bench, case):
    """The header of a pcapng file is its section header and the first description of an interface."""
    data = case.capture.read_bytes()
    borders = pcapfile.borders(data)
    header = borders[1 if case.capture.suffix == '.pcapng' else 0]
    complaints = []
    for n in range(len(data)):
        result = bench.on_bytes(f'{case.name}.cut', case.args, data[:n])
        complaint = cut_complaint(n, header, borders, result)
        if complaint:
            complaints.append(f'after {n} octets: {complaint}')
    return [(f'{case.name}: cut at each of {len(data)} octets', complaints)]


def smallest(cases, suffix):
    fitting = [case for case in cases
               if case.capture and case.capture.suffix == suffix and not list(secrets_of(case))]
    return min(fitting, key=lambda case: case.capture.stat().st_size, default=None)


# --- TAP ----------------------------------------------------------------------------------------------------

def jobs_of(bench, cases, properties):
    jobs = [lambda case=case: case_results(bench, case, properties) for case in cases]
    if properties:
        small = [smallest(cases, suffix) for suffix in ('.pcap', '.pcapng')]
        jobs += [lambda case=case: cut_everywhere(bench, case) for case in small if case]
    return jobs


def say(number, name, complaints):
    print(f'{"not ok" if complaints else "ok"} {number} - {name}')
    for complaint in complaints[:10]:
        print('    ' + complaint.replace('\n', '\n    '))
    sys.stdout.flush()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('binary')
    parser.add_argument('--properties', action='store_true')
    parser.add_argument('--keep', metavar='FILE', help='write what accuracy.py asks of each run')
    parser.add_argument('--wrapper', default='', help='run the program under this command')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('cases', nargs='*', metavar='CASE')
    return parser.parse_intermixed_args()


def main():
    args = arguments()
    program = [*shlex.split(args.wrapper), str(pathlib.Path(args.binary).resolve())]
    if args.wrapper:
        program.append('--no-sandbox')  # the wrapper works inside the process, and needs rights of its own
    number = failed = 0
    with tempfile.TemporaryDirectory(prefix='shakeout-cases.') as folder, \
            concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        bench = Bench(program, folder)
        jobs = jobs_of(bench, cases_read(args.cases), args.properties)
        for results in pool.map(lambda job: job(), jobs):
            for name, complaints in results:
                number += 1
                failed += bool(complaints)
                say(number, name, complaints)
    if args.keep:
        pathlib.Path(args.keep).write_text(json.dumps(bench.kept))
    print(f'1..{number}')
    return 1 if failed or not number else 0


if __name__ == '__main__':
    sys.exit(main())
