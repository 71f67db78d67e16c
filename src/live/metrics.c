/* metrics.c - source: the exposition formats of Prometheus, text-based format. */
#include "base/text.h"
#include "live/state.h"
#include "report/version.h"

#include <inttypes.h>

static void head(struct writer *w, const char *name, const char *type, const char *help)
{
    writer_format(w, "# HELP shakeout_%s %s", name, help);
    writer_end_line(w);
    writer_format(w, "# TYPE shakeout_%s %s", name, type);
    writer_end_line(w);
}

/* label: "" or name="value" pairs; values that others chose are escaped by label_of. */
static void sample(struct writer *w, const char *name, const char *label, uint64_t v)
{
    writer_format(w, "shakeout_%s", name);
    if (label[0])
        writer_format(w, "{%s}", label);
    writer_format(w, " %" PRIu64, v);
    writer_end_line(w);
}

/* interface="span0": backslash, quote and line feed are escaped. */
static const char *interface_label(const char *name, char *out, size_t size)
{
    struct text t = text_of(out, size);

    text_add(&t, "interface=\"");
    for (const char *p = name; *p && t.n + 4 < size; p++) {
        if (*p == '\\' || *p == '"')
            text_add(&t, "\\");
        if (*p == '\n')
            text_add(&t, "\\n");
        else
            text_add_n(&t, p, 1);
    }
    text_add(&t, "\"");
    return out;
}

/* One sample for each interface. */
static void put_ports(struct writer *w, const struct live_state *s, const char *name,
                      uint64_t (*of)(const struct capture_interface *port), const char *more)
{
    char interface[160], label[200];

    for (size_t i = 0; i < s->n_ports; i++) {
        snprintf(label, sizeof label, "%s%s",
                 interface_label(s->port[i].name, interface, sizeof interface), more);
        sample(w, name, label, of(&s->port[i]));
    }
}

static uint64_t is_up(const struct capture_interface *port) { return !port->absent; }
static uint64_t packets(const struct capture_interface *port) { return port->frames; }
static uint64_t lost_by_kernel(const struct capture_interface *port)
{
    return port->dropped_by_kernel;
}
static uint64_t lost_by_interface(const struct capture_interface *port)
{
    return port->dropped - port->dropped_by_kernel;
}
static uint64_t newest_s(const struct capture_interface *port)
{
    return port->newest_ns > 0 ? (uint64_t)port->newest_ns / 1000000000 : 0;
}

static void put_capture(struct writer *w, const struct live_state *s)
{
    char all[CAPTURE_DEVICES * 32];

    head(w, "up", "gauge", "1 while the interface is watched, 0 while it is gone.");
    put_ports(w, s, "up", is_up, "");
    head(w, "capture_packets_total", "counter", "Packets that passed the filter.");
    put_ports(w, s, "capture_packets_total", packets, "");
    head(w, "capture_dropped_packets_total", "counter",
         "Packets that were lost before they were read.");
    put_ports(w, s, "capture_dropped_packets_total", lost_by_kernel, ",where=\"kernel\"");
    put_ports(w, s, "capture_dropped_packets_total", lost_by_interface, ",where=\"interface\"");
    if (s->last_packet_s > 0) {
        head(w, "capture_last_packet_timestamp_seconds", "gauge",
             "When the newest packet came; 0 = none did.");
        put_ports(w, s, "capture_last_packet_timestamp_seconds", newest_s, "");
    }
    head(w, "capture_directions", "gauge",
         "Directions that all interfaces together show; 0 while not known.");
    sample(w, "capture_directions", interface_label(s->interface, all, sizeof all), s->directions);
    head(w, "evicted_flows_total", "counter", "Connections given up for memory.");
    sample(w, "evicted_flows_total", "", s->evicted_flows);
}

static void put_endpoints(struct writer *w, const struct board_sums *s)
{
    char label[80];

    head(w, "endpoints", "gauge", "Endpoints by their state now.");
    sample(w, "endpoints", "state=\"healthy\"", s->healthy);
    sample(w, "endpoints", "state=\"failing\"", s->failing);
    sample(w, "endpoints", "state=\"stale\"", s->stale);
    sample(w, "endpoints", "state=\"undecided\"", s->undecided);
    head(w, "service_endpoints", "gauge", "Endpoints by the newest outcome at a port; 0 = DNS.");
    for (size_t i = 0; i < s->n_ports; i++) {
        const struct board_port *p = &s->port[i];
        snprintf(label, sizeof label, "port=\"%u\",state=\"healthy\"", p->port);
        sample(w, "service_endpoints", label, p->healthy);
        snprintf(label, sizeof label, "port=\"%u\",state=\"failing\"", p->port);
        sample(w, "service_endpoints", label, p->failing);
    }
    head(w, "attempts_total", "counter", "Attempts that were decided.");
    for (size_t i = 0; i < s->n_ports; i++) {
        const struct board_port *p = &s->port[i];
        snprintf(label, sizeof label, "port=\"%u\",outcome=\"ok\"", p->port);
        sample(w, "attempts_total", label, p->attempts[OUTCOME_OK]);
        snprintf(label, sizeof label, "port=\"%u\",outcome=\"fail\"", p->port);
        sample(w, "attempts_total", label, p->attempts[OUTCOME_FAILED]);
    }
    head(w, "series_refused_total", "counter", "Endpoints and services beyond what is kept.");
    sample(w, "series_refused_total", "", s->refused);
}

static const char *severity_word(enum severity severity)
{
    static const char *const words[] = { [SEVERITY_INFO] = "info",
                                         [SEVERITY_QUALITY] = "quality",
                                         [SEVERITY_WARNING] = "warning",
                                         [SEVERITY_ERROR] = "error" };
    return words[severity];
}

static void put_findings(struct writer *w, const struct live_state *s)
{
    char label[160];
    const struct board_sums *sums = &s->sums;

    head(w, "findings_total", "counter", "How often an endpoint began to fail in this way.");
    for (int id = 0; id < FINDINGS; id++) {
        const struct finding *f = finding_of((enum finding_id)id);
        if (!board_raised(s->board, (enum finding_id)id))
            continue;
        snprintf(label, sizeof label, "id=\"%s\",severity=\"%s\"", f->id,
                 severity_word(f->severity));
        sample(w, "findings_total", label, board_raised(s->board, (enum finding_id)id));
    }
    head(w, "findings_active", "gauge", "Endpoints that fail in this way now, by port.");
    for (size_t i = 0; i < sums->n_causes; i++) {
        const struct board_cause *c = &sums->cause[i];
        snprintf(label, sizeof label, "id=\"%s\",port=\"%u\"", finding_of(c->id)->id, c->port);
        sample(w, "findings_active", label, c->endpoints);
    }
}

static void put_checkins(struct writer *w, const struct live_state *s)
{
    head(w, "checkins_total", "counter", "Exchanges with data on a check-in port.");
    sample(w, "checkins_total", "", s->sums.checkins);
    if (s->sums.oldest_checkin_ns <= 0)
        return;
    head(w, "checkin_oldest_timestamp_seconds", "gauge",
         "The newest check-in of the endpoint that is silent for longest.");
    sample(w, "checkin_oldest_timestamp_seconds", "",
           (uint64_t)(s->sums.oldest_checkin_ns / 1000000000));
}

static void put_evidence(struct writer *w, const struct live_evidence *e)
{
    if (!e->kept)
        return;
    head(w, "evidence_files_total", "counter", "Failures, by what became of their packets.");
    sample(w, "evidence_files_total", "reason=\"written\"", e->written);
    sample(w, "evidence_files_total", "reason=\"refused\"", e->refused);
    sample(w, "evidence_files_total", "reason=\"failed\"", e->failed);
    sample(w, "evidence_files_total", "reason=\"dropped\"", e->dropped);
    head(w, "evidence_bytes", "gauge", "Octets of the files of evidence on the disk.");
    sample(w, "evidence_bytes", "", e->bytes);
}

void metrics_write(struct writer *w, const struct live_state *s)
{
    head(w, "build_info", "gauge", "The program that wrote this.");
    sample(w, "build_info", "version=\"" SHAKEOUT_VERSION "\",schema=\"1\"", 1);
    put_capture(w, s);
    put_endpoints(w, &s->sums);
    put_findings(w, s);
    put_checkins(w, s);
    put_evidence(w, &s->evidence);
    head(w, "alarms_active", "gauge", "Alarms that were told and are not over.");
    sample(w, "alarms_active", "", alerts_active(s->alerts));
    head(w, "messages_lost_total", "counter", "Alerts that the log host did not get.");
    sample(w, "messages_lost_total", "", s->messages_lost);
}
