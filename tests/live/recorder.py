#!/usr/bin/env python3
"""The packets of failures, as a watch keeps them (--evidence).

    recorder.py BINARY [--kills N] [SCENE...]

Namespaces as in run.py.  Each file must be readable by a stranger, be about one failure from its first packet on, and
give the verdict that was told; contents must not be in it.  Limits, folders that vanish, fill up or take nothing, and
kill -9 at random moments under load.  Output: TAP.
"""
import argparse
import fcntl
import json
import os
import pathlib
import pty
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mirror  # noqa: E402
import run  # noqa: E402
import unattended  # noqa: E402
from run import CLIENT, DROPPED, HEALTHY, REFUSED, SERVER, WAIT_S, Net, Tests, connect, make_certificate, sh, wait_for  # noqa: E402

INSIDE = 'SHAKEOUT_RECORDER_INSIDE'
NAME = re.compile(r'\d{8}T\d{6}Z-([a-z0-9._]+)-([0-9a-f.-]+?)(\+\d+)?\.pcapng$')
SECRET = b'4711-who-reads-this-reads-too-much'
TALK = 9000


def files_in(folder):
    return sorted(path for path in folder.iterdir() if not path.name.startswith('.')) if folder.exists() else []


def subjects(folder):
    return [NAME.match(path.name)[1] for path in files_in(folder)]


def config_of(folder, **settings):
    """[evidence], for what has no option."""
    path = folder / 'evidence.ini'
    path.write_text('[evidence]\n' + ''.join(f'{key} = {value}\n' for key, value in settings.items()))
    return ['--config', path]


class Watch(run.Watcher):
    def __init__(self, binary, folder, *options, **more):
        wait_for(lambda: run.packet_sockets() == 0, 'the end of the one before')
        self.folder = folder / 'evidence'
        self.status = folder / 'status.json'
        super().__init__(binary, '--scope', 'all', '--headless', '--evidence', self.folder, '--status', self.status,
                         *options, **more)
        wait_for(lambda: run.packet_sockets() > 0 or self.process.poll() is not None, 'shakeout')
        time.sleep(0.3)

    def heard(self, words):
        return [line for line in self.err if words in line]

    def kept(self):
        return json.loads(self.status.read_text())['evidence']


# --- what is in a file ----------------------------------------------------------------------------------------

def comments_of(data):
    """Comments of each packet, by a reading of the blocks of our own; an error where they do not fill the file."""
    comments, at = [], 0
    while at < len(data):
        kind, length = struct.unpack('<II', data[at:at + 8])
        if length < 12 or length % 4 or data[at + length - 4:at + length] != data[at + 4:at + 8]:
            raise ValueError(f'block at {at} is not whole')
        body = data[at + 8:at + length - 4]
        if kind == 6:
            captured, = struct.unpack('<I', body[12:16])
            option, found = 20 + (captured + 3 & ~3), []
            while option + 4 <= len(body):
                code, size = struct.unpack('<HH', body[option:option + 4])
                found += [body[option + 4:option + 4 + size].decode()] if code == 1 else []
                option += 4 + (size + 3 & ~3)
            comments.append(found)
        at += length
    return comments


def verdicts(binary, path):
    done = subprocess.run([binary, '--scope', 'all', '--no-config', '--format', 'jsonl', path], capture_output=True,
                          check=False, timeout=60)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, {line['shakeout']['primary'] for line in lines if line['event']['dataset'] == 'shakeout.connection'}


def complaints_of(binary, path):
    """Is it a whole capture, named after what is in it, commented, without contents?"""
    data, found = path.read_bytes(), NAME.match(path.name)
    if not found:
        return [f'{path.name}: an unexpected name']
    try:
        comments = [text for packet in comments_of(data) for text in packet]
    except (ValueError, struct.error) as error:
        return [f'{path.name}: {error}']
    lines, seen = verdicts(binary, path)
    wrong = [SECRET in data and 'contents are in it', path.stat().st_mode & 0o007 and 'others may read it',
             not any(line['event']['dataset'] == 'shakeout.summary' for line in lines) and 'not readable to its end',
             'capture.damaged' in json.dumps(lines) and 'damaged']
    if found[1].startswith('good.'):
        wrong += [not any(text.startswith('[GOOD]') for text in comments) and f'no comment: {comments}',
                  not any(name.startswith('ok.') for name in seen) and f'verdicts {seen}']
    elif found[1].startswith(('tcp.', 'tls.')):
        wrong += [not any(text.startswith(f'[{found[1]}] 1/') for text in comments) and f'no comment: {comments}',
                  found[1] not in seen and f'verdicts {seen}']
    if shutil.which('capinfos'):
        done = subprocess.run(['capinfos', path], capture_output=True, text=True, check=False)
        wrong += [(done.returncode or done.stderr) and f'capinfos: {done.stderr}']
    return [f'{path.name}: {words}' for words in wrong if words]


def unfinished(folder):
    return [path.name for path in folder.iterdir() if path.name.startswith('.')]


# --- scenes -----------------------------------------------------------------------------------------------------

def talk(net):
    """A server that hears what nobody should read, and resets."""
    program = (f'import socket, struct\ns = socket.create_server(("{SERVER}", {TALK}))\nwhile True:\n'
               ' c, _ = s.accept(); c.recv(100)\n c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))\n'
               ' c.close()\n')
    process = net.run(sys.executable, '-c', program)
    wait_for(lambda: net.listens(TALK), 'the server that resets')
    return process


def say_secret():
    with socket.socket() as s:
        s.connect((SERVER, TALK))
        s.sendall(b'\x05\x01\x02' + SECRET)
        try:
            s.recv(1)
        except OSError:
            pass


def ask_name(name='ems.corp.example'):
    """A question that nobody answers but ICMP."""
    labels = b''.join(bytes([len(part)]) + part.encode() for part in name.split('.'))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((SERVER, 53))
        s.send(b'\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00' + labels + b'\x00\x00\x01\x00\x01')
        try:
            s.settimeout(1)
            s.recv(100)
        except OSError:
            pass


def kept_scene(tests, binary, net, folder):
    watch = Watch(binary, folder / 'kept')
    server = talk(net)
    net.nft(f'add rule inet t in tcp dport {DROPPED} drop')
    for _ in range(2):
        run.healthy(folder)
    connect(REFUSED, 2)
    say_secret()
    ask_name()
    connect(DROPPED, 4)
    wait_for(lambda: watch.notices(DROPPED), 'a notice')
    time.sleep(0.5)
    watch.end()
    server.kill()
    net.nft('flush chain inet t in')
    seen = subjects(watch.folder)
    tests.check('every file is whole, says what failed, and comes to the same verdict',
                [words for path in files_in(watch.folder) for words in complaints_of(binary, path)])
    tests.expect('each failure has a file, and what works one', sorted(seen) == sorted(set(seen)) and
                 {'tcp.syn.silent_drop', 'tcp.syn.refused_by_host', f'good.{HEALTHY}'} <= set(seen)
                 and any(name.startswith('tcp.reset') for name in seen) and any(name.startswith('dns.') for name in seen),
                 seen)
    tests.expect('nothing else is left', not unfinished(watch.folder), unfinished(watch.folder))
    tests.expect('the state counts them', watch.kept()['written'] == len(seen) == watch.kept()['files']
                 and watch.kept()['bytes'] == sum(path.stat().st_size for path in files_in(watch.folder))
                 and not watch.kept()['failed'], watch.kept())
    drop = next(path for path in files_in(watch.folder) if 'silent_drop' in path.name)
    syns = [text for packet in comments_of(drop.read_bytes()) for text in packet if 'SYN' in text]
    tests.expect('a silence begins with its first SYN', len(syns) >= 2 and '1/' in syns[0], syns)
    tests.expect('no word of it but the lines', not watch.err, watch.err)


def named_scene(tests, binary, net, folder):
    """Who is told of a failure is told where its packets lie, as soon as they do."""
    del net
    place, path = folder / 'named', str(folder / 'named' / 'log')
    config, lines = place / 'named.ini', place / 'events.jsonl'
    config.write_text('[alert endpoint-down]\nwhen = endpoint failing for 1s\nsend = journal, jsonl, syslog\n'
                      '[alert many-at-once]\nsend = none\n[evidence]\nafter = 3s\n'
                      f'[output syslog]\naddress = unix:{path}\nform = cef\n')
    host = unattended.LogHost(socket.AF_UNIX, socket.SOCK_DGRAM, path)
    watch = Watch(binary, place, '--jsonl', lines, '--config', config)
    for _ in range(3):
        connect(REFUSED, 2)
        time.sleep(0.5)
    told = lambda dataset: [line for line in map(json.loads, lines.read_text().splitlines())  # noqa: E731
                            if line['event']['dataset'] == f'shakeout.{dataset}']
    wait_for(lambda: len(host.messages) >= 2, 'the word of a file')
    early = time.monotonic()
    watch.end()
    host.close()
    names = {path.name for path in files_in(watch.folder) if 'refused' in path.name}
    said = {found[1]: text for text in watch.out if (found := re.search(r'packets of \S+ on port \d+ are in (\S+)$', text))}
    tests.expect('each file is named by a line, once', set(said) == names and len(names) == 3 and
                 all(f'packets of {CLIENT} on port {REFUSED} ' in text and not run.notice_id(text)
                     for name, text in said.items()), said, names)
    tests.expect('... behind the line of the failure', [bool('are in' in text) for _, text in watch.said
                                                       if f'port {REFUSED}' in text][:2] == [False, True], watch.said)
    kept, failed = told('evidence'), {line['event']['id']: line for line in told('connection')}
    tests.expect('... and in JSON Lines, with the id of the line of its connection',
                 {line['shakeout']['evidence'] for line in kept} == names
                 and all(failed[line['event']['id']]['shakeout']['primary'] == line['event']['code']
                         and line['client'] == {'ip': CLIENT} and line['server'] == {'ip': SERVER, 'port': REFUSED}
                         for line in kept), kept)
    alerts = [(line['shakeout']['alert']['change'], line['shakeout'].get('evidence')) for line in told('alert')]
    tests.expect('an alarm that was told without is told of it', [change for change, _ in alerts] == ['begins', 'filed']
                 and alerts[0][1] is None and alerts[1][1] in names, alerts)
    tests.check('the schema knows them', unattended.valid(binary, [*kept, *told('alert')]))
    sent = [dict(re.findall(r'(cs2|cs3|msg)=(.*?)(?= \w+=|$)', message.decode())) for message in host.messages]
    tests.expect('... and so is who takes CEF', [one['cs2'] for one in sent] == ['begins', 'filed'] and 'cs3' not in sent[0]
                 and sent[1]['cs3'] == alerts[1][1] and sent[1]['cs3'] in sent[1]['msg'], sent)
    tests.expect('... not at the end alone', early < watch.ended_at + 0.1 and 'alert endpoint-down' in watch.text()
                 and 'its packets are in' not in watch.text(), watch.out)


def contents_scene(tests, binary, net, folder):
    """payload = keep is for who asks."""
    options = config_of(folder, payload='keep', keep_good=0)
    watch = Watch(binary, folder / 'contents', *options)
    server = talk(net)
    run.healthy(folder)
    say_secret()
    time.sleep(1.5)
    watch.end()
    server.kill()
    kept = files_in(watch.folder)
    tests.expect('contents are kept where that was said, and nothing that works',
                 len(kept) == 1 and SECRET in kept[0].read_bytes(), kept)


def limits_scene(tests, binary, net, folder):
    del net
    place = folder / 'limits'
    for _ in range(2):  # what lies there counts for the one that comes after
        watch = Watch(binary, place, '--ring', '1M')
        for _ in range(5):
            connect(REFUSED, 2)
            time.sleep(0.6)
        watch.end()
    seen = subjects(watch.folder)
    tests.expect('one endpoint has three files an hour, also over a restart', len(seen) == 3 and len(set(seen)) == 1, seen)
    said = [int(number) for line in watch.err for number in re.findall(r'(\d+) failures? (?:was|were) not kept', line)]
    tests.expect('what is not kept is counted, and said at the first and at the end', len(said) <= 2
                 and sum(said) == watch.kept()['refused'] == 5, watch.err, watch.kept())
    oldest = files_in(watch.folder)[0]
    watch = Watch(binary, place, *config_of(folder, max=5000))
    say = talk_once(folder)
    time.sleep(1.5)
    watch.end()
    tests.expect('a full shelf loses its oldest file, and says so', say and not oldest.exists()
                 and watch.heard('oldest file') and watch.kept()['dropped'] >= 1, files_in(watch.folder), watch.err)


def talk_once(folder):
    """A failure of another kind: the certificate is not trusted."""
    return subprocess.run(['openssl', 's_client', '-connect', f'{SERVER}:{HEALTHY}', '-servername', 'ems.corp.example',
                           '-CAfile', folder / 'other.pem', '-verify_return_error'], input=b'', capture_output=True,
                          check=False).returncode


PORTS = range(8444, 8448)  # TLS servers: what works at one for the first time is written at once


def folders_scene(tests, binary, net, folder):
    servers = [mirror.serve(net, folder, port) for port in PORTS]
    watch = Watch(binary, folder / 'removed')
    shutil.rmtree(watch.folder)
    for port in PORTS[:2]:
        mirror.check_in(folder, port)
        time.sleep(1.2)
    alive, early = watch.process.poll() is None, list(watch.err)
    connect(REFUSED, 1)
    wait_for(lambda: watch.notices(REFUSED), 'a notice')
    code = watch.end()
    tests.expect('a folder that was removed is said once, and the watch goes on', alive and code == 1 and early == watch.err
                 and len(early) == 1 and 'the folder was removed; I go on watching' in early[0], watch.err, code)
    if os.environ[INSIDE] == 'mounts':
        tmpfs_scene(tests, binary, folder)
    for server in servers:
        server.kill()


def tmpfs_scene(tests, binary, folder):
    place = folder / 'small'
    (place / 'evidence').mkdir(parents=True)
    sh('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place / 'evidence')
    watch = Watch(binary, place)
    filler = place / 'evidence' / 'filler'
    try:
        filler.write_bytes(bytes(1 << 20))
    except OSError:
        pass
    said, left = [], []
    for port, between in zip(PORTS, (lambda: None, filler.unlink, lambda: None,
                                     lambda: sh('mount', '-o', 'remount,ro', place / 'evidence'))):
        between()
        mirror.check_in(folder, port)
        time.sleep(1.2)
        said.append(len(watch.err))
        left += unfinished(watch.folder)
    alive = watch.process.poll() is None
    code = watch.end()
    words = [*watch.err, '', '', '']
    tests.expect('a full disk is said once, and nothing half written stays', said[0] == 1 and not left
                 and 'No space left on device; I go on watching, and try again' in words[0], said, words, left)
    tests.expect('... and that it is written again', said[1:3] == [2, 2] and 'is written again' in words[1]
                 and len(files_in(watch.folder)) == 2, said, words, files_in(watch.folder))
    tests.expect('a folder that becomes read-only is said once, and ends nothing', alive and code == 0 and said[3] == 3
                 and 'Read-only file system' in words[2], said, words, code)
    done = subprocess.run([binary, '-i', 'c0', '--evidence', watch.folder], capture_output=True, text=True, check=False,
                          timeout=WAIT_S)
    tests.expect('one that takes nothing from the start is refused', done.returncode == 2 and not done.stdout
                 and 'no evidence can be written here: Read-only' in done.stderr, done)
    sh('umount', place / 'evidence')


def two_scene(tests, binary, net, folder):
    del net
    watch = Watch(binary, folder / 'two')
    done = subprocess.run([binary, '-i', 'c0', '--evidence', watch.folder], capture_output=True, text=True, check=False,
                          timeout=WAIT_S)
    tests.expect('a folder serves one watch', done.returncode == 2 and 'another watch keeps its evidence here' in done.stderr,
                 done)
    scribe = int(subprocess.run(['ps', '-o', 'pid=', '--ppid', str(watch.process.pid)], capture_output=True, text=True,
                                check=False).stdout.split()[0])
    os.kill(scribe, signal.SIGKILL)
    connect(REFUSED, 2)
    time.sleep(1)
    alive = watch.process.poll() is None
    code = watch.end()
    tests.expect('who writes is killed: said once, and the watch goes on', alive and code == 1
                 and len(watch.heard('who writes the evidence is gone')) == 1 and len(watch.err) == 1, watch.err, code)


def asked_scene(tests, binary, net, folder):
    """The person before the screen wants the packets of a failure now, not when all of them are in."""
    del net
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    kept, drawn = folder / 'asked' / 'evidence', []
    process = subprocess.Popen([binary, '-i', 'c0', '--scope', 'all', '--evidence', kept], stdin=inside, stdout=inside,
                               stderr=subprocess.PIPE, start_new_session=True, env={**os.environ, 'TERM': 'vt100'},
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    reader = threading.Thread(target=lambda: drawn.extend(iter(lambda: os.read(terminal, 4096), b'')), daemon=True)
    reader.start()
    wait_for(lambda: run.packet_sockets() > 0, 'shakeout')
    time.sleep(0.5)
    connect(REFUSED, 2)
    wait_for(lambda: b'tcp.syn.refused' in b''.join(drawn), 'the failure on the screen')
    before = files_in(kept)
    os.write(terminal, b'e')
    wait_for(lambda: files_in(kept), 'a file', 5)
    now = files_in(kept)
    time.sleep(0.5)
    os.write(terminal, b'\x1b')
    process.terminate()
    process.wait(WAIT_S)
    tests.check('who asks for the packets of a failure has them at once',
                [before and f'{before}', not any('tcp.syn.refused' in path.name for path in now) and f'{now}',
                 b'are written to' not in b''.join(drawn) and 'the screen says nothing',
                 *(words for path in now for words in complaints_of(binary, path))])


# --- killed -----------------------------------------------------------------------------------------------------

NETWORK = [f'10.20.{41 + i // 250}.{1 + i % 250}' for i in range(1000)]


def many_endpoints(net):
    """Each has files of its own."""
    lines = ''.join(f'addr add {address}/32 dev c0\n' for address in NETWORK)
    sh('ip', '-batch', '-', input=lines.encode())
    sh(*net.enter(), 'ip', 'route', 'add', '10.20.0.0/16', 'dev', 's0')


def load(stop, folder, seed):
    """Endpoints that are refused at ports of their own, as fast as they come; now and then a bad certificate."""
    dice = random.Random(seed)
    while not stop.is_set():
        with socket.socket() as s:
            s.bind((dice.choice(NETWORK), 0))
            s.settimeout(0.2)
            s.connect_ex((SERVER, 22000 + dice.randrange(3000)))
        if dice.randrange(200) == 0:
            talk_once(folder)
        time.sleep(0.002)


def state_is_whole(path):
    return not path.exists() or json.loads(path.read_text())['schema'] == 1


def are_whole(binary, paths):
    """The blocks of each of them; some are read in full."""
    for path in paths:
        try:
            comments_of(path.read_bytes())
        except (ValueError, struct.error, OSError) as error:
            yield f'{path.name}: {error}'
    for path in random.sample(paths, min(len(paths), 8)):
        yield from complaints_of(binary, path)


def kills_scene(tests, binary, net, folder, kills):
    stop, place = threading.Event(), folder / 'kills'
    many_endpoints(net)
    threads = [run.in_background(load, stop, folder, seed) for seed in range(2)]
    options = ['--ring', '8M', *config_of(folder, after='1s', max='1M')]
    files, wrong, judged, interrupted = 0, [], set(), 0
    for i in range(kills):
        watch = Watch(binary, place, *options, start_new_session=True)
        time.sleep(random.uniform(0.5, 4))
        if i % 3 == 1:  # the watch alone: who writes finishes what is whole
            watch.process.kill()
        else:
            os.killpg(watch.process.pid, signal.SIGKILL)
        watch.process.wait(WAIT_S)
        wrong += [not state_is_whole(watch.status) and 'a state is not whole']
        interrupted += len(unfinished(place / 'evidence'))
        fresh = [path for path in files_in(place / 'evidence') if path not in judged] if i % 3 != 1 else []
        judged.update(fresh)
        files += len(fresh)
        wrong += are_whole(binary, fresh)
    stop.set()
    for thread in threads:
        thread.join(WAIT_S)
    time.sleep(0.5)
    wrong += are_whole(binary, files_in(place / 'evidence'))
    print(f'# {kills} kills, {files} files, {interrupted} were unfinished')
    tests.check(f'{kills} times kill -9 under load: every file and the state are whole', wrong)
    tests.expect('... and there were files', files > kills / 10, files)
    watch = Watch(binary, place, *options)
    tests.expect('the next watch clears away what was unfinished', not unfinished(watch.folder), unfinished(watch.folder))
    watch.end()


SCENES = {'kept': kept_scene, 'named': named_scene, 'contents': contents_scene, 'limits': limits_scene, 'folders': folders_scene,
          'two': two_scene, 'asked': asked_scene}


def inside(binary, args):
    tests, net, servers = Tests(), Net(), []
    try:
        with tempfile.TemporaryDirectory(prefix='shakeout-evidence.') as name:
            folder = pathlib.Path(name)
            make_certificate(folder)
            sh('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=other', '-keyout',
               folder / 'other.key', '-out', folder / 'other.pem', stderr=subprocess.DEVNULL)
            servers.append(run.serve_tls(net, folder))
            for scene in SCENES:
                (folder / ('removed' if scene == 'folders' else scene)).mkdir(exist_ok=True)
                if not args.scenes or scene in args.scenes:
                    SCENES[scene](tests, binary, net, folder)
            if args.kills:
                (folder / 'kills').mkdir()
                kills_scene(tests, binary, net, folder, args.kills)
    finally:
        for server in servers:
            server.kill()
        net.close()
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('binary')
    parser.add_argument('--kills', type=int, default=0)
    parser.add_argument('scenes', nargs='*')
    args = parser.parse_intermixed_args()
    binary = str(pathlib.Path(args.binary).resolve())
    if os.environ.get(INSIDE):
        return inside(binary, args)
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    missing = [tool for tool in run.TOOLS if not shutil.which(tool)]
    command = None if missing else run.namespace_command()
    if not command:
        why = f'not installed: {" ".join(missing)}' if missing else 'network namespaces are not permitted here'
        print(f'ok 1 - evidence of a watch # skip {why}\n1..1')
        return 0
    mounts = os.geteuid() == 0 and subprocess.run(['unshare', '-n', '-m', 'true'], check=False).returncode == 0
    os.environ[INSIDE] = 'mounts' if mounts else 'yes'
    command = ['unshare', '-n', '-m'] if mounts else command
    return subprocess.run([*command, sys.executable, *sys.argv], check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
