/* filter.c - one libpcap expression, compiled once per link type that turns up.
 *
 * An expression that makes no sense on a later link type ("ether host" on raw IP) matches none of
 * its frames; the first link type decides whether it is understood at all. */
#include "base/text.h"
#include "frame/reader.h"

#include <pcap/pcap.h>
#include <stdlib.h>

struct filter {
    char *expression; /* owned */
    size_t n;
    struct compiled {
        uint32_t link;
        bool usable;
        struct bpf_program program; /* owned when usable */
    } compiled[CAPTURE_LINKS];
};

struct filter *filter_open(const char *expression)
{
    struct filter *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->expression = strdup(expression);
    if (f->expression)
        return f;
    free(f);
    return NULL;
}

void filter_close(struct filter *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n; i++)
        if (f->compiled[i].usable)
            pcap_freecode(&f->compiled[i].program);
    free(f->expression);
    free(f);
}

void filter_not_understood(const char *expression, const char *words, struct failure *failure)
{
    static const char prefix[] = "can't parse filter expression: ";
    struct text why = text_of(failure->why, sizeof failure->why);
    struct text remedy = text_of(failure->remedy, sizeof failure->remedy);

    say(failure->what, sizeof failure->what, "-f");
    text_add(&why, "filter not understood: \"");
    text_foreign(&why, expression, strnlen(expression, 200));
    text_add(&why, "\"");
    if (strncmp(words, prefix, sizeof prefix - 1) == 0)
        words += sizeof prefix - 1;
    text_add(&remedy, "libpcap says: ");
    text_foreign(&remedy, words, strlen(words));
    text_add(&remedy, "\nthe language is tcpdump's: see pcap-filter(7)");
}

static bool compile(struct filter *f, struct compiled *row, struct failure *failure)
{
    pcap_t *dead = pcap_open_dead(link_to_dlt(row->link), FRAME_LARGEST);
    if (!dead)
        return false;
    row->usable = pcap_compile(dead, &row->program, f->expression, 1, PCAP_NETMASK_UNKNOWN) == 0;
    if (!row->usable && failure)
        filter_not_understood(f->expression, pcap_geterr(dead), failure);
    pcap_close(dead);
    return row->usable;
}

static struct compiled *compiled_for(struct filter *f, uint32_t link, struct failure *failure)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->compiled[i].link == link)
            return &f->compiled[i];
    if (f->n == CAPTURE_LINKS)
        return NULL;
    struct compiled *row = &f->compiled[f->n++];
    row->link = link;
    compile(f, row, failure);
    return row;
}

bool filter_fits(struct filter *f, uint32_t link, struct failure *failure)
{
    struct compiled *row = compiled_for(f, link, failure);
    return row && row->usable;
}

bool filter_passes(struct filter *f, const struct frame *frame)
{
    const struct compiled *row = compiled_for(f, frame->link, NULL);
    if (!row || !row->usable)
        return false;
    const struct pcap_pkthdr header = { .caplen = (bpf_u_int32)frame->data.left,
                                        .len = (bpf_u_int32)bytes_on_wire(&frame->data) };
    return pcap_offline_filter(&row->program, &header, frame->data.at) != 0;
}
