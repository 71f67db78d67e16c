/* gone.h - a client that leaves after a short answer, and is back soon, again and again.
 *
 * What it is: of the services that lead to an EMS, the latest row of such exchanges and the
 * longest; at the end the finding app.reply_then_client_gone for those that are long enough. What
 * it refuses: exchanges at a regular interval, which are check-ins; those that follow at once,
 * which are one piece of work; replies whose size nobody can tell.
 * Bounds: GONE_SERVICES rows; a service without a row worth keeping makes room for another.
 * Units: times in ns on the capture's clock. */
#pragma once

#include "verdict/verdict.h"

struct goners; /* opaque */

struct summary;
struct service_count;

void goners_close(struct goners *goners); /* accepts NULL */

/* One connection that was judged, of this service. */
void goners_note(struct summary *s, const struct scene *scene, const struct service_count *service,
                 const struct verdict *v);
void goners_find(struct summary *s);

/* Did the client end an exchange whose answer was short? */
bool gone_after_reply(const struct verdict *v);
