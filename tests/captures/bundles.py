#!/usr/bin/env python3
"""Makes bundles of some cases and reads them as a stranger would.

    bundles.py BINARY [--faults] [CASE...]

Each archive must hold exactly its twelve files, whose hashes are those of its manifest; the evidence with the
configuration beside it gives the failing connections of the capture; page, JSON and summaries keep their forms; no address, name or credential of the
original is in any file, nor in the archive; made again it is the same, octet for octet, where no certificate had to be
made; `unmask` turns the summary back.  A target that is there is left alone; a bundle that is broken off, or finds no
room, leaves nothing under its name.  Output: TAP.
"""
import hashlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile

import evidence
import page
import pcapfile
import redacted
import run as cases

CASES = ['syn_silent_drop', 'cert_unknown_ca_gnutls_tls13', 'cert_expired_openssl_tls12', 'proxy_connect_407',
         'dns_nxdomain', 'icmp_admin_prohibited', 'ok_openssl_tls13', 'checkin_on_backup_server', 'deploy_smb_refused']
NAMES = ['README.txt', 'capture-quality.txt', 'config.ini', 'environment.json', 'evidence.pcapng', 'findings.jsonl',
         'handling.txt', 'manifest.sha256', 'redaction.txt', 'report.html', 'summary.md', 'summary.txt']
LINES_MOST = 60


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def check(self, name, found):
        self.n += 1
        found = [c for c in found if c]
        self.failed += bool(found)
        print(f'{"not ok" if found else "ok"} {self.n} - {name}', flush=True)
        for complaint in found[:8]:
            print(f'  # {complaint}')


def bundle(binary, folder, captures, case, *more, **how):
    environment = {**os.environ, 'XDG_DATA_HOME': str(folder / 'data'), 'TZ': 'UTC'}
    return subprocess.run([binary, 'bundle', *map(str, captures), '--case', case, *more], cwd=folder, env=environment,
                          capture_output=True, text=True, timeout=120, check=False, **how)


def manifest_complaints(files):
    listed = dict(reversed(line.split('  ')) for line in files['manifest.sha256'].decode().splitlines())
    if sorted([*listed, 'manifest.sha256']) != NAMES:
        yield f'the manifest lists {sorted(listed)}'
    yield from (f'{name} is not what the manifest says' for name, digest in listed.items()
                if hashlib.sha256(files[name]).hexdigest() != digest)


def form_complaints(files):
    yield from page.complaints(files['report.html'])
    for line in files['findings.jsonl'].decode().splitlines():
        json.loads(line)
    json.loads(files['environment.json'])
    for name in 'summary.txt', 'summary.md':
        lines = files[name].decode().splitlines()
        if len(lines) > LINES_MOST:
            yield f'{name} has {len(lines)} lines'
    if b'REDACTED: standard' not in files['report.html']:
        yield 'the page does not say that it is redacted'


def one_truth_complaints(files, case):
    """What several files say, they say alike."""
    level = json.loads(files['environment.json'])['redaction']
    said = json.loads(files['findings.jsonl'].decode().splitlines()[0])['shakeout']['redaction']
    if said != level:
        yield f'findings.jsonl says {said}, environment.json {level}'
    for name in 'summary.txt', 'summary.md':
        head = files[name].decode()[:900].replace('\\', '')
        if case.name not in head or 'stand-ins' not in head or f'unmask --case {case.name}' not in head:
            yield f'the head of {name} does not say whose names these are'


def comment_complaints(binary, case, files, folder):
    """Beside a packet stands what stands there without redaction, but for the name of a question."""
    path = folder / 'plain.pcapng'
    subprocess.run([binary, *redacted.without_files(case.args), '-w', str(path), '--force', str(case.capture)], capture_output=True, check=False)
    was, now = evidence.comments_of(path.read_bytes()), evidence.comments_of(files['evidence.pcapng'])
    path.unlink()
    if not any(now):
        yield 'no packet has a comment'
    for number, (before, after) in enumerate(zip(was, now, strict=True), 1):
        ours = [[re.sub(r'^(\[DNS\]) .+', r'\1', c) for c in comments] for comments in (before, after)]
        if ours[0] != ours[1]:
            yield f'packet {number}: {before} became {after}'


def originals_of(capture):
    """Addresses and words of the original, as text, and how each may be found."""
    link, packets = pcapfile.read(capture)
    for address in redacted.addresses_of(link, packets):
        text = str(redacted.ipaddress.ip_address(address))
        yield text, re.compile(rb'(?<![0-9.])' + re.escape(text.encode()) + rb'(?![0-9])')
    for word in redacted.words_of(link, packets) - {b'contoso'}:
        yield word.decode(), re.compile(rb'(?i)(?<![a-z0-9])' + re.escape(word) + rb'(?![a-z0-9])')
    for credential in redacted.credentials_of(packets):
        yield repr(credential), re.compile(re.escape(credential))


def leak_complaints(files, capture):
    for what, pattern in originals_of(capture):
        yield from (f'{what} is in {name}' for name, data in files.items() if pattern.search(data))


def verdict_complaints(binary, case, files, folder):
    path = folder / 'evidence.pcapng'
    path.write_bytes(files['evidence.pcapng'])
    config = folder / 'config.ini'
    config.write_bytes(files['config.ini'])
    was, now = (sorted(cases.show(o) for outcomes in cases.run([binary], args, p).outcomes.values()
                       for o in outcomes if not o.id.startswith(('ok.', 'info.')))
                for p, args in ((case.capture, redacted.without_files(case.args)), (path, ['--config', str(config)])))
    config.unlink()
    if was != now:
        yield f'{was} became {now}'


def unmask_complaints(binary, folder, case, summary):
    done = subprocess.run([binary, 'unmask', '--case', case.name], input=summary, capture_output=True, check=False,
                          env={**os.environ, 'XDG_DATA_HOME': str(folder / 'data')})
    client = case.primary[0][0][0][0]
    if client.encode() not in done.stdout:
        yield f'{client} does not come back: {done.stderr!r}'
    mode = (folder / f'data/shakeout/maps/{case.name}.map').stat().st_mode
    if mode & 0o77:
        yield f'the map has mode {mode:o}'


def one_case(tap, binary, case, folder):
    done = bundle(binary, folder, [case.capture], case.name, *redacted.without_files(case.args))
    path = folder / f'shakeout-{case.name}.zip'
    if done.returncode or not path.exists():
        tap.check(f'{case.name}: a bundle', [f'{done.returncode}: {done.stderr}'])
        return
    with zipfile.ZipFile(path) as archive:
        files = {name.split('/')[1]: archive.read(name) for name in archive.namelist()}
    tap.check(f'{case.name}: twelve files, as the manifest says', [sorted(files) != NAMES and f'{sorted(files)}',
                                                                   *manifest_complaints(files)])
    tap.check(f'{case.name}: forms', form_complaints(files))
    tap.check(f'{case.name}: one truth', one_truth_complaints(files, case))
    tap.check(f'{case.name}: comments', comment_complaints(binary, case, files, folder))
    tap.check(f'{case.name}: nothing of the original', leak_complaints(files, case.capture))
    tap.check(f'{case.name}: the same failures', verdict_complaints(binary, case, files, folder))
    if case.primary and b'EMS connectivity: HEALTHY' not in files['summary.txt']:
        tap.check(f'{case.name}: unmask', unmask_complaints(binary, folder, case, files['summary.txt']))
    again = bundle(binary, folder, [case.capture], case.name, *redacted.without_files(case.args), '-o', 'again.zip')
    same = (folder / 'again.zip').read_bytes() == path.read_bytes()
    tap.check(f'{case.name}: the same again', [not again.returncode and 'tls12' not in case.name and not same and 'it differs'])
    (folder / 'again.zip').unlink()


def left_over(folder):
    return sorted(p.name for p in folder.iterdir() if p.name not in ('data', 'shakeout-kept.zip'))


def refusals(tap, binary, case, folder):
    kept = folder / 'shakeout-kept.zip'
    kept.write_text('mine')
    done = bundle(binary, folder, [case.capture], 'kept')
    tap.check('a target that is there', [done.returncode != 2 and f'exit {done.returncode}', kept.read_text() != 'mine' and 'lost',
                                         'is there already' not in done.stderr and done.stderr])
    limit = lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    done = bundle(binary, folder, [case.capture], 'full', preexec_fn=limit)
    tap.check('no room', [done.returncode != 2 and f'exit {done.returncode}', *left_over(folder)])
    done = bundle(binary, folder, ['/nowhere.pcap'], 'none')
    tap.check('no such file', [done.returncode != 2 and f'exit {done.returncode}', *left_over(folder)])


def kills(tap, binary, case, folder):
    """At moments spread over the run: what lies under the final name is whole, or nothing does."""
    found, environment = [], {**os.environ, 'XDG_DATA_HOME': str(folder / 'data')}
    begun = time.monotonic()
    bundle(binary, folder, [case.capture], 'time')
    whole = time.monotonic() - begun
    for moment in range(20):
        path = folder / f'shakeout-kill{moment}.zip'
        child = subprocess.Popen([binary, 'bundle', str(case.capture), '--case', f'kill{moment}'], cwd=folder, env=environment,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * moment / 18)
        child.kill()
        child.wait()
        if path.exists():
            with zipfile.ZipFile(path) as archive:
                found += [f'{moment}: {archive.testzip()}'] if archive.testzip() or len(archive.namelist()) != len(NAMES) else []
    tap.check('killed at twenty moments: whole or not there', found)


CALLS = ('write', 'openat', 'close', 'fsync', 'fchmod', 'mkdir', 'unlink', 'link', 'linkat', 'rename', 'renameat', 'renameat2')
MOMENTS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144)


def faults(tap, binary, case, folder):
    """Killed in a system call: the n-th of each kind, with and without an older archive of that name."""
    path, found, runs = folder / 'x.zip', [], 0
    for older in None, b'an older one':
        for call in CALLS:
            for moment in MOMENTS:
                path.unlink(missing_ok=True)
                if older:
                    path.write_bytes(older)
                command = [binary, 'bundle', str(case.capture), '--case', 'k', '-o', 'x.zip', *(['--force'] if older else [])]
                done = subprocess.run(['strace', '-f', '-qq', '-o', '/dev/null', '-e', f'inject={call}:signal=KILL:when={moment}', *command],
                                      cwd=folder, env={**os.environ, 'XDG_DATA_HOME': str(folder / 'data')}, capture_output=True, check=False)
                runs += 1
                if path.exists() and path.read_bytes() != older and not is_whole(path):
                    found.append(f'{call} {moment}')
                for left in folder.glob('x.zip.*'):
                    shutil.rmtree(left) if left.is_dir() else left.unlink()
                if not done.returncode:
                    break  # there are no more calls of this kind
    tap.check(f'killed in {runs} system calls: whole, the older one, or not there', found)


def is_whole(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None and len(archive.namelist()) == len(NAMES)
    except zipfile.BadZipFile:
        return False


def full_disks(tap, binary, case, folder):
    """Disks on which less and less of it has room."""
    disk, found, tried = folder / 'disk', [], 0
    disk.mkdir()
    for kilobytes in 16, 32, 48, 64, 96, 128, 1024:
        if subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={kilobytes}k', 'none', disk], capture_output=True, check=False).returncode:
            print('# SKIP full disks: only root may mount one')
            return
        try:
            done = bundle(binary, disk, [case.capture], 'full')
            path, tried = disk / 'shakeout-full.zip', tried + 1
            if done.returncode not in (0, 2) or path.exists() != (done.returncode == 0) or (path.exists() and not is_whole(path)):
                found.append(f'{kilobytes} kB: exit {done.returncode}, {done.stderr}')
            if done.returncode and ('No space left' not in done.stderr or 'make room' not in done.stderr or left_over(disk)):
                found.append(f'{kilobytes} kB: {done.stderr} {left_over(disk)}')
        finally:
            subprocess.run(['umount', disk], check=False)
    tap.check(f'{tried} sizes of a disk', found)


def main():
    binary, names = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:] or CASES
    tap = Tap()
    if names[:1] == ['--faults']:
        with tempfile.TemporaryDirectory() as folder:
            full_disks(tap, binary, cases.cases_read(['syn_silent_drop'])[0], pathlib.Path(folder))
            if shutil.which('strace'):
                faults(tap, binary, cases.cases_read(['syn_silent_drop'])[0], pathlib.Path(folder))
            else:
                print('# SKIP killed in system calls: strace is not installed')
        print(f'1..{tap.n}')
        return 1 if tap.failed else 0
    chosen = cases.cases_read(names)
    for case in chosen:
        with tempfile.TemporaryDirectory() as folder:
            one_case(tap, binary, case, pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        refusals(tap, binary, chosen[0], pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        kills(tap, binary, chosen[0], pathlib.Path(folder))
    print(f'1..{tap.n}')
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
