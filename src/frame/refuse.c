/* refuse.c - one clear sentence about what cannot be read, and what to do instead. */
#include "base/text.h"
#include "frame/reader.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <strings.h>

static const char what_i_read[] = "I read pcap, pcapng and FortiGate sniffer text, and all of them "
                                  "inside gzip, xz, zstd, lz4 or zip";

void say(char *out, size_t size, const char *format, ...)
{
    struct text text = text_of(out, size);
    va_list args;
    va_start(args, format);
    text_vformat(&text, format, args);
    va_end(args);
}

void failure_set(struct failure *failure, const char *what, const char *why, const char *remedy)
{
    say(failure->what, sizeof failure->what, "%s", what);
    say(failure->why, sizeof failure->why, "%s", why);
    say(failure->remedy, sizeof failure->remedy, "%s", remedy);
}

/* The name in `folder` that is nearest to `name`; false when none is near. */
static bool nearest_name(DIR *folder, const char *name, char *out, size_t size)
{
    enum { ENTRIES_MOST = 10000 };
    size_t best = strlen(name) / 4 + 1; /* further than this is another name */
    bool found = false;
    const struct dirent *entry;

    if (best > 3)
        best = 3;
    for (size_t i = 0; i < ENTRIES_MOST && (entry = readdir(folder)); i++) {
        size_t distance = text_distance(name, entry->d_name);
        if (distance > best || entry->d_name[0] == '.' || (found && distance == best))
            continue;
        best = distance;
        found = true;
        text_printable(entry->d_name, strlen(entry->d_name), out, size);
    }
    return found;
}

static void suggest_name(const char *path, struct failure *failure)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    char folder_name[4096], near[256], front[200];
    if (n >= sizeof folder_name)
        return;
    say(folder_name, sizeof folder_name, "%.*s", n ? (int)n : 1, n ? path : ".");
    DIR *folder = opendir(folder_name);
    if (!folder)
        return;
    if (nearest_name(folder, path + n, near, sizeof near))
        say(failure->remedy, sizeof failure->remedy, "did you mean %s%s?",
            text_printable(path, n, front, sizeof front), near);
    closedir(folder);
}

void refuse_path(const char *path, int error, struct failure *failure)
{
    char name[300];
    text_printable(path, strlen(path), name, sizeof name);
    if (error == ENOENT) {
        failure_set(failure, name, "no such file", "");
        suggest_name(path, failure);
    } else if (error == EISDIR) {
        failure_set(failure, name, "a directory, not a file", "name the captures in it");
    } else if (error == EACCES || error == EPERM) {
        failure_set(failure, name, "no permission to read it",
                    "let somebody read it who may:  sudo cat FILE | shakeout -");
    } else {
        char why[128];
        say(why, sizeof why, "cannot be read: %s", strerror(error));
        failure_set(failure, name, why, "");
    }
}

static bool ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n >= m && strcasecmp(name + n - m, ending) == 0;
}

/* A trace file starts with a buffer header (its size first), and at byte 72 with the system header
 * of the first event: version, type 1 or 2 (32 or 64 bits), flags 0xc0. */
static bool is_etl(const char *name, const uint8_t *p, size_t n)
{
    if (ends_with(name, ".etl"))
        return true;
    if (n < 76)
        return false;
    uint32_t size = load_u32(p, true);
    return size >= 1024 && size % 1024 == 0 && size <= INPUT_LARGEST &&
           (p[74] == 1 || p[74] == 2) && p[75] == 0xc0;
}

/* A name that a shell takes as it is; anything else is replaced in commands we print. */
static const char *plain_or(const char *name, const char *otherwise)
{
    for (const char *c = name; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("._/-+:@%", *c))
            return otherwise;
    return name[0] && name[0] != '-' ? name : otherwise;
}

static void refuse_etl(const char *name, struct failure *failure)
{
    const char *from = plain_or(name, "FILE.etl");
    int stem = (int)strlen(from) - (ends_with(from, ".etl") ? 4 : 0);
    failure_set(failure, name, "this is a Windows ETW trace, not a pcap", "");
    say(failure->remedy, sizeof failure->remedy,
        "convert it first:  pktmon etl2pcap %s -o %.*s.pcapng\n"
        "(made by netsh trace: etl2pcapng %s %.*s.pcapng)",
        from, stem, from, from, stem, from);
}

/* Formats that Wireshark's editcap turns into pcapng. */
static const struct foreign {
    const char *name;
    size_t n;
    const char *magic;
} foreigners[] = {
    { "a snoop capture", 8, "snoop\0\0\0" },
    { "a Microsoft NetMon 1 capture", 4, "RTSS" },
    { "a Microsoft NetMon 2 capture", 4, "GMBU" },
    { "a Sniffer capture", 17, "TRSNIFF data    \x1a" },
    { "a NetXRay capture", 4, "XCP\0" },
    { "an AIX iptrace capture", 8, "iptrace " },
    { "an Observer capture", 17, "ObserverPktBuffer" },
    { "a LANalyzer capture", 4, "\x01\x10\x4c\x00" },
};

static const char *foreign_name(const char *name, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < sizeof foreigners / sizeof *foreigners; i++)
        if (n >= foreigners[i].n && memcmp(p, foreigners[i].magic, foreigners[i].n) == 0)
            return foreigners[i].name;
    /* ERF has no mark of its own. */
    return ends_with(name, ".erf") || ends_with(name, ".erf.gz") ? "an ERF capture" : NULL;
}

static const char *packer_name(const uint8_t *p, size_t n)
{
    static const struct packer {
        const char *name;
        size_t n;
        const char *magic;
    } packers[] = {
        { "bzip2", 3, "BZh" },
        { "7-Zip", 6, "7z\xbc\xaf\x27\x1c" },
        { "rar", 4, "Rar!" },
        { "compress", 2, "\x1f\x9d" },
    };
    for (size_t i = 0; i < sizeof packers / sizeof *packers; i++)
        if (n >= packers[i].n && memcmp(p, packers[i].magic, packers[i].n) == 0)
            return packers[i].name;
    return NULL;
}

/* The first words, when they are words. */
static bool first_words(const uint8_t *p, size_t n, struct text *out)
{
    enum { WORDS = 24 };
    size_t length = 0;
    uint32_t code;
    while (length < n && length < WORDS && p[length] != '\n' && p[length] != '\r') {
        size_t step = text_utf8(p + length, n - length, &code);
        if (!step || (text_is_hostile(code) && code != '\t'))
            break;
        length += step;
    }
    bool words =
        length >= 4 && (length >= WORDS || length == n || p[length] == '\n' || p[length] == '\r');
    if (words) {
        text_add(out, "\"");
        for (size_t i = 0; i < length; i++)
            text_add_n(out, p[i] == '\t' ? " " : (const char *)p + i, 1);
        text_add(out, "\"");
    }
    return words;
}

static void refuse_unknown(const char *name, const uint8_t *p, size_t n, struct failure *failure)
{
    failure_set(failure, name, "", what_i_read);
    struct text why = text_of(failure->why, sizeof failure->why);
    text_add(&why, "not a packet capture (it starts with ");
    if (!first_words(p, n, &why)) {
        text_add(&why, n == 1 ? "the byte" : "the bytes");
        for (size_t i = 0; i < n && i < 8; i++)
            text_format(&why, " %02x", p[i]);
    }
    text_add(&why, ")");
}

void refuse_content(const char *name, const uint8_t *p, size_t n, struct failure *failure)
{
    const char *foreign = foreign_name(name, p, n), *packer = packer_name(p, n);
    char why[120];

    if (n == 0) {
        failure_set(failure, name, "is empty", "");
    } else if (is_etl(name, p, n)) {
        refuse_etl(name, failure);
    } else if (foreign) {
        say(why, sizeof why, "%s, which I do not read", foreign);
        failure_set(failure, name, why, "convert it first:  editcap FILE FILE.pcapng");
    } else if (packer) {
        say(why, sizeof why, "packed with %s, which I do not open", packer);
        failure_set(failure, name, why, "unpack it first");
    } else {
        refuse_unknown(name, p, n, failure);
    }
}
