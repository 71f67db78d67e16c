#include "verdict/passive.h"

#include "verdict/kin.h"

/* Never opened: no answer, a refusal, or an ICMP error in place of one. */
static bool never_opened(const struct verdict *v)
{
    return v->primary.severity == SEVERITY_ERROR &&
           (v->flow->state == TCP_SYN_SENT || v->flow->state == TCP_REFUSED);
}

static const struct rendezvous *awaited(const struct matter *m)
{
    const struct talk *talk = m->session ? m->session->talk : NULL;

    if (!talk || !talk->rendezvous.at.frame ||
        talk_last(talk, SAID_FTP_DONE).frame > talk->rendezvous.at.frame)
        return NULL;
    return &talk->rendezvous;
}

struct raised passive_judge(const struct matter *m)
{
    struct raised r = raise_of(F_NONE);
    const struct rendezvous *place = awaited(m);
    const struct flow *data = place ? kin_rendezvous(m, place) : NULL;
    struct verdict v;

    if (!data)
        return r;
    verdict_of(m->scene, data, &v);
    if (!never_opened(&v))
        return r;
    r = raise_of(F_APP_FTP_PASSIVE_FAILED);
    r.fact = v.primary.fact;
    r.cause = r.cause < v.primary.fact ? r.cause : v.primary.fact;
    raise_frame(&r, place->at.frame);
    for (size_t i = 0; i < v.primary.n_frames; i++)
        raise_frame(&r, v.primary.frames[i]);
    if (v.primary.owner == OWNER_SERVER)
        raise_owner(&r, OWNER_SERVER, "it refuses the port that it named itself");
    return r;
}
