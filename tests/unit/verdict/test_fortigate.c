/* A FortiGate on 8013: as designed, in the place of EMS, or between a client and its certificate;
 * and keys that cannot sign what a client takes. */
#include "order.h"

#define SERIAL "FGT60F0000000001"

static struct scenario s;
static const struct cert *chain[1];

static void show(const char *subject, const char *issuer)
{
    chain[0] = made(&(struct order){ .subject = subject, .issuer = issuer, .issued = issuer });
    s.session.chain[SERVER] = chain;
    s.session.n_chain[SERVER] = 1;
}

/* An exchange with a server of this name. */
static void exchange(const char *subject)
{
    up12(&s);
    data12(&s, CLIENT, 100, 60);
    data12(&s, SERVER, 100, 70);
    fin(&s, CLIENT, 80);
    show(subject, NULL);
}

static void configured(void)
{
    s.profile.ems_address[0] = s.flow.address[SERVER];
    s.profile.n_ems_addresses = 1;
}

Test(fortigate, a_client_that_reports_to_one_does_as_designed)
{
    exchange(SERIAL);

    assert_primary(&s, 9000, F_OK_TLS_FORTIGATE_POSTURE);
    cr_assert_eq(s.verdict.primary.fact, PROBABLE);
    over(&s);
}

Test(fortigate, on_another_port_it_is_an_ordinary_server)
{
    exchange(SERIAL);
    s.flow.port[SERVER] = 443;

    assert_primary(&s, 9000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    over(&s);
}

Test(fortigate, another_name_is_no_serial_number)
{
    exchange("ems.corp.example");

    assert_primary(&s, 9000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    over(&s);
}

Test(fortigate, in_the_place_of_the_configured_ems_it_is_a_warning_while_it_works)
{
    exchange(SERIAL);
    configured();

    assert_primary(&s, 9000, F_OK_TLS_ESTABLISHED_CLOSED_CLEAN);
    const struct raised *r = noticed(&s.verdict, F_TLS_WRONG_ENDPOINT_FORTIGATE_8013);
    cr_assert_not_null(r);
    cr_assert_eq(r->severity, SEVERITY_WARNING);
    over(&s);
}

Test(fortigate, in_the_place_of_ems_it_explains_the_refusal)
{
    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    show(SERIAL, NULL);
    configured();
    alert(&s, CLIENT, 48, 40);
    fin(&s, CLIENT, 41);

    assert_primary(&s, 5000, F_TLS_WRONG_ENDPOINT_FORTIGATE_8013);
    cr_assert_eq(s.verdict.primary.fact, CERTAIN);
    over(&s);
}

/* The server refuses the client's certificate; asked for, or not. */
static enum finding_id refused(const char *issuer, bool asked)
{
    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    if (asked)
        request12(&s);
    show("ems.corp.example", issuer);
    alert(&s, SERVER, 48, 60);
    fin(&s, SERVER, 61);
    s.scene.last_ns = when(5000);
    verdict_of(&s.scene, &s.flow, &s.verdict);
    over(&s);
    return s.verdict.primary.id;
}

Test(fortigate, inspection_breaks_the_client_certificate_that_is_asked_for)
{
    cr_assert_eq(refused("FortiGate CA", true), F_TLS_CLIENTCERT_BROKEN_BY_INSPECTION);
    cr_assert_neq(refused("CA", true), F_TLS_CLIENTCERT_BROKEN_BY_INSPECTION);
    cr_assert_neq(refused("FortiGate CA", false), F_TLS_CLIENTCERT_BROKEN_BY_INSPECTION);
}

/* The hello takes these schemes, and is refused; another client was shown this certificate. */
static enum finding_id taking(const uint8_t *schemes, size_t n, bool shown)
{
    struct scenario other;

    opened(&s);
    hello(&s, 20);
    s.hello.signature_schemes = bytes_whole(schemes, n);
    alert(&s, SERVER, 40, 30);
    fin(&s, SERVER, 31);
    up12(&other);
    chain[0] = made(&(struct order){ .subject = NULL });
    other.session.chain[SERVER] = chain;
    other.session.n_chain[SERVER] = shown;
    other.flow.address[CLIENT] = at("10.20.40.18");
    served_note((struct served *)s.scene.served, &other.flow);
    s.scene.last_ns = when(5000);
    verdict_of(&s.scene, &s.flow, &s.verdict);
    over(&other);
    over(&s);
    return s.verdict.primary.id;
}

Test(schemes, none_of_those_that_the_client_takes_fits_the_key_of_the_server)
{
    static const uint8_t rsa[] = { 0x08, 0x04, 0x04, 0x01 }, both[] = { 0x04, 0x01, 0x04, 0x03 };

    cr_assert_eq(taking(rsa, sizeof rsa, true), F_TLS_SIGALG_NONE_COMMON);
    cr_assert_neq(taking(both, sizeof both, true), F_TLS_SIGALG_NONE_COMMON);
    cr_assert_neq(taking(rsa, sizeof rsa, false), F_TLS_SIGALG_NONE_COMMON);
    cr_assert_neq(taking(rsa, 0, true), F_TLS_SIGALG_NONE_COMMON);
}
