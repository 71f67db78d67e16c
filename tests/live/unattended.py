#!/usr/bin/env python3
"""Watches as nobody looks on: what is kept over a restart, whom it tells, what it writes, for a year.

    unattended.py BINARY [SCENE...]

As mirror.py: real connections, seen through a mirror.  Output: TAP.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
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


SCENES = {'restart': restart_scene, 'alerts': alerts_scene}


def inside(binary, scenes):
    tests = Tests()
    net = Net()
    servers = []
    try:
        span = Mirror()
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
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    missing = [tool for tool in [*run.TOOLS, 'tc'] if not shutil.which(tool)]
    command = None if missing else run.namespace_command()
    if not command:
        why = f'not installed: {" ".join(missing)}' if missing else 'network namespaces are not permitted here'
        print(f'ok 1 - an unattended watch # skip {why}\n1..1')
        return 0
    os.environ[INSIDE] = '1'
    return subprocess.run([*command, sys.executable, __file__, binary, *sys.argv[2:]], check=False).returncode


if __name__ == '__main__':
    sys.exit(main())
