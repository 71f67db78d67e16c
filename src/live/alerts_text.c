/* What an alert says, as a sentence. */
#include "live/alerts_inside.h"
#include "report/stamp.h"

#include <inttypes.h>

static const struct stamp_style utc = { .utc = true };

static void add_place(struct text *t, uint16_t port)
{
    if (port)
        text_format(t, " on %u", port);
    else
        text_add(t, " at its name server");
}

static void add_for(struct text *t, const struct alert *a)
{
    char duration[STAMP_TEXT];

    if (a->since_ns > 0 && a->time_ns > a->since_ns)
        text_format(t, " after %s", stamp_duration(a->time_ns - a->since_ns, duration));
}

static void add_since(struct text *t, const struct alert *a)
{
    char since[STAMP_TEXT];

    if (a->since_ns > 0)
        text_format(t, " since %sZ", stamp_whole(a->since_ns, utc, since));
}

static void tell_failing(const struct alert *a, const char *who, struct text *t)
{
    text_add(t, who);
    switch (a->change) {
    case ALERT_BEGINS:
        text_add(t, " fails");
        add_place(t, a->port);
        add_since(t, a);
        text_format(t, ": %s", finding_of(a->id)->title);
        return;
    case ALERT_LEAVES:
        text_add(t, " left while it failed");
        add_place(t, a->port);
        return;
    case ALERT_FILED:
        text_add(t, " fails");
        add_place(t, a->port);
        text_format(t, ": its packets are in %s", a->evidence);
        return;
    default:
        text_add(t, " works again");
        add_place(t, a->port);
        add_for(t, a);
    }
}

static void tell_missed(const struct alert *a, const struct alarm *alarm, const char *who,
                        struct text *t)
{
    char every[STAMP_TEXT];

    text_add(t, who);
    if (a->change == ALERT_BEGINS)
        text_format(t, " missed %u check-ins; it made one every %s", alarm->missed,
                    stamp_duration(alarm->interval_ns, every));
    else if (a->change == ALERT_LEAVES)
        text_add(t, " left, and had missed check-ins");
    else
        text_add(t, " checks in again");
}

static void add_network(struct text *t, const struct alarm *alarm)
{
    char address[ADDRESS_TEXT];

    if (alarm->one_network)
        text_format(t, " of %s/%d", address_text(&alarm->network, address),
                    address_is_ipv4(&alarm->network) ? 24 : 64);
}

static void tell_group(const struct alert *a, const struct alarm *alarm, struct text *t)
{
    text_format(t, "%" PRIu32 " endpoint%s", a->endpoints, a->endpoints == 1 ? "" : "s");
    if (a->change == ALERT_BEGINS) {
        add_network(t, alarm);
        text_format(t, " fail%s in the same way", a->endpoints == 1 ? "s" : "");
        add_place(t, a->port);
        add_since(t, a);
        text_format(t, ": %s", finding_of(a->id)->title);
        return;
    }
    if (a->change == ALERT_FILED) {
        text_format(t, " fail%s in the same way", a->endpoints == 1 ? "s" : "");
        add_place(t, a->port);
        text_format(t, ": packets of one are in %s", a->evidence);
        return;
    }
    text_format(t, " still fail%s in this way", a->endpoints == 1 ? "s" : "");
    add_place(t, a->port);
    add_for(t, a);
}

static void tell_blind(const struct alert *a, struct text *t)
{
    const char *why = a->id == F_CAPTURE_ONE_WAY ? "only one direction is seen"
                      : a->id == F_CAPTURE_LOSSY ? "packets are lost"
                                                 : "there are no packets";

    if (a->change != ALERT_BEGINS) {
        text_add(t, "The watch sees again");
        add_for(t, a);
        return;
    }
    text_add(t, "The watch is blind");
    add_since(t, a);
    text_format(t, ": %s", why);
}

static void tell_restless(const struct alert *a, const char *who, struct text *t)
{
    text_add(t, a->of_endpoint ? who : a->rule->when == ALERT_GROUP ? "A group" : "The watch");
    if (a->of_endpoint || a->rule->when == ALERT_GROUP)
        add_place(t, a->port);
    text_add(t, " changes again and again: held back until it stays as it is for 15 min");
}

void alert_tell(const struct alarm *alarm, struct alert *a)
{
    char who[ADDRESS_TEXT];
    struct text t = text_of(a->text, sizeof a->text);

    address_text(&a->client, who);
    if (a->change == ALERT_RESTLESS)
        tell_restless(a, who, &t);
    else if (a->rule->when == ALERT_FAILING)
        tell_failing(a, who, &t);
    else if (a->rule->when == ALERT_MISSED)
        tell_missed(a, alarm, who, &t);
    else if (a->rule->when == ALERT_GROUP)
        tell_group(a, alarm, &t);
    else
        tell_blind(a, &t);
}
