#include "examine.h"

#include "confine.h"
#include "doctor/list.h"
#include "progress.h"
#include "run.h"
#include "sandbox/sandbox.h"

#include <stdio.h>

static const int64_t second_ns = 1000000000;

static void take_batch(struct doctor_facts *f, const struct options *o, const struct frame *frames,
                       const struct packet *packets, size_t n)
{
    enum { ETHERNET_AND_TAGS = 22 };

    for (size_t i = 0; i < n; i++) {
        uint64_t length = frames[i].data.left + frames[i].data.clipped;
        f->seen.large += f->machine.mtu && length > f->machine.mtu + ETHERNET_AND_TAGS;
        seen_take(&f->seen, &o->profile, &packets[i]);
    }
}

static void look_at_traffic(struct doctor_facts *f, const struct options *o,
                            struct capture *capture, struct decoder *decoder)
{
    struct frame frames[FRAME_BATCH];
    struct packet packets[PACKET_BATCH];
    int64_t began = clock_steady_ns(), now = began;

    while (!capture_ended(capture) && now - began < EXAMINE_SECONDS * second_ns &&
           !seen_enough(&f->seen)) {
        size_t n = capture_next(capture, frames);
        packet_decode(decoder, frames, n, packets);
        take_batch(f, o, frames, packets, n);
        now = clock_steady_ns();
    }
    f->seconds = (unsigned)((now - began + second_ns / 2) / second_ns);
    const struct capture_facts *facts = capture_facts(capture);
    f->lost = facts->kernel_dropped + facts->interface_dropped;
}

static bool look_at_interface(struct doctor_facts *f, const struct options *o)
{
    struct capture *capture = capture_open_device(o->interface, &o->capture, &f->why_not);
    struct decoder *decoder = decoder_open(hash_seed_draw());

    f->may_capture = capture != NULL;
    if (capture && decoder) {
        confine(o, capture);
        run_signals_begin(capture, false);
        look_at_traffic(f, o, capture, decoder);
        run_signals_end();
    }
    capture_close(capture);
    decoder_close(decoder);
    return decoder != NULL;
}

/* Without an interface the question is whether there is the right to watch any. */
static void look_at_permission(struct doctor_facts *f, const struct options *o)
{
    struct capture *capture = capture_open_device("any", &o->capture, &f->why_not);

    f->may_capture = capture != NULL;
    capture_close(capture);
}

int examine(const struct options *o)
{
    static struct doctor_facts facts;
    static struct doctor_list list;
    struct failure failure = { .what = "memory", .why = "the machine has none left" };

    facts = (struct doctor_facts){ .interface = o->interface, .sandbox = sandbox_offered() };
    machine_look(o->interface, &facts.machine);
    if (!o->interface)
        look_at_permission(&facts, o);
    else if (!look_at_interface(&facts, o))
        return run_fail(&failure);
    if (o->interface && !facts.may_capture && !facts.machine.there)
        return run_fail(&facts.why_not);
    doctor_judge(&facts, &list);
    doctor_print(&list, o->report.ascii, o->report.out);
    return list.problems ? 1 : 0;
}
