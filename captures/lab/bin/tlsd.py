#!/usr/bin/python3
"""tlsd.py PORT: a TLS server that echoes lines, of which every delay and every kind of failure can be chosen."""
import argparse, socket, ssl, struct, threading, time

p = argparse.ArgumentParser()
p.add_argument("port", type=int)
p.add_argument("--address", default="")
p.add_argument("--cert", default="made/certs/good")
p.add_argument("--chain", help="certificate file to send instead of the one of --cert")
p.add_argument("--tls", choices=["1.2", "1.3", "any"], default="any")
p.add_argument("--tickets", type=int, default=2)
p.add_argument("--client-ca", help="ask for a client certificate of this authority")
p.add_argument("--optional", action="store_true", help="ask, do not insist")
p.add_argument("--before", type=float, default=0, help="seconds before the handshake")
p.add_argument("--reply", type=int, default=0, help="bytes to answer instead of the echo")
p.add_argument("--twice", action="store_true", help="each answer in two records of one length")
p.add_argument("--think", type=float, default=0, help="seconds before each answer")
p.add_argument("--mute", action="store_true", help="read a request and close without an answer")
p.add_argument("--defer", type=int, help="TCP_DEFER_ACCEPT, seconds")
p.add_argument("--keepalive", action="store_true", help="TCP keep-alive every second")
p.add_argument("--idle", type=float, default=0, help="close after this many seconds without a request")
p.add_argument("--flight", type=int, help="send only so many records of the first flight, then --then")
p.add_argument("--then", choices=["stall", "fin", "rst"], default="stall")
p.add_argument("--end", choices=["notify", "fin", "rst"], default="notify")
p.add_argument("--weak", action="store_true", help="short keys and old hashes are good enough")
p.add_argument("--web", action="store_true", help="answer an HTTP request with a page, anything else with itself")
p.add_argument("--keylog", help="file for the secrets of the sessions")
p.add_argument("--group", help="the only group for the key exchange")
p.add_argument("--only", help="50 ms after the handshake, reset clients whose certificate is not for this name")
p.add_argument("--deny", action="store_true", help="answer every ClientHello with access_denied, by a rule of the server")
a = p.parse_args()

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
if a.weak:
    context.set_ciphers("DEFAULT@SECLEVEL=0")
if a.keylog:
    context.keylog_filename = a.keylog
context.load_cert_chain(a.chain or a.cert + ".pem", a.cert + ".key")
context.num_tickets = a.tickets
if a.tls != "any":
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2 if a.tls == "1.2" else ssl.TLSVersion.TLSv1_3
if a.group:
    context.set_ecdh_curve(a.group)
if a.deny:
    context.sni_callback = lambda *_: ssl.ALERT_DESCRIPTION_ACCESS_DENIED
if a.client_ca:
    context.load_verify_locations(a.client_ca)
    context.verify_mode = ssl.CERT_OPTIONAL if a.optional else ssl.CERT_REQUIRED
PAGE = b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\nContent-Type: text/plain\r\n\r\nhello\n"


def abort(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def part_of_flight(sock):
    """Answer the ClientHello with the first records of a real flight only."""
    inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(inside, outside, server_side=True)
    while not outside.pending:
        inside.write(sock.recv(65536))
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
    flight, end = outside.read(), 0
    for _ in range(a.flight):
        end += 5 + int.from_bytes(flight[end + 3:end + 5], "big")
    sock.sendall(flight[:end])
    time.sleep(0.05)
    if a.then == "rst":
        abort(sock)
    elif a.then == "fin":
        sock.close()
    else:
        time.sleep(600)


def serve(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    time.sleep(a.before)
    if a.flight is not None:
        return part_of_flight(sock)
    try:
        tls = context.wrap_socket(sock, server_side=True)
        if a.only and ((("commonName", a.only),) not in tls.getpeercert()["subject"]):
            time.sleep(0.05)
            return abort(tls)
        if a.idle:
            tls.settimeout(a.idle)
        while True:
            data = tls.recv(16384)
            if not data:
                break
            time.sleep(a.think)
            if a.mute:
                break
            page = a.web and data.startswith(b"GET ")
            answer = b"x" * a.reply if a.reply else PAGE if page else data
            for _ in range(2 if a.twice else 1):
                tls.sendall(answer)
    except TimeoutError:
        pass
    except (OSError, ssl.SSLError) as why:
        print(why, flush=True)
        return sock.close()
    if a.end == "rst":
        return abort(tls)
    if a.end == "notify":
        try:
            tls.settimeout(1)
            tls.unwrap()
        except (OSError, ssl.SSLError):
            pass
    tls.close()


listener = socket.socket(socket.AF_INET6 if ":" in a.address else socket.AF_INET)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if a.defer:
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, a.defer)
if ":" in a.address:
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
listener.bind((a.address, a.port))
if a.keepalive:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
listener.listen(16)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
