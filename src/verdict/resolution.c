#include "verdict/resolution.h"

#include "verdict/raise.h"

#include <string.h>

enum { ASKED_LEAST = 3, SEARCHED = 8 };

/* ---- l2.arp_unresolved ---- */

/* Its own packets, or packets for it that are answered, say that it was found. */
static bool is_there(const struct scene *scene, const struct address *wanted, uint64_t since)
{
    const struct host *host = scene->hosts ? host_find(scene->hosts, wanted) : NULL;
    return neighbour_spoke_after(scene->neighbours, wanted, since) ||
           (host && host->sent_frame > since);
}

/* Questions that are not in one burst, and time for an answer to the third (rule R3). */
static bool was_patient(const struct scene *scene, const struct neighbour *w)
{
    int64_t third = w->asked_ns[ASKED_LEAST - 1];
    return third - w->asked_ns[0] >= SECONDS(1) &&
           scene_watched_until(scene, w->asked_frame) - third >= SECONDS(1);
}

static enum confidence lower(enum confidence word)
{
    return word > NO_CONFIDENCE ? (enum confidence)(word - 1) : word;
}

/* Rule R2: the capture is a witness of the silence where the asker captures; the more it may have
 * missed, the less. */
static enum confidence word_of_silence(const struct scene *scene, const struct neighbour *w)
{
    enum confidence word = w->outgoing ? CERTAIN : PROBABLE;

    if (scene->drops)
        word = lower(word);
    return scene->filter[0] ? lower(word) : word;
}

static void judge_silence(const struct scene *scene, struct resolution_case *c)
{
    const struct neighbour *w = c->neighbour;
    const struct neighbour_key key = { *c->asker, *c->wanted };

    if (w->n_asked < ASKED_LEAST || !was_patient(scene, w) ||
        !neighbour_is_watched(scene->neighbours, &key, w) ||
        is_there(scene, c->wanted, w->frames[0]) ||
        neighbour_unanswered(scene->neighbours, c->asker) >= SEARCHED)
        return;
    enum confidence word = word_of_silence(scene, w);
    if (!word)
        return;
    c->raised = raise_of(F_L2_ARP_UNRESOLVED);
    c->raised.fact = word;
    c->raised.cause = word < c->raised.cause ? word : c->raised.cause;
    for (size_t i = 0; i < NEIGHBOUR_FRAMES && i < w->n_asked; i++)
        raise_frame(&c->raised, w->frames[i]);
}

/* ---- l2.duplicate_address ---- */

/* Hardware addresses that several devices share on purpose: VRRP (RFC 5798 section 7.3), HSRP,
 * GLBP, and clusters of FortiGates. */
static bool is_shared(const uint8_t *mac)
{
    static const struct {
        uint8_t octets[5], n;
    } known[] = {
        { { 0x00, 0x00, 0x5e, 0x00 }, 4 }, { { 0x00, 0x00, 0x0c, 0x07, 0xac }, 5 },
        { { 0x00, 0x00, 0x0c, 0x9f }, 4 }, { { 0x00, 0x05, 0x73, 0xa0 }, 4 },
        { { 0x00, 0x07, 0xb4 }, 3 },       { { 0x00, 0x09, 0x0f, 0x09 }, 4 },
        { { 0xe0, 0x23, 0xff, 0xfc }, 4 }, { { 0x02, 0xbf }, 2 },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (memcmp(mac, known[i].octets, known[i].n) == 0)
            return true;
    return false;
}

/* A host with two cards on one link answers with both, for each of its addresses. */
static void judge_claims(const struct scene *scene, struct resolution_case *c)
{
    const struct neighbour *w = c->neighbour;
    const struct neighbour_key key = { *c->asker, *c->wanted };

    if (w->n_macs < 2 || is_shared(w->mac[0]) || is_shared(w->mac[1]) ||
        neighbour_same_pair(scene->neighbours, &key, w))
        return;
    c->raised = raise_of(F_L2_DUPLICATE_ADDRESS);
    raise_frame(&c->raised, w->mac_asked[1]);
    raise_frame(&c->raised, w->mac_frame[0]);
    raise_frame(&c->raised, w->mac_frame[1]);
}

/* ---- all of them ---- */

size_t resolution_count(const struct scene *scene)
{
    return scene->neighbours ? neighbours_count(scene->neighbours) : 0;
}

struct resolution_case resolution_judge(const struct scene *scene, size_t i)
{
    const struct neighbour_key *key;
    const struct neighbour *w = neighbour_at(scene->neighbours, i, &key);
    struct resolution_case c = {
        .asker = &key->asker, .wanted = &key->wanted, .neighbour = w, .raised = raise_of(F_NONE)
    };

    judge_claims(scene, &c);
    if (!c.raised.id)
        judge_silence(scene, &c);
    return c;
}

bool resolution_is_relevant(const struct scene *scene)
{
    for (size_t i = 0; i < resolution_count(scene); i++) {
        struct resolution_case c = resolution_judge(scene, i);
        if (c.raised.id && verdict_is_ems(scene, c.wanted))
            return true;
    }
    return false;
}
