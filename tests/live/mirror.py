#!/usr/bin/env python3
"""Watches a mirror of real connections, as on a span port.

    mirror.py BINARY [SCENE...]

As run.py, but shakeout sees neither end: what passes the client's interface is copied to a third one, by tc mirred.
Output: TAP.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import run  # noqa: E402
from run import SERVER, Net, Tests, connect, make_certificate, sh, wait_for  # noqa: E402

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


SCENES = {'doctor': doctor_scene}


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
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    missing = [tool for tool in [*run.TOOLS, 'tc'] if not shutil.which(tool)]
    command = None if missing else run.namespace_command()
    if not command:
        why = f'not installed: {" ".join(missing)}' if missing else 'network namespaces are not permitted here'
        print(f'ok 1 - a mirror # skip {why}\n1..1')
        return 0
    os.environ[INSIDE] = '1'
    return subprocess.run([*command, sys.executable, __file__, binary, *sys.argv[2:]], check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
