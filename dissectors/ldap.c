/* ldap.c - directory on 389, up to where TLS or a security layer begins, and on 636 behind TLS.
 * RFC 4511 sections 4.1.9 (result), 4.2 (bind), 4.4.1 (notice of disconnection), 4.14 (StartTLS)
 * and 5.1 (its subset of BER).
 *
 * Of a message the start is read: its number, what it asks, and of an answer the result.  Names,
 * passwords and what the directory holds are passed over unread; of the server's own words only the
 * number that Windows puts there is kept. */
#include "session/dissector.h"

#include <ctype.h>
#include <stdio.h>

enum {
    LOOK = 1024,            /* octets of a message that are looked at */
    MESSAGE_MAX = 64 << 20, /* no message is as long as that */
    EXCHANGES_MAX = 4096,
    FOREIGN = 16, /* characters of a number in the server's words */

    SEQUENCE = 0x30,
    INTEGER = 0x02,
    ENUMERATED = 0x0a,
    OCTETS = 0x04,
    REQUEST_NAME = 0x80,
    RESPONSE_NAME = 0x8a,

    BIND_REQUEST = 0x60,
    BIND_RESPONSE = 0x61,
    EXTENDED_REQUEST = 0x77,
    EXTENDED_RESPONSE = 0x78,

    SUCCESS = 0,
    REFERRAL = 10,
    SASL_BIND_IN_PROGRESS = 14,
    INVALID_CREDENTIALS = 49,
};

static const char starttls_name[] = "1.3.6.1.4.1.1466.20037";
static const char notice_name[] = "1.3.6.1.4.1.1466.20036";

static const struct bytes nothing = { .at = (const uint8_t *)"" };

struct ldap {
    bool known[SIDES], lost[SIDES];    /* messages were understood; the next start is not known */
    bool binding, upgrading, upgraded; /* a bind or StartTLS waits for its answer; TLS is agreed */
    bool early;                        /* an extended answer came ahead of its request */
    uint32_t upgrade_id, early_id;
    uint16_t early_result, exchanges;
};

struct message {
    uint32_t id;
    uint8_t operation;   /* the tag */
    struct bytes inside; /* of the operation */
};

/* ---- BER as LDAP uses it ---- */

/* Definite, in at most four octets; anything else is longer than every message. */
static uint64_t read_length(struct bytes *b)
{
    uint8_t first = bytes_u8(b);

    if (first < 0x80)
        return first;
    return first == 0x80 || first > 0x84 ? UINT64_MAX : bytes_uint(b, first & 0x7f);
}

/* The value of the element that comes next, if it has this tag; a window at fault if not. */
static struct bytes read_element(struct bytes *b, uint8_t tag)
{
    if (bytes_u8(b) != tag && bytes_ok(b))
        b->fault = BYTES_SHORT;
    return bytes_take(b, read_length(b));
}

static bool is_operation(enum side from, uint8_t tag)
{
    static const uint8_t asked[] = { BIND_REQUEST, 0x42, 0x63, 0x66, 0x68, 0x4a,
                                     0x6c,         0x6e, 0x50, 0x77, 0 };
    static const uint8_t answered[] = { BIND_RESPONSE, 0x64, 0x65, 0x73, 0x67, 0x69,
                                        0x6b,          0x6d, 0x6f, 0x78, 0x79, 0 };
    return tag && strchr((const char *)(from == CLIENT ? asked : answered), tag);
}

enum start { START_NONE, START_SHORT, START_MESSAGE };

/* Does a message begin here?  *size is that of the whole message. */
static enum start find_message(const struct bytes *in, enum side from, struct message *message,
                               uint64_t *size)
{
    struct bytes b = *in;

    if (bytes_u8(&b) != SEQUENCE && bytes_ok(&b))
        return START_NONE;
    uint64_t length = read_length(&b);
    *size = bytes_on_wire(in) - bytes_on_wire(&b) + length;
    if (bytes_ok(&b) && (length > MESSAGE_MAX || length < 5))
        return START_NONE;
    if (bytes_u8(&b) != INTEGER && bytes_ok(&b))
        return START_NONE;
    uint8_t width = bytes_u8(&b);
    if (bytes_ok(&b) && (width < 1 || width > 4 || length < 4u + width))
        return START_NONE;
    message->id = (uint32_t)bytes_uint(&b, width);
    message->operation = bytes_u8(&b);
    if (bytes_ok(&b) && !is_operation(from, message->operation))
        return START_NONE;
    return bytes_ok(&b) ? START_MESSAGE : START_SHORT;
}

/* ---- what an answer says ---- */

static const char *result_name(uint16_t result)
{
    static const struct {
        uint16_t result;
        const char *name;
    } names[] = {
        { 1, "operationsError" },
        { 2, "protocolError" },
        { 3, "timeLimitExceeded" },
        { 7, "authMethodNotSupported" },
        { 8, "strongerAuthRequired" },
        { 11, "adminLimitExceeded" },
        { 12, "unavailableCriticalExtension" },
        { 13, "confidentialityRequired" },
        { 32, "noSuchObject" },
        { 34, "invalidDNSyntax" },
        { 48, "inappropriateAuthentication" },
        { 49, "invalidCredentials" },
        { 50, "insufficientAccessRights" },
        { 51, "busy" },
        { 52, "unavailable" },
        { 53, "unwillingToPerform" },
        { 80, "other" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].result == result)
            return names[i].name;
    return "result";
}

/* "... AcceptSecurityContext error, data 52e, v4563": the Windows error, in hexadecimal; 0 when
 * there is none. */
static uint16_t windows_error(struct bytes words)
{
    static const char mark[] = ", data ";
    enum { MARK = sizeof mark - 1, DIGITS = 4 };

    for (size_t i = 0; i + MARK < words.left; i++) {
        if (memcmp(words.at + i, mark, MARK) != 0)
            continue;
        uint16_t error = 0;
        size_t k = i + MARK;
        for (; k < words.left && k < i + MARK + DIGITS && isxdigit(words.at[k]); k++)
            error = (uint16_t)(error << 4 |
                               (uint16_t)(isdigit(words.at[k]) ? words.at[k] - '0'
                                                               : (words.at[k] | 0x20) - 'a' + 10));
        return k < words.left && isxdigit(words.at[k]) ? 0 : error;
    }
    return 0;
}

/* The result in the words of the RFC: what a server writes beside it may name people. */
static void say_result(struct session *s, enum said said, uint16_t result, const char *how,
                       uint16_t error)
{
    char text[TALK_TEXT], number[FOREIGN] = "";

    if (error)
        snprintf(number, sizeof number, ", data %x", error);
    int n = snprintf(text, sizeof text, "%s%s (%u)%s", how, result_name(result), result, number);
    session_say(s, said, result, bytes_whole(text, n > 0 ? (size_t)n : 0));
}

static void answer_bind(struct session *s, struct ldap *l, uint16_t result, struct bytes words)
{
    uint16_t error = result == INVALID_CREDENTIALS ? windows_error(words) : 0;

    l->binding = false;
    if (result == SUCCESS)
        session_say(s, SAID_LDAP_BOUND, 0, nothing);
    else if (result == SASL_BIND_IN_PROGRESS || result == REFERRAL)
        session_say(s, SAID_LDAP_BIND_GOES_ON, result, nothing);
    else
        say_result(s, SAID_LDAP_BIND_REFUSED, result, "", error);
    if (error)
        session_say(s, SAID_LDAP_WINDOWS_ERROR, error, nothing);
}

/* Whatever answers the login was not read. */
static void miss_answer(struct session *s, struct ldap *l)
{
    if (l->binding)
        session_say(s, SAID_LDAP_BIND_GOES_ON, 0, nothing);
    l->binding = false;
}

static void answer_upgrade(struct session *s, struct ldap *l, uint16_t result)
{
    l->upgrading = false;
    l->upgraded = result == SUCCESS;
    if (l->upgraded)
        session_say(s, SAID_LDAP_STARTTLS_ACCEPTED, 0, nothing);
    else
        say_result(s, SAID_LDAP_STARTTLS_REFUSED, result, "", 0);
}

/* The server says why it leaves; what waited for an answer has none but this. */
static void read_notice(struct session *s, struct ldap *l, uint16_t result)
{
    static const char how[] = "notice of disconnection: ";

    say_result(s, SAID_LDAP_NOTICE, result, how, 0);
    if (l->binding)
        say_result(s, SAID_LDAP_BIND_REFUSED, result, how, 0);
    else if (l->upgrading)
        say_result(s, SAID_LDAP_STARTTLS_REFUSED, result, how, 0);
    l->binding = l->upgrading = false;
}

/* Of a name that the capture cut, that much must be there: it tells the family, and in requests and
 * notices there is one of it. */
static bool is_name(const struct bytes *b, const char *name)
{
    enum { FAMILY = sizeof "1.3.6.1.4.1.1466.2003" - 1 };

    return bytes_on_wire(b) == strlen(name) && (!b->clipped || b->left >= FAMILY) &&
           memcmp(b->at, name, b->left) == 0;
}

/* The name behind the result, past the optional referral (section 4.12); empty without one. */
static struct bytes response_name(struct bytes b)
{
    enum { REFERRALS = 0xa3 };

    if (bytes_peek(&b, 0) == REFERRALS)
        read_element(&b, REFERRALS);
    if (bytes_peek(&b, 0) == RESPONSE_NAME)
        return read_element(&b, RESPONSE_NAME);
    return nothing;
}

static void read_extended(struct session *s, struct ldap *l, const struct message *m,
                          uint16_t result, struct bytes behind)
{
    struct bytes name = response_name(behind);

    if (!m->id) {
        if (!name.left || is_name(&name, notice_name)) /* no other is defined; it may be cut off */
            read_notice(s, l, result);
    } else if ((!name.clipped && is_name(&name, starttls_name)) ||
               (l->upgrading && m->id == l->upgrade_id)) {
        answer_upgrade(s, l, result);
    } else {
        l->early = true;
        l->early_id = m->id;
        l->early_result = result;
    }
}

static void read_answer(struct session *s, struct ldap *l, struct message *m)
{
    struct bytes b = m->inside;

    if (m->operation != BIND_RESPONSE && m->operation != EXTENDED_RESPONSE)
        return;
    struct bytes number = read_element(&b, ENUMERATED);
    size_t width = bytes_on_wire(&number);
    uint16_t result = width == 1 || width == 2 ? (uint16_t)bytes_uint(&number, width) : 0xffff;
    if (!bytes_ok(&b) || !bytes_ok(&number)) {
        miss_answer(s, l);
        return;
    }
    read_element(&b, OCTETS); /* the part of the name that was found */
    struct bytes words = read_element(&b, OCTETS);
    if (m->operation == BIND_RESPONSE)
        answer_bind(s, l, result, words);
    else
        read_extended(s, l, m, result, b);
}

static void read_request(struct session *s, struct ldap *l, struct message *m)
{
    struct bytes b = m->inside;

    if (m->operation == BIND_REQUEST) {
        l->binding = true;
        session_say(s, SAID_LDAP_BIND, 0, nothing);
        return;
    }
    session_say(s, SAID_LDAP_REQUEST, 0, nothing);
    if (m->operation != EXTENDED_REQUEST)
        return;
    struct bytes name = read_element(&b, REQUEST_NAME);
    if (!is_name(&name, starttls_name) || l->upgraded)
        return;
    session_say(s, SAID_LDAP_STARTTLS, 0, nothing);
    l->upgrading = true;
    l->upgrade_id = m->id;
    if (l->early && l->early_id == m->id)
        answer_upgrade(s, l, l->early_result);
}

/* ---- one message ---- */

static enum step read_message(struct session *s, struct ldap *l, enum side from,
                              struct message *message, struct bytes whole)
{
    struct bytes inside = read_element(&whole, SEQUENCE);

    if (s->tls)
        session_say(s, SAID_LDAP_LEFT_TLS, 0, nothing);
    read_element(&inside, INTEGER);
    message->inside = read_element(&inside, message->operation);
    if (from == CLIENT)
        read_request(s, l, message);
    else
        read_answer(s, l, message);
    l->known[from] = true;
    if (++l->exchanges < EXCHANGES_MAX)
        return STEP_MORE;
    miss_answer(s, l);
    return STEP_DONE;
}

/* From here on nothing of this side is understood, until a segment begins with a message. */
static void lose(struct session *s, struct ldap *l, enum side from)
{
    l->lost[from] = true;
    if (from == SERVER)
        miss_answer(s, l);
}

static enum step pass_unread(struct bytes *in)
{
    bytes_skip(in, bytes_on_wire(in));
    return STEP_MORE;
}

/* No message: behind a loss, or not LDAP, or no more of it (a security layer of SASL). */
static enum step pass_alien(struct session *s, struct ldap *l, enum side from, struct bytes *in)
{
    if (l->lost[from])
        return pass_unread(in);
    miss_answer(s, l);
    return l->known[CLIENT] || l->known[SERVER] ? STEP_DONE : STEP_ALIEN;
}

/* Once TLS is agreed: may more octets make this a hello?  The session takes over when they do. */
static bool begins_tls(const struct ldap *l, enum side from, const struct bytes *in)
{
    return l->upgraded &&
           (from == CLIENT ? tls_looks_like_client(in) : tls_looks_like_server(in)) != 0;
}

static enum step ldap_feed(struct session *s, void *state, enum side from, struct bytes *in)
{
    struct ldap *l = state;
    struct message message = { .id = 0 };
    uint64_t size = 0;

    if (!flow_is_tcp(s->flow))
        return STEP_ALIEN;
    bool whole = in->clipped || s->ending; /* as whole as it will be */
    if (!whole && begins_tls(l, from, in))
        return STEP_MORE;
    enum start start = find_message(in, from, &message, &size);
    if (start == START_NONE)
        return pass_alien(s, l, from, in);
    if (start == START_SHORT) {
        if (in->clipped) {
            lose(s, l, from);
            return pass_unread(in);
        }
        return STEP_MORE;
    }
    uint64_t here = bytes_on_wire(in) < size ? bytes_on_wire(in) : size;
    if (here < size && here < LOOK && !whole)
        return STEP_MORE;
    l->lost[from] = false;
    struct bytes octets = bytes_take(in, here);
    octets.clipped += (size_t)(size - here);
    if (size > here)
        session_pass(s, size - here);
    return read_message(s, l, from, &message, octets);
}

static void ldap_gap(struct session *s, void *state, enum side from, uint64_t missing)
{
    (void)missing;
    lose(s, state, from);
}

const struct dissector ldap_dissector = {
    .name = "ldap",
    .ports = (const uint16_t[]){ 389, 636, 0 },
    .state_size = sizeof(struct ldap),
    .feed = ldap_feed,
    .gap = ldap_gap,
};
