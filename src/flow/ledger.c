#include "flow/ledger.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1024, LARGE_STEP = 1 << 20 };

/* Zeek's states of one end. */
enum end_state {
    END_INACTIVE,
    END_SYN_SENT,
    END_SYNACK_SENT,
    END_PARTIAL, /* heard, but never with a SYN */
    END_ESTABLISHED,
    END_CLOSED, /* sent a FIN */
    END_RESET,
};

/* Letters that an end adds once. */
enum once { ONCE_SYN = 1, ONCE_FIN = 2, ONCE_RST = 4, ONCE_DATA = 8, ONCE_ACK = 16, ONCE_ODD = 32 };

struct end {
    uint8_t state, before; /* enum end_state: now, and before the last change */
    uint8_t once;          /* enum once, and flags of the letters i and q */
    uint8_t flags;
    bool did_close, sent_fin, multi;
    uint32_t start, last,
        acked;                /* numbers: before the first octet, behind the last, acknowledged */
    uint64_t sent, confirmed; /* the same from `start`, without wrap */
    uint32_t last_syn, last_fin, last_rst; /* number from `start` of the newest of its kind */
    uint32_t n_again, n_zero, n_gap;
    uint64_t unseen, missed; /* octets that the flow misses of it so far; of those, told as gaps */
    uint64_t ip_bytes, frame_bytes;
};

struct record {
    uint64_t first_frame; /* of the flow that it belongs to; 0 = free */
    int64_t last_ns;      /* of the last packet before both ends were closed */
    uint8_t role;         /* enum role_source when the ends were told apart */
    uint8_t n_letters;
    uint8_t first; /* enum side: who was heard first */
    uint16_t client_port;
    struct address client;
    struct end end[SIDES];
    char letters[LEDGER_LETTERS]; /* upper case: of the client */
};

struct ledgers {
    struct record *chunk[LEDGERS_MAX / CHUNK];
};

struct ledgers *ledgers_open(void) { return calloc(1, sizeof(struct ledgers)); }

void ledgers_close(struct ledgers *all)
{
    if (!all)
        return;
    for (size_t i = 0; i < LEDGERS_MAX / CHUNK; i++)
        free(all->chunk[i]);
    free(all);
}

static struct record *chunk_open(void) { return calloc(CHUNK, sizeof(struct record)); }

static struct record *record_at(struct ledgers *all, uint32_t number, bool make)
{
    if (number >= LEDGERS_MAX)
        return NULL;
    struct record **chunk = &all->chunk[number / CHUNK];
    if (!*chunk && make)
        *chunk = chunk_open();
    return *chunk ? &(*chunk)[number % CHUNK] : NULL;
}

/* ---- letters ----------------------------------------------------------------------------------
 */

/* One packet and whom it concerns. */
struct step {
    struct record *record;
    struct end *end, *peer;
    const struct packet *packet;
    uint32_t length; /* payload octets on the wire */
    uint32_t number; /* of its first octet, from the start of its end */
    enum side from;
};

static void letter_add(struct record *r, enum side from, char letter)
{
    if (r->n_letters < LEDGER_LETTERS)
        r->letters[r->n_letters++] = from == CLIENT ? letter : (char)tolower(letter);
}

/* True when it was there before. */
static bool letter_once(const struct step *s, uint8_t once, char letter)
{
    if (s->end->once & once)
        return true;
    s->end->once |= once;
    letter_add(s->record, s->from, letter);
    return false;
}

/* The first, the tenth, the hundredth ... */
static void letter_scaled(struct record *r, enum side from, uint32_t *count, char letter)
{
    uint32_t step = 1;

    *count += *count < UINT32_MAX;
    while (step < *count && step < UINT32_MAX / 10)
        step *= 10;
    if (step == *count)
        letter_add(r, from, letter);
}

/* SYN, FIN and RST count again when they carry another number than the last of their kind. */
static void letter_numbered(const struct step *s, uint8_t once, char letter, uint32_t number,
                            uint32_t *last)
{
    if (letter_once(s, once, letter) && number != *last)
        letter_add(s->record, s->from, letter);
    *last = number;
}

static void letters_take(const struct step *s)
{
    uint8_t flags = s->packet->flags;
    bool syn = flags & TCP_SYN, fin = flags & TCP_FIN, rst = flags & TCP_RST;

    if (syn + fin + rst > 1) {
        if (fin && rst)
            (void)letter_once(s, ONCE_ODD, 'I');
        else if (!s->end->multi)
            letter_add(s->record, s->from, 'Q');
        s->end->multi |= !(fin && rst);
    } else if (syn) {
        letter_numbered(s, ONCE_SYN, flags & TCP_ACK ? 'H' : 'S', s->number, &s->end->last_syn);
    } else if (fin) {
        letter_numbered(s, ONCE_FIN, 'F', s->number + s->length, &s->end->last_fin);
    } else if (rst) {
        letter_numbered(s, ONCE_RST, 'R', s->number, &s->end->last_rst);
    } else if (s->length) {
        (void)letter_once(s, ONCE_DATA, 'D');
    } else if (flags & TCP_ACK) {
        (void)letter_once(s, ONCE_ACK, 'A');
    }
}

static void window_take(const struct step *s)
{
    if (s->packet->window == 0 && !s->packet->header_cut && !(s->packet->flags & TCP_RST) &&
        s->peer->state != END_CLOSED && s->end->state != END_RESET)
        letter_scaled(s->record, s->from, &s->end->n_zero, 'W');
}

/* ---- sequence numbers -------------------------------------------------------------------------
 */

static void numbers_begin(struct end *end, uint32_t start, uint32_t last)
{
    end->start = end->acked = start;
    end->last = last;
    end->sent = last - start;
    end->confirmed = 0;
}

/* Without its SYN an end is counted as if one had come before. */
static void end_begin(const struct step *s, uint32_t behind)
{
    const struct packet *p = s->packet;
    bool syn = p->flags & TCP_SYN;

    if (s->end->state == END_INACTIVE && !syn)
        numbers_begin(s->end, p->seq - 1, p->seq);
    else if (s->end->state == END_INACTIVE)
        numbers_begin(s->end, p->seq, behind);
    else if (syn && p->seq != s->end->start && s->end->state < END_CLOSED)
        numbers_begin(s->end, p->seq, behind);
    else if (syn && s->end->state == END_RESET && s->end->before == END_INACTIVE)
        numbers_begin(s->end, p->seq, behind);
}

static void acknowledgement_take(const struct step *s)
{
    uint32_t ack = s->packet->ack;
    int32_t ahead = (int32_t)(ack - s->peer->acked);

    if (s->peer->state == END_INACTIVE) {
        numbers_begin(s->peer, ack - 1, ack - 1);
        return;
    }
    if (s->packet->flags & TCP_RST || ahead <= 0 || (ack == 0 && ahead > LARGE_STEP))
        return;
    s->peer->acked = ack;
    s->peer->confirmed += (uint32_t)ahead;
}

static void octets_sent(const struct step *s, uint32_t behind)
{
    uint8_t flags = s->packet->flags;
    int32_t ahead = (int32_t)(behind - s->end->last);

    if (flags & (TCP_SYN | TCP_RST) && (ahead > LARGE_STEP || ahead < -LARGE_STEP))
        return;
    if (flags & TCP_FIN && s->end->last == s->end->start + 1 && ahead <= 0) {
        s->end->last = behind;
        return;
    }
    if (s->end->state == END_RESET)
        return;
    if (ahead > 0) {
        s->end->last = behind;
        s->end->sent += (uint32_t)ahead;
    } else if (s->length) {
        letter_scaled(s->record, s->from, &s->end->n_again, 'T');
    }
}

/* Open, or closing as it should. */
static bool is_regular(const struct end *end)
{
    return end->state == END_ESTABLISHED ||
           (end->state == END_CLOSED && end->before == END_ESTABLISHED);
}

/* The flow knows what is missing.  Of connections that were joined midway, or reset, Zeek tells no
 * gaps. */
static void gap_take(const struct step *s, const struct flow *flow)
{
    enum side side = side_other(s->from);
    uint64_t unseen = flow->more ? flow->more->half[side].unseen_bytes : 0;

    if (unseen > s->peer->unseen && is_regular(s->end) && is_regular(s->peer)) {
        letter_scaled(s->record, side, &s->peer->n_gap, 'G');
        s->peer->missed += unseen - s->peer->unseen;
    }
    s->peer->unseen = unseen;
}

/* ---- states -----------------------------------------------------------------------------------
 */

static void state_set(struct end *end, enum end_state state)
{
    if (end->state == state)
        return;
    end->before = end->state;
    end->state = (uint8_t)state;
}

static void inactive_syn(const struct step *s)
{
    bool ack = s->packet->flags & TCP_ACK;

    if (s->from == CLIENT) {
        state_set(s->end, ack ? END_SYNACK_SENT : END_SYN_SENT);
        return;
    }
    if (s->peer->state == END_SYN_SENT)
        state_set(s->peer, END_ESTABLISHED);
    state_set(s->end, END_ESTABLISHED);
}

/* An end that was not heard before. */
static bool inactive_step(const struct step *s)
{
    uint8_t flags = s->packet->flags;

    if (flags & TCP_SYN)
        inactive_syn(s);
    if (flags & TCP_FIN)
        state_set(s->end, END_CLOSED);
    if (flags & TCP_RST)
        state_set(s->end, END_RESET);
    if (s->end->state != END_INACTIVE)
        return flags & (TCP_FIN | TCP_RST);
    if (s->from == SERVER && !s->length && s->peer->state == END_SYN_SENT)
        return false; /* an ACK ahead of the SYN-ACK makes no connection */
    bool answers = flags & TCP_ACK && s->peer->state == END_ESTABLISHED;
    state_set(s->end, answers ? END_ESTABLISHED : END_PARTIAL);
    return false;
}

static bool open_step(const struct step *s)
{
    uint8_t flags = s->packet->flags;

    if (flags & TCP_SYN && !(flags & TCP_ACK) && s->end->state == END_PARTIAL &&
        s->peer->state == END_INACTIVE)
        state_set(s->end, END_SYN_SENT);
    if (flags & TCP_FIN && !(flags & TCP_RST)) {
        bool opening = s->end->state == END_SYN_SENT || s->end->state == END_SYNACK_SENT;
        state_set(s->end, END_CLOSED);
        if (!opening && s->peer->state == END_RESET && s->peer->before == END_CLOSED)
            state_set(s->peer, END_CLOSED); /* its RST came behind its FIN */
    }
    if (flags & TCP_RST)
        state_set(s->end, END_RESET);
    return flags & (TCP_FIN | TCP_RST);
}

/* True when this packet closes its end. */
static bool state_step(const struct step *s)
{
    switch (s->end->state) {
    case END_INACTIVE:
        return inactive_step(s);
    case END_CLOSED:
        if (!(s->packet->flags & TCP_RST) || s->peer->state == END_CLOSED)
            return false;
        state_set(s->end, END_RESET);
        return true;
    case END_RESET:
        return false;
    default:
        return open_step(s);
    }
}

/* ---- packets ----------------------------------------------------------------------------------
 */

static bool client_is(const struct record *r, const struct flow *flow)
{
    return r->client_port == flow->port[CLIENT] &&
           address_equal(&r->client, &flow->address[CLIENT]);
}

/* A hello may show that the ends are the other way round. */
static void record_turn(struct record *r, const struct flow *flow)
{
    if (r->role == flow->role)
        return;
    r->role = flow->role;
    if (client_is(r, flow))
        return;
    struct end end = r->end[CLIENT];
    r->end[CLIENT] = r->end[SERVER];
    r->end[SERVER] = end;
    r->first = (uint8_t)side_other((enum side)r->first);
    r->client = flow->address[CLIENT];
    r->client_port = flow->port[CLIENT];
    for (size_t i = 0; i < r->n_letters; i++) {
        int c = (unsigned char)r->letters[i];
        r->letters[i] = (char)(isupper(c) ? tolower(c) : toupper(c));
    }
}

static struct record *record_of(struct ledgers *all, const struct flow *flow, enum side from)
{
    struct record *r = record_at(all, flow->self, true);

    if (!r)
        return NULL;
    if (r->first_frame != flow->first_frame)
        *r = (struct record){ .first_frame = flow->first_frame,
                              .role = flow->role,
                              .first = (uint8_t)from,
                              .client = flow->address[CLIENT],
                              .client_port = flow->port[CLIENT] };
    record_turn(r, flow);
    return r;
}

void ledger_take(struct ledgers *all, const struct flow *flow, const struct packet *p,
                 enum side from, uint64_t frame_bytes)
{
    struct record *r = p->kind == PACKET_TCP ? record_of(all, flow, from) : NULL;
    bool rst = p->flags & TCP_RST;

    if (!r)
        return;
    struct step s = { .record = r,
                      .end = &r->end[from],
                      .peer = &r->end[side_other(from)],
                      .packet = p,
                      .length = (uint32_t)bytes_on_wire(&p->payload),
                      .from = from };
    uint32_t behind = p->seq + packet_segment_length(p) - (rst ? s.length : 0);
    end_begin(&s, behind);
    s.number = p->seq - s.end->start;
    letters_take(&s);
    window_take(&s);
    if (!r->end[CLIENT].did_close || !r->end[SERVER].did_close)
        r->last_ns = p->time_ns;
    s.end->sent_fin |= (p->flags & TCP_FIN) != 0;
    if (p->flags & TCP_ACK)
        acknowledgement_take(&s);
    octets_sent(&s, behind);
    if (state_step(&s))
        s.end->did_close = true;
    if (p->flags & TCP_ACK)
        gap_take(&s, flow);
    s.end->flags |= p->flags;
    s.end->ip_bytes += p->ip_length;
    s.end->frame_bytes += frame_bytes;
}

/* ---- what it comes to -------------------------------------------------------------------------
 */

static uint64_t stream_bytes(const struct end *end, const struct end *peer)
{
    bool never_open = end->before == END_SYN_SENT && end->state == END_RESET &&
                      peer->state == END_INACTIVE && end->confirmed > 1;
    uint64_t n = end->sent > end->confirmed ? end->sent : end->confirmed;

    n -= n != 0; /* the SYN */
    n -= end->sent_fin && n;
    return never_open ? 0 : n;
}

static bool is_silent(uint8_t state) { return state == END_INACTIVE || state == END_PARTIAL; }

/* The client's SYN, then its RST, and nothing else of it. */
static bool is_syn_then_reset(const char *letters)
{
    letters += *letters == '^';
    if (*letters != 'S')
        return false;
    letters += strcspn(letters, "HAFGIQR");
    return *letters == 'R';
}

static const char *state_of(const struct record *r, const struct ledger *h)
{
    uint8_t client = r->end[CLIENT].state, server = r->end[SERVER].state;
    bool empty = !h->stream_bytes[CLIENT] && !h->stream_bytes[SERVER];

    if (server == END_RESET) {
        if (client == END_SYN_SENT || client == END_SYNACK_SENT || (client == END_RESET && empty))
            return "REJ";
        return is_silent(client) ? "RSTRH" : "RSTR";
    }
    if (client == END_RESET && is_silent(server))
        return is_syn_then_reset(h->letters) ? "RSTOS0" : "OTH";
    if (client == END_RESET)
        return "RSTO";
    if (client == END_CLOSED && server == END_CLOSED)
        return "SF";
    if (client == END_CLOSED)
        return is_silent(server) ? "SH" : "S2";
    if (server == END_CLOSED)
        return is_silent(client) ? "SHR" : "S3";
    if (client == END_SYN_SENT && server == END_INACTIVE)
        return "S0";
    return client == END_ESTABLISHED && server == END_ESTABLISHED ? "S1" : "OTH";
}

/* Of times that a capture may put anywhere. */
static int64_t span(int64_t from_ns, int64_t to_ns)
{
    int64_t ns;

    if (to_ns <= from_ns)
        return 0;
    return __builtin_sub_overflow(to_ns, from_ns, &ns) ? INT64_MAX : ns;
}

bool ledger_of(struct ledgers *all, const struct flow *flow, struct ledger *out)
{
    struct record *r = all ? record_at(all, flow->self, false) : NULL;
    size_t n = 0;

    *out = (struct ledger){ .state = "" };
    if (!r || r->first_frame != flow->first_frame)
        return false;
    record_turn(r, flow);
    if (r->first == SERVER)
        out->letters[n++] = '^';
    memcpy(out->letters + n, r->letters, r->n_letters);
    for (enum side side = CLIENT; side < SIDES; side++) {
        const struct end *end = &r->end[side];
        out->stream_bytes[side] = stream_bytes(end, &r->end[side_other(side)]);
        out->ip_bytes[side] = end->ip_bytes;
        out->frame_bytes[side] = end->frame_bytes;
        out->flags[side] = end->flags;
        out->missed_bytes += end->missed;
    }
    out->duration_ns = span(flow->first_ns, r->last_ns);
    out->state = state_of(r, out);
    return true;
}
