#define _XOPEN_SOURCE 700 /* nftw */

#include "image.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct capture_config plain;
static char folder[64];

static void folder_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/shakeout-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void file_make(const char *name, const void *bytes, size_t n)
{
    FILE *file = fopen(name, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static int entry_remove(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about, (void)kind, (void)where;
    return remove(path);
}

static void folder_remove(void) { nftw(folder, entry_remove, 8, FTW_DEPTH | FTW_PHYS); }

static void refused(const char *path, const char *why, const char *remedy)
{
    struct capture *c = capture_open_file(path, &plain, &failure);
    cr_assert_null(c);
    cr_assert_str_eq(failure.what, path);
    cr_assert_str_eq(failure.why, why);
    cr_assert_str_eq(failure.remedy, remedy);
}

TestSuite(capture, .init = folder_make, .fini = folder_remove);

#define WHAT_I_READ                                                                               \
    "I read pcap, pcapng and FortiGate sniffer text, and all of them inside gzip, xz, zstd, lz4 " \
    "or zip"

Test(capture, an_empty_file_is_empty)
{
    file_make("empty.pcap", "", 0);

    refused("empty.pcap", "is empty", "");
}

Test(capture, a_text_file_is_told_by_its_first_words)
{
    static const char text[] = "Dear all,\nhere is the capture\n";
    file_make("notes.txt", text, strlen(text));

    refused("notes.txt", "not a packet capture (it starts with \"Dear all,\")", WHAT_I_READ);
}

Test(capture, escape_codes_of_a_refused_file_do_not_reach_the_terminal)
{
    static const char text[] = "\x1b[2J\x1b]0;title\x07 hello\n";
    file_make("evil", text, strlen(text));

    refused("evil", "not a packet capture (it starts with the bytes 1b 5b 32 4a 1b 5d 30 3b)",
            WHAT_I_READ);
}

Test(capture, a_directory_is_no_file)
{
    refused(".", "a directory, not a file", "name the captures in it");
}

Test(capture, a_missing_file_is_answered_with_the_nearest_name)
{
    file_make("capture.pcapng", "x", 1);
    file_make("other", "x", 1);

    refused("captrue.pcapng", "no such file", "did you mean capture.pcapng?");
    refused("nothing-like-it", "no such file", "");
}

Test(capture, the_nearest_name_is_looked_for_where_the_file_would_lie)
{
    cr_assert_eq(mkdir("there", 0700), 0);
    file_make("there/a.pcap", "x", 1);

    refused("there/b.pcap", "no such file", "did you mean there/a.pcap?");
}

Test(capture, an_unreadable_file_is_said_so)
{
    refuse_path("secret.pcap", EACCES, &failure);

    cr_assert_str_eq(failure.why, "no permission to read it");
}

Test(capture, an_etl_file_gets_its_conversion_command)
{
    file_make("trace.etl", "\0\0\1\0", 4);

    refused("trace.etl", "this is a Windows ETW trace, not a pcap",
            "convert it first:  pktmon etl2pcap trace.etl -o trace.pcapng\n"
            "(made by netsh trace: etl2pcapng trace.etl trace.pcapng)");
}

Test(capture, a_name_that_a_shell_would_act_on_is_not_put_into_a_command)
{
    file_make("a;rm -rf x.etl", "\0\0\1\0", 4);

    refused("a;rm -rf x.etl", "this is a Windows ETW trace, not a pcap",
            "convert it first:  pktmon etl2pcap FILE.etl -o FILE.pcapng\n"
            "(made by netsh trace: etl2pcapng FILE.etl FILE.pcapng)");
}

Test(capture, other_capture_formats_are_named)
{
    file_make("solaris", "snoop\0\0\0\0\0\0\2", 12);
    refused("solaris", "a snoop capture, which I do not read",
            "convert it first:  editcap FILE FILE.pcapng");
    file_make("monitor.cap", "GMBU\0\2", 6);
    refused("monitor.cap", "a Microsoft NetMon 2 capture, which I do not read",
            "convert it first:  editcap FILE FILE.pcapng");
}

Test(capture, the_name_does_not_decide_what_a_file_is)
{
    put_section();
    put_interface(1, 0);
    file_make("trace.etl", image.bytes, image.n);

    struct capture *c = capture_open_file("trace.etl", &plain, &failure);

    cr_assert_not_null(c);
    cr_assert_str_eq(capture_facts(c)->format, "pcapng");
    cr_assert_eq(capture_facts(c)->bytes_total, image.n);
    capture_close(c);
}

static void *trickle(void *end)
{
    int fd = *(int *)end;
    for (size_t i = 0; i < image.n; i += 7) {
        size_t n = image.n - i < 7 ? image.n - i : 7;
        if (write(fd, image.bytes + i, n) != (ssize_t)n)
            break;
    }
    close(fd);
    return NULL;
}

Test(capture, a_pipe_that_trickles_is_read_like_a_file)
{
    int ends[2];
    pthread_t writer;
    struct frame batch[FRAME_BATCH];
    size_t n, total = 0;
    put_pcap_header(0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < 300; i++)
        put_record(i, 0, i, i);
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    cr_assert_eq(pthread_create(&writer, NULL, trickle, &ends[1]), 0);

    struct capture *c = capture_open_file("-", &plain, &failure);
    cr_assert_not_null(c);
    while ((n = capture_next(c, batch)) > 0)
        for (size_t i = 0; i < n; i++, total++) {
            cr_assert_eq(batch[i].number, total + 1);
            cr_assert_eq(batch[i].data.left, total);
            for (size_t j = 0; j < batch[i].data.left; j++)
                cr_assert_eq(batch[i].data.at[j], 0xe0 + j % 16);
        }

    cr_assert_eq(total, 300);
    cr_assert_not(capture_facts(c)->damaged);
    cr_assert_eq(capture_facts(c)->bytes_total, 0);
    cr_assert_eq(capture_facts(c)->bytes_read, image.n);
    pthread_join(writer, NULL);
    capture_close(c);
}

Test(capture, all_frames_of_a_batch_stay_valid_together)
{
    struct frame batch[FRAME_BATCH];
    size_t n, total = 0;
    put_pcap_header(0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < 600; i++)
        put_record(i, 0, 1500, 1500); /* several windows */
    file_make("many", image.bytes, image.n);

    struct capture *c = capture_open_file("many", &plain, &failure);
    while ((n = capture_next(c, batch)) > 0) {
        cr_assert_leq(n, FRAME_BATCH);
        for (size_t i = 0; i < n; i++, total++)
            for (size_t j = 0; j < 1500; j++)
                cr_assert_eq(batch[i].data.at[j], 0xe0 + j % 16);
    }

    cr_assert_eq(total, 600);
    capture_close(c);
}

Test(capture, a_number_of_frames_may_be_asked_for)
{
    const struct capture_config config = { .max_frames = 70 };
    put_pcap_header(0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < 100; i++)
        put_record(i, 0, 20, 20);

    cr_assert(image_read(image.n, &config));

    cr_assert_eq(n_frames, 70);
    cr_assert_eq(facts.frames, 70);
}

Test(capture, stopping_ends_the_reading_without_damage)
{
    struct frame batch[FRAME_BATCH];
    put_pcap_header(0xa1b2c3d4, 1);
    for (uint32_t i = 0; i < 100; i++)
        put_record(i, 0, 20, 20);

    struct capture *c = capture_open_memory(image.bytes, image.n - 1, &plain, &failure);
    cr_assert_eq(capture_next(c, batch), FRAME_BATCH);
    capture_stop(c);

    cr_assert_eq(capture_next(c, batch), 0);
    cr_assert(capture_ended(c));
    cr_assert_not(capture_facts(c)->damaged);
    capture_close(c);
}
