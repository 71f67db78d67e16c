/* Visible certificates, judged at the time of the capture (rules R6, R9, R10, R13). */
#include "order.h"

static struct scenario s;
static const struct cert *chain[2];

/* A server's flight of TLS 1.2 with this certificate. */
static void show(const struct order *o)
{
    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    chain[0] = made(o);
    s.session.chain[SERVER] = chain;
    s.session.n_chain[SERVER] = 1;
}

static void refuse(uint8_t code, enum finding_id id, enum confidence fact, enum owner owner)
{
    uint64_t frame = alert(&s, CLIENT, code, 40);
    fin(&s, CLIENT, 41);

    assert_primary(&s, 5000, id);
    cr_assert_eq(s.verdict.primary.fact, fact);
    cr_assert_eq(s.verdict.primary.owner, owner);
    cr_assert(has_frame(&s.verdict.primary, frame));
    over(&s);
}

Test(certificate, an_expired_one_explains_the_refusal)
{
    const struct order expired = { .to = "20251118000000Z" };

    show(&expired);
    refuse(45, F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED, CERTAIN, OWNER_SERVER);
    show(&expired);
    refuse(42, F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED, PROBABLE, OWNER_SERVER);
    show(&expired);
    refuse(48, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, CERTAIN, OWNER_UNKNOWN);
}

Test(certificate, expired_about_valid_dates_is_the_clock_of_the_client)
{
    show(&(struct order){ .to = NULL });

    refuse(45, F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED, CERTAIN, OWNER_CLIENT);
}

Test(certificate, one_that_is_not_valid_yet_is_named_so_although_stacks_say_expired)
{
    show(&(struct order){ .from = "20260101000000Z" });

    refuse(45, F_TLS_CERT_REJECTED_BY_CLIENT_NOT_YET_VALID, PROBABLE, OWNER_UNKNOWN);
}

Test(certificate, another_name_explains_an_unspecific_refusal)
{
    show(&(struct order){ .san = "DNS:other.example" });

    refuse(42, F_TLS_CERT_REJECTED_BY_CLIENT_NAME_MISMATCH, PROBABLE, OWNER_SERVER);
}

Test(certificate, one_that_is_not_for_servers_explains_an_unspecific_refusal)
{
    const struct order for_clients = { .usage = "clientAuth" };

    show(&for_clients);
    refuse(42, F_TLS_CERT_REJECTED_BY_CLIENT_UNSUPPORTED, PROBABLE, OWNER_UNKNOWN);
    show(&for_clients);
    refuse(40, F_TLS_CERT_REJECTED_BY_CLIENT_UNSUPPORTED, PROBABLE, OWNER_UNKNOWN);
    show(&for_clients);
    refuse(43, F_TLS_CERT_REJECTED_BY_CLIENT_UNSUPPORTED, CERTAIN, OWNER_UNKNOWN);
    show(&for_clients);
    refuse(48, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, CERTAIN, OWNER_UNKNOWN);
    show(&(struct order){ .usage = "serverAuth,clientAuth" });
    refuse(42, F_TLS_CERT_REJECTED_BY_CLIENT_BAD_CERTIFICATE, CERTAIN, OWNER_UNKNOWN);
}

Test(certificate, the_outer_name_of_ech_is_no_name_to_compare)
{
    show(&(struct order){ .san = "DNS:other.example" });
    s.hello.ech = true;

    refuse(42, F_TLS_CERT_REJECTED_BY_CLIENT_BAD_CERTIFICATE, CERTAIN, OWNER_UNKNOWN);
}

Test(certificate, a_lone_leaf_with_a_place_to_fetch_its_issuer)
{
    const struct order lone = { .issued = true, .aia = "caIssuers;URI:http://ca.example/i.crt" };

    show(&lone);
    refuse(48, F_TLS_CERT_REJECTED_BY_CLIENT_INCOMPLETE_CHAIN, PROBABLE, OWNER_SERVER);

    show(&lone);
    chain[1] = chain[0];
    s.session.n_chain[SERVER] = 2;
    refuse(48, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, CERTAIN, OWNER_UNKNOWN);
}

Test(certificate, a_weak_one_explains_an_unspecific_refusal)
{
    show(&(struct order){ .issued = true, .digest = EVP_sha1() });

    refuse(43, F_TLS_CERT_REJECTED_BY_CLIENT_WEAK, PROBABLE, OWNER_SERVER);
}

Test(certificate, a_bare_close_at_a_visible_defect_names_it)
{
    show(&(struct order){ .to = "20251118000000Z" });
    fin(&s, CLIENT, 40);

    assert_primary(&s, 5000, F_TLS_CERT_REJECTED_BY_CLIENT_EXPIRED);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    cr_assert_eq(s.verdict.stage[STAGE_CERT], TOKEN_EXPIRED);
    over(&s);
}

static void carry_on(void)
{
    finished12(&s, CLIENT, 40);
    finished12(&s, SERVER, 50);
    data12(&s, CLIENT, 60, 60);
    data12(&s, SERVER, 60, 70);
    fin(&s, CLIENT, 80);
}

Test(certificate, a_defect_that_nobody_minds_is_a_warning)
{
    show(&(struct order){ .san = "DNS:other.example" });
    carry_on();

    assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    cr_assert_not_null(noticed(&s.verdict, F_TLS_CERT_NO_REJECTION_OBSERVED));
    cr_assert_eq(s.verdict.stage[STAGE_CERT], TOKEN_WARN);
    over(&s);
}

Test(certificate, a_lone_leaf_that_everybody_accepts_is_no_defect)
{
    show(&(struct order){ .issued = true, .aia = "caIssuers;URI:http://ca.example/i.crt" });
    carry_on();

    assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    cr_assert_eq(s.verdict.n_also, 0);
    over(&s);
}

Test(certificate, one_that_expires_within_thirty_days_is_a_warning)
{
    show(&(struct order){ .to = "20251210000000Z" });
    carry_on();

    assert_primary(&s, 5000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    const struct raised *r = noticed(&s.verdict, F_TLS_CERT_EXPIRES_SOON);
    cr_assert_not_null(r);
    cr_assert_eq(r->severity, SEVERITY_WARNING);
    assert_sound(r);
    over(&s);
}

/* ---- who must act (rule R13)
 * ----------------------------------------------------------------------------- */

static void another(const char *client, bool accepts)
{
    struct scenario other;

    up13(&other);
    other.flow.address[CLIENT] = at(client);
    if (accepts) {
        sealed(&other, CLIENT, 60, 60);
        sealed(&other, SERVER, 60, 70);
    } else {
        alert(&other, CLIENT, 48, 60);
    }
    fin(&other, CLIENT, 80);
    served_note((struct served *)s.scene.served, &other.flow);
    over(&other);
}

Test(certificate, one_client_of_many_must_act_itself)
{
    show(&(struct order){ .to = NULL });
    another("10.20.40.18", true);
    another("10.20.40.19", true);

    refuse(48, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, CERTAIN, OWNER_CLIENT);
}

Test(certificate, when_all_refuse_the_server_must_act)
{
    show(&(struct order){ .to = NULL });
    another("10.20.40.18", false);
    another("10.20.40.19", false);

    refuse(48, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, CERTAIN, OWNER_SERVER);
}

Test(certificate, one_other_client_is_not_many)
{
    show(&(struct order){ .to = NULL });
    another("10.20.40.18", true);

    refuse(48, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA, CERTAIN, OWNER_UNKNOWN);
}

/* ---- clients that check after the handshake
 * --------------------------------------------------------------------- */

static void leave_empty(int at_ms, bool twice)
{
    struct scenario other;

    up13(&other);
    fin(&other, CLIENT, 60);
    other.flow.first_ns = when(at_ms);
    other.flow.first_frame = (uint64_t)at_ms + 1;
    served_note((struct served *)s.scene.served, &other.flow);
    if (twice) /* told again when it is judged later */
        served_note((struct served *)s.scene.served, &other.flow);
    over(&other);
}

static enum finding_id after_leaving(const int *at_ms, size_t n, bool twice)
{
    up13(&s);
    fin(&s, CLIENT, 60);
    another("10.20.40.18", true);
    for (size_t i = 0; i < n; i++)
        leave_empty(at_ms[i], twice);
    enum finding_id id = judged(&s, 90000)->primary.id;
    assert_sound(&s.verdict.primary);
    over(&s);
    return id;
}

Test(certificate, leaving_again_and_again_without_data_is_a_hint)
{
    static const int irregular[] = { 0, 3000, 20000 };
    static const int regular[] = { 0, 10000, 20000, 30500 };

    cr_assert_eq(after_leaving(irregular, 3, false), F_TLS_CERT_REJECTED_BY_CLIENT_LATE_CLOSE);
    cr_assert_eq(s.verdict.primary.severity, SEVERITY_WARNING);
    cr_assert_eq(after_leaving(regular, 4, false), F_OK_TLS_NO_DATA, "a probe");
    cr_assert_eq(after_leaving(irregular, 2, true), F_OK_TLS_NO_DATA, "twice is not thrice");
}

Test(certificate, who_exchanges_data_at_other_times_refuses_nothing)
{
    static const int irregular[] = { 0, 3000, 20000 };

    up13(&s);
    fin(&s, CLIENT, 60);
    another("10.20.40.18", true);
    another("10.20.40.17", true);
    for (size_t i = 0; i < 3; i++)
        leave_empty(irregular[i], false);

    assert_primary(&s, 90000, F_OK_TLS_NO_DATA);
    over(&s);
}
