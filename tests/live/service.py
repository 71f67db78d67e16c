#!/usr/bin/env python3
"""The unit, under systemd: started, confined, reloaded, killed, started again, stopped.

    service.py BINARY

systemd runs as the first process of namespaces of its own, over a copy-on-write view of this machine's files with
nothing but the unit and the binary added; nothing that it does is seen outside.  Root, systemd and overlay file systems
are needed; else the whole is one skipped test.  Output: TAP.
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import run  # noqa: E402
import soak  # noqa: E402
from run import Tests, wait_for  # noqa: E402

UNIT = HERE.parents[1] / 'docs/systemd/shakeout@.service'
SYSTEMD = '/lib/systemd/systemd'
CLIENT, SERVER, CASE = bytes([10, 20, 40, 17]), bytes([10, 0, 0, 10]), 'cert_unknown_ca_openssl_tls13'
BEGIN = r'''
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cp "$2" "$1/root/usr/bin/shakeout"
chmod 755 "$1/root/usr/bin/shakeout"
cd "$1/root"
mount -t proc proc proc
mount -t sysfs sys sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
rm -rf etc/systemd/system etc/shakeout var/lib/shakeout
mkdir -p etc/systemd/system/shakeout@w1.service.d
cp "$3" etc/systemd/system/
printf '[Service]\nEnvironment=SHAKEOUT_OPTIONS="-i x1 --scope all"\n' >etc/systemd/system/shakeout@w1.service.d/options.conf
printf '[Unit]\nRequires=sysinit.target\nAfter=sysinit.target\nWants=systemd-journald.service\n' >etc/systemd/system/t.target
ip link set lo up
for i in w x; do
    ip link add ${i}0 type veth peer name ${i}1
    ip link set ${i}0 up
    ip link set ${i}1 up
done
exec chroot . /usr/bin/env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system \
    --unit=t.target --show-status=no
'''


class Machine:
    def __init__(self, binary, folder):
        self.process = subprocess.Popen(['unshare', '--kill-child', '-m', '-p', '-f', '-u', '-i', '-C', '-n', 'sh', '-c', BEGIN, 'sh',
                                         folder, binary, UNIT], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        wait_for(lambda: self.process.poll() is not None or self.is_running(), 'systemd', 60)

    def first(self):
        children = pathlib.Path(f'/proc/{self.process.pid}/task/{self.process.pid}/children').read_text().split()
        return children[0] if children else '0'

    def enter(self, *command, files=True):
        pid = self.first()
        inside = ['-m', '-p', '-u', '-i', f'-r/proc/{pid}/root', '-w/'] if files else []
        return subprocess.run(['nsenter', '-t', pid, '-n', *inside, *command], capture_output=True, text=True, check=False,
                              timeout=60, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'SYSTEMD_PAGER': ''}).stdout

    def is_running(self):
        return self.enter('systemctl', 'is-system-running').strip() in ('running', 'degraded')

    def control(self, *command):
        return self.enter('systemctl', *command, 'shakeout@w1')

    def shown(self, name):
        return self.enter('systemctl', 'show', '-p', name, '--value', 'shakeout@w1').strip()

    def journal(self):
        return self.enter('journalctl', '-u', 'shakeout@w1', '--no-pager', '-o', 'cat')

    def read(self, path):
        return self.enter('cat', path)

    def send(self, port):
        self.enter(sys.executable, __file__, '--send', str(port), files=False)

    def close(self):
        self.process.kill()
        self.process.wait()


def send(port):
    """What the client says comes by one interface, what it gets by another."""
    out = {}
    for interface, sent in ('w0', True), ('x0', False):
        out[sent] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        out[sent].bind((interface, 0))
    frames = soak.tcp_packets(CASE)
    for (_, from_client), octets in zip(frames, soak.as_other(frames, CLIENT, SERVER, port, port)):
        out[from_client].send(octets)
        time.sleep(0.005)


def scene(tests, machine):
    machine.control('start')
    tests.expect('it starts, and says that it is ready', machine.shown('ActiveState') == 'active', machine.journal())
    pid = machine.shown('MainPID')
    rights = dict(line.split(':', 1) for line in machine.read(f'/proc/{pid}/status').splitlines() if ':' in line)
    tests.expect('it has a user of its own and no right left', rights and rights['Uid'].split()[0] != '0'
                 and int(rights['CapEff'], 16) == 0 and rights['NoNewPrivs'].strip() == '1' and rights['Seccomp'].strip() == '2',
                 {key: rights.get(key) for key in ('Uid', 'CapEff', 'NoNewPrivs', 'Seccomp')})
    for port in range(20001, 20005):  # who tried once is not worth remembering
        machine.send(port)
    wait_for(lambda: 'tls.cert.rejected' in machine.journal(), 'a failure', 20)
    wait_for(lambda: 'tls.cert.rejected' in machine.enter('ls', '/var/lib/shakeout/w1'), 'its packets', 30)
    tests.expect('the packets of a failure are kept', True)
    machine.control('reload')
    wait_for(lambda: 'was read again' in machine.journal(), 'the other configuration', 10)
    machine.enter('kill', '-USR1', pid)
    time.sleep(2)
    machine.enter('kill', '-9', pid)
    wait_for(lambda: machine.shown('ActiveState') == 'active' and machine.shown('MainPID') not in ('0', pid), 'a restart', 40)
    machine.send(20010)
    time.sleep(2)
    machine.enter('kill', '-USR1', machine.shown('MainPID'))
    time.sleep(2)
    state = json.loads(machine.read('/run/shakeout/w1.json'))
    tests.expect('killed, it is started again, and remembers who fails', state['endpoints']['failing'] == 1
                 and machine.journal().count('FAIL ') == 1 and machine.shown('NRestarts') == '1', state, machine.journal())
    tests.expect('it watches both interfaces', [port['up'] for port in state['interfaces']] == [1, 1]
                 and all(port['packets'] for port in state['interfaces']), state)
    machine.control('stop')
    tests.expect('it stops as it should', machine.shown('ActiveState') == 'inactive' and machine.shown('Result') == 'success',
                 machine.shown('Result'), machine.journal())
    lacks = [line for line in machine.journal().splitlines() if 'confined' in line or 'cannot' in line and 'shakeout:' in line]
    tests.expect('the unit takes nothing away that it needs', not lacks, lacks)


def main():
    if sys.argv[1] == '--send':
        send(int(sys.argv[2]))
        return 0
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    if os.geteuid() or not os.path.exists(SYSTEMD) or not run.shutil.which('journalctl'):
        print('ok 1 - the unit under systemd # skip root and systemd are needed\n1..1')
        return 0
    tests = Tests()
    with tempfile.TemporaryDirectory(prefix='shakeout-service.') as folder:
        machine = Machine(binary, folder)
        try:
            if machine.process.poll() is not None:
                print(f'ok 1 - the unit under systemd # skip not here: {machine.process.stderr.read().decode().strip()[-100:]}\n1..1')
                return 0
            scene(tests, machine)
        finally:
            machine.close()
    print(f'1..{tests.number}')
    return 1 if tests.failed else 0


if __name__ == '__main__':
    sys.exit(main())
