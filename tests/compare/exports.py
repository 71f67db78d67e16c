#!/usr/bin/env python3
"""Holds conn.log (`--export zeek=`) against tshark.

    exports.py BINARY [FOLDER...]

All captures of the folders (captures/ of this tree without one) are read.  tshark says the Community ID, packets and
octets of each connection; its flags, numbers and windows give the history by the words of Zeek's documentation, written
down here once more: numbers count from the newest SYN of their side.  Gaps (g) are left out: tshark and Zeek count
them differently; so are IP octets of fragments, of which tshark shows the last.  A connection counts when both see as
many packets of it: shakeout leaves copies of a mirror out, and takes reused ports for what they are.  Output: TAP.
"""
import collections
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile

from trust import ROOT, TIME_LIMIT_S, captures_of

sys.path.insert(0, str(ROOT / 'tests/captures'))
import exports  # noqa: E402

FIELDS = ['tcp.stream', 'ip.src', 'ipv6.src', 'tcp.srcport', 'ip.dst', 'ipv6.dst', 'tcp.dstport', 'tcp.flags', 'tcp.seq_raw',
          'tcp.len', 'tcp.window_size_value', 'ip.len', 'ipv6.plen', 'communityid', 'ip.fragment.count', 'ipv6.fragment.count']
FIN, SYN, RST, ACK = 1, 2, 4, 16

Segment = collections.namedtuple('Segment', 'source destination flags seq length window ip_length community whole')


def last(text):
    """Of the headers inside each other, the innermost."""
    return text.split('\x1e')[-1]


def segment_of(row):
    address, port = last(row['ip.src'] or row['ipv6.src']), last(row['tcp.srcport'])
    peer, peer_port = last(row['ip.dst'] or row['ipv6.dst']), last(row['tcp.dstport'])
    ip_length = int(last(row['ip.len'])) if row['ip.len'] else int(last(row['ipv6.plen']) or 0) + 40
    return Segment((address, port), (peer, peer_port), int(last(row['tcp.flags']), 16), int(last(row['tcp.seq_raw'])),
                   int(last(row['tcp.len']) or 0), int(last(row['tcp.window_size_value']) or 1), ip_length,
                   last(row['communityid']), not row['ip.fragment.count'] + row['ipv6.fragment.count'])


def streams_of(path):
    """Segments of each TCP stream; nothing of tunnels, where tshark names addresses of several layers."""
    fields = [word for field in FIELDS for word in ('-e', field)]
    done = subprocess.run(['tshark', '-n', '-r', str(path), '--enable-protocol', 'communityid', '-Y', 'tcp && !icmp && !icmpv6',
                           '-T', 'fields', '-E', 'separator=\x1f', '-E', 'aggregator=\x1e', *fields],
                          capture_output=True, timeout=TIME_LIMIT_S, check=False)
    streams = collections.defaultdict(list)
    for line in done.stdout.decode(errors='replace').strip('\n').split('\n'):
        row = dict(zip(FIELDS, line.split('\x1f')))
        if len(row) == len(FIELDS) and row['tcp.flags'] and row['tcp.seq_raw']:
            streams[last(row['tcp.stream'])].append(segment_of(row))
    return streams


class Side:
    def __init__(self):
        self.once, self.numbers, self.counts = set(), {}, collections.Counter()
        self.start = self.highest = self.state = None  # state: None, 'closed', 'reset'


def ahead(a, b):
    return (a - b + 2**31) % 2**32 - 2**31


class History:
    """The letters, by the table of Conn::Info$history."""

    def __init__(self, client, first):
        self.client, self.sides = client, collections.defaultdict(Side)
        self.text = '' if first == client else '^'

    def add(self, sender, letter):
        self.text += letter.upper() if sender == self.client else letter

    def add_scaled(self, sender, letter):
        counts = self.sides[sender].counts
        counts[letter] += 1
        if counts[letter] in (1, 10, 100, 1000, 10000):
            self.add(sender, letter)

    def add_numbered(self, sender, kind, letter, number):
        numbers = self.sides[sender].numbers
        if numbers.get(kind) != number:
            self.add(sender, letter)
        numbers[kind] = number

    def add_once(self, sender, letter):
        if letter not in self.sides[sender].once:
            self.sides[sender].once.add(letter)
            self.add(sender, letter)

    def flags(self, s):
        control = s.flags & (SYN | FIN | RST)
        if control & FIN and control & RST:
            self.add_once(s.source, 'i')
        elif control & SYN and control != SYN:
            self.add_once(s.source, 'q')
        elif control == SYN:
            if not self.sides[s.source].numbers.setdefault(SYN):
                self.add_numbered(s.source, SYN, 'h' if s.flags & ACK else 's', True)
        elif control == FIN:
            self.add_numbered(s.source, FIN, 'f', (s.seq + s.length) % 2**32)
        elif control == RST:
            self.add_numbered(s.source, RST, 'r', s.seq)
        elif s.length:
            self.add_once(s.source, 'd')
        elif s.flags & ACK:
            self.add_once(s.source, 'a')

    def take(self, s):
        me, peer = self.sides[s.source], self.sides[s.destination]
        self.flags(s)
        if s.window == 0 and not s.flags & RST and me.state != 'reset' and peer.state != 'closed':
            self.add_scaled(s.source, 'w')
        end = (s.seq + (0 if s.flags & RST else s.length) + bool(s.flags & SYN) + bool(s.flags & FIN)) % 2**32
        if me.highest is None or (s.flags & SYN and s.seq != me.start and me.state is None):
            me.highest, me.start = end if s.flags & SYN else s.seq, s.seq if s.flags & SYN else s.seq - 1
        far = abs(ahead(end, me.highest)) > 2**20 and s.flags & (SYN | RST)
        if not far and me.state != 'reset':
            if ahead(end, me.highest) > 0:
                me.highest = end
            elif s.length:
                self.add_scaled(s.source, 't')
        if s.flags & RST and not (me.state == 'closed' and peer.state == 'closed'):
            me.state = 'reset'
        elif s.flags & FIN and me.state != 'reset':
            me.state = 'closed'


def history_of(segments, client):
    history = History(client, segments[0].source)
    for segment in segments:
        history.take(segment)
    return history.text


def without_gaps(text):
    return text.replace('g', '').replace('G', '')


def stream_complaints(row, segments):
    client = row['id.orig_h'], row['id.orig_p']
    mine = [s for s in segments if s.source == client]
    if segments[0].community and row['community_id'] != segments[0].community:
        yield f'community_id {row["community_id"]}, tshark {segments[0].community}'
    wanted = [str(sum(s.ip_length for s in part)) for part in (mine, [s for s in segments if s.source != client])]
    if all(s.whole for s in segments) and [row['orig_ip_bytes'], row['resp_ip_bytes']] != wanted:
        yield f'IP octets {row["orig_ip_bytes"]}/{row["resp_ip_bytes"]}, tshark {"/".join(wanted)}'
    history = history_of(segments, client)
    if without_gaps(row['history'].strip('-')) != history:
        yield f'history {row["history"]}, by tshark {history}'


def judge(binary, path):
    """(capture, connections compared, connections, complaints)"""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / 'zeek'
        exports.run_export(binary, ['--scope', 'all'], path, '--export', f'zeek={folder}')
        rows = exports.log_read(folder / 'conn.log')[0] if (folder / 'conn.log').exists() else []
    if not rows:
        return path, 0, 0, []
    by_ends = collections.defaultdict(list)
    for segments in streams_of(path).values():
        by_ends[frozenset((segments[0].source, segments[0].destination))].append(segments)
    compared, complaints = 0, []
    for row in sorted(rows, key=lambda row: float(row['ts'])):
        ends = frozenset(((row['id.orig_h'], row['id.orig_p']), (row['id.resp_h'], row['id.resp_p'])))
        waiting = by_ends[ends]
        segments = waiting.pop(0) if waiting else []
        if len(segments) != int(row['orig_pkts']) + int(row['resp_pkts']):
            continue
        compared += 1
        complaints += [f'{"-".join(exports.ends_of_row(row))}: {c}' for c in stream_complaints(row, segments)]
    return path, compared, len(rows), complaints


def main():
    binary, folders = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:] or [ROOT / 'captures']
    if not shutil.which('tshark'):
        print('1..0 # SKIP tshark is missing')
        return 0
    number = compared = failed = rows = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for path, n, all_rows, complaints in pool.map(lambda path: judge(binary, path), captures_of(folders)):
            if not all_rows:
                continue
            number, compared, rows, failed = number + 1, compared + n, rows + all_rows, failed + len(complaints)
            print(f'{"not ok" if complaints else "ok"} {number} - {path}: {n} of {all_rows} connections')
            print(''.join(f'  # {c}\n' for c in complaints[:5]), end='')
    print(f'# {compared} of {rows} connections compared, {failed} mismatches')
    print(f'1..{number}')
    return 1 if failed or not compared else 0


if __name__ == '__main__':
    sys.exit(main())
