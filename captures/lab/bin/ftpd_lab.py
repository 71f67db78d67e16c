#!/usr/bin/python3
"""ftpd_lab.py PORT [cert=FILE] [tls=required] [most=N]: pyftpdlib with the account ems, password secret.

cert: certificate and key in one file; most: connections at once
"""
import sys, tempfile
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

port = int(sys.argv[1])
options = dict(word.split("=", 1) for word in sys.argv[2:])
handler = FTPHandler
if "cert" in options:
    from pyftpdlib.handlers import TLS_FTPHandler as handler

    handler.certfile = options["cert"]
    handler.tls_control_required = options.get("tls") == "required"
folder = tempfile.mkdtemp()
open(folder + "/list.txt", "w").write("a list\n")
handler.authorizer = DummyAuthorizer()
handler.authorizer.add_user("ems", "secret", folder)
handler.passive_ports = [60100]
handler.banner = "ready"
server = FTPServer(("0.0.0.0", port), handler)
server.max_cons = int(options.get("most", 511)) + 1  # it counts the listener
server.serve_forever()
