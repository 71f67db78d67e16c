/* engine.c - the loop: bytes -> frames -> packets -> flows -> streams -> session -> verdict. */
#include "engine.h"

#include "base/text.h"
#include "correlate/summary.h"
#include "details.h"
#include "flow/budget.h"
#include "flow/host.h"
#include "flow/ledger.h"
#include "flow/neighbour.h"
#include "live/dial.h"
#include "packet/twin.h"
#include "progress.h"
#include "session/dissector.h"
#include "session/labeller.h"
#include "verdict/candidate.h"
#include "verdict/kin.h"
#include "verdict/resolution.h"
#include "verdict/served.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MIB = 1 << 20,
    FILE_MEMORY_MIB = 512,
    LIVE_MEMORY_MIB = 256,
    HOSTS_MAX = 1 << 16,
    CERTS_MIB = 32,
    CAPTURE_FINDINGS = 16,
    PARTINGS = 1024,     /* closed flows that wait for late packets before they may be let go */
    LOOKED_AT = 1 << 16, /* live: flows a look */
    LOOK_US = 100000,    /* live: of them at a time, */
    LOOK_BUSY_US = 2000, /* and where packets wait */
    NOTICES = 16,        /* live: lines a look; the rest of them is one number */
};

static const int64_t second_ns = 1000000000, microsecond_ns = 1000;
static const int64_t largest_step_ns = 60 * 1000000000LL; /* of the expiry clock, a packet */
/* What is said while the capture runs is said as of so long ago: the kernel hands packets over in
 * blocks, and a SYN's repeat comes just after the time that would make its silence a finding. */
static const int64_t hindsight_ns = 1000000000;
/* No stack waits as long before it repeats its first SYN: nobody does any more. */
static const int64_t abandoned_ns = 5 * 1000000000LL;

struct engine {
    const struct engine_config *config;
    struct capture *capture;
    struct report *report;
    struct decoder *decoder;
    struct twins *twins;
    struct flows *flows;
    struct hosts *hosts;
    struct neighbours *neighbours;
    struct session_world world;
    struct candidates *candidates;
    struct served *served;
    struct ledgers *ledgers; /* NULL unless somebody exports */
    struct kin kin;
    struct scene scene;
    struct parting {
        struct flow *flow;
        uint64_t first_frame; /* tells whether the record is still that of this flow */
    } * partings;             /* closed flows, oldest first, in a ring */
    size_t first_parting, n_partings;
    bool began;     /* the report has its first line */
    uint64_t first; /* of the capture's counters, when this began: its numbers of packets, */
    uint64_t lost;  /* and of losses */
    struct watch {
        int64_t next_look_ns, newest_ns; /* steady clock: of the next look, of the newest packet */
        int64_t said_ns;                 /* capture's clock: of the latest notice */
        int64_t next_count_ns;           /* steady clock: when check-ins are counted */
        int64_t end_ns; /* steady clock: when this run ends, and the next begins; 0 = never */
        struct dial dial;
        int64_t moved_ns; /* the clock was set by so much since the newest packet */
        bool over;
        bool looking;                  /* a look is not at its end */
        int64_t next_part_ns;          /* steady clock: when it goes on */
        size_t n_looked, n_said;       /* this look */
        size_t n_left;                 /* failed, and went before anybody looked */
        unsigned n_owed;               /* told in spite of a storm, this look */
        bool one_way;                  /* and told */
        uint64_t drops;                /* told */
        int64_t next_loss_ns;          /* steady clock: when losses may be told again */
        size_t first_lookup, endpoint; /* that may have something to say */
        uint32_t cursor;
        bool absent[CAPTURE_DEVICES];         /* interfaces, and told */
        bool blind;                           /* all are gone, or nothing came since */
        struct scene_loss loss[SCENE_LOSSES]; /* oldest first */
        size_t n_losses;
        uint64_t counted;   /* drops, */
        int64_t counted_ns; /* at this time of day */
    } watch;                /* live */
};

static bool engine_open(struct engine *e)
{
    struct hash_seed seed = hash_seed_draw();
    size_t memory = e->config->max_memory, rings = capture_facts(e->capture)->ring_bytes;
    if (!memory)
        memory = (size_t)(capture_is_live(e->capture) ? LIVE_MEMORY_MIB : FILE_MEMORY_MIB) * MIB;
    if (e->config->recorder) {
        recorder_begin(e->config->recorder, seed, capture_facts(e->capture));
        rings += recorder_memory(e->config->recorder);
    }
    struct flow_limits limits = { .memory_bytes = budget_for_flows(memory, rings),
                                  .largest_step_ns = largest_step_ns,
                                  .server_ports = e->config->profile->ports };

    e->decoder = decoder_open(seed);
    e->twins = twins_open(seed);
    e->flows = flows_open(&limits, seed);
    e->hosts = hosts_open(HOSTS_MAX);
    e->neighbours = neighbours_open();
    e->world.certs = cert_store_open((size_t)CERTS_MIB * MIB);
    e->world.names = names_open();
    e->world.labeller = e->config->label ? labeller_open() : NULL;
    e->candidates = candidates_open();
    e->served = served_open();
    e->ledgers = report_exports(e->report) ? ledgers_open() : NULL;
    e->partings = calloc(PARTINGS, sizeof *e->partings);
    if (!e->decoder || !e->twins || !e->flows || !e->hosts || !e->neighbours || !e->world.certs ||
        !e->world.names || !e->candidates || !e->served || !e->partings ||
        (!e->ledgers && report_exports(e->report)))
        return false;
    e->world.flows = e->flows;
    e->world.pool = flows_pool(e->flows);
    e->world.profile = e->config->profile;
    e->world.keys = e->config->keys;
    e->scene.scope = e->config->scope;
    e->scene.profile = e->config->profile;
    e->scene.trust = e->config->trust;
    e->scene.hosts = e->hosts;
    e->scene.neighbours = e->neighbours;
    e->scene.names = e->world.names;
    e->scene.candidates = e->candidates;
    e->scene.served = e->served;
    e->scene.ledgers = e->ledgers;
    e->kin.flows = e->flows;
    e->scene.kin = &e->kin;
    e->scene.live = capture_is_live(e->capture);
    text_copy(e->scene.file, sizeof e->scene.file, e->config->input_name);
    return true;
}

static void engine_close(struct engine *e)
{
    free(e->partings);
    ledgers_close(e->ledgers);
    served_close(e->served);
    candidates_close(e->candidates);
    labeller_close(e->world.labeller);
    names_close(e->world.names);
    cert_store_close(e->world.certs);
    neighbours_close(e->neighbours);
    hosts_close(e->hosts);
    flows_close(e->flows);
    twins_close(e->twins);
    decoder_close(e->decoder);
}

/* Does the session want to see this payload? */
static bool payload_wanted(const struct engine *e, const struct flow *flow, const struct packet *p,
                           enum side from)
{
    const struct half *half = &flow->half[from];
    size_t n = bytes_on_wire(&p->payload);

    if (!n || half->flags & HALF_DONE || flow->flags & FLOW_ENDED)
        return false;
    if (!flow_is_tcp(flow))
        return dissector_for_port(e->config->profile, flow->port[SERVER]) != NULL;
    /* A keep-alive probe repeats an octet that is long read. */
    return !flow->session || seq_after(p->seq + (uint32_t)n, half->want);
}

static uint64_t drops_of(const struct capture_facts *facts)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < facts->n_interfaces; i++)
        sum += facts->interface[i].dropped;
    return sum;
}

static int64_t time_of_day_ns(void)
{
    struct timespec now;

    return clock_gettime(CLOCK_REALTIME, &now) == 0 ? now.tv_sec * second_ns + now.tv_nsec : 0;
}

/* Live: what the counters have more than before was lost since then, on the clock of the packets.
 * Losses that follow each other are one; of too many the two oldest are. */
static void note_losses(struct watch *w, uint64_t drops)
{
    int64_t now_ns = time_of_day_ns(), then_ns = w->counted_ns ? w->counted_ns : now_ns;
    struct scene_loss loss = { then_ns < now_ns ? then_ns : now_ns,
                               then_ns < now_ns ? now_ns : then_ns };
    struct scene_loss *newest = w->n_losses ? &w->loss[w->n_losses - 1] : NULL;

    w->counted_ns = now_ns;
    if (drops == w->counted)
        return;
    w->counted = drops;
    if (newest && loss.from_ns <= newest->to_ns + second_ns && loss.to_ns >= newest->from_ns) {
        newest->from_ns = loss.from_ns < newest->from_ns ? loss.from_ns : newest->from_ns;
        newest->to_ns = loss.to_ns > newest->to_ns ? loss.to_ns : newest->to_ns;
        return;
    }
    if (w->n_losses == SCENE_LOSSES) {
        w->loss[1].from_ns = w->loss[0].from_ns;
        memmove(w->loss, w->loss + 1, --w->n_losses * sizeof *w->loss);
    }
    w->loss[w->n_losses++] = loss;
}

/* What the rules need to know of the capture as a whole, as of now. */
static void scene_refresh(struct engine *e)
{
    struct scene *s = &e->scene;
    const struct capture_facts *facts = capture_facts(e->capture);
    const struct flow_counts *flows = flows_counts(e->flows);
    const struct decoder_counts *decoded = decoder_counts(e->decoder);
    const struct twin_counts *twins = twin_counts(e->twins);

    s->first_ns = flows->first_ns;
    s->last_ns = flows->last_ns;
    s->last_frame = flows->last_frame;
    s->packets = facts->last_number - e->first;
    s->damaged = facts->damaged;
    s->resumed = facts->resumed;
    s->clock_relative = facts->clock_relative;
    s->bare_packets = facts->bare_frames;
    text_copy(s->remark, sizeof s->remark, facts->remark);
    text_copy(s->damage, sizeof s->damage, facts->damage);
    text_copy(s->format, sizeof s->format, facts->format);
    text_copy(s->filter, sizeof s->filter, facts->n_interfaces ? facts->interface[0].filter : "");
    s->file_bytes = facts->bytes_total;
    s->drops = drops_of(facts) - e->lost;
    s->drops_known = s->live;
    if (s->live)
        note_losses(&e->watch, s->drops);
    s->losses = e->watch.loss;
    s->n_losses = e->watch.n_losses;
    for (size_t i = 0; i < facts->n_interfaces; i++)
        s->drops_known |= facts->interface[i].dropped_known;
    s->data_bytes = flows->data_bytes;
    s->unseen_bytes = flows->unseen_bytes;
    s->copies = twins->copies;
    s->payload_copies = twins->payload_copies;
    s->payload_packets = twins->payload_packets;
    s->first_copy_frame = twins->first_frame;
    s->ttl_steps = twins->ttl_steps;
    s->cut_packets = decoded->cut;
    s->malformed = decoded->malformed;
    s->unknown_link = decoded->unknown_link;
    s->unknown_link_type = decoded->first_unknown_link;
    s->unknown_inside = decoded->unknown_inside;
    s->tunnelled = decoded->tunnelled;
    s->sealed = decoded->sealed;
    s->first_sealed = decoded->first_sealed;
    s->last_sealed = decoded->last_sealed;
    s->connections = flows->with_syn + flows->midstream;
    s->one_sided = flows->one_sided_tcp;
    s->midstream = flows->midstream;
    s->evicted_flows = flows->evicted + flows->refused;
    s->clock_back = flows->backward_steps;
    s->clock_forward = flows->forward_jumps;
    s->clock_frame = flows->first_jump_frame;
    s->n_breaks = flows->n_breaks;
    s->breaks = flows->breaks;
}

static void begin_report(struct engine *e, bool complete)
{
    if (e->began)
        return;
    e->began = true;
    scene_refresh(e);
    e->scene.reading = !complete;
    report_capture(e->report, &e->scene);
}

/* Live: what was said while nothing came any more stays true when it is judged. */
static int64_t judged_as_of(const struct engine *e, const struct flow *flow)
{
    bool said_later = flow->flags & FLOW_NOTICED && e->watch.said_ns > e->scene.last_ns;
    return said_later ? e->watch.said_ns : e->scene.last_ns;
}

/* What the state of the watch learns of a verdict. */
static struct board_news note_deed(struct engine *e, const struct board_deed *deed)
{
    struct report_parties parties = { &deed->client, &deed->server, deed->port };

    if (!e->config->live)
        return (struct board_news){ .change = BOARD_SAME };
    struct board_news news = board_note(live_board(e->config->live), deed);
    if (news.change == BOARD_RECOVERED)
        report_recovered(e->report, &e->scene, &parties, deed->first_ns - news.since_ns);
    return news;
}

/* The capture's clock goes on by our own while nothing comes, so that a step of the machine's time
 * of day is no silence of a peer. */
static int64_t watch_clock(const struct engine *e)
{
    return flows_counts(e->flows)->last_ns + e->watch.moved_ns + clock_steady_ns() -
           e->watch.newest_ns;
}

/* What the flight recorder learns of a verdict. */
static void keep_evidence(struct engine *e, const struct verdict *v, const struct board_news *news)
{
    struct recorder *recorder = e->config->recorder;

    if (!recorder)
        return;
    if (v->primary.severity == SEVERITY_ERROR)
        recorder_failed(recorder, &e->scene, v, news->known, watch_clock(e));
    else
        recorder_worked(recorder, &e->scene, v);
}

static struct board_news note_verdict(struct engine *e, const struct verdict *v)
{
    const struct flow *flow = v->flow;
    const struct service *service = profile_service(e->scene.profile, flow->port[SERVER]);
    struct board_deed deed = { .client = flow->address[CLIENT],
                               .server = flow->address[SERVER],
                               .port = flow->port[SERVER],
                               .outcome = outcome_of(&v->primary),
                               .id = v->primary.id,
                               .token = verdict_token(v),
                               .checkin = service && service->checkin && outcome_has_data(v),
                               .frame = flow->first_frame,
                               .first_ns = flow->first_ns,
                               .last_ns = flow->last_ns };

    return note_deed(e, &deed);
}

/* In a storm of failures those of endpoints for which something worked before are told first. */
static bool is_owed(struct engine *e, const struct board_news *news)
{
    return news->known && news->change == BOARD_FAILS && e->watch.n_owed++ < NOTICES;
}

/* Live: what goes before anybody looked at it is told now, or at least counted. */
static void tell_leaving(struct engine *e, struct flow *flow, const struct verdict *v)
{
    struct board_news news = note_verdict(e, v);
    bool failed = v->primary.severity == SEVERITY_ERROR;

    if (!e->scene.live || !e->scene.reading || flow->flags & FLOW_NOTICED)
        return;
    keep_evidence(e, v, &news);
    if (!failed)
        return;
    if (e->config->changes && news.change != BOARD_FAILS)
        return;
    if (is_owed(e, &news))
        report_notice(e->report, &e->scene, v);
    else
        e->watch.n_left++;
}

static void judge(struct engine *e, struct flow *flow)
{
    struct verdict verdict;
    struct flow kept;
    int64_t last_ns = e->scene.last_ns;

    if (flow->flags & FLOW_JUDGED || !flow_is_tcp(flow))
        return;
    flow->flags |= FLOW_JUDGED;
    if (!verdict_in_scope(&e->scene, flow)) {
        report_other(e->report, flow);
        return;
    }
    begin_report(e, false);
    e->scene.anything_relevant = true;
    e->scene.last_ns = judged_as_of(e, flow);
    bool unfolded = flow_unfold(e->flows, flow, &kept);
    verdict_of(&e->scene, flow, &verdict);
    tell_leaving(e, flow, &verdict);
    report_add(e->report, &e->scene, &verdict);
    if (unfolded)
        flow_fold(e->flows, flow, &kept);
    e->scene.last_ns = last_ns;
}

/* Ends the sessions first: what they still hold back may change what others are judged by. */
static void end_session(struct engine *e, struct flow *flow)
{
    if (flow->flags & FLOW_ENDED)
        return;
    if (e->scene.live)
        keys_poll(e->world.keys);
    session_end(&e->world, flow);
    if (flow_is_tcp(flow)) {
        candidate_note(e->candidates, e->scene.profile, flow);
        served_note(e->served, flow);
    }
}

/* A closed flow has waited long enough for late packets: if nothing that the capture still may show
 * can change what is said of it, it is said now and its memory serves the next. */
static void part_with(struct engine *e, struct flow *flow)
{
    struct verdict verdict;

    end_session(e, flow);
    if (!verdict_in_scope(&e->scene, flow)) {
        if (verdict_never_in_scope(&e->scene, flow)) {
            judge(e, flow);
            flow_release(e->flows, flow);
        }
        return;
    }
    begin_report(e, false);
    e->scene.anything_relevant = true;
    e->scene.last_ns = flows_counts(e->flows)->last_ns;
    verdict_of(&e->scene, flow, &verdict);
    if (!verdict_is_settled(&verdict))
        return;
    flow->flags |= FLOW_JUDGED;
    tell_leaving(e, flow, &verdict);
    report_add(e->report, &e->scene, &verdict);
    if (!(flow->flags & FLOW_PINNED))
        flow_release(e->flows, flow);
}

/* Is the record still that of the connection that closed? */
static bool parting_stands(const struct parting *p)
{
    return p->flow->first_frame == p->first_frame && p->flow->flags & FLOW_PARTING &&
           !(p->flow->flags & FLOW_JUDGED);
}

/* What part_with will need of the connections that go next: nothing of it is in the cache, for they
 * have waited long.  The further away, the less is asked for. */
static void prefetch_partings(const struct engine *e)
{
    enum { AHEAD = 6 };
    const struct parting *next[AHEAD];

    for (size_t i = 0; i < AHEAD; i++)
        next[i] = &e->partings[(e->first_parting + i) % PARTINGS];
    flow_prefetch(next[5]->flow);
    flow_prefetch_more(next[4]->flow);
    if (parting_stands(next[3])) {
        served_prefetch(e->served, next[3]->flow, false);
        report_prefetch(e->report, next[3]->flow, false);
        session_prefetch(next[3]->flow);
    }
    if (parting_stands(next[1])) {
        served_prefetch(e->served, next[1]->flow, true);
        report_prefetch(e->report, next[1]->flow, true);
        session_prefetch_tls(next[1]->flow);
    }
}

static void note_parting(struct engine *e, struct flow *flow)
{
    if (e->n_partings == PARTINGS) {
        struct parting *oldest = &e->partings[e->first_parting];
        e->first_parting = (e->first_parting + 1) % PARTINGS;
        e->n_partings--;
        if (parting_stands(oldest))
            part_with(e, oldest->flow);
        prefetch_partings(e);
    }
    flow->flags |= FLOW_PARTING;
    e->partings[(e->first_parting + e->n_partings++) % PARTINGS] =
        (struct parting){ flow, flow->first_frame };
}

static void accept_icmp(struct engine *e, const struct packet *p)
{
    e->scene.icmp_seen = true;
    if (p->quote.present && p->quote.ip_protocol == 17)
        names_icmp(e->world.names, &p->quote.source, p->quote.source_port, &p->quote.destination,
                   p->quote.destination_port, p->frame, p->icmp_type, p->icmp_code);
}

static void accept_packet(struct engine *e, const struct packet *p, struct flow *met,
                          const struct frame *frame)
{
    enum side from = CLIENT;

    if (e->config->recorder)
        recorder_take(e->config->recorder, frame, p, met);
    if (p->fragment)
        return;
    if (twin_seen(e->twins, p)) {
        flow_note_copy(met, p);
        return;
    }
    neighbours_take(e->neighbours, p);
    struct flow *flow = flow_accept_met(e->flows, p, met, &from);
    if (p->kind == PACKET_ICMP)
        accept_icmp(e, p);
    if (!flow || p->kind == PACKET_ICMP)
        return;
    if (e->ledgers)
        ledger_take(e->ledgers, flow, p, from, bytes_on_wire(&frame->data));
    if (host_wants(flow, p, from))
        host_note(e->hosts, flow, p, from);
    if (p->flags & TCP_SYN && from == CLIENT)
        candidate_note(e->candidates, e->scene.profile, flow);
    if (payload_wanted(e, flow, p, from))
        session_advance(&e->world, flow, p, from);
    if (flow->state >= TCP_CLOSED && !(flow->flags & FLOW_PARTING))
        note_parting(e, flow);
}

/* Under memory pressure: judged with what is known, and let go. */
static void expire(struct engine *e)
{
    struct flow *flow = flow_expired(e->flows);

    if (flow)
        scene_refresh(e);
    for (; flow; flow = flow_expired(e->flows)) {
        end_session(e, flow);
        judge(e, flow);
        if (!(flow->flags & FLOW_PINNED)) /* the report may have taken it for an example */
            flow_release(e->flows, flow);
    }
}

/* ---- live ---- */

/* Who sends one SYN an attempt is known by the second: the first must be counted by then. */
static void note_abandoned(struct engine *e, struct flow *flow)
{
    if (flow->state == TCP_SYN_SENT && flow->n_syn == 1 &&
        e->scene.last_ns - flow->last_ns >= abandoned_ns)
        end_session(e, flow);
}

static bool is_noticeable(const struct engine *e, const struct flow *flow)
{
    return !(flow->flags & (FLOW_NOTICED | FLOW_JUDGED)) && flow_is_tcp(flow) &&
           verdict_in_scope(&e->scene, flow);
}

/* Says what is wrong with one connection, unless enough was said; is anything? */
static bool look_at(struct engine *e, struct flow *flow, int64_t now_ns, bool said_enough)
{
    struct verdict verdict;

    note_abandoned(e, flow);
    session_unseal(flow);
    verdict_of(&e->scene, flow, &verdict);
    struct board_news news = note_verdict(e, &verdict);
    keep_evidence(e, &verdict, &news);
    if (verdict.primary.severity != SEVERITY_ERROR)
        return false;
    flow->flags |= FLOW_NOTICED;
    e->watch.said_ns = e->scene.last_ns;
    e->scene.last_ns = now_ns;
    report_line(e->report, &e->scene, &verdict);
    if (e->config->changes && news.change != BOARD_FAILS)
        return false;
    if (!said_enough || is_owed(e, &news))
        report_notice(e->report, &e->scene, &verdict);
    return true;
}

/* A question that failed may be asked again with another name, or elsewhere, at once. */
static bool is_ripe(const struct lookup *l, int64_t as_of_ns)
{
    return (l->answered ? l->reply_ns : l->last_try_ns) <= as_of_ns;
}

/* Is anything wrong with this lookup?  What cannot be said yet is looked at again. */
static bool look_at_lookup(struct engine *e, struct lookup *l, int64_t now_ns, bool said_enough)
{
    struct verdict verdict;

    verdict_of_lookup(&e->scene, l, &verdict);
    enum outcome outcome = outcome_of(&verdict.primary);
    if (verdict.primary.id == F_NONE && l->answered)
        outcome = OUTCOME_OK;
    l->noticed = outcome != OUTCOME_UNDECIDED || !verdict.in_scope;
    if (!verdict.in_scope)
        return false;
    struct board_deed deed = { .client = l->client,
                               .server = l->server,
                               .outcome = outcome,
                               .id = verdict.primary.id,
                               .token = verdict_token(&verdict),
                               .frame = l->frames[0],
                               .first_ns = l->first_ns,
                               .last_ns = l->answered ? l->reply_ns : l->last_try_ns };
    struct board_news news = note_deed(e, &deed);
    if (outcome == OUTCOME_FAILED)
        keep_evidence(e, &verdict, &news);
    if (outcome == OUTCOME_FAILED)
        report_line(e->report, &e->scene, &verdict);
    if (outcome != OUTCOME_FAILED || (e->config->changes && news.change != BOARD_FAILS))
        return false;
    e->scene.last_ns = now_ns;
    if (!said_enough || is_owed(e, &news))
        report_notice(e->report, &e->scene, &verdict);
    return true;
}

static size_t look_at_lookups(struct engine *e, int64_t now_ns, size_t n_said)
{
    size_t n = names_lookups(e->world.names);
    bool all_before = true;

    for (size_t i = e->watch.first_lookup; i < n; i++) {
        struct lookup *l = names_lookup(e->world.names, i);
        e->scene.last_ns = now_ns - hindsight_ns;
        if (!l->noticed && is_ripe(l, e->scene.last_ns))
            n_said += look_at_lookup(e, l, now_ns, n_said >= NOTICES);
        all_before = all_before && l->noticed;
        if (all_before)
            e->watch.first_lookup = i + 1;
    }
    return n_said;
}

static void look_at_checkins(struct engine *e, int64_t now_ns)
{
    struct board_missed missed;

    if (!e->config->live || e->scene.unwatched_ns || clock_steady_ns() < e->watch.next_count_ns)
        return;
    e->watch.next_count_ns = clock_steady_ns() + second_ns;
    e->scene.last_ns = now_ns;
    while (board_missed(live_board(e->config->live), now_ns, &e->watch.endpoint, &missed))
        report_missed(e->report, &e->scene, &missed.client, missed.missed, missed.interval_ns,
                      missed.last_ns);
}

/* A watch must tell its own blindness before silence is read as health. */
static void look_at_capture(struct engine *e, int64_t now_ns)
{
    enum { LOSS_EVERY_S = 10 };
    struct watch *w = &e->watch;
    bool one_way = scene_is_one_way(&e->scene);
    char line[160];

    e->scene.last_ns = now_ns;
    if (one_way != w->one_way)
        report_tell(e->report, &e->scene, one_way ? F_CAPTURE_ONE_WAY : F_NONE,
                    one_way ? "only one direction is seen, most verdicts are impossible: "
                              "mirror rx and tx"
                            : "both directions are seen");
    w->one_way = one_way;
    if (e->scene.drops == w->drops || clock_steady_ns() < w->next_loss_ns)
        return;
    snprintf(line, sizeof line,
             "%" PRIu64 " packet%s lost: verdicts that need what is missing are withheld",
             e->scene.drops - w->drops, e->scene.drops - w->drops == 1 ? " was" : "s were");
    report_tell(e->report, &e->scene, F_CAPTURE_LOSSY, line);
    w->drops = e->scene.drops;
    w->next_loss_ns = clock_steady_ns() + LOSS_EVERY_S * second_ns;
}

/* Ends a look: the rest of what it found is one number. */
static void look_end(struct engine *e)
{
    struct watch *w = &e->watch;
    size_t n_left = w->n_left + (w->n_said > NOTICES ? w->n_said - NOTICES : 0);

    w->looking = false;
    w->n_left = w->n_said = 0;
    if (n_left)
        report_notice_more(e->report, n_left);
    look_at_checkins(e, watch_clock(e));
}

static void look_begin(struct engine *e)
{
    struct watch *w = &e->watch;

    if (w->looking)
        look_end(e);
    scene_refresh(e);
    keys_poll(e->world.keys);
    w->n_owed = 0;
    w->n_looked = 0;
    look_at_capture(e, watch_clock(e));
    w->n_said = look_at_lookups(e, watch_clock(e), 0);
    w->looking = true;
}

/* Looks at a few connections; false when all were looked at, or enough. */
static bool look_at_some(struct engine *e, int64_t now_ns)
{
    enum { SOME = 64 };
    struct watch *w = &e->watch;
    struct flow *flow, kept;

    for (size_t i = 0; i < SOME; i++) {
        if (w->n_looked++ == LOOKED_AT)
            return false;
        flow = flows_next(e->flows, &w->cursor);
        if (!flow) {
            w->cursor = 0;
            return false;
        }
        e->scene.last_ns = now_ns - hindsight_ns;
        if (!is_noticeable(e, flow))
            continue;
        bool unfolded = flow_unfold(e->flows, flow, &kept);
        w->n_said += look_at(e, flow, now_ns, w->n_said >= NOTICES);
        if (unfolded)
            flow_fold(e->flows, flow, &kept);
    }
    return true;
}

/* Packets go on while connections are looked at, and the kernel's ring holds a tenth of a second of
 * them: what takes longer is done in parts, which take a fifth of the time where packets wait. */
static void look_on(struct engine *e, bool busy)
{
    int64_t began_ns = clock_steady_ns(), now_ns = began_ns;
    int64_t clock_ns = watch_clock(e);

    scene_refresh(e);
    while (now_ns - began_ns < (busy ? LOOK_BUSY_US : LOOK_US) * microsecond_ns) {
        if (!look_at_some(e, clock_ns)) {
            look_end(e);
            return;
        }
        now_ns = clock_steady_ns();
    }
    e->watch.next_part_ns = now_ns + (busy ? 4 * (now_ns - began_ns) : 0);
}

/* What the rules of the site tell; that a thing is over is good news. */
static void tell_alerts(struct engine *e)
{
    struct alert alert;
    char line[ALERT_TEXT + 2 * ALERT_NAME];

    while (e->config->live && live_alert(e->config->live, &alert)) {
        bool good = alert.change == ALERT_ENDS || alert.change == ALERT_LEAVES;
        if (!(alert.rule->send & ALERT_JOURNAL) || alert.change == ALERT_FILED) /* has a line */
            continue;
        snprintf(line, sizeof line, "alert %s: %s", alert.rule->name, alert.text);
        report_tell(e->report, &e->scene, good ? F_NONE : alert.id, line);
    }
}

/* Packets of a failure come to the disk some seconds behind its notice. */
static void tell_filed(struct engine *e)
{
    struct filed filed;

    while (e->config->recorder && recorder_filed(e->config->recorder, &filed)) {
        struct report_parties parties = { &filed.client, &filed.server, filed.port };
        e->scene.last_ns = watch_clock(e);
        report_filed(e->report, &e->scene, &parties, filed.name);
        if (e->config->live)
            live_filed(e->config->live, &filed, watch_clock(e));
    }
}

static void tell_interface(struct engine *e, const struct capture_interface *port, bool alone)
{
    char line[200];

    if (alone)
        snprintf(line, sizeof line, "the interface is %s",
                 port->absent ? "gone, and nothing is watched until it is there again"
                              : "there again");
    else
        snprintf(line, sizeof line, "%s is %s", port->name,
                 port->absent ? "gone: what passes there is not seen, and no silence is told"
                              : "there again");
    e->scene.last_ns = watch_clock(e);
    report_tell(e->report, &e->scene, port->absent ? F_CAPTURE_LOSSY : F_NONE, line);
}

/* Of what happens while an interface is gone nothing is known: no silence counts. */
static void look_at_interfaces(struct engine *e)
{
    const struct capture_facts *facts = capture_facts(e->capture);

    for (size_t i = 0; i < facts->n_interfaces && i < CAPTURE_DEVICES; i++) {
        if (facts->interface[i].absent == e->watch.absent[i])
            continue;
        e->watch.absent[i] = facts->interface[i].absent;
        tell_interface(e, &facts->interface[i], facts->n_interfaces == 1);
    }
    if (facts->n_absent && !e->scene.unwatched_ns)
        e->scene.unwatched_ns = watch_clock(e);
    if (facts->n_absent < facts->n_interfaces)
        e->watch.blind &= facts->n_absent == 0; /* the others are watched */
    else
        e->watch.blind |= facts->n_absent != 0;
}

static bool sees_again(const struct engine *e)
{
    bool gone = false;

    for (size_t i = 0; i < CAPTURE_DEVICES; i++)
        gone |= e->watch.absent[i];
    return e->scene.unwatched_ns && !gone;
}

static void see_again(struct engine *e)
{
    e->watch.blind = false;
    flows_break(e->flows, e->scene.unwatched_ns);
    if (e->config->live)
        board_unwatched(live_board(e->config->live), e->scene.unwatched_ns, watch_clock(e));
    e->scene.unwatched_ns = 0;
}

static void write_state(struct engine *e, bool now)
{
    const struct capture_facts *facts = capture_facts(e->capture);
    struct live_facts live = { .clock_ns = e->watch.newest_ns ? watch_clock(e) : 0,
                               .last_packet_ns = flows_counts(e->flows)->last_ns,
                               .packets = facts->frames,
                               .kernel_dropped = facts->kernel_dropped,
                               .interface_dropped = facts->interface_dropped,
                               .evicted_flows = e->scene.evicted_flows,
                               .one_way = scene_is_one_way(&e->scene),
                               .connections = e->scene.connections != 0,
                               .ports = facts->interface,
                               .n_ports = facts->n_interfaces };

    if (e->config->recorder)
        recorder_facts(e->config->recorder, &live.evidence);
    if (e->config->live)
        live_tick(e->config->live, &live, now);
}

/* Does the newest packet have the new time?  One from before it was set may come late. */
static void forget_move(struct engine *e)
{
    int64_t moved_ns = e->watch.moved_ns, half_ns = (moved_ns < 0 ? -moved_ns : moved_ns) / 2;

    if (!moved_ns)
        return;
    int64_t apart_ns = watch_clock(e) - moved_ns - time_of_day_ns();
    if (apart_ns > -half_ns && apart_ns < half_ns)
        e->watch.moved_ns = 0;
}

/* Who was there an hour ago by the new clock is no stranger, and not silent since tomorrow. */
static void look_at_clock(struct engine *e)
{
    int64_t by_ns = dial_look(&e->watch.dial);
    char line[160];

    if (!by_ns)
        return;
    e->watch.moved_ns += by_ns;
    forget_move(e);
    if (e->config->live)
        board_move(live_board(e->config->live), by_ns);
    snprintf(line, sizeof line,
             "the clock of this machine was set %s by %" PRId64 " s: the watch goes on",
             by_ns < 0 ? "back" : "forward",
             ((by_ns < 0 ? -by_ns : by_ns) + second_ns / 2) / second_ns);
    e->scene.last_ns = time_of_day_ns();
    report_tell(e->report, &e->scene, F_CAPTURE_CLOCK_JUMP, line);
}

/* Lines of whatever kind come behind that of the capture.  Before the first packet it began now. */
static void begin_lines(struct engine *e)
{
    if (!flows_counts(e->flows)->last_frame)
        e->scene.first_ns = time_of_day_ns();
    report_begin_lines(e->report, &e->scene);
}

static void watch(struct engine *e, size_t n_frames)
{
    int64_t now_ns = clock_steady_ns();

    if (n_frames) {
        e->watch.newest_ns = now_ns;
        forget_move(e);
    }
    if (e->config->recorder)
        recorder_tick(e->config->recorder, watch_clock(e));
    if (e->watch.looking && now_ns >= e->watch.next_part_ns && !e->watch.blind)
        look_on(e, n_frames == FRAME_BATCH);
    if (now_ns < e->watch.next_look_ns)
        return;
    e->watch.next_look_ns = now_ns + second_ns / 2;
    look_at_clock(e);
    look_at_interfaces(e);
    if (e->watch.newest_ns && !e->watch.blind)
        look_begin(e);
    begin_lines(e);
    tell_filed(e);
    write_state(e, false);
    tell_alerts(e);
    e->watch.over = e->watch.end_ns && (now_ns >= e->watch.end_ns || names_refused(e->world.names));
    if (reload_tick(e->config->reload, e->config->live))
        e->watch.over = true;
    if (report_broken(e->report))
        capture_stop(e->capture); /* nobody reads any more */
}

/* What the person before the screen asks for. */
static void attend(struct engine *e)
{
    struct screen *screen = e->config->screen;
    int64_t now_ns = clock_steady_ns();

    if (!screen || !screen_is_due(screen, now_ns))
        return;
    const struct capture_facts *facts = capture_facts(e->capture);
    struct view_facts shown = { .clock_ns = e->watch.newest_ns ? watch_clock(e) : 0,
                                .packets = facts->frames,
                                .kernel_dropped = facts->kernel_dropped,
                                .interface_dropped = facts->interface_dropped,
                                .evicted_flows = e->scene.evicted_flows,
                                .one_way = scene_is_one_way(&e->scene) };
    enum view_wish wish = screen_tick(screen, now_ns, &shown);
    if (wish == WISH_QUIT)
        capture_stop(e->capture);
    if (wish != WISH_DETAILS && wish != WISH_EVIDENCE)
        return;
    struct details details = { .flows = e->flows,
                               .names = e->world.names,
                               .scene = &e->scene,
                               .report = e->report,
                               .recorder = e->config->recorder };
    e->scene.last_ns = shown.clock_ns - hindsight_ns;
    if (wish == WISH_DETAILS)
        details_show(&details, screen);
    else
        details_keep(&details, screen);
}

/* ---- the end ---- */

static int by_last_frame(const void *a, const void *b)
{
    const struct flow *x = *(struct flow *const *)a, *y = *(struct flow *const *)b;

    if (x->last_frame != y->last_frame)
        return x->last_frame < y->last_frame ? -1 : 1;
    return (x->first_frame > y->first_frame) - (x->first_frame < y->first_frame);
}

/* Judges everything that is left, in the order of its last packet. */
static bool judge_rest(struct engine *e)
{
    uint64_t open = flows_counts(e->flows)->open;
    struct flow **all = malloc((size_t)(open + 1) * sizeof *all);
    size_t n = 0;
    uint32_t cursor = 0;
    struct flow *flow;

    if (!all)
        return false;
    while ((flow = flows_next(e->flows, &cursor)) != NULL && n < open) {
        end_session(e, flow);
        if (flow_is_tcp(flow))
            all[n++] = flow;
    }
    flows_close_index(e->flows);
    begin_report(e, true);
    e->scene.reading = false;
    scene_refresh(e);
    qsort(all, n, sizeof *all, by_last_frame);
    for (size_t i = 0; i < n; i++)
        judge(e, all[i]);
    free(all);
    return true;
}

static void judge_lookups(struct engine *e)
{
    struct verdict verdict;

    for (size_t i = 0; i < names_lookups(e->world.names); i++) {
        struct lookup *lookup = names_lookup(e->world.names, i);
        verdict_of_lookup(&e->scene, lookup, &verdict);
        if (!verdict.in_scope)
            continue;
        e->scene.anything_relevant = true;
        report_add_lookup(e->report, &e->scene, &verdict);
    }
    e->scene.anything_relevant |= resolution_is_relevant(&e->scene);
}

/* Secrets that the input carries: usually before the packets they unlock. */
static void take_secrets(struct engine *e)
{
    struct bytes text = capture_secrets(e->capture);

    if (text.left && e->world.keys)
        keys_take(e->world.keys, text, KEYS_FILE);
}

/* A watch is one run behind the other on one capture, whose counters go on. */
static void engine_begin(struct engine *e)
{
    const struct capture_facts *facts = capture_facts(e->capture);

    if (!e->scene.live)
        return;
    e->first = facts->last_number;
    e->lost = drops_of(facts);
    if (e->config->run_ns)
        e->watch.end_ns = clock_steady_ns() + e->config->run_ns;
}

static void engine_read(struct engine *e)
{
    struct frame frames[FRAME_BATCH];
    struct packet packets[PACKET_BATCH];
    struct progress progress = progress_of(e->config);

    while (!capture_ended(e->capture) && !e->watch.over) {
        size_t n = capture_next(e->capture, frames);
        if (n && sees_again(e))
            see_again(e);
        take_secrets(e);
        packet_decode(e->decoder, frames, n, packets);
        twins_prefetch(e->twins, packets, n);
        flows_prefetch(e->flows, packets, n);
        sessions_prefetch(e->flows, packets, n);
        for (size_t i = 0; i < n; i++)
            accept_packet(e, &packets[i], flows_met(e->flows, i), &frames[i]);
        expire(e);
        if (e->scene.live) {
            watch(e, n);
            attend(e);
        } else {
            progress_show(&progress, capture_facts(e->capture));
        }
    }
    progress_erase(&progress);
    if (e->config->recorder)
        recorder_end(e->config->recorder, capture_ended(e->capture));
    if (e->scene.live) {
        tell_filed(e);
        tell_alerts(e);
    }
    screen_leave(e->config->screen);
}

static void no_memory(struct failure *failure)
{
    *failure = (struct failure){ .what = "memory",
                                 .why = "the machine has none left for the tables",
                                 .remedy = "close other programs, or lower --max-memory" };
}

int engine_run(const struct engine_config *config, struct capture *capture, struct report *report,
               struct failure *failure)
{
    struct engine e = { .config = config, .capture = capture, .report = report };
    struct raised findings[CAPTURE_FINDINGS];
    int code = 2;

    if (engine_open(&e)) {
        engine_begin(&e);
        engine_read(&e);
        if (judge_rest(&e)) {
            judge_lookups(&e);
            if (e.scene.live)
                write_state(&e, true);
            size_t n = verdict_of_capture(&e.scene, findings, CAPTURE_FINDINGS);
            flows_forget(e.flows);
            code = report_close(report, &e.scene, findings, n, failure);
        } else {
            no_memory(failure);
        }
    } else {
        no_memory(failure);
    }
    engine_close(&e);
    return code;
}
