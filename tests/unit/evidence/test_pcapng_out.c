#include "evidence/pcapng_out.h"
#include "frame/capture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/shakeout-unit-XXXXXX";
static char path[sizeof folder + 32];
static struct failure failure;

static void make_folder(void)
{
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/evidence.pcapng", folder);
}

static size_t files(void)
{
    DIR *d = opendir(folder);
    size_t n = 0;

    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void clear_folder(void)
{
    unlink(path);
    cr_expect_eq(files(), 0, "something was left behind");
    rmdir(folder);
}

TestSuite(pcapng_out, .init = make_folder, .fini = clear_folder);

static const uint8_t octets[] = { 0x45, 0, 0, 20, 1 };

static struct pcapng_out *started(bool replace)
{
    struct pcapng_interface interface = { .link = 101, .snap_length = 64, .nanoseconds = true };
    struct pcapng_out *out = pcapng_create(path, replace, &failure);

    cr_assert(out, "%s: %s", failure.what, failure.why);
    pcapng_section(out, "why", "unit test");
    pcapng_interface(out, &interface);
    return out;
}

static void put_packet(struct pcapng_out *out)
{
    const char *const comments[] = { "first", "second" };
    struct bytes data = bytes_of(octets, sizeof octets, 1500);

    pcapng_packet(out, 0, 1700000000123456789, true, &data, comments, 2);
}

Test(pcapng_out, what_is_written_is_read_again)
{
    struct capture_config config = { 0 };
    struct frame frames[FRAME_BATCH];
    struct pcapng_name name = { .name = "ems.corp.example" };
    struct pcapng_out *out = started(false);

    pcapng_names(out, &name, 1);
    put_packet(out);
    pcapng_statistics(out, 0, 1700000000123456789, true, 17);
    cr_assert(pcapng_finish(out, &failure));
    struct capture *capture = capture_open_file(path, &config, &failure);
    cr_assert(capture);

    cr_assert_eq(capture_next(capture, frames), 1);
    cr_assert_eq(frames[0].time_ns, 1700000000123456789);
    cr_assert_eq(frames[0].link, 101);
    cr_assert_eq(frames[0].data.left, sizeof octets);
    cr_assert_eq(bytes_on_wire(&frames[0].data), 1500);
    cr_assert_arr_eq(frames[0].data.at, octets, sizeof octets);
    cr_assert_eq(capture_next(capture, frames), 0);
    cr_assert_not(capture_facts(capture)->damaged);
    cr_assert_eq(capture_facts(capture)->interface[0].dropped, 17);
    capture_close(capture);
}

Test(pcapng_out, the_target_is_not_there_before_it_is_whole)
{
    struct stat there;
    struct pcapng_out *out = started(false);

    put_packet(out);

    cr_assert_neq(stat(path, &there), 0);
    pcapng_abandon(out);
    cr_assert_neq(stat(path, &there), 0);
}

Test(pcapng_out, a_file_that_is_there_is_replaced_only_on_demand)
{
    struct stat there;
    FILE *f = fopen(path, "w");

    fputs("mine", f);
    fclose(f);
    cr_assert_null(pcapng_create(path, false, &failure));
    cr_assert(strstr(failure.why, "there already"));
    cr_assert(pcapng_finish(started(true), &failure));

    stat(path, &there);
    cr_assert_gt(there.st_size, 4);
}

Test(pcapng_out, a_file_that_came_meanwhile_stays)
{
    struct stat there;
    struct pcapng_out *out = started(false);
    FILE *f = fopen(path, "w");

    fputs("mine", f);
    fclose(f);

    cr_assert_not(pcapng_finish(out, &failure));
    stat(path, &there);
    cr_assert_eq(there.st_size, 4);
}

Test(pcapng_out, no_room_is_told_and_leaves_nothing)
{
    static uint8_t much[1 << 16];
    struct rlimit limit = { 1 << 15, 1 << 15 };
    struct bytes data = bytes_whole(much, sizeof much);
    struct pcapng_out *out = started(false);

    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    pcapng_packet(out, 0, 0, true, &data, NULL, 0);

    cr_assert_not(pcapng_finish(out, &failure));
    cr_assert(strstr(failure.why, "cannot be written"));
}

Test(pcapng_out, a_device_is_no_place_for_a_file)
{
    cr_assert_null(pcapng_create("/dev/full", true, &failure));
    cr_assert(strstr(failure.why, "no regular file"));
}

Test(pcapng_out, a_folder_that_is_not_there_is_told)
{
    cr_assert_null(pcapng_create("/nowhere/at/all.pcapng", false, &failure));
    cr_assert(strstr(failure.why, "No such file"));
}
