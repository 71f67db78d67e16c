#include "base/text.h"
#include "config/value.h"
#include "evidence/map.h"
#include "options_inside.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* "256M": octets, or with k, M, G in powers of 1024. */
bool read_size(const char *text, size_t *out)
{
    static const char units[] = "kMG";
    char digits[24];
    uint64_t v;
    size_t n = strspn(text, "0123456789");
    unsigned shift = 0;

    if (!n || n >= sizeof digits)
        return false;
    if (text[n]) {
        const char *unit = strchr(units, text[n] == 'K' ? 'k' : text[n]);
        if (!unit || text[n + 1])
            return false;
        shift = 10 * (unsigned)(unit - units + 1);
    }
    memcpy(digits, text, n);
    digits[n] = '\0';
    if (!read_number(digits, (uint64_t)SIZE_MAX >> shift, &v) || !v)
        return false;
    *out = (size_t)v << shift;
    return true;
}

bool add_input(struct parsing *p, const char *value)
{
    struct options *o = p->out;
    if (o->n_inputs == INPUTS_MAX)
        return refuse(p, value, "too many inputs", "at most 64 files at once");
    o->input[o->n_inputs++] = value;
    return true;
}

static bool add_device(struct parsing *p, const char *name, size_t n)
{
    enum { NAME = 64 };
    static char names[CAPTURE_DEVICES][NAME];
    struct options *o = p->out;

    if (!n || n >= NAME)
        return refuse(p, "-i", "an interface needs a name", "-D lists them");
    if (o->n_devices == CAPTURE_DEVICES)
        return refuse(p, "-i", "too many interfaces", "at most 8 at once");
    char *copy = names[o->n_devices];
    memcpy(copy, name, n);
    copy[n] = '\0';
    for (size_t i = 0; i < o->n_devices; i++)
        if (strcmp(o->device[i], copy) == 0)
            return refuse(p, copy, "the same interface twice", "");
    o->device[o->n_devices++] = copy;
    return true;
}

/* "a" or "a,b", once or again. */
static bool add_devices(struct parsing *p, const char *value)
{
    static char all[512];
    struct options *o = p->out;
    struct text t = text_of(all, sizeof all);

    for (const char *name = value;; name++) {
        size_t n = strcspn(name, ",");
        if (!add_device(p, name, n))
            return false;
        name += n;
        if (!*name)
            break;
    }
    for (size_t i = 0; i < o->n_devices; i++) {
        if (o->n_devices > 1 && strcmp(o->device[i], "any") == 0)
            return refuse(p, "any", "is every interface already", "leave out the others");
        text_format(&t, "%s%s", i ? "," : "", o->device[i]);
    }
    o->interface = all;
    return true;
}

static bool take_input(struct parsing *p, enum option_name name, const char *value)
{
    struct options *o = p->out;
    uint64_t v;
    switch (name) {
    case OPTION_READ:
        return add_input(p, value);
    case OPTION_INTERFACE:
        return add_devices(p, value);
    case OPTION_FILTER:
        o->capture.filter = value;
        return true;
    case OPTION_COUNT:
        o->capture.max_frames = 0;
        return (read_number(value, UINT64_MAX, &o->capture.max_frames) && o->capture.max_frames) ||
               refuse_value(p, name, value, "a number of packets");
    case OPTION_SNAP:
        if (!read_number(value, 262144, &v))
            return refuse_value(p, name, value, "a length from 0 to 262144");
        o->capture.snap_length = (uint32_t)v;
        return true;
    case OPTION_NO_PROMISCUOUS:
        o->capture.promiscuous = false;
        return true;
    case OPTION_DEVICES:
        o->verb = VERB_DEVICES;
        return true;
    case OPTION_EMS:
        return profile_add_ems(&o->profile, value, p->failure);
    case OPTION_PORTS:
        p->ports = value;
        return true;
    case OPTION_ENDPOINT:
        return filter_add_endpoint(&o->filter, value, p->failure);
    case OPTION_FINDING:
        return filter_add_finding(&o->filter, value, p->failure);
    case OPTION_SINCE:
        return filter_set_since(&o->filter, value, p->failure);
    case OPTION_UNTIL:
        return filter_set_until(&o->filter, value, p->failure);
    case OPTION_KEYLOG:
        o->keylog = value;
        return true;
    case OPTION_PROFILE: /* scouted */
    case OPTION_CONFIG:
    case OPTION_NO_CONFIG:
        return true;
    default:
        break;
    }
    static const char *const scopes[] = { "ems", "all" };
    int scope = word_of(value, scopes, N(scopes));
    o->scope = scope == 1 ? SCOPE_ALL : SCOPE_EMS;
    return scope >= 0 || refuse_value(p, name, value, "ems or all");
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n > m && strcmp(s + n - m, end) == 0;
}

static bool take_diagram(struct parsing *p, const char *value)
{
    p->out->diagram = value;
    p->out->report.diagram_dot = ends_with(value, ".dot") || ends_with(value, ".gv");
    return p->out->report.diagram_dot || ends_with(value, ".svg") ||
           refuse_value(p, OPTION_DIAGRAM, value, "a name that ends in .svg, .dot or .gv");
}

static bool take_redaction(struct parsing *p, const char *value)
{
    static const char *const levels[] = { "none", "light", "standard", "strict" };
    int level = word_of(value, levels, N(levels));

    *(p->configuring ? &p->level : &p->out->redaction) =
        level > 0 ? (enum redaction)level : REDACT_NONE;
    *(p->configuring ? &p->level_configured : &p->redacted) = true;
    return level >= 0 || refuse_value(p, OPTION_REDACT, value, "none, light, standard or strict");
}

static bool take_case(struct parsing *p, const char *value)
{
    static char map[PATH_MAX];

    p->out->case_name = value;
    p->out->map = map;
    return map_path(value, map, sizeof map) ||
           refuse_value(p, OPTION_CASE, value, "a case: letters, digits, - _ .");
}

static bool take_demo(struct parsing *p, const char *value)
{
    p->out->demo = demo_of(value);
    if (!p->out->demo)
        return refuse(p, value, "there is no built-in capture of it",
                      "shakeout explain lists all findings; most have one");
    if (p->out->demo->every_port)
        p->out->scope = SCOPE_ALL;
    return add_input(p, "-");
}

static bool take_export(struct parsing *p, const char *value)
{
    struct options *o = p->out;
    bool directory;

    if (!export_path(value, &directory))
        return refuse_value(p, OPTION_EXPORT, value, "zeek=DIRECTORY, eve=FILE or ecs=FILE");
    if (o->n_exports == EXPORTS_MAX)
        return refuse(p, value, "too many exports", "each kind once");
    o->export[o->n_exports++] = value;
    return true;
}

static bool take_matrix(struct parsing *p, const char *value)
{
    static const char *const kinds[] = { "stages", "ports", "dense", "csv" };
    static const enum report_format formats[] = { REPORT_STAGES, REPORT_PORTS, REPORT_DENSE,
                                                  REPORT_STAGES_CSV };
    int kind = value ? word_of(value, kinds, N(kinds)) : 0;

    p->out->report.format = formats[kind < 0 ? 0 : kind];
    return kind >= 0 || refuse_value(p, OPTION_MATRIX, value, "stages, ports, dense or csv");
}

static bool take_output(struct parsing *p, enum option_name name, const char *value)
{
    static const char *const formats[] = { "text", "jsonl", "summary", "markdown", "csv", "lines" };
    struct options *o = p->out;
    int format;
    switch (name) {
    case OPTION_VERBOSE:
        o->report.verbose++;
        return true;
    case OPTION_QUIET:
        o->report.quiet++;
        return true;
    case OPTION_MATRIX:
        return take_matrix(p, value);
    case OPTION_WRITE:
        o->write = value;
        return true;
    case OPTION_OUT:
        o->output = value;
        return true;
    case OPTION_CASE:
        return take_case(p, value);
    case OPTION_EXPORT:
        return take_export(p, value);
    case OPTION_HTML:
        o->html = value;
        return true;
    case OPTION_CERTS:
        o->report.certs = value;
        return true;
    case OPTION_REDACT:
        return take_redaction(p, value);
    case OPTION_FORCE:
        o->force = true;
        return true;
    case OPTION_NO_NAMES:
        o->report.names_hidden = true;
        return true;
    case OPTION_DEMO:
        return take_demo(p, value);
    case OPTION_EXPLAIN:
        o->verb = VERB_EXPLAIN;
        o->explain = value;
        p->explained = true;
        return true;
    default:
        format = word_of(value, formats, N(formats));
        o->report.format = format > 0 ? (enum report_format)format : REPORT_TEXT;
        return format >= 0 ||
               refuse_value(p, name, value, "text, jsonl, summary, markdown, csv or lines");
    }
}

static bool take_display(struct parsing *p, enum option_name name, const char *value)
{
    static const char *const whens[] = { "auto", "always", "never" };
    static const char *const progress[] = { "auto", "never" };
    struct options *o = p->out;
    uint64_t v;
    int when;
    switch (name) {
    case OPTION_ASCII:
        o->report.ascii = true;
        return true;
    case OPTION_UNICODE:
        p->unicode = true;
        return true;
    case OPTION_PLAIN:
        p->plain = true;
        return true;
    case OPTION_UTC:
        o->report.utc = true;
        return true;
    case OPTION_WIDTH:
        if (!read_number(value, 1000, &v) || v < 60)
            return refuse_value(p, name, value, "a number of columns from 60 to 1000");
        o->report.width = (unsigned)v;
        return true;
    case OPTION_PROGRESS:
        when = word_of(value, progress, N(progress));
        o->no_progress = when == 1;
        return when >= 0 || refuse_value(p, name, value, "auto or never");
    default:
        when = word_of(value, whens, N(whens));
        p->colour = when < 0 ? WHEN_AUTO : (enum when)when;
        return when >= 0 || refuse_value(p, name, value, "auto, always or never");
    }
}

static bool take_judgement(struct parsing *p, enum option_name name, const char *value)
{
    static const char *const levels[] = { "error", "warning" };
    struct options *o = p->out;
    int level;

    if (name == OPTION_CA_BUNDLE) {
        o->ca_bundle = value;
        return true;
    }
    level = word_of(value, levels, N(levels));
    o->report.fail_on_warning = level == 1;
    return level >= 0 || refuse_value(p, name, value, "error or warning");
}

static bool take_configure(struct parsing *p, enum option_name name, const char *value)
{
    static const enum config_job jobs[OPTIONS] = { [OPTION_CHECK] = CONFIG_CHECK,
                                                   [OPTION_TEMPLATE] = CONFIG_TEMPLATE,
                                                   [OPTION_SUGGEST] = CONFIG_SUGGEST };
    p->out->config_job = jobs[name];
    return name != OPTION_SUGGEST || add_input(p, value);
}

/* What must be known before the rest can be read.  A built-in example is the same everywhere. */
static bool scout(struct parsing *p, enum option_name name, const char *value)
{
    if (name == OPTION_PROFILE)
        p->out->profile_name = value;
    p->no_config |= name == OPTION_NO_CONFIG || name == OPTION_DEMO || name == OPTION_CHECK ||
                    name == OPTION_TEMPLATE;
    if (name != OPTION_CONFIG && name != OPTION_CHECK)
        return true;
    if (p->n_configs == SETTINGS_FILES)
        return refuse(p, value, "too many configurations", "");
    p->config[p->n_configs++] = value;
    return true;
}

static bool take_special(struct parsing *p, enum option_name name, const char *value)
{
    if (name == OPTION_MAX_MEMORY)
        return read_size(value, &p->out->max_memory) ||
               refuse_value(p, name, value, "a size such as 256M");
    if (name == OPTION_DIAGRAM)
        return take_diagram(p, value);
    if (name == OPTION_CHECKIN_INTERVAL)
        return profile_set_interval(&p->out->profile, value) ||
               refuse_value(p, name, value, "auto or a time such as 60s or 5m");
    if (name == OPTION_SCHEMA)
        p->out->verb = VERB_SCHEMA;
    p->out->report.exit_zero |= name == OPTION_EXIT_ZERO;
    p->out->no_sandbox |= name == OPTION_NO_SANDBOX;
    p->out->no_labels |= name == OPTION_NO_NDPI;
    return true;
}

static bool take_range(struct parsing *p, enum option_name name, const char *value)
{
    struct check_config *c = &p->out->check;
    bool warning = name == OPTION_WARNING;

    *(warning ? &c->warning_text : &c->critical_text) = value;
    return alarm_read(value, warning ? &c->warning : &c->critical) ||
           refuse_value(p, name, value, "a range such as 10, 10: or @5:10");
}

static bool take_service(struct parsing *p, enum option_name name, const char *value)
{
    struct options *o = p->out;
    uint64_t port;
    uint32_t seconds;

    switch (name) {
    case OPTION_HEADLESS:
        o->headless = true;
        o->report.journal = is_set("JOURNAL_STREAM");
        return true;
    case OPTION_STATUS:
        o->status = value;
        return true;
    case OPTION_WAIT:
        o->capture.wait = true;
        return true;
    case OPTION_TEXTFILE:
        o->textfile = value;
        return true;
    case OPTION_JSONL:
        o->jsonl = value;
        return true;
    case OPTION_STATE:
        o->state = value;
        return true;
    case OPTION_SERVICE:
        if (!read_number(value, UINT16_MAX, &port) || !port)
            return refuse_value(p, name, value, "a port");
        o->check.service = (uint16_t)port;
        return true;
    case OPTION_EVIDENCE:
    case OPTION_RING:
        return take_evidence(p, name, value);
    case OPTION_REPORT_EVERY:
        o->run_s = value_duration(value, &seconds) ? seconds : 0;
        return o->run_s || refuse_value(p, name, value, "a time such as 1h or 1d");
    case OPTION_MAX_AGE:
        if (!value_duration(value, &seconds))
            return refuse_value(p, name, value, "a time such as 120s or 5m");
        o->check.max_age_s = seconds;
        return true;
    default:
        return take_range(p, name, value);
    }
}

bool take_option(struct parsing *p, enum option_name name, const char *value)
{
    if (p->scouting)
        return scout(p, name, value);
    if (!p->configuring)
        p->out->given[name] = value ? value : "";
    switch (option_rows[name].group) {
    case INPUT:
    case SELECT:
        return take_input(p, name, value);
    case OUTPUT:
        return take_output(p, name, value);
    case DISPLAY:
        return take_display(p, name, value);
    case JUDGEMENT:
        return take_judgement(p, name, value);
    case CONFIGURE:
        return take_configure(p, name, value);
    case SERVICE:
        return take_service(p, name, value);
    case SPECIAL:
        return take_special(p, name, value);
    case OTHER:
        break;
    }
    if (name == OPTION_HELP && value && strcmp(value, "all"))
        return refuse_value(p, name, value, "all");
    p->out->help_all = value;
    p->out->verb = name == OPTION_HELP ? VERB_HELP : VERB_VERSION;
    return true;
}
