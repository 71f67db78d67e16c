/* options.h - the command line, parsed once into the structs that each stage owns.
 *
 * What it is: options.def is the one table; the parser, --help and the test that they agree come
 * from it.  Configuration files are read first, and stand for options (config/settings.def).
 * What it refuses: abbreviations of long options; silent acceptance of what is not there yet.
 */
#pragma once

#include "base/failure.h"
#include "config/alert.h"
#include "config/output.h"
#include "config/profile.h"
#include "config/settings.h"
#include "demo.h"
#include "evidence/redact.h"
#include "frame/capture.h"
#include "live/check.h"
#include "report/exports.h"
#include "report/filter.h"
#include "report/report.h"

#include <stdbool.h>
#include <stddef.h>

enum verb {
    VERB_ANALYSE,
    VERB_REDACT,
    VERB_BUNDLE,
    VERB_MASK,
    VERB_UNMASK,
    VERB_CONFIG,
    VERB_WATCH,
    VERB_DOCTOR,
    VERB_CHECK,
    VERB_EXPLAIN,
    VERB_SCHEMA,
    VERB_HELP,
    VERB_VERSION,
    VERB_DEVICES
};

enum { INPUTS_MAX = 64 };

enum option_name {
#define OPTION(name, letter, word, argument, group, help) OPTION_##name,
#include "options.def"
#undef OPTION
    OPTIONS,
};

enum config_job { CONFIG_NONE, CONFIG_SHOW, CONFIG_CHECK, CONFIG_TEMPLATE, CONFIG_SUGGEST };

struct options {
    enum verb verb;
    size_t n_inputs;
    const char *input[INPUTS_MAX];       /* as given; borrowed from argv */
    const char *interface;               /* "a,b": all that are watched; NULL = none */
    const char *device[CAPTURE_DEVICES]; /* each of them */
    size_t n_devices;
    const char *keylog;              /* NULL = none */
    const char *ca_bundle;           /* NULL = none */
    const char *output;              /* of a bundle; NULL = named after the case */
    const char *case_name;           /* NULL = none */
    const char *map;                 /* of the case: who is who; NULL = kept nowhere */
    const char *export[EXPORTS_MAX]; /* "eve=FILE" */
    size_t n_exports;
    const char *html;         /* where the page goes; NULL = nowhere */
    const char *diagram;      /* where the picture of paths goes; NULL = nowhere */
    const char *write;        /* where the evidence goes; NULL = nowhere */
    bool force;               /* it may replace a file */
    enum redaction redaction; /* of what is written */
    const struct demo *demo;  /* the input is this one; NULL = it is not */
    const char *explain;      /* what to explain; NULL = the list */
    bool help_all;
    struct capture_config capture;
    struct report_config report;
    struct filter filter; /* of what is shown */
    struct profile profile;
    enum scope scope;
    size_t max_memory; /* 0 = default */
    bool no_labels;    /* --no-ndpi */
    bool no_progress;
    bool no_sandbox;
    bool headless;
    int64_t run_s; /* live: how long until the report, and the next one; 0 = to the end */
    bool screen;   /* live: a person sits before a terminal that can be drawn on */
    const char *status, *textfile, *state, *jsonl; /* NULL = nowhere */
    struct alert_rules alerts;
    struct outputs outputs;
    struct evidence_options {
        const char *folder; /* NULL = none is kept */
        size_t ring_bytes, disk_bytes;
        uint32_t after_s;
        bool contents, no_good;
    } evidence;
    struct check_config check;
    enum config_job config_job;
    const char *profile_name;
    struct settings settings;
    size_t n_config_paths; /* every file that says something of this, there or not */
    const char *config_path[SETTINGS_FILES + 3];
    int argc;
    char **argv;                /* borrowed */
    const char *given[OPTIONS]; /* on the command line: its latest value; NULL = not given */
};

/* The option of that long word, for `given`; OPTIONS = there is none. */
enum option_name option_of(const char *word);

/* False with a failure (exit code 2). */
bool options_parse(int argc, char **argv, struct options *out, struct failure *failure);

/* The same with files that somebody else opens; source is borrowed while it is called. */
bool options_parse_from(int argc, char **argv, const struct ini_source *source, struct options *out,
                        struct failure *failure);
void options_help(FILE *out, bool all);
