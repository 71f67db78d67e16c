/* Which certificates one service showed, to whom and when, and what follows from it. */
#include "order.h"
#include "verdict/leaves.h"

static struct scenario s;
static const struct cert *chains[16];
static unsigned n_chains;

static const struct order old_one = { .issued = true };
static const struct order new_one = { .issued = true, .from = "20251101000000Z" };

static void show(struct scenario *c, const struct cert *cert, const char *client, int second)
{
    chains[n_chains] = cert;
    c->session.chain[SERVER] = &chains[n_chains++];
    c->session.n_chain[SERVER] = 1;
    c->session.server_name = "ems.corp.example";
    c->flow.address[CLIENT] = at(client);
    c->tls.certificate[SERVER].frame += (uint64_t)second * 100;
    c->tls.certificate[SERVER].time_ns += MS(second * 1000);
}

/* A connection that shows this certificate in this second of the capture, and exchanges data. */
static void exchange(struct scenario *c, const struct cert *cert, const char *client, int second)
{
    up12(c);
    data12(c, CLIENT, 100, 60);
    data12(c, SERVER, 100, 70);
    fin(c, CLIENT, 80);
    show(c, cert, client, second);
}

static void shown(const struct cert *cert, const char *client, int second)
{
    struct scenario other;

    exchange(&other, cert, client, second);
    served_note((struct served *)s.scene.served, &other.flow);
    over(&other);
}

/* The connection that is judged shows this certificate in second 50. */
static void judged_shows(const struct cert *cert)
{
    n_chains = 0;
    exchange(&s, cert, "10.20.40.17", 50);
    served_note((struct served *)s.scene.served, &s.flow);
}

static const struct raised *change(void)
{
    assert_primary(&s, 9000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    return noticed(&s.verdict, F_TLS_CERT_CHANGED_IN_CAPTURE);
}

Test(leaves, one_certificate_and_then_only_another_is_a_change)
{
    const struct cert *was = made(&old_one), *is = made(&new_one);
    judged_shows(is);
    for (int i = 1; i <= 5; i++)
        shown(was, "10.20.40.18", i);
    for (int i = 1; i <= 4; i++)
        shown(is, "10.20.40.19", 50 + i);

    const struct raised *r = change();

    cr_assert_not_null(r);
    cr_assert_eq(r->fact, CERTAIN);
    cr_assert_eq(r->severity, SEVERITY_INFO);
    over(&s);
}

Test(leaves, few_connections_make_a_change_less_sure)
{
    const struct cert *was = made(&old_one), *is = made(&new_one);
    judged_shows(is);
    shown(was, "10.20.40.18", 1);
    shown(is, "10.20.40.18", 51);
    cr_assert_null(change());

    shown(was, "10.20.40.18", 2);
    const struct raised *r = change();

    cr_assert_not_null(r);
    cr_assert_eq(r->fact, POSSIBLE);
    over(&s);
}

Test(leaves, another_issuer_makes_a_change_less_sure)
{
    const struct cert *was = made(&old_one);
    const struct cert *is =
        made(&(struct order){ .issued = true, .issuer = "Other", .from = "20251101000000Z" });
    judged_shows(is);
    for (int i = 1; i <= 5; i++) {
        shown(was, "10.20.40.18", i);
        shown(is, "10.20.40.18", 50 + i);
    }

    const struct raised *r = change();

    cr_assert_not_null(r);
    cr_assert_eq(r->fact, PROBABLE);
    over(&s);
}

Test(leaves, certificates_that_come_in_turn_are_no_change)
{
    const struct cert *was = made(&old_one), *is = made(&new_one);
    judged_shows(is);
    for (int i = 1; i <= 3; i++) {
        shown(was, "10.20.40.18", i);
        shown(is, "10.20.40.18", 50 + i);
    }
    cr_assert_not_null(change());
    shown(was, "10.20.40.18", 60);

    cr_assert_null(change());
    over(&s);
}

Test(leaves, an_older_certificate_is_no_renewal)
{
    const struct cert *was = made(&new_one), *is = made(&old_one);
    judged_shows(is);
    for (int i = 1; i <= 3; i++) {
        shown(was, "10.20.40.18", i);
        shown(is, "10.20.40.18", 50 + i);
    }

    cr_assert_null(change());
    over(&s);
}

Test(leaves, a_change_is_said_where_it_is_seen_first)
{
    const struct cert *was = made(&old_one), *is = made(&new_one);
    judged_shows(is);
    for (int i = 1; i <= 3; i++) {
        shown(was, "10.20.40.18", i);
        shown(is, "10.20.40.18", 40 + i);
    }

    cr_assert_null(change());
    over(&s);
}

Test(leaves, more_certificates_than_are_kept_say_nothing)
{
    judged_shows(made(&new_one));
    for (int i = 1; i <= 4; i++)
        shown(made(&old_one), "10.20.40.18", i);

    cr_assert_null(change());
    over(&s);
}

/* A connection of the same client that shows this certificate in this second, and is refused. */
static void refusal(struct scenario *c, const struct cert *cert, int second)
{
    opened(c);
    hello(c, 20);
    flight12(c, 30);
    alert(c, CLIENT, 48, 40);
    fin(c, CLIENT, 41);
    show(c, cert, "10.20.40.17", second);
}

static void judged_refuses(const struct cert *cert)
{
    n_chains = 0;
    refusal(&s, cert, 50);
    served_note((struct served *)s.scene.served, &s.flow);
}

static void refused(const struct cert *cert, int second)
{
    struct scenario other;

    refusal(&other, cert, second);
    served_note((struct served *)s.scene.served, &other.flow);
    over(&other);
}

/* Rule R13: who took another certificate did not take this one. */
Test(leaves, who_accepts_another_certificate_excuses_nobody)
{
    const struct cert *one = made(&old_one), *other = made(&new_one);
    judged_refuses(one);
    shown(other, "10.20.40.18", 1);
    shown(other, "10.20.40.19", 2);

    assert_primary(&s, 9000, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA);
    cr_assert_eq(s.verdict.primary.owner, OWNER_UNKNOWN);
    over(&s);
}

/* ---- another certificate for others
 * ------------------------------------------------------------------------------ */

static const struct order private_one = { .issued = true, .issuer = "Proxy CA" };

static void judged_against(int more_refusals, const char *const clients[2])
{
    const struct cert *false_one = made(&private_one), *true_one = made(&new_one);

    judged_refuses(false_one);
    for (int i = 1; i <= more_refusals; i++)
        refused(false_one, 50 + 2 * i);
    for (int i = 0; i < 2; i++) {
        shown(true_one, clients[i], 49);
        shown(true_one, clients[i], 51);
    }
}

Test(leaves, who_alone_is_shown_another_certificate_is_inspected)
{
    judged_against(1, (const char *const[2]){ "10.20.40.18", "10.20.40.19" });

    assert_primary(&s, 9000, F_TLS_INTERCEPT_OTHER);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    cr_assert_eq(s.verdict.primary.owner, OWNER_MIDDLEBOX);
    over(&s);
}

Test(leaves, one_refusal_is_too_few_to_compare)
{
    judged_against(0, (const char *const[2]){ "10.20.40.18", "10.20.40.19" });

    assert_primary(&s, 9000, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA);
    over(&s);
}

Test(leaves, one_other_client_is_too_few_to_compare)
{
    judged_against(1, (const char *const[2]){ "10.20.40.18", "10.20.40.18" });

    assert_primary(&s, 9000, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA);
    over(&s);
}

Test(leaves, who_is_shown_both_meets_two_servers)
{
    judged_against(1, (const char *const[2]){ "10.20.40.18", "10.20.40.19" });
    shown(made(&new_one), "10.20.40.17", 53);

    assert_primary(&s, 9000, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA);
    over(&s);
}

Test(leaves, what_others_are_shown_later_is_no_comparison)
{
    const struct cert *was = made(&private_one), *is = made(&new_one);
    judged_refuses(was);
    refused(was, 51);
    shown(is, "10.20.40.18", 60);
    shown(is, "10.20.40.19", 61);

    assert_primary(&s, 9000, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA);
    over(&s);
}

Test(leaves, a_known_product_is_more_probable_by_comparison)
{
    const struct cert *product =
        made(&(struct order){ .issued = true, .issuer = "Zscaler Intermediate Root CA" });
    judged_refuses(product);
    assert_primary(&s, 9000, F_TLS_INTERCEPT_OTHER);
    cr_assert_eq(s.verdict.primary.fact, POSSIBLE);

    refused(product, 52);
    shown(made(&new_one), "10.20.40.18", 51);

    assert_primary(&s, 9000, F_TLS_INTERCEPT_OTHER);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);
}

static uint64_t rivals(const struct cert *a, const struct cert *b)
{
    const struct service_seen *seen =
        served_service(s.scene.served, &s.flow.address[SERVER], s.flow.port[SERVER]);
    return leaves_rival(seen->leaves, a, b);
}

Test(leaves, two_authorities_at_the_same_time_are_rivals)
{
    const struct cert *one = made(&old_one);
    const struct cert *other = made(&(struct order){ .issued = true, .issuer = "Other" });
    judged_shows(one);
    for (int i = 40; i <= 60; i += 10)
        shown(other, "10.20.41.18", i);

    cr_assert_gt(rivals(one, other), 0);
    cr_assert_gt(rivals(other, one), 0);
    cr_assert_eq(rivals(one, one), 0);
    over(&s);
}

Test(leaves, a_new_authority_from_one_moment_on_is_no_rival)
{
    const struct cert *one = made(&old_one);
    const struct cert *other = made(&(struct order){ .issued = true, .issuer = "Other" });
    judged_shows(one);
    shown(other, "10.20.41.18", 60);
    shown(other, "10.20.41.18", 70);

    cr_assert_eq(rivals(one, other), 0);
    over(&s);
}

Test(leaves, two_nodes_of_one_authority_are_no_rivals)
{
    const struct cert *one = made(&old_one), *other = made(&new_one);
    judged_shows(one);
    for (int i = 40; i <= 60; i += 10)
        shown(other, "10.20.41.18", i);

    cr_assert_eq(rivals(one, other), 0);
    over(&s);
}
