#!/usr/bin/env python3
"""Configuration, told from outside: what the program prints about it, it also reads.

    configured.py BINARY [CASE...]

`config`, `config --template` and `config --suggest CAPTURE` are files that `config --check` finds right; what `config` prints
is in force again when it is read; a capture that is judged with the configuration made from it comes to the same findings, for
a server that was recognised and one that was named are the same server.  A service on another port is
read as the configuration says, and so are the lists of the site.  With an error in a configuration nothing is analysed.
Output: TAP.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import pcapfile
import run as cases
from tables import connections

MOVED = [('ldap_bind_invalid', 389, 'ldap'), ('smtp_auth_failed', 25, 'smtp'), ('ftp_login_failed', 21, 'ftp')]


def call(binary, *args):
    return subprocess.run([binary, *args], capture_output=True, text=True, timeout=120, check=False)


def wrong(binary, text, folder):
    """What --check has against a text."""
    path = folder / 'shakeout.ini'
    path.write_text(text)
    done = call(binary, 'config', '--check', str(path))
    return done.stderr if done.returncode or done.stdout != f'{path}: fine\n' else ''


def values(text):
    """Settings without where they come from."""
    return [line for line in text.splitlines() if not line.startswith('#')]


def printed(binary, folder):
    template = call(binary, 'config', '--template').stdout
    yield wrong(binary, template, folder)
    yield wrong(binary, re.sub(r'^#(?=\S)', '', template, flags=re.M), folder)  # with the examples
    args = ['--ems', 'ems.corp.example', '--ems', '2001:db8::10', '--ports', '443,8013', '--utc', '--scope', 'all']
    now = call(binary, 'config', *args).stdout
    yield wrong(binary, now, folder)
    again = call(binary, 'config', '--config', str(folder / 'shakeout.ini')).stdout
    missing = [line for line in values(now) if line not in values(again)]
    yield f'not in force when read again: {missing}' if missing else ''


def errors(binary, case, folder):
    path = folder / 'shakeout.ini'
    path.write_text('[tls]\nca_bundel = /etc/ssl/ca.pem\n')
    done = call(binary, '--config', str(path), str(case.capture))
    yield f'exit {done.returncode}' if done.returncode != 2 else ''
    yield f'analysed: {done.stdout!r}' if done.stdout else ''
    yield f'{done.stderr!r}' if f'{path}:2:' not in done.stderr or 'ca_bundle?' not in done.stderr else ''


def findings(binary, case, *args):
    text = call(binary, *case.args, *args, '--format', 'jsonl', str(case.capture)).stdout
    return sorted((c['client']['ip'], c['client']['port'], c['shakeout']['primary']) for c in connections(text))


def suggested(binary, case, folder):
    text = call(binary, 'config', *case.args, '--suggest', str(case.capture)).stdout
    complaint = wrong(binary, text, folder)
    if complaint:
        yield complaint
    elif '[ems ' in text:
        before, after = findings(binary, case), findings(binary, case, '--config', str(folder / 'shakeout.ini'))
        yield f'{before} became {after}' if before != after else ''


def moved(binary, name, old, key, folder):
    """The same talk on another port, of which only the configuration says what is spoken there."""
    case, new = cases.cases_read([name])[0], 7000 + old
    link, packets = pcapfile.read(case.capture)
    path, config = folder / 'moved.pcap', folder / 'shakeout.ini'
    pcapfile.write(path, link, [pcapfile.with_port(link, packet, old, new) for packet in packets])
    (want, _), = [(outcome.id, pair) for pair, outcome in case.primary]
    config.write_text(f'[port {new}]\nlabel = moved\ntls = upgrade\ndissector = {key}\n')
    have = findings_on(binary, case, path, new, '--config', str(config))
    yield f'{new}: {have}, on {old} it is {want}' if have != {want} else ''


def findings_on(binary, case, path, port, *args):
    text = call(binary, *case.args, *args, '--scope', 'all', '--format', 'jsonl', str(path)).stdout
    return {c['shakeout']['primary'] for c in connections(text) if c['server']['port'] == port}


def lines(binary, capture, *args):
    return [json.loads(line) for line in call(binary, *args, '--format', 'jsonl', str(capture)).stdout.splitlines()]


def codes(said):
    return {line['event']['code'] for line in said if line['event']['dataset'] == 'shakeout.finding'}


def sited(binary, name, text, expected, folder, port=None):
    """What the report of a case says with the site told; `expected` looks at its lines."""
    case, config = cases.cases_read([name])[0], folder / 'shakeout.ini'
    config.write_text(text)
    path = case.capture
    if port:
        link, packets = pcapfile.read(path)
        path = folder / 'moved.pcap'
        pcapfile.write(path, link, [pcapfile.with_port(link, packet, 8013, port) for packet in packets])
    complaint = expected(lines(binary, path, *case.args, '--config', str(config)))
    yield complaint and f'{text!r}: {complaint}'
    shown = call(binary, 'config', '--config', str(config)).stdout
    missing = [line for line in text.splitlines() if line not in shown]
    yield f'config does not show {missing}' if missing else ''


def none_of(network):
    return lambda said: next((f'{line["client"]["ip"]} is judged' for line in said
                              if line['event']['dataset'] in ('shakeout.connection', 'shakeout.endpoint')
                              and line['client']['ip'].startswith(network)), '')


def owner_is(code, owner):
    return lambda said: '' if any(line['event'].get('code') == code and line['shakeout']['owner'] == owner
                                  for line in said) else f'no {code} of {owner}'


def has(code):
    return lambda said: '' if code in codes(said) else f'no {code}'


def lacks(code):
    return lambda said: f'{code}' if code in codes(said) else ''


def shared_by(source):
    """What says that several hosts are behind an address; None: nothing does."""
    def complaint(said):
        have = {line['shakeout'].get('nat_from') for line in said if line['event']['dataset'] == 'shakeout.endpoint'}
        return '' if have == {source} else f'nat_from is {have}'
    return complaint


# Case, configuration, what must be so; the port that 8013 becomes.
SITES = [
    ('set_intercept_selective', '[endpoints]\nexclude = 10.20.40.0/24\n', none_of('10.20.40.')),
    ('set_intercept_selective', '[endpoints]\nnetworks = 10.20.40.0/24\n', none_of('10.20.41.')),
    ('dns_nxdomain', '[endpoints]\nexclude = 10.20.40.17\n', lacks('dns.nxdomain')),
    ('dns_nxdomain', '[dns]\nservers = 10.0.0.2\n', owner_is('dns.nxdomain', 'dns')),
    ('dns_nxdomain', '[dns]\nservers = 10.0.0.3\n', owner_is('dns.nxdomain', 'client')),
    ('checkin_missed', '[display]\ntime = local\n', has('checkin.missed')),
    ('checkin_missed', '[endpoints]\nnat = 10.20.40.17\n', lacks('checkin.missed')),
    ('ok_nat', '[endpoints]\nnat = 10.0.0.1\n', shared_by('config')),
    ('ok_nat', '[display]\ntime = local\n', shared_by(None)),
    ('ok_nat_two_hosts', '[display]\ntime = local\n', shared_by('ttl')),
    ('ok_openssl_tls12', '[tls]\nexpect_issuer = Corp Example Root CA\n', lacks('tls.intercept.other')),
    ('ok_openssl_tls12', '[tls]\nexpect_issuer = Corp Issuing CA 2\n', has('tls.intercept.other')),
    ('ok_ems_own_certificate', '[tls]\nexpect_issuer = Corp Issuing CA 2\n', lacks('tls.intercept.other')),
    ('syn_silent_drop', '[display]\ntime = local\n', lacks('tcp.syn.silent_drop'), 3128),
    ('syn_silent_drop', '[proxy]\naddresses = 10.0.0.10:3128\n', has('tcp.syn.silent_drop'), 3128),
]


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    tests = 0
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        chosen = cases.cases_read(sys.argv[2:])
        checks = [('what config prints is read again', printed(binary, folder)),
                ('nothing is analysed with an error in the configuration', errors(binary, chosen[0], folder))]
        checks += [(f'{name} on another port', moved(binary, name, port, key, folder)) for name, port, key in MOVED]
        checks += [(f'{name}: {text.split()[1]} of the site', sited(binary, name, text, expected, folder, *port))
                 for name, text, expected, *port in SITES]
        checks += [(f'{case.name}: the configuration that it suggests', suggested(binary, case, folder)) for case in chosen]
        for title, complaints in checks:
            found = [c for c in complaints if c]
            tests += 1
            failed |= bool(found)
            print(f'{"not ok" if found else "ok"} {tests} - {title}')
            for complaint in found:
                print('    ' + complaint.replace('\n', '\n    '))
    print(f'1..{tests}')
    return failed


if __name__ == '__main__':
    sys.exit(main())
