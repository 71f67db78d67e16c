#!/usr/bin/env python3
"""How many packets a second a watch takes, against a loop of libpcap that only counts.

    rate.py BINARY [--seconds N] [--share 0.9] [--flows N]

A handshake-heavy capture of the benchmark's generator goes out on a veth, again and again, each lap as other connections
(replay.c).  First comes the highest rate at which a bare loop (counter.c) loses nothing, on this machine, now; then a
watch must keep that share of it for so many seconds and lose nothing.  Then more than it can take: it stands still for
some seconds at the full rate.  What was lost must be counted to the packet and be told, no endpoint that works may be
called failing, and behind it everything must be as before.  Output: TAP, and lines of figures.

Sender and reader need a processor each.  Where others work as well, raise the priority of this session first, as root:
echo -15 > /proc/$$/autogroup.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import run  # noqa: E402

INSIDE = 'SHAKEOUT_RATE_INSIDE'
FLAGS = ['-std=c11', '-D_DEFAULT_SOURCE', '-O2', '-Wall', '-Wextra']
TRIAL_S, STEPS = 4, 5             # of one rate; rates between the highest and none
STILL_S, OVER_S = 3, 12           # it stands still for so long, within so much of traffic
REACHED, ATTEMPTS = 0.98, 3       # so much of a rate is that rate, for the sender
OFTEN = 20                        # one endpoint in twenty is refused, one is cut off: see generate.c
FAILURES = {'tls.cert.rejected_by_client.unknown_ca', 'tcp.reset.after_clienthello'}


def build(folder, name, *sources, library='-lpcap'):
    subprocess.run(['cc', *FLAGS, *map(str, sources), library, '-o', str(folder / name)], check=True)
    return str(folder / name)


class Scene:
    def __init__(self, binary, folder, args):
        self.binary, self.folder, self.args = binary, folder, args
        self.replayer = build(folder, 'replay', HERE / 'replay.c')
        self.counter = build(folder, 'counter', HERE / 'counter.c')
        bench = HERE.parent / 'bench'
        generate = build(folder, 'generate', bench / 'generate.c', bench / 'script.c', library='-lcrypto')
        self.capture = folder / 'handshakes.pcap'
        subprocess.run([generate, 'handshakes', str(args.flows), '1000', '50', str(self.capture), str(folder / 'truth.json')],
                       check=True)

    def sender(self, rate, seconds):
        return subprocess.Popen([self.replayer, str(self.capture), 'w0', str(rate), str(seconds)], stdout=subprocess.PIPE,
                                text=True)

    def send(self, rate, seconds):
        """(packets, packets a second)"""
        sent, spent = self.sender(rate, seconds).communicate()[0].split()
        return int(sent), int(sent) / float(spent)

    def bare(self, rate):
        """(sent, rate, lost) of a loop that only counts."""
        process = subprocess.Popen([self.counter, 'w1'], stdout=subprocess.PIPE, text=True)
        process.stdout.readline()
        sent, reached = self.send(rate, TRIAL_S)
        time.sleep(1)  # the newest block comes late
        process.terminate()
        came, dropped = map(int, process.communicate()[0].split())
        return sent, reached, max(dropped, sent - came)

    def highest(self):
        """The highest rate at which the bare loop loses nothing: what the machine can send, or less."""
        sent, reached, lost = self.bare(0)
        print(f'# bare loop: {reached:.0f} a second is what the sender can, {lost} of {sent} lost')
        if not lost:
            return reached
        low, high = 0, reached
        for _ in range(STEPS):
            rate = (low + high) / 2
            sent, reached, lost = self.bare(rate)
            print(f'# bare loop: {reached:.0f} a second, {lost} of {sent} lost')
            low, high = (rate, high) if not lost and reached >= REACHED * rate else (low, rate)
        return low


class Watch:
    def __init__(self, scene, *options):
        self.status, self.events = scene.folder / 'status.json', scene.folder / 'events.jsonl'
        for path in self.status, self.events:
            path.unlink(missing_ok=True)
        self.out = (scene.folder / 'said').open('w+')
        self.process = subprocess.Popen([scene.binary, '-i', 'w1', '--headless', '--no-config', '--scope', 'all', '--status',
                                         self.status, '--jsonl', self.events, *options], stdout=self.out, stderr=self.out)
        before = time.monotonic()
        while run.packet_sockets() == 0 and time.monotonic() - before < run.WAIT_S:
            time.sleep(0.05)
        time.sleep(1)

    def state(self):
        time.sleep(1.5)
        self.process.send_signal(signal.SIGUSR1)
        time.sleep(1.5)
        return json.loads(self.status.read_text())

    def worked_s(self):
        fields = pathlib.Path(f'/proc/{self.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def peak_mib(self):
        status = pathlib.Path(f'/proc/{self.process.pid}/status').read_text()
        return int(re.search(r'VmHWM:\s+(\d+) kB', status)[1]) / 1024

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.code = self.process.wait(120)
        self.out.seek(0)
        return self.out.read()

    def failing(self):
        """(address, finding) of connections that failed, as far as they have lines."""
        lines = [json.loads(line) for line in self.events.read_text().splitlines()]
        return [(line['client']['ip'], line['shakeout']['primary']) for line in lines
                if line['event']['dataset'] == 'shakeout.connection' and line['shakeout']['severity'] == 'error']


def is_meant(address, finding):
    """Does generate.c let this client fail, and in this way?"""
    a, b, c, d = map(int, address.split('.'))
    which = (b << 16 | c << 8 | d) - 1
    return a == 10 and which % OFTEN < 2 and finding in FAILURES


def kept_scene(tests, scene):
    """Who sends may get less of the machine than before: then once more, beginning with the bare loop."""
    for attempt in range(ATTEMPTS):
        highest = scene.highest()
        if keep_rate(tests, scene, highest, attempt + 1 == ATTEMPTS):
            return highest
    return highest


def keep_rate(tests, scene, highest, last):
    """False when the sender did not keep the rate, and there is another attempt."""
    rate = scene.args.share * highest
    watch = Watch(scene)
    began = watch.worked_s()
    sent, reached = scene.send(rate, scene.args.seconds)
    state, cost = watch.state(), (watch.worked_s() - began) / sent
    capture = state['capture']
    lost = sent - capture['packets']
    print(f'# shakeout: {reached:.0f} a second for {scene.args.seconds} s, {reached / highest:.3f} of the bare loop, {lost} of '
          f'{sent} lost; {cost * 1e6:.2f} us of CPU a packet, peak {watch.peak_mib():.0f} MiB; {state["endpoints"]}')
    if reached < REACHED * rate and not last:
        watch.end()
        return False
    if reached >= REACHED * rate:
        tests.expect('the sender kept that rate', True)
    else:
        tests.skip('the sender kept that rate', f'no more than {reached:.0f} of {rate:.0f} a second: the machine is busy')
    tests.expect(f'a watch loses nothing at {scene.args.share} of what a bare loop takes', lost == 0 and
                 capture['dropped_kernel'] == 0, capture, sent)
    failing = watch.failing() if watch.events.exists() else []
    wrong = [pair for pair in failing if not is_meant(*pair)]
    tests.expect('endpoints are judged right', not wrong and state['endpoints']['failing'] == scene.args.flows // OFTEN * 2
                 and state['endpoints']['total'] == scene.args.flows, wrong[:10], state['endpoints'])
    said = watch.end()
    tests.expect('nothing is said of losses', 'lost:' not in said and watch.code == 1, said[-500:], watch.code)
    return True


def over_scene(tests, scene, highest):
    """More than it takes: it stands still for a while."""
    watch = Watch(scene)
    sender = scene.sender(0, OVER_S)
    time.sleep(OVER_S / 3)
    watch.process.send_signal(signal.SIGSTOP)
    time.sleep(STILL_S)
    watch.process.send_signal(signal.SIGCONT)
    sent = int(sender.communicate()[0].split()[0])
    state = watch.state()
    capture = state['capture']
    print(f'# full rate, still for {STILL_S} s: {sent} sent, {capture["packets"]} came, {capture["dropped_kernel"]} lost; '
          f'{state["endpoints"]}')
    tests.expect('what was lost is counted to the packet', capture['dropped_kernel'] > 0 and
                 capture['packets'] + capture['dropped_kernel'] == sent, capture, sent)
    wrong = [pair for pair in watch.failing() if not is_meant(*pair)]
    tests.expect('no endpoint that works is called failing for what was lost', not wrong, len(wrong),
                 collections.Counter(finding for _, finding in wrong), wrong[:20])
    again, _ = scene.send(scene.args.share * highest / 2, 5)
    behind = watch.state()
    wrong = [pair for pair in watch.failing() if not is_meant(*pair)]
    tests.expect('behind it nothing is lost, and the same endpoints fail', behind['capture']['packets'] ==
                 capture['packets'] + again and behind['endpoints']['failing'] == scene.args.flows // OFTEN * 2 and
                 not wrong, behind['capture'], behind['endpoints'], again, wrong[:20])
    said = watch.end()
    told = [int(n) for n in re.findall(r'(\d+) packets? w(?:as|ere) lost: verdicts', said)]
    tests.expect('it says how much', sum(told) == capture['dropped_kernel'], told, capture)
    tests.expect('the report says it, too', re.search(r'Quality .*lost', said, re.S) is not None, said[-800:])


def inside(binary, args):
    tests = run.Tests()
    run.sh('ip', 'link', 'add', 'w0', 'type', 'veth', 'peer', 'name', 'w1')
    for interface in 'w0', 'w1':
        pathlib.Path(f'/proc/sys/net/ipv6/conf/{interface}/disable_ipv6').write_text('1')  # nothing of its own
        run.sh('ip', 'link', 'set', interface, 'up')
    with tempfile.TemporaryDirectory(prefix='shakeout-rate.') as name:
        scene = Scene(binary, pathlib.Path(name), args)
        highest = kept_scene(tests, scene)
        over_scene(tests, scene, highest)
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('binary')
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--share', type=float, default=0.9)
    parser.add_argument('--flows', type=int, default=20_000)
    args = parser.parse_args()
    binary = str(pathlib.Path(args.binary).resolve())
    if os.environ.get(INSIDE):
        return inside(binary, args)
    return run.go_inside(INSIDE, 'a rate', 'cc')


if __name__ == '__main__':
    sys.exit(main())
