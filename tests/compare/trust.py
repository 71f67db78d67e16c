#!/usr/bin/env python3
"""Holds what shakeout says of each certificate chain against `openssl verify -attime`.

    trust.py BINARY [FOLDER...]

Chains and their times are read by tshark from every capture of the folders (captures/ of this tree without one).  Each
is judged against two bundles: the machine's own, and one made of every self-signed certificate and every authority that the
captures show.  Error number and depth must be those that openssl prints first.  Output: TAP.
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
PORTS = [f'tcp.port=={port},tls' for port in (8013, 9443, 8443, 10443, 4433)]
FIELDS = ['frame.number', 'frame.time_epoch', 'tcp.srcport', 'tcp.dstport', 'tls.handshake.certificate']
SYSTEM = '/etc/ssl/certs/ca-certificates.crt'

Chain = collections.namedtuple('Chain', 'frame seconds der')


def captures_of(folders):
    for folder in folders:
        yield from sorted(path for path in pathlib.Path(folder).rglob('*')
                          if path.is_file() and re.search(r'\.(pcap|pcapng|cap|dmp)$', path.name))


def chains_of(path):
    """One message a frame only: with two, tshark does not say which certificate is whose."""
    options = [word for port in PORTS for word in ('-d', port)]
    fields = [word for field in FIELDS for word in ('-e', field)]
    log = path.with_name('keys.txt')
    secrets = ['-o', f'tls.keylog_file:{log}'] if log.exists() else []
    done = subprocess.run(['tshark', '-n', '-r', str(path), *options, *secrets, '-Y', 'tls.handshake.certificate', '-T', 'fields',
                           *fields], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    for line in done.stdout.splitlines():
        frame, seconds, _, _, ders = line.split('\t')
        yield Chain(int(frame), int(float(seconds)), tuple(bytes.fromhex(der.replace(':', '')) for der in ders.split(',')))


def pem(der):
    return subprocess.run(['openssl', 'x509', '-inform', 'DER'], input=der, capture_output=True, check=False).stdout


def is_authority(der):
    done = subprocess.run(['openssl', 'x509', '-inform', 'DER', '-noout', '-text'], input=der, capture_output=True, check=False)
    text = done.stdout.decode(errors='replace')
    names = [re.search(rf'{word} ?: ?(.*)', text) for word in ('Issuer', 'Subject')]
    return all(names) and (names[0][1] == names[1][1] or 'CA:TRUE' in text)


def openssl_says(bundle, folder, chain, side):
    """(error, depth) of the first complaint, (0, 0) without one."""
    leaf, rest = folder / 'leaf.pem', folder / 'rest.pem'
    leaf.write_bytes(pem(chain.der[0]))
    rest.write_bytes(b''.join(pem(der) for der in chain.der[1:]))
    others = ['-untrusted', str(rest)] if rest.stat().st_size else []
    done = subprocess.run(['openssl', 'verify', '-no-CApath', '-no-CAstore', '-CAfile', str(bundle), *others, '-purpose',
                           side, '-attime', str(chain.seconds), str(leaf)], capture_output=True, text=True, check=False)
    found = re.search(r'error (\d+) at (\d+) depth', done.stdout + done.stderr)
    if found:
        return int(found[1]), int(found[2])
    return (0, 0) if done.returncode == 0 else None


def shakeout_says(binary, bundle, path):
    """(leaf's sha256, frame) -> (side, error, depth), for the places where a chain was shown first."""
    log = path.with_name('keys.txt')
    keys = ['--keylog', str(log)] if log.exists() else []
    done = subprocess.run([binary, '--scope', 'all', '--format', 'jsonl', '--ca-bundle', str(bundle), *keys, str(path)],
                          capture_output=True, text=True, errors='replace', timeout=TIME_LIMIT_S, check=False)
    said = {}
    for line in map(json.loads, done.stdout.splitlines()):
        ours = line['shakeout']
        if line['event'].get('dataset') != 'shakeout.certificate' or ours['chain_position'] or 'trust' not in ours:
            continue
        side = 'server' if 'server' in line['tls'] else 'client'
        mark = line['tls'][side]['hash']['sha256'].lower(), ours.get('frames', [0])[0]
        said[mark] = 'ssl' + side, ours['trust']['openssl']['error'], ours['trust'].get('depth', 0)
    return said


def judge(binary, path, chains, bundles):
    """(capture, chains compared, complaints)"""
    compared, complaints = 0, []
    with tempfile.TemporaryDirectory() as name:
        for bundle in bundles:
            said = shakeout_says(binary, bundle, path)
            for chain in chains:
                mark = hashlib.sha256(chain.der[0]).hexdigest(), chain.frame
                if mark not in said:
                    continue
                side, error, depth = said[mark]
                theirs = openssl_says(bundle, pathlib.Path(name), chain, side)
                compared += 1
                if theirs and theirs != (error, depth if error else 0):
                    complaints.append(f'frame {chain.frame}, {bundle.name}: openssl {theirs}, shakeout {(error, depth)}')
    return path, compared, complaints


def main():
    binary, folders = sys.argv[1], sys.argv[2:] or [ROOT / 'captures']
    if not shutil.which('tshark') or not shutil.which('openssl'):
        print('1..0 # SKIP tshark or openssl is missing')
        return 0
    with tempfile.TemporaryDirectory() as name, concurrent.futures.ThreadPoolExecutor(2) as pool:
        paths = list(captures_of(folders))
        found = {path: chains for path, chains in zip(paths, pool.map(lambda path: list(chains_of(path)), paths)) if chains}
        distinct = {der for chains in found.values() for chain in chains for der in chain.der}
        seen = pathlib.Path(name) / 'seen.pem'
        seen.write_bytes(b''.join(pem(der) for der in sorted(distinct) if is_authority(der)))
        bundles = [bundle for bundle in (seen, pathlib.Path(SYSTEM)) if bundle.exists()]
        results = list(pool.map(lambda item: judge(binary, *item, bundles), found.items()))
    print(f'1..{len(results)}')
    total = 0
    for i, (path, compared, complaints) in enumerate(results, 1):
        total += compared
        print(f'{"not " if complaints else ""}ok {i} - {path.parent.name}/{path.name}: {compared} chains compared')
        for complaint in complaints:
            print(f'  # {complaint}')
    print(f'# {total} readings of {len(found)} captures compared')
    return int(not total or any(complaints for _, _, complaints in results))


if __name__ == '__main__':
    sys.exit(main())
