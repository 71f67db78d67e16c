#!/usr/bin/env python3
"""Measures shakeout against libpcap's empty loop and against tshark, on captures of known content.

    bench.py BINARY [--scale X]

The captures are made by generate.c in a temporary folder (about 3 GB; --scale 0.1 makes them a tenth).  Only CPU
seconds (user and system) of processes on the same file in the same run are compared; of several runs the fastest
counts, on both sides, because other work on the machine only ever adds.  What shakeout counts is held against the
generator's truth each time, and so is its exit status: a fast wrong answer is no result.  tshark reads the same
capture from its first packet to its last.  Output: TAP; lines with # are figures without a goal.
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

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ['-std=c11', '-D_DEFAULT_SOURCE', '-O2', '-Wall', '-Wextra']
RUNS = 5
TSHARK_RUNS = 2
HEALTHY, FAILURES, NO_VERDICT = 0, 1, 3  # exit statuses of shakeout

# goals
FASTER_THAN_TSHARK = 25
CPU_OF_EMPTY_LOOP = 2.5
GROWTH = 1.5
MEMORY_MIB = 400

FEW, MANY = 1000, 1_000_000
# name: ((kind, flows, open, certificates), exit status)
CAPTURES = {
    'handshakes': (('handshakes', 240_000, FEW, 50), FAILURES),
    'bulk': (('bulk', 500, 100, 50), HEALTHY),
    'certificates': (('certificates', 100_000, FEW, 50), HEALTHY),
    'half open, few': (('half_open', MANY, FEW, 1), FAILURES),
    'half open, many': (('half_open', MANY, MANY, 1), FAILURES),
    'established, few': (('established', MANY, FEW, 1), NO_VERDICT),
    'established, many': (('established', MANY, MANY, 1), NO_VERDICT),
}
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
    def __init__(self, binary, folder, scale):
        self.binary = str(pathlib.Path(binary).resolve())
        self.folder, self.scale = folder, scale
        self.generate = compile_tool(folder, 'generate', ['generate.c', 'script.c'], '-lcrypto')
        self.emptyloop = compile_tool(folder, 'emptyloop', ['emptyloop.c'], '-lpcap')
        self.report = folder / 'report.jsonl'

    def make(self, name):
        """(capture, truth); the caller removes the capture when it is done with it."""
        kind, flows, most_open, certificates = CAPTURES[name][0]
        flows = max(1, int(flows * self.scale))
        capture, truth = self.folder / 'bench.pcap', self.folder / 'truth.json'
        subprocess.run([self.generate, kind, str(flows), str(min(most_open, flows)), str(certificates),
                        str(capture), str(truth)], check=True)
        return capture, json.loads(truth.read_text())

    def run_shakeout(self, capture):
        return cost_of([self.binary, '--scope', 'all', '--format', 'jsonl', str(capture)], self.report)

    def run_empty(self, capture):
        return cost_of([self.emptyloop, str(capture)], os.devnull)

    def shakeout(self, capture, status):
        costs = [self.run_shakeout(capture) for _ in range(RUNS)]
        return with_status(best_of(costs), costs, status)

    def beside_loop(self, capture, status):
        """(shakeout, empty loop), run by turns so that both meet the same machine."""
        pairs = [(self.run_shakeout(capture), self.run_empty(capture)) for _ in range(RUNS)]
        ours, loop = zip(*pairs)
        return with_status(best_of(ours), ours, status), with_status(best_of(loop), loop, 0)

    def tshark(self, capture):
        fields = [word for field in TSHARK_FIELDS for word in ('-e', field)]
        command = ['tshark', '-n', '-r', str(capture), '-T', 'fields', *fields]
        costs = [cost_of(command, self.folder / 'tshark.txt') for _ in range(TSHARK_RUNS)]
        return with_status(best_of(costs), costs, 0)


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
    return ours


def against_tshark(tap, bench, capture, ours):
    """The whole capture for both."""
    if not shutil.which('tshark'):
        tap.skip('tshark is not installed')
        return
    theirs = bench.tshark(capture)
    if theirs.status != 0:
        tap.result(False, f'tshark ended with {theirs.status}')
        return
    ratio = theirs.cpu_s / ours.cpu_s
    tap.result(ratio >= FASTER_THAN_TSHARK,
               f'handshakes, {size_of(capture)}: tshark {theirs.cpu_s:.1f} s, {theirs.memory_mib:.0f} MiB; shakeout '
               f'{ours.cpu_s:.2f} s, {ours.memory_mib:.0f} MiB: {ratio:.0f} times, goal {FASTER_THAN_TSHARK}')


def handshakes(tap, bench):
    capture, truth = bench.make('handshakes')
    ours = against_loop(tap, bench, 'handshakes', capture, truth, CPU_OF_EMPTY_LOOP)
    against_tshark(tap, bench, capture, ours)
    capture.unlink()


def beside_loop(tap, bench, name):
    capture, truth = bench.make(name)
    against_loop(tap, bench, name, capture, truth, None)
    capture.unlink()


def growth(tap, bench, name):
    """The same flows in another order: a thousand under way at a time, and a million."""
    per_packet = {}
    for many in 'few', 'many':
        capture, truth = bench.make(f'{name}, {many}')
        cost = bench.shakeout(capture, CAPTURES[f'{name}, {many}'][1])
        per_packet[many] = nanoseconds(cost, truth)
        note(f'{name}, {many}: {per_packet[many]:.0f} ns a packet, {cost.memory_mib:.0f} MiB')
        check_truth(tap, f'{name}, {many}', bench.report, truth, cost)
        capture.unlink()
    ratio = per_packet['many'] / per_packet['few']
    tap.result(ratio <= GROWTH, f'{name}: a million flows open against a thousand: {ratio:.2f}, goal {GROWTH}')
    tap.result(cost.memory_mib < MEMORY_MIB,
               f'{name}: {cost.memory_mib:.0f} MiB with a million flows open, goal {MEMORY_MIB}')


def measure(bench):
    tap = Tap()
    handshakes(tap, bench)
    beside_loop(tap, bench, 'bulk')
    beside_loop(tap, bench, 'certificates')
    growth(tap, bench, 'half open')
    growth(tap, bench, 'established')
    return tap.end()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('binary')
    parser.add_argument('--scale', type=float, default=1.0)
    return parser.parse_args()


def main():
    args = arguments()
    with tempfile.TemporaryDirectory(prefix='shakeout-bench.') as folder:
        return measure(Bench(args.binary, pathlib.Path(folder), args.scale))


if __name__ == '__main__':
    sys.exit(main())
