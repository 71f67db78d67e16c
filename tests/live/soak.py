#!/usr/bin/env python3
"""Weeks of work in minutes: real exchanges, sent again and again as those of other endpoints.

    soak.py BINARY [--seconds N] [--rate CONNECTIONS_PER_SECOND] [--endpoints N] [--every T]

Exchanges out of captures/ (healthy, refused, an authority that is not trusted, a silence) go out on a veth with the
addresses and ports of ever other connections; a watch at its other end writes evidence, its state, a report each T.
Memory and descriptors of both its processes must stay flat from the first half to the second, the folder must keep
its limits, and nothing may be lost.  Output: TAP, and lines of figures.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'captures'))
import pcapfile  # noqa: E402

sys.path[0] = str(HERE)

INSIDE = 'SHAKEOUT_SOAK_INSIDE'
CASES = {'ok_openssl_tls13': 60, 'cert_unknown_ca_openssl_tls13': 2, 'syn_silent_drop': 1,
         'clientcert_none_openssl_tls13': 1}
SERVERS = 50
SAMPLE_S = 2
FLAT = 1.05           # second half against first; the rest is what an allocator keeps
FILES, BYTES = 200, 1 << 20


def tcp_packets(case):
    """Ethernet frames of the connection that the case is about, and its client's address and port."""
    path = next((HERE.parents[1] / 'captures' / case).glob('capture.pcap*'))
    link, packets = pcapfile.read(path)
    frames, client = [], None
    for packet in packets:
        headers = pcapfile.tcp_of(link, packet)
        at = pcapfile.network_offset(link, packet.data)
        if headers is None or headers.version != 4:
            continue
        if client is None:
            if headers.flags & 0x12 != 2:
                continue
            client = (headers.source, headers.sport)
        if client in ((headers.source, headers.sport), (headers.destination, headers.dport)):
            frames.append((bytearray(bytes(12) + b'\x08\x00' + packet.data[at:]), (headers.source, headers.sport) == client))
    return frames


def as_other(frames, client, server, port, sequence):
    """The same words between others: addresses and ports are read, checksums are not."""
    for frame, from_client in frames:
        own, tcp = bytearray(frame), 14 + (frame[14] & 15) * 4
        own[26:34] = client + server if from_client else server + client
        port_at = tcp if from_client else tcp + 2
        own[port_at:port_at + 2] = struct.pack('!H', port)
        own[18:20] = struct.pack('!H', sequence & 0xffff)
        yield own


def send_for(seconds, rate, endpoints, count):
    exchanges = {case: tcp_packets(case) for case in CASES if (HERE.parents[1] / 'captures' / case).exists()}
    names, weights = list(exchanges), [CASES[name] for name in exchanges]
    dice = random.Random(7)
    out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    out.bind(('w0', 0))
    began, done = time.monotonic(), 0
    while (spent := time.monotonic() - began) < seconds:
        for _ in range(min(200, int(spent * rate) - done)):
            who = done % endpoints
            client = bytes([10, 20, 40 + who // 250, 1 + who % 250])
            server = bytes([10, 0, 0, 1 + done % SERVERS])
            exchange = exchanges[dice.choices(names, weights)[0]]
            for frame in as_other(exchange, client, server, 10000 + done // endpoints % 50000, done):
                out.send(frame)
                count['packets'] += 1
            done += 1
        count['connections'] = done
        time.sleep(0.001)


# --- figures ------------------------------------------------------------------------------------------------------

def sample(pid):
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    return int(re.search(r'VmRSS:\s+(\d+) kB', status)[1]) / 1024, len(os.listdir(f'/proc/{pid}/fd'))


def worked_s(pid):
    fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def child_of(pid):
    return int(pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()[0])


def folder_of(path):
    sizes = []
    for entry in path.iterdir():
        try:
            sizes += [entry.stat().st_size] if not entry.name.startswith('.') else []
        except FileNotFoundError:
            pass  # it was the oldest
    return len(sizes), sum(sizes)


def watch(binary, folder, args):
    settings = folder / 'soak.ini'
    settings.write_text(f'[evidence]\nmax = {BYTES}\nafter = 2s\n')
    return subprocess.Popen([binary, '-i', 'w1', '--headless', '--scope', 'all', '--no-config', '--config', settings,
                             '--status', folder / 'status.json', '--textfile', folder / 'soak.prom', '--ring', '16M', '--evidence',
                             folder / 'evidence', '--report-every', args.every], stdout=subprocess.DEVNULL,
                            stderr=(folder / 'said').open('wb'))


def halves(samples, place):
    values = [s[place] for s in samples[len(samples) // 4:]]  # until then memory is filled for the first time
    middle = len(values) // 2
    return max(values[:middle]), max(values[middle:])


def soak(tests, binary, folder, args):
    process = watch(binary, folder, args)
    try:
        soaked(tests, process, folder, args)
    finally:
        process.kill()


def soaked(tests, process, folder, args):
    time.sleep(1.5)
    scribe, count = child_of(process.pid), {'packets': 0, 'connections': 0}
    sender = threading.Thread(target=send_for, args=(args.seconds, args.rate, args.endpoints, count))
    began = time.monotonic()
    sender.start()
    samples, most = [], (0, 0)
    while sender.is_alive() and process.poll() is None:
        time.sleep(SAMPLE_S)
        most = tuple(map(max, most, folder_of(folder / 'evidence')))
        samples.append((*sample(process.pid), *sample(scribe)))
    sender.join()
    spent = time.monotonic() - began
    time.sleep(1)
    worked = worked_s(process.pid), worked_s(scribe)
    process.terminate()
    code = process.wait(120)
    state = json.loads((folder / 'status.json').read_text())
    print(f'# {count["connections"]} connections, {count["packets"]} packets in {spent:.0f} s, '
          f'{count["packets"] / spent:.0f} a second; {state["capture"]}; evidence {state["evidence"]}')
    print(f'# worked for {worked[0] / max(count["packets"], 1) * 1e6:.1f} us a packet; who writes {worked[1]:.1f} s in all')
    for place, what in enumerate(('memory of the watch, MiB', 'its descriptors', 'memory of who writes, MiB', 'its descriptors')):
        first, second = halves(samples, place)
        print(f'# {what}: at most {first:.1f} in the first half, {second:.1f} in the second')
        tests.expect(f'flat: {what}', second <= first * FLAT + 1, first, second)  # 1: a file that is just written
    tests.expect('nothing was lost', state['capture']['dropped_kernel'] == 0, state['capture'])
    tests.expect('evidence was written, and its limits hold', state['evidence']['written'] and most[0] <= FILES
                 and most[1] <= BYTES and not state['evidence']['failed'], state['evidence'], most)
    tests.expect('the watch ends as it should', code in (0, 1), code, (folder / 'said').read_text()[:500])


def inside(binary, args):
    import run
    tests = run.Tests()
    run.sh('ip', 'link', 'set', 'lo', 'up')
    run.sh('ip', 'link', 'add', 'w0', 'type', 'veth', 'peer', 'name', 'w1')
    for interface in 'w0', 'w1':
        run.sh('ip', 'link', 'set', interface, 'up')
    with tempfile.TemporaryDirectory(prefix='shakeout-soak.') as name:
        soak(tests, binary, pathlib.Path(name), args)
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('binary')
    parser.add_argument('--seconds', type=int, default=120)
    parser.add_argument('--rate', type=int, default=400)
    parser.add_argument('--endpoints', type=int, default=1000)
    parser.add_argument('--every', default='15s')
    args = parser.parse_args()
    binary = str(pathlib.Path(args.binary).resolve())
    if os.environ.get(INSIDE):
        return inside(binary, args)
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    command = ['unshare', '-n']
    if os.geteuid() or not shutil.which('ip') or subprocess.run([*command, 'true'], check=False).returncode:
        print('ok 1 - a soak # skip root, ip and a network namespace are needed\n1..1')
        return 0
    os.environ[INSIDE] = '1'
    return subprocess.run([*command, sys.executable, *sys.argv], check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
