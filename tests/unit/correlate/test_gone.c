/* A client that leaves after a short answer and comes again. */
#include "fleet.h"

struct visits {
    struct fleet fleet;
    struct session session;
    struct tls tls;
    int64_t now_ns;
};

static void begin(struct visits *v)
{
    fleet_begin(&v->fleet);
    v->session = (struct session){ .tls = &v->tls, .protocol = "", .server_name = "" };
    v->tls = (struct tls){ .half[SERVER].application_bytes = 80 };
    v->fleet.flow.session = &v->session;
    v->fleet.more.half[CLIENT].fin.frame = 9;
    v->fleet.more.half[SERVER].fin.frame = 10;
    v->now_ns = 1000000000;
}

/* A short exchange, so many ms after the beginning of the one before. */
static void visit(struct visits *v, int after_ms)
{
    struct fleet *f = &v->fleet;

    v->now_ns += after_ms * 1000000LL;
    address_parse("10.20.40.17", &f->flow.address[CLIENT]);
    address_parse("10.0.0.10", &f->flow.address[SERVER]);
    f->flow.port[SERVER] = f->port;
    f->flow.first_ns = v->now_ns;
    f->flow.last_ns = v->now_ns + 20000000;
    f->flow.first_frame = (uint64_t)v->now_ns / 1000000;
    f->verdict = (struct verdict){ .flow = &f->flow, .failed_stage = ATTEMPT_STAGES };
    f->verdict.primary = (struct raised){ .id = F_OK_TLS_ESTABLISHED_CLOSED_CLEAN };
    summary_add(&f->summary, &f->scene, &f->verdict);
}

static const struct group *gone(struct visits *v, const int *after_ms, size_t n)
{
    for (size_t i = 0; i < n; i++)
        visit(v, after_ms[i]);
    summary_count(&v->fleet.summary, &v->fleet.scene);
    return fleet_group(&v->fleet, F_APP_REPLY_THEN_CLIENT_GONE);
}

#define GONE(v, ...) \
    gone(v, (const int[]){ __VA_ARGS__ }, sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int))

Test(gone, five_short_visits_at_no_regular_interval)
{
    struct visits v;
    begin(&v);

    const struct group *g = GONE(&v, 0, 1000, 2000, 4000, 8000);

    cr_assert_not_null(g);
    cr_assert_eq(g->severity, SEVERITY_WARNING);
    cr_assert_eq(g->fact, POSSIBLE);
    cr_assert_eq(g->n_endpoints, 1);
    summary_close(&v.fleet.summary);
}

Test(gone, four_are_not_enough)
{
    struct visits v;
    begin(&v);
    cr_assert_null(GONE(&v, 0, 1000, 2000, 4000));
    summary_close(&v.fleet.summary);
}

Test(gone, a_timer_is_no_refusal)
{
    struct visits v;
    begin(&v);
    cr_assert_null(GONE(&v, 0, 3000, 3100, 2900, 3000, 3050, 3000));
    summary_close(&v.fleet.summary);
}

Test(gone, messages_that_follow_at_once_are_one_visit)
{
    struct visits v;
    begin(&v);
    cr_assert_null(GONE(&v, 0, 30, 600, 10, 200, 400, 900));
    summary_close(&v.fleet.summary);
}

Test(gone, who_came_each_hour_comes_soon_after_four_minutes)
{
    struct visits v;
    begin(&v);
    cr_assert_not_null(GONE(&v, 0, 3600000, 60000, 120000, 240000, 300000));
    summary_close(&v.fleet.summary);
}

Test(gone, a_long_answer_is_a_success)
{
    struct visits v;
    begin(&v);
    v.tls.half[SERVER].application_bytes = 1024;
    cr_assert_null(GONE(&v, 0, 1000, 2000, 4000, 8000));
    summary_close(&v.fleet.summary);
}

Test(gone, a_server_that_closes_first_is_another_matter)
{
    struct visits v;
    begin(&v);
    v.fleet.more.half[SERVER].fin.frame = 8;
    cr_assert_null(GONE(&v, 0, 1000, 2000, 4000, 8000));
    summary_close(&v.fleet.summary);
}

Test(gone, elsewhere_than_at_an_ems_it_is_nobodys_business)
{
    struct visits v;
    begin(&v);
    v.fleet.port = 4711;
    cr_assert_null(GONE(&v, 0, 1000, 2000, 4000, 8000));
    summary_close(&v.fleet.summary);
}
