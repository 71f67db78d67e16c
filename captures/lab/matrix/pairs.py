"""Clients and servers that agree, and servers that insist on a client certificate: pairs of stacks."""
import collections
import os
import re
import tempfile

from matrix import judge, wire
from matrix.clients import CLIENTS, Call
from matrix.jobs import spread
from matrix.servers import CA, CERT, KEY, SERVERS

REQUEST = 'GET / HTTP/1.0\r\n\r\n'
OWN = {'': 'none', 'made/certs/fctother': 'unknown authority', 'made/certs/fctexpired': 'expired'}
REFUSED_BY = ('OpenSSL s_client', 'GnuTLS gnutls-cli', 'Go crypto/tls', 'NSS tstclnt')

Shown = collections.namedtuple('Shown', 'stream verdict fault')


class Pair(collections.namedtuple('Pair', 'client server version what shows')):
    def line(self):
        cells = '; '.join(f'{judge.words(s.stream) if s.stream else ""} -> {judge.said(s.verdict)}'
                          + (f' WRONG: {s.fault}' if s.fault else '') for s in self.shows)
        return f'{self.client} {self.version} with {self.server}, {self.what}: {cells}'


def start(lab, server, insist):
    """The server at an address of its own; each row and each kind has one in a lab."""
    place = 40 + 2 * SERVERS.index(server) + insist
    address, folder = f'10.7.0.{place}', os.path.join(lab.folder, f'server{place}')
    os.makedirs(folder, exist_ok=True)
    lab.serve(address, server.command(address, server.port, insist, folder), os.path.join(folder, 'log'), server.port)
    return address


def recorded(lab, name, address, act):
    path = os.path.join(lab.folder, name.replace(' ', '_').replace('/', '_') + '.pcap')
    recorder = lab.record(path, address)
    said = act()
    lab.stop(recorder, 1.2)
    with open(path[:-5] + '.log', 'w', encoding='utf-8') as f:
        f.write(said)
    return path, said


def verdict_rows(path, options, judgement):
    verdicts = list(judge.shakeout(options.shakeout, path).values())
    wrong = judgement(verdicts)
    return [Shown(None, v, wrong if n == 0 else '') for n, v in enumerate(verdicts)] or [Shown(None, None, 'no verdict')]


# --- pairs that agree ---------------------------------------------------------------------------------------

def agree(lab, client, server, version, line, options):
    address = start(lab, server, False)
    lab.point(address)
    what = 'data' if line else 'no data'
    with tempfile.TemporaryDirectory() as home:
        call = Call(address, server.port, version, home=home, line=line)
        path, said = recorded(lab, f'{client.package}-{server.name}-{version}-{what}', address,
                              lambda: lab.client(call, client)[1])
    answered = bool(line) and bool(re.search(client.answered, said, re.M))
    shows = verdict_rows(path, options, lambda v: judge.fault_healthy(answered, v))
    return Pair(client.name, server.name, version, what if answered or not line else 'no answer in the log', shows)


ENDINGS = {  # what: options of bin/tlsc.py, options of bin/tlsd.py
    'close_notify both ways': ([], []),
    'client waits for the server': (['--end', 'wait'], ['--idle', '1']),
    'client FIN without close_notify': (['--end', 'fin'], []),
    'client RST at the end': (['--end', 'rst'], []),
    'client RST after one idle second': (['--end', 'rst', '--idle', '1'], []),
    'server FIN without close_notify': (['--end', 'wait'], ['--idle', '1', '--end', 'fin']),
    'server RST at the end': (['--end', 'wait'], ['--idle', '1', '--end', 'rst']),
    'no data, close_notify': (['--send', ''], []),
    'no data, FIN': (['--send', '', '--end', 'fin'], []),
    'no data, RST': (['--send', '', '--end', 'rst'], []),
    'no data, server closes idle client': (['--send', '', '--end', 'wait'], ['--idle', '1.5']),
    'no tickets': ([], ['--tickets', '0']),
    'no tickets, no data, FIN': (['--send', '', '--end', 'fin'], ['--tickets', '0']),
    'no tickets, idle client closed': (['--send', '', '--end', 'wait'], ['--tickets', '0', '--idle', '1.5']),
    'three requests': (['--times', '3', '--every', '0.3'], []),
    'large answer': (['--read-all', '200000'], ['--reply', '200000']),
    'slow answer': ([], ['--think', '2']),
}
FAILING = ('server RST at the end', 'client RST at the end', 'client RST after one idle second')  # a reset is a reset


def ending(lab, what, version, options):
    mine, theirs = ENDINGS[what]
    place = 100 + list(ENDINGS).index(what)
    address = f'10.7.0.{place}'
    lab.serve(address, ['bin/tlsd.py', str(wire.PORT), '--address', address, *theirs],
              os.path.join(lab.folder, f'server{place}.log'))

    def act():
        lab.on('client', 'sh', '-c', '"$@" || true', 'sh', 'bin/tlsc.py', f'{address}:{wire.PORT}', '--tls', version, *mine)
        return ''
    path = recorded(lab, f'ending-{what}-{version}', address, act)[0]

    def judgement(verdicts):
        wrong = judge.fault_healthy('no data' not in what and what not in FAILING, verdicts)
        return '' if what in FAILING and wrong == 'a healthy session called a failure' else wrong
    return Pair('Python ssl', 'Python ssl', version, what, verdict_rows(path, options, judgement))


SPECIAL = {  # what: (server options, [client options, one list a connection])
    'resumed': ([], [['-sess_out', 'SESSION'], ['-sess_in', 'SESSION']]),
    'HelloRetryRequest': (['-groups', 'P-384'], [['-groups', 'X25519:P-384']]),
    'HelloRetryRequest, resumed': (['-groups', 'P-384'], [['-groups', 'X25519:P-384', '-sess_out', 'SESSION'],
                                                          ['-groups', 'X25519:P-384', '-sess_in', 'SESSION']]),
    'CCM_8': (['-ciphersuites', 'TLS_AES_128_CCM_8_SHA256'], [['-ciphersuites', 'TLS_AES_128_CCM_8_SHA256']]),
    'ChaCha20': (['-ciphersuites', 'TLS_CHACHA20_POLY1305_SHA256'], [['-ciphersuites', 'TLS_CHACHA20_POLY1305_SHA256']]),
    'records padded to 512': (['-record_padding', '512'], [['-record_padding', '512']]),
    'server asks, client has no certificate': (['-verify', '2'], [[]]),
    'server asks, client has one': (['-verify', '2', '-CAfile', CA],
                                    [['-cert', 'made/certs/fct.pem', '-key', 'made/certs/fct.key']]),
    'key update': ([], [[]]),
}


def special(lab, what, version, options):
    theirs, connections = SPECIAL[what]
    place = 140 + list(SPECIAL).index(what)
    address = f'10.7.0.{place}'
    lab.serve(address, ['openssl', 's_server', '-accept', f'{address}:{wire.PORT}', '-cert', CERT, '-key', KEY, '-www',
                        '-quiet', *theirs], os.path.join(lab.folder, f'server{place}.log'))
    session = os.path.join(lab.folder, 'session.pem')

    def act():
        said = ''
        for mine in connections:
            arguments = [session if a == 'SESSION' else a for a in mine]
            text = 'K\\n' + REQUEST if what == 'key update' else REQUEST
            quiet = '' if what == 'key update' else '-quiet -no_ign_eof'
            said += lab.on('client', 'sh', '-c', f'(printf "%b" "$0"; sleep 0.7) | timeout 10 openssl s_client -connect '
                           f'{address}:{wire.PORT} -servername ems.corp.example -CAfile {CA} -tls{version.replace(".", "_")} '
                           f'{quiet} "$@" 2>&1 || true', text, *arguments).stdout
        return said
    path, said = recorded(lab, f'special-{what}-{version}', address, act)
    shows = verdict_rows(path, options, lambda v: judge.fault_healthy('HTTP/1.0 200' in said, v))
    return Pair('OpenSSL s_client', 'OpenSSL s_server', version, what, shows)


def present(rows):
    return [r for r in rows if not r.missing()]


def healthy(options, folder, _runs=None):
    clients = [c for c in present(CLIENTS) if not options.clients or c.name.split()[0].lower() in options.clients]
    servers = present(SERVERS)
    jobs = [(agree, c, s, v, REQUEST) for v in ('1.2', '1.3') for c in clients if v in c.versions for s in servers]
    jobs += [(agree, c, s, v, '') for v in ('1.2', '1.3') for c in clients if v in c.versions and not c.page
             for s in servers[:3]]
    jobs += [(ending, w, v) for v in ('1.2', '1.3') for w in ENDINGS]
    jobs += [(special, w, v) for v in ('1.2', '1.3') for w in SPECIAL
             if v == '1.3' or not w.startswith(('Hello', 'CCM', 'ChaCha', 'records', 'key'))]
    pairs = spread(jobs, options, folder)
    return healthy_lines(pairs, clients, servers), pairs


def healthy_lines(pairs, clients, servers):
    rejected = sum('rejected' in s.fault for p in pairs for s in p.shows)
    out = [f'Servers: {", ".join(s.name for s in servers)}.', '',
           f'{len(pairs)} recordings with {sum(len(p.shows) for p in pairs)} connections; called rejected: {rejected}; '
           f'wrong in any way: {sum(bool(s.fault) for p in pairs for s in p.shows)}.']
    for version in ('1.2', '1.3'):
        for what, title in (('data', 'a request and its answer'), ('no data', 'no data')):
            found = {(p.client, p.server): p for p in pairs if p.version == version and
                     (p.what == what or (what == 'data' and p.what == 'no answer in the log'))}
            used = [s for s in servers if any(k[1] == s.name for k in found)]
            out += ['', f'### TLS {version}, {title}', '', '| client | ' + ' | '.join(s.name for s in used) + ' |',
                    '|---' * (len(used) + 1) + '|']
            out += [f'| {c.name} | ' + ' | '.join(cell(found.get((c.name, s.name))) for s in used) + ' |'
                    for c in clients if any(k[0] == c.name for k in found)]
    out += ['', '### Other ways to begin and to end', '', '| what | TLS 1.2 | TLS 1.3 |', '|---|---|---|']
    for what in [*ENDINGS, *SPECIAL]:
        found = {p.version: p for p in pairs if p.what == what}
        out.append(f'| {what} | {cell(found.get("1.2"))} | {cell(found.get("1.3"))} |')
    return out


def cell(pair):
    if pair is None:
        return ''
    lines = ['no answer in the log'] if pair.what.startswith('no answer') else []
    for s in pair.shows:
        seen = f'{judge.words(s.stream)}: ' if s.stream else ''
        text = seen + (f'{s.verdict[0]}, {s.verdict[1]}' if s.verdict else '(none)') + \
            (f' **WRONG: {s.fault}**' if s.fault else '')
        if text not in lines:
            lines.append(text)
    return '<br>'.join(lines)


# --- servers that insist ------------------------------------------------------------------------------------

def refuse(lab, client, server, version, own, options):
    address = start(lab, server, True)
    lab.point(address)
    keys = os.path.join(lab.folder, 'client.keys')
    with tempfile.TemporaryDirectory() as home:
        call = Call(address, server.port, version, own=own, home=home, line=REQUEST, keys=keys)
        path = recorded(lab, f'refusal-{client.package}-{server.name}-{version}-{OWN[own]}', address,
                        lambda: lab.client(call, client)[1])[0]
    verdicts = judge.shakeout(options.shakeout, path)
    streams = wire.streams_of(path, server.port, keys if os.path.exists(keys) else '')
    shows = [Shown(s, verdicts.get(port), judge.fault_refusal(s, verdicts.get(port))) for port, s in streams.items()]
    return Pair(client.name, server.name, version, OWN[own], shows)


def refusals(options, folder, _runs=None):
    clients = [c for c in present(CLIENTS) if c.name in REFUSED_BY]
    servers = present(SERVERS)
    jobs = [(refuse, c, s, v, o) for v in ('1.2', '1.3') for s in servers for o in OWN for c in clients]
    pairs = spread(jobs, options, folder)
    shown = [s for p in pairs for s in p.shows]
    by_message = [s for s in shown if s.stream.fatal('server')]
    named = [s for s in by_message if s.verdict and s.verdict[0].startswith('tls.clientcert.')]
    out = ['| | |', '|---|---|', f'| connections | {len(shown)} |',
           f'| ... refused by a message of the server | {len(by_message)} |',
           f'| ... ... said to be about the client certificate | {len(named)} |',
           f'| wrong in any way | {sum(bool(s.fault) for s in shown)} |']
    for version in ('1.2', '1.3'):
        out += ['', f'### TLS {version}', '', '| server | client | ' + ' | '.join(OWN.values()) + ' |', '|---' * 5 + '|']
        for server in servers:
            for client in clients:
                found = {p.what: p for p in pairs if (p.server, p.client, p.version) == (server.name, client.name, version)}
                out.append(f'| {server.name} | {client.name} | ' + ' | '.join(cell(found.get(w)) for w in OWN.values()) + ' |')
    return out, pairs
