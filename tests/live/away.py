#!/usr/bin/env python3
"""An interface that goes and comes back, before a watch that was told to wait (--wait).

    away.py BINARY

A mirror as in mirror.py, whose end is removed and made again.  The watch must go on, see again, take no silence of
that time for a failure, and tell that it was blind.  Output: TAP.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import mirror  # noqa: E402
import run  # noqa: E402
from mirror import EMS, SPAN, Watch, check_in  # noqa: E402
from run import Net, Tests, connect, make_certificate, sh, wait_for  # noqa: E402

INSIDE = 'SHAKEOUT_AWAY_INSIDE'
SILENT = EMS + 1000


def remove():
    sh('tc', 'qdisc', 'del', 'dev', 'c0', 'clsact')
    sh('ip', 'link', 'del', 'm0')


def make():
    mirror.Mirror().copy('ingress', 'egress')


def told(watch, words):
    return [line for line in [*watch.out, *watch.err] if words in line]


def gone_scene(tests, binary, net, folder):
    make()
    watch = Watch(binary, folder / 'gone', '--wait', '--scope', 'all', '--evidence', folder / 'evidence')
    check_in(folder)
    net.nft(f'add rule inet t in tcp dport {SILENT} drop')
    trying = run.in_background(connect, SILENT, 4)  # two of its three SYNs come while nobody watches
    time.sleep(0.5)
    remove()
    wait_for(lambda: told(watch, 'the interface is gone'), 'a word', 5)
    watch.process.send_signal(run.signal.SIGUSR1)
    state = watch.wait_for_state(lambda s: not s['capture']['up'])
    code, out = mirror.check(binary, '--status', watch.status)
    tests.expect('while it is gone, that is what a check says', not state['capture']['up'] and code == 3
                 and f'{SPAN} is gone' in out, state, code, out)
    trying.join(run.WAIT_S)
    make()
    wait_for(lambda: told(watch, 'the interface is there again'), 'a word', 5)
    check_in(folder)
    time.sleep(5)
    tests.expect('a silence of that time is no failure', not watch.notices(SILENT), watch.out)
    connect(EMS + 1, 2)
    wait_for(lambda: watch.notices(EMS + 1), 'a notice', 5)
    for _ in range(2):
        remove()
        make()
        time.sleep(0.5)
    connect(EMS + 2, 2)
    wait_for(lambda: watch.notices(EMS + 2), 'a notice', 5)
    alive = watch.process.poll() is None
    code = watch.end()
    tests.expect('it is survived, again and again', alive and code == 1, watch.out, watch.err, code)
    tests.expect('the report says for how long nothing was watched', told(watch, 'the interface was gone 3 times'), watch.out)
    kept = [path.name for path in (folder / 'evidence').iterdir()]
    tests.expect('evidence is kept behind it', sum('tcp.syn.refused' in name for name in kept) == 2, kept)
    net.nft('flush chain inet t in')
    remove()


def late_scene(tests, binary, folder):
    process = subprocess.Popen([binary, '-i', SPAN, '--wait', '--scope', 'all', '--color', 'never'], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1)
    alive = process.poll() is None
    before = run.packet_sockets()
    make()
    wait_for(lambda: run.packet_sockets() > before, 'shakeout', 5)
    time.sleep(0.5)
    check_in(folder)
    time.sleep(0.5)
    process.send_signal(run.signal.SIGINT)
    out, err = process.communicate(timeout=run.WAIT_S)
    tests.expect('one that is not there yet is waited for', alive and process.returncode == 0 and out.startswith('OK')
                 and f'{SPAN} is not there, or not up; I wait for it' in err, out, err)


def ends_scene(tests, binary, folder):
    """Without --wait it ends the watch, with a report, as before."""
    wait_for(lambda: run.packet_sockets() == 0, 'the end of the one before')
    watch = Watch(binary, folder / 'ends')
    check_in(folder)
    time.sleep(0.5)
    remove()
    try:
        code = watch.process.wait(5)
    except subprocess.TimeoutExpired:
        code = None
    tests.expect('who was not told to wait ends with a report that is partial', code == 3 and told(watch, 'PARTIAL'), code,
                 watch.out)
    watch.process.kill()


def inside(binary):
    tests, net, server = Tests(), Net(), None
    try:
        with tempfile.TemporaryDirectory(prefix='shakeout-away.') as name:
            folder = pathlib.Path(name)
            make_certificate(folder)
            server = mirror.serve(net, folder, EMS)
            gone_scene(tests, binary, net, folder)
            late_scene(tests, binary, folder)
            ends_scene(tests, binary, folder)
    finally:
        if server:
            server.kill()
        net.close()
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    if os.environ.get(INSIDE):
        return inside(binary)
    return run.go_inside(INSIDE, 'an interface that goes', 'tc')


if __name__ == '__main__':
    sys.exit(main())
