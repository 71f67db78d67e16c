/* ftp.c - control connection of a file server, up to where TLS begins.  RFC 959 sections 4 and 5.4,
 * RFC 4217 section 4 (AUTH TLS), RFC 2428 section 3 (EPSV).
 *
 * Of a command only the first word is read, of a reply its code, and where the server waits for a
 * data connection; the quoted lines are the server's.  Data connections are connections of their
 * own, which are not read. */
#include "session/turns.h"

enum { CLOSING = 421, NOT_LOGGED_IN = 530, NO_DATA_CONNECTION = 425 };
enum { PASSIVE = 227, EXTENDED_PASSIVE = 229 };

enum asked {
    ASKED_NOTHING,
    ASKED_OTHER,
    ASKED_QUIT,
    ASKED_LOGIN, /* USER, PASS, ACCT */
    ASKED_AUTH,
    ASKED_DATA, /* what takes a data connection */
    ASKED_PASSIVE,
};

struct ftp {
    struct turns turns;
    bool understood, logged_in;
    bool held;        /* the client waits for the answer to AUTH */
    bool tls;         /* which was yes */
    bool preliminary; /* a reply 1xx to the command that waits was counted */
};

static const struct bytes nothing = { .at = (const uint8_t *)"" };

static const struct command {
    const char *word;
    enum asked asked;
} commands[] = {
    { "USER", ASKED_LOGIN },   { "PASS", ASKED_LOGIN },   { "ACCT", ASKED_LOGIN },
    { "AUTH", ASKED_AUTH },    { "QUIT", ASKED_QUIT },    { "RETR", ASKED_DATA },
    { "STOR", ASKED_DATA },    { "STOU", ASKED_DATA },    { "APPE", ASKED_DATA },
    { "LIST", ASKED_DATA },    { "NLST", ASKED_DATA },    { "MLSD", ASKED_DATA },
    { "PASV", ASKED_PASSIVE }, { "EPSV", ASKED_PASSIVE }, { "FEAT", ASKED_OTHER },
    { "OPTS", ASKED_OTHER },   { "SYST", ASKED_OTHER },   { "NOOP", ASKED_OTHER },
    { "HELP", ASKED_OTHER },   { "HOST", ASKED_OTHER },   { "CLNT", ASKED_OTHER },
    { "PBSZ", ASKED_OTHER },   { "PROT", ASKED_OTHER },
};

static enum step read_command(struct session *s, struct ftp *f, struct bytes *in)
{
    enum asked asked = ASKED_NOTHING;
    struct bytes line;
    enum turn_step step = turns_command(s, &f->turns, in, &line);

    if (step != TURN_LINE)
        return step == TURN_MORE ? STEP_MORE : STEP_DONE;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (line_is(&line, commands[i].word))
            asked = commands[i].asked;
    if (!asked && !f->understood)
        return STEP_ALIEN;
    f->understood = true;
    f->held = asked == ASKED_AUTH;
    turns_ask(s, &f->turns, asked ? (uint8_t)asked : ASKED_OTHER);
    session_say(s, asked == ASKED_QUIT ? SAID_GOODBYE : SAID_COMMAND, 0, nothing);
    return f->turns.lost ? STEP_DONE : STEP_MORE;
}

static enum said refusal(const struct ftp *f, enum asked asked, bool greeting, uint16_t code)
{
    if (greeting)
        return SAID_FTP_REFUSED;
    if (code == CLOSING) /* a client that is idle for too long is told so unasked */
        return asked == ASKED_QUIT || (!asked && f->logged_in) ? SAID_NOTHING : SAID_FTP_REFUSED;
    switch (asked) {
    case ASKED_LOGIN:
        return SAID_FTP_LOGIN_REFUSED;
    case ASKED_AUTH:
        return SAID_FTP_TLS_REFUSED;
    case ASKED_DATA:
        return code == NO_DATA_CONNECTION || code == NOT_LOGGED_IN ? SAID_FTP_REFUSED
                                                                   : SAID_NOTHING;
    default:
        return SAID_NOTHING;
    }
}

/* The next number up to `most` behind whatever is no digit, if something follows; else -1. */
static int next_number(struct bytes *line, int most)
{
    int number = -1, c;

    while ((c = bytes_peek(line, 0)) >= 0 && (c < '0' || c > '9'))
        bytes_skip(line, 1);
    for (; (c = bytes_peek(line, 0)) >= '0' && c <= '9'; bytes_skip(line, 1)) {
        number = (number < 0 ? 0 : number * 10) + c - '0';
        if (number > most)
            return -1;
    }
    return bytes_peek(line, 0) < 0 ? -1 : number; /* it may have been cut there */
}

/* "227 Entering Passive Mode (h1,h2,h3,h4,p1,p2)", "229 Entering Extended Passive Mode (|||p|)". */
static bool read_rendezvous(struct session *s, const struct reply *reply)
{
    struct address address = { 0 };
    struct bytes line = reply->line;
    uint8_t octet[6];
    int n = 0;

    (void)next_number(&line, 999); /* the code */
    if (reply->code == EXTENDED_PASSIVE) {
        n = next_number(&line, UINT16_MAX);
        if (n > 0)
            session_rendezvous(s, &address, (uint16_t)n);
        return n > 0;
    }
    for (size_t i = 0; i < sizeof octet; i++) {
        n = next_number(&line, UINT8_MAX);
        if (n < 0)
            return false;
        octet[i] = (uint8_t)n;
    }
    address = address_v4(octet);
    session_rendezvous(s, &address, (uint16_t)(octet[4] << 8 | octet[5]));
    return true;
}

static enum said success(struct ftp *f, enum asked asked, uint16_t code)
{
    if (asked == ASKED_AUTH && code / 100 == 2) {
        f->tls = true;
        return SAID_TLS_AGREED;
    }
    if (asked == ASKED_LOGIN && code / 100 == 2) {
        f->logged_in = true;
        return SAID_FTP_LOGGED_IN;
    }
    return asked == ASKED_DATA && code / 100 == 2 ? SAID_FTP_DONE : SAID_NOTHING;
}

/* What a reply says stands in its first line. */
static void read_first(struct session *s, struct ftp *f, const struct reply *reply, bool cut)
{
    bool greeting = turns_is_greeting(&f->turns, reply->code);
    bool preliminary = reply->code < 200;
    enum asked asked = ASKED_NOTHING;

    f->understood = true;
    f->turns.greeted |= !greeting || !preliminary;
    if (preliminary) {
        if (!greeting && !f->preliminary)
            session_say(s, SAID_REPLY, 0, nothing);
        f->preliminary = !greeting;
        return;
    }
    if (!greeting)
        asked = (enum asked)turns_next(&f->turns);
    if (asked && asked != ASKED_QUIT && !f->preliminary)
        session_say(s, SAID_REPLY, 0, nothing);
    f->preliminary = false;
    f->held &= asked != ASKED_AUTH;
    bool passive =
        asked == ASKED_PASSIVE && (reply->code == PASSIVE || reply->code == EXTENDED_PASSIVE);
    if (passive && !read_rendezvous(s, reply) && cut)
        session_say(s, SAID_FTP_PLACE_UNREAD, 1, nothing);
    enum said said = reply->code < 400 ? success(f, asked, reply->code)
                                       : refusal(f, asked, greeting, reply->code);
    if (said)
        session_say(s, said, reply->code < 400 ? 0 : reply->code,
                    reply->code < 400 ? nothing : reply->line);
}

static enum step read_reply(struct session *s, struct ftp *f, struct bytes *in)
{
    struct reply reply;
    bool cut = false;
    enum turn_step step = turns_reply(s, &f->turns, in, &reply, &cut);

    if (step == TURN_MORE)
        return STEP_MORE;
    if (step == TURN_ALIEN && !f->understood)
        return STEP_ALIEN;
    if (step != TURN_LINE) {
        turns_lose(s, &f->turns);
        return STEP_DONE;
    }
    if (reply.first)
        read_first(s, f, &reply, cut);
    return STEP_MORE;
}

static enum step ftp_feed(struct session *s, void *state, enum side from, struct bytes *in)
{
    struct ftp *f = state;

    if (f->turns.lost || !flow_is_tcp(s->flow))
        return f->understood ? STEP_DONE : STEP_ALIEN;
    if (f->tls && !f->turns.replies.inside)
        return turns_await_tls(s, from, in);
    if (from == SERVER)
        return read_reply(s, f, in);
    if (!f->held)
        return read_command(s, f, in);
    if (in->left < TURNS_HELD && !in->clipped && !s->ending)
        return STEP_MORE;
    turns_lose(s, &f->turns);
    return STEP_DONE;
}

static void ftp_gap(struct session *s, void *state, enum side from, uint64_t missing)
{
    struct ftp *f = state;

    (void)from;
    (void)missing;
    turns_lose(s, &f->turns);
}

const struct dissector ftp_dissector = {
    .name = "ftp",
    .ports = (const uint16_t[]){ 21, 0 },
    .server_first = true,
    .state_size = sizeof(struct ftp),
    .feed = ftp_feed,
    .gap = ftp_gap,
};
