#!/usr/bin/python3
"""tcpc.py HOST:PORT MODE [VALUE]: a TCP client without TLS, or one that gives up.

probe: connects, closes; probe-reset: connects, resets; hold N: connects, says nothing for N seconds, closes;
eof: connects, waits until the server ends; say TEXT: sends TEXT ('|' between parts, each after an answer), reads to
the end; half TEXT: sends TEXT, closes its sending side, reads to the end; listen-first TEXT: waits for a banner,
then as say; patient TEXT: as say, and waits 32 s for an answer in place of 20; hello-fin N, hello-reset N: sends a ClientHello, waits N seconds, closes or resets;
flight-fin, flight-reset: sends a ClientHello of TLS 1.2 without a name, reads the server's flight, closes or resets
"""
import socket, ssl, struct, sys, time

host, port = sys.argv[1].rsplit(":", 1)
mode, value = sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""
sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
sock.settimeout(32 if mode == "patient" else 20)
sock.connect((host, int(port)))


def abort():
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def client_hello(name="ems.corp.example", newest=ssl.TLSVersion.TLSv1_3):
    outside, context = ssl.MemoryBIO(), ssl.create_default_context()
    context.check_hostname, context.maximum_version = bool(name), newest
    tls = context.wrap_bio(ssl.MemoryBIO(), outside, server_hostname=name)
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
    elif mode.startswith("flight-"):
        sock.sendall(client_hello(None, ssl.TLSVersion.TLSv1_2))
        seen = b""
        while not seen.endswith(b"\x0e\0\0\0"):  # ServerHelloDone, RFC 5246, 7.4.5
            seen += sock.recv(16384) or sys.exit("the server ended")
        if mode == "flight-reset":
            abort()
except OSError as why:
    print(why)
sock.close()
