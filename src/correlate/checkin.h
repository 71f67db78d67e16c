/* checkin.h - one endpoint over time: how often it checks in, and whether it stopped.
 *
 * What it is: a check-in is an exchange that worked, with data, on a check-in port of the profile.
 * The interval is learned from the distances between them (their median, of the latest ones where
 * it changed); missed ones are counted only where the endpoint was seen awake when it should have
 * checked in, by a failed attempt or by something else that it did.
 * What it refuses: calling a silent endpoint missing.  A laptop that is closed, or gone, looks like
 * nothing at all.  A gap of the capture is no gap of the endpoint.
 * Addresses that follow each other on one network card are one endpoint, when no router stands
 * between it and the capture.
 * Units: times in ns on the capture's clock.  Needs four intervals before it says anything, or one
 * that is configured. */
#pragma once

#include "correlate/sets.h"

enum { CHECKIN_LEAST = 4, CHECKIN_DEFAULT_S = 300 };

/* Fills the check-ins of all endpoints, and raises checkin.*; once, when all was counted. */
void checkins_find(struct summary *s, const struct scene *scene);

/* Endpoints that went to the backup after failures at the primary, and those that check in where
 * the site expects nobody (checkin_server.c).  Says nothing where no server is configured. */
void checkin_servers_find(struct summary *s, const struct scene *scene);
