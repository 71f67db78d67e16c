#include "correlate/story.h"
#include "fleet.h"

#define DROP F_TCP_SYN_SILENT_DROP
#define OK   F_OK_TLS_ESTABLISHED

static struct fleet f;
static struct session session;
static struct talk talk;
static struct stories stories;

static void section(const char *name, const char *key, const char *value)
{
    struct ini_entry entry = { .section = name, .key = key, .value = value };
    struct failure failure;
    cr_assert(profile_configure(&f.profile, &entry, &failure), "%s", failure.why);
}

static void configure_two(void)
{
    section("ems first", "addresses", "10.0.0.10, 2001:db8::10");
    section("ems second", "addresses", "10.0.0.11");
}

static void at(const char *server, int second, enum finding_id id)
{
    fleet_try(&f, "10.20.40.1", server, 0, second, id);
}

/* Through a proxy, for this target. */
static void via(const char *target, int second, enum finding_id id)
{
    talk.target = target;
    talk.target_port = 8013;
    f.flow.session = &session;
    f.port = 3128;
    at("10.30.2.8", second, id);
    f.flow.session = NULL;
    f.port = 8013;
}

static const struct story *told(size_t n)
{
    summary_count(&f.summary, &f.scene);
    const struct endpoint *e = table_at(&f.summary.endpoints, 0);
    cr_assert(stories_of(&f.summary, &f.scene, e, &stories));
    cr_assert_eq(stories.n, n, "%zu stories", stories.n);
    return stories.story;
}

static const struct endpoint *endpoint(void) { return table_at(&f.summary.endpoints, 0); }

static void begin(void)
{
    fleet_begin(&f);
    session = (struct session){ .talk = &talk, .server_name = "" };
}
static void end(void) { summary_close(&f.summary); }

TestSuite(story, .init = begin, .fini = end);

Test(story, five_retries_are_one_with_a_count_and_both_times)
{
    for (int i = 0; i < 5; i++)
        at("10.0.0.10", 100 + 60 * i, DROP);

    const struct story *story = told(1);

    cr_assert_eq(story->n_failed, 5);
    cr_assert_eq(story->n_steps, 1);
    cr_assert_eq(story->step[0].first_ns, 100 * (int64_t)1000000000);
    cr_assert_eq(story->step[0].last_ns, 340 * (int64_t)1000000000);
    cr_assert_eq(story->way, WAY_NONE);
    cr_assert_eq(f.summary.totals.failing, 1);
}

Test(story, who_goes_on_to_the_other_configured_server_is_not_cut_off)
{
    configure_two();
    at("10.0.0.10", 100, DROP);
    at("10.0.0.11", 110, OK);

    const struct story *story = told(1);

    cr_assert_eq(story->way, WAY_SERVER);
    cr_assert(endpoint()->goes_round);
    cr_assert_eq(f.summary.totals.failing, 0);
    cr_assert_eq(f.summary.totals.healthy, 1);
    cr_assert_eq(f.summary.totals.going_round, 1);
    cr_assert_eq(fleet_group(&f, DROP)->n_round, 1);
    cr_assert_eq(fleet_group(&f, DROP)->n_headed, 0);
    cr_assert(f.summary.any_error, "the failure stays one");
}

Test(story, two_servers_that_nobody_configured_are_not_one_service)
{
    at("10.0.0.10", 100, DROP);
    at("10.0.0.11", 110, OK); /* a FortiGate listens on 8013 as well */

    cr_assert_eq(told(1)->way, WAY_NONE);
    cr_assert_eq(f.summary.totals.failing, 1);
}

Test(story, another_port_of_the_same_server_is_no_way_round)
{
    configure_two();
    at("10.0.0.10", 100, DROP);
    f.port = 443;
    at("10.0.0.10", 110, OK);

    cr_assert_eq(told(1)->way, WAY_NONE);
}

Test(story, who_fails_again_after_the_way_round_is_cut_off)
{
    configure_two();
    at("10.0.0.10", 100, DROP);
    at("10.0.0.11", 110, OK);
    at("10.0.0.11", 170, DROP);
    at("10.0.0.10", 180, DROP);

    const struct story *story = told(2);

    cr_assert_eq(story[1].n_steps, 2);
    cr_assert_eq(story[1].way, WAY_NONE);
    cr_assert_not(endpoint()->goes_round);
    cr_assert_eq(f.summary.totals.failing, 1);
}

Test(story, what_works_again_by_the_same_way_is_no_way_round)
{
    at("10.0.0.10", 100, DROP);
    at("10.0.0.10", 110, OK);

    cr_assert_eq(told(1)->way, WAY_AGAIN);
    cr_assert_eq(f.summary.totals.failing, 1);
}

Test(story, a_way_round_that_comes_an_hour_later_is_none)
{
    configure_two();
    at("10.0.0.10", 100, DROP);
    at("10.0.0.11", 3700, OK);

    cr_assert_eq(told(1)->way, WAY_AGAIN);
    cr_assert_eq(f.summary.totals.failing, 1);
}

Test(story, the_same_story_again_is_counted)
{
    configure_two();
    for (int i = 0; i < 100; i++) {
        at("10.0.0.10", 100 + 60 * i, DROP);
        at("10.0.0.11", 110 + 60 * i, OK);
    }

    const struct story *story = told(1);

    cr_assert_eq(story->times, 100);
    cr_assert_eq(story->n_failed, 100);
    cr_assert_eq(story->n_tried, 200);
    cr_assert(endpoint()->goes_round);
}

Test(story, ipv4_after_ipv6_is_the_other_family)
{
    configure_two();
    at("2001:db8::10", 100, DROP);
    at("10.0.0.10", 110, OK);

    cr_assert_eq(told(1)->way, WAY_FAMILY);
}

Test(story, a_proxy_for_the_same_server_is_a_way_round)
{
    at("10.0.0.10", 100, DROP);
    via("10.0.0.10", 110, OK);

    const struct story *story = told(1);

    cr_assert_eq(story->way, WAY_PROXY);
    cr_assert_eq(story->port, 8013);
}

Test(story, a_proxy_for_another_server_is_not)
{
    at("10.0.0.10", 100, DROP);
    via("10.0.0.77", 110, OK);

    cr_assert_eq(told(1)->way, WAY_NONE);
}

Test(story, without_the_proxy_is_a_way_round_as_well)
{
    via("10.0.0.10", 100, F_PROXY_CONNECT_407);
    at("10.0.0.10", 110, OK);

    cr_assert_eq(told(1)->way, WAY_DIRECT);
}

Test(story, a_lookup_that_failed_belongs_to_what_is_dialled_after_it)
{
    struct lookup lookup = { .server_port = 53,
                             .first_ns = 100 * (int64_t)1000000000,
                             .last_try_ns = 100 * (int64_t)1000000000 };
    struct verdict v = { .lookup = &lookup, .failed_stage = STAGE_DNS };
    address_parse("10.20.40.1", &lookup.client);
    address_parse("10.0.0.2", &lookup.server);
    v.primary = (struct raised){ .id = F_DNS_TIMEOUT, .severity = SEVERITY_ERROR };
    summary_add_lookup(&f.summary, &f.scene, &v);
    at("10.0.0.10", 105, OK);

    const struct story *story = told(1);

    cr_assert_eq(story->way, WAY_NAME);
    cr_assert_eq(story->n_steps, 2);
    cr_assert_eq(story->port, 8013);
    cr_assert(endpoint()->goes_round);
}

Test(story, more_stories_than_are_kept_leave_the_endpoint_failing)
{
    configure_two();
    for (int i = 0; i < STORIES_MOST + 5; i++) {
        f.port = (uint16_t)(1000 + i);
        at("10.0.0.10", 100 + 60 * i, DROP);
        at("10.0.0.11", 110 + 60 * i, OK);
    }

    told(STORIES_MOST);
    cr_assert(stories.full);
    cr_assert_not(endpoint()->goes_round);
}

Test(story, steps_beyond_those_kept_are_counted)
{
    configure_two();
    for (int i = 0; i < 40; i++)
        at(i % 2 ? "10.0.0.10" : "10.0.0.11", 100 + i, DROP);
    at("10.0.0.10", 200, OK);

    const struct story *story = told(1);

    cr_assert(story->more_steps);
    cr_assert_eq(story->n_failed, 40);
    cr_assert_eq(story->n_steps, STORY_STEPS);
    cr_assert(story->step[STORY_STEPS - 1].worked);
}
