#!/usr/bin/env python3
"""Watches real connections on terminals, as tmux shows them, and holds each screen against a golden file.

    screens.py BINARY [--write]

The namespaces are those of run.py.  Four shakeouts watch the client's end on terminals of different sizes and
character sets, with colours and without, while a connection is refused, another is healthy and a third is dropped.
Their screens, with times, frame numbers and ports masked, must be those in screens/ (--write makes them anew).  Then:
resizing, names that bite, stopping and continuing, and every way out must leave the terminal as it was.
Output: TAP.
"""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run  # noqa: E402
from run import CLIENT, SERVER, Net, Tests, make_certificate, sh, wait_for  # noqa: E402

INSIDE, WRITE = 'SHAKEOUT_SCREENS_INSIDE', '--write'
GOLDEN = pathlib.Path(__file__).resolve().parent / 'screens'
OTHER = '10.20.40.18'          # a second endpoint
EMS, REFUSED, DROPPED, MUTE = 8013, 443, 9443, 8443
UTF8, ASCII = {'LC_ALL': 'C.UTF-8'}, {'LC_ALL': 'C'}
SIZES = {  # columns, lines, environment, options
    'small': (80, 24, {**UTF8, 'TERM': 'tmux-256color'}, []),
    'middle': (100, 30, {**UTF8, 'TERM': 'tmux-256color'}, ['--ascii', '--color', 'never']),
    'large': (200, 60, {**UTF8, 'TERM': 'tmux-256color', 'NO_COLOR': '1'}, []),
    'bare': (80, 24, {**ASCII, 'TERM': 'vt100'}, []),
}


# --- terminals ----------------------------------------------------------------------------------------------

class Tmux:
    def __init__(self, folder):
        self.folder = folder
        self.command = ['tmux', '-S', str(folder / 'tmux'), '-f', '/dev/null']

    def __call__(self, *arguments, **more):
        return subprocess.run([*self.command, *map(str, arguments)], capture_output=True, text=True, check=False,
                              env={**os.environ, 'LC_ALL': 'C.UTF-8'}, **more).stdout

    def close(self):
        self('kill-server')


class Terminal:
    """A window of tmux with a shakeout, or a shell, in it."""

    def __init__(self, tmux, name, columns, lines, environment, command):
        self.tmux, self.name = tmux, name
        self.modes = [tmux.folder / f'{name}.before', tmux.folder / f'{name}.after']
        settings = ' '.join(f"{key}='{value}'" for key, value in {**environment, 'TZ': 'UTC'}.items())
        script = (f'stty -g >{self.modes[0]}; env -u COLUMNS {settings} {command}; echo "rc=$?"; '
                  f'stty -g >{self.modes[1]}; sleep 1000')
        tmux('new-session', '-d', '-s', name, '-x', columns, '-y', lines, script)
        tmux('set-option', '-t', name, 'status', 'off')
        tmux('resize-window', '-t', name, '-x', columns, '-y', lines)

    def text(self, *options):
        return self.tmux('capture-pane', '-t', self.name, '-p', *options)

    def keys(self, *keys):
        self.tmux('send-keys', '-t', self.name, *keys)

    def resize(self, columns, lines):
        self.tmux('resize-window', '-t', self.name, '-x', columns, '-y', lines)

    def asks(self, what):
        return self.tmux('display-message', '-t', self.name, '-p', '#{' + what + '}').strip()

    def drawn(self):
        return self.asks('alternate_on') == '1'

    def shows(self, *texts, limit=run.WAIT_S):
        """What the screen is when it shows these; what it is at the end of patience."""
        end = time.monotonic() + limit
        while True:
            text = self.text()
            if all(t in text for t in texts) or time.monotonic() > end:
                return text
            time.sleep(0.05)

    def pid(self):
        """Of the shakeout: the youngest descendant of the window's shell."""
        pid = self.asks('pane_pid')
        while True:
            children = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
            if not children:
                return int(pid)
            pid = children[-1]

    def left(self):
        """Complaints about what the program left behind."""
        wait_for(lambda: self.modes[1].exists() and self.modes[1].read_text(), f'the end of {self.name}')
        before, after = (mode.read_text() for mode in self.modes)
        return [before != after and f'modes {before} became {after}', self.drawn() and 'still on the other screen',
                self.asks('cursor_flag') != '1' and 'the cursor is hidden',
                self.asks('keypad_cursor_flag') != '0' and 'the keypad still sends application codes']


MASKS = [
    (r'\d\d:\d\d:\d\d(\.\d+)?', lambda m: re.sub(r'\d', '0', m[0])),
    (r'(up|age) +\d+:\d\d', r'\1 0:00'),
    (r' \d+:\d\d (?=[ #])', lambda m: re.sub(r'\d', '0', m[0])),
    (r'(10\.20\.40\.\d+):[3-6]\d{4}\b', r'\1:PPPPP'),
    (r' +#\d+', ' #N'),
    (r'^( *)\d+(?=  00:00:00\.000)', r' N'),
    (r'frame\.number .*', 'frame.number ...'),
    (r'in \d+/s  packets \d+', 'in N/s  packets N'),
    (r'\+ +\d+\.\d{3}', '+ 0.000'),
    (r'after \d+\.\d+ s', 'after 0.0 s'),
    (r'\(#\d+\)', '(#N)'),
    (r' +$', ''),
]


def masked(text):
    lines = []
    for line in text.rstrip('\n').split('\n'):
        for pattern, by in MASKS:
            line = re.sub(pattern, by, line)
        lines.append(line)
    return '\n'.join(lines).rstrip('\n') + '\n'


def golden(tests, name, text, write):
    path, now = GOLDEN / f'{name}.txt', masked(text)
    if write:
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(now)
    want = path.read_text() if path.exists() else ''
    differences = [f'want {a!r}\n    have {b!r}' for a, b in zip(want.split('\n'), now.split('\n')) if a != b]
    tests.check(f'the screen {name}', differences + [want.count('\n') != now.count('\n') and f'other length:\n{now}'])


# --- traffic ------------------------------------------------------------------------------------------------

def connect(client, port, limit, hello=b''):
    with socket.socket() as s:
        s.settimeout(limit)
        s.bind((client, 0))
        try:
            s.connect((SERVER, port))
            if hello:
                s.sendall(hello)
                s.recv(100)
        except OSError as error:
            return error
    return None


def check_in(folder):
    sh('openssl', 's_client', '-connect', f'{SERVER}:{EMS}', '-servername', 'ems.corp.example', '-CAfile',
       folder / 'cert.pem', '-verify_return_error', '-quiet', input=b'GET / HTTP/1.0\r\n\r\n',
       stderr=subprocess.DEVNULL)


def vector(width, octets):
    return len(octets).to_bytes(width, 'big') + octets


def client_hello(name):
    """RFC 8446 section 4.1.2, with a server name that no library would send (RFC 6066 section 3)."""
    extension = b'\0\0' + vector(2, vector(2, b'\0' + vector(2, name)))
    body = b'\3\3' + bytes(32) + b'\0' + vector(2, b'\xc0\x2f') + b'\1\0' + vector(2, extension)
    return b'\x16\3\1' + vector(2, b'\1' + vector(3, body))


def serve(net, folder):
    process = net.run('openssl', 's_server', '-4', '-accept', EMS, '-cert', folder / 'cert.pem', '-key',
                      folder / 'key.pem', '-www', '-quiet')
    wait_for(lambda: net.listens(EMS), 's_server')
    return process


def quiet_links(net):
    """IPv6 speaks unasked."""
    for prefix, interface in ([], 'c0'), (net.enter(), 's0'):
        sh(*prefix, 'sh', '-c', f'echo 1 >/proc/sys/net/ipv6/conf/{interface}/disable_ipv6')
    sh('ip', 'addr', 'add', f'{OTHER}/24', 'dev', 'c0')


# --- scenes -------------------------------------------------------------------------------------------------

def open_terminals(tmux, binary):
    terminals = {}
    for name, (columns, lines, environment, options) in SIZES.items():
        before = run.packet_sockets()
        terminals[name] = Terminal(tmux, name, columns, lines, environment,
                                   f'{binary} -i c0 --utc {" ".join(options)}')
        wait_for(lambda before=before: run.packet_sockets() > before, f'shakeout on {name}')
        terminals[name].shows('? help')
    time.sleep(0.5)
    return terminals


def list_scene(tests, terminals, net, folder, write):
    """One event behind the other, each seen by all before the next."""
    def all_show(*texts):
        for terminal in terminals.values():
            terminal.shows(*texts)
    net.nft(f'add rule inet t in tcp dport {DROPPED} drop')
    connect(CLIENT, REFUSED, 2)
    all_show('RST')
    for _ in range(2):
        check_in(folder)
        time.sleep(0.7)
    connect(OTHER, DROPPED, 5)
    all_show('DROP', 'ok')
    for name, terminal in terminals.items():
        golden(tests, f'{name}-list', terminal.text(), write)
    coloured = {name: '\x1b[31m' in terminal.text('-e') for name, terminal in terminals.items()}
    tests.expect('only the terminal that may have colours has them',
                 coloured == {name: name == 'small' for name in SIZES}, coloured)


def keys_scene(tests, terminals, write):
    small, middle = terminals['small'], terminals['middle']
    for name in 'small', 'large', 'bare':
        terminals[name].keys('Enter')
        golden(tests, f'{name}-details', terminals[name].shows('tcp.syn.refused', 'lines 1 to'), write)
    small.keys('Escape', '?')
    golden(tests, 'small-help', small.shows('4/5'), write)
    for name in 'small', 'large', 'bare':
        terminals[name].keys('Escape')
    middle.keys('g', 's')
    golden(tests, 'middle-grouped', middle.shows('10.20.40.0/24', 'oldest'), write)
    middle.keys('/', '.', '1', '8')
    golden(tests, 'middle-find', middle.shows('find: .18', '1 of 2'), write)
    middle.keys('Escape', 'g', 'g', 'g', 's', 's', 's', 'p')
    tests.expect('the pause is said', 'FROZEN' in middle.shows('FROZEN'), middle.text())
    middle.keys('p', 'x')
    text = middle.shows('lines 1 to', 'fact up to')
    tests.expect('x explains', 'tcp.syn.silent_drop' in text and 'fact up to' in text, text)
    middle.keys('Escape', 'e')
    text = middle.shows('--evidence')
    tests.expect('e says that nothing is kept', 'it runs without --evidence' in text, text)
    middle.keys('Escape', 'Home')


def resize_scene(tests, terminals, write):
    middle = terminals['middle']
    middle.resize(80, 24)
    golden(tests, 'middle-resized', middle.shows('? help  q'), write)
    middle.resize(40, 10)
    tests.expect('too small is said', '40x10 is too small' in middle.shows('too small'), middle.text())
    middle.resize(100, 30)
    golden(tests, 'middle-list', middle.shows('? help  q'), False)


def hostile_scene(tests, terminals, net):
    server = net.run(sys.executable, '-c', f'import socket\ns = socket.create_server(("{SERVER}", {MUTE}))\n'
                     'kept = []\nwhile True:\n    kept.append(s.accept())\n')
    wait_for(lambda: net.listens(MUTE), 'the mute server')
    name = 'ems\x1b[2J\x1b[9;9H\x07\x9b31m\u202egpj\u200b\r\n\t'.encode() + b'\xff\xfe.example'
    connect(OTHER, MUTE, 4, client_hello(name))
    for key, terminal in terminals.items():
        columns, lines = SIZES[key][:2]
        terminal.shows('acked_no_reply')
        terminal.keys('Down', 'Enter')
        text = terminal.shows('lines 1 to').split('\n')
        tests.check(f'a name that bites does not, {key}', [
            not text[0].startswith(' shakeout  c0') and f'first line {text[0]!r}',
            not text[lines - 1].startswith(' escape back') and f'last line {text[lines - 1]!r}',
            not any('tcp.clienthello.acked_no_reply' in line for line in text) and f'no details: {text!r}',
            any('\u202e' in line or '\u200b' in line for line in text) and 'marks that turn the text round',
            max(map(len, text)) > columns and 'a line is too long'])
        terminal.keys('Escape')
    server.kill()


def stop_scene(tests, tmux, binary):
    shell = Terminal(tmux, 'shell', 80, 24, SIZES['small'][2], 'PS1=ready: bash --norc --noprofile -i')
    shell.shows('ready:')
    before = run.packet_sockets()
    shell.keys(f'{binary} -i c0 --utc', 'Enter')
    wait_for(lambda: run.packet_sockets() > before, 'shakeout in a shell')
    shell.shows('? help')
    shell.keys('C-z')
    stopped = shell.shows('Stopped')
    tests.expect('Ctrl-Z gives the terminal back', 'Stopped' in stopped and not shell.drawn()
                 and shell.asks('cursor_flag') == '1', stopped)
    shell.keys('stty size', 'Enter')
    tests.expect('... and what is typed is seen', 'stty size' in shell.shows('stty size', '24 80'), shell.text())
    shell.keys('fg', 'Enter')
    again = shell.shows('LIVE', '? help')
    tests.expect('fg brings the screen back', shell.drawn() and '? help' in again, again)
    shell.keys('q')
    ended = shell.shows('ready:', 'Capture')
    tests.expect('q ends with the report', not shell.drawn() and 'Capture' in ended, ended)
    shell.keys('exit', 'Enter')
    tests.check('the terminal is as before', shell.left())


def ways_out(tests, terminals):
    ways = {'small': ('q', lambda t: t.keys('q'), 'rc=1'), 'middle': ('Ctrl-C', lambda t: t.keys('C-c'), 'rc=1'),
            'large': ('SIGTERM', lambda t: os.kill(t.pid(), signal.SIGTERM), 'rc=1'),
            'bare': ('a crash', lambda t: os.kill(t.pid(), signal.SIGSEGV), 'rc=139')}
    for name, (way, act, code) in ways.items():
        terminal = terminals[name]
        act(terminal)
        text = terminal.shows(code)
        tests.check(f'{way} leaves the terminal as it was', [code not in text and f'no {code}: {text}']
                    + terminal.left())
        if code == 'rc=1':
            tests.expect(f'{way} ends with the report', 'Capture' in terminal.text('-S', '-200'), text)


def lost_scene(tests, tmux, binary):
    """What is watched goes away; who watches goes away."""
    sh('ip', 'link', 'add', 'd0', 'type', 'veth', 'peer', 'name', 'd1')
    sh('ip', 'link', 'set', 'd0', 'up')
    terminal = Terminal(tmux, 'lost', 80, 24, SIZES['small'][2], f'{binary} -i d0')
    terminal.shows('? help')
    sh('ip', 'link', 'del', 'd0')
    text = terminal.shows('rc=')
    tests.check('an interface that goes away leaves the terminal as it was',
                ['rc=3' not in text and text, 'the interface is gone' not in terminal.text('-S', '-200') and text]
                + terminal.left())
    terminal = Terminal(tmux, 'closed', 80, 24, SIZES['small'][2], f'{binary} -i c0')
    terminal.shows('? help')
    pid = terminal.pid()
    tmux('kill-session', '-t', 'closed')
    end = time.monotonic() + run.WAIT_S
    while pathlib.Path(f'/proc/{pid}').exists() and time.monotonic() < end:
        time.sleep(0.05)
    tests.expect('a terminal that is closed ends the watch', not pathlib.Path(f'/proc/{pid}').exists(), pid)


def plain_scene(tests, tmux, binary):
    small = SIZES['small'][2]
    for name, environment, command in (
            ('plain', small, f'{binary} -i c0 --plain'), ('dumb', {**small, 'TERM': 'dumb'}, f'{binary} -i c0'),
            ('unknown', {**small, 'TERM': 'no-such-terminal'}, f'{binary} -i c0'),
            ('piped', small, f'{binary} -i c0 | cat'), ('json', small, f'{binary} -i c0 --format jsonl')):
        before = run.packet_sockets()
        terminal = Terminal(tmux, name, 80, 24, environment, command)
        wait_for(lambda before=before: run.packet_sockets() > before, f'shakeout, {name}')
        text = terminal.shows('watching c0')
        tests.expect(f'lines instead of a screen: {name}', 'watching c0' in text and not terminal.drawn(), text)
        terminal.keys('C-c')
        tests.check(f'the terminal is as before: {name}', terminal.left())


def inside(binary, write):
    tests = Tests()
    net = Net()
    servers = []
    with tempfile.TemporaryDirectory(prefix='shakeout-screens.') as name:
        folder = pathlib.Path(name)
        tmux = Tmux(folder)
        try:
            quiet_links(net)
            make_certificate(folder)
            servers.append(serve(net, folder))
            terminals = open_terminals(tmux, binary)
            list_scene(tests, terminals, net, folder, write)
            keys_scene(tests, terminals, write)
            resize_scene(tests, terminals, write)
            hostile_scene(tests, terminals, net)
            stop_scene(tests, tmux, binary)
            ways_out(tests, terminals)
            lost_scene(tests, tmux, binary)
            plain_scene(tests, tmux, binary)
        finally:
            for server in servers:
                server.kill()
            tmux.close()
            net.close()
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    if os.environ.get(INSIDE):
        return inside(binary, WRITE in sys.argv)
    return run.go_inside(INSIDE, 'screens', 'tmux')


if __name__ == '__main__':
    sys.exit(main())
