"""Two namespaces, a recorder between them, and what tshark reads with the server's keys: the truth of the wire.

    client 10.7.0.2 (and .3) --- server 10.7.0.10 and up, port 8013
"""
import collections
import os
import signal
import subprocess
import time

PORT = 8013
CLIENT, OTHER = '10.7.0.2', '10.7.0.3'


def run(*argv, **options):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **options)


class Lab:
    """A pair of namespaces with servers in one and clients in the other."""

    def __init__(self, number, folder):
        self.names = {side: f'accuracy{os.getpid()}x{number}-{side}' for side in ('client', 'server')}
        self.folder = os.path.join(folder, str(number))
        self.servers = {}  # address -> process
        self.port = 20000
        os.makedirs(self.folder, exist_ok=True)

    def __enter__(self):
        self.down()
        for side in self.names:
            run('ip', 'netns', 'add', self.names[side])
            self.on(side, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv4.tcp_no_metrics_save=1')
            self.on(side, 'ip', 'link', 'set', 'lo', 'up')
        run('ip', 'link', 'add', 'c0', 'netns', self.names['client'], 'type', 'veth', 'peer', 'name', 's0', 'netns',
            self.names['server'])
        for side, device in (('client', 'c0'), ('server', 's0')):
            self.on(side, 'ethtool', '-K', device, 'tso', 'off', 'gso', 'off', 'gro', 'off', 'tx', 'off', 'rx', 'off')
            self.on(side, 'ip', 'link', 'set', device, 'up')
        for address in (CLIENT, OTHER):
            self.on('client', 'ip', 'addr', 'add', f'{address}/24', 'dev', 'c0')
        os.makedirs(f'/etc/netns/{self.names["client"]}', exist_ok=True)
        self.hosts = f'/etc/netns/{self.names["client"]}/hosts'
        self.point('127.0.0.1')
        return self

    def __exit__(self, *why):
        self.down()

    def down(self):
        for side in self.names.values():
            if os.path.exists(f'/run/netns/{side}'):
                for pid in subprocess.run(['ip', 'netns', 'pids', side], capture_output=True, text=True).stdout.split():
                    os.kill(int(pid), signal.SIGKILL)
                run('ip', 'netns', 'del', side)
            subprocess.run(['rm', '-rf', f'/etc/netns/{side}'], check=True)
        for process in self.servers.values():
            process.wait()
        self.servers = {}

    def inside(self, side, argv):
        return ['ip', 'netns', 'exec', self.names[side], *argv]

    def on(self, side, *argv):
        return run(*self.inside(side, argv))

    def point(self, address):
        """The name of the server means this address; the file is bound into the namespace and stays the same file."""
        with open(self.hosts, 'w', encoding='ascii') as f:
            f.write(f'127.0.0.1 localhost\n{address} ems.corp.example\n')

    def serve(self, address, argv, log, port=PORT):
        """Starts a server of its own address and waits until it listens."""
        if address in self.servers:
            return
        self.on('server', 'ip', 'addr', 'add', f'{address}/24', 'dev', 's0')
        with open(log, 'w', encoding='utf-8') as out:
            self.servers[address] = subprocess.Popen(self.inside('server', argv), stdout=out, stderr=out,
                                                     stdin=subprocess.PIPE)
        for _ in range(100):
            heard = self.on('server', 'ss', '-Hltn', f'sport = :{port}').stdout
            if f'{address}:{port}' in heard or f'0.0.0.0:{port}' in heard or f'*:{port}' in heard:
                return
            time.sleep(0.1)
        raise RuntimeError(f'nothing listens: {argv}')

    def record(self, path, address):
        recorder = subprocess.Popen(self.inside('client', ['tcpdump', '-i', 'c0', '-s', '0', '-U', '-Z', 'root',
                                                           '--immediate-mode', '-w', path, 'host', address]),
                                    stderr=subprocess.PIPE, text=True)
        while 'listening on' not in recorder.stderr.readline():
            if recorder.poll() is not None:
                raise RuntimeError('the recorder does not start')
        time.sleep(0.05)
        return recorder

    def stop(self, recorder, wait):
        time.sleep(wait)
        for pid in run('ip', 'netns', 'pids', self.names['client']).stdout.split():
            with open(f'/proc/{pid}/comm', encoding='ascii') as f:
                if f.read().strip() == 'tcpdump':
                    os.kill(int(pid), signal.SIGINT)
        lost = [l for l in recorder.communicate()[1].splitlines() if 'dropped by kernel' in l]
        if lost and not lost[0].startswith('0 '):
            raise RuntimeError('the recorder lost packets')

    def client(self, call, stack):
        """Runs one client to its end; its exit code and what it printed."""
        environment = dict(os.environ, LINE=call.line)
        if call.keys:
            environment['SSLKEYLOGFILE'] = call.keys
        if stack.environment:
            environment.update(stack.environment(call))
        # A port of its own for each run, far from those of other runs.
        self.port = self.port + 40 if self.port < 60000 else 20000
        self.on('client', 'sysctl', '-qw', f'net.ipv4.ip_local_port_range={self.port} {self.port + 39}')
        process = subprocess.Popen(self.inside('client', ['timeout', '-k', '1', str(stack.limit), *stack.command(call)]),
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   env=environment)
        if stack.types:
            try:
                process.stdin.write(call.line.encode())
                process.stdin.flush()
                time.sleep(stack.hold)
            except BrokenPipeError:
                pass
        said = process.communicate()[0].decode('utf-8', 'replace')
        return process.returncode, said


# readable: without keys; late: behind its sender's own Finished; over: behind the other's.
Alert = collections.namedtuple('Alert', 'number readable late over')


class Stream:
    """One TCP connection as tshark sees it."""

    def __init__(self):
        self.port = 0
        self.version = ''
        self.alerts = {'client': [], 'server': []}
        self.finished = {'client': False, 'server': False}
        self.data = {'client': False, 'server': False}
        self.certificates = {'client': False, 'server': False}
        self.asked = False  # CertificateRequest
        self.flight = False  # the server sent its Finished (1.3) or ServerHelloDone (1.2)
        self.ended = ''  # who closed first, how

    def fatal(self, side):
        return [a for a in self.alerts[side] if a.number not in (0, 90)]


FIELDS = ('frame.number', 'tcp.stream', 'tcp.srcport', 'tcp.dstport', 'tcp.flags.fin', 'tcp.flags.reset',
          'tls.record.content_type', 'tls.handshake.type', 'tls.alert_message.desc', 'tls.handshake.version',
          'tls.handshake.extensions.supported_version')


def rows_of(path, port, keylog):
    keys = ['-o', f'tls.keylog_file:{keylog}'] if keylog else []
    wanted = [w for field in FIELDS for w in ('-e', field)]
    text = run('tshark', '-n', '-r', path, *keys, '-d', f'tcp.port=={port},tls', '-T', 'fields', *wanted).stdout
    for line in text.splitlines():
        cells = line.split('\t')
        yield dict(zip(FIELDS, cells + [''] * (len(FIELDS) - len(cells))))


def numbers(cell):
    return [int(n, 0) for n in cell.split(',') if n]


def streams_of(path, port=PORT, keylog=''):
    """The connections of a recording, by client port, read with the keys of the server."""
    streams = collections.OrderedDict()
    readable = {(r['frame.number'], n) for r in rows_of(path, port, '') for n in numbers(r['tls.alert_message.desc'])}
    for row in rows_of(path, port, keylog):
        if not row['tcp.stream']:
            continue
        stream = streams.setdefault(row['tcp.stream'], Stream())
        side = 'server' if row['tcp.srcport'] == str(port) else 'client'
        stream.port = int(row['tcp.dstport' if side == 'server' else 'tcp.srcport'])
        read_row(stream, side, row, readable)
    return {stream.port: stream for stream in streams.values()}


def read_row(stream, side, row, readable):
    peer = 'client' if side == 'server' else 'server'
    types = numbers(row['tls.handshake.type'])
    stream.finished[side] = stream.finished[side] or 20 in types
    stream.certificates[side] = stream.certificates[side] or 11 in types
    if side == 'server':
        stream.asked = stream.asked or 13 in types
        stream.flight = stream.flight or 14 in types or 20 in types
        if 2 in types:
            stream.version = '1.3' if '0x0304' in row['tls.handshake.extensions.supported_version'] else '1.2'
    for n in numbers(row['tls.alert_message.desc']):
        stream.alerts[side].append(Alert(n, (row['frame.number'], n) in readable, stream.finished[side], stream.finished[peer]))
    stream.data[side] = stream.data[side] or 23 in numbers(row['tls.record.content_type'])
    closes = 'RST' if row['tcp.flags.reset'] in ('1', 'True') else 'FIN' if row['tcp.flags.fin'] in ('1', 'True') else ''
    if closes and not stream.ended:
        stream.ended = f'{closes} of the {side}'
