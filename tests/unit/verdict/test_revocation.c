/* What a client asked and dialled for the revocation of a certificate, and in vain. */
#include "base/text.h"
#include "order.h"

static struct scenario s;
static const struct cert *chain[1];

static const struct order with_crl = { .issued = true,
                                       .crl = "URI:http://crl.corp.example/ca.crl" };

/* The client refuses the certificate, at 20 s. */
static void refuse(void)
{
    opened(&s);
    hello(&s, 20);
    flight12(&s, 30);
    alert(&s, CLIENT, 48, 20000);
    fin(&s, CLIENT, 20001);
    chain[0] = made(&with_crl);
    s.session.chain[SERVER] = chain;
    s.session.n_chain[SERVER] = 1;
}

static struct dns_message question(const char *name, int ms)
{
    struct dns_message m = { .frame = 90,
                             .time_ns = when(ms),
                             .client = s.flow.address[CLIENT],
                             .server = at("10.0.0.2"),
                             .client_port = 40053,
                             .server_port = 53,
                             .id = 1,
                             .type = DNS_A };
    text_copy(m.name, sizeof m.name, name);
    return m;
}

static void ask(const char *name, int ms, uint16_t rcode, const char *address)
{
    struct dns_message m = question(name, ms);

    names_message((struct names *)s.scene.names, &m);
    m.reply = true;
    m.frame = 91;
    m.time_ns += MS(1);
    m.rcode = rcode;
    if (address) {
        m.n_answers = m.n_answers_all = 1;
        m.answer[0] = at(address);
    }
    names_message((struct names *)s.scene.names, &m);
}

/* A connection of the same client to port 80 there. */
static void dial(const char *address, int ms, bool answered)
{
    struct scenario other;

    begin(&other);
    syn(&other, ms);
    if (answered)
        synack(&other, ms + 10);
    other.flow.address[SERVER] = at(address);
    other.flow.port[SERVER] = 80;
    served_note((struct served *)s.scene.served, &other.flow);
    over(&other);
}

static const struct raised *found(void)
{
    assert_primary(&s, 30000, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA);
    return noticed(&s.verdict, F_TLS_CERT_REVOCATION_UNREACHABLE);
}

Test(revocation, an_address_that_never_answers_cannot_be_reached)
{
    refuse();
    ask("crl.corp.example", 100, DNS_NOERROR, "10.0.0.3");
    dial("10.0.0.3", 110, false);

    const struct raised *r = found();

    cr_assert_not_null(r);
    cr_assert_eq(r->fact, PROBABLE);
    cr_assert_eq(r->owner, OWNER_NETWORK);
    cr_assert_eq(r->severity, SEVERITY_WARNING);
    over(&s);
}

Test(revocation, a_name_that_does_not_exist_cannot_be_reached)
{
    refuse();
    ask("crl.corp.example", 100, DNS_NXDOMAIN, NULL);

    const struct raised *r = found();

    cr_assert_not_null(r);
    cr_assert_eq(r->owner, OWNER_DNS);
    over(&s);
}

Test(revocation, one_that_answers_is_reached)
{
    refuse();
    ask("crl.corp.example", 100, DNS_NOERROR, "10.0.0.3");
    dial("10.0.0.3", 110, true);

    cr_assert_null(found());
    over(&s);
}

Test(revocation, what_is_not_dialled_is_not_missed)
{
    refuse();
    ask("crl.corp.example", 100, DNS_NOERROR, "10.0.0.3");

    cr_assert_null(found());
    over(&s);
}

Test(revocation, names_that_the_certificate_does_not_hold_do_not_matter)
{
    refuse();
    ask("www.corp.example", 100, DNS_NXDOMAIN, NULL);

    cr_assert_null(found());
    over(&s);
}

Test(revocation, what_comes_before_or_long_after_the_certificate_is_for_others)
{
    refuse();
    ask("crl.corp.example", 10, DNS_NXDOMAIN, NULL);
    ask("crl.corp.example", 21000, DNS_NXDOMAIN, NULL);

    cr_assert_null(found());
    over(&s);
}

Test(revocation, a_connection_of_just_now_may_still_be_answered)
{
    refuse();
    ask("crl.corp.example", 19000, DNS_NOERROR, "10.0.0.3");
    dial("10.0.0.3", 19500, false);

    assert_primary(&s, 21000, F_TLS_CERT_REJECTED_BY_CLIENT_UNKNOWN_CA);
    cr_assert_null(noticed(&s.verdict, F_TLS_CERT_REVOCATION_UNREACHABLE));
    over(&s);
}
