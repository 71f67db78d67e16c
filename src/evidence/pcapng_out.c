#include "evidence/pcapng_out.h"

#include "base/newfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of draft-ietf-opsawg-pcapng: blocks, options, records. */
enum {
    SECTION = 0x0a0d0d0a,
    INTERFACE = 1,
    NAMES = 4,
    STATISTICS = 5,
    ENHANCED = 6,
    OPT_COMMENT = 1,
    SHB_APPLICATION = 4,
    IF_NAME = 2,
    IF_RESOLUTION = 9,
    ISB_DROPPED = 5,
    NAME_IPV4 = 1,
    NAME_IPV6 = 2,
    NAME_MOST = 256,
    BODY_FIRST = 4096,
};

struct pcapng_out {
    struct newfile file;
    int error;     /* errno of the first fault; 0 = none */
    uint8_t *body; /* of the block being made */
    size_t n, size;
};

struct pcapng_out *pcapng_create(const char *path, bool replace, struct failure *failure)
{
    struct pcapng_out *out = calloc(1, sizeof *out);

    if (out && newfile_open(&out->file, path, replace, failure))
        return out;
    if (!out)
        *failure = (struct failure){ .what = "memory", .why = "the machine has none left" };
    free(out);
    return NULL;
}

static void note_error(struct pcapng_out *out, int error)
{
    if (!out->error)
        out->error = error ? error : EIO;
}

/* Room for n more octets of the body; NULL without memory. */
static uint8_t *room(struct pcapng_out *out, size_t n)
{
    if (out->size - out->n < n) {
        size_t size = out->n + n + BODY_FIRST;
        uint8_t *body = realloc(out->body, size);
        if (!body) {
            note_error(out, ENOMEM);
            return NULL;
        }
        out->body = body;
        out->size = size;
    }
    out->n += n;
    return out->body + out->n - n;
}

static void put(struct pcapng_out *out, const void *p, size_t n)
{
    uint8_t *to = room(out, n);

    if (to && n)
        memcpy(to, p, n);
}

/* In the machine's order, which the byte-order magic announces. */
static void put_u16(struct pcapng_out *out, uint16_t v) { put(out, &v, sizeof v); }
static void put_u32(struct pcapng_out *out, uint32_t v) { put(out, &v, sizeof v); }
static void put_u64(struct pcapng_out *out, uint64_t v) { put(out, &v, sizeof v); }

static void pad(struct pcapng_out *out)
{
    static const uint8_t zero[3];

    put(out, zero, (4 - out->n % 4) % 4);
}

static void put_option(struct pcapng_out *out, uint16_t code, const void *value, size_t n)
{
    uint16_t length = n < UINT16_MAX ? (uint16_t)n : UINT16_MAX;

    put_u16(out, code);
    put_u16(out, length);
    put(out, value, length);
    pad(out);
}

static void put_text(struct pcapng_out *out, uint16_t code, const char *text)
{
    if (text && text[0])
        put_option(out, code, text, strlen(text));
}

static void block_begin(struct pcapng_out *out) { out->n = 0; }

static void block_end(struct pcapng_out *out, uint32_t type)
{
    uint32_t head[2] = { type, 0 };

    pad(out);
    head[1] = (uint32_t)(out->n + 12);
    if (out->error)
        return;
    if (fwrite(head, sizeof head, 1, out->file.file) != 1 ||
        (out->n && fwrite(out->body, out->n, 1, out->file.file) != 1) ||
        fwrite(&head[1], sizeof head[1], 1, out->file.file) != 1)
        note_error(out, errno);
}

static void put_end_of_options(struct pcapng_out *out) { put_u32(out, 0); }

void pcapng_section(struct pcapng_out *out, const char *comment, const char *application)
{
    block_begin(out);
    put_u32(out, 0x1a2b3c4d);
    put_u16(out, 1);
    put_u16(out, 0);
    put_u64(out, UINT64_MAX); /* length not told */
    put_text(out, OPT_COMMENT, comment);
    put_text(out, SHB_APPLICATION, application);
    put_end_of_options(out);
    block_end(out, SECTION);
}

void pcapng_interface(struct pcapng_out *out, const struct pcapng_interface *interface)
{
    uint8_t resolution = interface->nanoseconds ? 9 : 6;

    block_begin(out);
    put_u16(out, (uint16_t)interface->link);
    put_u16(out, 0);
    put_u32(out, interface->snap_length);
    put_text(out, IF_NAME, interface->name);
    put_option(out, IF_RESOLUTION, &resolution, 1);
    put_end_of_options(out);
    block_end(out, INTERFACE);
}

static void put_time(struct pcapng_out *out, int64_t time_ns, bool nanoseconds)
{
    uint64_t ticks = (uint64_t)(nanoseconds ? time_ns : time_ns / 1000);

    put_u32(out, (uint32_t)(ticks >> 32));
    put_u32(out, (uint32_t)ticks);
}

void pcapng_packet(struct pcapng_out *out, uint32_t interface, int64_t time_ns, bool nanoseconds,
                   const struct bytes *data, const char *const *comments, size_t n)
{
    block_begin(out);
    put_u32(out, interface);
    put_time(out, time_ns, nanoseconds);
    put_u32(out, (uint32_t)data->left);
    put_u32(out, (uint32_t)bytes_on_wire(data));
    put(out, data->at, data->left);
    pad(out);
    for (size_t i = 0; i < n; i++)
        put_text(out, OPT_COMMENT, comments[i]);
    if (n)
        put_end_of_options(out);
    block_end(out, ENHANCED);
}

static void put_name(struct pcapng_out *out, const struct pcapng_name *name)
{
    bool v4 = address_is_ipv4(&name->address);
    size_t skip = v4 ? 12 : 0, octets = sizeof name->address.octet - skip;
    size_t n = strnlen(name->name, NAME_MOST - 1);

    put_u16(out, v4 ? NAME_IPV4 : NAME_IPV6);
    put_u16(out, (uint16_t)(octets + n + 1));
    put(out, name->address.octet + skip, octets);
    put(out, name->name, n);
    put(out, "", 1);
    pad(out);
}

void pcapng_names(struct pcapng_out *out, const struct pcapng_name *names, size_t n)
{
    if (!n)
        return;
    block_begin(out);
    for (size_t i = 0; i < n; i++)
        put_name(out, &names[i]);
    put_u32(out, 0); /* end of records */
    block_end(out, NAMES);
}

void pcapng_statistics(struct pcapng_out *out, uint32_t interface, int64_t time_ns,
                       bool nanoseconds, uint64_t dropped)
{
    block_begin(out);
    put_u32(out, interface);
    put_time(out, time_ns, nanoseconds);
    put_option(out, ISB_DROPPED, &dropped, sizeof dropped);
    put_end_of_options(out);
    block_end(out, STATISTICS);
}

const char *pcapng_written(struct pcapng_out *out)
{
    if (!out->error && fflush(out->file.file) != 0)
        note_error(out, errno);
    return out->error ? NULL : out->file.temporary;
}

void pcapng_append(struct pcapng_out *out, struct pcapng_out *other)
{
    uint8_t data[1 << 14];
    size_t n;

    if (!pcapng_written(other)) {
        note_error(out, other->error);
        return;
    }
    FILE *from = fopen(other->file.temporary, "rb");
    while (from && !out->error && (n = fread(data, 1, sizeof data, from)) > 0)
        if (fwrite(data, 1, n, out->file.file) != n)
            note_error(out, errno);
    if (!from || ferror(from))
        note_error(out, errno);
    if (from)
        fclose(from);
}

static void release(struct pcapng_out *out)
{
    free(out->body);
    free(out);
}

struct pcapng_out *pcapng_begin(FILE *file)
{
    struct pcapng_out *out = calloc(1, sizeof *out);

    if (out)
        out->file.file = file;
    return out;
}

int pcapng_end(struct pcapng_out *out)
{
    if (!out->error && fflush(out->file.file) != 0)
        note_error(out, errno);
    int error = out->error;
    release(out);
    return error;
}

bool pcapng_finish(struct pcapng_out *out, struct failure *failure)
{
    bool fine = newfile_finish(&out->file, out->error, failure);

    release(out);
    return fine;
}

void pcapng_abandon(struct pcapng_out *out)
{
    if (!out)
        return;
    newfile_abandon(&out->file);
    release(out);
}
