#!/usr/bin/python3
"""tcpd.py PORT MODE [TEXT]: a TCP server without TLS.

reset: accepts and resets; fin: accepts and closes; mute: reads and never answers; read-fin, read-reset: reads the
first bytes, then closes or resets; unread: reads ten octets, then closes; banner: says TEXT, then answers each line
with the next part of TEXT ('|' between parts); banner-keep: the same, and then reads without an answer; answer: reads first, then says TEXT and closes; keep: the same, and never
closes; bulk: reads, then sends one line every 0.3 s five times
"""
import socket, struct, sys, threading, time

port, mode = int(sys.argv[1]), sys.argv[2]
parts = (sys.argv[3] if len(sys.argv) > 3 else "").encode().decode("unicode_escape").encode("latin-1").split(b"|")


def abort(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def serve(sock):
    if mode == "reset":
        return abort(sock)
    if mode == "fin":
        return sock.close()
    if mode in ("banner", "banner-keep"):
        for n, part in enumerate(parts):
            if n and not sock.recv(4096):
                break
            sock.sendall(part)
        if len(parts) == 1:
            sock.recv(4096)
        while mode == "banner-keep" and sock.recv(4096):
            pass
        return sock.close()
    if mode == "unread":
        sock.recv(10)
        return sock.close()
    data = sock.recv(65536)
    if mode == "mute":
        while data:
            data = sock.recv(65536)
        sock.close()
    elif mode == "read-fin":
        sock.close()
    elif mode == "read-reset":
        abort(sock)
    elif mode == "answer":
        sock.sendall(parts[0])
        time.sleep(0.05)
        sock.close()
    elif mode == "keep":
        sock.sendall(parts[0])
        time.sleep(600)
    elif mode == "bulk":
        for n in range(5):
            sock.sendall(b"line %d\r\n" % n)
            time.sleep(0.3)
        sock.close()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("", port))
listener.listen(16)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
