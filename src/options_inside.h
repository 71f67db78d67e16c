/* options_inside.h - what the files of options.c share: how an option is taken is in
 * options_take.c, which of them go together in options_check.c, what a configuration says in
 * options_config.c.
 */
#pragma once

#include "options.h"

#define N(array) (sizeof(array) / sizeof *(array))

enum option_group { INPUT, OUTPUT, JUDGEMENT, OTHER, DISPLAY, SELECT, CONFIGURE, SERVICE, SPECIAL };

struct option_row {
    char letter;
    const char *word, *argument;
    enum option_group group;
    const char *help;
};
extern const struct option_row option_rows[OPTIONS];

enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

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

/* Both answer false, so that a refusal is one return. */
bool refuse(struct parsing *p, const char *what, const char *why, const char *remedy);
bool refuse_value(struct parsing *p, enum option_name name, const char *value,
                  const char *expected);

bool read_number(const char *text, uint64_t most, uint64_t *out);
bool read_size(const char *text, size_t *out); /* "256M": octets, or with k, M, G */
/* The place of a word in a short list; -1 when it is not there. */
int word_of(const char *value, const char *const *words, size_t n);
bool path_exists(const char *path);
bool is_set(const char *name); /* of the environment, and not empty */

bool add_input(struct parsing *p, const char *value);
bool take_option(struct parsing *p, enum option_name name, const char *value);
/* [evidence]: what has no option of its own. */
bool configure_evidence(struct evidence_options *e, const struct setting *s,
                        struct failure *failure);
bool take_evidence(struct parsing *p, enum option_name name, const char *value);
bool check_together(struct parsing *p);
/* The files that were named and the usual ones, strongest last. */
bool read_settings(struct parsing *p);
