#!/usr/bin/python3
"""maild.py PORT [cert=FILE key=FILE] [tls=required] [login=NAME:PASSWORD] [refuse=ADDRESS 'answer=TEXT']: aiosmtpd.

refuse: the recipient ADDRESS (or any, with *) is answered with TEXT
"""
import asyncio, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult

port = int(sys.argv[1])
options = dict(word.split("=", 1) for word in sys.argv[2:])


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, arguments):
        if options.get("refuse") in ("*", address):
            return options["answer"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        return "250 2.0.0 taken"


def check(server, session, envelope, mechanism, data):
    given = f"{data.login.decode()}:{data.password.decode()}"
    return AuthResult(success=given == options["login"], handled=given == options["login"] or False)


def make():
    tls = None
    if "cert" in options:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options["cert"], options["key"])
    more = {"authenticator": check, "auth_require_tls": False} if "login" in options else {}
    return SMTP(Handler(), hostname="mail.corp.example", tls_context=tls, require_starttls=options.get("tls") == "required", **more)


async def main():
    server = await asyncio.get_running_loop().create_server(make, "0.0.0.0", port)
    await server.serve_forever()


asyncio.run(main())
