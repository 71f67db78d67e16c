#!/usr/bin/env python3
"""Feeds shakeout what an enemy would: half files, lies about sizes, bombs, floods, and names that bite.

    run.py BINARY [PLAIN]

BINARY had best be a build with sanitizers; PLAIN, a build without them, is the one whose memory is measured.
captures/inputs.py holds the short forms; this takes every octet of two files, every place that a name can come from,
and real connections beneath a flood.  Output: TAP.
"""
import collections
import concurrent.futures
import csv
import gzip
import io
import json
import lzma
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unicodedata
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/captures'))
import bundles  # noqa: E402
import diagram  # noqa: E402
import exports  # noqa: E402
import page  # noqa: E402
import pcapfile  # noqa: E402
import schema  # noqa: E402

TIME_LIMIT_S = 120
MIB = 1 << 20
NOW = 1_700_000_000


# --- running ------------------------------------------------------------------------------------------------

class Tests:
    def __init__(self, binary, plain, folder):
        self.binary, self.plain, self.folder = binary, plain, pathlib.Path(folder)
        self.number = self.failed = 0

    def check(self, name, complaints):
        complaints = [c for c in complaints if c]
        self.number += 1
        self.failed += bool(complaints)
        print(f'{"not ok" if complaints else "ok"} {self.number} - {name}')
        for complaint in complaints[:8]:
            print(f'    {complaint[:600]}')
        sys.stdout.flush()

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path


def call(binary, *args, **more):
    done = subprocess.run([binary, *map(str, args)], capture_output=True, timeout=TIME_LIMIT_S, check=False, **more)
    if b'Sanitizer' in done.stderr or b'runtime error' in done.stderr or done.returncode not in (0, 1, 2, 3):
        raise AssertionError(f'{args}: exit {done.returncode}: {done.stderr.decode(errors="replace")[-800:]}')
    return done


def lines_of(done):
    return [json.loads(line, parse_constant=refuse_constant) for line in done.stdout.decode('utf-8').splitlines()]


def refuse_constant(word):
    raise ValueError(f'{word} is no JSON')


# --- files made by hand -------------------------------------------------------------------------------------

def pcap(*records):
    return struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1) + b''.join(records)


def record(time_ns, data, claimed=None):
    length = len(data) if claimed is None else claimed
    return struct.pack('<4I', time_ns // 10**9, time_ns % 10**9 // 1000, length, length) + data


def block(kind, body, claimed=None):
    body += bytes(-len(body) % 4)
    length = len(body) + 12 if claimed is None else claimed
    return struct.pack('<II', kind, length) + body + struct.pack('<I', length)


def options(*pairs):
    """Each (code, octets); closed by opt_endofopt."""
    out = b''.join(struct.pack('<HH', code, len(data)) + data + bytes(-len(data) % 4) for code, data in pairs)
    return out + bytes(4) if pairs else b''


def section(*pairs):
    return block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1) + options(*pairs))


def interface(*pairs):
    return block(1, struct.pack('<HHI', 1, 0, 262144) + options(*pairs))


def packet(time_ns, data, *pairs, claimed=None):
    at = time_ns // 1000
    length = len(data) if claimed is None else claimed
    return block(6, struct.pack('<5I', 0, at >> 32, at & 0xffffffff, length, length) + data +
                 bytes(-len(data) % 4) + options(*pairs))


def address(text):
    return bytes(int(part) for part in text.split('.'))


def frame(source, destination, protocol, payload):
    ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), 1, 0x4000, 64, protocol, 0)
    return b'\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0' + ip + address(source) + address(destination) + payload


SYN, ACK, PSH, FIN, RST = 2, 16, 8, 1, 4


class Talk:
    """A TCP connection, packet by packet, a millisecond apart."""

    def __init__(self, client, port, server, server_port, at):
        self.ends = [(client, port), (server, server_port)]
        self.next = [1000, 900000]
        self.time, self.packets = at, []
        self.send(0, SYN)
        self.send(1, SYN | ACK)
        self.send(0, ACK)

    def send(self, side, flags, data=b''):
        (source, source_port), (destination, port) = self.ends[side], self.ends[1 - side]
        tcp = struct.pack('>HHIIBBHHH', source_port, port, self.next[side], self.next[1 - side] if flags & ACK else 0,
                          5 << 4, flags, 64240, 0, 0)
        self.packets.append((self.time, frame(source, destination, 6, tcp + data)))
        self.next[side] += len(data) + bool(flags & (SYN | FIN))
        self.time += 10**6

    def say(self, side, data):
        for at in range(0, len(data), 1400):
            self.send(side, ACK | PSH, data[at:at + 1400])
        self.send(1 - side, ACK)

    def skip(self, side, n):
        """Octets that the capture missed."""
        self.next[side] += n

    def close(self):
        for side in 0, 1:
            self.send(side, FIN | ACK)
        self.send(0, ACK)


def syn(source, port, destination, server_port, sequence):
    tcp = struct.pack('>HHIIBBHHH', port, server_port, sequence, 0, 5 << 4, SYN, 64240, 0, 0)
    ip = struct.pack('>BBHHHBBHII', 0x45, 0, 40, sequence & 0xffff, 0x4000, 64, 6, 0, source, destination)
    return b'\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0' + ip + tcp


# --- half files ---------------------------------------------------------------------------------------------

def cut_complaint(tests, name, data, n, header, borders):
    path = tests.file(f'cut-{n}-{name}', data[:n])
    done = call(tests.binary, '--scope', 'all', '--format', 'jsonl', path)
    path.unlink()
    if n < header:
        return (done.returncode != 2 or not done.stderr.startswith(b'shakeout: ') or done.stdout) and \
            f'{n} octets, inside the header: exit {done.returncode}, {done.stderr!r}'
    codes = {line.get('event', {}).get('code') for line in lines_of(done)}
    damaged = 'capture.damaged' in codes
    if done.returncode == 2:
        return f'{n} octets: exit 2, {done.stderr!r}'
    if n in borders:
        return damaged and f'{n} octets, on a border: said to be damaged'
    seen = sum(line['event']['dataset'] == 'shakeout.connection' for line in lines_of(done))
    whole = max(0, sum(border <= n for border in borders) - 1)
    return (not damaged and f'{n} octets, inside a packet: not said to be damaged') or \
        (seen != whole and f'{n} octets: {seen} connections, want the {whole} before the damage')


def cuts(tests):
    talks = [syn(0x0a000001 + i, 1000, 0x0a00000a, 8013, 1) for i in range(3)]
    records = [record((NOW + i) * 10**9, talk) for i, talk in enumerate(talks)]
    blocks = [packet((NOW + i) * 10**9, talk, (1, b'a comment')) for i, talk in enumerate(talks)]
    shb, idb = section((4, b'a program')), interface((2, b'eth0'))
    forms = [('pcap', pcap(), records, 24), ('pcapng', shb + idb, blocks, len(shb))]
    for name, head, rest, header in forms:
        data = head + b''.join(rest)
        borders = [len(head) + sum(map(len, rest[:i])) for i in range(len(rest) + 1)]
        if name == 'pcapng':
            borders = [header] + borders
        tests.check(f'a {name} file cut at each of its {len(data)} octets', run_cuts(tests, name, data, header, borders))


def run_cuts(tests, name, data, header, borders):
    # Without its interface a pcapng holds no packet: one border more before the first.
    packets_from = borders[1:] if name == 'pcapng' else borders
    def one(n):
        if name == 'pcapng' and header <= n < packets_from[0]:
            return half_section_complaint(tests, data, n, header)
        return cut_complaint(tests, name, data, n, header, packets_from)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, range(len(data) + 1)))


def half_section_complaint(tests, data, n, header):
    """The interface belongs to the header of a pcapng: without any, there is nothing; with half of one, no capture."""
    done = call(tests.binary, '--format', 'jsonl', tests.file(f'cut-{n}', data[:n]))
    return done.returncode != (3 if n == header else 2) and f'{n} octets: exit {done.returncode}, {done.stderr!r}'


# --- lies and bombs -----------------------------------------------------------------------------------------

def lies(tests):
    good = syn(0x0a000001, 1000, 0x0a00000a, 8013, 1)
    begin = section() + interface() + packet(NOW * 10**9, good)
    for name, data in (('a packet of 4 GiB', begin + packet(NOW * 10**9, good, claimed=0xffffffff)),
                       ('a block of 4 GiB', begin + block(6, good, claimed=0xfffffffc)),
                       ('a block that ends before it begins', begin + block(6, good, claimed=4)),
                       ('an option of 64 KiB in a block of 100 octets',
                        begin + block(6, struct.pack('<5I', 0, 0, 0, 4, 4) + b'abcd' + b'\1\0\xff\xff')),
                       ('an interface that was never described',
                        begin + block(6, struct.pack('<5I', 77, 0, 0, len(good), len(good)) + good))):
        done = call(tests.binary, '--scope', 'all', '--format', 'jsonl', tests.file('lie', data))
        seen = sum(line['event']['dataset'] == 'shakeout.connection' for line in lines_of(done))
        tests.check(f'pcapng with {name}: what came before is judged',
                    [done.returncode not in (1, 3) and f'exit {done.returncode}', seen < 1 and 'nothing is judged'])


def bombs(tests):
    zeros = bytes(MIB)
    tests.check('gzip of nothing but zeros is refused',
                refused(tests, gzip.compress(zeros * 64, 9), 'bomb.gz'))
    inner = gzip.compress(gzip.compress(zeros * 4, 9), 9)
    tests.check('gzip in gzip is refused', refused(tests, inner, 'inner.gz'))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as z:
        for i in range(64):
            z.writestr(f'{i}.zip', zeros)
    tests.check('a zip of zeros is refused', refused(tests, packed.getvalue(), 'bomb.zip'))
    many = io.BytesIO()
    with zipfile.ZipFile(many, 'w') as z:
        for i in range(3000):
            z.writestr(f'\x1b[31m{i}', b'')
    tests.check('a zip of thousands of entries is refused', refused(tests, many.getvalue(), 'many.zip'))
    good = record(NOW * 10**9, syn(0x0a000001, 1000, 0x0a00000a, 8013, 1))
    huge = lzma.compress(record(NOW * 10**9, zeros[:65520]) * 1024)
    tests.check('a capture that expands seven-thousandfold stops', ratio_bomb(tests, lzma.compress(pcap(good)), huge))


def refused(tests, data, name):
    done = call(tests.binary, tests.file(name, data))
    return [done.returncode != 2 and f'exit {done.returncode}', done.stdout and f'a report: {done.stdout!r}',
            not done.stderr.startswith(b'shakeout: ') and f'no sentence: {done.stderr!r}', *teeth_in(done)]


def ratio_bomb(tests, first, more):
    path = tests.file('bomb.xz', first + more * 40)
    rss, seconds, done = measured(tests, [tests.plain, '--scope', 'all', path])
    return [done.returncode not in (1, 3) and f'exit {done.returncode}: {done.stderr!r}',
            b'capture.damaged' not in done.stdout and 'not said',
            rss > 100 and f'{rss:.0f} MiB', seconds > 60 and f'{seconds:.0f} s']


# --- a flood ------------------------------------------------------------------------------------------------

FLOOD_SECONDS, SYNS_A_SECOND = 60, 10_000
CEILING_MIB = 48
# Beyond the ceiling, of which flows have a third when it is as low as this: tables of bounded size (hosts, names,
# certificates, services, the report), what nDPI loads to name protocols, the libraries.  Each has its own bound: 13 MiB for a small capture,
# 18 for nDPI, and what the tables came to here makes 32 to 42; the list of attempts by which change points are found, and
# the traits of endpoints, another 25; what each endpoint at a service is counted by, 136 octets for each of at most
# 200,000, 26 (a flood of strangers fills half).
SLACK_MIB = 76
BENEATH = [('ok_openssl_tls13', 8), ('cert_unknown_ca_openssl_tls12', 6), ('ok_openssl_tls12', 6)]
CLIENT = '10.20.40.17'


def expected_primary(case):
    for line in (ROOT / 'captures' / case / 'expect.txt').read_text().splitlines():
        if line.startswith(f'primary {CLIENT}:'):
            ends, finding = line.split()[1:3], line.split()[3]
            return int(ends[0].rsplit(':', 1)[1]), int(ends[1].rsplit(':', 1)[1]), finding
    raise LookupError(case)


def real_connections():
    """(packets by time, what each must be called): cases with another client each, spread over the flood."""
    packets, want, number = [], {}, 0
    for case, copies in BENEATH:
        port, server_port, finding = expected_primary(case)
        link, recorded = pcapfile.read(next((ROOT / 'captures' / case).glob('capture.pcap*')))
        assert link == pcapfile.ETHERNET
        for _ in range(copies):
            client = f'10.20.41.{100 + number}'
            shift = (NOW + 1) * 10**9 + number * (FLOOD_SECONDS - 10) * 10**9 // 20 - recorded[0].time_ns
            packets += [(p.time_ns + shift, p.data.replace(address(CLIENT), address(client))) for p in recorded]
            want[client, port, server_port] = finding
            number += 1
    return sorted(packets, key=lambda pair: pair[0]), want


def flood(path, packets):
    chance = random.Random(7)
    packets = iter(packets)
    held = next(packets, None)
    step = 10**9 // SYNS_A_SECOND
    with open(path, 'wb') as f:
        f.write(pcap())
        for i in range(FLOOD_SECONDS * SYNS_A_SECOND):
            at = NOW * 10**9 + i * step
            while held and held[0] <= at:
                f.write(record(*held))
                held = next(packets, None)
            f.write(record(at, syn(chance.getrandbits(32), chance.randrange(1, 65536), chance.getrandbits(32),
                                   chance.choice((443, 8013, chance.randrange(1, 65536))), chance.getrandbits(32))))


class Done:
    def __init__(self, returncode, stdout, stderr):
        self.returncode, self.stdout, self.stderr = returncode, stdout, stderr


# What a process used counts from its fork: so it is started from something small.
SMALL = """import os, sys
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], 'w') as f:
    f.write(f'{os.waitstatus_to_exitcode(status)} {usage.ru_maxrss / 1024} {usage.ru_utime}')
"""


def measured(tests, command, piped=None):
    """(MiB at the peak, seconds of CPU, what it said); the file `piped` comes through a pipe."""
    used = tests.folder / 'used'
    fill = ['cat', str(piped)] if piped else ['true']
    with subprocess.Popen(fill, stdout=subprocess.PIPE) as pipe:
        done = subprocess.run([sys.executable, '-S', '-E', '-c', SMALL, used, *map(str, command)], stdin=pipe.stdout,
                              capture_output=True, check=True, timeout=TIME_LIMIT_S)
    status, mebibytes, seconds = used.read_text().split()
    return float(mebibytes), float(seconds), Done(int(status), done.stdout, done.stderr)


def flood_check(tests, path, want, scope):
    rss, seconds, done = measured(tests, [tests.plain, '--max-memory', f'{CEILING_MIB}M', '--scope', scope, '--format',
                                          'jsonl', '-'], piped=path)
    have, evicted = {}, None
    for text in done.stdout.splitlines():
        if b'"10.20.41.' in text or b'shakeout.summary' in text:
            line = json.loads(text)
            if line['event']['dataset'] == 'shakeout.summary':
                evicted = line['shakeout']['quality'].get('evicted_flows')
            elif line['event']['dataset'] == 'shakeout.connection':
                key = line['client']['ip'], line['client']['port'], line['server']['port']
                have[key] = line['shakeout']['primary']
    tests.check(f'{FLOOD_SECONDS * SYNS_A_SECOND} SYNs of random tuples through a pipe, scope {scope}: '
                f'{rss:.0f} MiB with {CEILING_MIB} allowed, {seconds:.1f} s',
                [done.returncode not in (0, 1, 3) and f'exit {done.returncode}: {done.stderr!r}',
                 rss > CEILING_MIB + SLACK_MIB and f'{rss:.0f} MiB'])
    tests.check(f'the {len(want)} real connections beneath are judged right, scope {scope}',
                [have.get(key) != finding and f'{key}: want {finding}, have {have.get(key)}'
                 for key, finding in want.items()])
    tests.check(f'flows given up are counted, scope {scope}', [
        not evicted and 'none', b'"capture.lossy"' not in done.stdout and 'no finding says so'])


def flood_said(tests, path):
    _, _, done = measured(tests, [tests.plain, '--max-memory', f'{CEILING_MIB}M', '--color', 'never', '-'], piped=path)
    words = ' '.join(done.stdout.decode().split())
    tests.check('flows given up are said', ['connections given up for memory' not in words and words[-900:]])


def octets_read(pid, path):
    """How far a process has come in a file. On a machine of any speed this is in the middle; a time is not."""
    for link in pathlib.Path(f'/proc/{pid}/fd').iterdir():
        try:
            if link.samefile(path):
                return int(pathlib.Path(f'/proc/{pid}/fdinfo/{link.name}').read_text().split()[1])
        except OSError:  # closed meanwhile, or no file at all
            continue
    return 0


def interruption(tests, path):
    """Ctrl-C in the middle of a file: what was read is reported, and nobody takes it for the whole."""
    process = subprocess.Popen([tests.binary, '--scope', 'all', '--format', 'jsonl', path], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    while process.poll() is None and octets_read(process.pid, path) < path.stat().st_size // 8:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, words = process.communicate(timeout=TIME_LIMIT_S)
    last = json.loads(out.splitlines()[-1])
    tests.check('a file that is interrupted gives a partial report and 130', [
        process.returncode != 130 and f'exit {process.returncode}', b'PARTIAL' not in words and f'{words!r}',
        last['event']['dataset'] != 'shakeout.summary' and f'{last}',
        last['shakeout'].get('packets', 0) >= FLOOD_SECONDS * SYNS_A_SECOND and 'it was read to its end'])


def floods(tests):
    packets, want = real_connections()
    path = tests.folder / 'flood.pcap'
    flood(path, packets)
    for scope in 'ems', 'all':
        flood_check(tests, path, want, scope)
    flood_said(tests, path)
    interruption(tests, path)
    path.unlink()


# --- names that bite ----------------------------------------------------------------------------------------

BITES = [
    ('escape codes', b'\x1b]0;owned\x07\x1b[31m\x1b[2Jems'),
    ('HTML', b'<script>alert("1")</script>&<img src=x onerror=\'a\'>'),
    ('newlines', b'ems\nFAIL everything\r\n\tOK\x0b\x0c'),
    ('bidi marks', 'ems\u202egnp.\u2066x\u2069\u200f\u061c'.encode()),
    ('zero width', 'e\u200bm\u200ds\ufeff\u2060\u00ad\u180e'.encode()),
    ('line and paragraph separators', 'a\u2028b\u2029c\u0085d'.encode()),
    ('C1, raw and in UTF-8', b'\x9b31mraw\xc2\x9b31m\xc2\x90\x84'),
    ('broken UTF-8', b'\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xe2\x80 \xc3'),
    ('tags and variation selectors', 'x\U000e0041\U000e007f\ufe0f\U0001f468\u200d\U0001f469'.encode()),
    ('JSON', b'","primary":"ok","x":{"\\u0000":"\\'),
    ('formats', b'%s%n%99999d$(id)`id`\'"'),
    ('NUL and DEL', b'a\0b\x7fc\0'),
    ('a label of 255 octets', b'A' * 255),
    ('255 octets of escape', b'\x1b' * 255),
    ('a script', b'"><script>alert(1)</script><img src=x onerror="alert(1)">'),
    ('a link', b'javascript:alert(1)'),
    ('entities', b'&lt;b&gt;&#60;i&#62;&amp;'),
    ('a formula', b'=cmd|\' /C calc\'!A0'),
    ('combining marks', ('e' + '\u0301' * 60).encode()),
]
HIDDEN = {'Cc', 'Cf', 'Cs', 'Co', 'Cn', 'Zl', 'Zp'}


def teeth_in(done, ascii_only=False):
    """Complaints about characters that may not reach a terminal, in either stream."""
    for name, data in (('stdout', done.stdout), ('stderr', done.stderr)):
        try:
            text = data.decode('utf-8')
        except UnicodeDecodeError as error:
            yield f'{name}: {error}'
            continue
        for character in sorted(set(text) - {'\n'}):
            if unicodedata.category(character) in HIDDEN:
                yield f'{name}: U+{ord(character):04X} came through'
        if ascii_only and not text.isascii():
            yield f'{name}: not ASCII: {sorted(c for c in set(text) if not c.isascii())}'


def vector(width, data):
    return len(data).to_bytes(width, 'big') + data


def tls_record(kind, data):
    return b''.join(bytes([kind, 3, 3]) + vector(2, data[at:at + 16000]) for at in range(0, len(data), 16000))


def extension(kind, data):
    return struct.pack('>H', kind) + vector(2, data)


def hello(bite):
    names = vector(2, b'\0' + vector(2, bite))
    alpn = vector(2, vector(1, bite[:255]) + vector(1, b'h2'))
    extensions = extension(0, names) + extension(16, alpn) + extension(10, b'\0\2\0\x1d') + extension(13, b'\0\2\4\1')
    body = b'\3\3' + bytes(range(32)) + b'\0' + vector(2, b'\xc0\x2f\xc0\x30') + b'\1\0' + vector(2, extensions)
    return tls_record(22, b'\1' + vector(3, body))


def server_flight(bite, der):
    extensions = extension(16, vector(2, vector(1, bite[:255])))
    body = b'\3\3' + bytes(32) + b'\0' + b'\xc0\x2f\0' + vector(2, extensions)
    chain = vector(3, vector(3, der) * 1)
    return tls_record(22, b'\2' + vector(3, body) + b'\x0b' + vector(3, chain) + b'\x0e\0\0\0')


def dns_name(bite):
    labels = [bite[at:at + 63] for at in range(0, min(len(bite), 180), 63)] + [b'ems', b'corp', b'example']
    return b''.join(vector(1, label) for label in labels if label) + b'\0'


def dns_packets(bite, at):
    name = dns_name(bite)
    question = name + struct.pack('>HH', 1, 1)
    cname = b'\xc0\x0c' + struct.pack('>HHI', 5, 1, 60) + vector(2, dns_name(bite[::-1]))
    a = dns_name(bite[::-1]) + struct.pack('>HHI', 1, 1, 60) + vector(2, address('10.0.0.10'))
    out = []
    for number, (flags, answers) in enumerate(((0x8180, cname + a), (0x8183, b''), (0x8182, b''))):
        for source, sport, destination, dport, head, rest in (
                (CLIENT, 5000 + number, '10.0.0.2', 53, struct.pack('>6H', number, 0x100, 1, 0, 0, 0), b''),
                ('10.0.0.2', 53, CLIENT, 5000 + number,
                 struct.pack('>6H', number, flags, 1, 2 if answers else 0, 0, 0), answers)):
            data = head + question + rest
            udp = struct.pack('>HHHH', sport, dport, 8 + len(data), 0) + data
            out.append((at, frame(source, destination, 17, udp)))
            at += 10**6
    return out


def ber(tag, *parts):
    body = b''.join(parts)
    return bytes([tag, 0x84]) + struct.pack('>I', len(body)) + body


def bind(number, name, password=b'secret'):
    return ber(0x30, ber(2, bytes([number])), ber(0x60, b'\2\1\3', ber(4, name), ber(0x80, password)))


def bind_answer(number, result, words=b''):
    return ber(0x30, ber(2, bytes([number])), ber(0x61, bytes([10, 1, result]), ber(4), ber(4, words)))


def certificate(tests, bite):
    """Subject and SAN with the name that bites, made by OpenSSL; NUL cannot be passed, so it is left out."""
    word = bite.replace(b'\0', b'')[:60]
    quoted = b''.join(b'\\' + bytes([c]) if c in b'\\"\'#$;' else {10: b'\\n', 13: b'\\r'}.get(c, bytes([c]))
                      for c in word)
    config = tests.file('openssl.cnf', b'[req]\ndistinguished_name=dn\nx509_extensions=v3\nprompt=no\n'
                        b'string_mask=MASK:0x2a04\n[dn]\nCN="' + quoted + b'"\nO="' + quoted + b'"\n[v3]\nsubjectAltName=@san\n'
                        b'[san]\nDNS.1="' + quoted + b'"\nemail.1="' + quoted + b'"\nURI.1="' + quoted + b'"\n')
    key, out = tests.folder / 'key.pem', tests.folder / 'cert.der'
    if not key.exists():
        subprocess.run(['openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key],
                       check=True, capture_output=True)
    done = subprocess.run(['openssl', 'req', '-x509', '-key', key, '-days', '2', '-config', config, '-outform', 'DER',
                           '-out', out], check=False, capture_output=True)
    return out.read_bytes() if done.returncode == 0 else None, done.stderr


def patched_certificate(der, bite):
    """The same with octets that OpenSSL would not take: one x after another gives its place to them."""
    return der.replace(b'x' * 60, (bite * 60)[:60])


def hostile_talks(bite, der):
    server, at, packets = '10.0.0.10', NOW * 10**9, []
    packets += dns_packets(bite, at)
    talk = Talk(CLIENT, 50001, server, 8013, at + 10**8)
    talk.say(0, hello(bite))
    talk.say(1, server_flight(bite, der))
    talk.say(0, tls_record(21, b'\2\x30'))
    talk.close()
    packets += talk.packets
    for number, (port, ask, answer) in enumerate((
            (8013, b'GET /' + bite + b' HTTP/1.1\r\nHost: ' + bite + b'\r\n\r\n',
             b'HTTP/1.1 400 ' + bite + b'\r\nServer: ' + bite + b'\r\n\r\n<html>' + bite),
            (443, hello(bite), b'HTTP/1.1 302 ' + bite + b'\r\nLocation: http://' + bite + b'/\r\n\r\n'),
            (9443, hello(bite), b'220 ' + bite + b' ESMTP\r\n'), (2525, b'EHLO ' + bite, b'220 ' + bite + b'\r\n'),
            (8443, b'SSH-2.0-' + bite + b'\r\n', b'SSH-2.0-' + bite + b'\r\n'), (7777, bite, bite),
            (389, bind(1, bite, bite), bind_answer(1, 49, bite + b', data 775, ' + bite)),
            (8080, b'CONNECT ' + bite + b':443 HTTP/1.1\r\n\r\n', b'HTTP/1.1 407 ' + bite + b'\r\n\r\n'),
            (3128, b'PROXY TCP4 ' + bite + b'\r\n' + hello(bite), b'\x15\3\3\0\2\2\x28'))):
        talk = Talk(CLIENT, 50010 + number, server, port, at + (2 + number) * 10**8)
        talk.say(0, ask)
        talk.say(1, answer)
        talk.close()
        packets += talk.packets
    return sorted(packets, key=lambda pair: pair[0])


def hostile_pcapng(bite, packets):
    head = section((1, bite), (2, bite), (3, bite), (4, bite))
    described = interface((1, bite), (2, bite), (3, bite), (11, b'\0' + bite), (12, bite), (15, bite))
    names = block(4, struct.pack('<HH', 1, 4 + len(bite) + 1) + address('10.0.0.10') + bite + b'\0' +
                  bytes(-(len(bite) + 5) % 4) + bytes(4))
    custom = block(0xbad, struct.pack('<I', 1) + bite)
    rest = b''.join(packet(at, data, (1, bite), (2988, struct.pack('<I', 1) + bite)) for at, data in packets)
    statistics = block(5, struct.pack('<III', 0, 0, 0) + options((1, bite), (5, struct.pack('<Q', 7))))
    return head + described + names + custom + rest + statistics


FORMS = [('text', ['--unicode']), ('text -vv', ['-vv']), ('ASCII', ['--ascii', '-v']), ('JSON Lines', ['--format', 'jsonl']),
         ('JSON Lines -vv', ['--format', 'jsonl', '-vv']), ('CSV', ['--format', 'csv']), ('summary', ['--format', 'summary']),
         ('matrix', ['--matrix', '--unicode']), ('matrix CSV', ['--matrix=csv']),
         ('Markdown', ['--format', 'markdown'])]


def names(tests):
    plain_der, _ = certificate(tests, b'x' * 60)
    for number, (what, bite) in enumerate(BITES):
        der, words = certificate(tests, bite)
        if der is None:
            print(f'# OpenSSL makes no certificate with {what}: {words[-120:]!r}; its octets are put into another')
        packets = hostile_talks(bite, der or patched_certificate(plain_der, bite))
        packets += [(at + 10**10, data) for at, data in hostile_talks(bite, patched_certificate(plain_der, bite))]
        shown = bite.replace(b'\0', b'').replace(b'/', b'')[:200]
        path = os.path.join(os.fsencode(tests.folder), shown + b'.pcapng')
        with open(path, 'wb') as f:
            f.write(hostile_pcapng(bite, packets))
        for form, extra in FORMS:
            tests.check(f'{what}: {form}', name_complaints(tests, path, extra))
        tests.check(f'{what}: HTML', page_of(tests, path))
        tests.check(f'{what}: exports', exports_of(tests, path))
        os.unlink(path)


def page_of(tests, path):
    """What is wrong with the HTML report: its form, and characters that may not be on it."""
    target = os.path.join(tests.folder, 'page.html')
    done = subprocess.run([tests.binary, '--scope', 'all', '-qq', '--force', '--html', target, path], capture_output=True,
                          timeout=TIME_LIMIT_S, check=False, env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    if done.returncode not in (1, 3):
        return [f'exit {done.returncode}: {done.stderr[-600:]!r}']
    data = open(target, 'rb').read()
    return [*page.complaints(data), *teeth_in(Done(0, data, b''))]


def exports_of(tests, path):
    """What is wrong with the logs for other tools: their form, and characters that may not be in them."""
    folder = pathlib.Path(tests.folder) / 'zeek'
    words = [word for kind in ('eve', 'ecs') for word in ('--export', f'{kind}={tests.folder / kind}')]
    done = subprocess.run([tests.binary, '--scope', 'all', '-qq', '--force', '--export', f'zeek={folder}', *words, path],
                          capture_output=True, timeout=TIME_LIMIT_S, check=False, env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    if done.returncode not in (1, 3):
        yield f'exit {done.returncode}: {done.stderr[-600:]!r}'
        return
    for name in ('conn', 'ssl', 'x509'):
        rows, complaints = exports.log_read(folder / f'{name}.log')
        yield from complaints
        yield from [] if rows else [f'{name}.log is empty: the names were not reached']
        data = (folder / f'{name}.log').read_bytes().replace(b'\t', b' ')
        yield from (f'{name}.log: {c}' for c in teeth_in(Done(0, data, b'')))
    for kind in ('eve', 'ecs'):
        data = (tests.folder / kind).read_bytes()
        lines = lines_of(Done(0, data, b''))
        yield from [] if any('tls' in line for line in lines) else [f'{kind}: the names were not reached']
        yield from (f'{kind}: {c}' for c in teeth_in(Done(0, data, b'')))


def csv_complaints(text):
    """As a spreadsheet reads it: as many cells as columns, and none that is a formula."""
    rows = list(csv.reader(io.StringIO(text), strict=True))
    if len(rows) < 2:
        yield 'no line: the names were not reached'
    for row in rows:
        if len(row) != len(rows[0]):
            yield f'{len(row)} cells, not {len(rows[0])}: {row}'
        yield from (f'a formula: {cell!r}' for cell in row if cell[:1] in ('=', '+', '-', '@', '\t', '\r'))


def name_complaints(tests, path, extra):
    command = [tests.binary, '--scope', 'all', '--color', 'never', *extra, path]
    done = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT_S, check=False,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    yield from teeth_in(done, ascii_only='--ascii' in extra)
    if done.returncode not in (1, 3) or b'Sanitizer' in done.stderr:
        yield f'exit {done.returncode}: {done.stderr[-600:]!r}'
    if extra[-1].endswith('csv'):
        yield from csv_complaints(done.stdout.decode())
    if 'jsonl' not in extra:
        return
    lines = lines_of(done)
    kinds = {line['event']['dataset'].split('.')[1] for line in lines}
    for kind in {'connection', 'tls', 'certificate', 'dns', 'finding', 'endpoint', 'summary'} - kinds:
        yield f'no {kind} line: the names were not reached'


# --- all of it, in every form -------------------------------------------------------------------------------

LURE = b'"><script>alert(1)</script>javascript:alert(1)=cmd|\' /C calc\'!A0\x1b[2J\x1b]0;x\x07' + '\u202egnp.exe\u2066'.encode()
LONGEST_LINE = 65536
XMLLINT, TSHARK, CAPINFOS = (shutil.which(tool) for tool in ('xmllint', 'tshark', 'capinfos'))


def said_by(tool, *args):
    """What a strict reader of a file complains of; nothing where it is not installed."""
    if not tool:
        return
    done = subprocess.run([tool, *map(str, args)], capture_output=True, timeout=TIME_LIMIT_S, check=False)
    if done.returncode:
        yield f'{pathlib.Path(tool).name}: {done.stderr.decode(errors="replace")[-300:]}'


def jsonl_complaints(data, validator):
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        if len(line) > LONGEST_LINE:
            yield f'line {number} has {len(line)} octets'
        record = json.loads(line, parse_constant=refuse_constant)
        yield from (f'line {number}: {error.message[:160]}' for error in (validator.iter_errors(record) if validator else ()))


def brief_complaints(name, text):
    """Short enough to paste, and nothing in it that Markdown or the HTML in it would take for its own."""
    if len(text.splitlines()) > bundles.LINES_MOST:
        yield f'{name} has {len(text.splitlines())} lines'
    if name.endswith('.md'):
        prose = re.sub(r'`[^`]*`', '', text)
        yield from (f'{name}: {m.group()!r}' for m in re.finditer(r'(?<!\\)[<>|]|(?<!\\)\]\(', prose))


def line_complaints(text):
    cells = [line.split('\t') for line in text.splitlines()]
    yield from (f'{len(c)} cells: {c}' for c in cells if len(c) != {'endpoint': 10, 'finding': 8}.get(c[0]))


def reachable(tests, path, *args):
    """A run of the program over the capture; its complaints, or what it said."""
    done = call(tests.binary, '--scope', 'all', *args, path, env={**os.environ, 'LC_ALL': 'C.UTF-8', 'XDG_DATA_HOME': str(tests.folder)})
    return done, [done.returncode == 2 and f'exit 2: {done.stderr!r}', *teeth_in(done)]


def pictures_of(tests, path):
    for ending, look in (('svg', lambda text: diagram.svg_complaints(text, ())), ('dot', diagram.dot_complaints)):
        target = tests.folder / f'paths.{ending}'
        _, complaints = reachable(tests, path, '-qq', '--force', '--diagram', target)
        data = target.read_bytes()
        yield from [*complaints, *teeth_in(Done(0, data, b'')), *look(data.decode())]
        if ending == 'svg':
            yield from said_by(XMLLINT, '--noout', '--nonet', target)


def evidence_of(tests, path, *args):
    target = tests.folder / 'evidence.pcapng'
    _, complaints = reachable(tests, path, '-qq', '--force', '-w', target, *args)
    yield from complaints
    yield from said_by(TSHARK, '-n', '-r', target, '-T', 'fields', '-e', 'frame.number')
    yield from said_by(CAPINFOS, target)
    if TSHARK:
        done = subprocess.run([TSHARK, '-n', '-r', target, '-T', 'fields', '-e', 'frame.comment'], capture_output=True, check=True)
        yield from teeth_in(Done(0, done.stdout.replace(b'\t', b' '), b''))
        yield '' if b'[' in done.stdout else 'no packet has a comment'


def bundle_of(tests, path, validator):
    archive = tests.folder / 'x.zip'
    done, complaints = reachable(tests, path, 'bundle', '--case', 'x', '-o', archive, '--force')
    yield from complaints
    if done.returncode == 2:
        return
    with zipfile.ZipFile(archive) as z:
        files = {name.rsplit('/', 1)[-1]: z.read(name) for name in z.namelist()}
    yield from [] if sorted(files) == bundles.NAMES else [f'{sorted(files)}']
    yield from bundles.manifest_complaints(files)
    yield from page.complaints(files['report.html'])
    yield from jsonl_complaints(files['findings.jsonl'], validator)
    json.loads(files['environment.json'])
    for name, data in files.items():
        if name != 'evidence.pcapng':
            yield from (f'{name}: {c}' for c in teeth_in(Done(0, data, b'')))
        if name.startswith('summary.'):
            yield from brief_complaints(name, data.decode())
    yield from said_by(TSHARK, '-n', '-r', tests.file('evidence.pcapng', files['evidence.pcapng']), '-c', '1')


def everything(tests):
    """One capture with the worst names, short and as long as they come, through every form that leaves the program."""
    told = json.loads(call(tests.binary, '--schema').stdout)
    validator = schema.jsonschema and schema.jsonschema.Draft202012Validator(told)
    plain_der, _ = certificate(tests, b'x' * 60)
    for what, bite in ('all that bites', LURE), ('64 KiB that bite', (LURE * 1000)[:64000]):
        packets = hostile_talks(bite, patched_certificate(plain_der, bite))
        path = tests.file('everything.pcapng', hostile_pcapng(bite[:65000], packets))
        done, complaints = reachable(tests, path, '--format', 'jsonl')
        tests.check(f'{what}: JSON Lines, by their schema', [*complaints, *jsonl_complaints(done.stdout, validator)])
        done, complaints = reachable(tests, path, '--format', 'lines')
        tests.check(f'{what}: lines', [c for c in complaints if 'U+0009' not in (c or '')] + list(line_complaints(done.stdout.decode())))
        for form in 'summary', 'markdown':
            done, complaints = reachable(tests, path, '--format', form)
            tests.check(f'{what}: {form}', [*complaints, *brief_complaints('x.md' if form == 'markdown' else '', done.stdout.decode())])
        done, complaints = reachable(tests, path, '--format', 'csv')
        tests.check(f'{what}: CSV', [*complaints, *csv_complaints(done.stdout.decode())])
        tests.check(f'{what}: HTML', page_of(tests, path))
        tests.check(f'{what}: exports', exports_of(tests, path))
        tests.check(f'{what}: pictures', pictures_of(tests, path))
        tests.check(f'{what}: evidence', evidence_of(tests, path))
        tests.check(f'{what}: redacted evidence', evidence_of(tests, path, '--redact', 'strict'))
        tests.check(f'{what}: the bundle', bundle_of(tests, path, validator))


def words_of_ours(tests):
    """What the user types comes back in messages: it bites no more than the rest."""
    bad = '\x1b[31m\u202e\nx\u200b'
    for args in ([bad], ['-i', bad], ['--' + bad], ['--format', bad], ['explain', bad], ['-f', bad, '-r', '/dev/null'],
                 ['--ems', bad, '/dev/null'], ['--ports', bad, '/dev/null'], ['--max-memory', bad, '/dev/null']):
        done = call(tests.binary, *args)
        tests.check(f'a message about {args[0] if args[0] != bad else "a file"!a}',
                    [done.returncode != 2 and f'exit {done.returncode}', *teeth_in(done)])


def gap_at_the_end(tests):
    """Nobody's protocol with a hole that only the end of the capture closes: nothing may be left behind."""
    packets = []
    for number in range(3):
        talk = Talk(CLIENT, 40000 + number, '10.0.0.10', 7777, (NOW + number) * 10**9)
        talk.say(0, b'\1\2\3what is this')
        for side in 1, 0:
            talk.skip(side, 100)
            talk.say(side, b'more of it, behind a hole')
        if number:
            talk.close()
        packets += talk.packets
    done = call(tests.binary, '--scope', 'all', tests.file('gap', pcap(*(record(*p) for p in packets))))
    tests.check('holes that only the end closes', [done.returncode not in (0, 1, 3) and f'{done.returncode}'])


NAME_ASKED = b'\3ems\4corp\7example\0'


def ber_bombs(tests):
    """LDAP with lengths that lie, depth without end, and more messages than anybody reads."""
    deep = b''.join(b'\x30\x84' + struct.pack('>I', 60000 - 6 * n) for n in range(10000))
    many = b''.join(bind(n % 128, b'cn=x') for n in range(8000))
    refusals = b''.join(bind_answer(n % 128, 1 + n % 127, b', data ' * 40) for n in range(8000))
    for what, ask, answer in (
            ('4 GiB', bind(1, b'cn=x'), b'\x30\x84\xff\xff\xff\xff\2\1\1\x61\x84\xff\xff\xff\xff\x0a\1\x31'),
            ('64 MiB that never come', bind(1, b'cn=x'), b'\x30\x84\3\xff\xff\xff\2\1\1\x64' + bytes(200000)),
            ('an inner length beyond the outer', bind(1, b'cn=x'),
             b'\x30\x0c\2\1\1\x61\x07\x0a\1\x31\4\x84\x7f\xff\xff\xff'),
            ('no length', b'\x30\x80\2\1\1\x60\x80', b'\x30\x80\2\1\1\x61\x80\0\0'),
            ('ten thousand levels', deep, deep), ('a flood', many, refusals)):
        talk = Talk(CLIENT, 40389, '10.0.0.10', 389, NOW * 10**9)
        talk.say(0, ask)
        talk.say(1, answer)
        talk.close()
        began = time.monotonic()
        done = call(tests.binary, '--scope', 'all', tests.file('ldap', pcap(*(record(*p) for p in talk.packets))))
        tests.check(f'LDAP: {what}', [done.returncode not in (0, 1, 3) and f'{done.returncode}',
                                      time.monotonic() - began > 5 and 'more than five seconds', *teeth_in(done)])


def dns_answer(number, count, records):
    """64 KiB of an answer: the question, `count` records announced, and as many octets of them as there is room for."""
    head = struct.pack('>6H', number, 0x8180, 1, count, 0, 0) + NAME_ASKED + struct.pack('>HH', 1, 1)
    room = (65535 - len(head)) // len(records) * len(records)
    return head + (records * (room // len(records)))


def chain_of_pointers(number):
    """Each name is the one before it (RFC 1035 section 4.1.4), four thousand deep, and all later records name the last."""
    head = struct.pack('>6H', number, 0x8180, 1, 4000, 0, 0) + NAME_ASKED + struct.pack('>HH', 1, 1)
    chain, before = b'\xc0\x0c' + struct.pack('>HHIH', 16, 1, 60, 8000), 12
    start = len(head) + len(chain)
    for i in range(4000):
        chain += struct.pack('>H', 0xc000 | before)
        before = start + 2 * i
    last = struct.pack('>H', 0xc000 | before)
    alias = last + struct.pack('>HHIH', 5, 1, 60, 2) + last
    return head + chain + alias * ((65535 - len(head) - len(chain)) // len(alias))


def dns_bombs(tests):
    """A hundred answers of 64 KiB over TCP."""
    alias = b'\xc0\x0c' + struct.pack('>HHIH', 5, 1, 60, 2) + b'\xc0\x0c'
    address = b'\xc0\x0c' + struct.pack('>HHIH', 1, 1, 60, 4) + bytes([10, 0, 0, 9])
    for what, answer in (('pointers to pointers', chain_of_pointers),
                         ('an alias of itself', lambda n: dns_answer(n, 4600, alias)),
                         ('four thousand addresses', lambda n: dns_answer(n, 4090, address))):
        talk = Talk(CLIENT, 40053, '10.0.0.2', 53, NOW * 10**9)
        for n in range(100):
            question = struct.pack('>6H', n, 0x100, 1, 0, 0, 0) + NAME_ASKED + struct.pack('>HH', 1, 1)
            for side, message in enumerate((question, answer(n))):
                talk.say(side, struct.pack('>H', len(message)) + message)
        talk.close()
        began = time.monotonic()
        done = call(tests.binary, '--scope', 'all', tests.file('dns', pcap(*(record(*p) for p in talk.packets))))
        tests.check(f'DNS: {what}', [done.returncode not in (0, 1, 3) and f'{done.returncode}',
                                     time.monotonic() - began > 10 and 'more than ten seconds', *teeth_in(done)])


def many_names(tests, n):
    """A certificate of so many names."""
    config = tests.file('many.cnf', b'[req]\ndistinguished_name=dn\nx509_extensions=v3\nprompt=no\n[dn]\nCN=many.example\n[v3]\n'
                        b'subjectAltName=@san\n[san]\n' + b''.join(b'DNS.%d=h%04d.x\n' % (i, i) for i in range(n)))
    subprocess.run(['openssl', 'req', '-x509', '-key', tests.folder / 'key.pem', '-days', '2', '-config', config, '-outform', 'DER',
                    '-out', tests.folder / 'many.der'], check=True, capture_output=True)
    return (tests.folder / 'many.der').read_bytes()


def mutated(der, chance):
    """Some octets of it changed, or its end cut off."""
    out = bytearray(der)
    for _ in range(chance.randrange(1, 9)):
        out[chance.randrange(len(out))] = chance.getrandbits(8)
    return bytes(out[:chance.randrange(1, len(out))] if chance.getrandbits(2) == 0 else out)


def flight(*ders, version=b''):
    body = b'\3\3' + bytes(32) + b'\0' + (b'\x13\1\0' if version else b'\xc0\x2f\0')
    server_hello = b'\2' + vector(3, body + vector(2, version))
    return server_hello if version else server_hello + b'\x0b' + vector(3, vector(3, b''.join(vector(3, d) for d in ders)))


def octet_by_octet(data):
    return b''.join(b'\x16\3\3\0\1' + bytes([octet]) for octet in data)


def tls_talks(tests):
    """name -> what the server answers to a good hello."""
    der, _ = certificate(tests, b'ems.corp.example')
    chance = random.Random(8446)
    plain = tls_record(22, flight(der) + b'\x0e\0\0\0')
    sealed = tls_record(22, flight(version=extension(43, b'\3\4')))
    deep = b''.join(b'\x30\x83' + (5 * n).to_bytes(3, 'big') for n in range(13000, 0, -1))
    over = b'\x17\3\3' + vector(2, bytes(16384 + 257)), b'\x17\3\3' + vector(2, bytes(16384 + 2049))
    return {
        **{f'DER with errors {n}': tls_record(22, flight(mutated(der, chance), der)) for n in range(32)},
        'a chain of 64 KiB': tls_record(22, flight(*[der] * (65536 // (len(der) + 3)))),
        'a certificate of 10,000 names': tls_record(22, flight(many_names(tests, 10000))),
        'ASN.1 of 13,000 levels': tls_record(22, flight(deep)),
        'records without octets': b''.join(bytes([kind, 3, 3, 0, 0]) for kind in (22, 21, 23, 20) * 10000) + plain,
        'a record of 2^14 + 257': sealed + over[0],
        'a record of 2^14 + 2049': sealed + over[1],
        'fragments of one octet': octet_by_octet(flight(der) + b'\x0e\0\0\0'),
        'a MiB of warnings': plain + b'\x15\3\3\0\2\1\x5a' * (2**20 // 7),
    }


OVERLONG = ('a record of 2^14 + 257', 'a record of 2^14 + 2049')


def tls_notes(what, lines):
    """The clear note: what must be said of it, and what must not."""
    primary, tls = (line['shakeout'] for line in lines[:2])
    if (primary['primary'] == 'tls.record.corrupt') != (what in OVERLONG):
        yield primary['primary']
    if what == 'a MiB of warnings' and tls['tls'].get('not_listed', 0) < 60000:
        yield 'nothing is said of the warnings that are not listed'
    if what == 'records without octets' and tls['tls']['alerts']:
        yield 'an empty alert is listed'


def tls_bombs(tests):
    """Handshakes as hostile as they come, in one capture: each is judged, and none takes long."""
    talks, packets = tls_talks(tests), []
    for number, answer in enumerate(talks.values()):
        talk = Talk(CLIENT, 40000 + number, '10.0.0.10', 8013, (NOW + 100 * number) * 10**9)
        talk.say(0, hello(b'ems.corp.example'))
        talk.say(1, answer)
        talk.close()
        packets += talk.packets
    path = tests.file('tls', pcap(*(record(*p) for p in packets)))
    began = time.monotonic()
    done = call(tests.binary, '--format', 'jsonl', '--ca-bundle', '/etc/ssl/certs/ca-certificates.crt', path)
    took = time.monotonic() - began
    complaints = [done.returncode != 1 and f'exit {done.returncode}: {done.stderr[-600:]!r}', took > 10 and f'{took:.0f} s',
                  *teeth_in(done)]
    lines, of_talk = lines_of(done), collections.defaultdict(list)
    for line in lines:
        if line['event']['dataset'] in ('shakeout.connection', 'shakeout.tls'):
            of_talk[line['client']['port'] - 40000].append(line)
    for number, what in enumerate(talks):
        complaints += [f'{what}: {c}' for c in (tls_notes(what, of_talk[number]) if len(of_talk[number]) == 2 else ['no lines'])]
    forms = [line['shakeout']['check'].get('form') for line in lines if line['event']['dataset'] == 'shakeout.certificate']
    complaints += [] if forms.count('unreadable') > 10 else [f'{forms.count("unreadable")} unreadable certificates']
    tests.check(f'{len(talks)} hostile handshakes', complaints)


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    plain = str(pathlib.Path(sys.argv[2]).resolve()) if len(sys.argv) > 2 else binary
    with tempfile.TemporaryDirectory(prefix='shakeout-hostile.') as folder:
        tests = Tests(binary, plain, folder)
        for part in gap_at_the_end, cuts, lies, bombs, ber_bombs, dns_bombs, tls_bombs, names, everything, words_of_ours, floods:
            try:
                part(tests)
            except AssertionError as error:
                tests.check(part.__name__, [str(error)])
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


if __name__ == '__main__':
    sys.exit(main())
