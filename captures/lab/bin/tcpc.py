#!/usr/bin/python3
"""tcpc.py HOST:PORT MODE [VALUE]: a TCP client without TLS, or one that gives up.

probe: connects, closes; probe-reset: connects, resets; hold N: connects, says nothing for N seconds, closes;
eof: connects, waits until the server ends; say TEXT: sends TEXT ('|' between parts, each after an answer), reads to
the end; half TEXT: sends TEXT, closes its sending side, reads to the end; listen-first TEXT: waits for a banner,
then as say; patient TEXT: as say, and waits 32 s for an answer in place of 20; hello-fin N, hello-reset N: sends a ClientHello, waits N seconds, closes or resets
"""
import socket, ssl, struct, sys, time

host, port = sys.argv[1].rsplit(":", 1)
mode, value = sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""
sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
sock.settimeout(32 if mode == "patient" else 20)
sock.connect((host, int(port)))


def abort():
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def client_hello():
    outside = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outside, server_hostname="ems.corp.example")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outside.read()


try:
    if mode == "probe-reset":
        abort()
    elif mode == "hold":
        time.sleep(float(value))
    elif mode == "eof":
        sock.recv(4096)
    elif mode in ("say", "half", "listen-first", "patient"):
        if mode == "listen-first":
            sock.recv(4096)
        for part in value.encode().decode("unicode_escape").encode("latin-1").split(b"|"):
            sock.sendall(part)
            if mode == "half":
                sock.shutdown(socket.SHUT_WR)
            else:
                print(sock.recv(4096))
        while sock.recv(4096):
            pass
    elif mode.startswith("hello-"):
        sock.sendall(client_hello())
        time.sleep(float(value))
        if mode == "hello-reset":
            abort()
except OSError as why:
    print(why)
sock.close()
