#include "verdict/spoken.h"

#include "verdict/candidate.h"

#include <string.h>

/* What makes good what was said. */
enum amends {
    AMENDS_NOTHING,
    AMENDS_LATER, /* the same connection goes on well: then it is a warning */
    AMENDS_HERE,  /* the same, and it may go on yet */
    AMENDS_STAY,  /* the client goes on in spite of it */
    AMENDS_LOGIN, /* a login follows, here or on another connection to the same end */
};

/* clang-format off */
static const struct saying {
    enum said said;
    uint16_t from, to; /* codes */
    enum finding_id id;
    enum amends amends;
} sayings[] = {
    { SAID_CONNECT_REFUSED, 407, 407, F_PROXY_CONNECT_407, AMENDS_LOGIN },
    { SAID_CONNECT_REFUSED, 403, 403, F_PROXY_CONNECT_403, AMENDS_LATER },
    { SAID_CONNECT_REFUSED, 502, 504, F_PROXY_CONNECT_502_503_504, AMENDS_LATER },
    { SAID_CONNECT_REFUSED, 500, 500, F_PROXY_CONNECT_502_503_504, AMENDS_LATER }, /* tinyproxy's "Unable to connect" */
    { SAID_CONNECT_REFUSED, 300, 599, F_PROXY_CONNECT_400_405, AMENDS_LATER },
    { SAID_HTTP_SIGN_IN, 300, 599, F_TLS_INTERCEPT_CAPTIVE_PORTAL, AMENDS_NOTHING },
    { SAID_HTTP_BLOCKED, 0, 599, F_TLS_INTERCEPT_BLOCK_PAGE, AMENDS_NOTHING },
    { SAID_HTTP_ERROR, 407, 407, F_PROXY_CONNECT_407, AMENDS_LOGIN },
    { SAID_HTTP_ERROR, 401, 401, F_APP_HTTP_401, AMENDS_LOGIN },
    { SAID_HTTP_ERROR, 403, 403, F_APP_HTTP_403, AMENDS_LATER },
    { SAID_HTTP_ERROR, 500, 500, F_APP_HTTP_500, AMENDS_LATER },
    { SAID_HTTP_ERROR, 502, 502, F_APP_HTTP_502, AMENDS_LATER },
    { SAID_HTTP_ERROR, 503, 503, F_APP_HTTP_503, AMENDS_LATER },
    { SAID_HTTP_ERROR, 504, 504, F_APP_HTTP_504, AMENDS_LATER },
    { SAID_HTTP_ERROR, 400, 599, F_APP_HTTP_OTHER, AMENDS_LATER },
    { SAID_PAC_FAILED, 400, 599, F_PROXY_PAC_FAILED, AMENDS_LATER },
    { SAID_LDAP_BIND_REFUSED, 1, 0xffff, F_APP_LDAP_BIND_FAILED, AMENDS_HERE },
    { SAID_LDAP_STARTTLS_REFUSED, 1, 0xffff, F_APP_LDAP_STARTTLS_REFUSED, AMENDS_HERE },
    { SAID_SMTP_NO_TLS, 0, 1, F_APP_SMTP_STARTTLS_NOT_OFFERED, AMENDS_STAY },
    { SAID_SMTP_OFFERS_UNREAD, 1, 1, F_CANNOT_TELL_TRUNCATED, AMENDS_STAY },
    { SAID_SMTP_OFFERS_UNREAD, 2, 2, F_CANNOT_TELL_CAPTURE_LOSS, AMENDS_STAY },
    { SAID_SMTP_TLS_REFUSED, 400, 599, F_APP_SMTP_STARTTLS_REFUSED, AMENDS_HERE },
    { SAID_SMTP_TLS_WANTED, 400, 599, F_APP_SMTP_STARTTLS_REQUIRED, AMENDS_HERE },
    { SAID_SMTP_LOGIN_REFUSED, 535, 535, F_APP_SMTP_AUTH_FAILED, AMENDS_HERE },
    { SAID_SMTP_LOGIN_REFUSED, 400, 599, F_APP_SMTP_REJECTED, AMENDS_HERE },
    { SAID_SMTP_EHLO_REFUSED, 400, 599, F_APP_SMTP_REJECTED, AMENDS_HERE },
    { SAID_SMTP_REFUSED, 400, 599, F_APP_SMTP_REJECTED, AMENDS_HERE },
    { SAID_FTP_TLS_REFUSED, 400, 599, F_APP_FTP_REJECTED, AMENDS_HERE },
    { SAID_FTP_LOGIN_REFUSED, 400, 599, F_APP_FTP_LOGIN_FAILED, AMENDS_HERE },
    { SAID_FTP_REFUSED, 400, 599, F_APP_FTP_REJECTED, AMENDS_HERE },
    { SAID_FTP_PLACE_UNREAD, 1, 1, F_CANNOT_TELL_TRUNCATED, AMENDS_HERE },
    { SAID_SSH_NO_COMMON, 1, 8, F_APP_SSH_NO_COMMON_KEX, AMENDS_HERE },
    { SAID_SSH_DISCONNECT, 0, 0xffff, F_APP_SSH_CLOSED_AFTER_VERSION, AMENDS_HERE },
    { SAID_SSH_UNREAD, 1, 1, F_CANNOT_TELL_TRUNCATED, AMENDS_HERE },
    { SAID_SSH_UNREAD, 2, 2, F_CANNOT_TELL_CAPTURE_LOSS, AMENDS_HERE },
};

/* What shows that it works after all. */
static const struct good {
    enum said bad, good;
} goods[] = {
    { SAID_CONNECT_REFUSED, SAID_TUNNEL },
    { SAID_HTTP_ERROR, SAID_HTTP_OK },
    { SAID_PAC_FAILED, SAID_HTTP_OK },
    { SAID_LDAP_BIND_REFUSED, SAID_LDAP_BOUND },
    { SAID_LDAP_BIND_REFUSED, SAID_LDAP_STARTTLS_ACCEPTED }, /* the next login is sealed */
    { SAID_LDAP_STARTTLS_REFUSED, SAID_LDAP_BOUND },
    { SAID_LDAP_STARTTLS_REFUSED, SAID_LDAP_STARTTLS_ACCEPTED },
    { SAID_SMTP_TLS_REFUSED, SAID_TLS_AGREED },
    { SAID_SMTP_TLS_REFUSED, SAID_SMTP_DELIVERED },
    { SAID_SMTP_TLS_WANTED, SAID_TLS_AGREED },
    { SAID_SMTP_LOGIN_REFUSED, SAID_SMTP_LOGGED_IN },
    { SAID_SMTP_LOGIN_REFUSED, SAID_TLS_AGREED },
    { SAID_SMTP_LOGIN_REFUSED, SAID_SMTP_DELIVERED },
    { SAID_SMTP_EHLO_REFUSED, SAID_SMTP_HELO },
    { SAID_SMTP_EHLO_REFUSED, SAID_SMTP_DELIVERED },
    { SAID_SMTP_REFUSED, SAID_SMTP_DELIVERED },
    { SAID_FTP_TLS_REFUSED, SAID_TLS_AGREED },
    { SAID_FTP_TLS_REFUSED, SAID_FTP_LOGGED_IN },
    { SAID_FTP_LOGIN_REFUSED, SAID_FTP_LOGGED_IN },
    { SAID_FTP_LOGIN_REFUSED, SAID_TLS_AGREED },
    { SAID_FTP_REFUSED, SAID_FTP_DONE },
    { SAID_FTP_PLACE_UNREAD, SAID_FTP_DONE },
    { SAID_SSH_NO_COMMON, SAID_SSH_KEYS },
    { SAID_SSH_UNREAD, SAID_SSH_KEYS },
};
/* clang-format on */

static const struct talk *talk_of(const struct matter *m)
{
    return m->session ? m->session->talk : NULL;
}

static const struct saying *saying_of(const struct remark *r)
{
    for (size_t i = 0; i < sizeof sayings / sizeof *sayings; i++)
        if (sayings[i].said == r->said && r->code >= sayings[i].from && r->code <= sayings[i].to)
            return &sayings[i];
    return NULL;
}

static bool went_on_well(const struct talk *talk, const struct remark *r)
{
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++)
        if (goods[i].bad == r->said && talk_last(talk, goods[i].good).frame > r->last.frame)
            return true;
    return false;
}

/* Once it knew what the server can, the client asked for nothing and left. */
static bool left_at_once(const struct matter *m)
{
    const struct talk *talk = talk_of(m);

    return !talk_find(talk, SAID_SMTP_WORK) &&
           (talk_find(talk, SAID_GOODBYE) || m->how == ENDED_FIN_CLIENT ||
            m->how == ENDED_RST_CLIENT);
}

/* An EMS does not talk to a mail server to try it out, as monitors do. */
static bool wanted_tls(const struct matter *m, const struct remark *r)
{
    return verdict_is_ems(m->scene, &m->flow->address[CLIENT]) ||
           (r->said == SAID_SMTP_NO_TLS && r->code);
}

static bool is_amended(const struct matter *m, const struct saying *saying, const struct remark *r)
{
    const struct talk *talk = talk_of(m);

    if (saying->amends == AMENDS_NOTHING)
        return false;
    if (saying->amends == AMENDS_STAY)
        return !left_at_once(m) || !wanted_tls(m, r);
    if (went_on_well(talk, r))
        return true;
    return saying->amends == AMENDS_LOGIN &&
           served_login_follows(m->scene->served, m->flow, r->last.time_ns);
}

/* Plain text where TLS is expected is another matter, and the proxy's tunnel is none. */
static bool is_heard(const struct matter *m, const struct talk *talk)
{
    if (m->tls && talk_find(talk, SAID_SSH_SERVER_VERSION))
        return false; /* SSH does not go over to TLS */
    return !matter_expects_tls(m) || m->tls || talk_find(talk, SAID_CONNECT);
}

const struct remark *spoken_remark(const struct matter *m)
{
    const struct talk *talk = talk_of(m);
    const struct remark *first = NULL;

    if (!talk || !is_heard(m, talk))
        return NULL;
    /* A page of a filter says more than the status it comes with. */
    const struct remark *blocked = talk_find(talk, SAID_HTTP_BLOCKED);
    if (blocked)
        return blocked;
    for (unsigned i = 0; i < talk->n; i++) {
        const struct remark *r = &talk->remark[i];
        const struct saying *saying = saying_of(r);
        if (saying && !is_amended(m, saying, r) && (!first || r->first.frame < first->first.frame))
            first = r;
    }
    return first;
}

/* ---- words and owners (rule R13) ---- */

static bool is_through_gateway(const struct talk *talk, uint16_t code)
{
    for (unsigned i = 0; i < talk->n; i++)
        if (talk->remark[i].said == SAID_HTTP_GATEWAY && talk->remark[i].code == code)
            return true;
    return false;
}

/* Only these results have one ordinary explanation. */
static bool is_plain_refusal(uint16_t result)
{
    enum { STRONGER_AUTH_REQUIRED = 8, CONFIDENTIALITY_REQUIRED = 13, INVALID_CREDENTIALS = 49 };

    return result == STRONGER_AUTH_REQUIRED || result == CONFIDENTIALITY_REQUIRED ||
           result == INVALID_CREDENTIALS;
}

static void weigh(const struct matter *m, const struct remark *said, struct raised *r)
{
    const struct talk *talk = talk_of(m);

    if (r->id == F_PROXY_CONNECT_502_503_504 && said->code == 500)
        r->fact = PROBABLE; /* it may be a fault of the proxy itself */
    if (r->id == F_APP_LDAP_BIND_FAILED && !is_plain_refusal(said->code))
        r->cause = POSSIBLE;
    if (said->said == SAID_SMTP_NO_TLS && !verdict_is_ems(m->scene, &m->flow->address[CLIENT]))
        r->severity = SEVERITY_WARNING;
    if (said->said == SAID_SMTP_NO_TLS && said->code)
        raise_owner(r, OWNER_MIDDLEBOX, "the offer is there, and its letters were overwritten");
    else if (said->said == SAID_SMTP_NO_TLS)
        r->cause = POSSIBLE;
    if (r->id == F_APP_SMTP_REJECTED && (said->code == 450 || said->code == 451))
        r->severity = SEVERITY_WARNING; /* greylisting says so, and takes the mail the next time */
    if (r->id == F_APP_HTTP_502 && is_through_gateway(talk, 502))
        raise_owner(r, OWNER_PROXY, "the answer has a Via field: a gateway wrote or passed it");
}

static struct raised raised_of(const struct matter *m, const struct remark *said)
{
    const struct talk *talk = talk_of(m);
    struct raised r = raise_of(saying_of(said)->id);
    const struct remark *asked = talk_find(talk, SAID_CONNECT);

    raise_frame(&r, asked ? asked->first.frame : 0);
    if (said->said == SAID_SSH_NO_COMMON) {
        raise_frame(&r, talk_last(talk, SAID_SSH_CLIENT_KEXINIT).frame);
        raise_frame(&r, talk_last(talk, SAID_SSH_SERVER_KEXINIT).frame);
    }
    raise_frame(&r, said->first.frame);
    raise_frame(&r, said->last.frame);
    weigh(m, said, &r);
    return r;
}

/* A login that was asked for a moment ago may still be given, unless the connection is over. */
static bool login_may_come(const struct matter *m, const struct remark *said)
{
    enum amends amends = saying_of(said)->amends;
    return (amends == AMENDS_LOGIN || amends == AMENDS_HERE) && m->how == ENDED_OPEN &&
           m->now_ns - said->last.time_ns < SECONDS(3);
}

struct raised spoken_judge(const struct matter *m)
{
    const struct remark *said = spoken_remark(m);

    if (!said)
        return raise_of(F_NONE);
    return login_may_come(m, said) ? raise_of(F_INFO_INCOMPLETE_IN_PROGRESS) : raised_of(m, said);
}

bool spoken_unanswered(const struct matter *m)
{
    const struct talk *talk = talk_of(m);
    uint64_t asked = talk_last(talk, SAID_CONNECT).frame;

    return asked && !m->tls && talk_last(talk, SAID_TUNNEL).frame < asked &&
           talk_last(talk, SAID_CONNECT_REFUSED).frame < asked;
}

bool spoken_login_unanswered(const struct matter *m)
{
    const struct talk *talk = talk_of(m);

    if (!talk || talk->full || m->tls)
        return false;
    if (talk_count(talk, SAID_COMMAND) > talk_count(talk, SAID_REPLY))
        return !talk_find(talk, SAID_OUT_OF_STEP);
    return talk_count(talk, SAID_LDAP_BIND) > talk_count(talk, SAID_LDAP_BOUND) +
                                                  talk_count(talk, SAID_LDAP_BIND_GOES_ON) +
                                                  talk_count(talk, SAID_LDAP_BIND_REFUSED);
}

bool spoken_left_tls(const struct matter *m) { return talk_find(talk_of(m), SAID_LDAP_LEFT_TLS); }

/* ---- beside the primary finding ---- */

bool spoken_of_ems(const struct scene *scene, const struct talk *talk)
{
    struct address address;

    if (!talk)
        return false;
    if (talk_find(talk, SAID_PAC_FAILED))
        return true;
    if (!talk->target[0])
        return false;
    const struct service *service = profile_service(scene->profile, talk->target_port);
    if (profile_names_ems(scene->profile, talk->target) || (service && service->checkin))
        return true;
    return address_parse(talk->target, &address) &&
           (profile_is_ems_address(scene->profile, &address) ||
            candidate_is(scene->candidates, &address));
}

static void note_proxy(const struct matter *m, struct verdict *out)
{
    const struct remark *asked = talk_find(talk_of(m), SAID_CONNECT);
    const struct finding *primary = finding_of(out->primary.id);

    if (!asked || !spoken_of_ems(m->scene, talk_of(m)))
        return;
    struct raised r = raise_of(F_PROXY_IN_PATH);
    raise_frame(&r, asked->first.frame);
    raise_settle(&r, m);
    raise_also(out, &r);
    if (m->scene->profile->site.ems_direct) {
        r = raise_of(F_PROXY_BYPASS_EXPECTED);
        raise_frame(&r, asked->first.frame);
        raise_settle(&r, m);
        raise_also(out, &r);
    }
    const struct remark *tunnel = talk_find(talk_of(m), SAID_TUNNEL);
    if (!tunnel || primary->severity != SEVERITY_ERROR || strncmp(primary->id, "tls.", 4) != 0)
        return;
    r = raise_of(F_PROXY_TLS_INSIDE_FAILED);
    raise_frame(&r, asked->first.frame);
    raise_frame(&r, tunnel->last.frame);
    for (unsigned i = 0; i < out->primary.n_frames; i++)
        raise_frame(&r, out->primary.frames[i]);
    raise_settle(&r, m);
    raise_also(out, &r);
}

void spoken_notes(const struct matter *m, struct verdict *out)
{
    const struct talk *talk = talk_of(m);

    if (!talk)
        return;
    note_proxy(m, out);
    if (!is_heard(m, talk))
        return;
    for (unsigned i = 0; i < talk->n; i++) {
        const struct saying *saying = saying_of(&talk->remark[i]);
        bool here = saying && (saying->amends == AMENDS_LATER || saying->amends == AMENDS_HERE);
        if (!here || !went_on_well(talk, &talk->remark[i]))
            continue;
        struct raised r = raised_of(m, &talk->remark[i]);
        if (r.severity == SEVERITY_ERROR)
            r.severity = SEVERITY_WARNING; /* rule R20: it goes on to carry data */
        raise_settle(&r, m);
        raise_also(out, &r);
    }
}
