/* talk.h - what was said in clear in a protocol that a dissector reads: the facts that decide.
 *
 * What it is: a short list of remarks; one a kind and code, with where it was first and last said.
 * Made at the first remark; a connection without one has none.
 * What it refuses: judging; credentials; growing.  A full list keeps the first remarks.
 * Text comes from the wire: it is printable, shortened, and in the flow's arena. */
#pragma once

#include "base/address.h"
#include "base/bytes.h"
#include "tls/tls.h"

#include <stdint.h>

enum said {
    SAID_NOTHING,
    /* http.c: RFC 9110, RFC 9112 */
    SAID_HTTP_REQUEST,
    SAID_HTTP_OK,         /* a final answer below 400, with its status */
    SAID_HTTP_ERROR,      /* one of 400 and more, with its status */
    SAID_HTTP_GATEWAY,    /* the error came through a gateway: it has a Via field */
    SAID_HTTP_SIGN_IN,    /* a redirection, or 511, in place of the server's answer */
    SAID_HTTP_BLOCKED,    /* the page says that access is blocked */
    SAID_PAC_FAILED,      /* an error in answer to the request for a proxy configuration */
    SAID_CONNECT,         /* a proxy is asked for a tunnel; the target is kept */
    SAID_CONNECT_REFUSED, /* with its status */
    SAID_TUNNEL,          /* the proxy opened it */
    /* ldap.c: RFC 4511 */
    SAID_LDAP_REQUEST,       /* something other than a bind */
    SAID_LDAP_BIND,          /* a login */
    SAID_LDAP_BOUND,         /* ... that is granted */
    SAID_LDAP_BIND_GOES_ON,  /* ... that takes another round, is sent elsewhere, or was not read */
    SAID_LDAP_BIND_REFUSED,  /* ... with its result */
    SAID_LDAP_WINDOWS_ERROR, /* the number that Windows gives for the refusal before it */
    SAID_LDAP_STARTTLS,
    SAID_LDAP_STARTTLS_ACCEPTED,
    SAID_LDAP_STARTTLS_REFUSED, /* with its result */
    SAID_LDAP_LEFT_TLS,         /* a message in clear behind the start of TLS */
    SAID_LDAP_NOTICE,           /* the server ends the connection, with its result */
    /* smtp.c, ftp.c: lines of a command, replies of three digits */
    SAID_COMMAND,     /* one that is answered */
    SAID_REPLY,       /* its answer */
    SAID_GOODBYE,     /* QUIT */
    SAID_OUT_OF_STEP, /* which reply belongs to which command is not known any more */
    SAID_TLS_AGREED,  /* the answer to the wish for TLS */
    /* smtp.c: RFC 5321, RFC 3207, RFC 4954 */
    SAID_SMTP_WORK,   /* the client does more than to ask what the server can */
    SAID_SMTP_NO_TLS, /* EHLO is answered without STARTTLS; 1 = something on the way overwrote it */
    SAID_SMTP_OFFERS_UNREAD, /* the answer to EHLO was 1 cut, 2 lost */
    SAID_SMTP_HELO,          /* a HELO was taken */
    SAID_SMTP_LOGGED_IN,
    SAID_SMTP_DELIVERED,     /* a message was taken */
    SAID_SMTP_EHLO_REFUSED,  /* with its code, as all that follow */
    SAID_SMTP_TLS_REFUSED,   /* in answer to STARTTLS */
    SAID_SMTP_TLS_WANTED,    /* in answer to anything before it */
    SAID_SMTP_LOGIN_REFUSED, /* in answer to AUTH */
    SAID_SMTP_REFUSED,       /* in answer to all else, or as the greeting */
    /* ftp.c: RFC 959, RFC 4217 */
    SAID_FTP_LOGGED_IN,
    SAID_FTP_DONE,          /* a file or a list went over */
    SAID_FTP_PLACE_UNREAD,  /* where the server waits for a data connection was cut */
    SAID_FTP_TLS_REFUSED,   /* in answer to AUTH, with its code, as all that follow */
    SAID_FTP_LOGIN_REFUSED, /* in answer to USER, PASS or ACCT */
    SAID_FTP_REFUSED,       /* as the greeting, for want of a data connection, or 421 */
    /* ssh.c: RFC 4253 */
    SAID_SSH_SERVER_VERSION,
    SAID_SSH_CLIENT_VERSION,
    SAID_SSH_TEXT, /* a line of the server before its version */
    SAID_SSH_SERVER_KEXINIT,
    SAID_SSH_CLIENT_KEXINIT,
    SAID_SSH_NO_COMMON,    /* with the number of the list, from 1 on, in the order of KEXINIT */
    SAID_SSH_CLIENT_NAMES, /* what that list has; the same number */
    SAID_SSH_SERVER_NAMES,
    SAID_SSH_UNREAD,     /* the lists, or what came before them: 1 cut, 2 lost */
    SAID_SSH_KEYS,       /* they go on to make keys */
    SAID_SSH_DISCONNECT, /* the server says why it leaves, with its reason */
    SAIDS,
};

enum { TALK_REMARKS = 16, TALK_TEXT = 96 };

struct remark {
    uint8_t said; /* enum said */
    uint16_t code;
    uint32_t count;
    struct tls_stamp first, last;
    const char *text; /* the line of the first time; never NULL */
};

/* The newest place where a server waits for a connection of its client (RFC 959 PASV, RFC 2428). */
struct rendezvous {
    struct tls_stamp at;    /* frame 0 = none */
    struct address address; /* unspecified = that of the server */
    uint16_t port;
};

struct talk {
    struct rendezvous rendezvous;
    const char *target; /* host that a proxy was asked for; empty = none */
    uint16_t target_port;
    uint8_t n;
    bool full; /* something was said that found no place */
    struct remark remark[TALK_REMARKS];
};

/* The first of this kind whatever its code; NULL when it was not said.  Accepts a NULL talk. */
const struct remark *talk_find(const struct talk *talk, enum said said);

/* How often it was said, whatever its code. */
uint32_t talk_count(const struct talk *talk, enum said said);

/* When it was last said, whatever its code; frame 0 = never. */
struct tls_stamp talk_last(const struct talk *talk, enum said said);
