#!/usr/bin/env python3
"""A million spoofed SYNs a minute, and real endpoints beneath.

    flood.py BINARY [--seconds N] [--rate SYNS_PER_SECOND] [--endpoints N] [--every SECONDS]

A mirror as in mirror.py.  Real endpoints go on checking in while SYNs from addresses that nobody has go to the same
port.  The memory must stay below its ceiling, real endpoints must be judged right, and what was given up must be
counted; the packets of an endpoint that fails beneath must be kept (--evidence).  Output: TAP.
"""
import argparse
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mirror  # noqa: E402
import run  # noqa: E402
from run import SERVER, Net, Tests, connect, make_certificate, sh  # noqa: E402

INSIDE = 'SHAKEOUT_FLOOD_INSIDE'
CEILING_MIB = 256      # of the whole process, unless it is set
TAIL_S = 8             # of the flood, while an endpoint fails
TOLD_WITHIN_S = 60     # after the flood: all connections are looked at in turn


def checksum(octets):
    total = sum(struct.unpack(f'!{len(octets) // 2}H', octets))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def spoofed_syn(source, sequence):
    """An Ethernet frame; the TCP checksum is not looked at by a bystander."""
    ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 40, sequence & 0xffff, 0, 64, 6, 0, source,
                     run.socket.inet_aton(SERVER))
    ip = ip[:10] + struct.pack('!H', checksum(ip)) + ip[12:]
    tcp = struct.pack('!HHIIBBHHH', 1024 + sequence % 60000, mirror.EMS, sequence & 0xffffffff, 0, 0x50, 2, 64240, 0, 0)
    return bytes(12) + b'\x08\x00' + ip + tcp


def flood(rate, seconds):
    """Sends what should be sent by now, again and again; answers how many were."""
    s = run.socket.socket(run.socket.AF_PACKET, run.socket.SOCK_RAW)
    s.bind(('c0', 0))
    began, sent = time.monotonic(), 0
    while (spent := time.monotonic() - began) < seconds:
        for _ in range(min(2000, int(spent * rate) - sent)):
            s.send(spoofed_syn(bytes([198, 18 + (sent >> 16) % 2]) + random.randbytes(2), sent))
            sent += 1
        time.sleep(0.005)
    return sent


def endpoint(address, folder, until, interval):
    time.sleep(random.random() * interval)  # not all at once
    while time.monotonic() < until:
        subprocess.run(['openssl', 's_client', '-connect', f'{SERVER}:{mirror.EMS}', '-bind', address, '-servername',
                        'ems.corp.example', '-CAfile', folder / 'cert.pem', '-verify_return_error', '-quiet'],
                       input=b'GET / HTTP/1.0\r\n\r\n', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
                       timeout=30)
        time.sleep(interval)


def fail_one(net, folder):
    """An endpoint that worked is refused from now on."""
    net.nft(f'insert rule inet t in ip saddr {run.CLIENT} tcp dport {mirror.EMS} reject with tcp reset')
    connect(mirror.EMS, 2)


def told_of(watch):
    return [text for _, text in watch.notices(mirror.EMS) if f'{run.CLIENT} ' in text]


class Peak(threading.Thread):
    """The memory of a process until it ends: the report is part of it."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.status, self.mib = pathlib.Path(f'/proc/{pid}/status'), 0
        self.start()

    def look(self):
        found = re.search(r'VmHWM:\s+(\d+) kB', self.status.read_text())
        self.mib = int(found[1]) / 1024 if found else self.mib  # one that ended has none
        return found

    def run(self):
        try:
            while self.look():
                time.sleep(0.02)
        except OSError:
            pass


def scene(tests, binary, net, folder, args):
    mirror.Mirror().copy('ingress', 'egress')
    net.nft('add rule inet t in ip saddr 198.18.0.0/15 drop')
    addresses = [f'10.20.40.{20 + i}' for i in range(args.endpoints)]
    for address in addresses:
        sh('ip', 'addr', 'add', f'{address}/24', 'dev', 'c0')
    watch = mirror.Watch(binary, folder / 'flood', '--evidence', folder / 'evidence')
    peak = Peak(watch.process.pid)
    until = time.monotonic() + args.seconds
    threads = [threading.Thread(target=endpoint, args=(address, folder, until, args.every)) for address in addresses]
    for thread in threads:
        thread.start()
    failing = threading.Timer(args.seconds - TAIL_S, fail_one, args=(net, folder))
    mirror.check_in(folder)
    failing.start()
    sent = flood(args.rate, args.seconds)
    for thread in threads:
        thread.join()
    began = time.monotonic()
    while not told_of(watch) and time.monotonic() - began < TOLD_WITHIN_S:
        time.sleep(0.5)
    print(f'# the failing endpoint was told {time.monotonic() - began + TAIL_S:.0f} s after it failed, at the latest')
    watch.process.send_signal(run.signal.SIGUSR1)
    time.sleep(3)
    state = watch.state()
    port = next(p for p in state['services'] if p['port'] == mirror.EMS)
    print(f'# {sent} SYNs in {args.seconds} s, peak {peak.mib:.0f} MiB, {state["capture"]}, {state["endpoints"]}')
    tests.expect('real endpoints are healthy', port['healthy'] == args.endpoints, state)
    told = told_of(watch)
    tests.expect('an endpoint that fails beneath is told', len(told) == 1 and 'tcp.syn.refused' in told[0], told,
                 len(watch.said))
    kept = sorted(path.name for path in (folder / 'evidence').iterdir())
    print(f'# {state["evidence"]}: {kept}')
    tests.expect('its packets are kept, whatever else fails', any('tcp.syn.refused' in name and run.CLIENT in name
                                                                  for name in kept), kept)
    tests.expect('nothing was lost', state['capture']['dropped_kernel'] == 0, state)
    tests.expect('what was given up is counted', state['capture']['packets'] >= sent, state)
    began = time.monotonic()
    code = watch.end(limit=120)
    print(f'# the report took {time.monotonic() - began:.1f} s, peak {peak.mib:.0f} MiB')
    tests.expect(f'memory stays below {CEILING_MIB} MiB, the report included', peak.mib <= CEILING_MIB, peak.mib)
    tests.expect('the end brings a report', code == 1, code)
    series = sum(1 for line in watch.textfile.read_text().splitlines() if not line.startswith('#'))
    tests.expect('series stay few', series < 400, series)


def inside(binary, args):
    tests = Tests()
    net = Net()
    server = None
    try:
        with tempfile.TemporaryDirectory(prefix='shakeout-flood.') as name:
            folder = pathlib.Path(name)
            make_certificate(folder)
            server = mirror.serve(net, folder, mirror.EMS)
            scene(tests, binary, net, folder, args)
    finally:
        if server:
            server.kill()
        net.close()
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('binary')
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--rate', type=int, default=16_700)
    parser.add_argument('--endpoints', type=int, default=20)
    parser.add_argument('--every', type=float, default=3)  # between two check-ins of each
    args = parser.parse_args()
    binary = str(pathlib.Path(args.binary).resolve())
    if os.environ.get(INSIDE):
        return inside(binary, args)
    return run.go_inside(INSIDE, 'a flood', 'tc')


if __name__ == '__main__':
    sys.exit(main())
