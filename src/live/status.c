#include "live/state.h"
#include "report/json_line.h"
#include "report/stamp.h"
#include "report/version.h"

static void put_time(struct writer *w, const char *key, int64_t seconds)
{
    char text[24];

    stamp_date_time(seconds, text);
    text[19] = 'Z';
    text[20] = '\0';
    json_word(w, key, text);
}

static bool all_there(const struct live_state *s)
{
    for (size_t i = 0; i < s->n_ports; i++)
        if (s->port[i].absent)
            return false;
    return true;
}

static void put_capture(struct writer *w, const struct live_state *s)
{
    bool cut = false;

    json_object(w, "capture");
    json_string(w, "interface", s->interface, &cut);
    json_number(w, "packets", s->packets);
    json_number(w, "dropped_kernel", s->kernel_dropped);
    json_number(w, "dropped_interface", s->interface_dropped);
    json_number(w, "evicted_flows", s->evicted_flows);
    if (s->last_packet_s > 0)
        json_number(w, "last_packet_s", (uint64_t)s->last_packet_s);
    json_number(w, "directions", s->directions);
    json_number(w, "up", all_there(s));
    json_end_object(w);
}

static void put_interfaces(struct writer *w, const struct live_state *s)
{
    bool cut = false;

    json_array(w, "interfaces");
    for (size_t i = 0; i < s->n_ports; i++) {
        const struct capture_interface *port = &s->port[i];
        json_object(w, NULL);
        json_string(w, "name", port->name, &cut);
        json_number(w, "packets", port->frames);
        json_number(w, "dropped_kernel", port->dropped_by_kernel);
        json_number(w, "dropped_interface", port->dropped - port->dropped_by_kernel);
        json_number(w, "up", !port->absent);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_endpoints(struct writer *w, const struct live_state *s)
{
    const struct board_sums *sums = &s->sums;

    json_object(w, "endpoints");
    json_number(w, "total", sums->endpoints);
    json_number(w, "healthy", sums->healthy);
    json_number(w, "failing", sums->failing);
    json_number(w, "stale", sums->stale);
    json_number(w, "undecided", sums->undecided);
    json_number(w, "gone", sums->gone);
    json_number(w, "refused", sums->refused);
    json_end_object(w);
    json_object(w, "checkin");
    json_number(w, "count", sums->checkins);
    if (s->oldest_age_s >= 0)
        json_number(w, "oldest_age_s", (uint64_t)s->oldest_age_s);
    json_end_object(w);
}

static void put_services(struct writer *w, const struct board_sums *sums)
{
    json_array(w, "services");
    for (size_t i = 0; i < sums->n_ports; i++) {
        const struct board_port *p = &sums->port[i];
        json_object(w, NULL);
        json_number(w, "port", p->port);
        json_number(w, "healthy", p->healthy);
        json_number(w, "failing", p->failing);
        json_number(w, "undecided", p->undecided);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_network(struct writer *w, struct address network)
{
    char text[ADDRESS_TEXT + 4];
    bool v4 = address_is_ipv4(&network);

    memset(network.octet + (v4 ? 15 : 8), 0, v4 ? 1 : 8);
    address_text(&network, text);
    snprintf(text + strlen(text), 5, v4 ? "/24" : "/64");
    json_word(w, "network", text);
}

static void put_findings(struct writer *w, const struct board_sums *sums)
{
    json_array(w, "findings");
    for (size_t i = 0; i < sums->n_causes; i++) {
        const struct board_cause *c = &sums->cause[i];
        json_object(w, NULL);
        json_word(w, "id", finding_of(c->id)->id);
        json_word(w, "title", finding_of(c->id)->title);
        json_number(w, "port", c->port);
        json_number(w, "endpoints", c->endpoints);
        if (c->one_network)
            put_network(w, c->network);
        json_end_object(w);
    }
    json_end_array(w);
}

static void put_evidence(struct writer *w, const struct live_evidence *e)
{
    if (!e->kept)
        return;
    json_object(w, "evidence");
    json_number(w, "written", e->written);
    json_number(w, "refused", e->refused);
    json_number(w, "failed", e->failed);
    json_number(w, "dropped", e->dropped);
    json_number(w, "files", e->files);
    json_number(w, "bytes", e->bytes);
    json_end_object(w);
}

void status_write(struct writer *w, const struct live_state *s)
{
    json_object(w, NULL);
    json_number(w, "schema", 1);
    json_word(w, "version", SHAKEOUT_VERSION);
    put_time(w, "started", s->started_s);
    put_time(w, "written", s->now_s);
    json_number(w, "written_s", (uint64_t)s->now_s);
    put_capture(w, s);
    put_interfaces(w, s);
    put_endpoints(w, s);
    put_services(w, &s->sums);
    put_findings(w, &s->sums);
    put_evidence(w, &s->evidence);
    json_end_object(w);
    writer_end_line(w);
}
