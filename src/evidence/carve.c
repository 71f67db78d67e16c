#include "evidence/carve.h"

#include "base/text.h"
#include "packet/packet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INTERFACES = CAPTURE_INTERFACES, COMMENTS_AT_ONCE = 32, SUPPORTED = 1024 };

/* A conversation to keep, found by the hash of its key. */
struct wanted {
    uint64_t hash, first;
    uint32_t left; /* packets that may still be kept */
    struct plan_key key;
};

struct carving {
    struct pcapng_out *out;
    const struct carve_source *source;
    struct hash_seed seed;
    struct wanted *wanted; /* by hash */
    size_t n_wanted, room;
    struct plan_note *notes; /* by frame; texts are the plan's */
    size_t n_notes, next_note;
    uint32_t interface[INTERFACES]; /* number in the section + 1 */
    uint32_t other[INTERFACES];     /* of inputs with more: by link type */
    uint32_t other_link[INTERFACES];
    uint32_t n_interfaces, n_other;
    bool nanoseconds;
    bool everything; /* no plan picks */
    struct carve_counts *counts;
};

/* ---- what is wanted ---- */

static int by_hash(const void *a, const void *b)
{
    const struct wanted *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

static int by_frame(const void *a, const void *b)
{
    const struct plan_note *x = a, *y = b;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

static uint64_t hash_of(const struct carving *c, const struct plan_key *key)
{
    struct packet p = { .source = key->address[CLIENT],
                        .destination = key->address[SERVER],
                        .source_port = key->port[CLIENT],
                        .destination_port = key->port[SERVER],
                        .ip_protocol = key->ip_protocol };
    packet_set_key(&p, c->seed);
    return p.flow_hash;
}

static void want(struct carving *c, const struct plan_key *key, uint64_t first, uint32_t most)
{
    if (c->n_wanted == c->room)
        return;
    c->wanted[c->n_wanted++] =
        (struct wanted){ .hash = hash_of(c, key), .first = first, .left = most, .key = *key };
}

static bool one_way(const struct plan_key *key, const struct packet *p, enum side from)
{
    return key->port[from] == p->source_port && key->port[!from] == p->destination_port &&
           address_equal(&key->address[from], &p->source) &&
           address_equal(&key->address[!from], &p->destination);
}

static bool is_of(const struct plan_key *key, const struct packet *p)
{
    return key->ip_protocol == p->ip_protocol &&
           (one_way(key, p, CLIENT) || one_way(key, p, SERVER));
}

/* Takes one of the packets that a wanted conversation may have. */
static bool take_conversation(struct carving *c, const struct packet *p)
{
    size_t low = 0, high = c->n_wanted;
    bool taken = false;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->wanted[middle].hash < p->flow_hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < c->n_wanted && c->wanted[low].hash == p->flow_hash; low++) {
        struct wanted *w = &c->wanted[low];
        if (p->frame < w->first || !w->left || !is_of(&w->key, p))
            continue;
        w->left -= w->left != UINT32_MAX;
        taken = true;
    }
    return taken;
}

static bool is_host(const struct carving *c, const struct address *address)
{
    for (size_t i = 0; i < c->n_wanted; i++)
        if (address_equal(&c->wanted[i].key.address[CLIENT], address) ||
            address_equal(&c->wanted[i].key.address[SERVER], address))
            return true;
    return false;
}

static bool take_quoted(struct carving *c, const struct packet *p)
{
    struct packet quoted = { .frame = p->frame,
                             .source = p->quote.source,
                             .destination = p->quote.destination,
                             .source_port = p->quote.source_port,
                             .destination_port = p->quote.destination_port,
                             .ip_protocol = p->quote.ip_protocol };

    if (!p->quote.present)
        return false;
    packet_set_key(&quoted, c->seed);
    return take_conversation(c, &quoted);
}

static bool is_wanted(struct carving *c, const struct packet *p)
{
    if (p->fragment)
        return is_host(c, &p->source) && is_host(c, &p->destination);
    if (p->kind == PACKET_ICMP)
        return take_quoted(c, p);
    return (p->kind == PACKET_TCP || p->kind == PACKET_UDP) && take_conversation(c, p);
}

/* ---- the first pass: conversations of single frames ---- */

static void want_whole(struct carving *c, const struct packet *p)
{
    struct plan_key key = { .address = { p->source, p->destination },
                            .port = { p->source_port, p->destination_port },
                            .ip_protocol = p->ip_protocol };

    if (p->kind != PACKET_TCP && p->kind != PACKET_UDP)
        return;
    for (size_t i = 0; i < c->n_wanted; i++)
        if (is_of(&c->wanted[i].key, p))
            return;
    want(c, &key, 0, CARVE_SUPPORT);
}

static void note_whole(void *context, const struct frame *frame, const struct packet *p)
{
    struct carving *c = context;
    bool whole = false;

    (void)frame;
    while (c->next_note < c->n_notes && c->notes[c->next_note].frame <= p->frame)
        if (c->notes[c->next_note++].frame == p->frame)
            whole |= c->notes[c->next_note - 1].whole;
    if (whole)
        want_whole(c, p);
}

/* ---- the second: packets ---- */

static uint32_t describe(struct carving *c, const struct capture_facts *facts,
                         const struct frame *frame)
{
    struct pcapng_interface described = { .link = frame->link, .nanoseconds = c->nanoseconds };

    if (frame->interface < facts->n_interfaces) {
        if (!c->source->redactor)
            described.name = facts->interface[frame->interface].name;
        described.snap_length = facts->interface[frame->interface].snap_length;
    }
    pcapng_interface(c->out, &described);
    return ++c->n_interfaces;
}

/* The number in the section of the interface that a frame came from. */
static uint32_t interface_of(struct carving *c, const struct capture_facts *facts,
                             const struct frame *frame)
{
    if (frame->interface < INTERFACES && frame->interface < facts->n_interfaces &&
        facts->interface[frame->interface].link == frame->link) {
        uint32_t *number = &c->interface[frame->interface];
        if (!*number)
            *number = describe(c, facts, frame);
        return *number - 1;
    }
    for (uint32_t i = 0; i < c->n_other; i++)
        if (c->other_link[i] == frame->link)
            return c->other[i] - 1;
    if (c->n_other == INTERFACES)
        return c->other[0] - 1;
    c->other_link[c->n_other] = frame->link;
    c->other[c->n_other] = describe(c, facts, frame);
    return c->other[c->n_other++] - 1;
}

struct writing {
    struct carving *carving;
    const struct capture_facts *facts;
};

static size_t notes_of(struct carving *c, uint64_t frame, const struct plan_note **notes,
                       bool *noted)
{
    size_t n = 0;

    for (; c->next_note < c->n_notes && c->notes[c->next_note].frame <= frame; c->next_note++) {
        const struct plan_note *note = &c->notes[c->next_note];
        if (note->frame < frame)
            continue;
        *noted = true;
        bool again = n && note->text && strcmp(notes[n - 1]->text, note->text) == 0;
        if (note->text && n < COMMENTS_AT_ONCE && !again)
            notes[n++] = note;
    }
    return n;
}

/* Our words stay as they are; the name out of the packets gets the stand-in that it has there. */
static const char *said_of(struct redactor *redactor, const struct plan_note *note,
                           char said[PLAN_NOTE_TEXT])
{
    if (!redactor || !note->name_at)
        return note->text;
    snprintf(said, PLAN_NOTE_TEXT, "%s", note->text);
    redactor_name(redactor, said + note->name_at);
    return said;
}

static void put_frame(struct writing *w, const struct frame *frame,
                      const struct plan_note *const *notes, size_t n)
{
    struct carving *c = w->carving;
    struct redactor *redactor = c->source->redactor;
    struct bytes data = frame->data;
    char said[COMMENTS_AT_ONCE][PLAN_NOTE_TEXT];
    const char *texts[COMMENTS_AT_ONCE];

    if (redactor) {
        const uint8_t *rewritten = redactor_frame(redactor, frame);
        if (!rewritten)
            return;
        data.at = rewritten;
    }
    for (size_t i = 0; i < n; i++)
        texts[i] = said_of(redactor, notes[i], said[i]);
    pcapng_packet(c->out, interface_of(c, w->facts, frame), frame->time_ns, c->nanoseconds, &data,
                  texts, n);
}

static bool is_left(const struct carving *c, const struct packet *p)
{
    const struct carve_left *left = c->source->left;
    const struct packet quoted = { .source = p->quote.source,
                                   .destination = p->quote.destination,
                                   .source_port = p->quote.source_port,
                                   .destination_port = p->quote.destination_port,
                                   .ip_protocol = p->quote.ip_protocol };
    const struct packet *who = p->kind == PACKET_ICMP && p->quote.present ? &quoted : p;

    for (size_t i = 0; left && i < left->n; i++)
        if (is_of(&left->key[i], who))
            return true;
    return false;
}

/* False without memory: then a number is missing, and no verdict will seem the same. */
static bool note_left(struct carve_left *left, uint64_t frame)
{
    if (left->n_frames == left->room) {
        size_t room = left->room ? left->room * 2 : 64;
        uint64_t *frames = realloc(left->frame, room * sizeof *frames);
        if (!frames)
            return false;
        left->frame = frames;
        left->room = room;
    }
    left->frame[left->n_frames++] = frame;
    return true;
}

static void write_wanted(void *context, const struct frame *frame, const struct packet *p)
{
    struct writing *w = context;
    struct carving *c = w->carving;
    const struct plan_note *notes[COMMENTS_AT_ONCE];
    bool noted = false;
    size_t n = notes_of(c, p->frame, notes, &noted);

    c->counts->frames++;
    if (!c->everything && !is_wanted(c, p) && !noted)
        return;
    if (is_left(c, p) &&
        note_left(c->source->left, c->counts->kept + c->source->left->n_frames + 1))
        return;
    c->counts->kept++;
    put_frame(w, frame, notes, n);
}

/* ---- both ---- */

typedef void per_packet(void *context, const struct frame *frame, const struct packet *p);

static void no_memory(struct failure *failure)
{
    *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
}

static bool read_all(const struct carving *c, struct capture *capture, per_packet *each,
                     void *context, struct failure *failure)
{
    struct frame frames[FRAME_BATCH];
    struct packet packets[PACKET_BATCH];
    struct decoder *decoder = decoder_open(c->seed);

    if (!decoder) {
        no_memory(failure);
        return false;
    }
    while (!capture_ended(capture)) {
        size_t n = capture_next(capture, frames);
        packet_decode(decoder, frames, n, packets);
        for (size_t i = 0; i < n; i++)
            each(context, &frames[i], &packets[i]);
    }
    decoder_close(decoder);
    return true;
}

static void learn(void *context, const struct frame *frame, const struct packet *p)
{
    (void)frame;
    redactor_learn(context, p);
}

/* What was said is understood before the first packet is rewritten. */
static bool learning_pass(const struct carving *c, struct failure *failure)
{
    struct redactor *redactor = c->source->redactor;

    if (!redactor)
        return true;
    redactor_forget(redactor);
    struct capture *capture = capture_open_file(c->source->path, c->source->config, failure);
    bool fine = capture && read_all(c, capture, learn, redactor, failure) &&
                redactor_learned(redactor, failure);
    capture_close(capture);
    return fine;
}

static bool any_whole(const struct carving *c)
{
    for (size_t i = 0; i < c->n_notes; i++)
        if (c->notes[i].whole)
            return true;
    return false;
}

static bool first_pass(struct carving *c, struct failure *failure)
{
    if (!any_whole(c))
        return true;
    struct capture *capture = capture_open_file(c->source->path, c->source->config, failure);
    bool fine = capture && read_all(c, capture, note_whole, c, failure);
    capture_close(capture);
    c->next_note = 0;
    return fine;
}

static void write_statistics(struct carving *c, const struct capture_facts *facts, int64_t time_ns)
{
    for (size_t i = 0; i < facts->n_interfaces; i++)
        if (c->interface[i] && facts->interface[i].dropped_known)
            pcapng_statistics(c->out, c->interface[i] - 1, time_ns, c->nanoseconds,
                              facts->interface[i].dropped);
}

static bool second_pass(struct carving *c, struct failure *failure)
{
    struct capture *capture = capture_open_file(c->source->path, c->source->config, failure);
    bool fine = capture != NULL;

    if (fine) {
        struct writing w = { .carving = c, .facts = capture_facts(capture) };
        if (c->n_wanted)
            qsort(c->wanted, c->n_wanted, sizeof *c->wanted, by_hash);
        fine = read_all(c, capture, write_wanted, &w, failure);
        write_statistics(c, capture_facts(capture), 0);
    }
    capture_close(capture);
    return fine;
}

static void gather_notes(struct carving *c, const struct kept *kept)
{
    for (size_t i = 0; i < kept->n_notes; i++)
        c->notes[c->n_notes++] = kept->note[i];
    if (kept->key.ip_protocol)
        want(c, &kept->key, kept->first, UINT32_MAX);
}

static bool gather(struct carving *c, const struct plan *plan)
{
    size_t most = plan_most(plan), n = 0, n_notes = 0;
    const struct kept **all = malloc((most + 1) * sizeof *all);

    if (all)
        n = plan_all(plan, all, most);
    for (size_t i = 0; i < n; i++)
        n_notes += all[i]->n_notes;
    c->room = n + SUPPORTED;
    c->wanted = malloc(c->room * sizeof *c->wanted);
    c->notes = malloc((n_notes + 1) * sizeof *c->notes);
    for (size_t i = 0; i < n && c->wanted && c->notes; i++)
        gather_notes(c, all[i]);
    free(all);
    if (!all || !c->wanted || !c->notes)
        return false;
    qsort(c->notes, c->n_notes, sizeof *c->notes, by_frame);
    return true;
}

static void write_names(struct carving *c, const struct plan *plan)
{
    struct pcapng_name names[PLAN_NAMES];
    static char masked[PLAN_NAMES][256];
    struct redactor *redactor = c->source->redactor;
    size_t n = plan_names(plan);

    for (size_t i = 0; i < n; i++) {
        names[i].name = plan_name_at(plan, i, &names[i].address);
        if (!redactor)
            continue;
        text_copy(masked[i], sizeof masked[i], names[i].name);
        redactor_name(redactor, masked[i]);
        redactor_address(redactor, &names[i].address);
        names[i].name = masked[i];
    }
    pcapng_names(c->out, names, n);
}

bool carve(struct pcapng_out *out, const struct plan *plan, const struct carve_source *source,
           struct carve_counts *counts, struct failure *failure)
{
    struct carving c = { .out = out,
                         .source = source,
                         .seed = hash_seed_draw(),
                         .counts = counts,
                         .nanoseconds = true };
    bool fine = !plan || gather(&c, plan);

    c.everything = !plan;
    if (source->left)
        source->left->n_frames = 0;
    if (!fine)
        no_memory(failure);
    fine = fine && first_pass(&c, failure) && learning_pass(&c, failure);
    pcapng_section(out, source->comment, "shakeout");
    if (plan)
        write_names(&c, plan);
    fine = fine && second_pass(&c, failure);
    free(c.wanted);
    free(c.notes);
    return fine;
}
