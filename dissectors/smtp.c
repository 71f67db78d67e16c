/* smtp.c - mail relay and submission, up to where TLS begins.  RFC 5321 sections 3 and 4, RFC 3207
 * (STARTTLS), RFC 4954 (AUTH), RFC 3030 section 2 (BDAT), RFC 2920 (several commands at once).
 *
 * Of a command only the first word is read, of a reply its code and the offers of EHLO; the quoted
 * lines are the server's.  Logins and mail are counted by lines and octets and never kept. */
#include "session/turns.h"

enum {
    PASS_MAX = 1 << 30, /* half of the sequence space is too far */
    UNREAD_CUT = 1,     /* codes of SAID_SMTP_OFFERS_UNREAD */
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
    struct turns turns;
    uint8_t at;        /* enum place */
    uint8_t answering; /* enum asked, of the reply being read */
    bool understood, delivered, offered, masked;
    bool cut; /* the offers of EHLO were not all captured */
};

static const struct bytes nothing = { .at = (const uint8_t *)"" };

/* From here on nobody knows which reply belongs to which command. */
static enum step lose(struct session *s, struct smtp *m)
{
    turns_lose(s, &m->turns);
    if (m->turns.n && m->turns.asked[0] == ASKED_EHLO)
        session_say(s, SAID_SMTP_OFFERS_UNREAD, UNREAD_LOST, nothing);
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
    turns_ask(s, &m->turns, (uint8_t)asked);
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
        return m->turns.lost ? STEP_DONE : STEP_MORE;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (line_is(&line, commands[i].word)) {
            m->understood = true;
            ask(s, m, commands[i].asked);
            return m->turns.lost ? STEP_DONE : STEP_MORE;
        }
    if (!m->understood)
        return STEP_ALIEN;
    ask(s, m, ASKED_OTHER);
    return m->turns.lost ? STEP_DONE : STEP_MORE;
}

static enum step read_client_line(struct session *s, struct smtp *m, struct bytes *in)
{
    struct bytes line;
    enum turn_step step = turns_command(s, &m->turns, in, &line);

    if (step != TURN_LINE)
        return step == TURN_MORE ? STEP_MORE : STEP_DONE;
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
    bool greeting = turns_is_greeting(&m->turns, reply->code);

    m->turns.greeted = m->understood = true;
    m->offered = m->masked = m->cut = false;
    if (!m->turns.n && m->at == AT_MESSAGE) { /* its end was cut off */
        turns_ask(s, &m->turns, ASKED_MESSAGE);
        m->at = AT_COMMAND;
    }
    m->answering = (uint8_t)(greeting ? ASKED_NOTHING : turns_next(&m->turns));
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
    bool cut = false;
    enum turn_step step = turns_reply(s, &m->turns, in, &reply, &cut);

    if (step == TURN_MORE)
        return STEP_MORE;
    if (step == TURN_ALIEN && !m->understood)
        return STEP_ALIEN;
    if (step != TURN_LINE)
        return lose(s, m);
    if (reply.first)
        read_first(s, m, &reply);
    if (m->answering != ASKED_EHLO || reply.code != 250)
        return STEP_MORE;
    if (cut && !m->offered)
        session_say(s, SAID_SMTP_OFFERS_UNREAD, UNREAD_CUT, nothing);
    m->cut |= cut;
    read_offer(s, m, &reply);
    return STEP_MORE;
}

static enum step smtp_feed(struct session *s, void *state, enum side from, struct bytes *in)
{
    struct smtp *m = state;

    if (m->turns.lost || !flow_is_tcp(s->flow))
        return m->understood ? STEP_DONE : STEP_ALIEN;
    if (m->at == AT_TLS && !m->turns.replies.inside)
        return turns_await_tls(s, from, in);
    if (s->adopted) /* by its EHLO: the greeting was passed */
        m->turns.greeted = true;
    if (from == SERVER)
        return read_reply(s, m, in);
    if (m->at != AT_HELD)
        return read_client_line(s, m, in);
    return in->left < TURNS_HELD && !in->clipped && !s->ending ? STEP_MORE : lose(s, m);
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
