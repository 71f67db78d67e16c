#!/usr/bin/env python3
"""Holds the fingerprints of hellos (JA3, JA3S, JA4) against those of tshark.

    prints.py BINARY [FOLDER...]

All captures of the folders (captures/ of this tree without one) are read.  JA3 and JA3S are what tshark prints.  Where
tshark is too old for JA4, it is computed here from the numbers that tshark reads, by the text of its specification; and
for captures that the authors of JA4 publish, it must be what they print.  Hellos are matched by frame and ends; only the
first of a connection has a fingerprint with us.  Output: TAP, a line a capture that has hellos, and a sum of them all.
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

from trust import PORTS, ROOT, TIME_LIMIT_S, captures_of

FIELDS = ['frame.number', 'ip.src', 'ipv6.src', 'tcp.srcport', 'ip.dst', 'ipv6.dst', 'tcp.dstport', 'tcp.stream',
          'tls.handshake.type', 'tls.handshake.ja3', 'tls.handshake.ja3s', 'tls.handshake.version',
          'tls.handshake.extensions.supported_version', 'tls.handshake.ciphersuite', 'tls.handshake.extension.type',
          'tls.handshake.sig_hash_alg', 'tls.handshake.sig_hash_alg_len', 'tls.handshake.extensions_alpn_str',
          'tls.handshake.session_id_length', '_ws.expert.message']
SEPARATOR, AND = '\x1f', '\x1e'
NO_ANSWER = '0' * 12
# Lengths inside the hello lie: tshark prints what it understood, shakeout nothing.
DAMAGED = re.compile('unprocessed|processed too much data|smaller than minimum|No more room for vector|is too large, truncating')
VERSIONS = {0x0304: '13', 0x0303: '12', 0x0302: '11', 0x0301: '10', 0x0300: 's3', 0x0002: 's2'}
NAME, SCHEMES, ALPN, DELEGATED, CERTIFICATE_SCHEMES = 0, 13, 16, 34, 50
# What https://github.com/FoxIO-LLC/ja4 prints of its own captures (python/test/testdata), by client port.
PUBLISHED = {
    'latest.pcapng': {52936: 't13d1516h2_8daaf6152771_e5627efa2ab1', 52937: 't12d190800_d83cc789557e_7af1ed941c26',
                      52940: 't13d1516h2_8daaf6152771_e5627efa2ab1', 52938: 't13d1516h2_8daaf6152771_9b887d9acb53'},
    'https3-301-get.pcap': {62599: 't10d230100_6a57a6f57151_000000000000'},
    'http2-with-cookies.pcapng': {58847: 't13d1516h2_8daaf6152771_e5627efa2ab1'},
    'tls3.pcapng': {63248: 't13d1516h2_8daaf6152771_e5627efa2ab1', 63250: 't13d1516h2_8daaf6152771_9b887d9acb53',
                    63252: 't13d1516h2_8daaf6152771_9b887d9acb53'},
}

Hello = collections.namedtuple('Hello', 'frame ends kind value')


# --- JA4, by its specification --------------------------------------------------------------------------------

def is_grease(number):
    return number & 0x0f0f == 0x0a0a and number >> 8 == number & 0xff


def numbers(text):
    return [n for n in (int(word, 0) for word in text.split(AND) if word) if not is_grease(n)]


def schemes_of(row, extensions):
    """Those of signature_algorithms: tshark lists those of other extensions under the same name."""
    found = [int(word, 0) for word in row['tls.handshake.sig_hash_alg'].split(AND) if word]
    lengths = [int(word) // 2 for word in row['tls.handshake.sig_hash_alg_len'].split(AND) if word]
    for extension in extensions:
        if extension in (SCHEMES, DELEGATED, CERTIFICATE_SCHEMES) and lengths:
            n = lengths.pop(0)
            if extension == SCHEMES:
                return [scheme for scheme in found[:n] if not is_grease(scheme)]
            found = found[n:]
    return []


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()[:12] if text else NO_ANSWER


def letters(name):
    if not name:
        return '00'
    if all(c.isascii() and c.isalnum() for c in (name[0], name[-1])):
        return name[0] + name[-1]
    octets = name.encode().hex()
    return octets[0] + octets[-1]


def joined(found):
    return ','.join(f'{n:04x}' for n in found)


def ja4_of(row):
    suites, extensions = numbers(row['tls.handshake.ciphersuite']), numbers(row['tls.handshake.extension.type'])
    offered = numbers(row['tls.handshake.extensions.supported_version']) or numbers(row['tls.handshake.version'])
    rest = joined(sorted(n for n in extensions if n not in (NAME, ALPN)))
    schemes = joined(schemes_of(row, extensions))
    head = 't' + VERSIONS.get(max(offered), '00') + ('d' if NAME in extensions else 'i')
    counts = f'{min(len(suites), 99):02}{min(len(extensions), 99):02}'
    name = row['tls.handshake.extensions_alpn_str'].split(AND)[0]
    return f'{head}{counts}{letters(name)}_{digest(joined(sorted(suites)))}_{digest(rest + ("_" + schemes if schemes else ""))}'


# --- both sides -----------------------------------------------------------------------------------------------

def first(row, *names):
    return next((row[name].split(AND)[-1] for name in names if row[name]), '')


def ends_of(row):
    source = first(row, 'ip.src', 'ipv6.src'), first(row, 'tcp.srcport')
    return source, (first(row, 'ip.dst', 'ipv6.dst'), first(row, 'tcp.dstport'))


def tshark_rows(path):
    options = [word for port in PORTS for word in ('-d', port)]
    fields = [word for field in FIELDS for word in ('-e', field)]
    done = subprocess.run(['tshark', '-n', '-r', str(path), '-o', 'tcp.reassemble_out_of_order:TRUE', *options, '-Y',
                           '(tls.handshake.ja3 || tls.handshake.ja3s) && tcp && !icmp && !icmpv6', '-T', 'fields', '-E',
                           f'separator={SEPARATOR}', '-E', f'aggregator={AND}', *fields], capture_output=True,
                          timeout=TIME_LIMIT_S, check=False)
    for line in done.stdout.decode(errors='replace').strip('\n').split('\n'):
        row = dict(zip(FIELDS, line.split(SEPARATOR)))
        whole = len(row) == len(FIELDS) and not DAMAGED.search(row['_ws.expert.message'])
        if whole and AND not in row['tls.handshake.ja3'] + row['tls.handshake.ja3s']:
            yield row


def is_short(row):
    """Drafts of TLS 1.3 had a ServerHello without session id; tshark reads what follows as one that is longer than any may be."""
    return any(length > 32 for length in numbers(row['tls.handshake.session_id_length']))


def tshark_says(path):
    seen = set()
    for row in tshark_rows(path):
        (source, destination), frame = ends_of(row), int(row['frame.number'])
        if row['tls.handshake.ja3'] and row['tcp.stream'] not in seen:
            seen.add(row['tcp.stream'])
            yield Hello(frame, (source, destination), 'ja3', row['tls.handshake.ja3'])
            yield Hello(frame, (source, destination), 'ja4', ja4_of(row))
        elif row['tls.handshake.ja3s'] and not is_short(row):
            yield Hello(frame, (destination, source), 'ja3s', row['tls.handshake.ja3s'])


def shakeout_lines(binary, path):
    log = path.with_name('keys.txt')
    keys = ['--keylog', str(log)] if log.exists() else []
    done = subprocess.run([binary, '--scope', 'all', '--format', 'jsonl', *keys, str(path)], capture_output=True,
                          timeout=TIME_LIMIT_S, check=False)
    lines = map(json.loads, done.stdout.decode(errors='replace').splitlines())
    return [line for line in lines if line['event'].get('dataset') == 'shakeout.tls']


def frame_of(line, kind):
    return next((m['frame'] for m in line['shakeout']['tls']['handshake'] if m['type'] == kind), 0)


def shakeout_says(binary, path):
    """((frame, ends, kind) -> value, of every hello with a fingerprint; the same without one)"""
    said, without = {}, set()
    for line in shakeout_lines(binary, path):
        ends = tuple((line[side]['ip'], str(line[side]['port'])) for side in ('client', 'server'))
        values = {'ja3': line['tls'].get('client', {}).get('ja3'), 'ja4': line['shakeout']['tls'].get('ja4'),
                  'ja3s': line['tls'].get('server', {}).get('ja3s')}
        for kind, value in values.items():
            frame = frame_of(line, 'server_hello' if kind == 'ja3s' else 'client_hello')
            if value:
                said[frame, ends, kind] = value
            else:
                without.add((frame, ends, kind))
    return said, without


def published_complaints(path, said):
    for port, value in PUBLISHED.get(path.name, {}).items():
        ours = [v for (_, ends, kind), v in said.items() if kind == 'ja4' and ends[0][1] == str(port)]
        if ours != [value]:
            yield f'port {port}: published {value}, shakeout {ours}'


def judge(binary, path):
    """(capture, values compared, values of tshark alone, complaints)"""
    said, without = shakeout_says(binary, path)
    compared, alone, complaints = 0, [], list(published_complaints(path, said))
    for hello in tshark_says(path):
        key = hello.frame, hello.ends, hello.kind
        ours = said.get(key)
        if ours:
            compared += 1
            if ours != hello.value:
                complaints.append(f'frame {hello.frame}, {hello.kind}: tshark {hello.value}, shakeout {ours}')
        elif key in without:
            complaints.append(f'frame {hello.frame}, {hello.kind}: tshark {hello.value}, shakeout none')
        elif hello.kind != 'ja3s':  # a HelloRetryRequest has one with tshark, and so has a second ServerHello
            alone.append(hello)
    return path, compared, alone, complaints


def main():
    binary, folders = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:] or [ROOT / 'captures']
    if not shutil.which('tshark'):
        print('1..0 # SKIP tshark is missing')
        return 0
    number = compared = failed = alone = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, n, others, complaints in pool.map(lambda path: judge(binary, path), captures_of(folders)):
            compared += n
            alone += len(others)
            failed += len(complaints)
            if not n and not complaints:
                continue
            number += 1
            print(f'{"not ok" if complaints else "ok"} {number} - {path}: {n} values')
            print(''.join(f'  # {c}\n' for c in complaints[:10]), end='')
    print(f'# {compared} values compared, {failed} mismatches; {alone} values of connections that only tshark reads so')
    print(f'1..{number}')
    return 1 if failed or not compared else 0


if __name__ == '__main__':
    sys.exit(main())
