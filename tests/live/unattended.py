#!/usr/bin/env python3
"""Watches as nobody looks on: what is kept over a restart, whom it tells, what it writes, for a year.

    unattended.py BINARY [SCENE...]

As mirror.py: real connections, seen through a mirror.  Output: TAP.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mirror  # noqa: E402
import run  # noqa: E402
from mirror import EMS, Mirror, Watch, check_in, serve  # noqa: E402
from run import CLIENT, SERVER, Net, Tests, connect, make_certificate, notice_id, sh, wait_for  # noqa: E402

INSIDE = 'SHAKEOUT_UNATTENDED_INSIDE'
CROWD = [f'10.20.40.{n}' for n in range(101, 113)]


def fails_on(watch, port=EMS):
    return [line for line in watch.out if notice_id(line) and f'port {port}' in line]


def reject(net):
    net.nft(f'add rule inet t in tcp dport {EMS} reject with tcp reset')


def connect_from(address, port):
    with run.socket.socket() as s:
        s.settimeout(2)
        try:
            s.bind((address, 0))
            s.connect((SERVER, port))
        except OSError:
            pass


def written(path, **more):
    path.write_text(''.join(f'[{section}]\n' + ''.join(f'{key} = {value}\n' for key, value in keys.items())
                            for section, keys in more.items()))
    return path


# --- restarts -----------------------------------------------------------------------------------------------

def restart_scene(tests, binary, net, span, folder):
    """Ended, or killed: the next one knows who fails, says it no second time, and says that it is over."""
    state = folder / 'kept.json'
    config = written(folder / 'restart.ini', **{'alert down': {'when': 'endpoint failing for 1s', 'send': 'journal'}})
    options = ['--state', state, '--config', config]
    watch = Watch(binary, folder / 'restart', *options)
    tests.expect('a first watch begins with nothing, and writes at once', state.exists() and not watch.err, watch.err)
    check_in(folder)
    wait_for(lambda: watch.wait_for_state(lambda s: s['endpoints']['healthy'] == 1), 'the check-in')
    reject(net)
    for _ in range(2):
        connect(EMS, 2)
        time.sleep(0.6)
    wait_for(lambda: any('alert down' in line for line in watch.out), 'the alarm')
    time.sleep(1.2)
    watch.process.kill()
    watch.process.wait(run.WAIT_S)
    tests.expect('what fails is said', len(fails_on(watch)) == 1, watch.out)
    watch = Watch(binary, folder / 'restart', *options)
    known = watch.state()
    tests.expect('a watch that follows one that was killed knows who fails', known['endpoints']['total'] == 1
                 and known['endpoints']['failing'] == 1, known)
    connect(EMS, 2)
    time.sleep(3)
    tests.expect('... and does not say it again', not fails_on(watch) and not any('alert' in line for line in watch.out)
                 and not watch.err, watch.out, watch.err)
    watch.end(signal.SIGTERM)
    watch = Watch(binary, folder / 'restart', *options)
    net.nft('flush chain inet t in')
    check_in(folder)
    wait_for(lambda: any('works again' in line for line in watch.out), 'recovery')
    wait_for(lambda: any('alert down' in line for line in watch.out), 'the end of the alarm')
    tests.expect('... and its end is told once, with how long it was', len([line for line in watch.out
                 if 'works again on 8013 after' in line]) == 1, watch.out)
    watch.end()
    damaged_states(tests, binary, folder, state, options)


def damaged_states(tests, binary, folder, state, options):
    good = state.read_bytes()
    for what, damage in (('cut off', good[:len(good) // 2]), ('empty', b''), ('of another version', good.replace(
            b'"version":1', b'"version":9')), ('of zeros', bytes(5000)), ('deep', b'[' * 5000 + b'\n')):
        state.write_bytes(damage)
        watch = Watch(binary, folder / 'restart', *options)
        aside = state.with_name(state.name + '.damaged')
        tests.expect(f'a state that is {what} is one sentence and a fresh start', len(watch.err) == 1
                     and 'I start afresh' in watch.err[0] and watch.state()['endpoints']['total'] == 0
                     and aside.read_bytes() == damage, watch.err)
        watch.end()
        tests.expect('... which leaves a good one', state.read_bytes().endswith(b'{"end":0}\n'), state.read_bytes())


# --- alerts -------------------------------------------------------------------------------------------------

def alerts_scene(tests, binary, net, span, folder):
    """Twelve endpoints that fail at once are one message; each of them alone is one of its own."""
    config = written(folder / 'alerts.ini', **{
        'alert endpoint-down': {'when': 'endpoint failing for 1s', 'send': 'journal'},
        'alert many-at-once': {'send': 'journal'}})
    watch = Watch(binary, folder / 'alerts', '--config', config, environment={'JOURNAL_STREAM': '8:1'})
    reject(net)
    for address in CROWD:
        connect_from(address, EMS)
        connect_from(address, EMS)
    wait_for(lambda: any('alert many' in line for line in watch.out), 'the alarm of the group')
    time.sleep(8)  # longer than each of them would wait
    alerts = [line for line in watch.out if 'alert ' in line]
    tests.expect('many at once are one alarm', len(alerts) == 1 and alerts[0].startswith('<4>WARN alert many-at-once: ')
                 and f'{len(CROWD)} endpoints of 10.20.40.0/24 fail in the same way on {EMS}' in alerts[0]
                 and (notice_id(alerts[0]) or '').startswith('tcp.syn.refused'), watch.out)
    net.nft('flush chain inet t in')
    for address in CROWD[:8]:
        sh('openssl', 's_client', '-connect', f'{SERVER}:{EMS}', '-bind', f'{address}:0', '-quiet',
           input=b'GET / HTTP/1.0\r\n\r\n', stderr=subprocess.DEVNULL)
    wait_for(lambda: len([line for line in watch.out if 'alert many' in line]) == 2, 'its end')
    wait_for(lambda: len([line for line in watch.out if 'alert endpoint-down' in line]) == 4, 'the rest')
    ends = [line for line in watch.out if 'alert many' in line]
    tests.expect('it is over when half are left, who are told one by one', ends[1].startswith('<5>OK ')
                 and '4 endpoints still fail in this way' in ends[1], watch.out)
    watch.end()


# --- JSON Lines ---------------------------------------------------------------------------------------------

def lines_of(path):
    """The lines, of which each must be whole."""
    text = path.read_text() if path.exists() else ''
    assert not text or text.endswith('\n'), text[-200:]
    return [json.loads(line) for line in text.splitlines()]


def valid(binary, lines):
    """Complaints of the schema, where this python can ask it."""
    try:
        import jsonschema
    except ImportError:
        return []
    schema = json.loads(subprocess.run([binary, '--schema'], capture_output=True, check=True).stdout)
    validator = jsonschema.Draft202012Validator(schema)
    return [f'{error.message[:200]} in {line}'[:600] for line in lines for error in validator.iter_errors(line)]


def told(lines, dataset):
    return [line for line in lines if line['event']['dataset'] == f'shakeout.{dataset}']


def jsonl_scene(tests, binary, net, span, folder):
    """What changes, alarms and connections that fail, in a file that is put aside when it is large, and on SIGHUP."""
    path = folder / 'lines' / 'events.jsonl'
    path.parent.mkdir()
    path.write_text('{"half":')  # as a crash of the machine leaves it
    config = written(folder / 'jsonl.ini', **{
        'alert endpoint-down': {'when': 'endpoint failing for 1s', 'send': 'jsonl'},
        'output jsonl': {'path': path, 'rotate': '8kB', 'keep': 2}})
    names = mirror.answer_names(net)
    watch = Watch(binary, folder / 'jsonl', '--config', config, '--ems', 'nx.ems.example')
    check_in(folder)
    reject(net)
    for _ in range(2):
        connect(EMS, 2)
    wait_for(lambda: '"shakeout.alert"' in path.read_text(), 'the alarm')
    net.nft('flush chain inet t in')
    check_in(folder)
    wait_for(lambda: path.read_text().count('"shakeout.alert"') == 2, 'its end')
    first, rest = path.read_text().split('\n', 1)
    lines = [json.loads(line) for line in rest.splitlines()]
    tests.expect('half a line of before goes no further', first == '{"half":', first)
    tests.expect('the line of the capture comes first, once', [line['event']['dataset'] for line in lines].index(
        'shakeout.capture') == 0 and len(told(lines, 'capture')) == 1, lines)
    changes, alerts, connections = told(lines, 'endpoint'), told(lines, 'alert'), told(lines, 'connection')
    tests.expect('each change is a line', [line['shakeout']['state'] for line in changes] == ['failing', 'healthy'], lines)
    tests.expect('an alarm is a line, and its end another, of one id', [line['shakeout']['alert']['change'] for line in alerts]
                 == ['begins', 'ends'] and len({line['event']['id'] for line in alerts}) == 1
                 and alerts[0]['client']['ip'] == CLIENT and alerts[0]['shakeout']['alert']['rule'] == 'endpoint-down'
                 and 'fails on 8013' in alerts[0]['message'] and '"' not in alerts[0]['message'], alerts)
    tests.expect('connections that fail are lines, others are not', len(connections) >= 2
                 and {line['event']['outcome'] for line in connections} == {'failure'}, connections)
    tests.check('the schema knows them', valid(binary, lines))
    lookup(tests, path)
    rotation(tests, net, folder, watch, path)
    outside(tests, net, watch, path)
    watch.end()
    names.kill()


def lookup(tests, path):
    def asked():
        return [line for p in (path, path.with_name('events.jsonl.1')) if p.exists() for text in p.read_text().splitlines()
                if '"shakeout.dns"' in text for line in [json.loads(text)]]
    mirror.ask('nx')
    wait_for(asked, 'the lookup')
    time.sleep(2)  # for another one, which would be wrong
    tests.expect('a lookup that fails is a line, once', len(asked()) == 1 and asked()[0]['client']['ip'] == CLIENT
                 and asked()[0]['dns']['question']['name'] == 'nx.ems.example'
                 and asked()[0]['shakeout']['primary'] == 'dns.nxdomain', asked())


def rotation(tests, net, folder, watch, path):
    reject(net)
    for _ in range(40):
        connect(EMS, 2)
        time.sleep(0.05)
    wait_for(lambda: path.with_name('events.jsonl.2').exists(), 'two old files')
    time.sleep(1.2)
    names = sorted(p.name for p in path.parent.iterdir())
    tests.expect('large files are put aside, two are kept', set(names) <= {
        'events.jsonl', 'events.jsonl.1', 'events.jsonl.2'} and len(names) >= 2, names)
    sizes = [p.stat().st_size for p in path.parent.iterdir()]
    tests.expect('none is much larger than it may be', max(sizes) < 64_000, sizes)
    tests.expect('each begins with the line of the capture', all(
        lines_of(p)[0]['event']['dataset'] == 'shakeout.capture' for p in path.parent.iterdir()
        if p.stat().st_size), names)
    tests.expect('all of them are whole', all(lines_of(p) for p in path.parent.iterdir() if p.name != 'events.jsonl'
                                             or p.stat().st_size), names)


def outside(tests, net, watch, path):
    """As logrotate does it."""
    aside = path.with_name('aside')
    path.rename(aside)
    watch.process.send_signal(signal.SIGHUP)
    wait_for(path.exists, 'a new file')
    before = aside.stat().st_size
    net.nft('flush chain inet t in')
    connect(EMS, 2)
    wait_for(lambda: lines_of(path), 'a line in it')
    tests.expect('SIGHUP opens another file', aside.stat().st_size == before and not watch.err[:-1]
                 and 'read again' in watch.err[-1], watch.err)
    path.unlink()
    path.symlink_to(aside)
    watch.process.send_signal(signal.SIGHUP)
    wait_for(lambda: any('go on watching' in line for line in watch.err), 'a word')
    path.unlink()
    wait_for(lambda: any('written again' in line for line in watch.err), 'another word')
    tests.expect('a link is not followed, and that is said once', aside.stat().st_size == before, watch.err)


# --- another configuration ----------------------------------------------------------------------------------

def hup(watch, condition, what):
    n = len(watch.err)
    watch.process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(watch.err) > n, what)
    time.sleep(0.3)
    return watch.err[n:]


def patience(tests, binary):
    """SIGHUP before there is anything to watch ends nothing."""
    process = subprocess.Popen([binary, '-i', 'nowhere0', '--headless', '--wait', '--no-config'], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    said = process.stderr.readline()
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    tests.expect('SIGHUP while it waits for an interface ends nothing', 'I wait for it' in said and process.poll() is None,
                 said, process.poll())
    process.kill()
    process.communicate()


def reload_scene(tests, binary, net, span, folder):
    """All of it, or nothing: what is wrong is named with its line, and changes nothing."""
    patience(tests, binary)
    path = folder / 'reload.ini'
    down = {'when': 'endpoint failing for 1s', 'send': 'journal'}
    written(path, **{'alert endpoint-down': down})
    watch = Watch(binary, folder / 'reload', '--config', path)
    files = set(os.listdir(f'/proc/{watch.process.pid}/fd'))
    for text, line, what in (('[port 8013]\nexpect = never\n\n[alret x]\n', 0, ''),
                             ('[port 8013]\nexpect = newer\n', 2, 'expect does not know'),
                             ('[alert endpoint-down]\nsend = none\n[alert x]\nsend = none\n', 4, 'does not say when'),
                             ('[shakeout]\nscope = all\n', 2, 'changes with a restart only'),
                             ('[live]\nstate = /x/y\n', 2, 'changes with a restart only'),
                             ('x' * 300, 1, 'longer than'), ('\0', 0, 'NUL')):
        (folder / 'new.ini').write_text(text)
        os.replace(folder / 'new.ini', path)
        said = hup(watch, watch, 'a word')
        if 'alret' in text:  # a section without keys is nothing yet
            tests.expect('a new file behind the same name is read', len(said) == 1 and 'read again; another run' in said[0],
                         said)
            continue
        want = f'shakeout: {path}:{line}: ' if line else f'shakeout: {path}: '
        tests.expect(f'refused as a whole: {text[:50]!r}', len(said) == 1 and said[0].startswith(want) and what in said[0]
                     and said[0].endswith('; the configuration stays as it was\n'), said)
    path.unlink()
    said = hup(watch, watch, 'a word')
    tests.expect('a configuration that is gone is said', len(said) == 1 and 'No such file' in said[0], said)
    unexpected = lambda: [line for line in watch.out if 'alert down-now' in line]
    reject(net)
    for _ in range(2):
        connect(EMS, 2)
    time.sleep(8)
    tests.expect('nothing of what was refused is in force', not unexpected(), watch.out)
    written(path, **{'alert down-now': down, 'alert endpoint-down': {'send': 'none'}})
    said = hup(watch, watch, 'a word')
    wait_for(unexpected, 'the new alarm')
    tests.expect('another rule is in force at once', len(unexpected()) == 1 and 'read again' in said[0], said, watch.out)
    hup(watch, watch, 'a word')
    tests.expect('the same again changes nothing', len(unexpected()) == 1, watch.out)
    net.nft('flush chain inet t in')
    tests.expect('no descriptor is left behind', set(os.listdir(f'/proc/{watch.process.pid}/fd')) == files, files)
    watch.end()


# --- log hosts ----------------------------------------------------------------------------------------------

HEAD = re.compile(r'<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z) ([!-~]{1,255}) shakeout (\d+) ([a-z0-9_-]{1,32}) (.*)$', re.S)
STRUCTURED = re.compile(r'\[shakeout@32473((?: [a-z]+="(?:[^"\\\]]|\\["\\\]])*")*)\] (.*)$', re.S)
CEF = re.compile(r'- CEF:0\|shakeout\|shakeout\|[^|]+\|((?:[^|\\]|\\[|\\])+)\|((?:[^|\\]|\\[|\\])+)\|(\d|10)\|(.*)$', re.S)


def message_of(octets):
    """(head, change, text) of a message in either form; an assertion where it is none."""
    head = HEAD.match(octets.decode())
    assert head, octets
    structured, cef = STRUCTURED.match(head[6]), CEF.match(head[6])
    assert structured or cef, octets
    if structured:
        return head, dict(re.findall(r'([a-z]+)="([^"]*)"', structured[1]))['change'], structured[2]
    values = dict(re.findall(r'(\w+)=((?:[^=\\]|\\[=\\n])*?)(?= \w+=|$)', cef[4]))
    return head, values['cs2'], values['msg']


class LogHost:
    """Takes messages; a stream parts them by their counts."""

    def __init__(self, family, kind, address):
        self.socket = run.socket.socket(family, kind)
        if kind == run.socket.SOCK_STREAM:
            self.socket.setsockopt(run.socket.SOL_SOCKET, run.socket.SO_REUSEADDR, 1)
        self.socket.bind(address)
        self.kind, self.messages, self.peers, self.done = kind, [], [], False
        self.socket.settimeout(0.1)
        if kind == run.socket.SOCK_STREAM:
            self.socket.listen()
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.thread.start()

    def take(self):
        while not self.done:
            try:
                if self.kind == run.socket.SOCK_DGRAM:
                    self.messages.append(self.socket.recv(65536))
                else:
                    self.take_stream(self.socket.accept()[0])
            except TimeoutError:
                pass

    def take_stream(self, peer):
        self.peers.append(peer)
        stream = peer.makefile('rb')
        while True:
            count = b''
            while (c := stream.read(1)) not in (b' ', b''):
                count += c
            if not c:
                return
            self.messages.append(stream.read(int(count)))

    def close(self):
        self.done = True
        for peer in self.peers:
            peer.shutdown(run.socket.SHUT_RDWR)
        self.thread.join(run.WAIT_S)
        for open_one in [*self.peers, self.socket]:
            open_one.close()


def fail_and_recover(net, folder, host, binary):
    reject(net)
    for _ in range(2):
        connect(EMS, 2)
    wait_for(lambda: len(host.messages) % 2 == 1, 'the alarm')
    net.nft('flush chain inet t in')
    check_in(folder)
    wait_for(lambda: len(host.messages) % 2 == 0, 'its end')


def syslog_scene(tests, binary, net, span, folder):
    """Each kind of socket, either form; a host that is not there yet, and one that goes and comes back."""
    inet, local = run.socket.AF_INET, run.socket.AF_UNIX
    dgram, stream = run.socket.SOCK_DGRAM, run.socket.SOCK_STREAM
    path = str(folder / 'log')
    for name, family, kind, address, form in (
            (f'unix:{path}', local, dgram, path, 'rfc5424'), ('udp:127.0.0.1:5514', inet, dgram, ('127.0.0.1', 5514), 'cef'),
            ('tcp:127.0.0.1:5601', inet, stream, ('127.0.0.1', 5601), 'rfc5424')):
        config = written(folder / 'syslog.ini', **{
            'alert endpoint-down': {'when': 'endpoint failing for 1s', 'send': 'syslog'},
            'alert many-at-once': {'send': 'none'},
            'output syslog': {'address': name, 'form': form, 'facility': 'local3'}})
        host = LogHost(family, kind, address)
        watch = Watch(binary, folder / 'syslog', '--config', config)
        fail_and_recover(net, folder, host, binary)
        messages = [message_of(m) for m in host.messages]
        tests.expect(f'{name}: an alarm, and its end', [m[1] for m in messages] == ['begins', 'ends']
                     and [m[0][1] for m in messages] == [str(19 * 8 + 3), str(19 * 8 + 5)]
                     and messages[0][0][5] == 'endpoint-down' and messages[0][2].startswith(f'{CLIENT} fails on {EMS} since ')
                     and not watch.err, host.messages, watch.err)
        host.close()
        if family == local:
            os.unlink(path)
        if kind == stream or family == local:
            come_back(tests, net, folder, binary, watch, name, (family, kind, address))
        watch.end()
        if os.path.exists(path):
            os.unlink(path)


def come_back(tests, net, folder, binary, watch, name, there):
    reject(net)
    for _ in range(2):
        connect(EMS, 2)
    wait_for(lambda: any('go on watching' in line for line in watch.err), 'a word')
    time.sleep(1.5)
    host = LogHost(*there)
    wait_for(lambda: host.messages, 'what waited')
    net.nft('flush chain inet t in')
    check_in(folder)
    time.sleep(1.5)
    tests.expect(f'{name}: a host that was away gets what waited for it', [message_of(m)[1] for m in host.messages]
                 == ['restless'] and len(watch.err) == 2 and 'written again' in watch.err[1], host.messages, watch.err)
    host.close()


# --- metrics ------------------------------------------------------------------------------------------------

def http(address, request):
    """(status, headers, body) of what is at a port of loopback or a local socket."""
    family = run.socket.AF_UNIX if isinstance(address, str) else run.socket.AF_INET
    with run.socket.socket(family) as s:
        s.settimeout(5)
        s.connect(address)
        s.sendall(request)
        octets = b''
        while more := s.recv(65536):
            octets += more
    head, _, body = octets.partition(b'\r\n\r\n')
    lines = head.decode().split('\r\n')
    return int(lines[0].split()[1]), {k.lower(): v for k, v in (line.split(': ', 1) for line in lines[1:])}, body.decode()


def get(address, path, method='GET'):
    return http(address, f'{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'.encode())


def spoof(n):
    """SYNs of as many clients that are not there, to every port there is."""
    eth = bytes.fromhex('02000000000a02000000000b0800')
    with run.socket.socket(run.socket.AF_PACKET, run.socket.SOCK_RAW) as s:
        s.bind(('m0', 0))
        for i in range(n):
            tcp = struct.pack('>HHIIBBHHH', 1024 + i % 60000, EMS if i % 2 else 1 + i % 65535, i, 0, 0x50, 2, 1024, 0, 0)
            ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 40, i & 0xffff, 0, 64, 6, 0, bytes([11, *i.to_bytes(3, 'big')]),
                             run.socket.inet_aton(SERVER))
            s.send(eth + ip + tcp)
            if i % 200 == 0:
                time.sleep(0.01)


def metrics_scene(tests, binary, net, span, folder):
    """What a strict reader takes; as many series beneath a flood as without; an end that is told."""
    done = subprocess.run([binary, '-i', mirror.SPAN, '--headless', '--config', written(folder / 'bad.ini', **{
        'output metrics': {'listen': '0.0.0.0:9913'}})], capture_output=True, text=True, check=False)
    tests.expect('it listens at loopback alone', done.returncode == 2 and 'bad.ini:2: listen is 127.0.0.1:PORT' in done.stderr,
                 done)
    for listen, address in ('127.0.0.1:9913', ('127.0.0.1', 9913)), (f'unix:{folder}/asked', f'{folder}/asked'):
        config = written(folder / 'metrics.ini', **{'output metrics': {'listen': listen}})
        watch = Watch(binary, folder / 'metrics', '--config', config, '--scope', 'all')
        if 'no libmicrohttpd' in ''.join(watch.err):
            return
        check_in(folder)
        wait_for(lambda: 'shakeout_checkins_total 1' in get(address, '/metrics')[2], 'the check-in')
        code, headers, body = get(address, '/metrics')
        samples, complaints = mirror.metrics_of(body)
        tests.check(f'{listen}: metrics of the form that Prometheus reads', complaints)
        if shutil.which('promtool'):
            asked = subprocess.run(['promtool', 'check', 'metrics'], input=body, text=True, capture_output=True, check=False)
            tests.expect('... and promtool agrees', asked.returncode in (0, 3), asked)
        tests.expect(f'{listen}: pages and what is none', code == 200 and headers['content-type'] == 'text/plain; version=0.0.4'
                     and get(address, '/healthz')[0] == 200 and get(address, '/')[0] == 404
                     and get(address, '/metrics', 'POST')[0] == 405 and get(address, '/metrics', 'HEAD')[2] == ''
                     and get(address, '/metrics?x=1')[0] == 200, code, headers)
        if listen[0] == '1':
            beneath_a_flood(tests, watch, address, samples)
            strangers(tests, address)
        stopped(tests, watch, address, listen)


def beneath_a_flood(tests, watch, address, before):
    spoof(20_000)
    wait_for(lambda: mirror.metrics_of(get(address, '/metrics')[2])[0].get(('shakeout_capture_packets_total',
                                                                           'interface="m1"'), 0) > 20_000, 'the flood')
    time.sleep(6)
    samples, complaints = mirror.metrics_of(get(address, '/metrics')[2])
    tests.check('a flood does not change the form', complaints)
    series = {f'{name}{{{label}}}' for name, label in samples}
    tests.expect('... and makes no series but those of ports and findings', len(samples) <= len(before) + 7 * 32 + 32
                 and not [s for s in series if '11.' in s], len(before), len(samples))


def strangers(tests, address):
    """What is no request ends its own connection and nothing else."""
    for octets in (b'\0' * 5000, b'GET ' + b'/' * 40_000 + b' HTTP/1.1\r\n\r\n', b'GET /metrics HTTP/9.9\r\n\r\n',
                   b'GET /metrics HTTP/1.1\r\n' + b'a: b\r\n' * 9000 + b'\r\n', b'\r\n\r\n'):
        try:
            http(address, octets)
        except (OSError, IndexError, ValueError):
            pass
    held = [run.socket.create_connection(address) for _ in range(40)]
    time.sleep(7)
    for one in held:
        one.close()
    tests.expect('strangers who say nothing, or nonsense, keep nobody out for long', get(address, '/healthz')[0] == 200)


def stopped(tests, watch, address, listen):
    """A watch that hangs is unwell; one that ends takes its listener along."""
    children = pathlib.Path(f'/proc/{watch.process.pid}/task/{watch.process.pid}/children').read_text().split()
    status = {child: pathlib.Path(f'/proc/{child}/status').read_text() for child in children}
    tests.expect(f'{listen}: who listens has no rights', len(children) >= 1 and all(
        re.search(r'CapEff:\s0+\n', s) and re.search(r'Seccomp:\s2\n', s) for s in status.values())
        or b'__asan_init' in pathlib.Path(watch.process.args[0]).read_bytes() or os.geteuid() == 0
        and sum(bool(re.search(r'CapEff:\s0+\n', s)) for s in status.values()) >= 1, status)
    maps = ''.join(pathlib.Path(f'/proc/{child}/maps').read_text() for child in children)
    own = pathlib.Path(f'/proc/{watch.process.pid}/maps').read_text()
    tests.expect(f'{listen}: ... and no ring of packets', 'socket:[' in own and 'socket:[' not in maps, maps)
    if listen[0] == '1':
        watch.process.send_signal(signal.SIGSTOP)
        wait_for(lambda: get(address, '/healthz')[0] == 503, 'a watch that hangs')
        watch.process.send_signal(signal.SIGCONT)
        wait_for(lambda: get(address, '/healthz')[0] == 200, 'one that goes on')
    watch.process.kill()
    watch.process.wait(run.WAIT_S)
    wait_for(lambda: not [c for c in children if os.path.exists(f'/proc/{c}') and 'Z' not in
                          pathlib.Path(f'/proc/{c}/stat').read_text().split(')')[1].split()[0]], 'the end of its helpers')
    tests.expect(f'{listen}: helpers end with their watch', True)


SCENES = {'restart': restart_scene, 'alerts': alerts_scene, 'jsonl': jsonl_scene, 'reload': reload_scene,
          'syslog': syslog_scene, 'metrics': metrics_scene}


def inside(binary, scenes):
    tests = Tests()
    net = Net()
    servers = []
    try:
        span = Mirror()
        sh('ip', 'link', 'set', 'lo', 'up')
        for address in CROWD:
            sh('ip', 'addr', 'add', f'{address}/24', 'dev', 'c0')
        with tempfile.TemporaryDirectory(prefix='shakeout-unattended.') as name:
            folder = pathlib.Path(name)
            make_certificate(folder)
            servers.append(serve(net, folder, EMS))
            span.copy('ingress', 'egress')
            for scene in scenes or SCENES:
                SCENES[scene](tests, binary, net, span, folder)
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
    return run.go_inside(INSIDE, 'an unattended watch', 'tc')


if __name__ == '__main__':
    sys.exit(main())
