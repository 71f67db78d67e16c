#include "evidence/map.h"

#include "base/newfile.h"
#include "base/table.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_TEXT = 2 * MASK_KEY, LINE = 512, PAIRS = MASK_WORDS + MASK_ADDRESSES, RUN = 64 };

struct map {
    struct table pairs; /* char[RUN], lower case -> char[RUN] */
};

static void fail(struct failure *failure, const char *path, const char *why, const char *remedy)
{
    *failure = (struct failure){ 0 };
    text_printable(path, strlen(path), failure->what, sizeof failure->what);
    text_copy(failure->why, sizeof failure->why, why);
    text_copy(failure->remedy, sizeof failure->remedy, remedy);
}

/* ---- where ---- */

static bool is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    return n && !name[n] && name[0] != '.' && n < 64;
}

bool map_path(const char *name, char *out, size_t size)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    struct text t = text_of(out, size);

    if (!is_name(name))
        return false;
    if (data && data[0] == '/')
        text_add(&t, data);
    else
        text_format(&t, "%s/.local/share", home ? home : "");
    text_format(&t, "/shakeout/maps/%s.map", name);
    for (char *slash = strchr(out + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(out, 0700); /* what is there stays; what cannot be made is told when the map is */
        *slash = '/';
    }
    return !t.cut;
}

/* ---- the file ---- */

static FILE *open_private(const char *path, struct failure *failure)
{
    struct stat there;
    FILE *f = fopen(path, "r");

    if (!f) {
        fail(failure, path, strerror(errno), "the map of a case is kept where its bundle was made");
        return NULL;
    }
    if (fstat(fileno(f), &there) == 0 && there.st_mode & 077) {
        fail(failure, path, "can be read by others", "chmod 600, and think of who has seen it");
        fclose(f);
        return NULL;
    }
    return f;
}

static bool read_key(const char *line, uint8_t key[MASK_KEY])
{
    if (strncmp(line, "key\t", 4) != 0 || strlen(line) < 4 + KEY_TEXT)
        return false;
    for (size_t i = 0; i < KEY_TEXT; i++) {
        static const char digits[] = "0123456789abcdef";
        const char *digit = strchr(digits, line[4 + i]);
        if (!digit || !*digit)
            return false;
        key[i / 2] = (uint8_t)(key[i / 2] << 4 | (digit - digits));
    }
    return true;
}

bool map_key(const char *path, uint8_t key[MASK_KEY], struct failure *failure)
{
    char line[LINE] = "";

    *failure = (struct failure){ 0 };
    if (access(path, F_OK) != 0)
        return false;
    FILE *f = open_private(path, failure);
    if (!f)
        return false;
    bool fine = fgets(line, sizeof line, f) && read_key(line, key);
    fclose(f);
    if (!fine)
        fail(failure, path, "is no map of names", "remove it, and the case gets a new one");
    return fine;
}

static void write_pairs(FILE *f, const struct mask *mask)
{
    struct address original, stand_in;
    char a[ADDRESS_TEXT], b[ADDRESS_TEXT];
    const char *word, *other;

    for (size_t i = 0; mask_address_at(mask, i, &original, &stand_in); i++)
        fprintf(f, "address\t%s\t%s\n", address_text(&original, a), address_text(&stand_in, b));
    for (size_t i = 0; mask_word_at(mask, i, &word, &other); i++)
        if (strcmp(word, other) != 0)
            fprintf(f, "word\t%s\t%s\n", word, other);
}

bool map_write(const char *path, const uint8_t key[MASK_KEY], const struct mask *mask,
               struct failure *failure)
{
    struct newfile file;

    if (!newfile_open(&file, path, true, failure))
        return false;
    fchmod(fileno(file.file), 0600);
    fputs("key\t", file.file);
    for (size_t i = 0; i < MASK_KEY; i++)
        fprintf(file.file, "%02x", key[i]);
    fputc('\n', file.file);
    write_pairs(file.file, mask);
    return newfile_finish(&file, ferror(file.file) ? EIO : 0, failure);
}

/* ---- reading it ---- */

static void lower_key(const char *s, size_t n, char out[RUN])
{
    memset(out, 0, RUN);
    for (size_t i = 0; i < n && i < RUN; i++)
        out[i] = (char)tolower((unsigned char)s[i]);
}

static void take_pair(struct map *map, const char *from, const char *to)
{
    char key[RUN];
    size_t n = strlen(from);

    if (!n || n > RUN - 1)
        return;
    lower_key(from, n, key);
    char *value = table_put(&map->pairs, key);
    if (value)
        text_copy(value, RUN, to);
}

/* Ends the field at s; the one behind it, NULL when it was the last. */
static char *cut_field(char *s)
{
    size_t n = strcspn(s, "\t\n");
    bool more = s[n] == '\t';

    s[n] = '\0';
    return more ? s + n + 1 : NULL;
}

struct map *map_open(const char *path, bool back, struct failure *failure)
{
    char line[LINE];
    struct map *map = calloc(1, sizeof *map);
    FILE *f = map && table_open(&map->pairs, RUN, RUN, PAIRS) ? open_private(path, failure) : NULL;

    if (!f) {
        map_close(map);
        return NULL;
    }
    while (fgets(line, sizeof line, f)) {
        char *original = cut_field(line), *stand_in = original ? cut_field(original) : NULL;
        if (stand_in) {
            cut_field(stand_in);
            take_pair(map, back ? stand_in : original, back ? original : stand_in);
        }
    }
    fclose(f);
    return map;
}

void map_close(struct map *map)
{
    if (map)
        table_close(&map->pairs);
    free(map);
}

/* ---- a text ---- */

static const char *known(const struct map *map, const char *s, size_t n)
{
    char key[RUN];

    if (!n || n > RUN - 1)
        return NULL;
    lower_key(s, n, key);
    return table_get(&map->pairs, key);
}

/* In the case of what it replaces. */
static void put_like(const char *as, size_t n, const char *word, FILE *out)
{
    for (size_t i = 0; word[i]; i++)
        fputc(i < n && isupper((unsigned char)as[i]) ? toupper((unsigned char)word[i]) : word[i],
              out);
}

static void put_words(const struct map *map, const char *s, size_t n, FILE *out)
{
    for (size_t i = 0; i < n;) {
        size_t run = 0;
        while (i + run < n && isalnum((unsigned char)s[i + run]))
            run++;
        const char *other = known(map, s + i, run);
        if (other)
            put_like(s + i, run, other, out);
        else
            fwrite(s + i, 1, run ? run : 1, out);
        i += run ? run : 1;
    }
}

/* A run that could be an address is one word if the map has it, else a name. */
static void put_run(const struct map *map, const char *s, size_t n, FILE *out)
{
    size_t end = n;

    while (end && (s[end - 1] == '.' || s[end - 1] == ':'))
        end--;
    size_t port = end; /* "10.0.0.10:8013" */
    while (port && isdigit((unsigned char)s[port - 1]))
        port--;
    const char *other = known(map, s, end);
    if (!other && port > 1 && s[port - 1] == ':' && (other = known(map, s, port - 1)) != NULL)
        end = port - 1;
    if (other)
        fputs(other, out);
    else
        put_words(map, s, end, out);
    fwrite(s + end, 1, n - end, out);
}

void map_text(const struct map *map, FILE *in, FILE *out)
{
    char run[4096];
    size_t n = 0;

    for (int c; (c = getc(in)) != EOF;) {
        if ((isalnum(c) || c == '.' || c == ':') && n < sizeof run) {
            run[n++] = (char)c;
            continue;
        }
        put_run(map, run, n, out);
        n = 0;
        fputc(c, out);
    }
    put_run(map, run, n, out);
}
