#!/usr/bin/env python3
"""Watches a mirror of real connections, as on a span port.

    mirror.py BINARY [SCENE...]

As run.py, but shakeout sees neither end: what passes the client's interface is copied to a third one, by tc mirred.
Output: TAP.
"""
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run  # noqa: E402
from run import SERVER, Net, Tests, connect, make_certificate, notice_id, sh, wait_for  # noqa: E402

INSIDE = 'SHAKEOUT_MIRROR_INSIDE'
EMS, SPAN = 8013, 'm1'


class Mirror:
    """m0 gets copies of what passes c0; they come out of m1."""

    def __init__(self):
        sh('ip', 'link', 'add', 'm0', 'type', 'veth', 'peer', 'name', SPAN)
        for interface in 'm0', SPAN:
            sh(sys.executable, run.__file__, '--offloads-off', interface)
            sh('ip', 'link', 'set', interface, 'up')
        sh('tc', 'qdisc', 'add', 'dev', 'c0', 'clsact')

    def copy(self, *directions):
        for direction in 'ingress', 'egress':
            sh('tc', 'filter', 'del', 'dev', 'c0', direction)
            if direction in directions:
                sh('tc', 'filter', 'add', 'dev', 'c0', direction, 'protocol', 'all', 'prio', '1', 'u32', 'match', 'u32',
                   '0', '0', 'action', 'mirred', 'egress', 'mirror', 'dev', 'm0')


def serve(net, folder, port):
    process = net.run('openssl', 's_server', '-4', '-accept', port, '-cert', folder / 'cert.pem', '-key',
                      folder / 'key.pem', '-www', '-quiet')
    wait_for(lambda: net.listens(port), 's_server')
    return process


def check_in(folder, port=EMS):
    sh('openssl', 's_client', '-connect', f'{SERVER}:{port}', '-servername', 'ems.corp.example', '-CAfile',
       folder / 'cert.pem', '-verify_return_error', '-quiet', input=b'GET / HTTP/1.0\r\n\r\n',
       stderr=subprocess.DEVNULL)


# --- doctor -------------------------------------------------------------------------------------------------

def doctor(binary, work, *options):
    """What it says while work is done again and again."""
    done = threading.Event()

    def go_on():
        while not done.is_set():
            work()
            time.sleep(0.1)
    before = run.packet_sockets()
    process = subprocess.Popen([binary, 'doctor', '-i', SPAN, '--ascii', *options], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    wait_for(lambda: run.packet_sockets() > before, 'shakeout doctor')
    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    out, err = process.communicate(timeout=40)
    done.set()
    thread.join(run.WAIT_S)
    return process.returncode, out, err


def doctor_scene(tests, binary, net, mirror, folder):
    def works():
        check_in(folder)
        with run.socket.socket(run.socket.AF_INET, run.socket.SOCK_DGRAM) as s:
            s.sendto(b'asked', (SERVER, 53))
            answer.sendto(b'answered', (run.CLIENT, 53001))
    # Answers come from the server's side, so that they pass the mirror as answers.
    answer = Answers(net)
    mirror.copy('ingress', 'egress')
    code, out, err = doctor(binary, works)
    tests.check('a mirror that shows all is fine', [
        want not in out and f'{want!r} not in {out} {err}' for want in
        ('OK   permission     may capture on m1', 'OK   link           up', f'OK   directions     both, of {SERVER}',
         'OK   full packets   no cut packets', f'OK   EMS visible    {SERVER} answers on {EMS}',
         'OK   DNS visible    questions and answers')] + [code != 0 and f'exit code {code}'])
    code, out, err = doctor(binary, lambda: check_in(folder), '-s', '60')
    tests.expect('cut packets are a problem', 'FAIL full packets' in out and code == 1, out, err, code)
    mirror.copy('egress')
    code, out, err = doctor(binary, lambda: check_in(folder))
    tests.expect('a mirror of one direction is a problem', f'FAIL directions     only traffic TO {SERVER} in ' in out
                 and 'mirror both rx and tx' in out and code == 1, out, err, code)
    mirror.copy('ingress')
    code, out, err = doctor(binary, lambda: check_in(folder))
    tests.expect('... of the other one, too', f'FAIL directions     only traffic FROM {SERVER} in ' in out and code == 1,
                 out, err, code)
    mirror.copy('egress')
    net.nft(f'add rule inet t in tcp dport {EMS} drop')
    code, out, err = doctor(binary, lambda: connect(EMS, 2))
    tests.expect('a silent server does not accuse the mirror', 'WARN directions' in out and 'silent' in out and code == 0,
                 out, err, code)
    net.nft('flush chain inet t in')
    answer.close()


class Answers:
    """Sends from port 53 of the server."""

    def __init__(self, net):
        program = ('import socket, sys\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
                   f's.bind(("{SERVER}", 53))\nfor line in sys.stdin:\n    s.sendto(b"x", ("{run.CLIENT}", 53001))\n')
        self.process = subprocess.Popen([*net.enter(), sys.executable, '-c', program], stdin=subprocess.PIPE)

    def sendto(self, *_):
        self.process.stdin.write(b'\n')
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()
        self.process.wait(run.WAIT_S)


# --- the state of a watch ---------------------------------------------------------------------------------

EVERY_S = 15  # between two states
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\d+)$')


def metrics_of(text):
    """Samples by name and labels; complaints about the form (text format 0.0.4)."""
    samples, complaints, family, kinds = {}, [], None, {}
    for line in text.splitlines():
        told = re.match(r'# (HELP|TYPE) (\w+) (.+)$', line)
        sample = SAMPLE.match(line)
        if told and told[1] == 'HELP':
            complaints += [told[2] in kinds and f'{told[2]} comes twice']
            family = told[2]
            kinds[family] = None
        elif told:
            complaints += [told[2] != family and f'{line!r} has another HELP']
            kinds[family] = told[3]
        elif sample and sample[1] == family and kinds[family] in ('gauge', 'counter'):
            complaints += [sample[1].endswith('_total') != (kinds[family] == 'counter') and f'{family} has a wrong name',
                           (sample[1], sample[2]) in samples and f'{line} comes twice']
            samples[sample[1], sample[2]] = int(sample[3])
        else:
            complaints.append(f'not understood: {line!r}')
    return samples, [c for c in [*complaints, not text.endswith('\n') and 'does not end with a line feed'] if c]


class Watch(run.Watcher):
    """A headless watch of the mirror, with its state in files."""

    def __init__(self, binary, folder, *options, environment=None):
        folder.mkdir(exist_ok=True)
        self.status, self.textfile = folder / 'status.json', folder / 'shakeout.prom'
        before = run.packet_sockets()
        super().__init__(binary, '--headless', '--status', self.status, '--textfile', self.textfile, *options,
                         interface=SPAN, environment=environment)
        wait_for(lambda: run.packet_sockets() > before and self.status.exists(), 'shakeout')
        time.sleep(0.5)

    def state(self):
        return json.loads(self.status.read_text())

    def wait_for_state(self, condition):
        """The first state that has it; the state of the time-out otherwise."""
        end = time.monotonic() + EVERY_S + 5
        while not condition(self.state()) and time.monotonic() < end:
            time.sleep(0.2)
        return self.state()


def check(binary, *options):
    done = subprocess.run([binary, 'check', *map(str, options)], capture_output=True, text=True, check=False, timeout=20)
    return done.returncode, done.stdout


def state_scene(tests, binary, net, mirror, folder):
    mirror.copy('ingress', 'egress')
    watch = Watch(binary, folder / 'state', '--ascii', environment={'JOURNAL_STREAM': '8:1'})
    code, out = check(binary, '--status', watch.status)
    tests.expect('a watch that saw nothing is unknown', code == 3 and out == 'SHAKEOUT UNKNOWN - no packet on m1 yet\n',
                 code, out)
    check_in(folder)
    state = watch.wait_for_state(lambda s: s['endpoints']['healthy'] == 1)
    tests.expect('an endpoint that checked in is healthy', state['endpoints'] == {
        'total': 1, 'healthy': 1, 'failing': 0, 'stale': 0, 'undecided': 0, 'gone': 0, 'refused': 0}
        and state['checkin']['count'] == 1 and state['capture']['directions'] == 2, state)
    code, out = check(binary, '--status', watch.status)
    tests.expect('check: OK', code == 0 and out.startswith('SHAKEOUT OK - 0 of 1 endpoints failing | endpoints=1;;;0 '
                                                          'failing=0;0;;0;1 stale=0;;;0 oldest_checkin='), code, out)
    net.nft(f'add rule inet t in tcp dport {EMS} reject with tcp reset')
    for _ in range(3):
        connect(EMS, 2)
    state = watch.wait_for_state(lambda s: s['endpoints']['failing'] == 1)
    found = state['findings']
    tests.expect('then it fails, with the finding', state['endpoints']['failing'] == 1 and len(found) == 1
                 and found[0]['id'].startswith('tcp.syn.refused') and found[0]['port'] == EMS
                 and found[0]['endpoints'] == 1 and found[0]['network'] == '10.20.40.0/24', state)
    for options, code in ((), 1), (['--warning', '5'], 0), (['--warning', '5', '--critical', '0'], 2), \
            (['--service', 443, '--critical', '0'], 0), (['--service', EMS, '--critical', '0'], 2):
        got = check(binary, '--status', watch.status, *options)
        tests.expect(f'check {" ".join(map(str, options))}: {code}', got[0] == code and len(got[1].split('|')) == 2
                     and len(got[1].split('|')[0]) <= 200, got)
    samples, complaints = metrics_of(watch.textfile.read_text())
    tests.check('the metrics are of the form that Prometheus reads', complaints)
    tests.expect('... and agree with the state', samples.get(('shakeout_endpoints', 'state="failing"')) == 1
                 and samples.get(('shakeout_service_endpoints', f'port="{EMS}",state="failing"')) == 1, samples)
    net.nft('flush chain inet t in')
    check_in(folder)
    wait_for(lambda: any('works again' in line for line in watch.out), 'recovery')
    failures = [line for line in watch.out if notice_id(line)]
    tests.expect('three failures of one kind are one line, with a priority', len(failures) == 1
                 and failures[0].startswith(f'<3>FAIL {run.CLIENT} '), watch.out)
    recoveries = [line for line in watch.out if 'works again' in line]
    tests.expect('recovery is one line', len(recoveries) == 1 and recoveries[0].startswith(
        f'<5>OK {run.CLIENT} works again with {SERVER} on port {EMS} after '), watch.out)
    watch.end()
    state = watch.state()
    tests.expect('the end leaves its state', state['endpoints']['healthy'] == 1, state)
    tests.expect('nothing half written is left', sorted(p.name for p in watch.status.parent.iterdir())
                 == ['shakeout.prom', 'status.json'], list(watch.status.parent.iterdir()))
    old_and_false(tests, binary, watch, state, folder)


def old_and_false(tests, binary, watch, state, folder):
    for name, text in (('an old state', json.dumps({**state, 'written_s': state['written_s'] - 1000})),
                       ('no state', '{"schema": 1, "schema": 1}'), ('an empty file', ''), ('depth', '[' * 100_000)):
        watch.status.write_text(text)
        got = check(binary, '--status', watch.status)
        tests.expect(f'check: {name} is unknown', got[0] == 3 and got[1].startswith('SHAKEOUT UNKNOWN - '), got)
    got = check(binary, '--status', folder / 'none')
    tests.expect('check: no file is unknown', got[0] == 3 and 'No such file' in got[1], got)
    hostile = {**state, 'endpoints': {'total': 2, 'failing': 1}, 'findings': [
        {'id': 'x\x1b[31m|', 'title': '\u202ex|y\n', 'port': -1, 'endpoints': 10 ** 18, 'network': ['a']}]}
    watch.status.write_text(json.dumps({**hostile, 'written_s': int(time.time())}))
    code, out = check(binary, '--status', watch.status)
    tests.expect('check: what others wrote is escaped', code == 1 and '\x1b' not in out and '\u202e' not in out
                 and len(out.splitlines()) == 2 and out.count('|') == 1, code, out)


def faults_scene(tests, binary, net, mirror, folder):
    mirror.copy('ingress', 'egress')
    for _ in range(10):  # killed while it writes, or not
        watch = Watch(binary, folder / 'killed')
        time.sleep(random.uniform(0.3, 1.0))
        watch.process.kill()
        watch.process.wait(run.WAIT_S)
        json.loads(watch.status.read_text())
    tests.expect('after kill -9 the state is whole', True)
    folder_scene(tests, binary, folder)
    watch = Watch(binary, folder / 'link', '--scope', 'all')
    sh('ip', 'link', 'set', SPAN, 'down')
    time.sleep(1)
    sh('ip', 'link', 'set', SPAN, 'up')
    time.sleep(0.5)
    connect(EMS + 1, 2)
    wait_for(lambda: watch.notices(EMS + 1), 'a notice behind a loss of the link')
    tests.expect('a link that goes down and up again is survived', watch.process.poll() is None, watch.err)
    watch.end()


def blind_scene(tests, binary, net, mirror, folder):
    """What a watch does not see is said, and that it sees again."""
    mirror.copy('egress')
    watch = Watch(binary, folder / 'blind')
    began = time.monotonic()
    for _ in range(4):
        check_in(folder)
    wait_for(lambda: any(notice_id(line) == 'capture.one_way' for line in watch.out), 'a word', 30)
    tests.expect('a mirror of one direction is said once, within 30 s', time.monotonic() - began < 30
                 and [notice_id(line) for line in watch.out if notice_id(line)].count('capture.one_way') == 1, watch.out)
    watch.wait_for_state(lambda s: s['capture']['directions'] == 1)
    code, out = check(binary, '--status', watch.status)
    tests.expect('check: one direction is unknown', code == 3 and 'one direction' in out, code, out)
    mirror.copy('ingress', 'egress')
    check_in(folder)
    wait_for(lambda: any('both directions are seen' in line for line in watch.out), 'the other word')
    watch.process.send_signal(signal.SIGSTOP)
    with run.socket.socket(run.socket.AF_INET, run.socket.SOCK_DGRAM) as s:
        for _ in range(40_000):
            s.sendto(bytes(1400), (SERVER, 4))
    watch.process.send_signal(signal.SIGCONT)
    wait_for(lambda: any(notice_id(line) == 'capture.lossy' for line in watch.out), 'a word of losses')
    tests.expect('losses are said', re.search(r'OK|WARN', ''.join(watch.out)) and any(
        re.search(r'\b[1-9]\d{3,} packets were lost', line) for line in watch.out), watch.out)
    watch.end()


def service_scene(tests, binary, net, mirror, folder):
    """As systemd has it: told of readiness, of life, and of the end; SIGUSR1 asks for the state."""
    for path in str(folder / 'notify'), '\0shakeout-notify':
        with run.socket.socket(run.socket.AF_UNIX, run.socket.SOCK_DGRAM) as listener:
            listener.bind(path)
            listener.settimeout(run.WAIT_S)
            watch = Watch(binary, folder / 'service', environment={
                'NOTIFY_SOCKET': path.replace('\0', '@'), 'WATCHDOG_USEC': '1000000'})
            words = [listener.recv(100), listener.recv(100), listener.recv(100)]
            tests.expect('systemd hears that it is ready and alive', words == [b'READY=1'] + 2 * [b'WATCHDOG=1'], words)
            before = watch.status.stat().st_mtime_ns
            watch.process.send_signal(signal.SIGUSR1)
            wait_for(lambda: watch.status.stat().st_mtime_ns > before, 'the state', 3)
            watch.end(signal.SIGTERM)
            while words[-1] == b'WATCHDOG=1':
                words.append(listener.recv(100))
            tests.expect('... and that it ends', words[-1] == b'STOPPING=1', words)


def resident_kib(pid):
    return int(re.search(r'VmRSS:\s+(\d+) kB', pathlib.Path(f'/proc/{pid}/status').read_text())[1])


def runs_scene(tests, binary, net, mirror, folder):
    """A watch is one run behind the other; what it knows of endpoints goes on, memory does not grow."""
    mirror.copy('ingress', 'egress')
    watch = Watch(binary, folder / 'runs', '--report-every', '2s')
    reports = lambda: len([line for line in watch.out if line.startswith('  Capture ')])
    check_in(folder)
    wait_for(lambda: reports() == 1, 'the first report')
    net.nft(f'add rule inet t in tcp dport {EMS} reject with tcp reset')
    for i in range(2, 4):
        connect(EMS, 2)
        wait_for(lambda: reports() == i, 'another report')
    connect(EMS, 2)
    net.nft('flush chain inet t in')
    wait_for(lambda: reports() == 4, 'another report')
    check_in(folder)
    wait_for(lambda: any('works again' in line for line in watch.out), 'recovery')
    tests.expect('who goes on failing is said once over several runs', len(watch.notices(EMS)) == 1, watch.out)
    tests.expect('each run has a report of its own', any('1 FAILURE' in line for line in watch.out)
                 and any('HEALTHY' in line for line in watch.out), watch.out)
    sizes = []
    for i in range(8):
        for _ in range(5):
            check_in(folder)
        told = reports()
        wait_for(lambda: reports() > told, 'another report')
        sizes.append(resident_kib(watch.process.pid))
    sanitized = b'__asan_init' in pathlib.Path(binary).read_bytes()
    tests.expect('memory does not grow', sanitized or max(sizes[4:]) < max(sizes[:4]) + 2048, sizes)
    watch.end()


def folder_scene(tests, binary, folder):
    watch = Watch(binary, folder / 'there', '--scope', 'all')
    (folder / 'there').rename(folder / 'away')
    wait_for(lambda: any('go on watching' in line for line in watch.err), 'a word', EVERY_S + 5)
    connect(EMS + 2, 2)
    wait_for(lambda: watch.notices(EMS + 2), 'a notice')
    (folder / 'away').rename(folder / 'there')
    wait_for(lambda: any('written again' in line for line in watch.err), 'another word', 2 * EVERY_S)
    time.sleep(1)
    tests.expect('a folder that goes away is said once, and once when it is back', len(watch.err) == 4, watch.err)
    watch.end()


# --- classes of failures, live as in the file -------------------------------------------------------------------

LATE_S = 2       # after it can be known
SILENCE_S = run.SILENCE_S
DNS_PORT = 53
NAMES = {'nx': 3, 'servfail': 2, 'refused': 5}  # first label: rcode


def answer_names(net):
    """A name server that does what the first label of the name says."""
    program = f"""
import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("{SERVER}", {DNS_PORT}))
codes = {NAMES!r}
while True:
    q, peer = s.recvfrom(2000)
    label = q[13:13 + q[12]].decode()
    if label == "silent":
        continue
    good = label not in codes
    answer = bytes.fromhex("c00c00010001") + struct.pack(">IH4B", 60, 4, 10, 20, 40, 10) if good else b""
    s.sendto(q[:2] + struct.pack(">HHHHH", 0x8180 | codes.get(label, 0), 1, good, 0, 0) + q[12:] + answer, peer)
"""
    process = net.run(sys.executable, '-c', program)
    time.sleep(0.5)
    return process


def ask(label, tries=1):
    """One question for the address of LABEL.ems.example, asked again each second."""
    name = b''.join(bytes([len(part)]) + part.encode() for part in (label, 'ems', 'example')) + b'\0'
    with run.socket.socket(run.socket.AF_INET, run.socket.SOCK_DGRAM) as s:
        s.settimeout(1)
        for _ in range(tries):
            s.sendto(os.urandom(2) + bytes.fromhex('01000001000000000000') + name + bytes.fromhex('00010001'),
                     (SERVER, DNS_PORT))
            try:
                s.recv(2000)
                return
            except TimeoutError:
                pass


def serve_python(net, port, what):
    """A TCP server that does `what` with c."""
    process = net.run(sys.executable, '-c', 'import socket, struct, time\nkept = []\n'
                      f's = socket.create_server(("{SERVER}", {port}))\nwhile True:\n    c, _ = s.accept()\n    {what}\n')
    wait_for(lambda: net.listens(port), f'the server on {port}')
    return process


def serve_openssl(net, port, certificate, *options):
    process = net.run('openssl', 's_server', '-4', '-accept', port, '-cert', certificate.with_suffix('.pem'), '-key',
                      certificate.with_suffix('.key'), '-www', '-quiet', *options)
    wait_for(lambda: net.listens(port), f's_server on {port}')
    return process


def client(port, *options):
    """An OpenSSL client; what it could not do is the matter."""
    subprocess.run(['openssl', 's_client', '-connect', f'{SERVER}:{port}', '-servername', 'ems.corp.example', '-quiet',
                    '-no_ign_eof', *map(str, options)], input=b'GET / HTTP/1.0\r\n\r\n', stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=False, timeout=20)


def make_certificates(folder):
    for name, days in ('good', 30), ('other', 30), ('short', 30):
        sh('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', days, '-subj', '/CN=ems.corp.example',
           '-addext', 'subjectAltName=DNS:ems.corp.example', '-keyout', folder / f'{name}.key', '-out',
           folder / f'{name}.pem', stderr=subprocess.DEVNULL)


def failures(net, folder):
    """(what, port, what a client does there, seconds of silence behind it before it can be known)"""
    good, ca = folder / 'good', folder / 'other.pem'
    reset = 'c.recv(9000); c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)); c.close()'
    servers = [serve_openssl(net, 7001, good, '-tls1_2'), serve_openssl(net, 7002, good),
               serve_openssl(net, 7003, good, '-tls1_3'), serve_openssl(net, 7004, good, '-tls1_2', '-Verify', '1',
                                                                        '-verify_return_error'),
               serve_python(net, 7005, reset), serve_python(net, 7006, 'c.close()'),
               serve_python(net, 7007, 'c.recv(9000); c.sendall(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n"); c.close()'),
               serve_python(net, 7008, 'kept.append(c)'), serve_python(net, 7009, 'c.recv(9000); c.close()')]
    net.nft('add rule inet t in tcp dport 7010 reject with icmpx type admin-prohibited',
            'add rule inet t in tcp dport 7011 drop')
    hello = ['-CAfile', folder / 'good.pem', '-verify_return_error']
    return servers, [
        ('the server resets the SYN', 7000, lambda: connect(7000, 2), 0),
        ('the client does not know the authority, TLS 1.2', 7001,
         lambda: client(7001, '-CAfile', ca, '-verify_return_error'), 0),
        ('the client does not know the authority, TLS 1.3', 7002,
         lambda: client(7002, '-CAfile', ca, '-verify_return_error'), 0),
        ('there is no common version', 7003, lambda: client(7003, '-tls1_2', *hello), 0),
        ('the server wants a certificate of the client', 7004, lambda: client(7004, *hello), 0),
        ('the server resets behind the hello', 7005, lambda: client(7005, *hello), 0),
        ('the server closes at once', 7006, lambda: client(7006, *hello), 0),
        ('the server speaks HTTP where TLS should be', 7007, lambda: client(7007, *hello), 0),
        ('the server closes behind the hello', 7009, lambda: client(7009, *hello), 0),
        ('a filter says that it is one', 7010, lambda: connect(7010, 2), 0),
        ('a filter drops', 7011, lambda: connect(7011, SILENCE_S + 1), -1),
        ('the server is mute', 7008, lambda: mute(7008), SILENCE_S),
    ]


def mute(port):
    process = subprocess.Popen(['openssl', 's_client', '-connect', f'{SERVER}:{port}', '-servername',
                                'ems.corp.example'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    threading.Timer(SILENCE_S + LATE_S + 2, process.kill).start()


def class_scene(tests, binary, net, mirror, folder):
    mirror.copy('ingress', 'egress')
    make_certificates(folder)
    names = answer_names(net)
    servers, classes = failures(net, folder)
    watch = Watch(binary, folder / 'classes', '--scope', 'all', '--utc')
    recorder = run.Recorder(folder / 'classes.pcap', SPAN)
    known = {}
    for _, port, fail, silence in classes:
        fail()
        known[port] = time.monotonic() + silence
    asked = {}
    for label in [*NAMES, 'good', 'silent']:
        ask(label, 1 if label != 'silent' else 4)
        asked[label] = time.monotonic()
    time.sleep(SILENCE_S + LATE_S + 1)
    said = list(watch.said)
    watch.end()
    path = recorder.end()
    lines = run_file(binary, path)
    for what, port, _, _ in classes:
        in_file = {line['shakeout']['primary'] for line in run.line_of(lines, port)}
        notices = [(when, notice_id(text)) for when, text in said if notice_id(text) and f'port {port}' in text]
        tests.check(f'live as in the file: {what}', [
            {i for _, i in notices} != in_file and f'live {notices}, file {in_file}', len(in_file) != 1 and f'{in_file}',
            *(when > known[port] + LATE_S and f'{when - known[port]:.1f} s after it could be known'
              for when, _ in notices)])
    lookups(tests, lines, said, asked)
    late = [when - known[port] for _, port, _, _ in classes for when, text in said
            if notice_id(text) and f'port {port}' in text]
    print(f'# said {max(late):.1f} s after it could be known, at the latest')
    for server in [*servers, names]:
        server.kill()
    net.nft('flush chain inet t in')


def run_file(binary, path):
    done = subprocess.run([binary, '--scope', 'all', '--format', 'jsonl', path], capture_output=True, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def lookups(tests, lines, said, asked):
    in_file = {line['dns']['question']['name'].split('.')[0]: line['shakeout'].get('primary') for line in lines
               if line['event']['dataset'] == 'shakeout.dns'}
    notices = [(when, notice_id(text)) for when, text in said if (notice_id(text) or '').startswith('dns.')]
    for label in NAMES:
        mine = [when for when, i in notices if i == in_file[label]]
        tests.check(f'live as in the file: a name server says {label}', [
            not mine and f'live {notices}, file {in_file}', *(when > asked[label] + LATE_S
                                                             and f'{when - asked[label]:.1f} s late' for when in mine)])
    tests.expect('no other lookup is said to fail', len(notices) == len([i for i in in_file.values()
                                                                        if i and i.startswith('dns.')]), notices, in_file)


# --- check-ins ----------------------------------------------------------------------------------------------

def missed_scene(tests, binary, net, mirror, folder):
    """An endpoint that checks in every 4 s stops, and goes on with something else."""
    interval = 4
    mirror.copy('ingress', 'egress')
    web = serve(net, folder, 443)
    watch = Watch(binary, folder / 'missed')
    begin = time.monotonic()
    for i in range(6):
        time.sleep(max(0, begin + i * interval - time.monotonic()))
        check_in(folder)
    last = time.monotonic()
    while time.monotonic() < last + 2 * interval + 5:
        check_in(folder, 443)
        time.sleep(1)
    missed = [when - last for when, text in watch.said if notice_id(text) == 'checkin.missed']
    tests.expect('two missed check-ins are said within 2 s', len(missed) == 1
                 and 2 * interval - 1 < missed[0] < 2 * interval + LATE_S, missed, watch.said)
    check_in(folder)
    wait_for(lambda: any('works again' in line for line in watch.out), 'recovery')
    tests.expect('the next one ends it', watch.state()['endpoints']['failing'] == 0, watch.state())
    watch.end()
    web.kill()


SCENES = {'doctor': doctor_scene, 'state': state_scene, 'faults': faults_scene, 'blind': blind_scene, 'service': service_scene, 'runs': runs_scene, 'classes': class_scene,
          'missed': missed_scene}


def inside(binary, scenes):
    tests = Tests()
    net = Net()
    servers = []
    try:
        mirror = Mirror()
        with tempfile.TemporaryDirectory(prefix='shakeout-mirror.') as name:
            folder = pathlib.Path(name)
            make_certificate(folder)
            servers.append(serve(net, folder, EMS))
            for scene in scenes or SCENES:
                SCENES[scene](tests, binary, net, mirror, folder)
    finally:
        for server in servers:
            server.kill()
        net.close()
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    if os.environ.get(INSIDE):
        return inside(binary, sys.argv[2:])
    return run.go_inside(INSIDE, 'a mirror', 'tc')


if __name__ == '__main__':
    sys.exit(main())
