#!/usr/bin/env python3
"""Watches real connections live, in network namespaces of its own, and holds shakeout against the file beside it.

    run.py BINARY

A veth pair joins a client to a server.  Three shakeouts and tcpdump watch the client's end while connections are
healthy, refused, dropped by nftables, and slow to succeed.  Failures must be announced while they run; the report and
the exit code must come with SIGINT; and the connection lines must be those of the file.  Then: a server that never
answers, an interface that loses packets, a reader that goes away, no permission, no such interface.

Root or user namespaces are needed, and ip, nft, tcpdump, openssl; without them the whole is one skipped test, and says
what is missing.  Output: TAP.
"""
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

TOOLS = ['unshare', 'nsenter', 'setpriv', 'ip', 'nft', 'tcpdump', 'openssl']
INSIDE = 'SHAKEOUT_LIVE_INSIDE'
CLIENT, SERVER = '10.20.40.17', '10.20.40.10'
HEALTHY, REFUSED, DROPPED, SLOW, MUTE = 443, 8013, 9443, 10443, 8443
SAID_WITHIN_S = 5      # after the moment from which it can be known
SILENCE_S = 3          # what earns the word "no answer" (time since the first SYN, or since the hello)
WAIT_S = 20


# --- namespaces ---------------------------------------------------------------------------------------------

def namespace_command():
    """How this user gets a network namespace; None when the machine permits none."""
    for command in (['unshare', '-n'], ['unshare', '--map-current-user', '--keep-caps', '-n']):
        if subprocess.run([*command, 'true'], capture_output=True, check=False).returncode == 0:
            return command
    return None


def go_inside(marker, what, *tools):
    """The same command once more, in namespaces of its own and with the marker set; or a skip that says why."""
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    missing = [tool for tool in [*TOOLS, *tools] if not shutil.which(tool)]
    command = None if missing else namespace_command()
    if not command:
        why = f'not installed: {" ".join(missing)}' if missing else 'network namespaces are not permitted here'
        print(f'ok 1 - {what} # skip {why}\n1..1')
        return 0
    os.environ[marker] = '1'
    return subprocess.run([*command, sys.executable, *sys.argv], check=False).returncode


def offloads_off(interface):
    """Segments on the veth as they would be on a wire: no GRO, GSO, TSO, no checksums left to hardware."""
    siocethtool, commands = 0x8946, (0x2c, 0x24, 0x1f, 0x17)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for command in commands:
            value = bytearray(struct.pack('II', command, 0))
            address = (struct.pack('16sP', interface.encode(), buffer_address(value)) + bytes(16))
            try:
                fcntl.ioctl(s, siocethtool, address)
            except OSError:
                pass  # the kernel may hold it fixed; the comparison holds either way


def buffer_address(buffer):
    import ctypes
    return ctypes.addressof((ctypes.c_char * len(buffer)).from_buffer(buffer))


def sh(*command, **more):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL, **more)


class Net:
    """The server's namespace, as a process that sleeps in it; the client's is our own."""

    def __init__(self):
        self.keeper = subprocess.Popen(['unshare', '-n', 'sleep', '1000'])
        own = os.readlink('/proc/self/ns/net')
        wait_for(lambda: os.readlink(f'/proc/{self.keeper.pid}/ns/net') != own, 'the namespace of the server')
        sh('ip', 'link', 'add', 'c0', 'type', 'veth', 'peer', 'name', 's0', 'netns', self.keeper.pid)
        for prefix, interface, address in (([], 'c0', CLIENT), (self.enter(), 's0', SERVER)):
            sh(*prefix, 'ip', 'link', 'set', 'lo', 'up')
            sh(*prefix, 'ip', 'addr', 'add', f'{address}/24', 'dev', interface)
            sh(*prefix, sys.executable, __file__, '--offloads-off', interface)
            sh(*prefix, 'ip', 'link', 'set', interface, 'up')
        self.nft('add table inet t', 'add chain inet t in { type filter hook input priority 0 ; }')

    def enter(self):
        return ['nsenter', '-n', '-t', str(self.keeper.pid)]

    def nft(self, *commands):
        for command in commands:
            sh(*self.enter(), 'nft', command)

    def run(self, *command, **more):
        return subprocess.Popen([*self.enter(), *map(str, command)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, **more)

    def listens(self, port):
        table = pathlib.Path(f'/proc/{self.keeper.pid}/net/tcp').read_text()
        return re.search(rf':{port:04X} 00000000:0000 0A', table)

    def close(self):
        self.keeper.kill()
        self.keeper.wait()


def wait_for(condition, what, limit=WAIT_S):
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f'{what}: not within {limit} s')
        time.sleep(0.02)


# --- watchers -----------------------------------------------------------------------------------------------

class Watcher:
    """A shakeout at work; what it says is kept with the time it came."""

    def __init__(self, binary, *options, interface='c0', environment=None, **more):
        self.process = subprocess.Popen([binary, '-i', interface, '--color', 'never', *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, **(environment or {})}, **more)
        self.said, self.out, self.err = [], [], []
        self.readers = [threading.Thread(target=self.read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    def read(self, pipe, lines):
        for line in pipe:
            text = line.decode(errors='replace')
            lines.append(text)
            self.said.append((time.monotonic(), text))

    def notices(self, port):
        return [(when, text) for when, text in list(self.said) if notice_id(text) and f'port {port}' in text]

    def end(self, number=signal.SIGINT, limit=WAIT_S):
        self.ended_at = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(limit)
        for reader in self.readers:
            reader.join(WAIT_S)
        return self.process.returncode

    def text(self):
        return ''.join(self.out)

    def report(self):
        """What came after the notices."""
        return ''.join(line for line in self.out if not notice_id(line))

    def lines(self):
        return [json.loads(line) for line in self.out]


def notice_id(line):
    found = re.search(r'\[([a-z0-9_]+(?:\.[a-z0-9_]+)+)\]$', line.rstrip())
    return found[1] if found else None


def packet_sockets():
    return len(pathlib.Path('/proc/self/net/packet').read_text().splitlines()) - 1


def tcpdump_command(interface='c0'):
    stay_root = ['-Z', 'root'] if os.geteuid() == 0 else []
    return ['tcpdump', '-i', interface, '-U', '-B', '16384', *stay_root]


class Recorder:
    def __init__(self, path, interface='c0'):
        before = packet_sockets()
        self.path = path
        self.process = subprocess.Popen([*tcpdump_command(interface), '-w', str(path)], stderr=subprocess.DEVNULL)
        wait_for(lambda: packet_sockets() > before, 'tcpdump')
        time.sleep(0.5)  # the socket is there before it is bound

    def end(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(WAIT_S)
        return self.path


def watch(binary, *option_lists):
    watchers = []
    for options in option_lists:
        before = packet_sockets()
        watchers.append(Watcher(binary, *options))
        wait_for(lambda: packet_sockets() > before, 'shakeout')
    time.sleep(0.5)
    return watchers


# --- traffic ------------------------------------------------------------------------------------------------

def make_certificate(folder):
    sh('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=ems.corp.example',
       '-addext', 'subjectAltName=DNS:ems.corp.example', '-keyout', folder / 'key.pem', '-out', folder / 'cert.pem',
       stderr=subprocess.DEVNULL)


def serve_tls(net, folder):
    process = net.run('openssl', 's_server', '-4', '-accept', HEALTHY, '-cert', folder / 'cert.pem', '-key',
                      folder / 'key.pem', '-www', '-quiet')
    wait_for(lambda: net.listens(HEALTHY), 's_server')
    return process


def serve_mute(net):
    program = (f'import socket, time\ns = socket.create_server(("{SERVER}", {MUTE}))\n'
               'kept = []\nwhile True:\n    kept.append(s.accept())\n')
    process = net.run(sys.executable, '-c', program)
    wait_for(lambda: net.listens(MUTE), 'the mute server')
    return process


def healthy(folder):
    sh('openssl', 's_client', '-connect', f'{SERVER}:{HEALTHY}', '-servername', 'ems.corp.example', '-CAfile',
       folder / 'cert.pem', '-verify_return_error', '-quiet', input=b'GET / HTTP/1.0\r\n\r\n',
       stderr=subprocess.DEVNULL)


def connect(port, limit):
    """The error that connecting met, or None."""
    with socket.socket() as s:
        s.settimeout(limit)
        try:
            s.connect((SERVER, port))
        except OSError as error:
            return error
    return None


def in_background(function, *args):
    thread = threading.Thread(target=function, args=args, daemon=True)
    thread.start()
    return thread


# --- what must hold -----------------------------------------------------------------------------------------

def line_of(lines, port):
    return [line for line in lines if line['event']['dataset'] == 'shakeout.connection'
            and line['server']['port'] == port]


def digest(line):
    """What a connection line of the live run and of the file must have in common."""
    ours = line['shakeout']
    key = (line['client']['ip'], line['client']['port'], line['server']['ip'], line['server']['port'])
    return key, {'primary': ours['primary'], 'owner': ours.get('owner'), 'confidence': ours.get('confidence'),
                 'cause': ours.get('cause', {}).get('confidence'), 'stages': ours['stage'],
                 'frames': len(ours['frames']), 'findings': ours['findings'],
                 'packets': line['network']['packets']}


def digests(lines):
    return sorted((digest(line) for line in lines if line['event']['dataset'] == 'shakeout.connection'),
                  key=lambda pair: (pair[0], str(pair[1])))


class Tests:
    def __init__(self):
        self.number = self.failed = 0

    def check(self, name, complaints):
        complaints = [c for c in complaints if c]
        self.number += 1
        self.failed += bool(complaints)
        print(f'{"not ok" if complaints else "ok"} {self.number} - {name}')
        for complaint in complaints:
            print(f'    {complaint}')
        sys.stdout.flush()

    def skip(self, name, why):
        self.number += 1
        print(f'ok {self.number} - {name} # skip {why}')
        sys.stdout.flush()

    def expect(self, name, condition, *seen):
        self.check(name, [] if condition else [f'seen: {" | ".join(repr(s) for s in seen)}'[:1500]])


def announced(watcher, port, known_at, finding):
    """Complaints about when and how often the failure on a port was said."""
    notices = watcher.notices(port)
    if len(notices) != 1:
        return [f'{len(notices)} notices for port {port}, want 1: {watcher.said!r}'[:1500]]
    when, text = notices[0]
    return [not notice_id(text).startswith(finding) and f'want {finding}, have {text}',
            when > known_at + SAID_WITHIN_S and f'said {when - known_at:.1f} s after it could be known',
            when < known_at - 0.1 and f'said {known_at - when:.1f} s before it could be known',
            when > watcher.ended_at and 'said only at the end']


def main_scene(tests, binary, net, folder):
    every, ems, json_ = watch(binary, ['--scope', 'all'], [], ['--scope', 'all', '--format', 'jsonl'])
    recorder = Recorder(folder / 'beside.pcap')
    net.nft(f'add rule inet t in tcp dport {DROPPED} drop', f'add rule inet t in tcp dport {SLOW} drop')
    slow_server = net.run(sys.executable, '-c',
                          f'import socket\ns = socket.create_server(("{SERVER}", {SLOW}))\n'
                          'while True:\n    c, _ = s.accept(); c.recv(1); c.close()\n')
    wait_for(lambda: net.listens(SLOW), 'the slow server')
    healthy(folder)
    refused_at = time.monotonic()
    refused = connect(REFUSED, 5)
    dropped_at = time.monotonic()
    waiting = [in_background(connect, DROPPED, 10), in_background(connect, SLOW, 10)]
    time.sleep(1.6)  # past the first repeat of the SYN; the second comes after 3 s and is answered
    net.nft('flush chain inet t in', f'add rule inet t in tcp dport {DROPPED} drop')
    for thread in waiting:
        thread.join(WAIT_S)
    healthy(folder)
    codes = [json_.end(), every.end(), ems.end(signal.SIGTERM)]
    time.sleep(1.5)  # tcpdump leaves behind what its ring still holds
    path = recorder.end()
    slow_server.kill()

    tests.expect('the refused port refused', isinstance(refused, ConnectionRefusedError), refused)
    for watcher, scope in (every, 'all'), (ems, 'default scope'), (json_, 'JSON'):
        tests.check(f'the refused connection is announced while it runs, {scope}',
                    announced(watcher, REFUSED, refused_at, 'tcp.syn.refused'))
        tests.check(f'the silently dropped connection is announced while it runs, {scope}',
                    announced(watcher, DROPPED, dropped_at + SILENCE_S, 'tcp.syn.silent_drop'))
        tests.expect(f'what turns out well is not announced, {scope}',
                     not watcher.notices(SLOW) and not watcher.notices(HEALTHY), watcher.said)
    same_report(tests, binary, path, [every, ems, json_], codes)


def same_report(tests, binary, path, watchers, codes):
    every, ems, json_ = watchers
    of_file = subprocess.run([binary, '--scope', 'all', '--format', 'jsonl', path], capture_output=True, check=False)
    of_file_ems = subprocess.run([binary, '--color', 'never', path], capture_output=True, check=False)
    lines, beside = json_.lines(), [json.loads(line) for line in of_file.stdout.splitlines()]
    tests.expect('SIGINT ends with the exit code of the file', codes[:2] == [of_file.returncode] * 2 == [1, 1],
                 codes, of_file.returncode)
    tests.expect('SIGTERM ends with the exit code of the file', codes[2] == of_file_ems.returncode == 1, codes)
    for watcher in every, ems:
        tests.expect('the end brings the report', watcher.report().startswith('FAIL')
                     and 'Next' in watcher.report() and 'tcp.syn.silent_drop' in watcher.report(), watcher.text())
    tests.expect('JSON is JSON, notices go elsewhere', not any(notice_id(line) for line in json_.out)
                 and lines[-1]['event']['dataset'] == 'shakeout.summary', json_.out)
    tests.expect('there are five connections', len(digests(beside)) == 5, digests(beside))
    tests.check('the connection lines are those of the file',
                [f'live {a} file {b}' for a, b in zip(digests(lines), digests(beside)) if a != b]
                + [len(digests(lines)) != len(digests(beside)) and 'not as many'])
    primary = {port: {line['shakeout']['primary'] for line in line_of(lines, port)}
               for port in (HEALTHY, REFUSED, DROPPED)}
    tests.expect('the verdicts are right', primary[HEALTHY] == {'ok.tls.established_closed_clean'}
                 and primary[REFUSED] == {'tcp.syn.refused_by_host'}
                 and primary[DROPPED] == {'tcp.syn.silent_drop'}, primary)
    tests.expect('it says that the kernel dropped nothing', 'no lost packets' in every.report()
                 and capture_lost(lines) == 0, every.report(), lines[-1])


def capture_lost(lines):
    found = re.search(r'"lost_packets": ?(\d+)', json.dumps(lines))
    return int(found[1]) if found else None


def mute_scene(tests, binary, net, folder):
    """A silence that no later packet ends: what was announced must stand in the report."""
    server = serve_mute(net)
    text, json_ = watch(binary, ['--scope', 'all'], ['--scope', 'all', '--format', 'jsonl'])
    healthy(folder)
    hello_at = time.monotonic()
    client = subprocess.Popen(['openssl', 's_client', '-connect', f'{SERVER}:{MUTE}', '-servername',
                               'ems.corp.example'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    wait_for(lambda: text.notices(MUTE) and json_.notices(MUTE), 'a notice', 12)
    text.end()
    json_.end()
    client.kill()
    client.wait()
    server.kill()
    for watcher in text, json_:
        tests.check('a server that does not answer the hello is announced while it is silent',
                    announced(watcher, MUTE, hello_at + SILENCE_S, 'tcp.clienthello'))
    said = {notice_id(t) for _, t in text.notices(MUTE) + json_.notices(MUTE)}
    stands = {line['shakeout']['primary'] for line in line_of(json_.lines(), MUTE)}
    tests.expect('what was announced stands in the report', said == stands and all(s in text.report() for s in said),
                 said, stands, text.report())


def singles_scene(tests, binary, net, folder):
    """A client that sends one SYN an attempt: the second attempt makes it silence."""
    net.nft('flush chain inet t in', f'add rule inet t in tcp dport {DROPPED} drop')
    watcher, = watch(binary, ['--scope', 'all'])
    healthy(folder)
    connect(DROPPED, 0.5)
    time.sleep(3)
    once = list(watcher.notices(DROPPED))
    connect(DROPPED, 0.5)
    second_at = time.monotonic()
    wait_for(lambda: len(watcher.notices(DROPPED)) == 2, 'two notices', 15)
    code = watcher.end()
    tests.expect('one unanswered SYN alone is not announced', not once, once)
    late = [when - second_at for when, _ in watcher.notices(DROPPED)]
    tests.expect('two attempts of one SYN each are', all(s < SILENCE_S + SAID_WITHIN_S for s in late) and code == 1,
                 late, watcher.said)


def lossy_scene(tests, binary):
    """A watcher that is stopped while more comes than the ring holds must say what was lost."""
    watchers = watch(binary, ['--scope', 'all'], ['--scope', 'all', '--format', 'jsonl'])
    for watcher in watchers:
        watcher.process.send_signal(signal.SIGSTOP)
    sent = 40_000
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(sent):
            s.sendto(bytes(1400), (SERVER, 4))
    for watcher in watchers:
        watcher.process.send_signal(signal.SIGCONT)
    time.sleep(1)
    for watcher in watchers:
        watcher.end()
    text, json_ = watchers
    found = re.search(r'lost ([0-9]+) packets', text.report())
    tests.expect('what the kernel dropped is said, and counted once', found and 1000 < int(found[1]) < sent + 100,
                 text.report())
    tests.expect('what the kernel dropped is in the JSON', 1000 < (capture_lost(json_.lines()) or 0) < sent + 100,
                 json_.out)


def reader_scene(tests, binary):
    """Nobody reads any more: the next word ends the watch."""
    before = packet_sockets()
    process = subprocess.Popen([binary, '-i', 'c0', '--scope', 'all'], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    process.stdout.close()
    wait_for(lambda: packet_sockets() > before, 'shakeout')
    time.sleep(0.5)
    connect(REFUSED, 5)
    try:
        process.wait(SAID_WITHIN_S + 2)
    except subprocess.TimeoutExpired:
        process.kill()
    words = process.stderr.read()
    tests.expect('a reader that went away ends it quietly with the verdict', process.wait() == 1 and not words,
                 process.returncode, words)


def pipe_scene(tests, binary, folder):
    """Ctrl-C reaches tcpdump and shakeout alike: the report must still come."""
    line = f'{" ".join(tcpdump_command())} -w - 2>/dev/null | {binary} --color never --scope all -'
    before = packet_sockets()
    process = subprocess.Popen(['sh', '-c', line], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    wait_for(lambda: packet_sockets() > before, 'tcpdump')
    time.sleep(0.5)
    healthy(folder)
    connect(REFUSED, 5)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=WAIT_S)
    tests.expect('Ctrl-C on "tcpdump | shakeout -" gives the report', b'tcp.syn.refused_by_host' in out, out, err)


def refusals(tests, binary):
    bare = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', binary, '-i', 'c0']
    done = subprocess.run(bare, capture_output=True, text=True, check=False, timeout=WAIT_S)
    tests.expect('without permission it says what to do', done.returncode == 2 and not done.stdout
                 and done.stderr.startswith('shakeout: c0: no permission to capture\n') and 'setcap' in done.stderr
                 and 'tcpdump -i c0' in done.stderr, done)
    done = subprocess.run([binary, '-i', 'eth7\x1b[31m'], capture_output=True, text=True, check=False, timeout=WAIT_S)
    tests.expect('an unknown interface: those that there are', done.returncode == 2 and not done.stdout
                 and 'no such interface; there are:' in done.stderr and ' c0' in done.stderr
                 and '\x1b' not in done.stderr, done)


def inside(binary):
    tests = Tests()
    net = Net()
    servers = []
    try:
        with tempfile.TemporaryDirectory(prefix='shakeout-live.') as name:
            folder = pathlib.Path(name)
            make_certificate(folder)
            servers.append(serve_tls(net, folder))
            main_scene(tests, binary, net, folder)
            mute_scene(tests, binary, net, folder)
            singles_scene(tests, binary, net, folder)
            pipe_scene(tests, binary, folder)
            reader_scene(tests, binary)
            lossy_scene(tests, binary)
            refusals(tests, binary)
    finally:
        for server in servers:
            server.kill()
        net.close()
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


def main():
    if sys.argv[1] == '--offloads-off':
        offloads_off(sys.argv[2])
        return 0
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    if os.environ.get(INSIDE):
        return inside(binary)
    return go_inside(INSIDE, 'live mode')


if __name__ == '__main__':
    sys.exit(main())
