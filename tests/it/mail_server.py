"""A real mail server for the tests: aiosmtpd with STARTTLS, TLS and logins, one line of JSON a mail on stdout.

Arguments, as one JSON object: security ("starttls", "tls" or "none"), certificate, key, user, password, refused
(addresses that it takes no mail for), put_off (addresses that it answers 451 to), broken (answers 451 to every mail).
"""

import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def say(line):
    print(json.dumps(line), flush=True)


class Handler:
    def __init__(self, given):
        self.given = given

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.given["refused"]:
            return "550 no such person here"
        if address in self.given["put_off"]:
            return "451 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.given["broken"]:
            return "451 the disk is full"
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "text": envelope.content.decode(),
            "user": session.auth_data,
            "encrypted": session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None,
        })
        return "250 OK"


async def main():
    given = json.loads(sys.argv[1])
    context = None
    if given["security"] != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given["certificate"], given["key"])

    def authenticate(server, session, envelope, mechanism, data):
        right = (data.login.decode(), data.password.decode()) == (given["user"], given["password"])
        return AuthResult(success=right, handled=False, auth_data=given["user"])

    starttls = given["security"] == "starttls"

    def protocol():
        return SMTP(
            Handler(given),
            hostname="localhost",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required=given["user"] is not None,
            auth_require_tls=starttls,
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if given["security"] == "tls" else None)
    say({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
