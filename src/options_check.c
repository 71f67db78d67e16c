#include "options_inside.h"

#include <stdio.h>
#include <string.h>

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

    if (o->n_inputs != 1 || o->filter.on || !o->write || o->interface || o->report.certs)
        return refuse(p, "redact", "takes one capture and -w FILE",
                      "shakeout redact IN -w OUT   [--redact light|standard|strict]");
    if (!p->redacted)
        o->redaction = p->level_configured ? p->level : REDACT_STANDARD;
    if (o->redaction == REDACT_NONE)
        return refuse(p, "--redact none", "would redact nothing", "light, standard or strict");
    return check_write(p);
}

static bool check_bundle(struct parsing *p)
{
    struct options *o = p->out;

    if (!o->n_inputs || o->filter.on || o->interface || o->write || o->html || o->report.certs ||
        o->n_exports)
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

    if (o->filter.on)
        return refuse(p, o->filter.said, "a configuration is of all that a capture shows", "");
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

    if (o->n_devices > 1)
        return refuse(p, "doctor", "looks at one interface at a time", "");
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
                                             OPTION_STATE,    OPTION_JSONL,  OPTION_REPORT_EVERY,
                                             OPTION_EVIDENCE, OPTION_RING,   OPTION_WAIT };
    enum { DAY_S = 86400 };
    struct options *o = p->out;
    char what[40];

    for (size_t i = 0; i < N(live) && !o->interface; i++) {
        snprintf(what, sizeof what, "--%s", option_rows[live[i]].word);
        if (o->given[live[i]])
            return refuse(p, what, "is for watching", "say which interface: -i IF");
    }
    if (!o->interface)
        o->status = o->textfile = o->state = o->jsonl = o->evidence.folder = NULL;
    if (o->run_s && o->html)
        return refuse(p, "--html", "is written once, at the end", "leave out --report-every");
    if (o->headless && !o->html && !o->run_s)
        o->run_s = DAY_S;
    return true;
}

bool check_together(struct parsing *p)
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
    if (o->diagram && (o->n_inputs > 1 || o->interface))
        return refuse(p, "--diagram", "makes a picture of one file", "one file at a time");
    if (o->interface)
        o->verb = VERB_WATCH;
    else if (!o->n_inputs)
        return refuse(p, "usage",
                      "shakeout [options] FILE...   or   shakeout [options] -i INTERFACE",
                      "shakeout --help says more");
    return true;
}
