/* archive.c - what gzip, xz, zstd, lz4 and zip hold, through libarchive.
 *
 * The compressed bytes come from an input of their own; the expanded ones go to the input that the
 * readers see, so nothing is ever unpacked to disk or held whole.  Expansion stops at a limit: a
 * capture compresses ten- or a hundredfold, not ten-thousandfold. */
#include "base/text.h"
#include "frame/reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static const uint64_t expanded_most = 64ULL << 30;
static const uint64_t expanded_unasked = 1ULL << 30; /* up to here any ratio is harmless */
static const uint64_t ratio_most = 2000; /* gzip ends at 1032, real captures far below */

enum { ENTRIES_MOST = 1000 }; /* of a zip, looked into for a capture */

static const struct compression {
    const char *name;
    size_t n;
    const char *magic;
    int (*allow)(struct archive *a);
} compressions[] = {
    { "gzip", 2, "\x1f\x8b", archive_read_support_filter_gzip },
    { "xz", 6,
      "\xfd"
      "7zXZ\0",
      archive_read_support_filter_xz },
    { "zstd", 4, "\x28\xb5\x2f\xfd", archive_read_support_filter_zstd },
    { "lz4", 4, "\x04\x22\x4d\x18", archive_read_support_filter_lz4 },
    { "zip", 4, "PK\x03\x04", archive_read_support_format_zip },
};

struct expansion {
    struct input raw; /* the compressed bytes */
    struct archive *archive;
    const struct compression *compression;
    const uint8_t *piece; /* libarchive's; what is left of the newest expanded block */
    size_t piece_left;
    uint64_t expanded; /* over all entries */
    size_t entries;
    bool encrypted;
};

static const struct compression *compression_of(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < sizeof compressions / sizeof *compressions; i++)
        if (n >= compressions[i].n && memcmp(p, compressions[i].magic, compressions[i].n) == 0)
            return &compressions[i];
    return NULL;
}

const char *expansion_named(const uint8_t *p, size_t n)
{
    const struct compression *found = compression_of(p, n);
    return found ? found->name : NULL;
}

uint64_t expansion_pulled(const struct expansion *x) { return x->raw.pulled; }

void expansion_close(struct expansion *x)
{
    if (!x)
        return;
    archive_read_free(x->archive);
    input_close(&x->raw);
    free(x);
}

static la_ssize_t raw_read(struct archive *a, void *user, const void **out)
{
    struct input *raw = &((struct expansion *)user)->raw;
    size_t n = input_need(raw, 1);
    if (n == 0 && raw->error[0]) {
        archive_set_error(a, EIO, "%s", raw->error);
        return ARCHIVE_FATAL;
    }
    *out = raw->at;
    raw->at += n;
    return (la_ssize_t)n;
}

/* zip keeps its table at the end; without seeking libarchive reads the entries as they come. */
static la_int64_t raw_seek(struct archive *a, void *user, la_int64_t offset, int whence)
{
    struct input *raw = &((struct expansion *)user)->raw;
    off_t now = lseek(raw->fd, (off_t)offset, whence);
    (void)a;
    if (now < 0)
        return ARCHIVE_FATAL;
    uint64_t pulled = raw->pulled;
    input_restart(raw);
    raw->base = (uint64_t)now;
    raw->pulled = pulled;
    return now;
}

static bool limit_passed(struct expansion *x, struct input *in)
{
    if (x->expanded <= expanded_unasked ||
        (x->expanded <= expanded_most && x->expanded / ratio_most <= x->raw.pulled))
        return false;
    say(in->error, sizeof in->error,
        "%s data of %" PRIu64 " bytes expands past %" PRIu64 "; reading stopped there",
        x->compression->name, x->raw.pulled, x->expanded);
    return true;
}

/* libarchive's words for a fault may quote the file. */
static void fault_said(struct expansion *x, char *out, size_t size)
{
    struct text said = text_of(out, size);
    const char *words = archive_error_string(x->archive);
    text_format(&said, "%s data breaks off", x->compression->name);
    if (!words)
        return;
    text_add(&said, ": ");
    text_foreign(&said, words, strlen(words));
}

/* The next expanded block.  archive_read_data would lose what it has when the data breaks off. */
static bool piece_next(struct expansion *x, struct input *in)
{
    const void *piece;
    la_int64_t offset;
    int status = archive_read_data_block(x->archive, &piece, &x->piece_left, &offset);
    if (status == ARCHIVE_OK || status == ARCHIVE_WARN) {
        x->piece = piece;
        return x->piece_left > 0;
    }
    x->piece_left = 0;
    if (status != ARCHIVE_EOF)
        fault_said(x, in->error, sizeof in->error);
    return false;
}

static size_t expansion_pull(struct input *in, uint8_t *to, size_t room)
{
    struct expansion *x = in->expansion;
    if (x->piece_left == 0 && (limit_passed(x, in) || !piece_next(x, in)))
        return 0;
    size_t n = room < x->piece_left ? room : x->piece_left;
    memcpy(to, x->piece, n);
    x->piece += n;
    x->piece_left -= n;
    x->expanded += n;
    return n;
}

static bool machine_open(struct expansion *x)
{
    x->archive = archive_read_new();
    if (!x->archive)
        return false;
    /* A warning means that an outside program would be run. */
    if (x->compression->allow(x->archive) != ARCHIVE_OK)
        return false;
    if (x->compression->allow != archive_read_support_format_zip &&
        (archive_read_support_format_raw(x->archive) != ARCHIVE_OK ||
         archive_read_support_format_empty(x->archive) != ARCHIVE_OK))
        return false;
    archive_read_set_callback_data(x->archive, x);
    archive_read_set_read_callback(x->archive, raw_read);
    if (x->raw.seekable)
        archive_read_set_seek_callback(x->archive, raw_seek);
    return archive_read_open1(x->archive) == ARCHIVE_OK;
}

static bool entry_next(struct expansion *x, struct archive_entry **entry)
{
    int status = archive_read_next_header(x->archive, entry);
    return (status == ARCHIVE_OK || status == ARCHIVE_WARN) && x->entries++ < ENTRIES_MOST;
}

/* The first entry that is wanted; what has no entries of its own is always wanted. */
static bool entry_find(struct input *in, bool (*wanted)(struct input *in))
{
    struct expansion *x = in->expansion;
    struct archive_entry *entry;
    bool any = x->compression->allow != archive_read_support_format_zip;

    while (entry_next(x, &entry)) {
        input_restart(in);
        x->piece_left = 0;
        if (archive_entry_is_encrypted(entry))
            x->encrypted = true;
        else if (any || wanted(in))
            return true;
    }
    return false;
}

static void entry_missing(const struct expansion *x, char *out, size_t size)
{
    if (x->encrypted)
        say(out, size, "a zip whose entries are encrypted");
    else if (x->entries)
        say(out, size, "a zip without a packet capture (%zu entries)", x->entries);
    else
        say(out, size, "%s data is damaged or empty", x->compression->name);
}

bool expansion_open(struct input *in, bool (*wanted)(struct input *in), struct failure *failure)
{
    const struct compression *compression = compression_of(in->at, input_have(in));
    struct expansion *x = calloc(1, sizeof *x);
    char why[120] = "no memory left";

    if (x) {
        *x = (struct expansion){ .raw = *in, .compression = compression };
        *in = (struct input){ .stopped = x->raw.stopped };
        if (input_open(in, INPUT_LARGEST)) {
            in->expansion = x;
            in->pull = expansion_pull;
            if (!machine_open(x))
                fault_said(x, why, sizeof why);
            else if (entry_find(in, wanted))
                return true;
            else
                entry_missing(x, why, sizeof why);
        } else {
            expansion_close(x);
        }
    }
    say(failure->why, sizeof failure->why, "%s", why);
    say(failure->remedy, sizeof failure->remedy, "unpack it first");
    return false;
}
