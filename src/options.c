#include "options.h"

#include "base/text.h"
#include "config/value.h"
#include "evidence/map.h"
#include "session/dissector.h"

#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define N(array) (sizeof(array) / sizeof *(array))

enum option_group { INPUT, OUTPUT, JUDGEMENT, OTHER, DISPLAY, CONFIGURE, SERVICE, SPECIAL };

static const struct option_row {
    char letter;
    const char *word, *argument;
    enum option_group group;
    const char *help;
} rows[OPTIONS] = {
#define OPTION(name, letter, word, argument, group, help) \
    [OPTION_##name] = { letter, word, argument, group, help },
#include "options.def"
#undef OPTION
};

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

/* What cannot go into struct options before everything was read. */
struct parsing {
    struct options *out;
    struct failure *failure;
    const char *ports; /* --ports, applied after all --ems */
    enum when colour;
    bool unicode, plain, explained;
    bool redacted;        /* --redact was given */
    enum redaction level; /* of what is written, where the configuration says so */
    bool level_configured;
    bool scouting;    /* the first time through: which configuration is meant? */
    bool configuring; /* options that stand in a configuration */
    bool no_config;
    size_t n_configs;
    const char *config[SETTINGS_FILES];
    const char *operand[INPUTS_MAX];
    size_t n_operands;
};

static bool refuse(struct parsing *p, const char *what, const char *why, const char *remedy)
{
    *p->failure = (struct failure){ 0 };
    text_printable(what, strlen(what), p->failure->what, sizeof p->failure->what);
    snprintf(p->failure->why, sizeof p->failure->why, "%s", why);
    snprintf(p->failure->remedy, sizeof p->failure->remedy, "%s", remedy);
    return false;
}

static bool refuse_value(struct parsing *p, enum option_name name, const char *value,
                         const char *expected)
{
    char what[80], shown[60];
    const struct option_row *row = &rows[name];
    text_printable(value, strlen(value), shown, sizeof shown);
    if (row->word[0])
        snprintf(what, sizeof what, "--%s", row->word);
    else
        snprintf(what, sizeof what, "-%c", row->letter);
    refuse(p, what, "", "");
    snprintf(p->failure->why, sizeof p->failure->why, "\"%s\" is not %s", shown, expected);
    return false;
}

static bool read_number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno || v > most)
        return false;
    *out = v;
    return true;
}

/* "256M": octets, or with k, M, G in powers of 1024. */
static bool read_size(const char *text, size_t *out)
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

/* The place of a word in a short list; -1 when it is not there. */
static int word_of(const char *value, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], value) == 0)
            return (int)i;
    return -1;
}

static bool add_operand(struct parsing *p, const char *value)
{
    if (p->scouting)
        return true;
    if (p->n_operands == INPUTS_MAX)
        return refuse(p, value, "too many inputs", "at most 64 files at once");
    p->operand[p->n_operands++] = value;
    return true;
}

static bool add_input(struct parsing *p, const char *value)
{
    struct options *o = p->out;
    if (o->n_inputs == INPUTS_MAX)
        return refuse(p, value, "too many inputs", "at most 64 files at once");
    o->input[o->n_inputs++] = value;
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
        o->interface = value;
        return true;
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

static bool take_redaction(struct parsing *p, const char *value)
{
    static const char *const levels[] = { "none", "light", "standard" };
    int level = word_of(value, levels, N(levels));

    *(p->configuring ? &p->level : &p->out->redaction) =
        level > 0 ? (enum redaction)level : REDACT_NONE;
    *(p->configuring ? &p->level_configured : &p->redacted) = true;
    return level >= 0 || refuse_value(p, OPTION_REDACT, value, "none, light or standard");
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
    static const char *const kinds[] = { "stages", "ports", "csv" };
    static const enum report_format formats[] = { REPORT_STAGES, REPORT_PORTS, REPORT_STAGES_CSV };
    int kind = value ? word_of(value, kinds, N(kinds)) : 0;

    p->out->report.format = formats[kind < 0 ? 0 : kind];
    return kind >= 0 || refuse_value(p, OPTION_MATRIX, value, "stages, ports or csv");
}

static bool take_output(struct parsing *p, enum option_name name, const char *value)
{
    static const char *const formats[] = { "text", "jsonl", "summary", "markdown", "csv" };
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
        return format >= 0 || refuse_value(p, name, value, "text, jsonl, summary, markdown or csv");
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

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}

static bool take_special(struct parsing *p, enum option_name name, const char *value)
{
    if (name == OPTION_MAX_MEMORY)
        return read_size(value, &p->out->max_memory) ||
               refuse_value(p, name, value, "a size such as 256M");
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
    case OPTION_TEXTFILE:
        o->textfile = value;
        return true;
    case OPTION_SERVICE:
        if (!read_number(value, UINT16_MAX, &port) || !port)
            return refuse_value(p, name, value, "a port");
        o->check.service = (uint16_t)port;
        return true;
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

static bool take(struct parsing *p, enum option_name name, const char *value)
{
    if (p->scouting)
        return scout(p, name, value);
    if (!p->configuring)
        p->out->given[name] = value ? value : "";
    switch (rows[name].group) {
    case INPUT:
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

static bool refuse_unknown_word(struct parsing *p, const char *word)
{
    const char *words[OPTIONS];
    char what[80], remedy[120];

    for (size_t i = 0; i < OPTIONS; i++)
        words[i] = rows[i].word;
    const char *nearest = text_nearest(word, words, OPTIONS);
    snprintf(what, sizeof what, "--%.60s", word);
    snprintf(remedy, sizeof remedy,
             nearest ? "did you mean --%s?   shakeout --help lists all"
                     : "shakeout --help lists all%s",
             nearest ? nearest : "");
    return refuse(p, what, "unknown option", remedy);
}

/* --word, --word=value, --word value; answers how many further arguments were used, -1 refused. */
static int take_word(struct parsing *p, const char *word, const char *next)
{
    size_t n = strcspn(word, "=");
    const char *value = word[n] ? word + n + 1 : NULL;
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option_row *row = &rows[i];
        if (!row->word[0] || strlen(row->word) != n || strncmp(row->word, word, n) != 0)
            continue;
        bool may = row->argument[0] == '[';
        if (!row->argument[0] && value && i != OPTION_HELP)
            return refuse_value(p, (enum option_name)i, value, "wanted: it takes no value"), -1;
        if (!row->argument[0] || may)
            return take(p, (enum option_name)i, value) ? 0 : -1;
        if (!value && !next)
            return refuse(p, word, "needs a value", row->help), -1;
        return take(p, (enum option_name)i, value ? value : next) ? value ? 0 : 1 : -1;
    }
    char copy[80];
    snprintf(copy, sizeof copy, "%.*s", (int)(n < 60 ? n : 60), word);
    return refuse_unknown_word(p, copy), -1;
}

static bool refuse_letter(struct parsing *p, char letter)
{
    static const struct habit {
        char letter;
        const char *why, *remedy;
    } habits[] = {
        { 'Y', "there are no display filters here", "use --ems, --ports, or a capture filter: -f" },
        { 'b', "this version does not write packets", "tcpdump -C and -G rotate files" },
        { 'e', "link layer headers are not printed", "tcpdump -e prints them" },
        { 'X', "packet contents are not printed", "tcpdump -X prints them" },
        { 'A', "packet contents are not printed", "tcpdump -A prints them" },
        { 't', "there is one format of times", "--utc shows them in UTC" },
    };
    char what[8] = { '-', isprint((unsigned char)letter) ? letter : '?', '\0' };
    for (size_t i = 0; i < N(habits); i++)
        if (habits[i].letter == letter)
            return refuse(p, what, habits[i].why, habits[i].remedy);
    return refuse(p, what, "unknown option", "shakeout --help lists all");
}

/* -v, -vv, -c5, -c 5; answers as take_word does. */
static int take_letters(struct parsing *p, const char *letters, const char *next)
{
    for (; *letters; letters++) {
        size_t i = 0;
        while (i < OPTIONS && rows[i].letter != *letters)
            i++;
        if (i == OPTIONS)
            return refuse_letter(p, *letters), -1;
        if (!rows[i].argument[0]) {
            if (!take(p, (enum option_name)i, NULL))
                return -1;
            continue;
        }
        const char *value = letters[1] ? letters + 1 : next;
        char what[] = { '-', *letters, '\0' };
        if (!value)
            return refuse(p, what, "needs a value", rows[i].help), -1;
        return take(p, (enum option_name)i, value) ? letters[1] ? 0 : 1 : -1;
    }
    return 0;
}

static bool read_arguments(struct parsing *p, int argc, char **argv)
{
    bool operands_only = false;
    for (int i = 1; i < argc; i++) {
        const char *arg = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        int used = 0;
        if (operands_only || arg[0] != '-' || !arg[1]) {
            if (!add_operand(p, arg))
                return false;
            continue;
        }
        if (strcmp(arg, "--") == 0)
            operands_only = true;
        else if (arg[1] == '-')
            used = take_word(p, arg + 2, next);
        else
            used = take_letters(p, arg + 1, next);
        if (used < 0)
            return false;
        i += used;
    }
    return true;
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

/* Words with which a capture filter begins; nobody names a file so. */
static bool is_filter_word(const char *word)
{
    static const char *const words[] = { "host", "net",     "port",  "portrange", "src", "dst",
                                         "tcp",  "udp",     "icmp",  "icmp6",     "ip",  "ip6",
                                         "arp",  "vlan",    "not",   "and",       "or",  "ether",
                                         "less", "greater", "proto", "(",         "!" };
    size_t n = strcspn(word, " ");
    for (size_t i = 0; i < N(words); i++)
        if (strlen(words[i]) == n && strncmp(words[i], word, n) == 0)
            return true;
    return false;
}

static bool refuse_filter(struct parsing *p, size_t from)
{
    char remedy[300], joined[240];
    struct text t = text_of(joined, sizeof joined);
    for (size_t i = from; i < p->n_operands; i++) {
        text_add(&t, i > from ? " " : "");
        text_foreign(&t, p->operand[i], strlen(p->operand[i]));
    }
    snprintf(remedy, sizeof remedy, "operands are files; a capture filter is written  -f '%s'",
             joined);
    return refuse(p, p->operand[from], "no such file", remedy);
}

static bool is_later_verb(const char *word)
{
    static const char *const verbs[] = { "diff", "correlate", "query" };
    return word_of(word, verbs, N(verbs)) >= 0;
}

static bool verb_of(const char *word, enum verb *verb)
{
    static const char *const verbs[] = { "redact", "bundle", "mask", "unmask",
                                         "config", "doctor", "check" };
    static const enum verb which[] = { VERB_REDACT, VERB_BUNDLE, VERB_MASK, VERB_UNMASK,
                                       VERB_CONFIG, VERB_DOCTOR, VERB_CHECK };
    int i = word_of(word, verbs, N(verbs));

    if (i >= 0)
        *verb = which[i];
    return i >= 0;
}

static bool take_operands(struct parsing *p)
{
    struct options *o = p->out;
    size_t first = 0;

    if (p->n_operands && strcmp(p->operand[0], "explain") == 0 && o->verb == VERB_ANALYSE) {
        o->verb = VERB_EXPLAIN;
        o->explain = p->n_operands > 1 ? p->operand[1] : NULL;
        if (p->n_operands > 2)
            return refuse(p, p->operand[2], "explain takes one id", "shakeout explain lists all");
        return true;
    }
    if (p->n_operands && o->verb == VERB_ANALYSE && verb_of(p->operand[0], &o->verb))
        first = 1;
    for (size_t i = first; i < p->n_operands; i++) {
        const char *operand = p->operand[i];
        if (strcmp(operand, "-") != 0 && !exists(operand)) {
            if (i == first && is_later_verb(operand))
                return refuse(p, operand, "this verb is not in this version",
                              "shakeout --help lists what is");
            if (is_filter_word(operand))
                return refuse_filter(p, i);
        }
        if (!add_input(p, operand))
            return false;
    }
    return true;
}

/* The evidence is picked when the verdicts are known, and then the input is read once more. */
static bool check_write(struct parsing *p)
{
    struct options *o = p->out;

    if (!o->write && o->redaction != REDACT_NONE)
        return refuse(p, "--redact", "nothing is written", "say where to: -w FILE");
    if (!o->write)
        return true;
    if (!p->redacted && p->level_configured)
        o->redaction = p->level;
    if (o->interface)
        return refuse(p, "-w", "what is watched cannot be read again",
                      "record with tcpdump -w beside it, and read that file with -w");
    for (size_t i = 0; i < o->n_inputs; i++)
        if (strcmp(o->input[i], "-") == 0)
            return refuse(p, "-w", "a pipe cannot be read again",
                          "save the capture to a file first");
    return true;
}

/* A whole capture, one that may be given away. */
static bool check_redact(struct parsing *p)
{
    struct options *o = p->out;

    if (o->n_inputs != 1 || !o->write || o->interface || o->report.certs)
        return refuse(p, "redact", "takes one capture and -w FILE",
                      "shakeout redact IN -w OUT   [--redact light|standard]");
    if (!p->redacted)
        o->redaction = p->level_configured ? p->level : REDACT_STANDARD;
    if (o->redaction == REDACT_NONE)
        return refuse(p, "--redact none", "would redact nothing", "light or standard");
    return check_write(p);
}

static bool check_bundle(struct parsing *p)
{
    struct options *o = p->out;

    if (!o->n_inputs || o->interface || o->write || o->html || o->report.certs || o->n_exports)
        return refuse(p, "bundle", "takes captures, and writes one archive",
                      "shakeout bundle FILE... [--case ID] [-o FILE] [--redact LEVEL]");
    if (!p->redacted)
        o->redaction = p->level_configured ? p->level : REDACT_STANDARD;
    o->write = "the bundle"; /* pipes are refused as for -w */
    bool fine = check_write(p);
    o->write = NULL;
    return fine;
}

static bool check_mask(struct parsing *p)
{
    if (p->out->map && !p->out->n_inputs)
        return true;
    return refuse(p, "usage", "shakeout unmask --case ID < reply.txt   (mask: the other way)",
                  "the text comes from standard input");
}

/* What a capture shows is a report of its own; the other jobs need no capture. */
static bool check_config(struct parsing *p)
{
    struct options *o = p->out;

    if (o->config_job == CONFIG_SUGGEST) {
        o->verb = VERB_ANALYSE;
        o->report.format = REPORT_SUGGEST;
        o->report.exit_zero = true;
    } else if (o->n_inputs) {
        return refuse(p, o->input[0], "config takes no file like that",
                      "shakeout config [--check FILE | --template | --suggest CAPTURE]");
    }
    if (o->config_job == CONFIG_NONE)
        o->config_job = CONFIG_SHOW;
    return true;
}

static bool check_doctor(struct parsing *p)
{
    const struct options *o = p->out;

    if (!o->n_inputs && !o->write && !o->html && !o->n_exports)
        return true;
    return refuse(p, "doctor", "looks at this computer, not at files",
                  "shakeout doctor [-i INTERFACE] [--ems ADDRESS]");
}

/* What a plugin takes: no letters, for theirs mean something else here. */
static bool check_check(struct parsing *p)
{
    struct options *o = p->out;

    if (o->n_inputs || o->interface)
        return refuse(p, "check", "asks a watch that runs, and reads no capture",
                      "shakeout check [--status FILE] [--service PORT] [--warning RANGE] "
                      "[--critical RANGE]");
    o->check.status = o->status ? o->status : "/run/shakeout/status.json";
    return true;
}

/* What a configuration says of a watch is no matter where files are read. */
static bool check_live(struct parsing *p)
{
    static const enum option_name live[] = { OPTION_HEADLESS, OPTION_STATUS, OPTION_TEXTFILE,
                                             OPTION_REPORT_EVERY };
    enum { DAY_S = 86400 };
    struct options *o = p->out;
    char what[40];

    for (size_t i = 0; i < N(live) && !o->interface; i++) {
        snprintf(what, sizeof what, "--%s", rows[live[i]].word);
        if (o->given[live[i]])
            return refuse(p, what, "is for watching", "say which interface: -i IF");
    }
    if (!o->interface)
        o->status = o->textfile = NULL;
    if (o->run_s && o->html)
        return refuse(p, "--html", "is written once, at the end", "leave out --report-every");
    if (o->headless && !o->html && !o->run_s)
        o->run_s = DAY_S;
    return true;
}

static bool check_together(struct parsing *p)
{
    struct options *o = p->out;
    if (o->verb == VERB_CONFIG)
        return check_config(p);
    if (o->config_job != CONFIG_NONE)
        return refuse(p, "usage", "shakeout config [--check FILE | --template | --suggest CAPTURE]",
                      "--check, --template and --suggest belong to the verb config");
    if (o->verb == VERB_REDACT)
        return check_redact(p);
    if (o->verb == VERB_BUNDLE)
        return check_bundle(p);
    if (o->verb == VERB_MASK || o->verb == VERB_UNMASK)
        return check_mask(p);
    if (o->verb == VERB_DOCTOR)
        return check_doctor(p);
    if (o->verb == VERB_CHECK)
        return check_check(p);
    if (o->verb != VERB_ANALYSE)
        return true;
    if (o->interface && o->n_inputs)
        return refuse(p, o->input[0], "a file and -i together",
                      "either files are read or an interface is watched");
    if (!check_write(p) || !check_live(p))
        return false;
    if (o->html && o->n_inputs > 1)
        return refuse(p, "--html", "makes a page of one input", "one file at a time");
    if (o->interface)
        o->verb = VERB_WATCH;
    else if (!o->n_inputs)
        return refuse(p, "usage",
                      "shakeout [options] FILE...   or   shakeout [options] -i INTERFACE",
                      "shakeout --help says more");
    return true;
}

/* ux: colour is decided by the option, NO_COLOR, *_FORCE, then the terminal. */
static bool wants_colour(const struct parsing *p, bool terminal)
{
    const char *term = getenv("TERM");
    if (p->out->report.format == REPORT_JSONL || p->colour == WHEN_NEVER)
        return false;
    if (p->colour == WHEN_ALWAYS)
        return true;
    if (is_set("NO_COLOR"))
        return false;
    if (is_set("CLICOLOR_FORCE") || is_set("FORCE_COLOR"))
        return true;
    return terminal && (!term || strcmp(term, "dumb") != 0);
}

/* Box drawing and check marks are two columns wide in East Asian locales. */
static bool glyphs_are_narrow(void)
{
    const char *locale = setlocale(LC_CTYPE, NULL);
    return !locale ||
           (strncmp(locale, "zh", 2) && strncmp(locale, "ja", 2) && strncmp(locale, "ko", 2));
}

static unsigned columns_of(bool terminal)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS");
    uint64_t v;
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
        return size.ws_col;
    return columns && read_number(columns, 1000, &v) && v ? (unsigned)v : 80;
}

/* Whoever wants lines, or cannot be shown anything else, gets lines. */
static bool wants_screen(const struct parsing *p, bool terminal)
{
    const struct options *o = p->out;
    const char *term = getenv("TERM");

    return o->verb == VERB_WATCH && terminal && isatty(STDIN_FILENO) && term && *term &&
           strcmp(term, "dumb") != 0 && o->report.format == REPORT_TEXT && !o->report.quiet &&
           !o->headless && !o->run_s && !p->plain;
}

static void choose_display(struct parsing *p)
{
    struct report_config *r = &p->out->report;
    bool terminal = isatty(STDOUT_FILENO);

    p->out->screen = wants_screen(p, terminal);
    r->terminal = terminal;
    r->colour = wants_colour(p, terminal);
    if (!r->width)
        r->width = columns_of(terminal);
    if (!p->unicode && (!terminal || !glyphs_are_narrow()))
        r->ascii = true;
    if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        r->ascii = true;
}

enum option_name option_of(const char *word)
{
    size_t i = 0;
    while (i < OPTIONS && strcmp(rows[i].word, word))
        i++;
    return (enum option_name)i;
}

/* A relative path would mean another file in every folder from which the program is started. */
static bool refuses_path(const struct option_row *option, const char *value,
                         struct failure *failure)
{
    if (!strstr(option->argument, "FILE") || value[0] == '/' || strcmp(value, "system") == 0 ||
        strcmp(value, "ems") == 0)
        return false;
    snprintf(failure->why, sizeof failure->why, "a path in a configuration begins with /");
    failure->remedy[0] = '\0';
    return true;
}

static bool apply_option(struct parsing *p, const struct setting_row *row, const char *value)
{
    enum option_name name = option_of(row->option);
    const char *no = row->value;

    if (refuses_path(&rows[name], value, p->failure))
        return false;
    if (!row->yes[0])
        return take(p, name, value);
    if (strcmp(value, row->yes) == 0)
        return take(p, name, NULL);
    if (strcmp(value, no) == 0)
        return true;
    snprintf(p->failure->why, sizeof p->failure->why, "neither %s nor %s", row->yes, no);
    return false;
}

static bool apply_row(struct parsing *p, const struct setting_row *row, const struct setting *s)
{
    struct ini_entry entry = setting_entry(s);

    if (!s->value[0])
        return true;
    if (row->option[0])
        return apply_option(p, row, s->value);
    if (strcmp(row->key, "schema"))
        return profile_configure(&p->out->profile, &entry, p->failure);
    snprintf(p->failure->why, sizeof p->failure->why, "this program reads schema 1");
    return strcmp(s->value, "1") == 0;
}

/* The reason stands; the place is that of the line. */
static bool refuse_setting(struct parsing *p, const struct setting *s)
{
    char why[sizeof p->failure->why];
    struct text t = text_of(why, sizeof why);

    if (strncmp(p->failure->why, s->key, strlen(s->key)))
        text_format(&t, "%s: ", s->key);
    text_add(&t, p->failure->why);
    snprintf(p->failure->why, sizeof p->failure->why, "%s", why);
    setting_origin(s, p->failure->what, sizeof p->failure->what);
    return false;
}

static bool apply_settings(struct parsing *p)
{
    size_t n;
    const struct setting_row *row = setting_rows(&n);
    const struct settings *all = &p->out->settings;

    p->configuring = true;
    for (size_t i = 0; i < n; i++) {
        const struct setting *s = settings_find(all, row[i].section, row[i].key);
        if (s && !apply_row(p, &row[i], s))
            return refuse_setting(p, s);
    }
    for (size_t i = 0; i < all->n; i++) {
        struct ini_entry entry = setting_entry(&all->one[i]);
        bool named =
            strncmp(entry.section, "port ", 5) == 0 || strncmp(entry.section, "ems ", 4) == 0;
        if (named && !profile_configure(&p->out->profile, &entry, p->failure))
            return refuse_setting(p, &all->one[i]);
    }
    p->configuring = false;
    return true;
}

/* Profile and configuration are data; which dissectors there are is known here only. */
static bool check_dissectors(struct parsing *p)
{
    struct options *o = p->out;
    struct failure *failure = p->failure;
    char section[16];
    uint16_t port;

    if (dissectors_known(&o->profile, &port))
        return true;
    snprintf(section, sizeof section, "port %u", port);
    const struct setting *s = settings_find(&o->settings, section, "dissector");
    *failure = (struct failure){ 0 };
    if (s)
        setting_origin(s, failure->what, sizeof failure->what);
    else
        text_printable(o->profile_name, strlen(o->profile_name), failure->what,
                       sizeof failure->what);
    value_refuse(failure, "there is no dissector \"%.31s\" for port %u",
                 profile_service(&o->profile, port)->dissector, port);
    struct text t = text_of(failure->remedy, sizeof failure->remedy);
    for (size_t i = 0; dissector_key(i); i++)
        text_format(&t, "%s%s", i ? ", " : "one of: ", dissector_key(i));
    return false;
}

/* The files that need not be there, weakest first. */
static bool read_usual_configs(struct parsing *p)
{
    static char own[PATH_MAX];
    const char *usual[] = { "/etc/shakeout/shakeout.ini", own };
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");

    own[0] = '\0';
    if (xdg && *xdg)
        snprintf(own, sizeof own, "%s/shakeout/shakeout.ini", xdg);
    else if (home && *home)
        snprintf(own, sizeof own, "%s/.config/shakeout/shakeout.ini", home);
    for (size_t i = 0; i < N(usual); i++)
        if (exists(usual[i]) && !settings_read(&p->out->settings, usual[i], p->failure))
            return false;
    return true;
}

/* Built-in values, then the files, then the command line: each over the one before. */
static bool read_configuration(struct parsing *p, int argc, char **argv)
{
    struct options *o = p->out;
    const struct setting *named;

    p->scouting = true;
    if (!read_arguments(p, argc, argv))
        return false;
    p->scouting = false;
    if (!p->no_config && !read_usual_configs(p))
        return false;
    for (size_t i = 0; i < p->n_configs; i++)
        if (!settings_read(&o->settings, p->config[i], p->failure))
            return false;
    named = settings_find(&o->settings, "shakeout", "profile");
    if (!o->profile_name)
        o->profile_name = named && named->value[0] ? named->value : "ems";
    return profile_open(&o->profile, o->profile_name, p->failure) && apply_settings(p) &&
           check_dissectors(p);
}

bool options_parse(int argc, char **argv, struct options *out, struct failure *failure)
{
    struct parsing p = { .out = out, .failure = failure };

    *out = (struct options){ .verb = VERB_ANALYSE };
    *failure = (struct failure){ 0 };
    out->capture.promiscuous = true;
    out->report.out = stdout;
    out->check = (struct check_config){
        .max_age_s = 120, .warning = { .set = true }, .warning_text = "0", .critical_text = ""
    };
    if (!read_configuration(&p, argc, argv) || !read_arguments(&p, argc, argv))
        return false;
    if (p.ports && !profile_set_ports(&out->profile, p.ports, failure))
        return false;
    if (!take_operands(&p) || !check_together(&p))
        return false;
    choose_display(&p);
    out->report.several_inputs = out->n_inputs > 1;
    return true;
}

static void help_option(FILE *out, const struct option_row *row)
{
    char left[48] = "";
    struct text t = text_of(left, sizeof left);
    if (row->letter)
        text_format(&t, "-%c", row->letter);
    if (row->word[0])
        text_format(&t, "%s--%s", row->letter ? ", " : "", row->word);
    if (row->argument[0])
        text_format(&t, "%s%s", row->argument[0] == '[' ? "" : " ", row->argument);
    fprintf(out, "  %-20s %s\n", left, row->help);
}

/* Options of one kind in a few words, without what they do. */
static void help_group(FILE *out, const char *title, enum option_group group)
{
    size_t column = 0;

    for (size_t i = 0; i < OPTIONS; i++) {
        if (rows[i].group != group)
            continue;
        if (column + strlen(rows[i].word) > 70)
            column = (size_t)fprintf(out, "\n%-11s", "") - 1;
        else if (!column)
            column = (size_t)fprintf(out, "%-11s", title);
        column += (size_t)fprintf(out, " --%s", rows[i].word);
    }
    fputc('\n', out);
}

void options_help(FILE *out, bool all)
{
    fputs("usage: shakeout [options] FILE...        analyse captures (\"-\" = stdin)\n"
          "       shakeout [options] -i INTERFACE   watch live\n"
          "       shakeout bundle FILE... [--case ID]    evidence for a ticket\n"
          "       shakeout mask|unmask --case ID    a text, with stand-ins or without\n"
          "       shakeout redact FILE -w FILE      a capture that may be given away\n"
          "       shakeout config [--check FILE]    what is in force, and why\n"
          "       shakeout check [--status FILE]    what a watch knows, for Nagios\n"
          "       shakeout doctor [-i INTERFACE]    is this computer fit to capture?\n"
          "       shakeout explain [ID|PREFIX|alert:N]   what a finding or an alert means\n",
          out);
    for (size_t i = 0; i < OPTIONS; i++)
        if (all || rows[i].group < DISPLAY)
            help_option(out, &rows[i]);
    if (!all) {
        help_group(out, "display:", DISPLAY);
        help_group(out, "config:", CONFIGURE);
        help_group(out, "service:", SERVICE);
        help_group(out, "special:", SPECIAL);
        fputs("--help=all says what each of them does\n", out);
    }
    fputs("exit code: 0 healthy, 1 failures found, 2 could not run, 3 no verdict\n", out);
}
