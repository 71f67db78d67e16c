/* JSON Lines: one object for each thing that is known, in ECS names where there is one. */
#include "report/filter.h"
#include "report/json_parts.h"
#include "report/version.h"
#include "x509/digest.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>

struct mark mark_begin(void) { return (struct mark){ 0xcbf29ce484222325 }; }

void mark_number(struct mark *m, uint64_t v)
{
    m->v = (m->v ^ v) * 0x100000001b3;
    m->v ^= m->v >> 29;
}

static uint64_t word_at(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return be64toh(word);
}

void mark_bytes(struct mark *m, const void *p, size_t n)
{
    const uint8_t *octet = p;
    size_t whole = n / 8 * 8;
    uint64_t rest = 0;
    for (size_t i = 0; i < whole; i += 8)
        mark_number(m, word_at(octet + i));
    for (size_t i = whole; i < n; i++)
        rest = rest << 8 | octet[i];
    if (whole < n)
        mark_number(m, rest);
    mark_number(m, n);
}

struct mark mark_flow(const struct flow *flow)
{
    struct mark m = mark_begin();
    for (int side = CLIENT; side < SIDES; side++) {
        mark_bytes(&m, flow->address[side].octet, 16);
        mark_number(&m, flow->port[side]);
    }
    mark_number(&m, flow->protocol);
    mark_number(&m, (uint64_t)flow->first_ns);
    mark_number(&m, flow->first_frame); /* two flows of one tuple may begin at one time */
    return m;
}

/* The digits of 32 bits, one an octet, the highest first in memory. */
static uint64_t eight_hex_digits(uint32_t v)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t x = v;
    x = (x | x << 16) & UINT64_C(0x0000ffff0000ffff);
    x = (x | x << 8) & UINT64_C(0x00ff00ff00ff00ff);
    x = (x | x << 4) & (ones * 0x0f);
    uint64_t letters = (x + ones * 6) >> 4 & ones;
    return htobe64(x + ones * '0' + letters * ('a' - '0' - 10));
}

void mark_text(struct mark m, char out[16])
{
    const uint64_t digits[] = { eight_hex_digits((uint32_t)(m.v >> 32)),
                                eight_hex_digits((uint32_t)m.v) };
    memcpy(out, digits, sizeof digits);
}

void report_line_id(const struct verdict *v, char out[REPORT_LINE_ID])
{
    out[0] = v->flow ? LINE_CONNECTION : LINE_LOOKUP;
    out[1] = '-';
    mark_text(v->flow ? mark_flow(v->flow) : mark_lookup(v->lookup), out + 2);
    out[REPORT_LINE_ID - 1] = '\0';
}

static void put_id(struct writer *w, char kind, struct mark m)
{
    char text[18] = { kind, '-' };
    mark_text(m, text + 2);
    json_key(w, "id");
    writer_put_n(w, "\"", 1);
    writer_put_n(w, text, sizeof text);
    writer_put_n(w, "\"", 1);
}

/* Most times share their second with another that was written before. */
static const char *clock_of(struct report *r, int64_t seconds)
{
    struct clock *clock = &r->clock[seconds & (CLOCKS - 1)];
    if (!clock->known || clock->s != seconds) {
        stamp_date_time(seconds, clock->text);
        clock->s = seconds;
        clock->known = true;
    }
    return clock->text;
}

size_t json_time_text(struct report *r, int64_t ns, char out[TIME_TEXT])
{
    enum { SECONDS = CLOCK_TEXT - 1, FRACTION = 1 + SECONDS + 1 };
    int64_t seconds = stamp_seconds(ns);
    uint32_t fraction = (uint32_t)(ns - seconds * 1000000000);
    uint32_t micro = fraction / 1000, nano = fraction % 1000;
    size_t n = FRACTION + 6;

    out[0] = '"';
    memcpy(out + 1, clock_of(r, seconds), SECONDS);
    out[FRACTION - 1] = '.';
    memcpy(out + FRACTION, text_two_digits + micro / 10000 * 2, 2);
    memcpy(out + FRACTION + 2, text_two_digits + micro / 100 % 100 * 2, 2);
    memcpy(out + FRACTION + 4, text_two_digits + micro % 100 * 2, 2);
    if (nano) {
        out[n++] = (char)('0' + nano / 100);
        memcpy(out + n, text_two_digits + nano % 100 * 2, 2);
        n += 2;
    }
    out[n++] = 'Z';
    out[n++] = '"';
    return n;
}

void json_put_time(struct report *r, const char *key, int64_t ns)
{
    char text[TIME_TEXT];
    json_key(&r->writer, key);
    writer_put_n(&r->writer, text, json_time_text(r, ns, text));
}

void json_begin_line(struct report *r, int64_t time_ns)
{
    r->cut = false;
    writer_put_n(&r->writer, "{", 1);
    json_put_time(r, "@timestamp", time_ns);
}

void json_begin_event(struct report *r, const char *dataset, const char *kind, char id,
                      struct mark m)
{
    struct writer *w = &r->writer;
    json_object(w, "event");
    json_word(w, "dataset", dataset);
    json_word(w, "kind", kind);
    put_id(w, id, m);
}

void json_put_category(struct writer *w, const char *type, const char *further)
{
    json_key(w, "category");
    writer_put(w, "[\"network\"]");
    json_array(w, "type");
    json_word(w, NULL, type);
    if (further)
        json_word(w, NULL, further);
    json_end_array(w);
}

char *json_pen_shakeout(const struct report *r, char *p)
{
    p = PEN_PUT(p, ",\"shakeout\":{\"schema\":\"1.0\",\"file\":");
    return pen_number(p, r->config.input ? r->config.input : 1);
}

void json_begin_shakeout(struct report *r)
{
    char *p = writer_reserve(&r->writer, JSON_PEN_ROOM);
    writer_commit(&r->writer, json_pen_shakeout(r, p));
}

void json_end_shakeout(struct report *r)
{
    if (r->cut)
        json_flag(&r->writer, "cut", true);
    JSON_PUT(&r->writer, "}}");
    writer_end_line(&r->writer);
}

const char *json_outcome_name(enum outcome outcome)
{
    return outcome == OUTCOME_OK ? "success" : outcome == OUTCOME_FAILED ? "failure" : "unknown";
}

char *json_pen_frames(char *p, const uint64_t *frames, size_t n)
{
    if (!n)
        return p;
    p = PEN_PUT(p, ",\"frames\":[");
    for (size_t i = 0; i < n; i++) {
        p = pen_number(p, frames[i]);
        *p++ = ',';
    }
    p[-1] = ']';
    return p;
}

void json_put_frames(struct writer *w, const uint64_t *frames, size_t n)
{
    char *p = writer_reserve(w, JSON_PEN_ROOM);
    writer_commit(w, json_pen_frames(p, frames, n));
}

/* Community ID version 1 with seed 0: SHA-1 over the seed, both ends in order, protocol, ports. */
static void community_text(const struct address *a, uint16_t a_port, const struct address *b,
                           uint16_t b_port, uint8_t protocol, char out[COMMUNITY_TEXT])
{
    uint8_t in[2 + 16 + 16 + 2 + 4] = { 0 }, sum[DIGEST_SHA1];
    bool v4 = address_is_ipv4(a) && address_is_ipv4(b);
    size_t skip = v4 ? 12 : 0, each = 16 - skip, n = 2;
    int order = memcmp(a->octet + skip, b->octet + skip, each);

    if (order > 0 || (order == 0 && a_port > b_port)) {
        const struct address *swap = a;
        uint16_t swap_port = a_port;
        a = b;
        a_port = b_port;
        b = swap;
        b_port = swap_port;
    }
    memcpy(in + n, a->octet + skip, each);
    memcpy(in + n + each, b->octet + skip, each);
    n += 2 * each;
    in[n] = protocol;
    in[n + 2] = (uint8_t)(a_port >> 8);
    in[n + 3] = (uint8_t)a_port;
    in[n + 4] = (uint8_t)(b_port >> 8);
    in[n + 5] = (uint8_t)b_port;
    digest_sha1(in, n + 6, sum);
    out[0] = '1';
    out[1] = ':';
    digest_base64(sum, DIGEST_SHA1, out + 2);
}

_Static_assert(COMMUNITY_TEXT == 2 + DIGEST_SHA1_BASE64, "its whole text");

void json_community(const struct flow *f, char out[COMMUNITY_TEXT + 1])
{
    community_text(&f->address[CLIENT], f->port[CLIENT], &f->address[SERVER], f->port[SERVER],
                   f->protocol, out);
    out[COMMUNITY_TEXT] = '\0';
}

void json_put_community(struct report *r, const struct address *a, uint16_t a_port,
                        const struct address *b, uint16_t b_port, uint8_t protocol)
{
    char text[COMMUNITY_TEXT];
    community_text(a, a_port, b, b_port, protocol, text);
    json_key(&r->writer, "community_id");
    writer_put_n(&r->writer, "\"", 1);
    writer_put_n(&r->writer, text, sizeof text);
    writer_put_n(&r->writer, "\"", 1);
}

static void end_text(const struct address *address, uint16_t port, struct json_end *out)
{
    static const char before[] = "\"ip\":\"", between[] = "\",\"port\":";
    size_t n = sizeof before - 1;
    memcpy(out->text, before, n);
    n += json_address_text(address, out->text + n);
    memcpy(out->text + n, between, sizeof between - 1);
    n += sizeof between - 1;
    out->n = (uint8_t)(n + text_decimal(out->text + n, port));
}

/* Most connections lead to one of few servers. */
static void server_text(struct report *r, const struct flow *f, struct json_end *out)
{
    const struct address *address = &f->address[SERVER];
    uint16_t port = f->port[SERVER];
    struct known_server *known = &r->words.server[(address->octet[15] ^ port) % SERVERS_KNOWN];

    if (!known->n || known->port != port || !address_equal(&known->address, address)) {
        end_text(address, port, out);
        known->address = *address;
        known->port = port;
        known->n = out->n;
        memcpy(known->text, out->text, sizeof known->text);
    }
    out->n = known->n;
    memcpy(out->text, known->text, sizeof out->text);
}

static void json_flow_of(struct report *r, const struct flow *f, struct json_flow *out)
{
    mark_text(mark_flow(f), out->id);
    end_text(&f->address[CLIENT], f->port[CLIENT], &out->end[CLIENT]);
    server_text(r, f, &out->end[SERVER]);
    community_text(&f->address[CLIENT], f->port[CLIENT], &f->address[SERVER], f->port[SERVER],
                   f->protocol, out->community);
}

void json_put_end(struct report *r, const char *key, const struct address *a, uint16_t port,
                  bool open)
{
    json_object(&r->writer, key);
    json_address(&r->writer, "ip", a);
    if (port)
        json_number(&r->writer, "port", port);
    if (!open)
        json_end_object(&r->writer);
}

/* Behind a router all of one side have one. */
static char *pen_mac_of(struct report *r, char *p, const struct flow *f, enum side side)
{
    static const uint8_t no_mac[6];
    struct last_mac *last = &r->words.mac[side];
    if (!f->more || memcmp(f->more->half[side].mac, no_mac, sizeof no_mac) == 0)
        return p;
    const uint8_t *mac = f->more->half[side].mac;
    if (memcmp(last->mac, mac, sizeof last->mac) != 0) {
        memcpy(last->mac, mac, sizeof last->mac);
        (void)json_pen_mac(last->text, mac);
    }
    p = PEN_PUT(p, ",\"mac\":\"");
    p = pen_octets(p, last->text, MAC_TEXT - 1);
    return PEN_PUT(p, "\"");
}

static char *pen_ends(struct report *r, char *p, const struct scene *scene, const struct verdict *v,
                      const struct json_flow *texts)
{
    struct facts facts = { .scene = scene, .verdict = v };
    const char *name = fill_server_name(&facts);

    p = PEN_PUT(p, ",\"client\":{");
    p = json_pen_end(p, texts, CLIENT);
    p = pen_mac_of(r, p, v->flow, CLIENT);
    p = PEN_PUT(p, "},\"server\":{");
    p = json_pen_end(p, texts, SERVER);
    p = pen_mac_of(r, p, v->flow, SERVER);
    if (name[0]) {
        p = PEN_PUT(p, ",\"address\":");
        p = json_pen_string(&r->writer, p, name, strlen(name), &r->cut);
    }
    return PEN_PUT(p, "}");
}

/* ECS wants the same ends again, with what each sent; octets are payload on the wire. */
static char *pen_traffic(char *p, const struct flow *f, const struct json_flow *texts)
{
    p = PEN_PUT(p, ",\"source\":{");
    p = json_pen_end(p, texts, CLIENT);
    p = PEN_PUT(p, ",\"packets\":");
    p = pen_number(p, f->half[CLIENT].packets);
    p = PEN_PUT(p, ",\"bytes\":");
    p = pen_number(p, f->half[CLIENT].bytes);
    p = PEN_PUT(p, "},\"destination\":{");
    p = json_pen_end(p, texts, SERVER);
    p = PEN_PUT(p, ",\"packets\":");
    p = pen_number(p, f->half[SERVER].packets);
    p = PEN_PUT(p, ",\"bytes\":");
    p = pen_number(p, f->half[SERVER].bytes);
    return PEN_PUT(p, "}");
}

static char *pen_vlan(char *p, uint16_t id)
{
    p = PEN_PUT(p, ",\"vlan\":{\"id\":\"");
    p = pen_number(p, id);
    return PEN_PUT(p, "\"}");
}

static char *pen_network(struct report *r, char *p, const struct flow *f,
                         const struct json_flow *texts)
{
    const char *protocol = f->session && f->session->protocol ? f->session->protocol : "";

    p = PEN_PUT(p, ",\"network\":{\"transport\":\"tcp\",\"type\":\"");
    if (!flow_is_tcp(f))
        memcpy(p - sizeof "tcp\",\"type\":\"" + 1, "udp", 3);
    p = pen_octets(p, address_is_ipv4(&f->address[CLIENT]) ? "ipv4\"" : "ipv6\"", 5);
    if (protocol[0]) {
        p = PEN_PUT(p, ",\"protocol\":");
        p = json_pen_string(&r->writer, p, protocol, strlen(protocol), &r->cut);
    }
    p = PEN_PUT(p, ",\"packets\":");
    p = pen_number(p, (uint64_t)f->half[CLIENT].packets + f->half[SERVER].packets);
    p = PEN_PUT(p, ",\"bytes\":");
    p = pen_number(p, f->half[CLIENT].bytes + f->half[SERVER].bytes);
    p = PEN_PUT(p, ",\"community_id\":\"");
    p = pen_octets(p, texts->community, sizeof texts->community);
    p = PEN_PUT(p, "\"");
    if (f->vlan)
        p = pen_vlan(p, (uint16_t)(f->vlan - 1));
    return PEN_PUT(p, "}");
}

char *json_pen_stage(const struct report *r, char *p, enum stage stage, uint8_t token)
{
    p = pen_word(p, &r->words.stage[stage]);
    return pen_word(p, &r->words.token[token]);
}

static char *pen_stages(const struct report *r, char *p, const uint8_t stage[ATTEMPT_STAGES])
{
    p = PEN_PUT(p, ",\"stage\":{");
    for (int i = STAGE_DNS; i < ATTEMPT_STAGES; i++)
        if (i != STAGE_PROXY || stage[i] != TOKEN_NOT_TRIED)
            p = json_pen_stage(r, p, (enum stage)i, stage[i]);
    p[-1] = '}';
    return p;
}

void json_open(struct report *r)
{
    char text[sizeof r->words.token->text];

    for (int i = 0; i < ATTEMPT_STAGES; i++) {
        snprintf(text, sizeof text, "\"%s\":\"", stage_name((enum stage)i));
        json_word_set(&r->words.stage[i], text);
    }
    for (int i = 0; i < STAGE_TOKENS; i++) {
        snprintf(text, sizeof text, "%s\",", token_name((enum stage_token)i));
        json_word_set(&r->words.token[i], text);
    }
}

void json_word_set(struct pen_word *word, const char *text)
{
    size_t n = strlen(text);
    assert(n < sizeof word->text);
    memcpy(word->text, text, n);
    word->n = (uint8_t)n;
}

static const struct pen_word *finding_word(struct report *r, enum finding_id id)
{
    struct pen_word *word = &r->words.finding[id];
    if (!word->n)
        json_word_set(word, finding_of(id)->id);
    return word;
}

static char *pen_finding(struct report *r, char *p, enum finding_id id)
{
    if (!id)
        return p;
    *p++ = '"';
    p = pen_word(p, finding_word(r, id));
    return PEN_PUT(p, "\",");
}

char *json_pen_finding_ids(struct report *r, char *p, const struct verdict *v)
{
    p = PEN_PUT(p, ",\"findings\":[");
    char *begin = p;
    p = pen_finding(r, p, v->primary.id);
    for (size_t i = 0; i < v->n_also; i++)
        p = pen_finding(r, p, v->also[i].id);
    p -= p != begin; /* the last comma */
    return PEN_PUT(p, "]");
}

void json_put_finding_ids(struct report *r, const struct verdict *v)
{
    char *p = writer_reserve(&r->writer, JSON_PEN_ROOM);
    writer_commit(&r->writer, json_pen_finding_ids(r, p, v));
}

void json_put_cause(struct report *r, const char *text, enum confidence confidence)
{
    if (!confidence)
        return;
    json_object(&r->writer, "cause");
    if (text[0])
        json_string(&r->writer, "text", text, &r->cut);
    json_word(&r->writer, "confidence", confidence_name(confidence));
    json_end_object(&r->writer);
}

static void put_filled_cause(struct report *r, const struct scene *scene, const struct verdict *v)
{
    char line[1024];
    struct text t = text_of(line, sizeof line);
    struct group g = report_group_of(v);
    struct facts facts = report_facts(r, scene, &g);

    fill(&facts, finding_of(g.id)->prose.means, &t);
    json_put_cause(r, line, v->primary.cause);
}

/* Without blanks, and without the word that not every server deserves, it is always the same. */
static bool is_fixed(const char *template)
{
    return !template || (!strchr(template, '{') && !strstr(template, "EMS"));
}

/* Writes it as it comes, and keeps what came where that will come again. */
static void put_new_cause(struct report *r, const struct scene *scene, const struct verdict *v)
{
    struct caused *known = &r->words.caused[v->primary.id % CAUSED];
    size_t begin = r->writer.n - r->writer.line;

    put_filled_cause(r, scene, v);
    size_t n = r->writer.n - r->writer.line - begin;
    if (r->cut || r->writer.too_long || n > sizeof known->text ||
        !is_fixed(finding_of(v->primary.id)->prose.means))
        return;
    known->id = v->primary.id;
    known->cause = v->primary.cause;
    known->n = n;
    memcpy(known->text, r->writer.at + r->writer.n - n, n);
}

/* The cause in words; most connections have none, and pay nothing. */
static void put_cause_of(struct report *r, const struct scene *scene, const struct verdict *v)
{
    const struct caused *known = &r->words.caused[v->primary.id % CAUSED];

    if (!v->primary.cause)
        return;
    if (known->n && known->id == v->primary.id && known->cause == v->primary.cause)
        writer_put_n(&r->writer, known->text, known->n);
    else
        put_new_cause(r, scene, v);
}

static void state(struct stated *s, const struct raised *primary)
{
    int n = snprintf(
        s->text, sizeof s->text, ",\"primary\":\"%s\",\"severity\":\"%s\",\"owner\":\"%s\"",
        finding_of(primary->id)->id, severity_name(primary->severity), owner_name(primary->owner));
    if (primary->fact)
        n += snprintf(s->text + n, sizeof s->text - (size_t)n, ",\"confidence\":\"%s\"",
                      confidence_name(primary->fact));
    assert(n < (int)sizeof s->text);
    s->n = (size_t)n;
    s->id = primary->id;
    s->severity = primary->severity;
    s->owner = primary->owner;
    s->fact = primary->fact;
}

/* Most connections have one of few primary findings. */
static const struct stated *stated_of(struct report *r, const struct raised *primary)
{
    struct stated *s = &r->words.stated[primary->id % STATED];

    if (s->id != primary->id || s->severity != primary->severity || s->owner != primary->owner ||
        s->fact != primary->fact)
        state(s, primary);
    return s;
}

char *json_pen_primary(struct report *r, char *p, const struct scene *scene,
                       const struct verdict *v)
{
    struct writer *w = &r->writer;
    const struct raised *primary = &v->primary;
    if (!primary->id)
        return p;
    const struct stated *stated = stated_of(r, primary);
    p = pen_blocks(p, stated->text, stated->n);
    if (!primary->cause && !primary->owner_reason[0])
        return p;
    writer_commit(w, p);
    put_cause_of(r, scene, v);
    if (primary->owner_reason[0])
        json_string(w, "owner_reason", primary->owner_reason, &r->cut);
    return writer_reserve(w, JSON_PEN_ROOM);
}

void json_put_primary(struct report *r, const struct scene *scene, const struct verdict *v)
{
    char *p = writer_reserve(&r->writer, JSON_PEN_ROOM);
    writer_commit(&r->writer, json_pen_primary(r, p, scene, v));
}

const char *json_connection_type(const struct verdict *v, enum outcome outcome)
{
    if (outcome != OUTCOME_FAILED)
        return outcome == OUTCOME_OK ? NULL : "info";
    return v->failed_stage == STAGE_TCP ? "denied" : "error";
}

static char *pen_connection_event(struct report *r, char *p, const struct verdict *v,
                                  enum outcome outcome, const struct json_flow *texts)
{
    const struct flow *f = v->flow;
    const char *type = json_connection_type(v, outcome);
    char begun[TIME_TEXT] = "";
    size_t n = json_time_text(r, f->first_ns, begun);

    p = PEN_PUT(p, "{\"@timestamp\":");
    p = pen_blocks(p, begun, n);
    p = PEN_PUT(p,
                ",\"event\":{\"dataset\":\"shakeout.connection\",\"kind\":\"event\",\"id\":\"k-");
    p = pen_octets(p, texts->id, sizeof texts->id);
    p = PEN_PUT(p, "\",\"category\":[\"network\"],\"type\":[\"connection\"");
    if (type) {
        p = PEN_PUT(p, ",\"");
        p = pen_text(p, type);
        p = PEN_PUT(p, "\"");
    }
    p = PEN_PUT(p, "],\"outcome\":\"");
    p = pen_text(p, json_outcome_name(outcome));
    p = PEN_PUT(p, "\",\"action\":\"tcp-connect\",\"start\":");
    p = pen_blocks(p, begun, n);
    p = PEN_PUT(p, ",\"end\":");
    p += json_time_text(r, f->last_ns, p);
    if (f->last_ns >= f->first_ns) {
        p = PEN_PUT(p, ",\"duration\":");
        p = pen_number(p, (uint64_t)f->last_ns - (uint64_t)f->first_ns);
    }
    return PEN_PUT(p, "}");
}

static char *pen_attempt(const struct report *r, char *p, const struct verdict *v,
                         enum outcome outcome)
{
    if (r->attempt) {
        p = PEN_PUT(p, ",\"attempt\":");
        p = pen_number(p, r->attempt);
    }
    p = pen_stages(r, p, v->stage);
    if (outcome == OUTCOME_FAILED && v->failed_stage < ATTEMPT_STAGES) {
        p = PEN_PUT(p, ",\"failed_stage\":\"");
        p = pen_text(p, stage_name((enum stage)v->failed_stage));
        p = PEN_PUT(p, "\"");
    }
    p = PEN_PUT(p, ",\"syn_sent\":");
    return pen_number(p, v->flow->n_syn);
}

static void put_connection(struct report *r, const struct scene *scene, const struct verdict *v,
                           const struct json_flow *texts)
{
    enum outcome outcome = outcome_of(&v->primary);
    char *p = writer_reserve(&r->writer, JSON_PEN_ROOM);

    r->cut = false;
    p = pen_connection_event(r, p, v, outcome, texts);
    p = pen_ends(r, p, scene, v, texts);
    p = pen_traffic(p, v->flow, texts);
    p = pen_network(r, p, v->flow, texts);
    p = json_pen_shakeout(r, p);
    p = pen_attempt(r, p, v, outcome);
    p = json_pen_frames(p, v->primary.frames, v->primary.n_frames);
    p = json_pen_primary(r, p, scene, v);
    p = json_pen_finding_ids(r, p, v);
    writer_commit(&r->writer, p);
    json_end_shakeout(r);
}

void json_connection(struct report *r, const struct scene *scene, const struct verdict *v)
{
    struct json_flow texts;
    json_flow_of(r, v->flow, &texts);
    put_connection(r, scene, v, &texts);
    if (v->flow->session && v->flow->session->tls)
        json_tls(r, &texts, v);
}

static void put_quality(struct writer *w, const struct scene *scene)
{
    json_object(w, "quality");
    if (scene->drops_known)
        json_number(w, "lost_packets", scene->drops);
    json_number(w, "unseen_bytes", scene->unseen_bytes);
    json_number(w, "cut_packets", scene->cut_packets);
    if (scene->bare_packets)
        json_number(w, "packets_without_octets", scene->bare_packets);
    if (scene->clock_relative)
        json_flag(w, "clock_relative", true);
    json_number(w, "duplicates", scene->copies);
    json_number(w, "clock_jumps", scene->clock_back + scene->clock_forward);
    json_number(w, "evicted_flows", scene->evicted_flows);
    json_number(w, "malformed_packets", scene->malformed);
    json_end_object(w);
}

/* What is known of the input; at the beginning of a run that may be its name alone. */
void json_put_input_facts(struct report *r, const struct scene *scene)
{
    struct writer *w = &r->writer;
    if (scene->format[0])
        json_string(w, "format", scene->format, &r->cut);
    if (!scene->packets)
        return;
    json_put_time(r, "first", scene->first_ns);
    if (scene->reading)
        return; /* the summary has the totals */
    json_number(w, "packets", scene->packets);
    json_put_time(r, "last", scene->last_ns);
    put_quality(w, scene);
}

void json_capture(struct report *r, const struct scene *scene)
{
    struct writer *w = &r->writer;
    struct mark m = mark_begin();

    mark_bytes(&m, scene->file, strlen(scene->file));
    mark_number(&m, scene->file_bytes);
    json_begin_line(r, scene->first_ns);
    json_object(w, "ecs");
    json_word(w, "version", "8.17.0");
    json_end_object(w);
    json_begin_event(r, "shakeout.capture", "state", 'c', m);
    json_end_object(w);
    json_object(w, "observer");
    json_word(w, "vendor", "shakeout");
    json_word(w, "version", SHAKEOUT_VERSION);
    json_word(w, "type", "packet-capture");
    json_end_object(w);
    json_object(w, "file");
    json_string(w, "path", scene->file, &r->cut);
    if (scene->file_bytes)
        json_number(w, "size", scene->file_bytes);
    json_end_object(w);
    json_begin_shakeout(r);
    json_put_input_facts(r, scene);
    json_object(w, "settings");
    json_word(w, "scope", scene->scope == SCOPE_EMS ? "ems" : "all");
    if (scene->profile) {
        json_array(w, "ports");
        for (size_t i = 0; i < scene->profile->n_services; i++)
            json_number(w, NULL, scene->profile->service[i].port);
        json_end_array(w);
    }
    if (r->config.filter)
        json_string(w, "filter", r->config.filter->said, &r->cut);
    json_end_object(w);
    json_word(w, "redaction", r->config.redaction ? r->config.redaction : "none");
    json_end_shakeout(r);
}
