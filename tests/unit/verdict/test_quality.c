#include "scenario.h"

static struct scenario s;
static struct raised found[16];

static bool finds(enum finding_id id)
{
    size_t n = verdict_of_capture(&s.scene, found, 16);
    for (size_t i = 0; i < n; i++) {
        assert_sound(&found[i]);
        cr_assert_eq(found[i].severity, SEVERITY_QUALITY);
        cr_assert_eq(found[i].owner, OWNER_CAPTURE);
        if (found[i].id == id)
            return true;
    }
    return false;
}

/* Ten minutes of healthy EMS traffic. */
static void good(void)
{
    begin(&s);
    s.scene.first_ns = when(0);
    s.scene.last_ns = when(600000);
    s.scene.packets = s.scene.last_frame = 1000;
    s.scene.connections = 10;
    s.scene.data_bytes = 100000;
    s.scene.payload_packets = 500;
    s.scene.anything_relevant = true;
}

Test(quality, a_good_capture_is_not_mentioned)
{
    good();

    cr_assert_eq(verdict_of_capture(&s.scene, found, 16), 0);
    over(&s);
}

Test(quality, each_fault_of_a_capture_is_found_alone)
{
    good();
    s.scene.damaged = true;
    cr_assert(finds(F_CAPTURE_DAMAGED));
    over(&s);

    good();
    s.scene.drops = 1;
    cr_assert(finds(F_CAPTURE_LOSSY));
    over(&s);

    good();
    s.scene.evicted_flows = 1;
    cr_assert(finds(F_CAPTURE_LOSSY));
    over(&s);

    good();
    s.scene.cut_packets = 1;
    cr_assert(finds(F_CAPTURE_CUT_SHORT));
    over(&s);

    good();
    s.scene.midstream = 1;
    cr_assert(finds(F_CAPTURE_MIDSTREAM));
    over(&s);

    good();
    s.scene.clock_back = 1;
    s.scene.clock_frame = 77;
    cr_assert(finds(F_CAPTURE_CLOCK_JUMP));
    cr_assert_eq(found[0].frames[0], 77);
    over(&s);

    good();
    s.scene.unknown_link = 3;
    cr_assert(finds(F_CANNOT_TELL_NOT_PARSED));
    over(&s);

    good();
    s.scene.anything_relevant = false;
    cr_assert(finds(F_CAPTURE_NOTHING_RELEVANT));
    over(&s);

    good();
    s.scene.last_ns = when(120000);
    cr_assert(finds(F_CAPTURE_TOO_SHORT));
    over(&s);
}

Test(quality, where_no_packet_could_be_opened_nobody_looked)
{
    good();
    s.scene.anything_relevant = false;
    s.scene.unknown_link = 999;
    cr_assert(finds(F_CAPTURE_NOTHING_RELEVANT));
    s.scene.unknown_link = 1000;
    cr_assert(finds(F_CANNOT_TELL_NOT_PARSED));
    cr_assert_not(finds(F_CAPTURE_NOTHING_RELEVANT));
    over(&s);
}

Test(quality, how_long_is_long_enough_can_be_configured)
{
    struct profile profile = { .interval_s = 60 };

    good();
    s.scene.profile = &profile;
    s.scene.last_ns = when(120000);
    cr_assert_not(finds(F_CAPTURE_TOO_SHORT));
    profile.interval_s = 180;
    cr_assert(finds(F_CAPTURE_TOO_SHORT));
    over(&s);
}

Test(quality, loss_counts_from_a_thousandth)
{
    good();
    s.scene.unseen_bytes = 50;
    cr_assert_not(finds(F_CAPTURE_LOSSY));
    s.scene.unseen_bytes = 500;
    cr_assert(finds(F_CAPTURE_LOSSY));
    over(&s);
}

Test(quality, a_vpn_hides_what_is_looked_for_only_when_nothing_is_beside_it)
{
    good();
    s.scene.sealed = 3;
    s.scene.first_sealed = 5;
    s.scene.last_sealed = 9;
    cr_assert_not(finds(F_CANNOT_TELL_ENCAPSULATED_ENCRYPTED));
    s.scene.anything_relevant = false;
    cr_assert(finds(F_CANNOT_TELL_ENCAPSULATED_ENCRYPTED));
    cr_assert_eq(found[0].n_frames, 2);
    cr_assert_eq(found[0].frames[0], 5);
    cr_assert_eq(found[0].frames[1], 9);
    s.scene.sealed = 2;
    cr_assert_not(finds(F_CANNOT_TELL_ENCAPSULATED_ENCRYPTED));
    over(&s);
}

Test(quality, copies_count_from_five_percent)
{
    good();
    s.scene.payload_copies = 24;
    s.scene.first_copy_frame = 12;
    cr_assert_not(finds(F_CAPTURE_DUPLICATED));
    s.scene.payload_copies = 25;
    cr_assert(finds(F_CAPTURE_DUPLICATED));
    cr_assert_eq(found[0].frames[0], 12);
    over(&s);
}

Test(quality, one_direction_needs_more_than_unanswered_requests)
{
    good();
    s.scene.one_sided = 10;
    cr_assert(finds(F_CAPTURE_ONE_WAY));
    s.scene.data_bytes = 0; /* nothing but SYNs: a host that does not answer */
    cr_assert_not(finds(F_CAPTURE_ONE_WAY));
    s.scene.unseen_bytes = 100;
    cr_assert(finds(F_CAPTURE_ONE_WAY));
    cr_assert_not(finds(F_CAPTURE_LOSSY), "what one direction hides is no loss");
    over(&s);
}

Test(quality, an_expected_service_without_a_packet)
{
    good();
    s.profile.service[1].expect = EXPECT_ALWAYS;
    s.profile.ems_address[0] = s.flow.address[SERVER];
    s.profile.n_ems_addresses = 1;
    cr_assert(finds(F_CANNOT_TELL_NO_TRAFFIC));
    syn(&s, 0);
    synack(&s, 1);
    served_note((struct served *)s.scene.served, &s.flow);
    cr_assert_not(finds(F_CANNOT_TELL_NO_TRAFFIC));
    over(&s);
}
