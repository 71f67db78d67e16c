/* Several hosts behind one address. */
#include "correlate/sharing.h"
#include "fleet.h"

static bool shared(struct fleet *f, const char *client)
{
    struct address a;
    address_parse(client, &a);
    return summary_is_shared(&f->summary, &f->scene, &a);
}

/* A connection of a host whose packets arrive with this TTL. */
static void host(struct fleet *f, uint8_t ttl, int at, const char *server)
{
    f->flow.half[CLIENT].ttl = ttl;
    f->flow.role = ROLE_SYN;
    fleet_try(f, "198.51.100.7", server, 0, at, F_OK_TLS_ESTABLISHED);
}

Test(sharing, two_kinds_of_stacks_by_turns_are_two_hosts)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 3; i++) {
        host(&f, 63, 60 * i, "10.0.0.10");
        cr_assert_eq(shared(&f, "198.51.100.7"), i == 2);
        host(&f, 127, 60 * i + 30, "10.0.0.10");
    }

    cr_assert(shared(&f, "198.51.100.7"));
    cr_assert_not(shared(&f, "198.51.100.8"));
    summary_close(&f.summary);
}

Test(sharing, an_address_that_another_host_got_is_not_shared)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 6; i++)
        host(&f, i < 3 ? 63 : 127, 60 * i, "10.0.0.10");

    cr_assert_not(shared(&f, "198.51.100.7"));
    summary_close(&f.summary);
}

Test(sharing, a_device_before_one_server_does_not_make_two_hosts)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 6; i++)
        host(&f, i % 2 ? 63 : 127, 60 * i, i % 2 ? "10.0.0.11" : "10.0.0.10");

    cr_assert_not(shared(&f, "198.51.100.7"));
    summary_close(&f.summary);
}

Test(sharing, another_way_with_more_routers_is_the_same_host)
{
    struct fleet f;
    fleet_begin(&f);
    for (int i = 0; i < 6; i++)
        host(&f, i % 2 ? 120 : 123, 60 * i, "10.0.0.10");

    cr_assert_not(shared(&f, "198.51.100.7"));
    summary_close(&f.summary);
}

Test(sharing, who_joined_without_a_syn_has_no_mark)
{
    struct fleet f;
    fleet_begin(&f);
    f.flow.half[CLIENT].flags = HALF_SEEN;
    for (int i = 0; i < 6; i++)
        host(&f, i % 2 ? 63 : 127, 60 * i, "10.0.0.10");

    cr_assert_not(shared(&f, "198.51.100.7"));
    summary_close(&f.summary);
}

Test(sharing, once_in_between_may_be_a_stray)
{
    struct sharing s = { .mark = { 0 } };
    sharing_note(&s, 64, 10);
    sharing_note(&s, 128, 20);
    sharing_note(&s, 64, 30);
    cr_assert_not(sharing_is_sure(&s));
    sharing_note(&s, 255, 25); /* a third kind changes nothing */
    cr_assert_not(sharing_is_sure(&s));
    sharing_note(&s, 128, 15); /* judged later, seen earlier */
    cr_assert(sharing_is_sure(&s));
}

Test(sharing, certificates_of_two_installations_at_a_checkin_port_are_two_hosts)
{
    struct fleet f;
    fleet_begin(&f);
    struct session session = { .server_name = "", .n_chain = { [CLIENT] = 1 } };
    const struct cert *chain[2][1] = { { (const struct cert *)&f },
                                       { (const struct cert *)&session } };
    f.flow.session = &session;
    for (int i = 0; i < 6; i++) {
        session.chain[CLIENT] = chain[i % 2];
        f.port = 443; /* a person with two certificates */
        host(&f, 63, 60 * i, "10.0.0.10");
    }
    cr_assert_not(shared(&f, "198.51.100.7"));
    for (int i = 0; i < 6; i++) {
        session.chain[CLIENT] = chain[i % 2];
        f.port = 8013;
        host(&f, 63, 60 * i, "10.0.0.10");
    }
    cr_assert(shared(&f, "198.51.100.7"));
    f.flow.session = NULL;
    summary_close(&f.summary);
}
