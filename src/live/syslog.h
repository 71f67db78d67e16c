/* syslog.h - alerts to a log host, or to the log of this machine.
 *
 * What it is: RFC 5424 messages, whose text is a sentence with structured data, or CEF; a datagram
 * each, or octet-counted on a stream (RFC 6587 section 3.4.1).  The socket comes from the porter;
 * one that is lost is asked for again, at first after a second, later once a minute, and up to
 * SYSLOG_QUEUE messages wait for it.
 * What it refuses: waiting for anybody; what does not fit into the queue is counted, and the number
 * is sent when somebody listens again.
 * Escapes: `"`, `\`, `]` in structured data (RFC 5424 section 6.3.3), `\` and `|` in the head of
 * CEF, `\`, `=` and line feeds in its values.  Nothing but printable text comes here.
 * Ownership: syslog_open .. syslog_close. */
#pragma once

#include "base/text.h"
#include "config/output.h"
#include "live/alerts.h"
#include "sandbox/porter.h"

#include <stdbool.h>
#include <stdint.h>

enum { SYSLOG_QUEUE = 128, SYSLOG_TEXT = 1400 };

struct syslog; /* opaque */

/* Adds its item to the porter, who is borrowed, and opened by somebody else. */
struct syslog *syslog_open(const struct output_syslog *config, struct porter *porter);
void syslog_close(struct syslog *log); /* accepts NULL */

void syslog_configure(struct syslog *log, const struct output_syslog *config); /* form, facility */

void syslog_alert(struct syslog *log, const struct alert *alert);

/* Often. */
void syslog_tick(struct syslog *log, int64_t steady_ns);

/* An answer of the porter; true when it was for this. */
bool syslog_take(struct syslog *log, size_t item, int fd, int error);

/* Messages that nobody got, since the start. */
uint64_t syslog_lost(const struct syslog *log);

/* ---- syslog_text.c ---- */

/* Who writes. */
struct syslog_writer {
    char host[64]; /* printable US-ASCII without blanks; "-" = not known */
    long process;
};

void syslog_text(const struct output_syslog *config, const struct syslog_writer *who,
                 const struct alert *alert, struct text *t);

/* A value in quotes; and those of CEF. */
void syslog_quote(struct text *t, const char *value);
void syslog_cef_head(struct text *t, const char *value);
void syslog_cef_value(struct text *t, const char *value);
