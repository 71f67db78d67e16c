#include "doctor/list.h"
#include "sandbox/sandbox.h"

#include <criterion/criterion.h>
#include <string.h>

static struct packet tcp(const char *from, uint16_t from_port, const char *to, uint16_t to_port,
                         uint8_t flags)
{
    struct packet p = {
        .kind = PACKET_TCP, .flags = flags, .source_port = from_port, .destination_port = to_port
    };

    address_parse(from, &p.source);
    address_parse(to, &p.destination);
    return p;
}

static struct doctor_facts good_facts(void)
{
    return (struct doctor_facts){ .interface = "span0",
                                  .may_capture = true,
                                  .machine = { .there = true,
                                               .up = true,
                                               .carrier = true,
                                               .speed_known = true,
                                               .speed_mbit = 10000,
                                               .merges_known = true,
                                               .mtu = 1500,
                                               .clock_known = true,
                                               .clock_synchronised = true,
                                               .clock_error_us = 400,
                                               .zone = "Europe/Paris" },
                                  .seconds = 20,
                                  .sandbox = SANDBOX_WHOLE };
}

static struct profile profile(void)
{
    struct profile p;
    struct failure failure;

    cr_assert(profile_open_default(&p, &failure));
    return p;
}

static const struct doctor_row *row_of(const struct doctor_list *list, const char *label)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->row[i].label, label) == 0)
            return &list->row[i];
    return NULL;
}

static void see(struct doctor_facts *f, const struct packet *packets, size_t n)
{
    struct profile p = profile();

    for (size_t i = 0; i < n; i++)
        seen_take(&f->seen, &p, &packets[i]);
}

Test(doctor, a_good_mirror_has_no_problem)
{
    struct doctor_facts f = good_facts();
    struct doctor_list list;
    const struct packet packets[] = {
        tcp("10.20.40.17", 50000, "10.0.0.10", 8013, TCP_SYN),
        tcp("10.0.0.10", 8013, "10.20.40.17", 50000, TCP_SYN | TCP_ACK),
        tcp("10.20.40.17", 50000, "10.0.0.10", 8013, TCP_ACK),
        { .kind = PACKET_UDP, .destination_port = 53 },
        { .kind = PACKET_UDP, .source_port = 53 },
    };

    see(&f, packets, 5);
    doctor_judge(&f, &list);

    cr_assert_eq(list.problems + list.warnings, 0);
    cr_assert_str_eq(row_of(&list, "link")->text, "up, 10 Gbit/s");
    cr_assert_str_eq(row_of(&list, "directions")->text, "both, of 10.0.0.10");
    cr_assert_str_eq(row_of(&list, "EMS visible")->text, "10.0.0.10 answers on 8013");
    cr_assert_str_eq(row_of(&list, "clock")->text,
                     "synchronised, wrong by at most 0.4 ms, zone Europe/Paris");
}

Test(doctor, a_client_that_acknowledges_what_is_not_seen_proves_one_direction)
{
    struct doctor_facts f = good_facts();
    struct doctor_list list;
    const struct packet packets[] = { tcp("10.20.40.17", 50000, "10.0.0.10", 8013, TCP_SYN),
                                      tcp("10.20.40.17", 50000, "10.0.0.10", 8013, TCP_ACK) };

    see(&f, packets, 2);
    doctor_judge(&f, &list);

    cr_assert_eq(row_of(&list, "directions")->sign, DOCTOR_PROBLEM);
    cr_assert_str_eq(row_of(&list, "directions")->text,
                     "only traffic TO 10.0.0.10 in 20 s; nothing FROM it");
    cr_assert_str_eq(row_of(&list, "directions")->remedy, "mirror both rx and tx of the EMS port");
}

Test(doctor, requests_alone_may_be_a_silent_server)
{
    struct doctor_facts f = good_facts();
    struct doctor_list list;
    const struct packet packets[] = { tcp("10.20.40.17", 50000, "10.0.0.10", 8013, TCP_SYN),
                                      tcp("10.20.40.17", 50000, "10.0.0.10", 8013, TCP_SYN) };

    see(&f, packets, 2);
    doctor_judge(&f, &list);

    cr_assert_eq(row_of(&list, "directions")->sign, DOCTOR_WARNING);
    cr_assert_neq(strstr(row_of(&list, "directions")->text, "a server that is silent"), NULL);
    cr_assert_eq(row_of(&list, "EMS visible")->sign, DOCTOR_WARNING);
}

Test(doctor, answers_alone_prove_one_direction)
{
    struct doctor_facts f = good_facts();
    struct doctor_list list;
    const struct packet packets[] = {
        tcp("10.0.0.10", 8013, "10.20.40.17", 50000, TCP_SYN | TCP_ACK),
        tcp("10.0.0.10", 8013, "10.20.40.17", 50000, TCP_ACK | TCP_PSH),
    };

    see(&f, packets, 2);
    doctor_judge(&f, &list);

    cr_assert_eq(row_of(&list, "directions")->sign, DOCTOR_PROBLEM);
    cr_assert_str_eq(row_of(&list, "directions")->text,
                     "only traffic FROM 10.0.0.10 in 20 s; nothing TO it");
}

Test(doctor, a_web_server_is_no_ems_and_an_ems_comes_before_it)
{
    struct doctor_facts f = good_facts();
    struct doctor_list list;
    struct packet packets[5];

    for (size_t i = 0; i < 5; i++)
        packets[i] = tcp("10.20.40.17", 50000, "203.0.113.5", 443, TCP_ACK);
    see(&f, packets, 5);
    doctor_judge(&f, &list);
    cr_assert_eq(row_of(&list, "EMS visible")->sign, DOCTOR_UNSEEN);

    packets[0] = tcp("10.20.40.17", 50000, "10.0.0.10", 8013, TCP_SYN);
    see(&f, packets, 1);
    doctor_judge(&f, &list);
    cr_assert_str_eq(row_of(&list, "EMS visible")->text,
                     "10.0.0.10 was asked, no answer seen, on 8013");
}

Test(doctor, cut_packets_losses_offloads_and_a_free_clock_are_told)
{
    struct doctor_facts f = good_facts();
    struct doctor_list list;

    f.seen.packets = 100;
    f.seen.cut = 3;
    f.lost = 7;
    f.machine.merges = true;
    f.machine.clock_synchronised = false;
    f.sandbox = SANDBOX_RIGHTS | SANDBOX_CALLS;
    doctor_judge(&f, &list);

    cr_assert_str_eq(row_of(&list, "full packets")->text, "3 of 100 packets are cut");
    cr_assert_str_eq(row_of(&list, "traffic")->text, "100 packets in 20 s, 7 lost");
    cr_assert_str_eq(row_of(&list, "offload")->remedy, "ethtool -K span0 gro off lro off");
    cr_assert_eq(row_of(&list, "clock")->sign, DOCTOR_WARNING);
    cr_assert_str_eq(row_of(&list, "confinement")->text,
                     "this kernel lacks Landlock: a hostile packet is kept out by less");
    cr_assert_eq(list.problems, 1);
    cr_assert_eq(list.warnings, 4);
}

Test(doctor, without_permission_nothing_is_said_of_the_traffic)
{
    struct doctor_facts f = good_facts();
    struct doctor_list list;

    f.may_capture = false;
    f.why_not = (struct failure){ .why = "no permission to capture", .remedy = "setcap" };
    doctor_judge(&f, &list);

    cr_assert_eq(row_of(&list, "permission")->sign, DOCTOR_PROBLEM);
    cr_assert_str_eq(row_of(&list, "permission")->remedy, "setcap");
    cr_assert_null(row_of(&list, "traffic"));
    cr_assert_null(row_of(&list, "directions"));
}

Test(doctor, more_servers_and_ports_than_there_is_room_for_are_left_out)
{
    struct doctor_facts f = good_facts();
    struct profile p = profile();
    struct packet packet = tcp("10.20.40.17", 50000, "10.0.0.0", 443, TCP_SYN);

    for (unsigned i = 0; i < 1000; i++) {
        packet.destination.octet[15] = (uint8_t)i;
        packet.destination.octet[14] = (uint8_t)(i >> 8);
        packet.destination_port = p.ports[i % 5];
        seen_take(&f.seen, &p, &packet);
    }
    cr_assert_eq(f.seen.n_servers, SEEN_SERVERS);
    cr_assert_not(seen_enough(&f.seen));
}
