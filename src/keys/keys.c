/* keys.c - secrets by client random, and the key log they are read from. */
#include "keys/keys.h"

#include "base/table.h"
#include "base/text.h"
#include "keys/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024 };

static const uint64_t log_most = 256 << 20; /* octets of a key log that are read */

struct keys {
    struct table by_random; /* struct key_secrets by client random */
    struct keys_counts counts;
    uint64_t generation;
    int fd; /* of the key log; -1 = none */
    uint64_t read;
    size_t n; /* octets of the line under way, or LINE + 1: it is too long */
    uint8_t line[KEYS_LINE];
    uint8_t chunk[CHUNK];
    uint8_t scratch[KEYS_SCRATCH];
};

struct keys *keys_open(void)
{
    struct keys *k = calloc(1, sizeof *k);

    if (!k)
        return NULL;
    k->fd = -1;
    if (table_open(&k->by_random, KEYS_RANDOM, sizeof(struct key_secrets), KEYS_CONNECTIONS))
        return k;
    free(k);
    return NULL;
}

void keys_close(struct keys *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->by_random.n; i++)
        OPENSSL_cleanse(table_at(&k->by_random, i), sizeof(struct key_secrets));
    table_close(&k->by_random);
    if (k->fd >= 0)
        close(k->fd);
    OPENSSL_cleanse(k, sizeof *k);
    free(k);
}

static void secret_keep(struct keys *k, const struct key_line *line, enum keys_origin origin)
{
    struct key_secrets *of = table_put(&k->by_random, line->random);

    if (!of) {
        k->counts.refused++;
        return;
    }
    k->counts.secrets++;
    k->generation++;
    of->origin = (uint8_t)origin;
    of->octets[line->label] = line->octets;
    memcpy(of->secret[line->label], line->secret, line->octets);
}

static void line_take(struct keys *k, struct bytes text, enum keys_origin origin)
{
    struct key_line line;

    switch (keylog_line(text, &line)) {
    case KEY_LINE_SECRET:
        secret_keep(k, &line, origin);
        OPENSSL_cleanse(&line, sizeof line);
        break;
    case KEY_LINE_DAMAGED:
        k->counts.damaged++;
        break;
    case KEY_LINE_OTHER:
        k->counts.other++;
        break;
    case KEY_LINE_EMPTY:
        break;
    }
}

void keys_take(struct keys *k, struct bytes text, enum keys_origin origin)
{
    while (text.left) {
        const uint8_t *end = memchr(text.at, '\n', text.left);
        struct bytes line = bytes_take(&text, end ? (size_t)(end - text.at) : text.left);
        line_take(k, line, origin);
        bytes_skip(&text, text.left ? 1 : 0);
    }
}

/* ---- the log ---- */

/* The line under way grows by a piece; beyond KEYS_LINE only its end is waited for. */
static void line_grow(struct keys *k, struct bytes piece)
{
    if (k->n > KEYS_LINE || piece.left > KEYS_LINE - k->n) {
        k->n = KEYS_LINE + 1;
        return;
    }
    memcpy(k->line + k->n, piece.at, piece.left);
    k->n += piece.left;
}

static void line_end(struct keys *k)
{
    if (k->n > KEYS_LINE)
        k->counts.damaged++;
    else
        line_take(k, bytes_whole(k->line, k->n), KEYS_LOG);
    k->n = 0;
}

static void chunk_take(struct keys *k, struct bytes chunk)
{
    while (chunk.left) {
        const uint8_t *end = memchr(chunk.at, '\n', chunk.left);
        line_grow(k, bytes_take(&chunk, end ? (size_t)(end - chunk.at) : chunk.left));
        if (!end)
            return;
        line_end(k);
        bytes_skip(&chunk, 1);
    }
}

/* False when reading failed; errno tells why. */
static bool log_read(struct keys *k)
{
    ssize_t n = 0;

    while (k->read < log_most && (n = read(k->fd, k->chunk, sizeof k->chunk)) > 0) {
        k->read += (uint64_t)n;
        chunk_take(k, bytes_whole(k->chunk, (size_t)n));
    }
    return n >= 0 || errno == EINTR || errno == EAGAIN;
}

static bool refuse(const char *path, const char *why, const char *remedy, struct failure *failure)
{
    *failure = (struct failure){ 0 };
    text_printable(path, strlen(path), failure->what, sizeof failure->what);
    text_copy(failure->why, sizeof failure->why, why);
    text_copy(failure->remedy, sizeof failure->remedy, remedy);
    return false;
}

/* The last line of a log that is finished needs no line feed.  If it is not finished, it comes
 * again, longer, and is then what counts. */
static void line_peek(struct keys *k)
{
    struct keys_counts before = k->counts;

    if (k->n > KEYS_LINE)
        return;
    line_take(k, bytes_whole(k->line, k->n), KEYS_LOG);
    if (k->counts.secrets == before.secrets)
        k->counts = before;
}

int keys_log_open(const char *path, struct failure *failure)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &about) != 0)
        refuse(path, strerror(errno), "", failure);
    else if (S_ISDIR(about.st_mode))
        refuse(path, "a folder, not a key log", "", failure);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool keys_log_read(struct keys *k, int fd, const char *path, struct failure *failure)
{
    k->fd = fd;
    if (!log_read(k))
        return refuse(path, strerror(errno), "", failure);
    line_peek(k);
    if (!k->counts.secrets && k->counts.other + k->counts.damaged)
        return refuse(path, "holds no line of a key log that I can use",
                      "wanted: lines such as CLIENT_RANDOM, as SSLKEYLOGFILE gets them", failure);
    return true;
}

bool keys_log(struct keys *k, const char *path, struct failure *failure)
{
    int fd = keys_log_open(path, failure);

    return fd >= 0 && keys_log_read(k, fd, path, failure);
}

void keys_poll(struct keys *k)
{
    if (k && k->fd >= 0)
        (void)log_read(k);
}

/* ---- questions ---- */

const struct key_secrets *keys_find(const struct keys *k, const uint8_t random[KEYS_RANDOM])
{
    return table_get(&k->by_random, random);
}

bool keys_in_play(const struct keys *k) { return k && (k->fd >= 0 || k->by_random.n); }

uint8_t *keys_scratch(struct keys *k) { return k->scratch; }

uint64_t keys_generation(const struct keys *k) { return k->generation; }

struct keys_counts keys_counts(const struct keys *k) { return k->counts; }
