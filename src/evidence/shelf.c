#include "evidence/shelf.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    PATIENCE_MS = 3000, /* a watch that was killed may still be finishing its last file */
    STEP_MS = 50,
    SAME_NAME = 99,
};

static const char ending[] = ".pcapng";
static const char unfinished[] = ".unfinished";

/* ---- names ---- */

/* Files go to other systems, where colons are no part of a name. */
static void put_address(struct text *t, const struct address *address)
{
    char words[ADDRESS_TEXT];

    address_text(address, words);
    for (char *p = words; *p; p++)
        if (*p == ':')
            *p = '-';
    text_add(t, words);
}

void shelf_name(const struct shelf_item *item, char out[SHELF_NAME])
{
    struct text t = text_of(out, SHELF_NAME);
    time_t seconds = (time_t)item->time_s;
    struct tm at = { 0 };

    gmtime_r(&seconds, &at);
    text_format(&t, "%04d%02d%02dT%02d%02d%02dZ-%s-", at.tm_year + 1900, at.tm_mon + 1, at.tm_mday,
                at.tm_hour, at.tm_min, at.tm_sec, item->subject);
    put_address(&t, &item->who);
    text_add(&t, ending);
}

static bool read_digits(const char **p, size_t n, int *out)
{
    *out = 0;
    for (; n; n--, ++*p) {
        if (**p < '0' || **p > '9')
            return false;
        *out = *out * 10 + (**p - '0');
    }
    return true;
}

static bool read_time(const char **p, int64_t *out)
{
    struct tm at = { 0 };

    if (!read_digits(p, 4, &at.tm_year) || !read_digits(p, 2, &at.tm_mon) ||
        !read_digits(p, 2, &at.tm_mday) || *(*p)++ != 'T' || !read_digits(p, 2, &at.tm_hour) ||
        !read_digits(p, 2, &at.tm_min) || !read_digits(p, 2, &at.tm_sec) || *(*p)++ != 'Z' ||
        *(*p)++ != '-')
        return false;
    at.tm_year -= 1900;
    at.tm_mon--;
    *out = (int64_t)timegm(&at);
    return true;
}

static bool read_subject(const char **p, char out[SHELF_SUBJECT])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789._";
    size_t n = strspn(*p, letters);

    if (!n || n >= SHELF_SUBJECT || (*p)[n] != '-' || **p == '.')
        return false;
    memcpy(out, *p, n);
    out[n] = '\0';
    *p += n + 1;
    return true;
}

/* The address, and the number of one of several files of the same second. */
static bool read_who(const char *p, struct address *out)
{
    char words[ADDRESS_TEXT];
    size_t n = strspn(p, "0123456789abcdef.-");
    bool v6 = memchr(p, '-', n) != NULL;

    if (n && p[n] != '+') /* the dot of the ending is none of the address */
        n--;
    if (n >= sizeof words || n == 0)
        return false;
    memcpy(words, p, n);
    words[n] = '\0';
    for (char *c = words; v6 && *c; c++)
        if (*c == '-')
            *c = ':';
    p += n;
    if (*p == '+')
        p += 1 + strspn(p + 1, "0123456789");
    return strcmp(p, ending) == 0 && address_parse(words, out);
}

bool shelf_read_name(const char *name, struct shelf_item *out)
{
    const char *p = name;

    return strlen(name) < SHELF_NAME && read_time(&p, &out->time_s) &&
           read_subject(&p, out->subject) && read_who(p, &out->who);
}

/* ---- what lies there ---- */

static bool is_unfinished(const char *name)
{
    struct shelf_item item;
    size_t n = strlen(name);
    char inside[SHELF_NAME];

    if (name[0] != '.' || n < sizeof unfinished || n - 1 >= sizeof inside + sizeof unfinished)
        return false;
    n -= sizeof unfinished; /* with its NUL: the dot before the name is none of it either */
    if (n >= sizeof inside || strcmp(name + 1 + n, unfinished) != 0)
        return false;
    memcpy(inside, name + 1, n);
    inside[n] = '\0';
    return shelf_read_name(inside, &item);
}

/* Counts what is there; the oldest by name is the oldest in time. */
static void look(struct shelf *shelf, char oldest[SHELF_NAME])
{
    struct shelf_item item;
    struct stat about;
    struct dirent *entry;

    shelf->counts.files = shelf->counts.bytes = 0;
    oldest[0] = '\0';
    rewinddir(shelf->folder);
    while ((entry = readdir(shelf->folder)) != NULL) {
        if (!shelf_read_name(entry->d_name, &item) ||
            fstatat(dirfd(shelf->folder), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(about.st_mode))
            continue;
        shelf->counts.files++;
        shelf->counts.bytes += (uint64_t)about.st_size;
        if (!oldest[0] || strcmp(entry->d_name, oldest) < 0)
            text_copy(oldest, SHELF_NAME, entry->d_name);
    }
}

/* Makes room for one more file of n octets. */
static int make_room(struct shelf *shelf, size_t n)
{
    const struct shelf_limits *limits = &shelf->limits;
    char oldest[SHELF_NAME];

    for (;;) {
        look(shelf, oldest);
        bool full = (limits->bytes && shelf->counts.bytes + n > limits->bytes) ||
                    shelf->counts.files >= limits->files;
        if (!full || !oldest[0])
            return 0;
        if (unlinkat(dirfd(shelf->folder), oldest, 0) != 0 && errno != ENOENT)
            return errno;
        shelf->counts.dropped++;
    }
}

static void remove_unfinished(struct shelf *shelf)
{
    struct dirent *entry;

    rewinddir(shelf->folder);
    while ((entry = readdir(shelf->folder)) != NULL)
        if (is_unfinished(entry->d_name))
            unlinkat(dirfd(shelf->folder), entry->d_name, 0);
}

void shelf_rewind(struct shelf *shelf) { rewinddir(shelf->folder); }

bool shelf_next(struct shelf *shelf, struct shelf_item *out)
{
    struct dirent *entry;

    while ((entry = readdir(shelf->folder)) != NULL)
        if (shelf_read_name(entry->d_name, out))
            return true;
    return false;
}

/* ---- opening ---- */

static bool fail(struct failure *failure, const char *path, const char *what, int error)
{
    *failure = (struct failure){ .remedy = "name a folder for the evidence that this user may "
                                           "write to, and no other watch does" };
    text_printable(path, strlen(path), failure->what, sizeof failure->what);
    snprintf(failure->why, sizeof failure->why, "%s: %s", what, strerror(error));
    return false;
}

static bool lock(const struct shelf *shelf)
{
    for (int waited = 0;; waited += STEP_MS) {
        if (flock(dirfd(shelf->folder), LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK || waited >= PATIENCE_MS)
            return false;
        nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * 1000000L }, NULL);
    }
}

/* May files be made here? */
static int try_it(const struct shelf *shelf)
{
    static const char name[] = ".19700101T000000Z-try-0.0.0.0.pcapng.unfinished";
    int fd = openat(dirfd(shelf->folder), name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (fd < 0)
        return errno;
    close(fd);
    return unlinkat(dirfd(shelf->folder), name, 0) == 0 ? 0 : errno;
}

bool shelf_open(struct shelf *shelf, const char *path, const struct shelf_limits *limits,
                struct failure *failure)
{
    char oldest[SHELF_NAME];
    int error = 0;

    *shelf = (struct shelf){ .limits = *limits };
    if (mkdir(path, 0750) != 0 && errno != EEXIST)
        return fail(failure, path, "the folder cannot be made", errno);
    if (!(shelf->folder = opendir(path)))
        return fail(failure, path, "no folder for evidence", errno);
    if (!lock(shelf))
        fail(failure, path, "another watch keeps its evidence here", errno);
    else if ((error = try_it(shelf)) != 0)
        fail(failure, path, "no evidence can be written here", error);
    else {
        remove_unfinished(shelf);
        look(shelf, oldest);
        return true;
    }
    shelf_close(shelf);
    return false;
}

void shelf_close(struct shelf *shelf)
{
    if (shelf->folder)
        closedir(shelf->folder);
    shelf->folder = NULL;
}

/* ---- writing ---- */

static int write_all(int fd, const uint8_t *octets, size_t n)
{
    while (n) {
        ssize_t done = write(fd, octets, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        octets += done;
        n -= (size_t)done;
    }
    return 0;
}

static int write_aside(int folder, const char *aside, const void *octets, size_t n)
{
    int fd = openat(folder, aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (fd < 0)
        return errno;
    int error = write_all(fd, octets, n);
    if (!error && fsync(fd) != 0)
        error = errno;
    if (close(fd) != 0 && !error)
        error = errno;
    return error;
}

/* Two of the same second, finding and endpoint. */
static void find_free(int folder, char name[SHELF_NAME])
{
    char stem[SHELF_NAME];
    struct stat about;
    size_t n = strlen(name) - (sizeof ending - 1);

    text_copy(stem, sizeof stem, name);
    stem[n] = '\0';
    for (int i = 2; i < SAME_NAME && fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0; i++) {
        struct text t = text_of(name, SHELF_NAME);
        text_format(&t, "%s+%d%s", stem, i, ending);
    }
}

int shelf_put(struct shelf *shelf, char name[SHELF_NAME], const void *octets, size_t n)
{
    char aside[SHELF_NAME + sizeof unfinished + 1];
    struct shelf_item item;
    int folder = dirfd(shelf->folder);

    if (!shelf_read_name(name, &item))
        return EINVAL;
    if (shelf->limits.bytes && n > shelf->limits.bytes) {
        shelf->counts.large++;
        return EFBIG;
    }
    int error = make_room(shelf, n);
    if (error)
        return error;
    find_free(folder, name);
    snprintf(aside, sizeof aside, ".%s%s", name, unfinished);
    error = write_aside(folder, aside, octets, n);
    if (!error && renameat(folder, aside, folder, name) != 0)
        error = errno;
    if (error) {
        unlinkat(folder, aside, 0);
        return error;
    }
    (void)fsync(folder); /* the name, too; a folder that cannot is one more file at risk, no more */
    shelf->counts.written++;
    shelf->counts.files++;
    shelf->counts.bytes += n;
    return 0;
}
