/* reader.h - what the readers in this folder share; nobody outside includes it, tests excepted.
 *
 * What it is: struct input, a window that slides over a file, a pipe, memory or what libarchive
 * expands; struct reader, one row per format, chosen by content; struct capture, whose insides only
 * this folder knows.
 * Units: offsets count bytes of the uncompressed input from its start.
 * Ownership: an input owns its buffer and its source; closing accepts a zeroed input.  Bytes
 * between `at` and `end` move only inside input_need, so frames may borrow them until then. */
#pragma once

#include "frame/capture.h"

#include <endian.h>
#include <signal.h>
#include <string.h>

enum {
    INPUT_WINDOW = 64 * 1024,         /* read at a time */
    INPUT_LARGEST = 16 * 1024 * 1024, /* the longest pcapng block that is read, as in Wireshark */
    FRAME_LARGEST = 256 * 1024, /* captured bytes of a frame; more is damage, as in Wireshark */
    LOOK_BYTES = 16384,         /* what a reader of text may see before it decides */
};

struct expansion; /* archive.c */

struct input {
    uint8_t *buffer; /* owned; `size` bytes, of which only the used ones are ever touched */
    size_t size, window;
    const uint8_t *at; /* next byte that nobody took */
    const uint8_t *end;
    uint64_t base;   /* offset of buffer[0] */
    uint64_t pulled; /* bytes the source gave */
    bool ended;      /* the source has no more */
    char error[120]; /* why it has no more, when that is not its end */
    size_t (*pull)(struct input *in, uint8_t *to, size_t room); /* 0: ended, see error */
    int fd;                                                     /* owned; -1 when there is none */
    bool seekable;
    const uint8_t *memory;
    size_t memory_left;
    struct expansion *expansion;          /* owned; NULL for plain input */
    const volatile sig_atomic_t *stopped; /* may be NULL */
};

bool input_open(struct input *in, size_t size); /* false without memory; the source comes after */
void input_close(struct input *in);
void input_from_fd(struct input *in, int fd, bool seekable); /* takes the descriptor */
void input_from_memory(struct input *in, const void *bytes, size_t n);
void input_restart(struct input *in); /* another source begins: offset 0, nothing buffered */

/* At least n bytes (n <= size) at in->at if the source has them; answers how many there are. */
size_t input_need(struct input *in, size_t n);

static inline size_t input_have(const struct input *in) { return (size_t)(in->end - in->at); }
static inline uint64_t input_offset(const struct input *in)
{
    return in->base + (uint64_t)(in->at - in->buffer);
}

/* archive.c.  The name of a compression that these bytes begin, or NULL. */
const char *expansion_named(const uint8_t *p, size_t n);

/* Turns a compressed input into the expanded one.  `wanted` says whether an entry of a zip is worth
 * reading. */
bool expansion_open(struct input *in, bool (*wanted)(struct input *in), struct failure *failure);
void expansion_close(struct expansion *x);            /* accepts NULL */
uint64_t expansion_pulled(const struct expansion *x); /* compressed bytes read */

/* One row per format. */
struct reader {
    const char *format;
    bool (*recognise)(const uint8_t *p, size_t n);
    bool (*open)(struct capture *c, struct failure *failure);
    size_t (*next)(struct capture *c,
                   struct frame out[FRAME_BATCH]); /* 0: nothing now; see ended */
    void (*count)(struct capture *c);              /* brings the facts up to date; may be NULL */
    void (*close)(struct capture *c);
};

extern const struct reader pcap_reader, pcapng_reader, sniffer_reader;

struct filter; /* filter.c */

struct filter *filter_open(const char *expression); /* NULL without memory */
void filter_close(struct filter *f);                /* accepts NULL */
bool filter_fits(struct filter *f, uint32_t link, struct failure *failure);
bool filter_passes(struct filter *f, const struct frame *frame);
void filter_not_understood(const char *expression, const char *words, struct failure *failure);

/* Key log text on its way to whoever asks: secrets.c. */
struct secrets {
    uint8_t *text; /* owned, zeroed before it is given back */
    size_t n, size;
    bool taken; /* handed out: the next piece begins anew */
};

void secrets_add(struct secrets *s, struct bytes text, uint64_t *lost);
void secrets_close(struct secrets *s);

struct capture {
    const struct reader *reader;
    void *state; /* the reader's; owned, given back by reader->close */
    struct input input;
    struct filter *filter; /* NULL: every frame passes */
    char name[300];        /* printable */
    const char *noun;      /* "file" or "input", for sentences */
    uint64_t max_frames;
    uint64_t number;     /* of the newest frame */
    uint64_t handed_out; /* after the filter */
    struct secrets secrets;
    struct capture_facts facts;
    bool live;
    bool ended;
    volatile sig_atomic_t stopped;
};

/* Remembers the first damage; reading may go on. */
void capture_damaged(struct capture *c, uint64_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A described interface, or NULL when CAPTURE_INTERFACES are described already. */
struct capture_interface *capture_describe(struct capture *c, uint32_t link, uint32_t snap_length);

/* An empty capture with a name, and its counterpart of capture_open_file for bytes at hand. */
struct capture *capture_make(const char *name, const struct capture_config *config,
                             struct failure *failure);
struct capture *capture_open_memory(const void *bytes, size_t n,
                                    const struct capture_config *config, struct failure *failure);

/* refuse.c - sentences about what cannot be read. */
void say(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
void failure_set(struct failure *failure, const char *what, const char *why, const char *remedy);
void refuse_path(const char *path, int error, struct failure *failure);
void refuse_content(const char *name, const uint8_t *p, size_t n, struct failure *failure);

/* linktype.c - DLT_ values, which differ between systems, and LINKTYPE_ values, which do not. */
uint32_t link_of_file(uint32_t field); /* the field of a file header: FCS and other bits go */
uint32_t link_of_dlt(int dlt);
int link_to_dlt(uint32_t link);

static inline uint32_t load_u32(const uint8_t *p, bool little)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return little ? le32toh(v) : be32toh(v);
}

static inline uint16_t load_u16(const uint8_t *p, bool little)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return little ? le16toh(v) : be16toh(v);
}
