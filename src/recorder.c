#include "recorder.h"

#include "base/text.h"
#include "correlate/summary.h"
#include "evidence/exhibit.h"
#include "evidence/quota.h"
#include "evidence/ring.h"
#include "report/proof.h"
#include "report/report.h"
#include "report/version.h"
#include "scribe.h"
#include "session/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PORTS = 1 << 16,
    GOOD = 256, /* services of which today's reference is known */
    EARLY = 64, /* packets of a connection that its beginning has */
    DAY_S = 86400,
    COMMENT = 512,
    GIVEN = 2 * SCRIBE_QUEUE, /* files of which nobody has heard yet */
    PORT_DNS = 53,
};

static const int64_t second_ns = 1000000000;
static const char good_subject[] = "good.";

/* Something that failed, until its last packets are in. */
struct open_case {
    struct exhibit *exhibit; /* NULL = not in use */
    uint64_t hash;           /* of the conversation whose packets are added */
    int64_t until_ns;
    struct shelf_item item; /* what the file will be called after */
    char comment[COMMENT], name[DNS_NAME_TEXT];
    struct filed about; /* id F_NONE = nobody waits for it */
};

_Static_assert((int)FILED_NAME == (int)SHELF_NAME, "a file has its name");

struct recorder {
    struct recorder_config config;
    const struct capture_facts *capture; /* its interfaces, what each of them lost */
    struct scribe *scribe;
    struct ring *early, *late; /* beginnings have a ring of their own: transfers do not push them
                                  out */
    struct hash_seed seed;
    struct quota quota;
    struct open_case open[RECORDER_CASES];
    size_t n_open;
    struct good {
        struct address server;
        uint16_t port;
        int64_t day;
    } good[GOOD];
    size_t n_good, next_good;
    uint64_t refused; /* failures beyond RECORDER_CASES */
    uint64_t lost;    /* files that nobody took: too many wait for the disk, or no memory */
    struct given {
        uint32_t tag;
        struct filed about;
    } given[GIVEN]; /* to who writes, by tag */
    uint32_t tag;   /* of the newest */
    uint8_t key[MASK_KEY];
    uint8_t wanted[2][PORTS / 8]; /* by port: TCP, UDP */
    struct told {
        int error;
        bool gone;
        uint64_t dropped, refused; /* of which it was told */
        int64_t next_ns;
    } told;
};

/* ---- opening ---- */

static void want(uint8_t bits[PORTS / 8], uint16_t port)
{
    bits[port / 8] |= (uint8_t)(1U << port % 8);
}

static void want_services(struct recorder *r)
{
    const struct profile *profile = r->config.profile;

    memset(r->wanted, 0, sizeof r->wanted);
    if (r->config.scope == SCOPE_ALL)
        memset(r->wanted[0], 0xff, sizeof r->wanted[0]);
    for (size_t i = 0; i < profile->n_services; i++) {
        const struct service *s = &profile->service[i];
        if (s->tcp)
            want(r->wanted[0], s->port);
        if (s->udp)
            want(r->wanted[1], s->port);
    }
    want(r->wanted[0], PORT_DNS);
    want(r->wanted[1], PORT_DNS);
}

static void remember_good(struct recorder *r, const struct address *server, uint16_t port,
                          int64_t day)
{
    r->good[r->next_good] = (struct good){ *server, port, day };
    r->next_good = (r->next_good + 1) % GOOD;
    r->n_good += r->n_good < GOOD;
}

/* What an earlier watch left counts for the limits of this one. */
static void learn_item(struct recorder *r, const struct shelf_item *item)
{
    size_t n = sizeof good_subject - 1;
    enum finding_id id = finding_find(item->subject);

    if (strncmp(item->subject, good_subject, n) == 0)
        remember_good(r, &item->who, (uint16_t)strtoul(item->subject + n, NULL, 10),
                      item->time_s / DAY_S);
    else if (id != F_NONE)
        quota_note(&r->quota, (uint16_t)id, &item->who, item->time_s * second_ns);
}

static bool open_scribe(struct recorder *r, struct failure *failure)
{
    struct shelf_limits limits = { .bytes = r->config.disk_bytes, .files = SHELF_FILES };
    struct shelf_item item;
    struct shelf shelf;

    if (!shelf_open(&shelf, r->config.folder, &limits, failure))
        return false;
    shelf_rewind(&shelf);
    while (shelf_next(&shelf, &item))
        learn_item(r, &item);
    r->scribe = scribe_open(&shelf, r->config.folder, r->config.confined, failure);
    return r->scribe != NULL;
}

struct recorder *recorder_open(const struct recorder_config *config, struct failure *failure)
{
    struct recorder *r = calloc(1, sizeof *r);

    *failure = (struct failure){ .what = "memory",
                                 .why = "the machine has none left for the flight recorder",
                                 .remedy = "say --ring with a smaller size" };
    if (!r)
        return NULL;
    r->config = *config;
    r->early = ring_open(config->ring_bytes / 4 * 3);
    r->late = ring_open(config->ring_bytes / 4);
    want_services(r);
    if (r->early && r->late && mask_draw_key(r->key) && open_scribe(r, failure))
        return r;
    recorder_close(r);
    return NULL;
}

size_t recorder_memory(const struct recorder *r)
{
    return r->config.ring_bytes + (size_t)RECORDER_CASES * EXHIBIT_BYTES + SCRIBE_BYTES;
}

/* ---- packets ---- */

static bool is_wanted(const struct recorder *r, const struct packet *p)
{
    const uint8_t *bits = r->wanted[p->kind == PACKET_UDP];

    return bits[p->source_port / 8] >> p->source_port % 8 & 1 ||
           bits[p->destination_port / 8] >> p->destination_port % 8 & 1;
}

/* An ICMP error belongs to what it quotes, a fragment to its two hosts. */
static uint64_t hash_of(const struct recorder *r, const struct packet *p)
{
    struct packet as = { .source = p->source, .destination = p->destination };

    if (p->kind == PACKET_TCP || p->kind == PACKET_UDP)
        return p->flow_hash;
    if (p->kind == PACKET_ICMP)
        as = (struct packet){ .source = p->quote.source,
                              .destination = p->quote.destination,
                              .source_port = p->quote.source_port,
                              .destination_port = p->quote.destination_port,
                              .ip_protocol = p->quote.ip_protocol };
    packet_set_key(&as, r->seed);
    return as.flow_hash;
}

static void add_to_cases(struct recorder *r, const struct frame *frame, uint64_t hash)
{
    for (size_t i = 0; i < RECORDER_CASES; i++)
        if (r->open[i].exhibit && r->open[i].hash == hash)
            exhibit_add(r->open[i].exhibit, frame);
}

void recorder_take(struct recorder *r, const struct frame *frame, const struct packet *p,
                   const struct flow *met)
{
    bool conversation = p->kind == PACKET_TCP || p->kind == PACKET_UDP;
    bool late = met && met->half[CLIENT].packets + met->half[SERVER].packets > EARLY;

    if (conversation ? !is_wanted(r, p)
                     : !p->fragment && !(p->kind == PACKET_ICMP && p->quote.present))
        return;
    uint64_t hash = hash_of(r, p);
    ring_put(late ? r->late : r->early, frame, hash);
    if (r->n_open)
        add_to_cases(r, frame, hash);
}

/* ---- failures ---- */

static struct open_case *case_new(struct recorder *r)
{
    for (size_t i = 0; i < RECORDER_CASES; i++) {
        struct open_case *c = &r->open[i];
        if (c->exhibit)
            continue;
        *c = (struct open_case){ .exhibit = exhibit_open() };
        r->n_open += c->exhibit != NULL;
        return c->exhibit ? c : NULL;
    }
    return NULL;
}

static void case_free(struct recorder *r, struct open_case *c)
{
    exhibit_close(c->exhibit);
    c->exhibit = NULL;
    r->n_open--;
}

/* What the file is about is said when it has its name. */
static bool give(struct recorder *r, const struct open_case *c, uint8_t *octets, size_t n)
{
    struct given *given = &r->given[++r->tag % GIVEN];
    char name[SHELF_NAME];

    shelf_name(&c->item, name);
    *given = (struct given){ .tag = r->tag, .about = c->about };
    return scribe_give(r->scribe, name, r->tag, octets, n);
}

bool recorder_filed(struct recorder *r, struct filed *out)
{
    char name[SHELF_NAME];
    uint32_t tag;

    while (scribe_wrote(r->scribe, &tag, name)) {
        const struct given *given = &r->given[tag % GIVEN];
        if (given->tag != tag || given->about.id == F_NONE)
            continue;
        *out = given->about;
        memcpy(out->name, name, sizeof out->name);
        return true;
    }
    return false;
}

static void case_write(struct recorder *r, struct open_case *c)
{
    struct exhibit_words words = { .comment = c->comment,
                                   .interfaces = r->capture->interface,
                                   .n_interfaces = r->capture->n_interfaces,
                                   .name = c->name,
                                   .contents = r->config.contents,
                                   .key = r->key };
    uint8_t *octets;
    size_t n;

    if (!exhibit_write(c->exhibit, &words, &octets, &n) || !give(r, c, octets, n))
        r->lost++;
    case_free(r, c);
}

static void gather(struct recorder *r, struct open_case *c)
{
    const struct kept *kept = exhibit_kept(c->exhibit);
    struct packet hosts = { .source = kept->key.address[CLIENT],
                            .destination = kept->key.address[SERVER] };

    packet_set_key(&hosts, r->seed);
    exhibit_gather(c->exhibit, r->early, c->hash, kept->first, EXHIBIT_PACKETS / 2);
    exhibit_gather(c->exhibit, r->late, c->hash, kept->first, EXHIBIT_PACKETS / 4);
    if (kept->key.ip_protocol)
        exhibit_gather(c->exhibit, r->early, hosts.flow_hash, kept->first, EXHIBIT_SUPPORT);
    exhibit_gather_notes(c->exhibit, r->early);
    exhibit_gather_notes(c->exhibit, r->late);
}

static void name_server(const struct scene *scene, const struct address *server,
                        struct open_case *c)
{
    const char *name = scene->names ? names_of(scene->names, server) : NULL;

    text_copy(c->name, sizeof c->name, name ? name : "");
}

static void comment_on(const struct recorder *r, struct open_case *c, const char *what,
                       const struct address *client, const struct address *server, uint16_t port)
{
    struct text t = text_of(c->comment, sizeof c->comment);
    char address[ADDRESS_TEXT];

    text_format(&t, "shakeout %s, watching %s: %s; %s -> ", SHAKEOUT_VERSION, r->config.interface,
                what, address_text(client, address));
    text_format(&t, "%s:%u", address_text(server, address), port);
}

static void begin_connection(const struct verdict *v, struct open_case *c)
{
    proof_of_connection(v, exhibit_kept(c->exhibit));
    c->hash = v->flow->hash;
    c->item.time_s = v->flow->first_ns / second_ns;
    c->item.who = v->flow->address[CLIENT];
}

static void begin_lookup(struct recorder *r, const struct scene *scene, const struct verdict *v,
                         struct open_case *c)
{
    const struct lookup *l = v->lookup;
    struct packet asked = { .source = l->client,
                            .destination = l->server,
                            .source_port = l->client_port,
                            .destination_port = l->server_port,
                            .ip_protocol = l->tcp ? 6 : 17 };

    packet_set_key(&asked, r->seed);
    proof_of_lookup(scene, v, exhibit_kept(c->exhibit));
    exhibit_kept(c->exhibit)->first = l->frames[0];
    c->hash = asked.flow_hash;
    c->item.time_s = l->first_ns / second_ns;
    c->item.who = l->client;
}

static struct quota_case quota_of(const struct verdict *v, bool known)
{
    if (v->flow)
        return (struct quota_case){ .id = (uint16_t)v->primary.id,
                                    .port = v->flow->port[SERVER],
                                    .server = v->flow->address[SERVER],
                                    .client = v->flow->address[CLIENT],
                                    .known = known };
    return (struct quota_case){ .id = (uint16_t)v->primary.id,
                                .port = v->lookup->server_port,
                                .server = v->lookup->server,
                                .client = v->lookup->client,
                                .known = known };
}

static struct open_case *begin(struct recorder *r, const struct scene *scene,
                               const struct verdict *v)
{
    struct quota_case of = quota_of(v, true);
    const struct finding *finding = finding_of(v->primary.id);
    struct open_case *c = case_new(r);
    char what[200];

    if (!c) {
        r->refused++;
        return NULL;
    }
    if (v->flow)
        begin_connection(v, c);
    else
        begin_lookup(r, scene, v, c);
    c->about = (struct filed){
        .id = v->primary.id, .client = of.client, .server = of.server, .port = v->flow ? of.port : 0
    };
    report_line_id(v, c->about.line);
    snprintf(what, sizeof what, "[%s] %s", finding->id, finding->title);
    text_copy(c->item.subject, sizeof c->item.subject, finding->id);
    comment_on(r, c, what, &of.client, &of.server, of.port);
    name_server(scene, &of.server, c);
    gather(r, c);
    return c;
}

void recorder_failed(struct recorder *r, const struct scene *scene, const struct verdict *v,
                     bool known, int64_t now_ns)
{
    struct quota_case of = quota_of(v, known);
    struct open_case *c = quota_take(&r->quota, &of, now_ns) ? begin(r, scene, v) : NULL;

    if (c)
        c->until_ns = now_ns + r->config.after_s * second_ns;
}

bool recorder_write(struct recorder *r, const struct scene *scene, const struct verdict *v,
                    char *path, size_t size)
{
    struct open_case *c = begin(r, scene, v);
    char name[SHELF_NAME];

    if (!c)
        return false;
    if (!exhibit_packets(c->exhibit)) {
        case_free(r, c);
        return false;
    }
    shelf_name(&c->item, name);
    struct text t = text_of(path, size);
    text_foreign(&t, r->config.folder, strlen(r->config.folder));
    text_format(&t, "/%s", name);
    case_write(r, c);
    return true;
}

/* ---- what works ---- */

static bool has_good(const struct recorder *r, const struct flow *flow, int64_t day)
{
    for (size_t i = 0; i < r->n_good; i++)
        if (r->good[i].port == flow->port[SERVER] && r->good[i].day >= day &&
            address_equal(&r->good[i].server, &flow->address[SERVER]))
            return true;
    return false;
}

void recorder_worked(struct recorder *r, const struct scene *scene, const struct verdict *v)
{
    const struct flow *flow = v->flow;

    if (!r->config.keep_good || !flow || flow->state < TCP_CLOSED ||
        has_good(r, flow, flow->first_ns / second_ns / DAY_S) || !proof_is_worth(v) ||
        !outcome_has_data(v) || !ring_frame(r->early, flow->first_frame))
        return;
    struct open_case *c = case_new(r);
    if (!c)
        return; /* the next one may find room */
    remember_good(r, &flow->address[SERVER], flow->port[SERVER],
                  flow->first_ns / second_ns / DAY_S);
    proof_of_working(flow, exhibit_kept(c->exhibit));
    c->hash = flow->hash;
    c->item.time_s = flow->first_ns / second_ns;
    c->item.who = flow->address[SERVER];
    snprintf(c->item.subject, sizeof c->item.subject, "%s%u", good_subject, flow->port[SERVER]);
    comment_on(r, c, "[GOOD] a connection that worked, to hold others against",
               &flow->address[CLIENT], &flow->address[SERVER], flow->port[SERVER]);
    name_server(scene, &flow->address[SERVER], c);
    gather(r, c);
    case_write(r, c);
}

/* ---- what is said ---- */

static const char *why(int error)
{
    if (error == ENOENT)
        return "the folder was removed";
    if (error == EFBIG)
        return "one file is larger than all of them together may be";
    return strerror(error);
}

static void say_error(struct recorder *r, const struct scribe_state *now)
{
    char folder[300];

    text_printable(r->config.folder, strlen(r->config.folder), folder, sizeof folder);
    if (now->gone && !r->told.gone)
        fprintf(stderr, "shakeout: %s: who writes the evidence is gone; I go on watching without\n",
                folder);
    else if (now->error && now->error != r->told.error)
        fprintf(stderr,
                "shakeout: %s: evidence cannot be written: %s; I go on watching, and try again\n",
                folder, why(now->error));
    else if (!now->error && r->told.error)
        fprintf(stderr, "shakeout: %s: evidence is written again\n", folder);
    r->told.gone = now->gone;
    r->told.error = now->error;
}

static uint64_t refused(const struct recorder *r)
{
    return r->refused + r->quota.refused_group + r->quota.refused_pair;
}

static void say_losses(struct recorder *r, const struct scribe_state *now, int64_t now_ns)
{
    uint64_t dropped = now->counts.dropped - r->told.dropped;
    uint64_t not_kept = refused(r) - r->told.refused;

    if ((!dropped && !not_kept) || now_ns < r->told.next_ns)
        return;
    fprintf(stderr, "shakeout: evidence:");
    if (not_kept)
        fprintf(stderr, " %" PRIu64 " failure%s not kept, for there are enough of the same%s",
                not_kept, not_kept == 1 ? " was" : "s were", dropped ? ";" : "");
    if (dropped)
        fprintf(stderr, " %" PRIu64 " oldest file%s removed to make room", dropped,
                dropped == 1 ? " was" : "s were");
    fputc('\n', stderr);
    r->told.dropped = now->counts.dropped;
    r->told.refused = refused(r);
    r->told.next_ns = now_ns + RECORDER_SAY_EVERY_S * second_ns;
}

void recorder_tick(struct recorder *r, int64_t now_ns)
{
    for (size_t i = 0; r->n_open && i < RECORDER_CASES; i++)
        if (r->open[i].exhibit && now_ns >= r->open[i].until_ns)
            case_write(r, &r->open[i]);
    scribe_tick(r->scribe);
    say_error(r, scribe_state(r->scribe));
    say_losses(r, scribe_state(r->scribe), now_ns);
}

void recorder_facts(const struct recorder *r, struct live_evidence *out)
{
    const struct scribe_state *now = scribe_state(r->scribe);

    *out = (struct live_evidence){ .kept = true,
                                   .written = now->counts.written,
                                   .refused = refused(r),
                                   .failed = now->failed + r->lost,
                                   .dropped = now->counts.dropped,
                                   .files = now->counts.files,
                                   .bytes = now->counts.bytes };
}

/* ---- runs ---- */

void recorder_begin(struct recorder *r, struct hash_seed seed, const struct capture_facts *capture)
{
    r->capture = capture;
    r->seed = seed;
    want_services(r); /* the configuration may be another one by now */
}

void recorder_end(struct recorder *r, bool last)
{
    for (size_t i = 0; i < RECORDER_CASES; i++)
        if (r->open[i].exhibit)
            case_write(r, &r->open[i]);
    ring_clear(r->early); /* the report needs memory as well */
    ring_clear(r->late);
    if (last)
        scribe_flush(r->scribe);
}

void recorder_close(struct recorder *r)
{
    if (!r)
        return;
    if (r->scribe) {
        recorder_end(r, true);
        say_error(r, scribe_state(r->scribe));
        r->told.next_ns = INT64_MIN;
        say_losses(r, scribe_state(r->scribe), 0);
    }
    scribe_close(r->scribe);
    ring_close(r->early);
    ring_close(r->late);
    free(r);
}
