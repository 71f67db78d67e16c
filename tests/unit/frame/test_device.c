#include "frame/capture.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct failure failure;

Test(device, an_unknown_interface_is_answered_with_those_there_are)
{
    const struct capture_config plain = { 0 };

    struct capture *c = capture_open_device("nowhere0", &plain, &failure);

    cr_assert_null(c);
    cr_assert_str_eq(failure.what, "nowhere0");
    if (strcmp(failure.why, "no permission to capture") == 0)
        cr_skip_test("capturing is not permitted here");
    cr_assert(strstr(failure.why, "no such interface; there are: "));
    cr_assert(strstr(failure.why, "lo"));
}

Test(device, a_silent_interface_is_not_waited_for_and_stopping_ends_it)
{
    const struct capture_config config = { .filter = "tcp port 9" };
    struct frame batch[FRAME_BATCH];

    struct capture *c = capture_open_device("lo", &config, &failure);
    if (!c)
        cr_skip_test("capturing is not permitted here");

    cr_assert(capture_is_live(c));
    cr_assert_eq(capture_next(c, batch), 0);
    cr_assert_not(capture_ended(c));
    capture_stop(c);
    while (capture_next(c, batch) > 0)
        ;
    cr_assert(capture_ended(c));
    cr_assert_str_eq(capture_facts(c)->format, "live");
    cr_assert_eq(capture_facts(c)->interface[0].link, 1);
    cr_assert_not(capture_facts(c)->damaged);
    capture_close(c);
}

Test(device, a_filter_that_makes_no_sense_is_refused)
{
    const struct capture_config config = { .filter = "tcp prot 8013" };

    struct capture *c = capture_open_device("lo", &config, &failure);

    cr_assert_null(c);
    if (strcmp(failure.what, "lo") == 0) /* not permitted, or the interface is down */
        cr_skip_test("%s", failure.why);
    cr_assert_str_eq(failure.what, "-f");
}

Test(device, the_interfaces_can_be_listed)
{
    char list[4096];

    cr_assert(capture_list_devices(list, sizeof list, &failure));

    cr_assert(strstr(list, "lo "));
}

/* A thousand octets to ourselves, for the loopback interface to show.  Tests run beside each other:
 * who counts has a port of its own. */
static void send_datagram(uint16_t port)
{
    static const uint8_t octets[1000];
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    cr_assert_geq(fd, 0);
    cr_assert_eq(sendto(fd, octets, sizeof octets, 0, (struct sockaddr *)&to, sizeof to),
                 (ssize_t)sizeof octets);
    close(fd);
}

/* Waits for frames, five seconds at most. */
static size_t wait_for_frames(struct capture *c, struct frame *batch)
{
    size_t n = 0;
    for (int i = 0; n == 0 && i < 50; i++)
        n = capture_next(c, batch);
    return n;
}

Test(device, a_filter_lets_through_what_it_names_and_nothing_else)
{
    const struct capture_config config = { .filter = "udp port 9" };
    struct frame batch[FRAME_BATCH];
    struct capture *c = capture_open_device("lo", &config, &failure);
    if (!c)
        cr_skip_test("capturing is not permitted here");

    send_datagram(10);
    send_datagram(9);
    size_t n = wait_for_frames(c, batch);

    cr_assert_gt(n, 0);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(bytes_peek(&batch[i].data, 14 + 20 + 3), 9); /* UDP destination */
    capture_close(c);
}

enum { DATAGRAMS = 200 };

static void *send_slowly(void *nothing)
{
    for (int i = 0; i < DATAGRAMS; i++) {
        send_datagram(11);
        usleep(1000);
    }
    return nothing;
}

/* The same interface twice stands in for two: each frame comes through both, and the one whose
 * block retires first has the younger ones sooner than the other the older ones. */
Test(device, frames_of_several_come_in_the_order_of_time)
{
    const struct capture_config config = { .filter = "udp port 11" };
    const char *const names[] = { "lo", "lo" };
    struct frame batch[FRAME_BATCH];
    size_t of[2] = { 0, 0 };
    int64_t newest_ns = 0;
    int fds[CAPTURE_DEVICES];
    pthread_t sender;
    struct capture *c = capture_open_devices(names, 2, &config, &failure);
    if (!c)
        cr_skip_test("capturing is not permitted here");

    cr_assert_eq(capture_device_fds(c, fds), 2);
    cr_assert_eq(pthread_create(&sender, NULL, send_slowly, NULL), 0);
    for (int i = 0; i < 4000 && of[0] + of[1] < 2 * DATAGRAMS; i++) {
        size_t n = capture_next(c, batch);
        for (size_t j = 0; j < n; j++) {
            cr_assert_geq(batch[j].time_ns, newest_ns);
            cr_assert_eq(bytes_on_wire(&batch[j].data), 14 + 20 + 8 + 1000);
            newest_ns = batch[j].time_ns;
            of[batch[j].interface]++;
            cr_assert_eq(batch[j].number, of[0] + of[1]);
        }
    }
    pthread_join(sender, NULL);
    cr_assert_eq(of[0], DATAGRAMS);
    cr_assert_eq(of[1], DATAGRAMS);
    cr_assert_eq(capture_facts(c)->interface[1].frames, DATAGRAMS);
    capture_close(c);
}

Test(device, what_two_hold_back_comes_when_they_are_stopped)
{
    const struct capture_config config = { .filter = "udp port 12" };
    const char *const names[] = { "lo", "lo" };
    struct frame batch[FRAME_BATCH];
    size_t total = 0;
    struct capture *c = capture_open_devices(names, 2, &config, &failure);
    if (!c)
        cr_skip_test("capturing is not permitted here");

    for (int i = 0; i < 5; i++)
        send_datagram(12);
    capture_stop(c);
    while (!capture_ended(c))
        total += capture_next(c, batch);
    cr_assert_eq(total, 10);
    capture_close(c);
}

Test(device, frames_are_cut_at_the_snap_length_asked_for)
{
    const struct capture_config config = { .filter = "udp port 9", .snap_length = 96 };
    struct frame batch[FRAME_BATCH];
    struct capture *c = capture_open_device("lo", &config, &failure);
    if (!c)
        cr_skip_test("capturing is not permitted here");

    send_datagram(9);
    size_t n = wait_for_frames(c, batch);

    cr_assert_gt(n, 0);
    cr_assert_eq(batch[0].number, 1);
    cr_assert_eq(batch[0].data.left, 96);
    cr_assert_eq(bytes_on_wire(&batch[0].data), 14 + 20 + 8 + 1000);
    capture_close(c);
}

Test(device, a_number_of_frames_asked_for_ends_the_watch)
{
    const struct capture_config config = { .filter = "udp port 9", .max_frames = 3 };
    struct frame batch[FRAME_BATCH];
    size_t total = 0;
    struct capture *c = capture_open_device("lo", &config, &failure);
    if (!c)
        cr_skip_test("capturing is not permitted here");

    for (int i = 0; i < 5; i++)
        send_datagram(9);
    for (int i = 0; i < 50 && !capture_ended(c); i++)
        total += capture_next(c, batch);

    cr_assert(capture_ended(c));
    cr_assert_eq(total, 3);
    capture_close(c);
}

static unsigned loopback_flags(void)
{
    unsigned flags = 0;
    FILE *f = fopen("/sys/class/net/lo/flags", "r");
    if (!f || fscanf(f, "%x", &flags) != 1)
        flags = 0;
    if (f)
        fclose(f);
    return flags;
}

Test(device, only_a_promiscuous_watch_makes_the_interface_so)
{
    enum { PROMISCUOUS = 0x100 }; /* IFF_PROMISC */
    const struct capture_config plain = { 0 }, promiscuous = { .promiscuous = true };
    if (loopback_flags() == 0 || loopback_flags() & PROMISCUOUS)
        cr_skip_test("the interface does not tell, or somebody else watches it");
    struct capture *c = capture_open_device("lo", &plain, &failure);
    if (!c)
        cr_skip_test("capturing is not permitted here");

    unsigned modest = loopback_flags();
    capture_close(c);
    c = capture_open_device("lo", &promiscuous, &failure);
    cr_assert_not_null(c);
    unsigned curious = loopback_flags();
    capture_close(c);

    cr_assert_eq(modest & PROMISCUOUS, 0);
    cr_assert_neq(curious & PROMISCUOUS, 0);
}
