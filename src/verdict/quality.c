#include "verdict/candidate.h"
#include "verdict/raise.h"
#include "verdict/served.h"

#include <string.h>

enum {
    CHECKIN_S = 300 /* unless configured */,
    LOSS_PER_MILLE = 1,
    COPIES_PERCENT = 5,
    ONE_WAY_LEAST = 3
};

bool scene_is_one_way(const struct scene *s)
{
    bool all = s->connections && s->one_sided == s->connections;
    return all && ((s->connections >= ONE_WAY_LEAST && s->data_bytes) || s->unseen_bytes);
}

/* In a capture of one direction everything of the other is unseen; that is no loss. */
static bool is_lossy(const struct scene *s)
{
    uint64_t all = s->data_bytes + s->unseen_bytes;

    if (s->drops || s->evicted_flows)
        return true;
    return !scene_is_one_way(s) && s->unseen_bytes * 1000 > all * LOSS_PER_MILLE;
}

static bool is_duplicated(const struct scene *s)
{
    return s->payload_packets && s->payload_copies * 100 >= s->payload_packets * COPIES_PERCENT;
}

/* Packet text without octets was not cut by a snap length. */
static bool is_cut(const struct scene *s) { return s->cut_packets > s->bare_packets; }
static bool is_damaged(const struct scene *s) { return s->damaged; }
static bool is_midstream(const struct scene *s) { return s->midstream != 0; }
static bool is_jumping(const struct scene *s) { return s->clock_back || s->clock_forward; }

/* Where not one packet could be opened, nobody looked. */
static bool is_irrelevant(const struct scene *s)
{
    bool closed = s->packets && s->unknown_link == s->packets;
    return !s->anything_relevant && !closed;
}

static bool is_unopened(const struct scene *s) { return s->unknown_link || s->tunnelled; }

/* A VPN and nothing beside it that could be judged: what was looked for may well be in there. */
static bool is_sealed(const struct scene *s)
{
    enum { LEAST = 3 };
    return s->sealed >= LEAST && !s->anything_relevant;
}

static bool is_short(const struct scene *s)
{
    uint32_t interval_s = s->profile ? s->profile->interval_s : 0;
    return s->packets && s->last_ns - s->first_ns < SECONDS(interval_s ? interval_s : CHECKIN_S);
}

static bool is_missing(const struct scene *s, const struct service *service)
{
    for (size_t i = 0; i < s->profile->n_ems_addresses; i++)
        if (!served_service(s->served, &s->profile->ems_address[i], service->port))
            return true;
    return false;
}

/* A service that the profile always expects, and no packet of it anywhere. */
static bool is_without(const struct scene *s)
{
    if (!s->anything_relevant || !s->served || !s->profile)
        return false;
    for (size_t i = 0; i < s->profile->n_services; i++) {
        const struct service *service = &s->profile->service[i];
        if (service->expect == EXPECT_ALWAYS && service->tcp && is_missing(s, service))
            return true;
    }
    return false;
}

static uint64_t frame_of(const struct scene *s, enum finding_id id)
{
    if (id == F_CANNOT_TELL_ENCAPSULATED_ENCRYPTED)
        return s->first_sealed;
    if (id == F_CAPTURE_DUPLICATED)
        return s->first_copy_frame;
    return id == F_CAPTURE_CLOCK_JUMP ? s->clock_frame : 0;
}

size_t verdict_of_capture(const struct scene *scene, struct raised *out, size_t n)
{
    static const struct {
        bool (*holds)(const struct scene *s);
        enum finding_id id;
    } rows[] = {
        { is_damaged, F_CAPTURE_DAMAGED },
        { scene_is_one_way, F_CAPTURE_ONE_WAY },
        { is_lossy, F_CAPTURE_LOSSY },
        { is_cut, F_CAPTURE_CUT_SHORT },
        { is_duplicated, F_CAPTURE_DUPLICATED },
        { is_jumping, F_CAPTURE_CLOCK_JUMP },
        { is_midstream, F_CAPTURE_MIDSTREAM },
        { is_unopened, F_CANNOT_TELL_NOT_PARSED },
        { is_sealed, F_CANNOT_TELL_ENCAPSULATED_ENCRYPTED },
        { is_without, F_CANNOT_TELL_NO_TRAFFIC },
        { is_irrelevant, F_CAPTURE_NOTHING_RELEVANT },
        { is_short, F_CAPTURE_TOO_SHORT },
    };
    size_t found = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows && found < n; i++) {
        if (!rows[i].holds(scene))
            continue;
        struct raised *r = &out[found++];
        uint64_t frame = frame_of(scene, rows[i].id);
        *r = raise_of(rows[i].id);
        raise_frame(r, frame ? frame : scene->packets ? 1 : 0);
        raise_frame(r, frame ? 0 : scene->last_frame);
        if (rows[i].id == F_CANNOT_TELL_ENCAPSULATED_ENCRYPTED)
            raise_frame(r, scene->last_sealed);
    }
    return found;
}
