#include "base/text.h"
#include "scenario.h"

static struct scenario s;
static struct candidates *candidates;

static void open_scope(void)
{
    begin(&s);
    s.scene.scope = SCOPE_EMS;
    candidates = candidates_open();
    s.scene.candidates = candidates;
}

static void close_scope(void)
{
    candidates_close(candidates);
    over(&s);
}

Test(scope, a_check_in_port_names_its_server)
{
    open_scope();
    syn(&s, 0);
    cr_assert_not(verdict_in_scope(&s.scene, &s.flow));

    candidate_note(candidates, &s.profile, &s.flow);

    cr_assert(verdict_in_scope(&s.scene, &s.flow));
    s.flow.port[SERVER] = 443; /* another service of the same server */
    cr_assert(verdict_in_scope(&s.scene, &s.flow));
    s.flow.port[SERVER] = 3389;
    cr_assert_not(verdict_in_scope(&s.scene, &s.flow));
    close_scope();
}

Test(scope, a_server_that_is_known_names_no_other)
{
    struct address known;

    open_scope();
    syn(&s, 0);
    known = s.flow.address[SERVER];
    candidate_note(candidates, &s.profile, &s.flow);
    candidate_note(candidates, &s.profile, &s.flow);

    cr_assert(candidate_is(candidates, &known));
    cr_assert_not(candidate_is(candidates, &s.flow.address[CLIENT]));
    cr_assert_not(candidate_is(candidates, &(struct address){ 0 }));
    close_scope();
}

Test(scope, a_configured_address_needs_no_traffic)
{
    open_scope();
    s.profile.ems_address[0] = s.flow.address[SERVER];
    s.profile.n_ems_addresses = 1;
    s.flow.port[SERVER] = 443;

    cr_assert(verdict_in_scope(&s.scene, &s.flow));
    s.flow.address[SERVER] = at("10.0.0.99");
    cr_assert_not(verdict_in_scope(&s.scene, &s.flow));
    close_scope();
}

Test(scope, what_ems_alone_opens_concerns_it_as_the_client_only)
{
    open_scope();
    s.profile.ems_address[0] = s.flow.address[SERVER];
    s.profile.n_ems_addresses = 1;
    s.profile.service[s.profile.n_services++] = (struct service){
        .port = 445, .tls = SERVICE_TLS_NONE, .tcp = true, .by_ems = true, .only_ems = true
    };
    s.flow.port[SERVER] = 445;

    cr_assert_not(verdict_in_scope(&s.scene, &s.flow), "an endpoint asks it for files");
    s.profile.ems_address[0] = s.flow.address[CLIENT];
    cr_assert(verdict_in_scope(&s.scene, &s.flow), "it deploys");
    close_scope();
}

Test(scope, a_tls_name_brings_in_any_port)
{
    open_scope();
    text_copy(s.profile.ems_name[0], sizeof s.profile.ems_name[0], "ems.corp.example");
    s.profile.n_ems_names = 1;
    syn(&s, 0);
    synack(&s, 1);
    ack(&s, 2);
    hello(&s, 20);
    s.flow.port[SERVER] = 10444;

    cr_assert(verdict_in_scope(&s.scene, &s.flow));
    close_scope();
}

Test(scope, all_means_every_tcp_connection)
{
    open_scope();
    s.flow.port[SERVER] = 3389;
    s.scene.scope = SCOPE_ALL;

    cr_assert(verdict_in_scope(&s.scene, &s.flow));
    s.flow.protocol = 17;
    cr_assert_not(verdict_in_scope(&s.scene, &s.flow));
    close_scope();
}

Test(scope, what_a_service_accepted_is_remembered_once_each)
{
    struct scenario other;
    struct served *served;
    begin(&s);
    served = (struct served *)s.scene.served;
    for (int i = 0; i < 3; i++) {
        up13(&other);
        sealed(&other, CLIENT, 60, 60);
        sealed(&other, SERVER, 60, 70);
        served_note(served, &other.flow);
        over(&other);
    }

    const struct service_seen *seen =
        served_service(served, &s.flow.address[SERVER], s.flow.port[SERVER]);

    cr_assert_eq(seen->n_choices, 1);
    cr_assert_eq(seen->worked.n, 1);
    cr_assert_eq(seen->answered.n, 1);
    cr_assert_eq(
        served_dealing(served, &s.flow.address[CLIENT], &s.flow.address[SERVER], 8013)->attempts,
        3);
    cr_assert_null(served_service(served, &s.flow.address[SERVER], 443));
    over(&s);
}
