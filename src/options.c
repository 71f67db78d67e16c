#include "base/text.h"
#include "options_inside.h"
#include "recorder.h"

#include <ctype.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct option_row option_rows[OPTIONS] = {
#define OPTION(name, letter, word, argument, group, help) \
    [OPTION_##name] = { letter, word, argument, group, help },
#include "options.def"
#undef OPTION
};

bool refuse(struct parsing *p, const char *what, const char *why, const char *remedy)
{
    *p->failure = (struct failure){ 0 };
    text_printable(what, strlen(what), p->failure->what, sizeof p->failure->what);
    snprintf(p->failure->why, sizeof p->failure->why, "%s", why);
    snprintf(p->failure->remedy, sizeof p->failure->remedy, "%s", remedy);
    return false;
}

bool refuse_value(struct parsing *p, enum option_name name, const char *value, const char *expected)
{
    char what[80], shown[60];
    const struct option_row *row = &option_rows[name];
    text_printable(value, strlen(value), shown, sizeof shown);
    if (row->word[0])
        snprintf(what, sizeof what, "--%s", row->word);
    else
        snprintf(what, sizeof what, "-%c", row->letter);
    refuse(p, what, "", "");
    snprintf(p->failure->why, sizeof p->failure->why, "\"%s\" is not %s", shown, expected);
    return false;
}

bool read_number(const char *text, uint64_t most, uint64_t *out)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end || errno || v > most)
        return false;
    *out = v;
    return true;
}

/* The place of a word in a short list; -1 when it is not there. */
int word_of(const char *value, const char *const *words, size_t n)
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

bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value && *value;
}
static bool refuse_unknown_word(struct parsing *p, const char *word)
{
    const char *words[OPTIONS];
    char what[80], remedy[120];

    for (size_t i = 0; i < OPTIONS; i++)
        words[i] = option_rows[i].word;
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
        const struct option_row *row = &option_rows[i];
        if (!row->word[0] || strlen(row->word) != n || strncmp(row->word, word, n) != 0)
            continue;
        bool may = row->argument[0] == '[';
        if (!row->argument[0] && value && i != OPTION_HELP)
            return refuse_value(p, (enum option_name)i, value, "wanted: it takes no value"), -1;
        if (!row->argument[0] || may)
            return take_option(p, (enum option_name)i, value) ? 0 : -1;
        if (!value && !next)
            return refuse(p, word, "needs a value", row->help), -1;
        return take_option(p, (enum option_name)i, value ? value : next) ? value ? 0 : 1 : -1;
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
        { 'Y', "there are no display filters here",
          "use --endpoint, --finding, --ports, or a capture filter: -f" },
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
        while (i < OPTIONS && option_rows[i].letter != *letters)
            i++;
        if (i == OPTIONS)
            return refuse_letter(p, *letters), -1;
        if (!option_rows[i].argument[0]) {
            if (!take_option(p, (enum option_name)i, NULL))
                return -1;
            continue;
        }
        const char *value = letters[1] ? letters + 1 : next;
        char what[] = { '-', *letters, '\0' };
        if (!value)
            return refuse(p, what, "needs a value", option_rows[i].help), -1;
        return take_option(p, (enum option_name)i, value) ? letters[1] ? 0 : 1 : -1;
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

bool path_exists(const char *path) { return access(path, F_OK) == 0; }

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
        if (strcmp(operand, "-") != 0 && !path_exists(operand)) {
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
    while (i < OPTIONS && strcmp(option_rows[i].word, word))
        i++;
    return (enum option_name)i;
}

/* Configuration is read before the rest of the command line, which is stronger. */
static bool read_configuration(struct parsing *p, int argc, char **argv)
{
    p->scouting = true;
    if (!read_arguments(p, argc, argv))
        return false;
    p->scouting = false;
    return read_settings(p);
}

bool options_parse(int argc, char **argv, struct options *out, struct failure *failure)
{
    return options_parse_from(argc, argv, NULL, out, failure);
}

bool options_parse_from(int argc, char **argv, const struct ini_source *source, struct options *out,
                        struct failure *failure)
{
    struct parsing p = { .out = out, .failure = failure };

    *out = (struct options){ .verb = VERB_ANALYSE, .argc = argc, .argv = argv };
    out->settings.source = source;
    *failure = (struct failure){ 0 };
    out->capture.promiscuous = true;
    alert_rules_default(&out->alerts);
    out->outputs = outputs_default();
    out->report.out = stdout;
    out->evidence = (struct evidence_options){ .ring_bytes = RECORDER_RING,
                                               .disk_bytes = RECORDER_DISK,
                                               .after_s = RECORDER_AFTER_S };
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
    out->settings.source = NULL;
    if (out->filter.on)
        out->report.filter = &out->filter;
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
        if (option_rows[i].group != group)
            continue;
        if (column + strlen(option_rows[i].word) > 76)
            column = (size_t)fprintf(out, "\n%-11s", "") - 1;
        else if (!column)
            column = (size_t)fprintf(out, "%-11s", title);
        column += (size_t)fprintf(out, " --%s", option_rows[i].word);
    }
    fputc('\n', out);
}

void options_help(FILE *out, bool all)
{
    fputs("usage: shakeout [options] FILE...        analyse captures (\"-\" = stdin)\n"
          "       shakeout [options] -i INTERFACE   watch live\n"
          "       shakeout bundle FILE... [--case ID]    evidence for a ticket\n"
          "       shakeout redact FILE -w FILE      to give away (of a text: mask, unmask)\n"
          "       shakeout config [--check FILE]    what is in force, and why\n"
          "       shakeout check [--status FILE]    what a watch knows, for Nagios\n"
          "       shakeout doctor [-i INTERFACE]    is this computer fit to capture?\n"
          "       shakeout explain [ID|PREFIX|alert:N]   what a finding or an alert means\n",
          out);
    for (size_t i = 0; i < OPTIONS; i++)
        if (all || option_rows[i].group < DISPLAY)
            help_option(out, &option_rows[i]);
    if (!all) {
        help_group(out, "show only:", SELECT);
        help_group(out, "display:", DISPLAY);
        help_group(out, "config:", CONFIGURE);
        help_group(out, "service:", SERVICE);
        help_group(out, "special:", SPECIAL);
        fputs("--help=all says what each of them does\n", out);
    }
    fputs("exit code: 0 healthy, 1 failures found, 2 could not run, 3 no verdict\n", out);
}
