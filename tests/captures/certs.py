#!/usr/bin/env python3
"""Holds the certificates that `--certs` writes against OpenSSL and tshark.

    certs.py BINARY [--every N] [CASE...]

For each case that shows certificates: every file is one certificate that OpenSSL reads, with the SHA-256 of its name; its
name has no other characters than it may have; the set is the one that tshark takes out of the capture (with the secrets of
the case), where that is installed (of one case in N), and each is in the packet that its file names.  A second run into the same folder
replaces nothing and ends with exit code 2; with --force it writes the same again.  Output: TAP.
"""
import collections
import concurrent.futures
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import run as cases

TSHARK = shutil.which('tshark')
OPENSSL = shutil.which('openssl')
NAME = re.compile(r'(server|client|authority)(-[A-Za-z0-9._-]{1,48})?-([0-9A-F]{64})\.pem')


def shown_by_tshark(case):
    """SHA-256 to the packets that tshark finds the certificate in."""
    command = [TSHARK, '-n', '-r', str(case.capture), '-d', 'tcp.port==8013,tls', '-d', 'tcp.port==9443,tls',
               '-Y', 'tls.handshake.certificate', '-T', 'fields', '-E', 'aggregator=,', '-e', 'frame.number',
               '-e', 'tls.handshake.certificate']
    if '--keylog' in case.args:
        command[1:1] = ['-o', f'tls.keylog_file:{case.args[case.args.index("--keylog") + 1]}']
    found = collections.defaultdict(set)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode and 'damaged' not in done.stderr and 'cut short' not in done.stderr:
        sys.exit(f'tshark ends with {done.returncode}: {done.stderr}')
    for line in done.stdout.splitlines():
        frame, _, certificates = line.partition('\t')
        for octets in certificates.split(','):
            found[hashlib.sha256(bytes.fromhex(octets.replace(':', ''))).hexdigest().upper()].add(int(frame))
    return found


def export(binary, case, folder, *args):
    return subprocess.run([binary, '-qq', '--scope', 'all', *case.args, *args, '--certs', str(folder), str(case.capture)],
                          capture_output=True, text=True, timeout=cases.TIME_LIMIT_S, check=False)


def file_complaints(path, truth):
    name = NAME.fullmatch(path.name)
    if not name:
        yield f'{path.name} is no name for one'
        return
    text = path.read_text()
    der = subprocess.run([OPENSSL, 'x509', '-in', path, '-outform', 'DER'], capture_output=True, check=False)
    if der.returncode or hashlib.sha256(der.stdout).hexdigest().upper() != name[3]:
        yield f'{path.name} is not the certificate of its name'
    if text.count('-----BEGIN') != 1:
        yield f'{path.name} holds more than one certificate'
    frames = {int(n) for n in re.findall(r'^# shown .*, packet (\d+) of ', text, re.M)}
    if truth is not None and not frames <= truth.get(name[3], set()):
        yield f'{path.name} names packets {sorted(frames)}, tshark has it in {sorted(truth.get(name[3], set()))}'


def again_complaints(binary, case, folder):
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    refused = export(binary, case, folder)
    if refused.returncode != 2 or 'is there already' not in refused.stderr:
        yield f'a second run ends with {refused.returncode}: {refused.stderr.strip()}'
    if {p.name: p.read_bytes() for p in folder.iterdir()} != before:
        yield 'a second run changed files'
    if export(binary, case, folder, '--force').returncode == 2:
        yield '--force does not replace'
    if {p.name: p.read_bytes() for p in folder.iterdir()} != before:
        yield '--force wrote something else'


def complaints(binary, case, ask_tshark):
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place) / 'certs'
        done = export(binary, case, folder)
        if done.returncode == 2:
            return [f'exit status 2: {done.stderr.strip()}'], 0
        files = sorted(folder.iterdir())
        truth = shown_by_tshark(case) if ask_tshark and case.capture.suffix != '.txt' else None
        found = [c for path in files for c in file_complaints(path, truth)]
        hashes = {path.name[-68:-4] for path in files}
        if len(hashes) != len(files):
            found.append('a certificate is there twice')
        if truth is not None and hashes != set(truth):
            found.append(f'{len(set(truth) - hashes)} are missing that tshark has, {len(hashes - set(truth))} are more')
        if files:
            found += again_complaints(binary, case, folder)
        return found, len(files)


def main():
    binary, (every, names) = sys.argv[1], cases.tshark_share(sys.argv[2:])
    if not OPENSSL:
        print('1..0 # SKIP openssl is not installed')
        return 0
    chosen, bad, total = cases.cases_read(names), 0, 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda job: complaints(binary, job[1], TSHARK and job[0] % every == 0), enumerate(chosen, 1))
        for number, (case, (found, files)) in enumerate(zip(chosen, results), 1):
            print(f'{"not ok" if found else "ok"} {number} - certificates of {case.name}')
            for line in found[:5]:
                print(f'  # {line}')
            bad, total = bad + bool(found), total + files
    print(f'1..{len(chosen)}')
    print(f'# {total} files' + ('' if TSHARK else '; tshark is not installed: not compared with it'))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
