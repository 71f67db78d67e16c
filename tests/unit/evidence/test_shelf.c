#include "evidence/shelf.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/shakeout-unit-XXXXXX";
static struct shelf shelf;
static struct failure failure;

static void make_folder(void) { cr_assert(mkdtemp(folder)); }

static void clear_folder(void)
{
    DIR *d = opendir(folder);

    shelf_close(&shelf);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    rmdir(folder);
}

TestSuite(shelf, .init = make_folder, .fini = clear_folder);

static void started(uint64_t bytes, uint32_t files)
{
    struct shelf_limits limits = { .bytes = bytes, .files = files };

    cr_assert(shelf_open(&shelf, folder, &limits, &failure), "%s: %s", failure.what, failure.why);
}

static void touch(const char *name, size_t n)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");

    cr_assert(file);
    for (size_t i = 0; i < n; i++)
        fputc('x', file);
    fclose(file);
}

static bool is_there(const char *name)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static int put(int64_t time_s, const char *who, size_t n, char name[SHELF_NAME])
{
    static const uint8_t octets[4096];
    struct shelf_item item = { .time_s = time_s, .subject = "tcp.syn.silent_drop" };

    cr_assert(address_parse(who, &item.who));
    shelf_name(&item, name);
    return shelf_put(&shelf, name, octets, n);
}

Test(shelf, a_name_says_when_what_and_who_and_is_read_again)
{
    static const char *const who[] = { "10.20.40.17", "2001:db8::10", "::1", "fe80::abcd" };
    struct shelf_item item = { .time_s = 1795093331, .subject = "tcp.syn.silent_drop" }, read;
    char name[SHELF_NAME];

    address_parse(who[0], &item.who);
    shelf_name(&item, name);
    cr_assert_str_eq(name, "20261119T130211Z-tcp.syn.silent_drop-10.20.40.17.pcapng");
    for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
        address_parse(who[i], &item.who);
        shelf_name(&item, name);
        cr_assert_null(strchr(name, ':'));
        cr_assert(shelf_read_name(name, &read), "%s", name);
        cr_assert_eq(read.time_s, item.time_s);
        cr_assert_str_eq(read.subject, item.subject);
        cr_assert(address_equal(&read.who, &item.who), "%s", name);
    }
    cr_assert(shelf_read_name("20261119T130211Z-good.8013-10.0.0.10+2.pcapng", &read));
}

Test(shelf, other_names_are_none_of_its_business)
{
    static const char *const others[] = {
        "",
        "notes.txt",
        "20261119T130211Z-tcp.syn.silent_drop-10.20.40.17.pcap",
        "20261119T130211Z-tcp.syn.silent_drop-10.20.40.17.pcapng.gz",
        "20261119T130211Z-tcp.syn.silent_drop-10.20.40.17pcapng",
        "20261119T130211Z-../../etc/x-10.20.40.17.pcapng",
        "20261119T130211Z-a-10.20.40.17/../x.pcapng",
        "20261119T130211Z--10.20.40.17.pcapng",
        "20261119T130211Z-.hidden-10.20.40.17.pcapng",
        "20261119T13021Z-a-10.20.40.17.pcapng",
        "20261119T130211Z-a-.pcapng",
        "20261119T130211Z-a-10.20.40.17.1.2.3.pcapng",
        "20261119T130211Z-a-10.20.40.17+x.pcapng",
        "20261119T130211Z-a-p",
        "20261119T130211Z-a-",
    };
    struct shelf_item item;
    char name[SHELF_NAME];

    started(0, 10);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        cr_expect_not(shelf_read_name(others[i], &item), "%s", others[i]);
        snprintf(name, sizeof name, "%s", others[i]);
        cr_expect_eq(shelf_put(&shelf, name, "x", 1), EINVAL, "%s", others[i]);
    }
}

Test(shelf, the_oldest_go_when_it_is_full_and_strangers_stay)
{
    char first[SHELF_NAME], second[SHELF_NAME], third[SHELF_NAME];

    touch("20001119T130211Z-notes.txt", 5000);
    started(10000, 10);
    cr_assert_eq(put(1000, "10.0.0.1", 4000, first), 0);
    cr_assert_eq(put(2000, "10.0.0.1", 4000, second), 0);
    cr_assert_eq(put(3000, "10.0.0.1", 4000, third), 0);

    cr_assert_not(is_there(first));
    cr_assert(is_there(second) && is_there(third) && is_there("20001119T130211Z-notes.txt"));
    cr_assert_eq(shelf.counts.dropped, 1);
    cr_assert_eq(shelf.counts.bytes, 8000);
}

Test(shelf, files_of_an_earlier_watch_count_for_the_limit)
{
    char name[SHELF_NAME];

    touch("20261119T130211Z-tcp.syn.silent_drop-10.20.40.17.pcapng", 100);
    touch("20261119T130212Z-tcp.syn.silent_drop-10.20.40.17.pcapng", 100);
    started(0, 2);
    cr_assert_eq(shelf.counts.files, 2);
    cr_assert_eq(put(1795093400, "10.0.0.1", 10, name), 0);

    cr_assert_not(is_there("20261119T130211Z-tcp.syn.silent_drop-10.20.40.17.pcapng"));
    cr_assert(is_there("20261119T130212Z-tcp.syn.silent_drop-10.20.40.17.pcapng"));
    cr_assert_eq(shelf.counts.files, 2);
}

Test(shelf, one_that_is_larger_than_all_may_be_pushes_nobody_out)
{
    char name[SHELF_NAME];

    started(1000, 10);
    cr_assert_eq(put(1000, "10.0.0.1", 900, name), 0);
    cr_assert_eq(put(2000, "10.0.0.1", 1001, name), EFBIG);

    cr_assert_eq(shelf.counts.files, 1);
    cr_assert_eq(shelf.counts.dropped, 0);
}

Test(shelf, two_of_the_same_second_are_two_files)
{
    char first[SHELF_NAME], second[SHELF_NAME];

    started(0, 10);
    cr_assert_eq(put(1000, "10.0.0.1", 10, first), 0);
    cr_assert_eq(put(1000, "10.0.0.1", 20, second), 0);

    cr_assert_str_eq(second, "19700101T001640Z-tcp.syn.silent_drop-10.0.0.1+2.pcapng");
    cr_assert(is_there(first) && is_there(second));
}

Test(shelf, what_a_killed_watch_left_unfinished_goes)
{
    touch(".20261119T130211Z-tcp.syn.silent_drop-10.20.40.17.pcapng.unfinished", 10);
    touch(".somebody.unfinished", 10);
    started(0, 10);

    cr_assert_not(is_there(".20261119T130211Z-tcp.syn.silent_drop-10.20.40.17.pcapng.unfinished"));
    cr_assert(is_there(".somebody.unfinished"));
    cr_assert_eq(shelf.counts.files, 0);
}

Test(shelf, a_folder_belongs_to_one_watch)
{
    struct shelf_limits limits = { .files = 10 };
    struct shelf other;

    started(0, 10);

    cr_assert_not(shelf_open(&other, folder, &limits, &failure));
    cr_assert_not_null(strstr(failure.why, "another watch"), "%s", failure.why);
}

Test(shelf, a_folder_that_was_removed_is_an_error_and_not_the_end)
{
    char name[SHELF_NAME];

    started(0, 10);
    cr_assert_eq(rmdir(folder), 0);

    cr_assert_eq(put(1000, "10.0.0.1", 10, name), ENOENT);
    cr_assert_eq(put(1001, "10.0.0.1", 10, name), ENOENT);
}

Test(shelf, what_is_no_folder_is_refused_with_a_remedy)
{
    struct shelf_limits limits = { .files = 10 };

    touch("file", 1);
    char path[256];
    snprintf(path, sizeof path, "%s/file", folder);

    cr_assert_not(shelf_open(&shelf, path, &limits, &failure));
    cr_assert(failure.remedy[0]);
}
