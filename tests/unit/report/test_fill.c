#include "report/fill.h"
#include "story.h"

static char out[512];

static bool filled(const struct facts *facts, const char *template)
{
    struct text t = text_of(out, sizeof out);
    return fill(facts, template, &t);
}

static struct group group_of(const struct story *s)
{
    return (struct group){ .id = s->verdict.primary.id,
                           .client = s->flow.address[CLIENT],
                           .server = s->flow.address[SERVER],
                           .port = s->flow.port[SERVER],
                           .n_endpoints = 1,
                           .n_members = 1,
                           .one_network = true,
                           .example = &s->verdict };
}

Test(fill, placeholders_become_facts)
{
    struct story s;
    story_silent_drop(&s);
    struct group g = group_of(&s);
    struct facts facts = { .group = &g, .verdict = &s.verdict };

    cr_assert(filled(&facts, "{client} port {client_port} to {server}:{port} from {subnet}"));
    cr_assert_str_eq(out, "10.20.40.17 port 51544 to 10.0.0.10:8013 from 10.20.40.0/24");
}

Test(fill, a_sentence_with_an_unknown_fact_is_left_out)
{
    struct story s;
    story_silent_drop(&s);
    struct group g = group_of(&s);
    struct facts facts = { .group = &g, .verdict = &s.verdict };

    cr_assert(
        filled(&facts, "Port {port} is silent. The MTU is {mtu}. That is 1.2 kB. {client} asks."));
    cr_assert_str_eq(out, "Port 8013 is silent. That is 1.2 kB. 10.20.40.17 asks.");
    cr_assert_not(filled(&facts, "{alert} was sent"));
    cr_assert_str_eq(out, "");
}

Test(fill, no_template_is_nothing)
{
    struct facts facts = { 0 };

    cr_assert_not(filled(&facts, NULL));
    cr_assert_not(filled(&facts, ""));
}

Test(fill, a_placeholder_without_an_end_stays)
{
    struct facts facts = { .general = true };

    cr_assert(filled(&facts, "a {client"));
    cr_assert_str_eq(out, "a {client");
    cr_assert_not(filled(&facts, "{no_such_thing}"));
}

Test(fill, in_general_there_are_general_words)
{
    struct facts facts = { .general = true };

    cr_assert(filled(&facts, "{client} waits for {server}"));
    cr_assert_str_eq(out, "the client waits for the server");
}

Test(fill, the_word_ems_is_for_those_that_are_one)
{
    struct facts facts = { .general = true, .not_ems = true };

    cr_assert(filled(&facts, "On EMS look. The EMS certificate of FortiClient EMS, not SYSTEMS."));
    cr_assert_str_eq(out,
                     "On the server look. The server certificate of FortiClient EMS, not SYSTEMS.");
    cr_assert(filled(&facts, "On the EMS server, now"));
}

Test(fill, a_command_names_one_host_however_many_are_concerned)
{
    struct story s;
    story_silent_drop(&s);
    struct group g = group_of(&s);
    struct facts facts = { .group = &g, .verdict = &s.verdict };
    g.n_endpoints = 3;

    cr_assert(filled(&facts, "{client} fail"));
    cr_assert_str_eq(out, "3 endpoints in 10.20.40.0/24 fail");
    cr_assert(filled(&facts, "try:\nping {client}"));
    cr_assert_str_eq(out, "try:\nping 10.20.40.17");
}

Test(fill, every_template_of_the_catalogue_knows_its_placeholders)
{
    char text[4096];
    struct facts facts = { .general = true };

    for (int i = F_NONE + 1; i < FINDINGS; i++) {
        const struct prose *p = &finding_of((enum finding_id)i)->prose;
        const char *all[] = { p->headline, p->seen,    p->means,   p->others,
                              p->deciding, p->next[0], p->next[1], p->next[2] };
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
            struct text t = text_of(text, sizeof text);
            if (all[k])
                fill(&facts, all[k], &t);
            cr_expect(!all[k] || !strchr(text, '{') || strstr(text, "in {"), "%s: %s",
                      finding_of((enum finding_id)i)->id, all[k]);
            cr_expect(!all[k] || text[0], "%s: %s", finding_of((enum finding_id)i)->id, all[k]);
        }
    }
}

Test(fill, a_host_that_answers_is_not_called_dead)
{
    struct story s;
    story_silent_drop(&s);
    struct group g = group_of(&s);
    struct facts facts = { .group = &g, .verdict = &s.verdict };

    s.verdict.n_checks = 0;
    cr_assert(filled(&facts, "lost{or_down}; old"));
    cr_assert_str_eq(out, "lost; the host is switched off; no route; old");
    s.verdict.checks[s.verdict.n_checks++] = (struct check){ .kind = CHECK_SERVER_ANSWERS };
    cr_assert(filled(&facts, "lost{or_down}; old"));
    cr_assert_str_eq(out, "lost; old");
}

/* What is pasted leads through the proxy to the server, and runs nothing that the wire names. */
Test(fill, a_command_goes_where_the_tunnel_went)
{
    static const struct {
        const char *target, *command;
    } cases[] = {
        { "ems.corp.example", "-proxy 10.0.0.10:8013 -connect ems.corp.example:443" },
        { "e$(id);.example`", "-proxy 10.0.0.10:8013 -connect SERVER:443" },
        { "-engine", "-proxy 10.0.0.10:8013 -connect SERVER:443" },
        { "", "-connect 10.0.0.10:8013" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct story s;
        story_silent_drop(&s);
        struct talk talk = { .target = cases[i].target, .target_port = 443 };
        struct session session = { .server_name = "", .protocol = "", .talk = &talk };
        s.flow.session = &session;
        struct group g = group_of(&s);
        struct facts facts = { .group = &g, .verdict = &s.verdict };

        cr_assert(filled(&facts, "{dial}"));
        cr_assert_str_eq(out, cases[i].command);
    }
}

Test(fill, a_question_that_is_no_host_is_not_put_into_a_command)
{
    struct lookup lookup = { .name = "a;reboot" };
    struct story s;
    story_silent_drop(&s);
    s.verdict.lookup = &lookup;
    struct group g = group_of(&s);
    g.lookup = true;
    struct facts facts = { .group = &g, .verdict = &s.verdict };

    cr_assert(filled(&facts, "nslookup {ask}"));
    cr_assert_str_eq(out, "nslookup NAME");
}
