#!/usr/bin/python3
"""splice.py PORT HOST:PORT: a transparent proxy: takes what the router redirects to PORT and passes it on over a
connection of its own, once the client has spoken (as a proxy does that reads the name first)."""
import socket, sys, threading


def pump(a, b):
    try:
        while data := a.recv(16384):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def pass_on(client):
    first = client.recv(16384)
    server = socket.create_connection((host, int(port)))
    server.sendall(first)
    threading.Thread(target=pump, args=(server, client), daemon=True).start()
    pump(client, server)


host, port = sys.argv[2].rsplit(":", 1)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("", int(sys.argv[1])))
listener.listen()
while True:
    threading.Thread(target=pass_on, args=(listener.accept()[0],), daemon=True).start()
