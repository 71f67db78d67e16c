/* Which of the addresses that nobody names matter. */
#include "fleet.h"
#include "flow/neighbour.h"

#define ME "10.20.40.17"

static const int64_t second_ns = 1000000000;

static void speak(struct neighbours *n, enum resolution what, const char *wanted, uint8_t mac,
                  int second)
{
    static uint64_t frame = 100;
    struct packet p = { .frame = ++frame,
                        .time_ns = second * second_ns,
                        .resolution = (uint8_t)what,
                        .wanted_mac = { 2, 0, 0, 0, 0, mac },
                        .wanted_mac_lasts = true,
                        .outgoing = true };
    address_parse(wanted, &p.wanted);
    address_parse(what == RESOLUTION_ASK ? ME : wanted, &p.source);
    address_parse(what == RESOLUTION_ASK ? wanted : ME, &p.destination);
    neighbours_take(n, &p);
}

static void ask_in_vain(struct neighbours *n, const char *wanted, int from)
{
    for (int i = 0; i < 3; i++)
        speak(n, RESOLUTION_ASK, wanted, 17, from + i);
}

/* The endpoint worked with 10.0.0.10, whose packets came without hardware addresses. */
static struct neighbours *begin(struct fleet *f, struct hosts **hosts)
{
    struct neighbours *n = neighbours_open();
    struct packet syn_ack = { .frame = 2, .kind = PACKET_TCP, .flags = TCP_SYN | TCP_ACK };

    fleet_begin(f);
    fleet_try(f, ME, "10.0.0.10", 0, 1, F_OK_TLS_ESTABLISHED);
    *hosts = hosts_open(16);
    syn_ack.source = f->flow.address[SERVER];
    host_note(*hosts, &f->flow, &syn_ack, SERVER);
    f->scene.hosts = *hosts;
    f->scene.neighbours = n;
    f->scene.last_ns = 60 * second_ns;
    return n;
}

static void end(struct fleet *f, struct neighbours *n, struct hosts *hosts)
{
    neighbours_close(n);
    hosts_close(hosts);
    summary_close(&f->summary);
}

Test(links, the_next_hop_that_is_gone_makes_its_endpoint_fail)
{
    struct fleet f;
    struct hosts *hosts;
    struct neighbours *n = begin(&f, &hosts);

    speak(n, RESOLUTION_ASK, "10.20.40.1", 17, 1);
    speak(n, RESOLUTION_ANSWER, "10.20.40.1", 1, 1);
    ask_in_vain(n, "10.20.40.1", 10);
    summary_count(&f.summary, &f.scene);

    const struct group *g = fleet_group(&f, F_L2_ARP_UNRESOLVED);
    cr_assert_not_null(g);
    cr_assert(g->heads && g->alone);
    cr_assert_eq(g->n_frames, 3);
    cr_assert_eq(f.summary.totals.failing, 1);
    cr_assert(f.summary.any_error);
    end(&f, n, hosts);
}

Test(links, a_printer_that_is_off_is_nobodys_business)
{
    struct fleet f;
    struct hosts *hosts;
    struct neighbours *n = begin(&f, &hosts);

    speak(n, RESOLUTION_ASK, "10.20.40.1", 17, 1);
    speak(n, RESOLUTION_ANSWER, "10.20.40.1", 1, 1);
    ask_in_vain(n, "10.20.40.99", 10);
    summary_count(&f.summary, &f.scene);

    cr_assert_null(fleet_group(&f, F_L2_ARP_UNRESOLVED));
    cr_assert_eq(f.summary.totals.failing, 0);
    end(&f, n, hosts);
}

Test(links, where_two_neighbours_are_known_neither_is_taken_for_the_way_out)
{
    struct fleet f;
    struct hosts *hosts;
    struct neighbours *n = begin(&f, &hosts);

    speak(n, RESOLUTION_ASK, "10.20.40.1", 17, 1);
    speak(n, RESOLUTION_ANSWER, "10.20.40.1", 1, 1);
    speak(n, RESOLUTION_ASK, "10.20.40.2", 17, 2);
    speak(n, RESOLUTION_ANSWER, "10.20.40.2", 2, 2);
    ask_in_vain(n, "10.20.40.2", 10);
    summary_count(&f.summary, &f.scene);

    cr_assert_null(fleet_group(&f, F_L2_ARP_UNRESOLVED));
    end(&f, n, hosts);
}

Test(links, with_all_in_scope_an_address_that_was_in_use_counts)
{
    struct fleet f;
    struct hosts *hosts;
    struct neighbours *n = begin(&f, &hosts);

    f.scene.scope = SCOPE_ALL;
    ask_in_vain(n, "10.20.40.99", 10);
    ask_in_vain(n, "10.20.40.98", 20);
    speak(n, RESOLUTION_ASK, "10.20.40.97", 17, 30);
    speak(n, RESOLUTION_ANSWER, "10.20.40.97", 97, 30);
    ask_in_vain(n, "10.20.40.97", 40);
    summary_count(&f.summary, &f.scene);

    const struct group *g = fleet_group(&f, F_L2_ARP_UNRESOLVED);
    cr_assert_not_null(g);
    cr_assert_eq(g->server.octet[15], 97);
    end(&f, n, hosts);
}
