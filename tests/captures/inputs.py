#!/usr/bin/env python3
"""Gives shakeout what people and enemies give it: no capture, half a capture, a flood, names with teeth.

    inputs.py BINARY

What cannot be read ends with exit code 2 and one sentence.  What can be read in part is reported, with the damage.
Names from the wire reach neither terminal nor JSON with control characters, escape codes or bidi marks.
Output: TAP.
"""
import os
import pathlib
import random
import resource
import struct
import subprocess
import sys
import tempfile
import unicodedata

import pcapfile
import run

CEILING_MIB = 512
SYNS_A_SECOND, FLOOD_SECONDS = 10_000, 60
HOSTILE = b'\x1b[31m<b>\n\xe2\x80\xae\x07"ab'
assert len(HOSTILE) == len(b'ems.corp.example')


class Inputs:
    def __init__(self, binary, folder):
        self.binary, self.folder = str(pathlib.Path(binary).resolve()), pathlib.Path(folder)
        self.number = self.failed = 0

    def file(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def call(self, *args, **more):
        return subprocess.run([self.binary, *map(str, args)], capture_output=True, timeout=run.TIME_LIMIT_S,
                              check=False, **more)

    def result(self, name, complaints):
        self.number += 1
        self.failed += bool(complaints)
        run.say(self.number, name, complaints)


# --- what is no capture -------------------------------------------------------------------------------------

def refusal_complaints(done):
    words = done.stderr.decode(errors='replace')
    lines = words.splitlines()
    if done.returncode != 2:
        yield f'want exit code 2, have {done.returncode}'
    if not words.startswith('shakeout: '):
        yield f'no sentence: {words[:200]!r}'
    if done.stdout or len(lines) > 4 or any(not line.startswith('  ') for line in lines[1:]):
        yield f'more than a sentence and its remedy: {done.stdout[:80]!r} {words[:400]!r}'


def no_captures(inputs):
    etl = b'\x00\x00\x01\x00' + bytes(60) + '{9e814aad-3204-11d2-9a82-006008a86939}'.encode('utf-16-le')
    for name, data in (('empty', b''), ('text', b'Dear all,\nplease find attached.\n'), ('etl', etl),
                       ('noise', random.Random(1).randbytes(5000)), ('half a magic', b'\xd4\xc3')):
        path = inputs.file('input', data)
        inputs.result(f'{name} is refused', list(refusal_complaints(inputs.call(path))))
    inputs.result('a directory is refused', list(refusal_complaints(inputs.call(inputs.folder))))
    inputs.result('a missing file is refused', list(refusal_complaints(inputs.call(inputs.folder / 'absent'))))
    unreadable(inputs)


def unreadable(inputs):
    """Root reads everything, so another user tries."""
    path = inputs.file('secret', b'')
    path.chmod(0)
    if os.getuid() == 0:
        if not world_readable(inputs.binary):
            print('# an unreadable file: skipped, the program is out of reach for another user')
            return
        os.chmod(inputs.folder, 0o755)
        done = inputs.call(path, user=65534)
    else:
        done = inputs.call(path)
    inputs.result('an unreadable file is refused', list(refusal_complaints(done)))


def world_readable(path):
    try:
        probe = subprocess.run([path, '--version'], capture_output=True, check=False, user=65534)
    except PermissionError:  # a folder above is not for everybody
        return False
    return probe.returncode == 0


# --- what lies ----------------------------------------------------------------------------------------------

def pcap(*records):
    return struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1) + b''.join(records)


def record(seconds, data, claimed=None):
    length = len(data) if claimed is None else claimed
    return struct.pack('<4I', seconds, 0, length, length) + data


def syn(client, port, server=0x0a00000a, server_port=8013, sequence=1):
    tcp = struct.pack('>HHIIBBHHH', port, server_port, sequence, 0, 5 << 4, 2, 64240, 0, 0)
    ip = struct.pack('>BBHHHBBHII', 0x45, 0, 40, sequence & 0xffff, 0x4000, 64, 6, 0, client, server)
    return b'\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0' + ip + tcp


def damage_complaints(inputs, data, packets):
    path = inputs.file('input', data)
    done = run.run([inputs.binary], ['--scope', 'all'], path)
    yield from done.complaints
    if done.exit not in (0, 1, 3):
        yield f'want a report, have exit code {done.exit}'
    if 'capture.damaged' not in done.ids:
        yield 'capture.damaged was not raised'
    if len(done.outcomes) != packets:
        yield f'want the {packets} connections before the damage, have {len(done.outcomes)}'


def lies(inputs):
    good = record(1, syn(0x0a000001, 1000)) + record(2, syn(0x0a000002, 1000))
    inputs.result('a packet of 4 GiB is named, what came before is judged',
                  list(damage_complaints(inputs, pcap(good, record(3, b'x' * 60, 0xffffffff)), 2)))
    inputs.result('a file that breaks off inside a packet is named, what came before is judged',
                  list(damage_complaints(inputs, pcap(good, record(3, b'x' * 60)[:40]), 2)))


# --- a flood ------------------------------------------------------------------------------------------------

def flood_write(path):
    chance = random.Random(7)
    with open(path, 'wb') as f:
        f.write(pcap())
        for i in range(SYNS_A_SECOND * FLOOD_SECONDS):
            frame = syn(chance.getrandbits(32), chance.randrange(1, 65536), chance.getrandbits(32),
                        chance.randrange(1, 65536), chance.getrandbits(32))
            f.write(struct.pack('<4I', 1_700_000_000 + i // SYNS_A_SECOND, i % SYNS_A_SECOND * 100, 54, 54) + frame)


def flood_complaints(inputs, *options):
    path = inputs.folder / 'flood'
    if not path.exists():
        flood_write(path)
    done = subprocess.Popen([inputs.binary, *options, str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    words = done.stderr.read().decode(errors='replace')
    _, status, usage = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    if done.returncode not in (0, 1, 3):
        yield f'ended with {done.returncode}: {words[-300:]}'
    if usage.ru_maxrss / 1024 > CEILING_MIB:
        yield f'{usage.ru_maxrss / 1024:.0f} MiB, ceiling {CEILING_MIB}'


def flood(inputs):
    name = f'{SYNS_A_SECOND} SYNs of random tuples a second for {FLOOD_SECONDS} s'
    inputs.result(f'{name}, default scope', list(flood_complaints(inputs)))
    inputs.result(f'{name}, all connections', list(flood_complaints(inputs, '--scope', 'all', '--format', 'jsonl')))


# --- names with teeth ---------------------------------------------------------------------------------------

def poisoned(data):
    """The names of the lab in SNI, certificates, DNS and HTTP, each as long as before."""
    return (data.replace(b'ems.corp.example', HOSTILE).replace(b'\x03ems', b'\x03\x1b[m')
            .replace(b'\x07example', b'\x07\xe2\x80\xae\n<\x07a')
            .replace(b'Bad Request', b'\x1b[2J<b>\x07\xc2\x9b!'))


def escapes_complaints(text):
    """Control and format characters other than the end of a line."""
    for character in sorted(set(text)):
        if character != '\n' and unicodedata.category(character) in ('Cc', 'Cf', 'Cs'):
            yield f'U+{ord(character):04X} came through'


def teeth(inputs):
    for case in ('ok_openssl_tls12', 'cert_unknown_ca_openssl_tls12', 'not_tls_http_400', 'dns_nxdomain'):
        for capture in sorted((run.ROOT / 'captures' / case).glob('capture.pcap*')):
            link, packets = pcapfile.read(capture)
            path = inputs.folder / f'{case}.pcap'
            pcapfile.write(path, link, [p._replace(data=poisoned(p.data)) for p in packets])
            for options in ([], ['-vv'], ['--format', 'jsonl'], ['--ascii']):
                options = ['--scope', 'all', '--color', 'never', *options]
                done = inputs.call(*options, path)
                out = (done.stdout + done.stderr).decode('utf-8')
                inputs.result(f'hostile names in {case}, {" ".join(options[4:]) or "console"}',
                              list(escapes_complaints(out)))


def hostile_file_name(inputs):
    for data, what in ((pcap(record(1, syn(0x0a000001, 1000))), 'a capture'), (b'no capture', 'a text')):
        path = inputs.file('\x1b[31m\n\u202e<b>', data)
        done = inputs.call('--color', 'never', path)
        inputs.result(f'the hostile file name of {what}',
                      list(escapes_complaints((done.stdout + done.stderr).decode('utf-8'))))


def full_disk(inputs):
    """One sentence and exit code 2 from whatever writes; `| head` is no fault and says nothing."""
    path = inputs.file('full.pcap', pcap(record(1, syn(0x0a000001, 1000))))
    for words in (['explain'], ['config'], ['config', '--template'], ['--help'], ['--schema'], ['--scope', 'all', path],
                  ['config', '--suggest', path]):
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([inputs.binary, *words], stdout=full, stderr=subprocess.PIPE, check=False)
        said = done.stderr.decode()
        inputs.result(f'no room for the output of {" ".join(map(str, words[:2]))}',
                      [c for c in (done.returncode != 2 and f'exit code {done.returncode}',
                                  said != 'shakeout: output: cannot be written: No space left on device\n  make room, or write to another disk\n' and repr(said)) if c])


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix='shakeout-inputs.') as folder:
        inputs = Inputs(sys.argv[1], folder)
        for part in no_captures, lies, teeth, hostile_file_name, full_disk, flood:
            part(inputs)
    print(f'1..{inputs.number}')
    return 1 if inputs.failed else 0


if __name__ == '__main__':
    sys.exit(main())
