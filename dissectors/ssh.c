/* ssh.c - secure shell, as long as it is in clear: the versions and the lists of algorithms.
 * RFC 4253 sections 4.2 (versions), 6 (packets), 7.1 (lists); RFC 5647 section 5.1 and OpenSSH
 * (ciphers that bring their own integrity need no common one).
 *
 * The server's lines and the names of algorithms are quoted; from the first NEWKEYS of a side on
 * nothing of it is read. */
#include "session/dissector.h"
#include "session/line.h"

enum {
    LISTS = 8,            /* of KEXINIT, without the two of languages */
    LINES_MAX = 64,       /* of a server before its version */
    NAME_MAX_OCTETS = 64, /* RFC 4251 section 6 */
    NAMES_MAX = 256,      /* of one list */
    KEXINIT_MAX = 16 * 1024,
    PACKET_MAX = 256 * 1024, /* RFC 4253 section 6.1 asks for 35000 at least */
    PACKETS_MAX = 64,        /* of one side before its keys */
    COOKIE = 16,
};

enum { DISCONNECT = 1, IGNORE = 2, KEXINIT = 20, NEWKEYS = 21, EXCHANGE = 30, EXCHANGE_END = 49 };

enum list {
    KEX,
    HOST_KEY,
    CIPHER_OUT,
    CIPHER_IN,
    MAC_OUT,
    MAC_IN,
    COMPRESSION_OUT,
    COMPRESSION_IN
};

enum place { AT_VERSION, AT_PACKETS, AT_SEALED };

/* The lists of one side, in an arena. */
struct offers {
    struct bytes list[LISTS];
    bool whole[LISTS];
};

struct ssh {
    struct line_reader lines[SIDES];
    struct offers *offers[SIDES];
    uint8_t at[SIDES]; /* enum place */
    bool guessed;      /* the client's next packet of the exchange came before it knew the lists */
    uint16_t count[SIDES];
};

static const struct bytes nothing = { .at = (const uint8_t *)"" };

/* What follows of this side cannot be read. */
static void lose(struct session *s, struct ssh *h, enum side from, uint16_t why)
{
    if (h->at[from] != AT_SEALED)
        session_say(s, SAID_SSH_UNREAD, why, nothing);
    session_say(s, SAID_OUT_OF_STEP, 0, nothing);
    h->at[from] = AT_SEALED;
}

enum { WHY_CUT = 1, WHY_LOST = 2 };

/* ---- lists of names ---- */

static struct bytes next_name(struct bytes *list)
{
    const uint8_t *comma = list->left ? memchr(list->at, ',', list->left) : NULL;
    struct bytes name = bytes_take(list, comma ? (uint64_t)(comma - list->at) : list->left);

    bytes_skip(list, comma != NULL);
    return name;
}

static bool has_name(struct bytes list, const struct bytes *name)
{
    for (int i = 0; i < NAMES_MAX && list.left; i++) {
        struct bytes other = next_name(&list);
        if (other.left == name->left && memcmp(other.at, name->at, name->left) == 0)
            return true;
    }
    return false;
}

/* RFC 4253 section 7.1: the first of the client's that the server has too; empty = none. */
static struct bytes common_name(struct bytes client, struct bytes server)
{
    for (int i = 0; i < NAMES_MAX && client.left; i++) {
        struct bytes name = next_name(&client);
        if (name.left && name.left <= NAME_MAX_OCTETS && has_name(server, &name))
            return name;
    }
    return nothing;
}

static bool ends_with(const struct bytes *name, const char *end)
{
    size_t n = strlen(end);
    return name->left >= n && memcmp(name->at + name->left - n, end, n) == 0;
}

static bool brings_integrity(const struct bytes *cipher)
{
    return ends_with(cipher, "-gcm@openssh.com") || ends_with(cipher, "-poly1305@openssh.com") ||
           ends_with(cipher, "-poly1305") || bytes_begin_with(cipher, "AEAD_");
}

static bool is_needed(const struct ssh *h, enum list list)
{
    if (list != MAC_OUT && list != MAC_IN)
        return true;
    enum list cipher = list == MAC_OUT ? CIPHER_OUT : CIPHER_IN;
    struct bytes chosen =
        common_name(h->offers[CLIENT]->list[cipher], h->offers[SERVER]->list[cipher]);
    return !brings_integrity(&chosen);
}

static void say_disjoint(struct session *s, const struct ssh *h, enum list list)
{
    uint16_t code = (uint16_t)(list + 1);

    session_say(s, SAID_SSH_NO_COMMON, code, nothing);
    session_say(s, SAID_SSH_CLIENT_NAMES, code, h->offers[CLIENT]->list[list]);
    session_say(s, SAID_SSH_SERVER_NAMES, code, h->offers[SERVER]->list[list]);
}

static void compare(struct session *s, const struct ssh *h)
{
    const struct offers *client = h->offers[CLIENT], *server = h->offers[SERVER];

    for (int list = 0; client && server && list < LISTS; list++) {
        if (!client->whole[list] || !server->whole[list]) {
            session_say(s, SAID_SSH_UNREAD, WHY_CUT, nothing);
            return;
        }
        if (is_needed(h, (enum list)list) &&
            !common_name(client->list[list], server->list[list]).left) {
            say_disjoint(s, h, (enum list)list);
            return;
        }
    }
}

/* ---- packets ---- */

static void keep_offers(struct session *s, struct ssh *h, enum side from, struct bytes b)
{
    struct offers *offers = arena_zalloc(&s->flow->arena, s->world->pool, sizeof *offers + b.left);

    session_say(s, from == CLIENT ? SAID_SSH_CLIENT_KEXINIT : SAID_SSH_SERVER_KEXINIT, 0, nothing);
    if (!offers) {
        s->flow->flags |= FLOW_NO_MEMORY;
        lose(s, h, from, WHY_LOST);
        return;
    }
    memcpy(offers + 1, b.at, b.left);
    b = bytes_of(offers + 1, b.left, bytes_on_wire(&b));
    bytes_skip(&b, COOKIE);
    for (int list = 0; list < LISTS; list++) {
        struct bytes names = bytes_vector(&b, 4);
        offers->whole[list] = bytes_ok(&b) && !names.clipped;
        offers->list[list] = offers->whole[list] ? names : nothing;
    }
    bytes_vector(&b, 4); /* languages */
    bytes_vector(&b, 4);
    h->guessed |= from == CLIENT && (bytes_u8(&b) || !bytes_ok(&b)); /* RFC 4253 section 7 */
    h->offers[from] = offers;
    compare(s, h);
}

/* RFC 4253 section 11.1: a reason and words. */
static void read_disconnect(struct session *s, struct bytes b)
{
    uint32_t reason = bytes_u32(&b);
    struct bytes words = bytes_vector(&b, 4);

    if (bytes_ok(&b) && reason <= 0xffff)
        session_say(s, SAID_SSH_DISCONNECT, (uint16_t)reason, words);
}

static void read_packet(struct session *s, struct ssh *h, enum side from, uint8_t type,
                        struct bytes payload)
{
    enum said exchange = from == CLIENT ? SAID_COMMAND : SAID_REPLY;

    if (++h->count[from] > PACKETS_MAX)
        type = NEWKEYS;
    switch (type) {
    case KEXINIT:
        session_say(s, exchange, 0, nothing);
        if (!h->offers[from])
            keep_offers(s, h, from, payload);
        break;
    case NEWKEYS:
        session_say(s, SAID_SSH_KEYS, 0, nothing);
        h->at[from] = AT_SEALED;
        break;
    case DISCONNECT:
        if (from == SERVER && !h->offers[SERVER])
            read_disconnect(s, payload);
        break;
    default:
        if (type >= EXCHANGE && type <= EXCHANGE_END) {
            bool guess = from == CLIENT && h->guessed; /* a wrong one is never answered */
            h->guessed &= !guess;
            if (!guess)
                session_say(s, exchange, 0, nothing);
            session_say(s, SAID_SSH_KEYS, 0, nothing);
        }
        break;
    }
}

/* uint32 length, byte padding length, payload, padding. */
static enum step read_packets(struct session *s, struct ssh *h, enum side from, struct bytes *in)
{
    struct bytes b = *in;
    bool as_whole_as_it_gets = in->clipped || s->ending;
    uint32_t length = bytes_u32(&b);
    uint8_t padding = bytes_u8(&b);
    uint8_t type = bytes_u8(&b);

    if (!bytes_ok(&b)) {
        if (!in->clipped)
            return STEP_MORE;
        bytes_skip(in, bytes_on_wire(in));
        lose(s, h, from, WHY_CUT);
        return STEP_MORE;
    }
    if (length < 2 || length > PACKET_MAX || padding > length - 2) {
        lose(s, h, from, WHY_LOST);
        return STEP_MORE;
    }
    size_t size = 4 + (size_t)length;
    size_t here = bytes_on_wire(in) < size ? bytes_on_wire(in) : size;
    if (here < size && size <= KEXINIT_MAX && !as_whole_as_it_gets &&
        (type == KEXINIT || type == DISCONNECT))
        return STEP_MORE;
    struct bytes packet = bytes_take(in, here);
    packet.clipped += size - here;
    bytes_skip(&packet, 6);
    read_packet(s, h, from, type, bytes_take(&packet, length - 2 - padding));
    if (size > here)
        session_pass(s, size - here);
    return STEP_MORE;
}

/* ---- versions ---- */

/* The greeting of another protocol. */
static bool is_alien(const struct bytes *line)
{
    return line_code(line) || line_begins(line, "HTTP/");
}

static enum step read_version(struct session *s, struct ssh *h, enum side from, struct bytes *in)
{
    struct bytes line;
    enum line_step step = line_next(&h->lines[from], in, &line);

    if (step == LINE_MORE)
        return STEP_MORE;
    if (bytes_begin_with(&line, "SSH-")) {
        session_say(s, from == CLIENT ? SAID_SSH_CLIENT_VERSION : SAID_SSH_SERVER_VERSION, 0, line);
        h->at[from] = AT_PACKETS;
        h->count[from] = 0;
        bool two = bytes_begin_with(&line, "SSH-2.") || bytes_begin_with(&line, "SSH-1.99");
        return two ? STEP_MORE : STEP_DONE;
    }
    if (from == CLIENT || is_alien(&line) || ++h->count[from] > LINES_MAX)
        return h->at[side_other(from)] == AT_VERSION ? STEP_ALIEN : STEP_DONE;
    session_say(s, SAID_SSH_TEXT, 0, line);
    return STEP_MORE;
}

static enum step ssh_feed(struct session *s, void *state, enum side from, struct bytes *in)
{
    struct ssh *h = state;

    if (!flow_is_tcp(s->flow))
        return STEP_ALIEN;
    if (h->at[CLIENT] == AT_SEALED && h->at[SERVER] == AT_SEALED)
        return STEP_DONE;
    switch (h->at[from]) {
    case AT_VERSION:
        return read_version(s, h, from, in);
    case AT_PACKETS:
        return read_packets(s, h, from, in);
    default:
        bytes_skip(in, bytes_on_wire(in));
        return STEP_MORE;
    }
}

static void ssh_gap(struct session *s, void *state, enum side from, uint64_t missing)
{
    struct ssh *h = state;

    (void)missing;
    if (h->at[from] != AT_SEALED)
        lose(s, h, from, WHY_LOST);
}

const struct dissector ssh_dissector = {
    .name = "ssh",
    .ports = (const uint16_t[]){ 22, 0 },
    .server_first = true,
    .state_size = sizeof(struct ssh),
    .feed = ssh_feed,
    .gap = ssh_gap,
};
