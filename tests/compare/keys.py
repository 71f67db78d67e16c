#!/usr/bin/env python3
"""Holds what shakeout reads with keys against what tshark reads with the same keys, value by value.

    keys.py BINARY [FOLDER...]

Captures of the folders (captures/ of this tree without one) that come with secrets: a key log beside them (keys.txt, or their name with
.keylog), a Decryption Secrets Block, or a key log in the comment of a section.  Compared for each connection of which tshark
opens something: handshake messages and alerts, each with its frame and sender, the SHA-256 of the leaf that each side shows;
for each capture: the SHA-256 of every certificate and who shows it.  Connections with compression (RFC 3749) or a cipher that
OpenSSL has retired are counted apart.  Output: TAP; the last lines count what was compared, agrees, is missing and is extra.
"""
import collections
import concurrent.futures
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TIME_LIMIT_S = 600
PORTS = (8013, 9443, 8443, 10443, 4433)
FIELDS = ('frame.number', 'tcp.stream', 'ip.src', 'ipv6.src', 'tcp.srcport', 'ip.dst', 'ipv6.dst', 'tcp.dstport',
          'tls.handshake.type', 'tls.alert_message.desc', 'tls.handshake.certificate', 'tls.handshake.ciphersuite',
          'tls.handshake.comp_method')
LINE = re.compile(rb'(?:CLIENT_RANDOM|CLIENT_EARLY_TRAFFIC_SECRET|CLIENT_HANDSHAKE_TRAFFIC_SECRET|SERVER_HANDSHAKE_TRAFFIC_SECRET|'
                  rb'CLIENT_TRAFFIC_SECRET_0|SERVER_TRAFFIC_SECRET_0|EXPORTER_SECRET|RSA(?: Session-ID:[0-9A-Fa-f]+)?) ?[0-9A-Fa-f]+'
                  rb'[ :](?:Master-Key:)?[0-9A-Fa-f]+')
NAMES = {'hello_request': 0, 'client_hello': 1, 'server_hello': 2, 'hello_retry_request': 2, 'new_session_ticket': 4,
         'end_of_early_data': 5, 'encrypted_extensions': 8, 'certificate': 11, 'server_key_exchange': 12,
         'certificate_request': 13, 'server_hello_done': 14, 'certificate_verify': 15, 'client_key_exchange': 16,
         'finished': 20, 'certificate_url': 21, 'certificate_status': 22, 'key_update': 24, 'compressed_certificate': 25,
         'next_protocol': 67}
# RC4, RC2, DES, IDEA and SEED.
RETIRED = {*range(0x0003, 0x000a), *range(0x000b, 0x0010), 0x0011, 0x0012, 0x0014, 0x0015, *range(0x0017, 0x001b), *range(0x0096, 0x009c),
           0x008a, 0x008e, 0x0092, 0xc002, 0xc007, 0xc00c, 0xc011, 0xc016, 0xc033}


class Spoken:
    """What was said in one connection; certificates as (side, SHA-256), in their order."""

    def __init__(self):
        self.handshake, self.alerts, self.certificates, self.retired = [], [], [], False

    def leaves(self):
        return [next(c for c in self.certificates if c[0] == side) for side in sorted({c[0] for c in self.certificates})]


# --- secrets ------------------------------------------------------------------------------------------------

def key_log(path, folder):
    """A key log for tshark and shakeout alike, and whether shakeout finds it by itself."""
    for beside in (path.with_name('keys.txt'), path.with_name(path.name + '.keylog')):
        if beside.exists():
            return beside, False
    data = path.read_bytes()
    lines = LINE.findall(data) if data[:4] == b'\n\r\r\n' else []
    if not lines:
        return None, False
    log = pathlib.Path(folder) / (hashlib.sha256(str(path).encode()).hexdigest() + '.txt')
    log.write_bytes(b'\n'.join(lines) + b'\n')
    return log, True


# --- tshark -------------------------------------------------------------------------------------------------

def rows_of(path, log):
    options = [word for port in PORTS for word in ('-d', f'tcp.port=={port},tls')]
    secrets = ['-o', f'tls.keylog_file:{log}'] if log else []
    wanted = [word for field in FIELDS for word in ('-e', field)]
    done = subprocess.run(['tshark', '-n', '-r', str(path), *options, *secrets, '-Y', 'tls', '-T', 'fields', *wanted],
                          capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    for line in done.stdout.splitlines():
        yield dict(zip(FIELDS, line.split('\t')))


def cells(text):
    return [cell for cell in text.split(',') if cell]


def suite_of(row):
    return int(cells(row['tls.handshake.ciphersuite'])[0], 0)


def theirs_of(path, log):
    """(client, server) -> Spoken; the client is who sent the first ClientHello."""
    spoken, clients = {}, {}
    for row in rows_of(path, log):
        if not row['tcp.stream']:
            continue
        source = row['ip.src'] or row['ipv6.src'], int(row['tcp.srcport'])
        target = row['ip.dst'] or row['ipv6.dst'], int(row['tcp.dstport'])
        types = [int(cell) for cell in cells(row['tls.handshake.type'])]
        clients.setdefault(row['tcp.stream'], (source, target) if 2 not in types[:1] else (target, source))
        ends = clients[row['tcp.stream']]
        side, frame = 'client' if source == ends[0] else 'server', int(row['frame.number'])
        said = spoken.setdefault(ends, Spoken())
        said.handshake.extend((frame, side, kind) for kind in types)
        said.alerts.extend((frame, side, int(cell)) for cell in cells(row['tls.alert_message.desc']))
        for der in cells(row['tls.handshake.certificate']):
            said.certificates.append((side, hashlib.sha256(bytes.fromhex(der.replace(':', ''))).hexdigest()))
        if types[:1] == [2] and side == 'server':
            said.retired = cells(row['tls.handshake.comp_method'])[-1:] == ['1'] or suite_of(row) in RETIRED
    return spoken


# --- shakeout -----------------------------------------------------------------------------------------------

def ends_of(line):
    return (line['client']['ip'], line['client']['port']), (line['server']['ip'], line['server']['port'])


def ours_of(binary, path, log):
    """((client, server) -> Spoken, (side, SHA-256) of each certificate)"""
    keys = ['--keylog', str(log)] if log else []
    done = subprocess.run([binary, '--scope', 'all', '--format', 'jsonl', *keys, str(path)], capture_output=True, text=True,
                          errors='replace', timeout=TIME_LIMIT_S, check=False)
    spoken, certificates = {}, set()
    for line in map(json.loads, done.stdout.splitlines()):
        kind = line['event'].get('dataset')
        if kind == 'shakeout.tls':
            take_tls(spoken.setdefault(ends_of(line), Spoken()), line)
        elif kind == 'shakeout.certificate':
            certificates |= set(shown(line))
    return spoken, certificates


def shown(line):
    return [(side, line['tls'][side]['hash']['sha256'].lower()) for side in ('client', 'server')
            if 'hash' in line['tls'].get(side, {})]


def take_tls(said, line):
    tls = line['shakeout']['tls']
    said.handshake += [(m['frame'], m['from'], NAMES.get(m['type'], m['type'])) for m in tls.get('handshake', []) if not m.get('cut')]
    said.alerts += [(a['frame'], a['from'], a['code']) for a in tls.get('alerts', []) if 'code' in a]
    said.certificates += shown(line)


# --- comparing ----------------------------------------------------------------------------------------------

def is_opened(said):
    """Nobody sees EncryptedExtensions and Finished without keys."""
    return any(kind in (8, 20) for _, _, kind in said.handshake)


def compare(name, left, right, counts):
    """Counts two lists element by element; yields what one of them lacks."""
    left, right = collections.Counter(left), collections.Counter(right)
    for kind, found in (('agreeing', left & right), ('missing', left - right), ('extra', right - left)):
        counts[name, kind] += sum(found.values())
        if found and kind != 'agreeing':
            yield f'{name} {kind}: {sorted(found.elements())}'


def judge(binary, path, log, by_itself):
    theirs = theirs_of(path, log)
    ours, certificates = ours_of(binary, path, None if by_itself else log)
    counts, complaints = collections.Counter(), []
    opened = {ends for ends, said in theirs.items() if is_opened(said)}
    counts['connections'], counts['retired'] = len(opened), sum(theirs[ends].retired for ends in opened)
    for ends in sorted(ends for ends in opened if not theirs[ends].retired):
        their, our = theirs[ends], ours.get(ends, Spoken())
        for field in ('handshake', 'alerts'):
            complaints += [f'{ends[0]}: {c}' for c in compare(field, getattr(their, field), getattr(our, field), counts)]
        complaints += [f'{ends[0]}: {c}' for c in compare('leaves', their.leaves(), our.leaves(), counts)]
    if opened and not counts['retired']:
        complaints += compare('certificates', {c for said in theirs.values() for c in said.certificates}, certificates, counts)
    return path, counts, complaints


def captures_of(folders):
    for folder in folders:
        yield from sorted(path for path in pathlib.Path(folder).rglob('*')
                          if path.is_file() and re.search(r'\.(pcap|pcapng|cap|dmp)$', path.name))


def main():
    binary, folders = sys.argv[1], sys.argv[2:] or [ROOT / 'captures']
    if not shutil.which('tshark'):
        print('1..0 # SKIP tshark is missing')
        return 0
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(path, *key_log(path, name)) for path in captures_of(folders)]
        results = list(pool.map(lambda job: judge(binary, *job), [job for job in jobs if job[1]]))
    results = [r for r in results if r[1]['connections']]
    print(f'1..{len(results)}')
    total, wrong = collections.Counter(), 0
    for i, (path, counts, complaints) in enumerate(results, 1):
        total += counts
        wrong += bool(complaints)
        print(f'{"not " if complaints else ""}ok {i} - {path.parent.name}/{path.name}: {counts["connections"]} connections')
        for complaint in complaints:
            print(f'  # {complaint}'[:600])
    print(f'# {len(results)} captures, {total["connections"]} connections that keys open, of these {total["retired"]} not compared: '
          'compressed, or with a retired cipher')
    for field in ('handshake', 'alerts', 'leaves', 'certificates'):
        found = [total[field, kind] for kind in ('agreeing', 'missing', 'extra')]
        print(f'# {field}: compared {sum(found)}, agreeing {found[0]}, missing {found[1]}, extra {found[2]}')
    return int(not results or bool(wrong))


if __name__ == '__main__':
    sys.exit(main())
