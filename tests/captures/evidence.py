#!/usr/bin/env python3
"""Holds the evidence that -w writes against the capture it is out of.

    evidence.py BINARY [--every N] [CASE...]

For each case of captures/: every packet of the evidence is a packet of the capture, unchanged and in order; the
frames that a failing connection's verdict rests on are there, and carry its id as a comment; analysed alone, the
evidence gives every failing connection the same finding, owner and confidence; no TLS secret of the capture is in it.
Where tshark is installed it must read the file (of one case in N) without complaint.  Output: TAP.
"""
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

import pcapfile
import run as cases

TSHARK = shutil.which('tshark')


def comments_of(data):
    """Comments of each packet, by an independent reading of the blocks (little-endian, as this machine writes)."""
    comments, at = [], 0
    while at + 12 <= len(data):
        kind, length = struct.unpack('<II', data[at:at + 8])
        body = data[at + 8:at + length - 4]
        if kind == pcapfile.ENHANCED:
            captured, = struct.unpack('<I', body[12:16])
            option, found = 20 + (captured + 3 & ~3), []
            while option + 4 <= len(body):
                code, size = struct.unpack('<HH', body[option:option + 4])
                if code == 1:
                    found.append(body[option + 4:option + 4 + size].decode())
                option += 4 + (size + 3 & ~3)
            comments.append(found)
        at += length
    return comments


def place(packets, kept):
    """Number in the capture of each kept packet; None where one is not of the capture, or out of order."""
    numbers, at = [], 0
    for packet in kept:
        while at < len(packets) and packets[at] != packet:
            at += 1
        if at == len(packets):
            return None
        at += 1
        numbers.append(at)
    return numbers


def failing(result):
    return {pair: [o for o in outcomes if not o.id.startswith(('ok.', 'info.'))]
            for pair, outcomes in result.outcomes.items()}


def verdict_complaints(whole, carved):
    for pair, outcomes in failing(whole).items():
        have = [cases.show(o) for o in carved.outcomes.get(pair, [])]
        for outcome in outcomes:
            if cases.show(outcome) not in have:
                yield f'{cases.pair_name(pair)}: {cases.show(outcome)} became {", ".join(have) or "nothing"}'


def frame_complaints(whole, numbers, comments):
    for outcomes in failing(whole).values():
        for outcome in outcomes:
            for frame in outcome.frames:
                if frame not in numbers:
                    yield f'frame {frame} of {outcome.id} is not kept'
                elif not any(f'[{outcome.id}]' in c for c in comments[numbers.index(frame)]):
                    yield f'frame {frame} of {outcome.id} has no comment that says so'


def tshark_complaints(path):
    done = subprocess.run([TSHARK, '-r', str(path), '-T', 'fields', '-e', 'frame.number'], capture_output=True,
                          timeout=cases.TIME_LIMIT_S, check=False)
    if done.returncode:
        yield f'tshark: {done.stderr.decode(errors="replace")[-300:]}'


def complaints(binary, case, folder, ask_tshark):
    path = folder / 'evidence.pcapng'
    args = [*case.args, '-w', str(path), '--force']
    whole = cases.run([binary], args, case.capture)
    yield from whole.complaints
    if whole.exit == 2:
        return
    if not path.exists():
        yield 'nothing was written'
        return
    data = path.read_bytes()
    secrets = list(cases.secrets_of(case))
    yield from (f'a secret is in the evidence: {s[:16]!r}' for s in secrets if s in data)
    if ask_tshark:
        yield from tshark_complaints(path)
    if case.capture.suffix == '.txt':
        return
    numbers = place(pcapfile.read(case.capture)[1], pcapfile.read(path)[1])
    if numbers is None:
        yield 'a packet is not of the capture'
        return
    yield from frame_complaints(whole, numbers, comments_of(data))
    if not secrets:
        yield from verdict_complaints(whole, cases.run([binary], case.args, path))


def main():
    binary, (every, names) = str(pathlib.Path(sys.argv[1]).resolve()), cases.tshark_share(sys.argv[2:])
    failed = 0
    chosen = cases.cases_read(names)
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(chosen, 1):
            found = list(complaints(binary, case, pathlib.Path(folder), TSHARK and number % every == 0))
            failed += bool(found)
            print(f'{"not ok" if found else "ok"} {number} - evidence of {case.name}')
            for complaint in found:
                print(f'  # {complaint}')
    print(f'1..{len(chosen)}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
