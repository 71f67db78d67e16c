/* capture.c - opens an input, chooses its reader by content, hands frames out in batches. */
#include "frame/capture.h"

#include "base/text.h"
#include "frame/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct reader *const readers[] = { &pcap_reader, &pcapng_reader, &sniffer_reader,
                                                NULL };

/* The reader for what lies at in->at.  Four bytes decide first, so that a pipe which holds no more
 * than a header yet is not waited for. */
static const struct reader *reader_for(struct input *in)
{
    static const size_t looks[] = { 4, LOOK_BYTES };
    for (size_t look = 0; look < sizeof looks / sizeof *looks; look++) {
        size_t have = input_need(in, looks[look]);
        for (size_t i = 0; readers[i]; i++)
            if (readers[i]->recognise(in->at, have))
                return readers[i];
        if (look == 0 && expansion_named(in->at, have))
            return NULL;
    }
    return NULL;
}

static bool is_capture(struct input *in) { return reader_for(in) != NULL; }

/* Fewer bytes than a magic number has, and the beginning of one. */
static bool cut_magic(const uint8_t *p, size_t n)
{
    static const char *const magics[] = { "\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4",
                                          "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d",
                                          "\x34\xcd\xb2\xa1", "\xa1\xb2\xcd\x34",
                                          "\x0a\x0d\x0d\x0a" };
    for (size_t i = 0; n && n < 4 && i < sizeof magics / sizeof *magics; i++)
        if (memcmp(p, magics[i], n) == 0)
            return true;
    return false;
}

static void refuse(struct capture *c, struct failure *failure)
{
    struct input *in = &c->input;
    size_t have = input_have(in);
    char why[80];

    if (in->error[0]) {
        failure_set(failure, c->name, in->error, "");
    } else if (cut_magic(in->at, have)) {
        say(why, sizeof why, "cut inside its header (%zu bytes)", have);
        failure_set(failure, c->name, why, "copy the file again and compare the size");
    } else {
        refuse_content(c->name, in->at, have, failure);
    }
}

static bool expand(struct capture *c, const char *compression, struct failure *failure)
{
    say(c->facts.compression, sizeof c->facts.compression, "%s", compression);
    say(failure->what, sizeof failure->what, "%s", c->name);
    return expansion_open(&c->input, is_capture, failure);
}

static bool reader_choose(struct capture *c, struct failure *failure)
{
    struct input *in = &c->input;
    const char *compression = expansion_named(in->at, input_need(in, 8));

    if (compression && !expand(c, compression, failure))
        return false;
    c->reader = reader_for(in);
    if (!c->reader) {
        refuse(c, failure);
        return false;
    }
    say(c->facts.format, sizeof c->facts.format, "%s", c->reader->format);
    if (c->reader->open(c, failure))
        return true;
    if (in->error[0]) /* the source is to blame, not what it gave */
        failure_set(failure, c->name, in->error, "");
    c->reader = NULL;
    return false;
}

static bool filter_choose(struct capture *c, const char *expression, struct failure *failure)
{
    enum { ETHERNET = 1 }; /* stands in where no interface is described yet */
    if (!expression)
        return true;
    c->filter = filter_open(expression);
    if (!c->filter) {
        failure_set(failure, c->name, "no memory left", "");
        return false;
    }
    return filter_fits(c->filter, c->facts.n_interfaces ? c->facts.interface[0].link : ETHERNET,
                       failure);
}

struct capture *capture_make(const char *name, const struct capture_config *config,
                             struct failure *failure)
{
    struct capture *c = calloc(1, sizeof *c);
    if (!c) {
        failure_set(failure, name, "no memory left", "");
        return NULL;
    }
    text_printable(name, strlen(name), c->name, sizeof c->name);
    c->input.fd = -1;
    c->input.stopped = &c->stopped;
    c->noun = "file";
    c->max_frames = config->max_frames;
    return c;
}

static struct capture *capture_make_input(const char *name, size_t size,
                                          const struct capture_config *config,
                                          struct failure *failure)
{
    struct capture *c = capture_make(name, config, failure);
    if (!c || input_open(&c->input, size))
        return c;
    failure_set(failure, c->name, "no memory left", "");
    free(c);
    return NULL;
}

/* The inner half of opening: whatever it leaves half done, capture_close clears away. */
static struct capture *capture_started(struct capture *c, const struct capture_config *config,
                                       struct failure *failure)
{
    if (reader_choose(c, failure) && filter_choose(c, config->filter, failure))
        return c;
    capture_close(c);
    return NULL;
}

static bool is_standard(const char *path) { return strcmp(path, "-") == 0; }

static const char *source_name(const char *path)
{
    return is_standard(path) ? "standard input" : path;
}

void capture_source_open(const char *path, struct capture_source *out)
{
    struct stat about;
    int fd = is_standard(path) ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                               : open(path, O_RDONLY | O_CLOEXEC);

    *out = (struct capture_source){ .fd = fd };
    if (fd < 0 || fstat(fd, &about) != 0) {
        refuse_path(source_name(path), errno, &out->failure);
    } else if (S_ISDIR(about.st_mode)) {
        refuse_path(path, EISDIR, &out->failure);
    } else if (isatty(fd)) {
        failure_set(&out->failure, source_name(path), "a terminal, not a capture",
                    "pipe one into me:  tcpdump -w - | shakeout -");
    } else {
        return;
    }
    capture_source_close(out);
}

void capture_source_close(struct capture_source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}

struct capture *capture_open_source(struct capture_source *source, const char *path,
                                    const struct capture_config *config, struct failure *failure)
{
    struct stat about;
    int fd = source->fd;

    if (fd < 0) {
        *failure = source->failure;
        return NULL;
    }
    struct capture *c = capture_make_input(source_name(path), INPUT_LARGEST, config, failure);
    if (!c)
        return NULL;
    source->fd = -1;
    bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
    if (regular) {
        c->facts.bytes_total = (uint64_t)about.st_size;
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    } else {
        c->noun = "input";
    }
    input_from_fd(&c->input, fd, regular && lseek(fd, 0, SEEK_CUR) == 0);
    return capture_started(c, config, failure);
}

struct capture *capture_open_file(const char *path, const struct capture_config *config,
                                  struct failure *failure)
{
    struct capture_source source;

    capture_source_open(path, &source);
    struct capture *c = capture_open_source(&source, path, config, failure);
    capture_source_close(&source);
    return c;
}

struct capture *capture_open_memory(const void *bytes, size_t n,
                                    const struct capture_config *config, struct failure *failure)
{
    struct capture *c =
        capture_make_input("memory", n < INPUT_LARGEST ? n + 1 : INPUT_LARGEST, config, failure);
    if (!c)
        return NULL;
    c->facts.bytes_total = n;
    input_from_memory(&c->input, bytes, n);
    return capture_started(c, config, failure);
}

void capture_close(struct capture *c)
{
    if (!c)
        return;
    if (c->reader)
        c->reader->close(c);
    filter_close(c->filter);
    secrets_close(&c->secrets);
    input_close(&c->input);
    free(c);
}

void capture_damaged(struct capture *c, uint64_t at, const char *format, ...)
{
    struct capture_facts *facts = &c->facts;
    va_list args;
    if (facts->damaged || c->stopped) /* who stops reading cuts nothing */
        return;
    facts->damaged = true;
    facts->damage_at = at;
    facts->damage_frame = c->number;
    if (c->input.error[0]) { /* the bytes are missing because the source failed */
        say(facts->damage, sizeof facts->damage, "%s", c->input.error);
        return;
    }
    struct text said = text_of(facts->damage, sizeof facts->damage);
    va_start(args, format);
    text_vformat(&said, format, args);
    va_end(args);
}

struct capture_interface *capture_describe(struct capture *c, uint32_t link, uint32_t snap_length)
{
    if (c->facts.n_interfaces == CAPTURE_INTERFACES)
        return NULL;
    struct capture_interface *port = &c->facts.interface[c->facts.n_interfaces++];
    port->link = link;
    port->snap_length = snap_length;
    return port;
}

static void frame_count(struct capture_facts *facts, const struct frame *newest, size_t n)
{
    if (newest->interface >= facts->n_interfaces)
        return; /* so many are not described */
    struct capture_interface *port = &facts->interface[newest->interface];
    port->frames += n;
    port->newest_ns = newest->time_ns;
}

/* Every frame passes: counted by runs of one interface. */
static size_t batch_count(struct capture *c, const struct frame *batch, size_t n)
{
    size_t begin = 0;

    for (size_t i = 1; i < n; i++)
        if (batch[i].interface != batch[begin].interface) {
            frame_count(&c->facts, &batch[i - 1], i - begin);
            begin = i;
        }
    if (n)
        frame_count(&c->facts, &batch[n - 1], n - begin);
    c->facts.frames += n;
    c->handed_out += n;
    return n;
}

/* Keeps the frames that the filter passes, up to the number asked for; counts. */
static size_t batch_keep(struct capture *c, struct frame *batch, size_t n)
{
    size_t kept = 0;

    if (!c->filter && !c->max_frames)
        return batch_count(c, batch, n);
    for (size_t i = 0; i < n && !(c->max_frames && c->handed_out == c->max_frames); i++) {
        c->facts.frames++;
        if (c->filter && !filter_passes(c->filter, &batch[i]))
            continue;
        frame_count(&c->facts, &batch[i], 1);
        c->handed_out++;
        if (kept != i)
            batch[kept] = batch[i];
        kept++;
    }
    if (c->max_frames && c->handed_out == c->max_frames)
        c->ended = true;
    return kept;
}

size_t capture_next(struct capture *c, struct frame out[FRAME_BATCH])
{
    size_t n = 0;
    while (n == 0 && !c->ended) {
        if (c->stopped && !c->live) {
            c->ended = true;
            break;
        }
        size_t got = c->reader->next(c, out);
        n = batch_keep(c, out, got);
        if (got == 0)
            break; /* the end or, live, nothing for a while */
    }
    return n;
}

struct bytes capture_secrets(struct capture *c)
{
    struct secrets *s = &c->secrets;
    struct bytes text = bytes_whole(s->text, s->taken ? 0 : s->n);

    s->taken = true;
    return text;
}

bool capture_ended(const struct capture *c) { return c->ended; }

bool capture_is_live(const struct capture *c) { return c->live; }

void capture_stop(struct capture *c) { c->stopped = 1; }

const struct capture_facts *capture_facts(struct capture *c)
{
    struct capture_facts *facts = &c->facts;
    const struct expansion *x = c->input.expansion;

    facts->last_number = c->number;
    facts->bytes_read = x ? expansion_pulled(x) : c->input.pulled;
    if (facts->bytes_total && facts->bytes_read > facts->bytes_total)
        facts->bytes_read = facts->bytes_total; /* a zip is read at its end first */
    if (c->reader && c->reader->count)
        c->reader->count(c);
    return facts;
}
