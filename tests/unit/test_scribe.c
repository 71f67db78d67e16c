#include "scribe.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/shakeout-unit-XXXXXX";
static const char first[] = "20261119T130211Z-tcp.syn.silent_drop-10.20.40.17.pcapng";
static struct scribe *scribe;

static void start(void)
{
    struct shelf_limits limits = { .bytes = 1 << 24, .files = 100 };
    struct failure failure;
    struct shelf shelf;

    cr_assert(mkdtemp(folder));
    cr_assert(shelf_open(&shelf, folder, &limits, &failure), "%s", failure.why);
    scribe = scribe_open(&shelf, folder, true, &failure);
    cr_assert(scribe, "%s", failure.why);
}

static void finish(void)
{
    DIR *d = opendir(folder);

    scribe_close(scribe);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    rmdir(folder);
}

TestSuite(scribe, .init = start, .fini = finish);

static bool give(const char *name, size_t n)
{
    uint8_t *octets = malloc(n);

    cr_assert(octets);
    memset(octets, 'x', n);
    return scribe_give(scribe, name, 7, octets, n);
}

static long size_of(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");

    if (!file)
        return -1;
    fseek(file, 0, SEEK_END);
    long n = ftell(file);
    fclose(file);
    return n;
}

Test(scribe, what_it_was_given_is_on_the_disk_after_a_flush)
{
    cr_assert(give(first, 3 << 20)); /* more than a pipe holds */
    scribe_flush(scribe);

    cr_assert_eq(size_of(first), 3 << 20);
    cr_assert_eq(scribe_state(scribe)->counts.written, 1);
    cr_assert_eq(scribe_state(scribe)->counts.bytes, 3 << 20);
    cr_assert_eq(scribe_state(scribe)->error, 0);
}

Test(scribe, what_was_written_is_told_with_the_name_that_it_came_to)
{
    char name[SHELF_NAME];
    uint32_t tag = 0;

    cr_expect_not(scribe_wrote(scribe, &tag, name));
    cr_assert(give(first, 10));
    cr_assert(give("nothing.pcapng", 10));
    cr_assert(give(first, 10));
    scribe_flush(scribe);
    cr_assert(scribe_wrote(scribe, &tag, name));
    cr_expect_str_eq(name, first);
    cr_expect_eq(tag, 7);
    cr_assert(scribe_wrote(scribe, &tag, name));
    cr_expect_str_eq(name, "20261119T130211Z-tcp.syn.silent_drop-10.20.40.17+2.pcapng");
    cr_expect_not(scribe_wrote(scribe, &tag, name), "one that could not be written is none");
}

Test(scribe, a_name_that_leads_elsewhere_is_refused_by_who_writes)
{
    static const char *const names[] = { "../escaped.pcapng", "/tmp/shakeout-escaped.pcapng",
                                         "20261119T130211Z-../x-10.20.40.17.pcapng", ".bashrc" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_assert(give(names[i], 10));
        scribe_flush(scribe);
        cr_assert_eq(scribe_state(scribe)->error, EINVAL, "%s", names[i]);
    }
    cr_assert_eq(scribe_state(scribe)->failed, 4);
    cr_assert_eq(scribe_state(scribe)->counts.written, 0);
    cr_assert(give(first, 10));
    scribe_flush(scribe);
    cr_assert_eq(scribe_state(scribe)->error, 0);
}

Test(scribe, more_than_may_wait_is_refused_and_not_waited_for)
{
    size_t given = 0;

    for (int i = 0; i < 64; i++)
        given += give(first, SCRIBE_BYTES / 4);
    cr_assert_lt(given, 64);
    cr_assert_geq(given, 3);
    scribe_flush(scribe);
    cr_assert_eq(scribe_state(scribe)->counts.written + scribe_state(scribe)->failed, given);
}

Test(scribe, it_may_make_a_file_in_its_folder_and_open_nothing_else)
{
    char status[64], text[4096] = "";
    FILE *children = popen("ps -o pid= --ppid $PPID -o comm= | grep shakeout-scribe", "r");
    long pid = 0;

    if (children && fgets(text, sizeof text, children))
        pid = strtol(text, NULL, 10);
    if (children)
        pclose(children);
    if (!pid)
        cr_skip_test("no ps here");
    snprintf(status, sizeof status, "/proc/%ld/status", pid);
    FILE *file = fopen(status, "r");
    cr_assert(file);
    size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = '\0';
    fclose(file);
    cr_assert_not_null(strstr(text, "NoNewPrivs:\t1"), "%s", text);
    cr_assert_not_null(strstr(text, "Seccomp:\t2"), "%s", text);
}
