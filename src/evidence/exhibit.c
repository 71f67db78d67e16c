#include "evidence/exhibit.h"

#include "base/text.h"
#include "evidence/pcapng_out.h"
#include "evidence/redact.h"
#include "packet/packet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINKS = 16, COMMENTS_AT_ONCE = 8, FIRST_BYTES = 1 << 14, HALF = EXHIBIT_PACKETS / 2 };

struct piece {
    uint64_t frame;
    int64_t time_ns;
    uint32_t at, n, wire;
    uint16_t link, interface;
};

struct exhibit {
    struct kept kept;
    struct piece *pieces;
    uint8_t *octets;
    size_t n, room, n_octets, octets_room;
    uint64_t left_out;
};

struct exhibit *exhibit_open(void) { return calloc(1, sizeof(struct exhibit)); }

void exhibit_close(struct exhibit *e)
{
    if (!e)
        return;
    kept_clear(&e->kept);
    free(e->pieces);
    free(e->octets);
    free(e);
}

struct kept *exhibit_kept(struct exhibit *e) { return &e->kept; }

/* ---- packets ---- */

static bool grow(struct exhibit *e, size_t n)
{
    if (e->n == EXHIBIT_PACKETS || n > EXHIBIT_BYTES - e->n_octets)
        return false;
    if (e->n == e->room) {
        size_t room = e->room ? e->room * 2 : LINKS;
        struct piece *pieces = realloc(e->pieces, room * sizeof *pieces);
        if (!pieces)
            return false;
        e->pieces = pieces;
        e->room = room;
    }
    while (e->n_octets + n > e->octets_room) {
        size_t room = e->octets_room ? e->octets_room * 2 : FIRST_BYTES;
        uint8_t *octets = realloc(e->octets, room);
        if (!octets)
            return false;
        e->octets = octets;
        e->octets_room = room;
    }
    return true;
}

static void add(struct exhibit *e, const struct piece *piece, const uint8_t *octets)
{
    if (!grow(e, piece->n)) {
        e->left_out++;
        return;
    }
    if (piece->n)
        memcpy(e->octets + e->n_octets, octets, piece->n);
    e->pieces[e->n] = *piece;
    e->pieces[e->n++].at = (uint32_t)e->n_octets;
    e->n_octets += piece->n;
}

void exhibit_add(struct exhibit *e, const struct frame *frame)
{
    struct piece piece = { .frame = frame->number,
                           .time_ns = frame->time_ns,
                           .n = (uint32_t)frame->data.left,
                           .wire = (uint32_t)bytes_on_wire(&frame->data),
                           .link = (uint16_t)frame->link,
                           .interface = (uint16_t)frame->interface };
    add(e, &piece, frame->data.at);
}

static void add_slot(struct exhibit *e, const struct ring *ring, const struct ring_slot *slot)
{
    struct piece piece = { .frame = slot->frame,
                           .time_ns = slot->time_ns,
                           .n = slot->n,
                           .wire = slot->wire,
                           .link = slot->link,
                           .interface = slot->interface };
    add(e, &piece, ring_octets(ring, slot));
}

/* They come newest first: the first ones are kept, and of the others the last ones that came. */
void exhibit_gather(struct exhibit *e, const struct ring *ring, uint64_t hash, uint64_t first,
                    size_t most)
{
    const struct ring_slot *oldest[HALF];
    const size_t half = most / 2 < HALF ? most / 2 : HALF;
    size_t n = 0;

    for (const struct ring_slot *slot = ring_newest(ring, hash); slot && slot->frame >= first;
         slot = ring_before(ring, slot)) {
        if (n < half)
            add_slot(e, ring, slot);
        else
            oldest[(n - half) % half] = slot;
        n++;
    }
    size_t others = n > half ? n - half : 0, kept = others < half ? others : half;
    for (size_t i = 0; i < kept; i++)
        add_slot(e, ring, oldest[i]);
    e->left_out += others - kept;
}

void exhibit_gather_notes(struct exhibit *e, const struct ring *ring)
{
    for (uint8_t i = 0; i < e->kept.n_notes; i++) {
        const struct plan_note *note = &e->kept.note[i];
        const struct ring_slot *slot = ring_frame(ring, note->frame);
        uint64_t before = e->left_out;
        if (!slot)
            continue;
        add_slot(e, ring, slot);
        if (note->whole)
            exhibit_gather(e, ring, slot->hash, 0, EXHIBIT_SUPPORT);
        e->left_out = before; /* of what fails, not of others */
    }
}

size_t exhibit_packets(const struct exhibit *e) { return e->n; }

bool exhibit_holds(const struct exhibit *e, uint64_t frame)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->pieces[i].frame == frame)
            return true;
    return false;
}

/* ---- the capture ---- */

static int by_frame(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

static int by_noted_frame(const void *a, const void *b)
{
    const struct plan_note *x = a, *y = b;
    return (x->frame > y->frame) - (x->frame < y->frame);
}

static void sort(struct exhibit *e)
{
    size_t n = 0;

    if (e->n)
        qsort(e->pieces, e->n, sizeof *e->pieces, by_frame);
    for (size_t i = 0; i < e->n; i++)
        if (!n || e->pieces[n - 1].frame != e->pieces[i].frame)
            e->pieces[n++] = e->pieces[i];
    e->n = n;
    qsort(e->kept.note, e->kept.n_notes, sizeof *e->kept.note, by_noted_frame);
}

static struct frame frame_of(const struct exhibit *e, const struct piece *piece)
{
    return (struct frame){ .number = piece->frame,
                           .time_ns = piece->time_ns,
                           .data = bytes_of(e->octets + piece->at, piece->n, piece->wire),
                           .link = piece->link,
                           .interface = piece->interface };
}

static void learn(const struct exhibit *e, struct redactor *redactor, struct decoder *decoder)
{
    struct frame frames[FRAME_BATCH];
    struct packet packets[PACKET_BATCH];

    for (size_t at = 0, n; at < e->n; at += n) {
        n = e->n - at < FRAME_BATCH ? e->n - at : FRAME_BATCH;
        for (size_t i = 0; i < n; i++)
            frames[i] = frame_of(e, &e->pieces[at + i]);
        packet_decode(decoder, frames, n, packets);
        for (size_t i = 0; i < n; i++)
            redactor_learn(redactor, &packets[i]);
    }
}

/* NULL and false: without memory; NULL and true: nothing is taken away. */
static bool redactor_for(const struct exhibit *e, const struct exhibit_words *words,
                         struct redactor **out)
{
    static const char *const none[] = { NULL };
    struct failure failure;

    *out = NULL;
    if (words->contents)
        return true;
    struct redactor *redactor = redactor_open(REDACT_LIGHT, words->key, none);
    struct decoder *decoder = decoder_open(hash_seed_draw());
    if (redactor && decoder)
        learn(e, redactor, decoder);
    bool fine = redactor && decoder && redactor_learned(redactor, &failure);
    decoder_close(decoder);
    if (fine)
        *out = redactor;
    else
        redactor_close(redactor);
    return fine;
}

static void put_section(const struct exhibit *e, const struct exhibit_words *words,
                        struct pcapng_out *out)
{
    char comment[1024];
    struct text t = text_of(comment, sizeof comment);
    struct pcapng_name name = { e->kept.key.address[SERVER], words->name };

    text_add(&t, words->comment);
    text_add(&t, words->contents ? "; packets as they were captured"
                                 : "; contents and credentials removed (light)");
    if (e->kept.key.ip_protocol && !exhibit_holds(e, e->kept.first))
        text_add(&t, "; its first packets were not in memory any more");
    if (e->left_out)
        text_format(&t, "; %" PRIu64 " packets in between were left out", e->left_out);
    pcapng_section(out, comment, "shakeout");
    if (words->name && words->name[0])
        pcapng_names(out, &name, 1);
}

/* The interfaces of the capture, in the order in which its packets need them. */
struct interfaces {
    struct met {
        uint16_t link, interface;
    } met[LINKS];
    uint32_t n;
};

static const struct capture_interface *described(const struct exhibit_words *words,
                                                 uint16_t interface)
{
    return interface < words->n_interfaces ? &words->interfaces[interface] : NULL;
}

static uint32_t interface_of(struct interfaces *known, const struct piece *piece,
                             const struct exhibit_words *words, struct pcapng_out *out)
{
    const struct capture_interface *port = described(words, piece->interface);
    struct pcapng_interface interface = { .link = piece->link,
                                          .nanoseconds = true,
                                          .name = port ? port->name : NULL };

    for (uint32_t i = 0; i < known->n; i++)
        if (known->met[i].link == piece->link && known->met[i].interface == piece->interface)
            return i;
    if (known->n == LINKS)
        return 0;
    pcapng_interface(out, &interface);
    known->met[known->n] = (struct met){ piece->link, piece->interface };
    return known->n++;
}

static size_t notes_of(const struct kept *kept, size_t *next, uint64_t frame,
                       const char *texts[COMMENTS_AT_ONCE])
{
    size_t n = 0;

    for (; *next < kept->n_notes && kept->note[*next].frame <= frame; ++*next) {
        const struct plan_note *note = &kept->note[*next];
        bool again = n && note->text && strcmp(texts[n - 1], note->text) == 0;
        if (note->frame == frame && note->text && n < COMMENTS_AT_ONCE && !again)
            texts[n++] = note->text;
    }
    return n;
}

static bool put_packets(const struct exhibit *e, const struct exhibit_words *words,
                        struct redactor *redactor, struct pcapng_out *out)
{
    struct interfaces known = { .n = 0 };
    const char *texts[COMMENTS_AT_ONCE];
    size_t next = 0;

    for (size_t i = 0; i < e->n; i++) {
        struct frame frame = frame_of(e, &e->pieces[i]);
        uint32_t interface = interface_of(&known, &e->pieces[i], words, out);
        size_t n = notes_of(&e->kept, &next, frame.number, texts);
        if (redactor && !(frame.data.at = redactor_frame(redactor, &frame)))
            return false;
        pcapng_packet(out, interface, frame.time_ns, true, &frame.data, texts, n);
    }
    for (uint32_t i = 0; i < known.n; i++) {
        const struct capture_interface *port = described(words, known.met[i].interface);
        pcapng_statistics(out, i, e->pieces[e->n - 1].time_ns, true, port ? port->dropped : 0);
    }
    return true;
}

static bool put_all(const struct exhibit *e, const struct exhibit_words *words,
                    struct redactor *redactor, FILE *file)
{
    struct pcapng_out *out = file ? pcapng_begin(file) : NULL;

    if (!out)
        return false;
    put_section(e, words, out);
    bool fine = put_packets(e, words, redactor, out);
    return pcapng_end(out) == 0 && fine;
}

bool exhibit_write(struct exhibit *e, const struct exhibit_words *words, uint8_t **octets,
                   size_t *n)
{
    struct redactor *redactor;
    char *made = NULL;

    sort(e);
    if (!e->n || !redactor_for(e, words, &redactor))
        return false;
    FILE *file = open_memstream(&made, n);
    bool fine = put_all(e, words, redactor, file);
    fine = file && fclose(file) == 0 && fine;
    redactor_close(redactor);
    *octets = (uint8_t *)made;
    if (!fine)
        free(made);
    return fine;
}
