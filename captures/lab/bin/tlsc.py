#!/usr/bin/python3
"""tlsc.py HOST:PORT: a TLS client of which every pause and every kind of ending can be chosen."""
import argparse, socket, ssl, struct, time

p = argparse.ArgumentParser()
p.add_argument("target")
p.add_argument("--name", default="ems.corp.example", help="server name to send and to check")
p.add_argument("--ca", default="made/certs/ca.pem")
p.add_argument("--blind", action="store_true", help="take any certificate")
p.add_argument("--cert", help="PEM file with client certificate and key")
p.add_argument("--tls", choices=["1.2", "1.3"], default="1.3")
p.add_argument("--alpn", default="")
p.add_argument("--source", help="source address")
p.add_argument("--before", type=float, default=0, help="seconds between TCP connect and ClientHello")
p.add_argument("--keepalive", action="store_true", help="TCP keep-alive every second")
p.add_argument("--send", default="GET / HTTP/1.0\r\n\r\n", help="request; empty: none")
p.add_argument("--times", type=int, default=1, help="number of requests on the connection")
p.add_argument("--every", type=float, default=1, help="seconds between requests")
p.add_argument("--pause", type=float, default=0, help="seconds without reading after the request")
p.add_argument("--rcvbuf", type=int, default=0)
p.add_argument("--read-all", type=int, default=1, help="bytes to read after a request")
p.add_argument("--idle", type=float, default=0, help="seconds before the end")
p.add_argument("--end", choices=["notify", "wait", "fin", "rst", "hang"], default="notify",
               help="notify: close_notify and wait for the other; wait: only answer the server's; fin: no close_notify")
a = p.parse_args()
host, port = a.target.rsplit(":", 1)

context = ssl.create_default_context(cafile=a.ca)
context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2 if a.tls == "1.2" else ssl.TLSVersion.TLSv1_3
if a.blind:
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
if a.cert:
    context.load_cert_chain(a.cert)
if a.alpn:
    context.set_alpn_protocols(a.alpn.split(","))
raw = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
if a.rcvbuf:
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, a.rcvbuf)
if a.keepalive:
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
if a.source:
    raw.bind((a.source, 0))
raw.connect((host, int(port)))
time.sleep(a.before)
tls = context.wrap_socket(raw, server_hostname=a.name, suppress_ragged_eofs=True)
request = a.send.encode().decode("unicode_escape").encode()
for n in range(a.times if request else 0):
    if n:
        time.sleep(a.every)
    tls.sendall(request)
    time.sleep(a.pause)
    have, data = 0, b"x"
    while have < a.read_all and data:
        data = tls.recv(16384)
        have += len(data)
    print(have, "bytes")
time.sleep(a.idle)
if a.end == "rst":
    tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
elif a.end == "hang":
    time.sleep(600)
elif a.end == "wait":
    while tls.recv(16384):
        pass
    tls.unwrap()
elif a.end == "notify":
    try:
        while tls.pending():
            tls.recv(16384)
        tls.unwrap().close()
    except (OSError, ssl.SSLError) as why:
        print(why)
tls.close()
