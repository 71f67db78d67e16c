"""The client stacks of the matrix: how each is called, and how its own log says what it thinks of the server.

A row names a program of a Debian package.  Each connects to an address and a port, asks for NAME, trusts only the
authority in CA, sends one line (or asks for a page) and prints the answer.  What is not installed is skipped, visibly.
"""
import dataclasses
import os
import re
import shutil
import subprocess

NAME = 'ems.corp.example'
CA = 'made/certs/ca.pem'
REFUSED = re.compile(r'certif|verif|self.signed|hostname|CERT_|X509|x509|bad_cert|unknown_ca|key too|PKIX|issuer|'
                     r'subject name|subject alternative|key usage|purpose|domain name|security level', re.I)


@dataclasses.dataclass(frozen=True)
class Call:
    """One run: where to, how, and with which certificate of its own."""
    address: str
    port: int
    version: str  # 1.2 or 1.3
    own: str = ''  # client certificate without .pem and .key
    home: str = ''  # a folder for a program that keeps state
    line: str = 'hello\n'  # what it sends; '' means that it only comes and goes
    keys: str = ''  # where it writes the secrets of the session, if it can


@dataclasses.dataclass(frozen=True)
class Client:
    name: str
    package: str
    needs: tuple  # programs or files
    command: object  # Call -> argv
    version_of: tuple = ()  # argv that prints the version
    versions: tuple = ('1.2', '1.3')
    answered: str = r'hello|HTTP/1\.\d \d\d\d'
    types: bool = False  # the line comes from standard input
    hold: float = 0.8  # seconds before the end of standard input
    own: bool = True  # can present a certificate
    page: bool = False  # asks for a page by itself
    keys: bool = False  # can write the secrets of its sessions
    limit: int = 20
    environment: object = None

    def missing(self):
        return [n for n in self.needs if not (shutil.which(n) or os.path.exists(n))]

    def release(self):
        if not self.version_of:
            return ''
        done = subprocess.run(self.version_of, capture_output=True, text=True, timeout=60)
        found = re.search(r'\d+(?:\.\d+)+[a-z]?', done.stdout + done.stderr)
        return found[0] if found else ''


def own_files(c, cert, key):
    return [cert, f'{c.own}.pem', key, f'{c.own}.key'] if c.own else []


def openssl(c):
    return ['openssl', 's_client', '-connect', f'{c.address}:{c.port}', '-servername', NAME, '-verify_hostname', NAME,
            '-CAfile', CA, '-verify_return_error', '-quiet', '-no_ign_eof', '-tls' + c.version.replace('.', '_'),
            *(['-keylogfile', c.keys] if c.keys else []), *own_files(c, '-cert', '-key')]


def curl(c):
    return ['curl', '-sS', '--max-time', '8', '--cacert', CA, '--tlsv' + c.version, '--tls-max', c.version, '--noproxy',
            '*', *own_files(c, '--cert', '--key'), f'https://{NAME}:{c.port}/']


def python(c):
    return ['bin/tlsc.py', f'{c.address}:{c.port}', '--tls', c.version, '--send', c.line.encode('unicode_escape').decode(),
            *(['--cert', c.own + '.both'] if c.own else [])]


def gnutls(c):
    return ['gnutls-cli', '-p', str(c.port), '--x509cafile', CA, '--priority', priority(c.version), '--sni-hostname',
            NAME, '--verify-hostname', NAME, *own_files(c, '--x509certfile', '--x509keyfile'), c.address]


def priority(version):
    return f'NORMAL:-VERS-ALL:+VERS-TLS{version}'


def wget(c):
    return ['wget', '-O', '-', '--no-proxy', '--tries=1', '--timeout=8', f'--ca-certificate={CA}',
            '--ciphers=' + priority(c.version), *([f'--certificate={c.own}.pem', f'--private-key={c.own}.key']
                                                  if c.own else []), '-nv', f'https://{NAME}:{c.port}/']


def nss(c):
    own = ['-n', os.path.basename(c.own)] if c.own else []
    return ['tstclnt', '-h', c.address, '-p', str(c.port), '-a', NAME, '-d', 'sql:made/certs/nssca', '-V',
            f'tls{c.version}:tls{c.version}', *own]


def java(c):
    return ['java', '-cp', 'made', 'Tls', 'client', c.address, str(c.port), c.own + '.p12' if c.own else '-',
            'made/certs/ca.p12', 'TLSv' + c.version]


def node(c):
    return ['node', 'bin/client.js', c.address, str(c.port), CA, 'TLSv' + c.version, *([c.own] if c.own else [])]


def go(c):
    return ['made/gotls', 'client', f'{c.address}:{c.port}', '-ca', CA, '-tls', c.version,
            *(['-cert', c.own] if c.own else [])]


def dialled(program):
    return lambda c: [program, c.address, str(c.port), NAME, CA, c.version,
                      *([c.own + '.pem', c.own + '.key'] if c.own else [])]


def erlang(c):
    return ['escript', *dialled('bin/tlsc.erl')(c)]


def botan(c):
    return ['botan', 'tls_client', NAME, f'--port={c.port}', f'--trusted-cas={CA}', '--skip-system-cert-store',
            '--tls' + c.version]


def chromium(c):
    return ['chromium', '--headless=new', '--no-sandbox', '--disable-gpu', '--no-proxy-server', '--disable-quic',
            '--disable-background-networking', '--disable-component-update', '--no-first-run',
            f'--user-data-dir={c.home}/profile', '--ssl-version-max=tls' + c.version, '--enable-logging=stderr',
            '--timeout=6000', '--dump-dom', f'https://{NAME}:{c.port}/']


def chromium_home(c):
    """Chromium trusts what the key store of its user holds."""
    store = os.path.join(c.home, '.pki')
    if not os.path.exists(store):
        os.makedirs(store)
        shutil.copytree('made/certs/nssca', os.path.join(store, 'nssdb'))
    return {'HOME': c.home}


def program(name):
    return f'made/{name}'


def package_version(package):
    return ('dpkg-query', '-W', '-f', '${Version}', package)


CLIENTS = (
    Client('OpenSSL s_client', 'openssl', ('openssl',), openssl, ('openssl', 'version'), types=True, keys=True),
    Client('curl', 'curl', ('curl',), curl, ('curl', '--version'), page=True, keys=True),
    Client('Python ssl', 'python3', ('/usr/bin/python3',), python, ('/usr/bin/python3', '-V'), answered=r'\d+ bytes', keys=True),
    Client('GnuTLS gnutls-cli', 'gnutls-bin', ('gnutls-cli',), gnutls, ('gnutls-cli', '--version'), types=True,
           answered=r'^hello|^HTTP', keys=True),
    Client('wget (GnuTLS)', 'wget', ('wget',), wget, ('wget', '--version'), page=True),
    Client('NSS tstclnt', 'libnss3-tools', ('tstclnt',), nss, package_version('libnss3'), types=True, keys=True),
    Client('Java JSSE', 'openjdk-17-jdk-headless', ('java', 'made/Tls.class'), java, ('java', '--version')),
    Client('Node.js', 'nodejs', ('node',), node, ('node', '--version')),
    Client('Go crypto/tls', 'golang-go', ('made/gotls',), go, ('go', 'version'), keys=True),
    Client('wolfSSL', 'libwolfssl-dev', (program('wolfc'),), dialled(program('wolfc')), package_version('libwolfssl-dev')),
    Client('Mbed TLS', 'libmbedtls-dev', (program('mbedc'),), dialled(program('mbedc')),
           package_version('libmbedtls-dev'), versions=('1.2',)),
    Client('BearSSL', 'libbearssl-dev', (program('bearc'),), dialled(program('bearc')),
           package_version('libbearssl-dev'), versions=('1.2',), own=False),
    Client('BoringSSL (Android)', 'android-libboringssl-dev', (program('boringc'),), dialled(program('boringc')),
           package_version('android-libboringssl')),
    Client('Erlang ssl', 'erlang-ssl', ('escript',), erlang, package_version('erlang-ssl')),
    Client('Botan', 'botan', ('botan',), botan, package_version('botan'), versions=('1.2',), types=True, own=False),
    Client('Chromium', 'chromium', ('chromium',), chromium, package_version('chromium'), own=False, limit=60, page=True,
           environment=chromium_home),
)
