/* smtp.c - mail relay and submission, up to where TLS begins.  RFC 5321 sections 3 and 4, RFC 3207
 * (STARTTLS), RFC 4954 (AUTH), RFC 3030 section 2 (BDAT), RFC 2920 (several commands at once).
 *
 * Of a command only the first word is read, of a reply its code and the offers of EHLO; the quoted
 * lines are the server's.  Logins and mail are counted by lines and octets and never kept. */
#include "session/dissector.h"
#include "session/reply.h"

enum {
    ASKED_MAX = 128,     /* commands that wait for their reply */
    HELD_OCTETS = 8192,  /* of one side that wait for the other */
    LINES_MAX = 1 << 20, /* of a conversation */
    PASS_MAX = 1 << 30,  /* half of the sequence space is too far */
    UNREAD_CUT = 1,      /* codes of SAID_SMTP_OFFERS_UNREAD */
    UNREAD_LOST = 2,
    CLOSING = 421, /* the only reply that may come unasked */
};

enum asked {
    ASKED_NOTHING,
    ASKED_OTHER, /* NOOP, RSET, HELP, VRFY and what nobody knows */
    ASKED_QUIT,
    ASKED_EHLO,
    ASKED_HELO,
    ASKED_STARTTLS,
    ASKED_AUTH,
    ASKED_MAIL, /* and RCPT, and a chunk that is not the last */
    ASKED_DATA,
    ASKED_MESSAGE, /* the end of DATA, or the last chunk */
};

/* What the client says next. */
enum place {
    AT_COMMAND,
    AT_HELD,  /* nothing before the reply to what it asked */
    AT_LOGIN, /* a line that answers a challenge */
    AT_MESSAGE,
    AT_TLS,
};

struct smtp {
    struct line_reader commands;
    struct reply_reader replies;
    uint8_t at; /* enum place */
    uint8_t n_asked;
    uint8_t answering; /* enum asked, of the reply being read */
    bool greeted, understood, lost, delivered, offered, masked;
    bool cut;       /* the offers of EHLO were not all captured */
    bool reply_cut; /* the reply being read may have ended where nobody saw it */
    bool unsure;    /* there may have been more commands than are counted */
    uint32_t lines;
    uint8_t asked[ASKED_MAX];
};

static const struct bytes nothing = { .at = (const uint8_t *)"" };

/* From here on nobody knows which reply belongs to which command. */
static enum step lose(struct session *s, struct smtp *m)
{
    if (!m->lost)
        session_say(s, SAID_OUT_OF_STEP, 0, nothing);
    if (m->n_asked && m->asked[0] == ASKED_EHLO)
        session_say(s, SAID_SMTP_OFFERS_UNREAD, UNREAD_LOST, nothing);
    m->lost = true;
    return STEP_DONE;
}

/* ---- the client ---- */

static const struct command {
    const char *word;
    enum asked asked;
} commands[] = {
    { "EHLO", ASKED_EHLO },  { "HELO", ASKED_HELO },  { "STARTTLS", ASKED_STARTTLS },
    { "AUTH", ASKED_AUTH },  { "MAIL", ASKED_MAIL },  { "RCPT", ASKED_MAIL },
    { "DATA", ASKED_DATA },  { "QUIT", ASKED_QUIT },  { "NOOP", ASKED_OTHER },
    { "RSET", ASKED_OTHER }, { "HELP", ASKED_OTHER }, { "VRFY", ASKED_OTHER },
    { "EXPN", ASKED_OTHER },
};

static void ask(struct session *s, struct smtp *m, enum asked asked)
{
    if (m->n_asked == ASKED_MAX) {
        lose(s, m);
        return;
    }
    m->asked[m->n_asked++] = (uint8_t)asked;
    if (asked == ASKED_QUIT)
        session_say(s, SAID_GOODBYE, 0, nothing);
    else
        session_say(s, SAID_COMMAND, 0, nothing);
    if (asked >= ASKED_STARTTLS)
        session_say(s, SAID_SMTP_WORK, 0, nothing);
    if (asked == ASKED_STARTTLS || asked == ASKED_AUTH || asked == ASKED_DATA)
        m->at = AT_HELD;
}

/* "BDAT 1000 LAST": the octets of the chunk follow at once. */
static void read_chunk(struct session *s, struct smtp *m, struct bytes line, struct bytes *in)
{
    uint64_t n = 0;

    bytes_skip(&line, 4);
    line_trim(&line);
    if (!line_number(&line, &n) || n > PASS_MAX) {
        lose(s, m);
        return;
    }
    line_trim(&line);
    ask(s, m, line_is(&line, "LAST") ? ASKED_MESSAGE : ASKED_MAIL);
    uint64_t here = bytes_on_wire(in) < n ? bytes_on_wire(in) : n;
    bytes_skip(in, here);
    if (n > here)
        session_pass(s, n - here);
}

static enum step read_command(struct session *s, struct smtp *m, struct bytes line,
                              struct bytes *in)
{
    if (line_is(&line, "BDAT")) {
        read_chunk(s, m, line, in);
        return m->lost ? STEP_DONE : STEP_MORE;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (line_is(&line, commands[i].word)) {
            m->understood = true;
            ask(s, m, commands[i].asked);
            return m->lost ? STEP_DONE : STEP_MORE;
        }
    if (!m->understood)
        return STEP_ALIEN;
    ask(s, m, ASKED_OTHER);
    return m->lost ? STEP_DONE : STEP_MORE;
}

/* Of a command that was cut the first word is there; whether others followed nobody knows.  All
 * have their replies when the client speaks again. */
static void note_cut(struct session *s, struct smtp *m, enum line_step step)
{
    if (m->unsure)
        m->n_asked = 0;
    if (m->reply_cut)
        m->replies.inside = 0;
    m->reply_cut = false;
    m->unsure = step == LINE_CUT;
    if (m->unsure)
        session_say(s, SAID_OUT_OF_STEP, 0, nothing);
}

static enum step read_client_line(struct session *s, struct smtp *m, struct bytes *in)
{
    struct bytes line;
    enum line_step step = line_next(&m->commands, in, &line);

    if (step == LINE_MORE)
        return STEP_MORE;
    if (++m->lines > LINES_MAX)
        return lose(s, m);
    note_cut(s, m, step);
    switch (m->at) {
    case AT_MESSAGE:
        if (line.left == 1 && *line.at == '.') {
            m->at = AT_COMMAND;
            ask(s, m, ASKED_MESSAGE);
        }
        return STEP_MORE;
    case AT_LOGIN:
        m->at = AT_COMMAND;
        ask(s, m, ASKED_AUTH);
        return STEP_MORE;
    default:
        return read_command(s, m, line, in);
    }
}

/* ---- the server ---- */

static enum asked next_asked(struct smtp *m)
{
    if (!m->n_asked)
        return ASKED_NOTHING;
    enum asked asked = (enum asked)m->asked[0];
    memmove(m->asked, m->asked + 1, --m->n_asked);
    return asked;
}

/* The first reply is the greeting, unless the conversation began before the capture. */
static bool is_greeting(const struct smtp *m, uint16_t code)
{
    return !m->greeted && (code == 220 || (!m->n_asked && code >= 400));
}

/* "Must issue a STARTTLS command first", or the like. */
static bool names_tls(struct bytes line)
{
    for (; line.left; bytes_skip(&line, 1))
        if (line_begins(&line, "tls") || line_begins(&line, "must issue"))
            return true;
    return false;
}

/* RFC 3207 section 4: 530 asks for TLS; RFC 4954 section 6: it asks for a login.  The words tell.
 */
static enum said refusal(enum asked asked, uint16_t code, struct bytes line)
{
    if (code == CLOSING)
        return SAID_SMTP_REFUSED;
    if ((code == 530 && names_tls(line)) || (code == 538 && asked == ASKED_AUTH))
        return SAID_SMTP_TLS_WANTED;
    switch (asked) {
    case ASKED_EHLO:
        return SAID_SMTP_EHLO_REFUSED;
    case ASKED_STARTTLS:
        return SAID_SMTP_TLS_REFUSED;
    case ASKED_AUTH:
        return SAID_SMTP_LOGIN_REFUSED;
    case ASKED_HELO:
    case ASKED_MAIL:
    case ASKED_DATA:
    case ASKED_MESSAGE:
        return SAID_SMTP_REFUSED;
    default:
        return SAID_NOTHING;
    }
}

static void read_success(struct session *s, struct smtp *m, struct reply *reply)
{
    switch (m->answering) {
    case ASKED_HELO:
        session_say(s, SAID_SMTP_HELO, 0, nothing);
        break;
    case ASKED_STARTTLS:
        session_say(s, SAID_TLS_AGREED, 0, nothing);
        m->at = AT_TLS;
        break;
    case ASKED_AUTH:
        if (reply->code / 100 == 3)
            m->at = AT_LOGIN;
        else
            session_say(s, SAID_SMTP_LOGGED_IN, 0, nothing);
        break;
    case ASKED_DATA:
        m->at = reply->code / 100 == 3 ? AT_MESSAGE : AT_COMMAND;
        break;
    case ASKED_MESSAGE:
        m->delivered = true;
        session_say(s, SAID_SMTP_DELIVERED, 0, nothing);
        break;
    default:
        break;
    }
}

/* What a reply says stands in its first line. */
static void read_first(struct session *s, struct smtp *m, struct reply *reply)
{
    bool greeting = is_greeting(m, reply->code);

    m->greeted = m->understood = true;
    m->offered = m->masked = m->cut = false;
    if (!m->n_asked && m->at == AT_MESSAGE) { /* its end was cut off */
        m->asked[m->n_asked++] = ASKED_MESSAGE;
        m->at = AT_COMMAND;
    }
    m->answering = (uint8_t)(greeting ? ASKED_NOTHING : next_asked(m));
    if (m->answering > ASKED_QUIT || m->answering == ASKED_OTHER)
        session_say(s, SAID_REPLY, 0, nothing);
    if (m->at == AT_HELD && m->answering >= ASKED_STARTTLS)
        m->at = AT_COMMAND;
    if (reply->code < 400) {
        read_success(s, m, reply);
        return;
    }
    enum said said = greeting || m->answering
                         ? refusal((enum asked)m->answering, reply->code, reply->line)
                         : SAID_NOTHING;
    if (greeting || (reply->code == CLOSING && !m->delivered))
        said = SAID_SMTP_REFUSED;
    if (said && m->answering != ASKED_QUIT)
        session_say(s, said, reply->code, reply->line);
}

/* RFC 5321 section 4.1.1.1: a keyword in each line of the reply to EHLO but the first. Firewalls
 * that hide an offer overwrite its letters with X, for the length of the packet must stay. */
static void read_offer(struct session *s, struct smtp *m, const struct reply *reply)
{
    struct bytes offer = reply->line;

    bytes_skip(&offer, 4);
    if (!reply->first) {
        m->offered |= line_is(&offer, "STARTTLS");
        m->masked |= line_is(&offer, "XXXXXXXA") || line_is(&offer, "XXXXXXXX");
    }
    if (reply->last && !m->offered && !m->cut)
        session_say(s, SAID_SMTP_NO_TLS, m->masked, reply->line);
}

static enum step read_reply(struct session *s, struct smtp *m, struct bytes *in)
{
    struct reply reply;
    struct bytes before = *in;
    enum reply_step step = reply_next(&m->replies, in, &reply);
    bool first = reply.first && reply.code;

    if (step == REPLY_MORE)
        return STEP_MORE;
    if (step == REPLY_NONE)
        return m->understood ? lose(s, m) : STEP_ALIEN;
    if (first && !m->n_asked && !is_greeting(m, reply.code) && !s->ending && !in->clipped &&
        before.left < HELD_OCTETS) { /* it may have been captured ahead of its command */
        *in = before;
        m->replies = (struct reply_reader){ .inside = 0 };
        return STEP_MORE;
    }
    if (++m->lines > LINES_MAX || !reply.code)
        return lose(s, m);
    if (first)
        read_first(s, m, &reply);
    m->reply_cut |= step == REPLY_CUT && m->replies.inside;
    if (m->answering != ASKED_EHLO || reply.code != 250)
        return STEP_MORE;
    if (step == REPLY_CUT && !m->offered)
        session_say(s, SAID_SMTP_OFFERS_UNREAD, UNREAD_CUT, nothing);
    m->cut |= step == REPLY_CUT;
    read_offer(s, m, &reply);
    return STEP_MORE;
}

/* Once TLS is agreed: may more octets make this a hello?  The session takes over when they do. */
static enum step read_tls(const struct session *s, enum side from, const struct bytes *in)
{
    int tls = from == CLIENT ? tls_looks_like_client(in) : tls_looks_like_server(in);
    return tls < 0 && !in->clipped && !s->ending ? STEP_MORE : STEP_DONE;
}

static enum step smtp_feed(struct session *s, void *state, enum side from, struct bytes *in)
{
    struct smtp *m = state;

    if (m->lost || !flow_is_tcp(s->flow))
        return m->understood ? STEP_DONE : STEP_ALIEN;
    if (m->at == AT_TLS && !m->replies.inside)
        return read_tls(s, from, in);
    if (s->adopted) /* by its EHLO: the greeting was passed */
        m->greeted = true;
    if (from == SERVER)
        return read_reply(s, m, in);
    if (m->at != AT_HELD)
        return read_client_line(s, m, in);
    return in->left < HELD_OCTETS && !in->clipped && !s->ending ? STEP_MORE : lose(s, m);
}

static void smtp_gap(struct session *s, void *state, enum side from, uint64_t missing)
{
    (void)from;
    (void)missing;
    lose(s, state);
}

const struct dissector smtp_dissector = {
    .name = "smtp",
    .ports = (const uint16_t[]){ 25, 587, 0 },
    .server_first = true,
    .state_size = sizeof(struct smtp),
    .feed = smtp_feed,
    .gap = smtp_gap,
};
