/* sets_rules.h - the rules that sets_find asks, each about a failing group, one port of a server,
 * or all ports of a server (n offers from the given one on); and what they share. */
#pragma once

#include "correlate/outcomes.h"

void rule_owner_of_silence(struct outcomes *o, struct group *g);
void rule_only_one(struct outcomes *o, struct group *g);
void rule_time_dependent(struct outcomes *o, struct group *g);
void rule_size_dependent(struct outcomes *o, struct group *g);

/* sets_port.c */
void rule_only_blocked(struct outcomes *o, struct group *g);
void rule_other_port(struct outcomes *o, struct group *g);
void rule_server_down(struct outcomes *o, const struct offer *offers, size_t n);
void rule_undocumented(struct outcomes *o, const struct offer *offers, size_t n);

/* sets_mixed.c */
void rule_intermittent(struct outcomes *o, const struct offer *offer);
void rule_versions(struct outcomes *o, const struct offer *offer);
void rule_ipv6(struct outcomes *o, const struct offer *offer);

/* sets_shown.c */
void rule_selective(struct outcomes *o, struct group *g);

/* Adds this client, with the frame of its first failure there; and all members of a group. */
void set_add_client(struct outcomes *o, struct group *set, const struct address *client,
                    const struct address *server, uint16_t port);
void set_add_group(struct outcomes *o, struct group *set, struct group *g);
