/* dns.c - questions and answers over UDP and TCP.  RFC 1035 section 4, RFC 3596, RFC 7766.
 *
 * Reads the question and the addresses at the end of the CNAME chain of the answer; nothing else.
 * Compression pointers may only go backwards and only so many times. */
#include "base/text.h"
#include "session/dissector.h"

#include <string.h>

enum {
    QR = 0x8000,
    OPCODE = 0x7800,
    TC = 0x0200,
    RCODE = 0x000f,
    OPT = 41, /* RFC 6891 section 6.1.3: the upper octet of the response code is there */
    CLASS_IN = 1,
    POINTERS_MAX = 32,
    RECORDS_MAX = 256,
    TCP_MESSAGE_MAX = 32 * 1024, /* larger ones are passed over */
};

static void add_label(struct text *out, struct bytes label)
{
    char lower[64];
    size_t n = label.left < sizeof lower ? label.left : sizeof lower - 1;

    if (out->n)
        text_add(out, ".");
    for (size_t i = 0; i < n; i++) {
        uint8_t c = label.at[i];
        lower[i] = (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c == '.' ? '_' : c);
    }
    text_foreign(out, lower, n);
}

/* RFC 1035 section 4.1.4.  Advances `at` behind the name; false when the name is broken. */
static bool read_name(struct bytes message, struct bytes *at, char *name)
{
    struct text out = text_of(name, DNS_NAME_TEXT);
    struct bytes b = *at;
    bool jumped = false;
    size_t lowest = bytes_on_wire(&message) - bytes_on_wire(at);

    for (int pointers = 0; pointers <= POINTERS_MAX;) {
        uint8_t length = bytes_u8(&b);
        if ((length & 0xc0) == 0xc0) {
            size_t offset = (size_t)(length & 0x3f) << 8 | bytes_u8(&b);
            if (!jumped)
                *at = b;
            jumped = true;
            if (!bytes_ok(&b) || offset >= lowest)
                return false;
            lowest = offset;
            b = message;
            bytes_skip(&b, offset);
            pointers++;
            continue;
        }
        if (length & 0xc0 || !bytes_ok(&b))
            return false;
        if (length == 0) {
            if (!jumped)
                *at = b;
            return true;
        }
        struct bytes label = bytes_take(&b, length);
        if (!bytes_ok(&b) || label.clipped)
            return false;
        add_label(&out, label);
    }
    return false;
}

static void add_address(struct dns_message *m, uint16_t type, struct bytes data)
{
    struct address *out = m->n_answers < LOOKUP_ANSWERS ? &m->answer[m->n_answers] : NULL;

    if (type == DNS_A ? data.left != 4 : data.left != 16)
        return;
    m->n_answers_all++;
    if (!out)
        return;
    if (type == DNS_A)
        *out = address_v4(data.at);
    else
        memcpy(out->octet, data.at, 16);
    m->n_answers++;
}

/* Answers whether all of them could be read; moves `b` behind them. */
static bool read_answers(struct bytes message, struct bytes *b, unsigned n, struct dns_message *m)
{
    char owner[DNS_NAME_TEXT];

    for (unsigned i = 0; i < n && i < RECORDS_MAX; i++) {
        if (!read_name(message, b, owner))
            return false;
        uint16_t type = bytes_u16(b);
        uint16_t class = bytes_u16(b);
        bytes_skip(b, 4); /* TTL */
        struct bytes start = *b;
        struct bytes data = bytes_vector(b, 2);
        if (!bytes_ok(b) || data.clipped)
            return false;
        if (class != CLASS_IN)
            continue;
        if (type == DNS_CNAME) {
            bytes_skip(&start, 2);
            (void)read_name(message, &start, m->canonical);
        } else if (type == DNS_A || type == DNS_AAAA) {
            add_address(m, type, data);
        } else if (type == DNS_PTR && m->type == DNS_PTR) {
            m->n_answers_all++;
        }
    }
    return true;
}

/* The records behind the answers, of which only the response code counts. */
static void read_extended(struct bytes message, struct bytes b, unsigned n, struct dns_message *m)
{
    char owner[DNS_NAME_TEXT];

    for (unsigned i = 0; i < n && i < RECORDS_MAX; i++) {
        if (!read_name(message, &b, owner))
            return;
        uint16_t type = bytes_u16(&b);
        bytes_skip(&b, 2); /* class: here the size of the sender's buffer */
        uint8_t upper = bytes_u8(&b);
        bytes_skip(&b, 3);
        (void)bytes_vector(&b, 2);
        if (!bytes_ok(&b))
            return;
        if (type == OPT)
            m->rcode = (uint16_t)(upper << 4 | (m->rcode & RCODE));
    }
}

/* One whole message; false when it is no DNS that we follow. */
static bool read_message(struct bytes in, struct dns_message *m)
{
    struct bytes b = in;

    m->id = bytes_u16(&b);
    uint16_t flags = bytes_u16(&b);
    uint16_t questions = bytes_u16(&b);
    uint16_t answers = bytes_u16(&b);
    unsigned further = bytes_u16(&b);
    further += bytes_u16(&b);
    if (!bytes_ok(&b) || flags & OPCODE || questions != 1 || !read_name(in, &b, m->name))
        return false;
    m->type = bytes_u16(&b);
    uint16_t class = bytes_u16(&b);
    m->reply = flags & QR;
    m->truncated = flags & TC;
    m->rcode = flags & RCODE;
    if (!bytes_ok(&b) || class != CLASS_IN)
        return false;
    if (!m->reply)
        return true;
    m->cut = !read_answers(in, &b, answers, m);
    if (!m->cut)
        read_extended(in, b, further, m);
    return true;
}

static void tell(struct session *s, enum side from, struct bytes message)
{
    const struct flow *flow = s->flow;
    struct tls_stamp now = session_now(s);
    struct dns_message m = { .frame = now.frame, .time_ns = now.time_ns, .tcp = flow_is_tcp(flow) };

    if (!read_message(message, &m))
        return;
    enum side asker = m.reply ? side_other(from) : from;
    enum side asked = side_other(asker);
    m.client = flow->address[asker];
    m.server = flow->address[asked];
    m.client_port = flow->port[asker];
    m.server_port = flow->port[asked];
    session_dns(s, &m);
}

static enum step dns_feed(struct session *s, void *state, enum side from, struct bytes *in)
{
    (void)state;
    if (!flow_is_tcp(s->flow)) {
        tell(s, from, *in);
        bytes_skip(in, bytes_on_wire(in));
        return STEP_MORE;
    }
    struct bytes b = *in;
    uint16_t length = bytes_u16(&b);
    if (bytes_ok(&b) && length > TCP_MESSAGE_MAX)
        return STEP_DONE;
    struct bytes message = bytes_take(&b, length);
    if (!bytes_ok(&b))
        return STEP_MORE;
    tell(s, from, message);
    *in = b;
    return STEP_MORE;
}

const struct dissector dns_dissector = {
    .name = "dns",
    .ports = (const uint16_t[]){ 53, 0 },
    .feed = dns_feed,
};
