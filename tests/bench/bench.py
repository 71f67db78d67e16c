#!/usr/bin/env python3
"""Measures shakeout against libpcap's empty loop and against tshark, on captures of known content.

    bench.py BINARY [--scale X]

The captures are made by generate.c in a temporary folder (about 3 GB; --scale 0.1 makes them a tenth).  Only CPU
seconds (user and system) of processes on the same file in the same run are compared; of several runs the fastest
counts, because other work on the machine only ever adds.  What shakeout counts is held against the generator's truth
each time: a fast wrong answer is no result.  tshark reads a tenth of the flows and its time is multiplied by ten,
which is kind to it: its time grows faster than the file.  Output: TAP; lines with # are figures without a goal.
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
RUNS = 3
TSHARK_PART = 10

# goals
FASTER_THAN_TSHARK = 25
CPU_OF_EMPTY_LOOP = 2.5
GROWTH = 1.5
MEMORY_MIB = 400

FEW, MANY = 1000, 1_000_000
# name: (kind, flows, open, certificates)
CAPTURES = {
    'handshakes': ('handshakes', 240_000, FEW, 50),
    'bulk': ('bulk', 500, 100, 50),
    'certificates': ('certificates', 100_000, FEW, 50),
    'half open, few': ('half_open', MANY, FEW, 1),
    'half open, many': ('half_open', MANY, MANY, 1),
    'established, few': ('established', MANY, FEW, 1),
    'established, many': ('established', MANY, MANY, 1),
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


def best_of(runs, command, out):
    return min((cost_of(command, out) for _ in range(runs)), key=lambda cost: cost.cpu_s)


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

    def make(self, kind, flows, most_open, certificates):
        """(capture, truth); the caller removes the capture when it is done with it."""
        flows = max(1, int(flows * self.scale))
        capture, truth = self.folder / 'bench.pcap', self.folder / 'truth.json'
        subprocess.run([self.generate, kind, str(flows), str(min(most_open, flows)), str(certificates),
                        str(capture), str(truth)], check=True)
        return capture, json.loads(truth.read_text())

    def shakeout(self, capture, runs=RUNS):
        return best_of(runs, [self.binary, '--scope', 'all', '--format', 'jsonl', str(capture)], self.report)

    def empty(self, capture):
        return best_of(RUNS, [self.emptyloop, str(capture)], os.devnull)

    def tshark(self, capture):
        fields = [word for field in TSHARK_FIELDS for word in ('-e', field)]
        command = ['tshark', '-n', '-r', str(capture), '-T', 'fields', *fields]
        return best_of(1, command, self.folder / 'tshark.txt')


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


def check_truth(tap, name, report, truth):
    counts = counts_of(report)
    wrong = [f'{key} {counts[key]}, made {truth[key]}'
             for key in ('packets', 'connections', 'names', 'server_hellos', 'alerts') if counts[key] != truth[key]]
    tap.result(not wrong, f'{name}: the counts are those of the generator' + ''.join(f'; {w}' for w in wrong))


# --- the goals ----------------------------------------------------------------------------------------------

def nanoseconds(cost, truth):
    return cost.cpu_s / truth['packets'] * 1e9


def size_of(path):
    return f'{path.stat().st_size / 1e9:.2f} GB'


def against_loop(tap, bench, name, goal):
    """Both over the same file; without a goal the ratio is only printed."""
    capture, truth = bench.make(*CAPTURES[name])
    ours, loop = bench.shakeout(capture), bench.empty(capture)
    ratio = ours.cpu_s / loop.cpu_s
    words = (f'{name}, {size_of(capture)}, {truth["packets"]} packets: {ours.cpu_s:.2f} s, empty loop '
             f'{loop.cpu_s:.2f} s, ratio {ratio:.2f}, {ours.memory_mib:.0f} MiB')
    if goal:
        tap.result(ratio <= goal, f'{words}, goal {goal}')
    else:
        note(words)
    check_truth(tap, name, bench.report, truth)
    capture.unlink()
    return ours


def against_tshark(tap, bench, ours):
    """A tenth of the flows for tshark, the whole capture for shakeout."""
    if not shutil.which('tshark'):
        tap.skip('tshark is not installed')
        return
    kind, flows, most_open, certificates = CAPTURES['handshakes']
    capture, _ = bench.make(kind, flows // TSHARK_PART, most_open, certificates)
    theirs = bench.tshark(capture)
    capture.unlink()
    if theirs.status != 0:
        tap.result(False, f'tshark ended with {theirs.status}')
        return
    ratio = theirs.cpu_s * TSHARK_PART / ours.cpu_s
    tap.result(ratio >= FASTER_THAN_TSHARK,
               f'handshakes: tshark {theirs.cpu_s:.1f} s for a tenth of the flows, shakeout {ours.cpu_s:.2f} s for '
               f'all: {ratio:.0f} times, goal {FASTER_THAN_TSHARK}')


def growth(tap, bench, name):
    """The same flows in another order: a thousand under way at a time, and a million."""
    per_packet = {}
    for many in 'few', 'many':
        capture, truth = bench.make(*CAPTURES[f'{name}, {many}'])
        cost = bench.shakeout(capture)
        per_packet[many] = nanoseconds(cost, truth)
        note(f'{name}, {many}: {per_packet[many]:.0f} ns a packet, {cost.memory_mib:.0f} MiB')
        check_truth(tap, f'{name}, {many}', bench.report, truth)
        capture.unlink()
    ratio = per_packet['many'] / per_packet['few']
    tap.result(ratio <= GROWTH, f'{name}: a million flows open against a thousand: {ratio:.2f}, goal {GROWTH}')
    tap.result(cost.memory_mib < MEMORY_MIB,
               f'{name}: {cost.memory_mib:.0f} MiB with a million flows open, goal {MEMORY_MIB}')


def measure(bench):
    tap = Tap()
    ours = against_loop(tap, bench, 'handshakes', CPU_OF_EMPTY_LOOP)
    against_tshark(tap, bench, ours)
    against_loop(tap, bench, 'bulk', None)
    against_loop(tap, bench, 'certificates', None)
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
