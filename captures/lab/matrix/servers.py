"""The server stacks of the matrix: each shows the good certificate and answers one request; asked to, it insists on a
client certificate of its own authority.  What is not installed is skipped, visibly."""
import dataclasses
import os
import shutil

CERT, KEY, CA = 'made/certs/good.pem', 'made/certs/good.key', 'made/certs/ca.pem'


@dataclasses.dataclass(frozen=True)
class Server:
    name: str
    needs: tuple
    command: object  # (address, port, insist, folder) -> argv
    versions: tuple = ('1.2', '1.3')
    port: int = 8013  # another for those that take all addresses

    def missing(self):
        return [n for n in self.needs if not (shutil.which(n) or os.path.exists(n))]


def openssl(address, port, insist, _folder):
    ask = ['-CAfile', CA, '-Verify', '2', '-verify_return_error'] if insist else []
    return ['openssl', 's_server', '-accept', f'{address}:{port}', '-cert', CERT, '-key', KEY, '-www', '-quiet', *ask]


def python(address, port, insist, _folder):
    return ['bin/tlsd.py', str(port), '--address', address, '--web', *(['--client-ca', CA] if insist else [])]


def gnutls(_address, port, insist, _folder):
    ask = ['--x509cafile', CA, '--require-client-cert', '--verify-client-cert'] if insist else ['-a']
    return ['gnutls-serv', '-p', str(port), '--x509certfile', CERT, '--x509keyfile', KEY, '--http', '-q', *ask]


def go(address, port, insist, _folder):
    return ['made/gotls', 'server', f'{address}:{port}', '-cert', 'made/certs/good', '-http',
            *(['-ask', '-ca', CA] if insist else [])]


def node(address, port, insist, _folder):
    return ['node', 'bin/httpsd.js', address, str(port), 'made/certs/good', *([CA] if insist else [])]


def java(address, port, insist, _folder):
    return ['java', '-cp', 'made', 'Tls', 'server', address, str(port), 'made/certs/good.p12', 'made/certs/ca.p12',
            'TLSv1.2,TLSv1.3', *(['ask'] if insist else [])]


def nss(_address, port, insist, _folder):
    return ['selfserv', '-p', str(port), '-d', 'sql:made/certs/nss', '-n', 'good', '-V', 'tls1.2:tls1.3',
            *(['-r', '-r'] if insist else [])]


def written(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(path + '.d', exist_ok=True)
    with open(path, 'w', encoding='ascii') as f:
        f.write(text)
    return path


def both(folder):
    """Certificate and key in one file."""
    path = os.path.join(folder, 'good.both')
    with open(path, 'w', encoding='ascii') as out:
        for part in (CERT, KEY):
            with open(part, encoding='ascii') as f:
                out.write(f.read())
    return path


def nginx(address, port, insist, folder):
    here = os.getcwd()
    ask = f'ssl_client_certificate {here}/{CA}; ssl_verify_client on;' if insist else ''
    path = written(folder, 'nginx.conf', f'''daemon off; master_process off; pid {folder}/nginx.pid;
error_log {folder}/nginx.error; events {{}}
http {{ access_log off; server {{ listen {address}:{port} ssl; ssl_certificate {here}/{CERT};
ssl_certificate_key {here}/{KEY}; ssl_protocols TLSv1.2 TLSv1.3; {ask} location / {{ return 200 "hello\\n"; }} }} }}
''')
    return ['nginx', '-c', path, '-e', f'{folder}/nginx.error']


def apache(address, port, insist, folder):
    here, modules = os.getcwd(), '/usr/lib/apache2/modules'
    ask = f'SSLCACertificateFile {here}/{CA}\nSSLVerifyClient require' if insist else ''
    path = written(folder, 'apache.conf', f'''ServerRoot {folder}
ServerName ems.corp.example
PidFile {folder}/apache.pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/apache.error
Listen {address}:{port}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule ssl_module {modules}/mod_ssl.so
User www-data
Group www-data
SSLEngine on
SSLProtocol -all +TLSv1.2 +TLSv1.3
SSLCertificateFile {here}/{CERT}
SSLCertificateKeyFile {here}/{KEY}
{ask}
DocumentRoot {folder}/apache.conf.d
''')
    return ['apache2', '-X', '-f', path]


def haproxy(address, port, insist, folder):
    here = os.getcwd()
    ask = f'ca-file {here}/{CA} verify required' if insist else ''
    path = written(folder, 'haproxy.cfg', f'''defaults
 mode http
 timeout client 5s
 timeout connect 5s
 timeout server 5s
frontend f
 bind {address}:{port} ssl crt {both(folder)} {ask}
 http-request return status 200 content-type text/plain string hello
''')
    return ['haproxy', '-db', '-f', path]


SERVERS = (
    Server('OpenSSL s_server', ('openssl',), openssl),
    Server('Python ssl', ('/usr/bin/python3',), python),
    Server('GnuTLS gnutls-serv', ('gnutls-serv',), gnutls, port=8443),
    Server('Go net/http', ('made/gotls',), go),
    Server('Node.js https', ('node',), node),
    Server('Java JSSE', ('java', 'made/Tls.class'), java),
    Server('NSS selfserv', ('selfserv',), nss, port=10443),
    Server('nginx', ('nginx',), nginx),
    Server('Apache', ('apache2',), apache),
    Server('HAProxy', ('haproxy',), haproxy),
)
