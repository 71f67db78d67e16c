/* Attempts that come too soon after the same failure. */
#include "fleet.h"

#define DROP F_TCP_SYN_REFUSED_BY_HOST

/* n attempts, `apart` ms from start to start, each of which lasts so many ms. */
static void attempts(struct fleet *f, int n, int apart, int lasts, enum finding_id id)
{
    static int64_t now_ms;

    for (int i = 0; i < n; i++, now_ms += apart) {
        const struct finding *finding = finding_of(id);
        address_parse("10.20.40.17", &f->flow.address[CLIENT]);
        address_parse("10.0.0.10", &f->flow.address[SERVER]);
        f->flow.port[SERVER] = 8013;
        f->flow.first_ns = now_ms * 1000000;
        f->flow.last_ns = (now_ms + lasts) * 1000000;
        f->flow.first_frame = (uint64_t)now_ms + 1;
        f->verdict = (struct verdict){ .flow = &f->flow, .failed_stage = (uint8_t)finding->stage };
        f->verdict.primary = (struct raised){
            .id = id, .severity = finding->severity, .fact = finding->best, .owner = finding->owner
        };
        summary_add(&f->summary, &f->scene, &f->verdict);
    }
}

static const struct group *storm_of(struct fleet *f)
{
    summary_count(&f->summary, &f->scene);
    return fleet_group(f, F_APP_RETRY_STORM);
}

Test(storm, five_attempts_at_once_with_one_failure)
{
    struct fleet f;
    fleet_begin(&f);

    attempts(&f, 5, 300, 10, DROP);

    const struct group *g = storm_of(&f);
    cr_assert_not_null(g);
    cr_assert_eq(g->severity, SEVERITY_WARNING);
    cr_assert_eq(g->n_endpoints, 1);
    cr_assert_str_eq(g->words,
                     "5 attempts, one after the other within 1.2 s, all of them with this failure");
    cr_assert_eq(fleet_group(&f, DROP)->n_sets, 1);
    summary_close(&f.summary);
}

Test(storm, four_are_not_enough)
{
    struct fleet f;
    fleet_begin(&f);

    attempts(&f, 4, 300, 10, DROP);

    cr_assert_null(storm_of(&f));
    summary_close(&f.summary);
}

Test(storm, who_waits_is_patient)
{
    struct fleet f;
    fleet_begin(&f);

    attempts(&f, 9, 5000, 10, DROP);

    cr_assert_null(storm_of(&f));
    summary_close(&f.summary);
}

Test(storm, attempts_side_by_side_are_one_intention)
{
    struct fleet f;
    fleet_begin(&f);

    attempts(&f, 9, 10, 3000, DROP);

    cr_assert_null(storm_of(&f));
    summary_close(&f.summary);
}

Test(storm, six_that_are_refused_at_once_were_meant_side_by_side)
{
    struct fleet f;
    fleet_begin(&f);

    attempts(&f, 6, 3, 1, DROP);

    cr_assert_null(storm_of(&f));
    summary_close(&f.summary);
}

Test(storm, what_works_is_a_load_test)
{
    struct fleet f;
    fleet_begin(&f);

    attempts(&f, 9, 300, 10, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);

    cr_assert_null(storm_of(&f));
    summary_close(&f.summary);
}

Test(storm, another_failure_or_a_success_begins_anew)
{
    struct fleet f;
    fleet_begin(&f);

    attempts(&f, 4, 300, 10, DROP);
    attempts(&f, 1, 300, 10, F_OK_TLS_ESTABLISHED);
    attempts(&f, 4, 300, 10, DROP);
    attempts(&f, 4, 300, 10, F_TCP_RESET_BY_SERVER);

    cr_assert_null(storm_of(&f));
    summary_close(&f.summary);
}
