#!/usr/bin/env python3
"""Measures shakeout against libpcap's empty loop and against tshark, on captures of known content.

    bench.py BINARY [--scale X] [--keep FOLDER] [PART...]

Parts: A (handshakes, 1.06 GB, 180,000 connections, 28 packets each), B (bulk, 2.3 GB), C (1.4 million half-open
connections, 1.0 GB), D (100,000 handshakes of TLS 1.2, 50 certificates, 0.46 GB), tshark (A, beside tshark), growth
(a million flows open against a thousand), twice (memory after twice the packets), small (ten packets), shares (of X.509
and of grouping, by callgrind), endpoints (a million connections of 10,000 endpoints).  All unless some are named.

The captures are made by generate.c in a temporary folder (at most 4.5 GB at a time; --scale 0.1 makes them a tenth).
With --keep they stay in a folder, and are taken from there when they are wanted again.
Only CPU seconds (user and system) of processes on the same file in the same run are compared; of several runs the
fastest counts, on both sides, because other work on the machine only ever adds.  Instructions are counted by callgrind
over small captures of the same kind, as the difference of two sizes: what happens once a run falls out.  What shakeout
counts is held against the generator's truth each time, and so is its exit status: a fast wrong answer is no result.
tshark reads the same capture from its first packet to its last.  Output: TAP; lines with # are figures without a goal.
"""
import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import instructions

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ['-std=c11', '-D_DEFAULT_SOURCE', '-O2', '-Wall', '-Wextra']
RUNS = 5
BESIDE_TSHARK = 2  # and tshark once: it takes minutes
HEALTHY, FAILURES, NO_VERDICT = 0, 1, 3  # exit statuses of shakeout

# goals
FASTER_THAN_TSHARK = 25
CPU_OF_EMPTY_LOOP = 2.5  # of A
GROWTH = 1.35
TWICE = 1.05
IDLE_BYTES = 128  # a flow, all in
MEMORY_MIB = 256
SMALL_CPU_MS, SMALL_MIB = 15, 20
X509_SHARE, GROUPING_SHARE = 0.05, 0.15
COMMUNITY_ID = ('digest_sha1', 'digest_base64')
CEILING_MIB = 512  # --max-memory, where nobody sets it

FEW, MANY, FLOOD = 1000, 1_000_000, 1_200_000
ENDPOINTS = 10_000
# name: ((kind, flows, open, certificates), exit status)
CAPTURES = {
    'A': (('sessions', 180_000, FEW, 50), FAILURES),
    'B': (('bulk', 2_000, 100, 50), HEALTHY),
    'C': (('half_open', 1_400_000, 1_400_000, 1), FAILURES),
    'D': (('certificates', 100_000, FEW, 50), HEALTHY),
    'half open, few': (('half_open', FLOOD, FEW, 1), FAILURES),
    'half open, many': (('half_open', FLOOD, FLOOD, 1), FAILURES),
    'established, few': (('established', MANY, FEW, 1), NO_VERDICT),
    'established, many': (('established', MANY, MANY, 1), NO_VERDICT),
    'once': (('handshakes', 120_000, FEW, 50), FAILURES),
    'twice': (('handshakes', 240_000, FEW, 50), FAILURES),
    'ten packets': (('established', 1, 1, 1), NO_VERDICT),
    'endpoints': (('handshakes', MANY, FEW, 50, ENDPOINTS), FAILURES),
}
# Two sizes under callgrind, in flows.
COUNTED = {'A': (2_000, 6_000), 'B': (4, 12), 'C': (5_000, 15_000), 'D': (2_000, 6_000)}
TSHARK_FIELDS = ['frame.number', 'tcp.stream', 'ip.src', 'ip.dst', 'tcp.srcport', 'tcp.dstport',
                 'tls.handshake.type', 'tls.handshake.version', 'tls.handshake.extensions_server_name',
                 'tls.handshake.ciphersuite', 'tls.handshake.extensions.supported_version',
                 'x509sat.uTF8String', 'x509af.serialNumber', 'tls.alert_message.level', 'tls.alert_message.desc',
                 '_ws.expert.message', '_ws.expert.severity']

Cost = collections.namedtuple('Cost', 'cpu_s memory_mib status')


class Tap:
    """Prints results and remembers whether any failed."""

    def __init__(self):
        self.number = self.failed = 0

    def result(self, good, words):
        self.number += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.number} - {words}', flush=True)

    def skip(self, words):
        self.number += 1
        print(f'ok {self.number} - {words} # SKIP', flush=True)

    def end(self):
        print(f'1..{self.number}')
        return 1 if self.failed else 0


def note(words):
    print(f'# {words}', flush=True)


# --- running ------------------------------------------------------------------------------------------------

def cost_of(command, out):
    """CPU seconds and peak memory of one process; its output goes to a file."""
    with open(out, 'wb') as f:
        child = subprocess.Popen(command, stdout=f, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, child.returncode)


def best_of(costs):
    return min(costs, key=lambda cost: cost.cpu_s)


def with_status(cost, costs, good):
    """The cost with the first exit status of all that is not the good one."""
    return cost._replace(status=next((c.status for c in costs if c.status != good), good))


def compile_tool(folder, name, sources, library):
    program = folder / name
    paths = [str(HERE / source) for source in sources]
    subprocess.run(['cc', *FLAGS, *paths, library, '-o', str(program)], check=True)
    return str(program)


class Bench:
    def __init__(self, binary, folder, scale, keep):
        self.binary = str(pathlib.Path(binary).resolve())
        self.folder, self.scale = folder, scale
        self.kept = pathlib.Path(keep) if keep else None
        self.generate = compile_tool(folder, 'generate', ['generate.c', 'script.c'], '-lcrypto')
        self.emptyloop = compile_tool(folder, 'emptyloop', ['emptyloop.c'], '-lpcap')
        self.report = folder / 'report.jsonl'

    def make(self, name):
        """(capture, truth); the caller removes the capture when it is done with it."""
        flows = max(1, int(CAPTURES[name][0][1] * self.scale))
        return self.make_sized(name, flows)

    def make_sized(self, name, flows):
        kind, _, most_open, certificates, *clients = CAPTURES[name][0]
        words = [str(word) for word in (kind, flows, min(most_open, flows), certificates)]
        stem = (self.kept or self.folder) / '.'.join(words + [str(n) for n in clients])
        capture, truth = stem.with_name(stem.name + '.pcap'), stem.with_name(stem.name + '.json')
        if not truth.exists():
            subprocess.run([self.generate, *words, str(capture), str(truth), *map(str, clients)], check=True)
        return capture, json.loads(truth.read_text())

    def done_with(self, capture):
        if not self.kept:
            capture.unlink()
            capture.with_suffix('.json').unlink()

    def counted(self, command, name):
        """The counts of a run under callgrind, as a file."""
        out = self.folder / f'callgrind.{name}'
        instructions.run(command, out)
        return out

    def counted_shakeout(self, capture, name='ours'):
        command = [self.binary, '--no-sandbox', '--scope', 'all', '--format', 'jsonl', str(capture)]
        return self.counted(command, name)

    def run_shakeout(self, capture):
        return cost_of([self.binary, '--scope', 'all', '--format', 'jsonl', str(capture)], self.report)

    def run_empty(self, capture):
        return cost_of([self.emptyloop, str(capture)], os.devnull)

    def shakeout(self, capture, status, runs=RUNS):
        costs = [self.run_shakeout(capture) for _ in range(runs)]
        return with_status(best_of(costs), costs, status)

    def beside_loop(self, capture, status):
        """(shakeout, empty loop), run by turns so that both meet the same machine."""
        pairs = [(self.run_shakeout(capture), self.run_empty(capture)) for _ in range(RUNS)]
        ours, loop = zip(*pairs)
        return with_status(best_of(ours), ours, status), with_status(best_of(loop), loop, 0)

    def tshark(self, capture):
        fields = [word for field in TSHARK_FIELDS for word in ('-e', field)]
        command = ['tshark', '-n', '-r', str(capture), '-T', 'fields', *fields]
        return cost_of(command, self.folder / 'tshark.txt')


# --- truth --------------------------------------------------------------------------------------------------

def counts_of(report):
    """What shakeout counted, in the words of the generator's truth."""
    counts = collections.Counter()
    with open(report, encoding='utf-8') as lines:
        for text in lines:
            line = json.loads(text)
            kind, ours = line['event']['dataset'], line['shakeout']
            if kind == 'shakeout.connection':
                counts['connections'] += 1
            elif kind == 'shakeout.tls':
                tls = ours.get('tls', {})
                counts['names'] += 'server_name' in line.get('tls', {}).get('client', {})
                counts['server_hellos'] += any(m['type'] == 'server_hello' for m in tls.get('handshake', []))
                counts['alerts'] += sum(not a.get('encrypted') for a in tls.get('alerts', []))
            counts['packets'] = ours.get('packets', counts['packets'])
    return counts


def check_truth(tap, name, report, truth, cost):
    counts = counts_of(report)
    wrong = [f'{key} {counts[key]}, made {truth[key]}'
             for key in ('packets', 'connections', 'names', 'server_hellos', 'alerts') if counts[key] != truth[key]]
    if cost.status != CAPTURES[name][1]:
        wrong.append(f'exit status {cost.status}, not {CAPTURES[name][1]}')
    tap.result(not wrong, f'{name}: the counts are those of the generator' + ''.join(f'; {w}' for w in wrong))


# --- the goals ----------------------------------------------------------------------------------------------

def nanoseconds(cost, truth):
    return cost.cpu_s / truth['packets'] * 1e9


def size_of(path):
    return f'{path.stat().st_size / 1e9:.2f} GB'


def against_loop(tap, bench, name, capture, truth, goal):
    """Both over the same file; without a goal the ratio is only printed."""
    ours, loop = bench.beside_loop(capture, CAPTURES[name][1])
    ratio = ours.cpu_s / loop.cpu_s
    words = (f'{name}, {size_of(capture)}, {truth["packets"]} packets: {ours.cpu_s:.2f} s, empty loop '
             f'{loop.cpu_s:.2f} s, ratio {ratio:.2f}, {ours.memory_mib:.0f} MiB')
    if goal:
        tap.result(ratio <= goal, f'{words}, goal {goal}')
    else:
        note(words)
    check_truth(tap, name, bench.report, truth, ours)


def against_tshark(tap, bench):
    """The whole capture for both."""
    if not shutil.which('tshark'):
        tap.skip('tshark is not installed')
        return
    name = 'A'
    capture, truth = bench.make(name)
    ours = bench.shakeout(capture, CAPTURES[name][1], BESIDE_TSHARK)
    check_truth(tap, name, bench.report, truth, ours)
    theirs = bench.tshark(capture)
    if theirs.status != 0:
        tap.result(False, f'tshark ended with {theirs.status}')
        return
    ratio = theirs.cpu_s / ours.cpu_s
    tap.result(ratio >= FASTER_THAN_TSHARK,
               f'{name}, {size_of(capture)}: tshark {theirs.cpu_s:.1f} s, {theirs.memory_mib:.0f} MiB; shakeout '
               f'{ours.cpu_s:.2f} s, {ours.memory_mib:.0f} MiB: {ratio:.0f} times, goal {FASTER_THAN_TSHARK}')
    bench.done_with(capture)


def count_instructions(bench, name):
    """Per flow, of shakeout and of the empty loop: the difference of two sizes."""
    ours, loop, packets = [], [], []
    for flows in COUNTED[name]:
        capture, truth = bench.make_sized(name, flows)
        ours.append(instructions.total(bench.counted_shakeout(capture)))
        loop.append(instructions.total(bench.counted([bench.emptyloop, str(capture)], 'loop')))
        packets.append(truth['packets'])
        bench.done_with(capture)
    flows, more = COUNTED[name][1] - COUNTED[name][0], packets[1] - packets[0]
    note(f'{name}, {more / flows:.1f} packets a flow: {(ours[1] - ours[0]) / flows:.0f} instructions a flow, empty loop '
         f'{(loop[1] - loop[0]) / flows:.0f}, ratio {(ours[1] - ours[0]) / (loop[1] - loop[0]):.2f}')


def one_capture(name, goal=None):
    def part(tap, bench):
        capture, truth = bench.make(name)
        against_loop(tap, bench, name, capture, truth, goal)
        bench.done_with(capture)
        if shutil.which('valgrind'):
            count_instructions(bench, name)
    return part


def growth_of(tap, bench, name):
    """The same flows in another order: a thousand under way at a time, and a million."""
    per_packet, memory = {}, {}
    for many in 'few', 'many':
        capture, truth = bench.make(f'{name}, {many}')
        cost = bench.shakeout(capture, CAPTURES[f'{name}, {many}'][1])
        per_packet[many], memory[many] = nanoseconds(cost, truth), cost.memory_mib
        note(f'{name}, {many}: {per_packet[many]:.0f} ns a packet, {cost.memory_mib:.0f} MiB')
        check_truth(tap, f'{name}, {many}', bench.report, truth, cost)
        bench.done_with(capture)
    ratio = per_packet['many'] / per_packet['few']
    flows = truth['connections']
    tap.result(ratio <= GROWTH, f'{name}: {flows} flows open against a thousand: {ratio:.2f}, goal {GROWTH}')
    tap.result(memory['many'] < MEMORY_MIB,
               f'{name}: {memory["many"]:.0f} MiB with {flows} flows open, goal {MEMORY_MIB}')
    idle = (memory['many'] - memory['few']) * 2**20 / flows
    tap.result(idle <= IDLE_BYTES, f'{name}: {idle:.0f} bytes an open flow, goal {IDLE_BYTES}')


def growth(tap, bench):
    growth_of(tap, bench, 'half open')
    growth_of(tap, bench, 'established')


def twice(tap, bench):
    """As many under way and twice as many packets: memory must not follow."""
    memory = []
    for name in 'once', 'twice':
        capture, truth = bench.make(name)
        cost = bench.run_shakeout(capture)
        check_truth(tap, name, bench.report, truth, cost)
        memory.append(cost.memory_mib)
        bench.done_with(capture)
    tap.result(memory[1] <= TWICE * memory[0], f'memory after twice the packets: {memory[0]:.0f} and {memory[1]:.0f} MiB, '
               f'{memory[1] / memory[0]:.2f}, goal {TWICE}')


def small(tap, bench):
    capture, truth = bench.make_sized('ten packets', 1)
    cost = bench.shakeout(capture, CAPTURES['ten packets'][1])
    check_truth(tap, 'ten packets', bench.report, truth, cost)
    tap.result(cost.cpu_s * 1000 <= SMALL_CPU_MS and cost.memory_mib <= SMALL_MIB,
               f'{truth["packets"]} packets: {cost.cpu_s * 1000:.0f} ms, {cost.memory_mib:.0f} MiB, goal {SMALL_CPU_MS} ms, '
               f'{SMALL_MIB} MiB')


def share(tap, bench, name, sizes, parts):
    """Shares of parts in a run of the full size, drawn out of two small ones in a straight line.

    parts: (what, goal or None, its cost out of the counts).
    """
    runs = []
    for flows in sizes:
        capture, _ = bench.make_sized(name, flows)
        counts = bench.counted_shakeout(capture)
        runs.append([instructions.total(counts)] + [cost_of(counts) for _, _, cost_of in parts])
        bench.done_with(capture)
    full = CAPTURES[name][0][1]
    at_full = [b + (b - a) / (sizes[1] - sizes[0]) * (full - sizes[1]) for a, b in zip(*runs)]
    for i, (what, goal, _) in enumerate(parts, 1):
        part = at_full[i] / at_full[0]
        words = ', '.join(f'{100 * run[i] / run[0]:.1f} % at {flows}' for run, flows in zip(runs, sizes))
        words = f'{what}: {words} connections, so {100 * part:.1f} % at {full}'
        if goal:
            tap.result(part < goal, f'{words}, goal {100 * goal:.0f} %')
        else:
            note(words)


def shares(tap, bench):
    """A program that is not optimised across files tells more exactly: functions stay where they are."""
    if not shutil.which('valgrind'):
        tap.skip('valgrind is not installed')
        return

    def x509(counts, without=()):
        return instructions.cost_of(counts, 'x509', bench.binary, 'libcrypto', without)

    share(tap, bench, 'D', (1_000, 4_000), [
        ('src/x509 and libcrypto, of all TLS 1.2', X509_SHARE, x509),
        ('without the Community ID', None, lambda counts: x509(counts, COMMUNITY_ID))])
    share(tap, bench, 'endpoints', (ENDPOINTS, 2 * ENDPOINTS), [
        (f'grouping, {ENDPOINTS} endpoints', GROUPING_SHARE,
         lambda counts: instructions.cost_of(counts, 'correlate', bench.binary))])


def endpoints(tap, bench):
    capture, truth = bench.make('endpoints')
    cost = bench.run_shakeout(capture)
    check_truth(tap, 'endpoints', bench.report, truth, cost)
    tap.result(cost.memory_mib < CEILING_MIB, f'{ENDPOINTS} endpoints, {truth["connections"]} connections, {size_of(capture)}: '
               f'{cost.cpu_s:.2f} s, {cost.memory_mib:.0f} MiB, ceiling {CEILING_MIB}')
    bench.done_with(capture)


PARTS = {
    'A': one_capture('A', CPU_OF_EMPTY_LOOP),
    'B': one_capture('B'),
    'C': one_capture('C'),
    'D': one_capture('D'),
    'tshark': against_tshark,
    'growth': growth,
    'twice': twice,
    'small': small,
    'shares': shares,
    'endpoints': endpoints,
}


def measure(bench, parts):
    tap = Tap()
    for part in parts:
        PARTS[part](tap, bench)
    return tap.end()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('binary')
    parser.add_argument('parts', nargs='*', metavar='PART', help=', '.join(PARTS))
    parser.add_argument('--scale', type=float, default=1.0)
    parser.add_argument('--keep', metavar='FOLDER')
    args = parser.parse_intermixed_args()
    unknown = [part for part in args.parts if part not in PARTS]
    if unknown:
        parser.error(f'no such part: {", ".join(unknown)}')
    return args


def main():
    args = arguments()
    with tempfile.TemporaryDirectory(prefix='shakeout-bench.') as folder:
        return measure(Bench(args.binary, pathlib.Path(folder), args.scale, args.keep), args.parts or list(PARTS))


if __name__ == '__main__':
    sys.exit(main())
