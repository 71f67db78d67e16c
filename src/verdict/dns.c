#include "verdict/dns.h"

#include "verdict/absence.h"
#include "verdict/dns_answer.h"
#include "verdict/raise.h"

#include <stdio.h>
#include <string.h>

/* ---- lookups around a moment
 * --------------------------------------------------------------------- */

struct near {
    size_t from, to; /* half-open */
};

/* The first lookup that is not before this moment: they come in the order of their first question.
 */
static size_t first_since(const struct names *names, int64_t time_ns)
{
    size_t low = 0, high = names_lookups(names);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (names_lookup(names, middle)->first_ns < time_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct near near_of(const struct names *names, int64_t time_ns)
{
    size_t n = names_lookups(names), low = first_since(names, time_ns);

    return (struct near){ .from = low > LOOKUPS_NEAR ? low - LOOKUPS_NEAR : 0,
                          .to = n - low > LOOKUPS_NEAR ? low + LOOKUPS_NEAR : n };
}

static const struct lookup *lookup_at(const struct names *names, size_t i)
{
    return names_lookup(names, i);
}

static bool is_address_question(const struct lookup *l)
{
    return l->type == DNS_A || l->type == DNS_AAAA;
}

static bool gave_addresses(const struct lookup *l)
{
    return is_address_question(l) && l->answered && l->rcode == DNS_NOERROR && l->n_answers > 0;
}

static bool has_answer(const struct lookup *l, const struct address *address)
{
    for (unsigned i = 0; i < l->n_answers && i < LOOKUP_ANSWERS; i++)
        if (address_equal(&l->answer[i], address))
            return true;
    return false;
}

static bool within(int64_t a_ns, int64_t b_ns, int64_t span_ns)
{
    return a_ns > b_ns ? a_ns - b_ns <= span_ns : b_ns - a_ns <= span_ns;
}

struct dns_traffic dns_traffic_of(const struct names *names, const struct address *client,
                                  int64_t time_ns)
{
    struct dns_traffic out = { .asked = false };

    if (!names)
        return out;
    struct near near = near_of(names, time_ns);
    for (size_t i = near.from; i < near.to; i++) {
        const struct lookup *l = lookup_at(names, i);
        if (!address_equal(&l->client, client))
            continue;
        out.asked = true;
        out.answered = out.answered || l->answered;
    }
    return out;
}

/* ---- connections to the other addresses of a name (RFC 8305)
 * ------------------------------------------------------------------------------------- */

static bool answered_about(const struct dealing *d, int64_t time_ns)
{
    return d && d->answered_frame && d->first_ns <= time_ns + SECONDS(2) &&
           d->last_ns >= time_ns - SECONDS(2);
}

static bool find_answered(const struct matter *m, const struct lookup *l, struct sibling *out)
{
    const struct address *server = &m->flow->address[SERVER];

    for (unsigned i = 0; i < l->n_answers && i < LOOKUP_ANSWERS; i++) {
        if (address_equal(&l->answer[i], server))
            continue;
        const struct dealing *d =
            served_dealing(m->scene->served, &l->client, &l->answer[i], m->flow->port[SERVER]);
        if (!answered_about(d, m->flow->first_ns))
            continue;
        out->answered_frame = d->answered_frame;
        out->other_family = address_is_ipv4(&l->answer[i]) != address_is_ipv4(server);
        return true;
    }
    return false;
}

/* The host that asked is known by the address it asked from; its other family is another address.
 */
struct sibling dns_sibling(const struct matter *m)
{
    struct sibling out = { .answered_frame = 0 };
    const struct names *names = m->scene->names;
    const struct lookup *own = NULL;

    if (!names || !m->scene->served)
        return out;
    struct near near = near_of(names, m->flow->first_ns);
    for (size_t i = near.to; i > near.from && !own; i--)
        if (gave_addresses(lookup_at(names, i - 1)) &&
            has_answer(lookup_at(names, i - 1), &m->flow->address[SERVER]))
            own = lookup_at(names, i - 1);
    for (size_t i = near.from; own && i < near.to; i++) {
        const struct lookup *l = lookup_at(names, i);
        if (gave_addresses(l) && address_equal(&l->client, &own->client) &&
            strcmp(l->name, own->name) == 0 && find_answered(m, l, &out)) {
            out.lookup_frame = own->reply_frame;
            return out;
        }
    }
    return out;
}

/* ---- one lookup beside the others
 * ---------------------------------------------------------------------- */

/* What else is known of the name of a failed lookup. */
struct around {
    uint64_t success_frame; /* the same client got an address, from anybody; 0 = none */
    uint64_t other_frame;   /* another client got one, from another resolver */
    bool is_suffix_try;     /* a search list made this name from a shorter or equal one */
    bool replied;           /* somebody replied to the same client about it, whatever it was */
    bool aaaa_answered;     /* another resolver answered its question for AAAA */
    bool asked_for_a;       /* the same client asked for A as well */
    bool connected;         /* the client reached a known address of the name */
};

static bool begins_with_label(const char *name, const char *shorter)
{
    size_t n = strlen(shorter);
    return n && strncmp(name, shorter, n) == 0 && name[n] == '.';
}

static bool same_first_label(const char *a, const char *b)
{
    size_t n = strcspn(a, ".");
    return n && n == strcspn(b, ".") && strncmp(a, b, n) == 0;
}

static bool connected_to(const struct scene *scene, const struct lookup *l,
                         const struct lookup *known)
{
    for (unsigned i = 0; i < known->n_answers && i < LOOKUP_ANSWERS; i++) {
        const struct dealing *d = served_dealing(scene->served, &l->client, &known->answer[i], 0);
        if (d && d->answered_frame && d->last_ns >= l->first_ns)
            return true;
    }
    return false;
}

static void look_same_client(const struct lookup *l, const struct lookup *other, struct around *out)
{
    bool soon = within(l->first_ns, other->first_ns, SECONDS(10));
    bool same = strcmp(l->name, other->name) == 0;

    if (same && gave_addresses(other) && (soon || other->first_ns > l->first_ns))
        out->success_frame = other->reply_frame;
    if (same && soon && other->type == DNS_A)
        out->asked_for_a = true;
    if (same && soon && other->type == DNS_AAAA && other->answered && other->rcode == DNS_NOERROR)
        out->aaaa_answered = true;
    if (same && soon && other->answered)
        out->replied = true;
    if (same || !soon || !is_address_question(other))
        return;
    if (begins_with_label(l->name, other->name))
        out->is_suffix_try = true;
    if (gave_addresses(other) &&
        (begins_with_label(other->name, l->name) || same_first_label(l->name, other->name)))
        out->is_suffix_try = true;
}

static struct around around_of(const struct scene *scene, const struct lookup *l)
{
    struct around out = { .replied = false };
    struct near near = near_of(scene->names, l->first_ns);

    for (size_t i = near.from; i < near.to; i++) {
        const struct lookup *other = lookup_at(scene->names, i);
        if (other == l)
            continue;
        if (address_equal(&other->client, &l->client))
            look_same_client(l, other, &out);
        else if (strcmp(l->name, other->name) == 0 && gave_addresses(other) &&
                 !address_equal(&other->server, &l->server))
            out.other_frame = other->reply_frame;
        if (strcmp(l->name, other->name) == 0 && gave_addresses(other))
            out.connected = out.connected || connected_to(scene, l, other);
    }
    return out;
}

/* ---- block addresses
 * --------------------------------------------------------------------------------- */

/* The vendor's block portal, as its guides give it. */
static const uint8_t portal_v4[4] = { 208, 91, 112, 55 };
static const uint8_t portal_v6[16] = { 0x20, 0x01, 0xcd, 0xba, 0,    0,    0,    0,
                                       0,    0,    0,    0,    0x32, 0x57, 0x96, 0x52 };

static enum confidence block_address(const struct address *a)
{
    const struct address v4 = address_v4(portal_v4);
    static const struct address v4_none = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } };

    if (address_equal(a, &v4) || memcmp(a->octet, portal_v6, 16) == 0)
        return CERTAIN;
    if (address_is_unspecified(a) || address_equal(a, &v4_none) || address_is_loopback(a))
        return PROBABLE;
    return NO_CONFIDENCE;
}

static enum confidence blocked(const struct lookup *l)
{
    enum confidence word = NO_CONFIDENCE;

    for (unsigned i = 0; i < l->n_answers && i < LOOKUP_ANSWERS; i++) {
        enum confidence one = block_address(&l->answer[i]);
        if (one == NO_CONFIDENCE)
            return NO_CONFIDENCE;
        word = one > word ? one : word;
    }
    return word;
}

/* ---- the verdict
 * ------------------------------------------------------------------------------------- */

static bool works_otherwise(const struct around *a) { return a->success_frame || a->connected; }

static struct raised failed(enum finding_id id, const struct lookup *l)
{
    struct raised r = raise_of(id);

    for (unsigned i = 0; i < l->tries && i < LOOKUP_FRAMES; i++)
        raise_frame(&r, l->frames[i]);
    raise_frame(&r, l->reply_frame);
    return r;
}

static struct raised judge_nxdomain(const struct lookup *l, const struct around *a)
{
    struct raised r = failed(F_DNS_NXDOMAIN, l);

    r.cause = a->other_frame ? PROBABLE : POSSIBLE;
    raise_frame(&r, a->other_frame);
    return r;
}

/* Is the way back to this client, or from this resolver, known to be captured? */
static bool return_seen(const struct scene *scene, const struct lookup *l)
{
    const struct host *client = scene->hosts ? host_find(scene->hosts, &l->client) : NULL;
    const struct host *server = scene->hosts ? host_find(scene->hosts, &l->server) : NULL;

    return (client && client->received_frame) || (server && server->sent_frame);
}

/* The client acknowledges answers that are not in the capture: this one may be missing as well. */
static bool hears_unseen(const struct scene *scene, const struct lookup *l)
{
    const struct host *client = scene->hosts ? host_find(scene->hosts, &l->client) : NULL;
    return client && client->hears_unseen && !client->received_frame;
}

/* Three seconds since the newest question; or, while it goes on asking, more than the five that a
 * resolver waits at most before it asks again. */
static bool waited(const struct scene *scene, const struct lookup *l)
{
    unsigned n = l->tries < LOOKUP_FRAMES ? l->tries : LOOKUP_FRAMES;
    int64_t until_ns = scene_watched_until(scene, n ? l->frames[n - 1] : 0);
    return until_ns - l->last_try_ns >= SECONDS(3) ||
           (l->tries >= 3 && until_ns - l->first_ns > SECONDS(5));
}

/* A question to everybody need not be answered by anybody. */
static bool is_silent(const struct scene *scene, const struct lookup *l)
{
    return !l->answered && l->tries >= 2 && waited(scene, l) &&
           !address_is_multicast_or_broadcast(&l->server) && !hears_unseen(scene, l);
}

static struct raised judge_silence(const struct scene *scene, const struct lookup *l,
                                   const struct around *a)
{
    struct raised none = { .id = F_NONE };

    if (l->icmp_frame) {
        struct raised r = failed(F_DNS_ICMP_UNREACHABLE, l);
        raise_frame(&r, l->icmp_frame);
        return r;
    }
    if (a->replied || !is_silent(scene, l) || scene_missed(scene, l->frames[0], l->last_try_ns) ||
        scene_lost(scene, l->first_ns, l->last_try_ns + SECONDS(10)))
        return none;
    struct raised r = failed(F_DNS_TIMEOUT, l);
    if (!return_seen(scene, l))
        r.fact--;
    if (!scene->live && scene->drops_known && scene->drops)
        r.fact--;
    r.cause = POSSIBLE;
    return r;
}

/* The question for AAAA fails in itself, the one for A is answered (RFC 4074). */
static struct raised judge_aaaa(const struct scene *scene, const struct lookup *l,
                                const struct around *a)
{
    struct raised none = { .id = F_NONE };
    bool silent = !l->icmp_frame && is_silent(scene, l);
    bool broken = l->answered && (l->rcode == DNS_SERVFAIL || l->rcode == DNS_REFUSED);

    if (l->type != DNS_AAAA || a->aaaa_answered || !a->success_frame || !a->asked_for_a ||
        !(silent || broken))
        return none;
    struct raised r = failed(F_DNS_AAAA_BROKEN, l);
    raise_frame(&r, a->success_frame);
    if (silent && !return_seen(scene, l))
        r.fact--;
    return r;
}

/* A program on the same host listens there: the name is meant to be this host's. */
static bool is_served_here(const struct scene *scene, const struct lookup *l)
{
    for (unsigned i = 0; i < l->n_answers && i < LOOKUP_ANSWERS; i++) {
        const struct address *a = &l->answer[i];
        const struct dealing *d = served_dealing(scene->served, a, a, 0);
        if (address_is_loopback(a) && d && d->answered_frame)
            return true;
    }
    return false;
}

static struct raised judge_answer(const struct scene *scene, const struct lookup *l)
{
    struct raised none = { .id = F_NONE };
    enum confidence word = is_served_here(scene, l) ? NO_CONFIDENCE : blocked(l);

    if (word != NO_CONFIDENCE) {
        struct raised r = failed(F_DNS_BLOCKED_ANSWER, l);
        r.cause = word;
        return r;
    }
    struct raised truncated = dns_judge_truncated(scene, l);
    if (truncated.id != F_NONE)
        return truncated;
    struct raised address = dns_judge_address(scene, l);
    if (address.id != F_NONE)
        return address;
    if (!l->repeats && l->reply_ns - l->first_ns <= SECONDS(1))
        return none;
    return failed(F_DNS_SLOW, l);
}

/* Names that systems ask for on their own to find a proxy or a tunnel; mostly nobody has them
 * (RFC 5214 section 8.3; Web Proxy Auto-Discovery). */
static bool is_discovery(const struct lookup *l)
{
    size_t n = strcspn(l->name, ".");
    return (n == 4 && strncmp(l->name, "wpad", n) == 0) ||
           (n == 6 && strncmp(l->name, "isatap", n) == 0);
}

static struct raised judge_lookup(const struct scene *scene, const struct lookup *l)
{
    struct raised none = { .id = F_NONE };

    if (l->type == DNS_PTR)
        return dns_judge_pointer(l);
    if (l->answered && l->rcode == DNS_NOERROR && l->n_answers_all)
        return judge_answer(scene, l);
    if (is_discovery(l))
        return none;
    struct around a = around_of(scene, l);
    struct raised aaaa = judge_aaaa(scene, l, &a);
    if (aaaa.id != F_NONE)
        return aaaa;
    /* One family without an answer beside another with one is no failure; when both fail, the
     * question for A speaks for both. */
    if (works_otherwise(&a) || a.is_suffix_try || (l->type == DNS_AAAA && a.asked_for_a))
        return none;
    if (!l->answered)
        return judge_silence(scene, l, &a);
    switch (l->rcode) {
    case DNS_NXDOMAIN:
        return judge_nxdomain(l, &a);
    case DNS_SERVFAIL:
        return failed(F_DNS_SERVFAIL, l);
    case DNS_REFUSED:
        return failed(F_DNS_REFUSED, l);
    case DNS_NOERROR:
        /* RFC 2308: the name exists; of AAAA alone nothing is expected. */
        if (l->truncated)
            return dns_judge_truncated(scene, l);
        return l->cut || l->type == DNS_AAAA ? none : failed(F_DNS_NO_ADDRESS, l);
    default:
        return none;
    }
}

bool dns_failed(const struct scene *scene, const struct lookup *lookup)
{
    struct raised r = judge_lookup(scene, lookup);
    return !gave_addresses(lookup) && r.id != F_NONE && r.severity == SEVERITY_ERROR;
}

const struct lookup *dns_lookup_of(const struct names *names, const struct address *client,
                                   const char *name, int64_t from_ns, int64_t until_ns, size_t *i)
{
    size_t first = first_since(names, from_ns), n = names_lookups(names);

    for (*i = *i < first ? first : *i; *i < n && *i - first < LOOKUPS_NEAR;) {
        const struct lookup *l = lookup_at(names, (*i)++);
        if (l->first_ns > until_ns)
            return NULL;
        if (is_address_question(l) && address_equal(&l->client, client) &&
            strcmp(l->name, name) == 0)
            return l;
    }
    return NULL;
}

static bool lookup_in_scope(const struct scene *scene, const struct lookup *l)
{
    if (!verdict_is_endpoint(scene, &l->client))
        return false;
    if (!is_address_question(l))
        return dns_asks_for_pointer(scene, l);
    if (scene->scope == SCOPE_ALL || profile_names_ems(scene->profile, l->name))
        return true;
    for (unsigned i = 0; i < l->n_answers && i < LOOKUP_ANSWERS; i++)
        if (profile_is_ems_address(scene->profile, &l->answer[i]))
            return true;
    return false;
}

static void fill_stages(struct verdict *out)
{
    static const struct {
        enum finding_id id;
        enum stage_token token;
    } words[] = {
        { F_DNS_NXDOMAIN, TOKEN_NXDOM },
        { F_DNS_TIMEOUT, TOKEN_TIMEOUT },
        { F_DNS_ICMP_UNREACHABLE, TOKEN_UNREACH },
    };

    if (out->primary.id == F_NONE) {
        out->stage[STAGE_DNS] = out->lookup->answered ? TOKEN_OK : TOKEN_UNSEEN;
        return;
    }
    if (out->primary.severity <= SEVERITY_WARNING) {
        out->stage[STAGE_DNS] = out->primary.severity == SEVERITY_WARNING ? TOKEN_WARN : TOKEN_OK;
        return;
    }
    out->failed_stage = STAGE_DNS;
    memset(out->stage, TOKEN_NOT_REACHED, sizeof out->stage);
    out->stage[STAGE_DNS] = TOKEN_FAIL;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].id == out->primary.id)
            out->stage[STAGE_DNS] = (uint8_t)words[i].token;
}

/* Where the site names its name servers, who asks another one asks the wrong one. */
static void blame_choice(const struct scene *scene, const struct lookup *l, struct raised *r)
{
    char why[VERDICT_NOTE], server[ADDRESS_TEXT];

    if (r->severity != SEVERITY_ERROR || !scene->profile ||
        !site_is_other_resolver(&scene->profile->site, &l->server))
        return;
    snprintf(why, sizeof why, "it asks %s, which is none of the configured name servers",
             address_text(&l->server, server));
    raise_owner(r, OWNER_CLIENT, why);
}

void verdict_of_lookup(const struct scene *scene, const struct lookup *lookup, struct verdict *out)
{
    memset(out, 0, sizeof *out);
    out->lookup = lookup;
    out->failed_stage = ATTEMPT_STAGES;
    out->resolver = lookup->server;
    out->in_scope = lookup_in_scope(scene, lookup);
    if (out->in_scope)
        out->primary = judge_lookup(scene, lookup);
    if (out->primary.id != F_NONE) {
        const struct finding *f = finding_of(out->primary.id);
        struct raised *r = &out->primary;
        r->fact = r->fact > f->best ? f->best : r->fact < POSSIBLE ? POSSIBLE : r->fact;
        r->cause = r->cause > f->prose.cause ? f->prose.cause : r->cause;
        r->cause = r->cause > r->fact ? r->fact : r->cause;
        blame_choice(scene, lookup, r);
    }
    fill_stages(out);
}
