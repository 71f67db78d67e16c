#include "x509/bundle.h"

#include "base/text.h"
#include "x509/facts.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 1 << 16, FILE_MAX = 16 << 20 };

static bool refuse(const char *where, const char *why, struct failure *failure)
{
    *failure = (struct failure){ .remedy = "wanted: certificates in PEM or DER, a folder of such "
                                           "files, or the word system" };
    text_printable(where, strlen(where), failure->what, sizeof failure->what);
    text_copy(failure->why, sizeof failure->why, why);
    return false;
}

static bool borders_add(struct bundle *b, X509 *x)
{
    if (b->n_borders % 256 == 0) {
        int64_t *more = realloc(b->border_s, (b->n_borders + 256) * sizeof *more);
        if (!more)
            return false;
        b->border_s = more;
    }
    b->border_s[b->n_borders++] = facts_time(X509_get0_notBefore(x));
    b->border_s[b->n_borders++] = facts_time(X509_get0_notAfter(x));
    return true;
}

static bool take(struct bundle *b, X509 *x)
{
    if (X509_STORE_add_cert(b->store, x) != 1) /* 1 also when it is there already */
        return false;
    b->n++;
    return borders_add(b, x);
}

/* Every certificate of PEM text; other blocks are passed over. */
static void take_pem(struct bundle *b, BIO *bio)
{
    for (X509 *x; (x = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL; X509_free(x))
        (void)take(b, x);
}

static void take_der(struct bundle *b, BIO *bio)
{
    X509 *x = d2i_X509_bio(bio, NULL);

    if (x)
        (void)take(b, x);
    X509_free(x);
}

/* False when it cannot be read; errno tells why. */
static bool take_file(struct bundle *b, const char *path)
{
    size_t before = b->n;
    struct stat about;

    if (stat(path, &about) != 0)
        return false;
    if (S_ISREG(about.st_mode) && about.st_size > FILE_MAX) {
        errno = EFBIG;
        return false;
    }
    if (!S_ISREG(about.st_mode)) {
        errno = ENOTSUP;
        return false;
    }
    BIO *bio = BIO_new_file(path, "r");
    if (!bio)
        return false;
    take_pem(b, bio);
    if (b->n == before && BIO_reset(bio) == 0)
        take_der(b, bio);
    BIO_free(bio);
    ERR_clear_error(); /* the end of the file is one, too */
    return true;
}

/* The links that openssl rehash makes are second names of files beside them. */
static bool is_second_name(const char *folder, const char *name)
{
    char target[PATH_MAX], path[PATH_MAX];
    size_t digits = strspn(name, "0123456789abcdef");
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (digits != 8 || name[8] != '.' || n < 0 || (size_t)n >= sizeof path)
        return false;
    ssize_t length = readlink(path, target, sizeof target);
    return length > 0 && !memchr(target, '/', (size_t)length);
}

static bool take_folder(struct bundle *b, const char *path)
{
    DIR *folder = opendir(path);
    char inside[PATH_MAX];
    size_t files = 0;

    if (!folder)
        return false;
    for (const struct dirent *e; (e = readdir(folder)) != NULL && files < FILES_MAX;) {
        int n = snprintf(inside, sizeof inside, "%s/%s", path, e->d_name);
        if (e->d_name[0] == '.' || n < 0 || (size_t)n >= sizeof inside ||
            is_second_name(path, e->d_name))
            continue;
        files++;
        (void)take_file(b, inside);
    }
    closedir(folder);
    return true;
}

static bool take_place(struct bundle *b, const char *path)
{
    struct stat about;

    if (stat(path, &about) != 0)
        return false;
    return S_ISDIR(about.st_mode) ? take_folder(b, path) : take_file(b, path);
}

/* As OpenSSL's programs look for it; several folders stand one behind the other, with colons. */
static void take_system(struct bundle *b)
{
    const char *file = getenv(X509_get_default_cert_file_env());
    const char *folders = getenv(X509_get_default_cert_dir_env());
    char folder[PATH_MAX];

    (void)take_place(b, file ? file : X509_get_default_cert_file());
    for (const char *at = folders ? folders : X509_get_default_cert_dir(); *at;) {
        size_t n = strcspn(at, ":");
        if (n > 0 && n < sizeof folder) {
            memcpy(folder, at, n);
            folder[n] = '\0';
            (void)take_place(b, folder);
        }
        at += n + (at[n] == ':');
    }
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

bool bundle_open(const char *where, struct bundle *out, struct failure *failure)
{
    bool system = strcmp(where, "system") == 0;

    *out = (struct bundle){ .store = X509_STORE_new() };
    if (!out->store)
        return refuse(where, "the machine has no memory left", failure);
    if (system)
        take_system(out);
    else if (!take_place(out, where))
        return refuse(where, strerror(errno), failure);
    if (!out->n)
        return refuse(where,
                      system ? "this machine has no bundle where OpenSSL looks for one"
                             : "holds no certificate that I can read",
                      failure);
    qsort(out->border_s, out->n_borders, sizeof *out->border_s, ascending);
    return true;
}

void bundle_close(struct bundle *b)
{
    X509_STORE_free(b->store); /* accepts NULL */
    free(b->border_s);
    *b = (struct bundle){ 0 };
}
