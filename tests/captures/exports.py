#!/usr/bin/env python3
"""Holds the exports for other tools (`--export`) against the JSON Lines of the same capture, and against what is known.

    exports.py BINARY [--corpus FOLDER] [CASE...]

Zeek: each connection of the JSON Lines is a line of conn.log, each TLS handshake one of ssl.log, each certificate one of
x509.log, with the same values; the logs are read as Zeek writes them and every cell as its type demands.  EVE: each
connection is an event of type flow, each handshake one of type tls, with no name that the JSON schema of Suricata does not
have, and certificates as their DER says.  ECS: each connection is a document, with no name that the field list does not
have, and the values that the schema allows.  conn_state and history of some cases follow from what was done in the lab (captures/lab), and those of some captures of others are what
Zeek prints of them.  Output: TAP.
"""
import base64
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import run as cases

TIME_LIMIT_S = 120
# What the lab did, in Zeek's words (docs.zeek.org, Conn::Info): client port -> conn_state, history.
CAUSED = {
    'syn_silent_drop': {50001: ('S0', 'S')},  # no answer
    'syn_refused': {50001: ('REJ', 'Sr')},  # RST to the SYN
    'ok_openssl_tls12': {50001: ('SF', 'ShADadfF')},  # the server closes first
    'synack_lost_at_client': {50001: ('S0', 'S')},  # the answer never arrives at the capture
    'one_sided_server': {50001: ('SHR', '^hadf')},  # only the server is heard
    'ok_probe_rst': {50001: ('RSTO', 'ShAR')},  # the client connects and resets
    'ok_probe_fin': {50001: ('SF', 'ShAFf')},  # ... or closes
    'reset_by_client_established': {50001: ('RSTO', 'ShADadR')},
    'reset_by_server_established': {50001: ('RSTR', 'ShADadr')},
    'accept_then_fin': {50001: ('SF', 'ShAfFa')},
    'accept_then_reset': {50001: ('RSTR', 'ShAr')},
    'zero_window': {50001: ('SF', 'ShADadtWfF')},
}
# The same of ssl.log: version, cipher, curve, resumed, established; of some, ssl_history.
ZEEK_SSL = {
    'ldap__ldap-starttls.pcap': 'TLSv13 TLS_AES_256_GCM_SHA384 secp256r1 F T CsiI',
    'tls__ecdsa-cert.pcap': 'TLSv12 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 secp384r1 F T',
    'tls__CVE-2015-3194.pcap': 'TLSv12 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 secp256r1 F T',
    'tls__imap-starttls.pcap': 'TLSv12 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 secp256r1 F T',
}
# What Zeek prints (zeek/zeek, testing/btest/Baseline): orig_bytes ... resp_ip_bytes of its only TCP connection.
ZEEK = {
    'tcp__miss_end_data.pcap': '10.048360 538 2902 SF T F 2902 ShADafgF 5 750 4 172',
    'mysql__encrypted.pcap': '0.021783 713 1959 SF T T 0 ShAdDaFf 10 1241 8 2383',
    'tls__irc-starttls.pcap': '4.923144 913 1903 SF F F 0 ShADadFRf 11 1469 9 2379',
    'tls__imap-starttls.pcap': '2.827002 540 5653 SF T F 0 ShAdDafFr 18 1284 14 6225',
}
ZEEK_COLUMNS = ('duration orig_bytes resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts '
                'orig_ip_bytes resp_pkts resp_ip_bytes').split()
# The names that the schema of EVE has (suricata, etc/schema.json, of 7 and 8) for what is exported.
EVE_NAMES = set("""timestamp flow_id pcap_cnt event_type vlan src_ip src_port dest_ip dest_port proto ip_v pcap_filename
community_id app_proto flow.pkts_toserver flow.pkts_toclient flow.bytes_toserver flow.bytes_toclient flow.start flow.end
flow.age flow.state flow.reason flow.alerted tcp.tcp_flags tcp.tcp_flags_ts tcp.tcp_flags_tc tcp.syn tcp.fin tcp.rst
tcp.psh tcp.ack tcp.urg tcp.state tls.subject tls.issuerdn tls.serial tls.fingerprint tls.notbefore tls.notafter
tls.session_resumed tls.sni tls.version tls.ja3.hash tls.ja3.string tls.ja3s.hash tls.ja3s.string tls.ja4
tls.server_alpns""".split())
EVE_VERSIONS = {'UNDETERMINED', 'SSLv2', 'SSLv3', 'TLSv1', 'TLS 1.1', 'TLS 1.2', 'TLS 1.3'}
TYPES = {'time': r'-?\d+\.\d{6}', 'interval': r'\d+\.\d{6}', 'count': r'\d+', 'port': r'\d+', 'bool': '[TF]', 'enum': 'tcp',
         'string': r'[^\t\x00-\x1f\x7f]+', 'addr': r'[0-9a-f.:]+'}


def cell_complaint(kind, text):
    if text == '-':
        return None
    inner = re.match(r'(?:vector|set)\[(\w+)\]$', kind)
    parts = text.split(',') if inner else [text]
    wrong = [p for p in parts if not re.fullmatch(TYPES[inner[1] if inner else kind], p)]
    return f'{wrong[0]!r} is no {kind}' if wrong else None


def log_read(path):
    """(rows as dicts, complaints)"""
    lines = path.read_text(encoding='utf-8').split('\n')
    rows, complaints, fields, types = [], [], None, None
    if lines[0] != '#separator \\x09' or not lines[-2].startswith('#close\t') or lines[-1]:
        complaints.append(f'{path.name}: no head or no end')
    for line in lines[:-1]:
        cells = line.split('\t')
        if cells[0] == '#fields':
            fields = cells[1:]
        elif cells[0] == '#types':
            types = cells[1:]
        elif not line.startswith('#'):
            if len(cells) != len(fields) or len(types) != len(fields):
                complaints.append(f'{path.name}: {len(cells)} cells, {len(fields)} names, {len(types)} types')
                continue
            complaints += [f'{path.name} {f}: {c}' for f, c in zip(fields, map(cell_complaint, types, cells)) if c]
            rows.append(dict(zip(fields, cells)))
    return rows, complaints


def run_export(binary, args, path, *more):
    done = subprocess.run([binary, *args, '--format', 'jsonl', *more, str(path)],
                          capture_output=True, timeout=TIME_LIMIT_S, check=False)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def of_type(lines, name):
    return [line for line in lines if line['event']['dataset'] == f'shakeout.{name}']


def ends_of_line(line):
    return tuple(text for side in ('client', 'server') for text in (line[side]['ip'], str(line[side]['port'])))


def ends_of_row(row):
    return row['id.orig_h'], row['id.orig_p'], row['id.resp_h'], row['id.resp_p']


def is_unset(value):
    return '-' if value is None else value


def conn_values(line):
    ours = line['shakeout']
    return (*ends_of_line(line), line['network']['community_id'], ours.get('primary', '-'), ours.get('owner', '-'),
            ours.get('confidence', '-'), str(line['source']['packets']), str(line['destination']['packets']))


def conn_row(row):
    return (*ends_of_row(row), row['community_id'], row['shakeout_finding'], row['shakeout_owner'],
            row['shakeout_confidence'], row['orig_pkts'], row['resp_pkts'])


def ssl_values(line):
    tls = line.get('tls', {})
    client, server = tls.get('client', {}), tls.get('server', {})
    return (*ends_of_line(line), line['network']['community_id'], is_unset(client.get('ja3')), is_unset(server.get('ja3s')),
            is_unset(line['shakeout']['tls'].get('ja4')), 'FT'[tls.get('established', False)],
            'FT'[tls.get('resumed', False)], is_unset(server.get('hash', {}).get('sha256')).lower())


def ssl_row(row):
    return (*ends_of_row(row), row['community_id'], row['ja3'], row['ja3s'], row['ja4'], row['established'],
            row['resumed'], row['cert_chain_fps'].split(',')[0])


def differences(name, wanted, got):
    wanted, got = sorted(wanted), sorted(got)
    if len(wanted) != len(got):
        yield f'{name}: {len(got)} lines, {len(wanted)} in the JSON Lines'
    yield from (f'{name} lacks {value}' for value in [w for w in wanted if w not in got][:3])


def zeek_complaints(lines, folder):
    logs = {}
    for name in ('conn', 'ssl', 'x509'):
        logs[name], found = log_read(folder / f'{name}.log')
        yield from found
    yield from differences('conn.log', map(conn_values, of_type(lines, 'connection')), map(conn_row, logs['conn']))
    yield from differences('ssl.log', map(ssl_values, of_type(lines, 'tls')), map(ssl_row, logs['ssl']))
    shown = {tls[side]['hash']['sha256'].lower() for line in of_type(lines, 'certificate') for tls in [line['tls']]
             for side in ('client', 'server') if side in tls and 'x509' in tls[side]}
    if shown != {row['fingerprint'] for row in logs['x509']}:
        yield 'x509.log holds other certificates than the JSON Lines'
    if {row['uid'] for row in logs['ssl']} - {row['uid'] for row in logs['conn']}:
        yield 'ssl.log has connections that conn.log does not have'


# --- EVE ------------------------------------------------------------------------------------------------------

def events_of(path):
    text = path.read_text(encoding='utf-8')
    return [json.loads(line) for line in text.split('\n') if line]


def names_in(value, prefix=''):
    """Dotted names of all values."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from names_in(inner, f'{prefix}{key}.')
        else:
            yield prefix + key


def fingerprints(folder):
    """SHA-256 of the certificates that --certs wrote -> SHA-1, as Suricata writes it."""
    found = {}
    for path in folder.glob('*.pem') if folder.exists() else []:
        body = re.search('-----BEGIN CERTIFICATE-----(.*?)-----END', path.read_text(), re.S)
        der = base64.b64decode(body[1])
        found[hashlib.sha256(der).hexdigest()] = hashlib.sha1(der).hexdigest()
    return found


def with_colons(text):
    return ':'.join(text[i:i + 2] for i in range(0, len(text), 2))


def flow_values(line):
    return (*ends_of_line(line), line['network']['community_id'], line['shakeout'].get('primary'),
            line['source']['packets'], line['destination']['packets'])


def flow_event(event):
    return (event['src_ip'], str(event['src_port']), event['dest_ip'], str(event['dest_port']), event['community_id'],
            event.get('shakeout', {}).get('finding'), event['flow']['pkts_toserver'], event['flow']['pkts_toclient'])


def tls_values(line):
    tls = line.get('tls', {})
    client, server = tls.get('client', {}), tls.get('server', {})
    return (*ends_of_line(line), line['network']['community_id'], str(client.get('server_name')), str(client.get('ja3')),
            str(server.get('ja3s')), str(line['shakeout']['tls'].get('ja4')), tls.get('resumed', False))


def tls_event(event):
    tls = event['tls']
    return (event['src_ip'], str(event['src_port']), event['dest_ip'], str(event['dest_port']), event['community_id'],
            str(tls.get('sni')), str(tls.get('ja3', {}).get('hash')), str(tls.get('ja3s', {}).get('hash')),
            str(tls.get('ja4')), tls.get('session_resumed', False))


def eve_tls_complaints(tls, known):
    if tls['version'] not in EVE_VERSIONS and not re.match(r'TLS 1\.3 draft-\d+$|0x[0-9a-f]{4}$', tls['version']):
        yield f'version {tls["version"]!r}'
    for kind in ('ja3', 'ja3s'):
        text = tls.get(kind, {}).get('string')
        if text is not None and hashlib.md5(text.encode()).hexdigest() != tls[kind]['hash']:
            yield f'{kind}: {text} is not what was hashed'
    if 'fingerprint' in tls and known and tls['fingerprint'] not in {with_colons(sha1) for sha1 in known.values()}:
        yield f'fingerprint {tls["fingerprint"]} is of no certificate'


def eve_complaints(lines, events, known):
    flows = [event for event in events if event['event_type'] == 'flow']
    shakes = [event for event in events if event['event_type'] == 'tls']
    yield from differences('EVE flow', map(flow_values, of_type(lines, 'connection')), map(flow_event, flows))
    hellos = [line for line in of_type(lines, 'tls') if {'client_hello', 'server_hello'} & {
        m['type'] for m in line['shakeout']['tls']['handshake']}]
    yield from differences('EVE tls', map(tls_values, hellos), map(tls_event, shakes))
    for event in events:
        yield from (f'EVE has no {name}' for name in set(names_in(event)) - EVE_NAMES if not name.startswith('shakeout.'))
        if not re.match(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000$', event['timestamp']) or event['flow_id'] >> 53:
            yield f'{event["timestamp"]}, flow {event["flow_id"]}'
        yield from eve_tls_complaints(event['tls'], known) if 'tls' in event else []
    if {e['flow_id'] for e in shakes} - {e['flow_id'] for e in flows}:
        yield 'a handshake of no flow'


# --- ECS ------------------------------------------------------------------------------------------------------

def ecs_values(line):
    return (*ends_of_line(line), line['network']['community_id'], line['shakeout'].get('primary'),
            line['event']['outcome'], line['event']['type'], line['source']['bytes'], line['destination']['bytes'])


def ecs_event(event):
    return (*ends_of_line(event), event['network']['community_id'], event['event'].get('code'),
            event['event']['outcome'], event['event']['type'], event['source']['bytes'], event['destination']['bytes'])


def ecs_complaints(lines, events):
    known = set((cases.ROOT / 'tests/captures/ecs.txt').read_text().split('\n'))
    yield from differences('ECS', map(ecs_values, of_type(lines, 'connection')), map(ecs_event, events))
    for event in events:
        yield from (f'{name} is no field of ECS' for name in set(names_in(event)) - known if not name.startswith('shakeout.'))
        if event['event']['kind'] != 'event' or event['event']['category'] != ['network'] or event['ecs'] != {'version': '8.17.0'}:
            yield 'not what Elastic Security asks of an event'
    tls = {ends_of_line(line): line['tls'] for line in of_type(lines, 'tls') if line.get('tls')}
    for event in events:
        wanted = tls.get(ends_of_line(event), {})
        got = event.get('tls', {})
        shared = set(names_in(wanted)) & set(names_in(got))
        if len(of_type(lines, 'tls')) == len(tls) and set(names_in(wanted)) - shared:
            yield f'tls lacks {sorted(set(names_in(wanted)) - shared)}'


# --- what is known --------------------------------------------------------------------------------------------

def known_complaints(name, path, folder):
    rows = log_read(folder / 'conn.log')[0]
    for port, (state, history) in CAUSED.get(name, {}).items():
        got = [(row['conn_state'], row['history']) for row in rows if row['id.orig_p'] == str(port)]
        if got != [(state, history)]:
            yield f'{got}, and in the lab it was {state} {history}'
    if path.name in ZEEK_SSL:
        columns = ('version', 'cipher', 'curve', 'resumed', 'established', 'ssl_history')
        got = ' '.join(log_read(folder / 'ssl.log')[0][0][column] for column in columns)
        if not got.startswith(ZEEK_SSL[path.name]):
            yield f'Zeek: {ZEEK_SSL[path.name]}, shakeout: {got}'
    if path.name in ZEEK:
        got = ' '.join(rows[0][column] for column in ZEEK_COLUMNS) if rows else ''
        if got != ZEEK[path.name]:
            yield f'Zeek: {ZEEK[path.name]}, shakeout: {got}'


def complaints_of(binary, name, path, args):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        words = [word for kind in ('zeek', 'eve', 'ecs') for word in ('--export', f'{kind}={folder / kind}')]
        lines = run_export(binary, args, path, *words, '--certs', str(folder / 'certs'))
        if not (folder / 'zeek/conn.log').exists():
            yield from [] if not lines or not of_type(lines, 'summary') else ['no conn.log']
            return
        yield from zeek_complaints(lines, folder / 'zeek')
        yield from eve_complaints(lines, events_of(folder / 'eve'), fingerprints(folder / 'certs'))
        yield from ecs_complaints(lines, events_of(folder / 'ecs'))
        yield from known_complaints(name, path, folder / 'zeek')


def main():
    binary, number, failed = str(pathlib.Path(sys.argv[1]).resolve()), 0, 0
    for number, (name, path, args) in enumerate(cases.captures_of(sys.argv[2:]), 1):
        found = list(complaints_of(binary, name, path, args))
        failed += bool(found)
        print(f'{"not ok" if found else "ok"} {number} - exports of {name}')
        print(''.join(f'  # {c}\n' for c in found[:5]), end='')
    print(f'1..{number}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
