/* One message: its head, and the alert in either form. */
#include "live/syslog.h"
#include "report/stamp.h"
#include "report/version.h"

#include <inttypes.h>
#include <string.h>

/* RFC 5424 section 6.2.1 */
enum { SYSLOG_ERR = 3, SYSLOG_WARNING = 4, SYSLOG_NOTICE = 5 };

static const char *const change_words[] = {
    [ALERT_BEGINS] = "begins",     [ALERT_ENDS] = "ends",     [ALERT_LEAVES] = "leaves",
    [ALERT_RESTLESS] = "restless", [ALERT_BEYOND] = "beyond", [ALERT_FILED] = "filed"
};

static bool is_error(const struct alert *a)
{
    return a->change == ALERT_BEGINS && a->id != F_NONE &&
           finding_of(a->id)->severity == SEVERITY_ERROR;
}

/* Nothing bad that was not told before. */
static bool is_mild(const struct alert *a)
{
    return a->change == ALERT_ENDS || a->change == ALERT_LEAVES || a->change == ALERT_FILED;
}

/* ---- escapes ---- */

static void add_escaped(struct text *t, const char *value, const char *which)
{
    for (const char *p = value; *p; p++) {
        if (*p == '\n' || *p == '\r') {
            text_add(t, *p == '\n' ? "\\n" : "\\r");
            continue;
        }
        if (strchr(which, *p))
            text_add(t, "\\");
        text_add_n(t, p, 1);
    }
}

void syslog_quote(struct text *t, const char *value)
{
    text_add(t, "\"");
    add_escaped(t, value, "\"\\]");
    text_add(t, "\"");
}

void syslog_cef_head(struct text *t, const char *value) { add_escaped(t, value, "\\|"); }
void syslog_cef_value(struct text *t, const char *value) { add_escaped(t, value, "\\="); }

/* ---- the head ---- */

static void add_time(struct text *t, int64_t ns)
{
    char day[20];

    stamp_date_time(stamp_seconds(ns), day);
    text_format(t, "%s.%06uZ", day, stamp_fraction(ns) / 1000);
}

static void add_head(const struct output_syslog *config, const struct syslog_writer *who,
                     const struct alert *a, struct text *t)
{
    unsigned severity = is_error(a) ? SYSLOG_ERR : is_mild(a) ? SYSLOG_NOTICE : SYSLOG_WARNING;

    text_format(t, "<%u>1 ", config->facility * 8 + severity);
    add_time(t, a->time_ns);
    text_format(t, " %s shakeout %ld %s ", who->host, who->process, a->rule->name);
}

/* ---- structured data ---- */

static void add_param(struct text *t, const char *key, const char *value)
{
    text_format(t, " %s=", key);
    syslog_quote(t, value);
}

static void add_address(struct text *t, const char *key, const struct address *address)
{
    char text[ADDRESS_TEXT];

    if (!address_is_unspecified(address))
        add_param(t, key, address_text(address, text));
}

/* 32473 is the number that RFC 5612 gives to examples: there is none of our own. */
static void add_structured(const struct alert *a, struct text *t)
{
    text_add(t, "[shakeout@32473");
    add_param(t, "change", change_words[a->change]);
    if (a->id != F_NONE)
        add_param(t, "finding", finding_of(a->id)->id);
    if (a->of_endpoint)
        add_address(t, "client", &a->client);
    add_address(t, "server", &a->server);
    if (a->port)
        text_format(t, " port=\"%u\"", a->port);
    if (a->rule->when == ALERT_GROUP)
        text_format(t, " endpoints=\"%" PRIu32 "\"", a->endpoints);
    if (a->evidence[0])
        add_param(t, "evidence", a->evidence);
    text_add(t, "] ");
    text_add(t, a->text);
}

/* ---- CEF ---- */

static void add_cef_head(const struct alert *a, struct text *t)
{
    const char *id = a->id != F_NONE ? finding_of(a->id)->id : a->rule->name;
    const char *name = a->id != F_NONE ? finding_of(a->id)->title : a->rule->phrase;

    text_add(t, "- CEF:0|shakeout|shakeout|" SHAKEOUT_VERSION "|");
    syslog_cef_head(t, id);
    text_add(t, "|");
    syslog_cef_head(t, name);
    text_format(t, "|%d|", is_error(a) ? 7 : is_mild(a) ? 2 : 4);
}

static void add_cef_address(struct text *t, const char *v4, const char *v6,
                            const struct address *address)
{
    char text[ADDRESS_TEXT];

    if (!address_is_unspecified(address))
        text_format(t, " %s=%s", address_is_ipv4(address) ? v4 : v6, address_text(address, text));
}

static void add_cef(const struct alert *a, struct text *t)
{
    add_cef_head(a, t);
    text_format(t, "rt=%" PRId64, a->time_ns / 1000000);
    if (a->since_ns > 0)
        text_format(t, " start=%" PRId64, a->since_ns / 1000000);
    if (a->of_endpoint)
        add_cef_address(t, "src", "c6a2Label=source c6a2", &a->client);
    add_cef_address(t, "dst", "c6a3Label=destination c6a3", &a->server);
    if (a->port)
        text_format(t, " dpt=%u proto=TCP", a->port);
    text_format(t, " outcome=%s",
                a->change == ALERT_ENDS     ? "success"
                : a->change == ALERT_LEAVES ? "unknown"
                                            : "failure");
    if (a->rule->when == ALERT_GROUP)
        text_format(t, " cnt=%" PRIu32, a->endpoints);
    text_add(t, " cs1Label=rule cs1=");
    syslog_cef_value(t, a->rule->name);
    text_format(t, " cs2Label=change cs2=%s", change_words[a->change]);
    if (a->evidence[0]) {
        text_add(t, " cs3Label=evidence cs3=");
        syslog_cef_value(t, a->evidence);
    }
    text_add(t, " msg=");
    syslog_cef_value(t, a->text);
}

void syslog_text(const struct output_syslog *config, const struct syslog_writer *who,
                 const struct alert *alert, struct text *t)
{
    add_head(config, who, alert, t);
    if (config->form == OUTPUT_CEF)
        add_cef(alert, t);
    else
        add_structured(alert, t);
}
