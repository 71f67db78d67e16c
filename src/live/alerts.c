#include "correlate/checkin.h"
#include "live/alerts_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS_AT_ONCE = 2 };

static const int64_t second_ns = 1000000000;
static const int64_t gather_ns = 5 * 1000000000LL; /* what a group may tell waits for the others */
static const int64_t restless_ns = 900 * 1000000000LL; /* ALERT_CHANGES in so long */
static const int64_t sightless_ns = 10 * 1000000000LL; /* no packet for so long is no sight */

static bool alarms_open(struct table *t)
{
    return table_open(t, sizeof(struct alarm_key), sizeof(struct alarm), ALERTS_OPEN);
}

struct alerts *alerts_open(const struct alert_rules *rules)
{
    struct alerts *a = calloc(1, sizeof *a);

    if (a && alarms_open(&a->alarms)) {
        a->rules = *rules;
        return a;
    }
    free(a);
    return NULL;
}

void alerts_close(struct alerts *a)
{
    if (!a)
        return;
    table_close(&a->alarms);
    free(a);
}

static const struct alert_rule *rule_at(const struct alerts *a, size_t i)
{
    return &a->rules.rule[i];
}

static bool is_of_endpoint(const struct alert_rule *rule)
{
    return rule->when == ALERT_FAILING || rule->when == ALERT_MISSED;
}

/* ---- the list of alarms ---- */

static bool is_over(const struct alarm *alarm, int64_t now_ns)
{
    int64_t latest_ns = alarm->changes_ns[ALERT_CHANGES - 1];
    return !alarm->holds && !alarm->told && !alarm->held &&
           (!latest_ns || now_ns - latest_ns > restless_ns || now_ns < latest_ns);
}

static const uint16_t no_rule = UINT16_MAX;

/* Copies what is not over; places[] says which number a rule has from here on. */
static void copy_alarms(struct alerts *a, const uint16_t places[ALERTS_MAX], int64_t now_ns)
{
    struct table fresh;

    if (!alarms_open(&fresh))
        return;
    a->n_told = 0;
    for (size_t i = 0; i < a->alarms.n; i++) {
        struct alarm_key key;
        const struct alarm *alarm = table_at(&a->alarms, i);
        memcpy(&key, table_key(&a->alarms, i), sizeof key);
        key.rule = places[key.rule];
        struct alarm *copy =
            key.rule == no_rule || is_over(alarm, now_ns) ? NULL : table_put(&fresh, &key);
        if (!copy)
            continue;
        *copy = *alarm;
        a->n_told += copy->told;
    }
    table_close(&a->alarms);
    a->alarms = fresh;
}

static void sweep(struct alerts *a, int64_t now_ns)
{
    uint16_t same[ALERTS_MAX];

    if (a->alarms.n < ALERTS_OPEN / 4 * 3)
        return;
    for (uint16_t i = 0; i < ALERTS_MAX; i++)
        same[i] = i;
    copy_alarms(a, same, now_ns);
}

void alerts_rule(struct alerts *a, const struct alert_rules *rules)
{
    uint16_t places[ALERTS_MAX];

    for (size_t i = 0; i < ALERTS_MAX; i++)
        places[i] = no_rule;
    for (size_t i = 0; i < a->rules.n; i++) {
        const struct alert_rule *other = alert_find(rules, a->rules.rule[i].name);
        if (other && other->send && other->when == a->rules.rule[i].when)
            places[i] = (uint16_t)(other - rules->rule);
    }
    a->n = 0; /* what waits names rules that go */
    copy_alarms(a, places, 0);
    a->rules = *rules;
}

static struct alarm *alarm_of(struct alerts *a, const struct alarm_key *key)
{
    struct alarm *alarm = table_put(&a->alarms, key);

    a->n_beyond += !alarm;
    return alarm;
}

/* ---- telling ---- */

static bool has_room(const struct alerts *a) { return a->n < ALERT_QUEUE; }

static struct alert *enqueue(struct alerts *a)
{
    return &a->queue[(a->first + a->n++) % ALERT_QUEUE];
}

/* Of an endpoint its own file; of a group that of any of them. */
static bool is_about(const struct filed *filed, const struct alarm_key *key,
                     const struct alarm *alarm, bool of_endpoint)
{
    return alarm->id != F_NONE && filed->id == alarm->id && filed->port == alarm->port &&
           (!of_endpoint || address_equal(&filed->client, &key->client));
}

/* Missed check-ins and blindness have no packets. */
static bool has_packets(const struct alert_rule *rule)
{
    return rule->when == ALERT_FAILING || rule->when == ALERT_GROUP;
}

static const char *filed_of(const struct alerts *a, const struct alarm_key *key,
                            const struct alarm *alarm)
{
    const struct alert_rule *rule = rule_at(a, key->rule);

    for (size_t i = 0; has_packets(rule) && i < a->n_filed && i < ALERT_FILES; i++) {
        const struct filed *filed = &a->filed[(a->n_filed - 1 - i) % ALERT_FILES];
        if (is_about(filed, key, alarm, is_of_endpoint(rule)))
            return filed->name;
    }
    return "";
}

static void tell(struct alerts *a, const struct alarm_key *key, struct alarm *alarm,
                 enum alert_change change, int64_t now_ns)
{
    struct alert *out = enqueue(a);

    *out = (struct alert){ .change = change,
                           .rule = rule_at(a, key->rule),
                           .of_endpoint = is_of_endpoint(rule_at(a, key->rule)),
                           .client = key->client,
                           .server = alarm->server,
                           .port = alarm->port,
                           .id = alarm->id,
                           .endpoints = alarm->endpoints,
                           .since_ns = alarm->since_ns,
                           .time_ns = now_ns };
    text_copy(out->evidence, sizeof out->evidence, filed_of(a, key, alarm));
    alarm->filed = out->evidence[0] != '\0';
    alert_tell(alarm, out);
}

void alerts_filed(struct alerts *a, const struct filed *filed, int64_t now_ns)
{
    a->filed[a->n_filed++ % ALERT_FILES] = *filed;
    for (size_t i = 0; i < a->alarms.n && has_room(a); i++) {
        const struct alarm_key *key = table_key(&a->alarms, i);
        struct alarm *alarm = table_at(&a->alarms, i);
        const struct alert_rule *rule = rule_at(a, key->rule);
        if (alarm->told && !alarm->held && !alarm->filed && has_packets(rule) &&
            is_about(filed, key, alarm, is_of_endpoint(rule)))
            tell(a, key, alarm, ALERT_FILED, now_ns);
    }
}

bool alerts_next(struct alerts *a, struct alert *out)
{
    if (!a->n)
        return false;
    *out = a->queue[a->first];
    a->first = (a->first + 1) % ALERT_QUEUE;
    a->n--;
    return true;
}

size_t alerts_active(const struct alerts *a) { return a->n_told; }

static void note_change(struct alarm *alarm, int64_t now_ns)
{
    memmove(alarm->changes_ns, alarm->changes_ns + 1,
            (ALERT_CHANGES - 1) * sizeof *alarm->changes_ns);
    alarm->changes_ns[ALERT_CHANGES - 1] = now_ns;
}

static bool is_restless(const struct alarm *alarm, int64_t now_ns)
{
    int64_t oldest_ns = alarm->changes_ns[0];
    return oldest_ns && now_ns >= oldest_ns && now_ns - oldest_ns < restless_ns;
}

static void set_told(struct alerts *a, struct alarm *alarm, bool told)
{
    a->n_told += (size_t)told - (size_t)alarm->told;
    alarm->told = told;
}

/* It is otherwise than others know. */
static void change(struct alerts *a, const struct alarm_key *key, struct alarm *alarm,
                   int64_t now_ns)
{
    note_change(alarm, now_ns);
    alarm->held = is_restless(alarm, now_ns);
    set_told(a, alarm, alarm->holds);
    tell(a, key, alarm,
         alarm->held     ? ALERT_RESTLESS
         : alarm->holds  ? ALERT_BEGINS
         : alarm->leaves ? ALERT_LEAVES
                         : ALERT_ENDS,
         now_ns);
}

/* Restless no more: what it came to is told. */
static void settle(struct alerts *a, const struct alarm_key *key, struct alarm *alarm,
                   int64_t now_ns)
{
    alarm->held = false;
    set_told(a, alarm, alarm->holds);
    tell(a, key, alarm, alarm->holds ? ALERT_BEGINS : ALERT_ENDS, now_ns);
}

/* Does a group tell it already? */
static bool is_covered(const struct alerts *a, size_t rule, const struct alarm *alarm)
{
    for (size_t i = 0; i < a->rules.n; i++) {
        struct alarm_key key = { .id = alarm->id, .port = alarm->port, .rule = (uint16_t)i };
        if (rule_at(a, i)->when != ALERT_GROUP || !rule_at(a, i)->send ||
            strcmp(rule_at(a, i)->replaces, rule_at(a, rule)->name))
            continue;
        const struct alarm *group = table_get(&a->alarms, &key);
        if (group && group->told)
            return true;
    }
    return false;
}

static bool may_be_replaced(const struct alerts *a, size_t rule)
{
    for (size_t i = 0; i < a->rules.n; i++)
        if (rule_at(a, i)->send && !strcmp(rule_at(a, i)->replaces, rule_at(a, rule)->name))
            return true;
    return false;
}

static bool waits(const struct alerts *a, const struct alarm_key *key, const struct alarm *alarm,
                  int64_t now_ns)
{
    if (!alarm->holds || !may_be_replaced(a, key->rule))
        return false;
    return now_ns - alarm->holds_ns < gather_ns || is_covered(a, key->rule, alarm);
}

static void decide(struct alerts *a, const struct alarm_key *key, struct alarm *alarm,
                   int64_t now_ns)
{
    bool held_before = alarm->holds;
    int64_t latest_ns = alarm->changes_ns[ALERT_CHANGES - 1];

    alarm->holds = alarm->look == a->look;
    if (alarm->holds && !held_before)
        alarm->holds_ns = now_ns;
    if (!has_room(a))
        return;
    if (alarm->held) {
        if (alarm->holds != held_before)
            note_change(alarm, now_ns);
        else if (now_ns - latest_ns >= restless_ns || now_ns < latest_ns)
            settle(a, key, alarm, now_ns);
    } else if (alarm->holds != alarm->told && !waits(a, key, alarm, now_ns)) {
        change(a, key, alarm, now_ns);
    }
}

static void decide_all(struct alerts *a, int64_t now_ns, bool groups)
{
    for (size_t i = 0; i < a->alarms.n; i++) {
        const struct alarm_key *key = table_key(&a->alarms, i);
        if ((rule_at(a, key->rule)->when == ALERT_GROUP) == groups)
            decide(a, key, table_at(&a->alarms, i), now_ns);
    }
}

/* ---- endpoints ---- */

static int64_t interval_of(const struct board_sight *s, const struct alert_facts *facts)
{
    return s->interval_ns       ? s->interval_ns
           : facts->interval_ns ? facts->interval_ns
                                : CHECKIN_DEFAULT_S * second_ns;
}

/* So long, and more than one attempt; a scanner makes one. */
static bool fails_long(const struct alert_rule *rule, const struct board_sight *s,
                       const struct board_failing *f, const struct alert_facts *facts)
{
    int64_t least_ns = rule->count ? rule->count * interval_of(s, facts) : rule->time_s * second_ns;
    return f->in_a_row >= ATTEMPTS_AT_ONCE && facts->now_ns - f->since_ns >= least_ns;
}

/* The service that fails for longest. */
static const struct board_failing *failing_long(const struct alert_rule *rule,
                                                const struct board_sight *s,
                                                const struct alert_facts *facts)
{
    const struct board_failing *found = NULL;

    for (size_t i = 0; i < s->n_failing; i++)
        if (fails_long(rule, s, &s->failing[i], facts) &&
            (!found || s->failing[i].since_ns < found->since_ns))
            found = &s->failing[i];
    return found;
}

static void look_at_failing(struct alerts *a, struct alarm_key *key, const struct board_sight *s,
                            const struct alert_facts *facts)
{
    const struct board_failing *f = failing_long(rule_at(a, key->rule), s, facts);
    struct alarm *known = table_get(&a->alarms, key);
    struct alarm *alarm = f ? alarm_of(a, key) : NULL;

    if (!f && known && known->told && s->n_failing)
        known->look = a->look; /* once told, it lasts until all of its services work */
    if (!alarm)
        return;
    alarm->look = a->look;
    if (alarm->told) /* the end is told of what began */
        return;
    alarm->server = f->server;
    alarm->port = f->port;
    alarm->id = f->id;
    alarm->since_ns = f->since_ns;
}

static void look_at_missed(struct alerts *a, struct alarm_key *key, const struct board_sight *s,
                           const struct alert_facts *facts)
{
    const struct alert_rule *rule = rule_at(a, key->rule);
    int64_t age_ns = facts->now_ns - s->silent_ns;

    if (!s->interval_ns || !s->silent_ns || s->gone || s->n_failing ||
        age_ns / s->interval_ns < rule->count)
        return;
    struct alarm *known = table_get(&a->alarms, key);
    if (!s->seen_since && !(known && known->told))
        return; /* it may be switched off */
    struct alarm *alarm = alarm_of(a, key);
    if (!alarm)
        return;
    alarm->look = a->look;
    alarm->id = F_CHECKIN_MISSED;
    alarm->interval_ns = s->interval_ns;
    alarm->since_ns = s->silent_ns;
    if (!alarm->told)
        alarm->missed = (uint16_t)(age_ns / s->interval_ns);
}

static void look_at_endpoint(struct alerts *a, const struct board_sight *s,
                             const struct alert_facts *facts)
{
    for (size_t i = 0; i < a->rules.n; i++) {
        struct alarm_key key = { .client = s->client, .rule = (uint16_t)i };
        if (!rule_at(a, i)->send || !is_of_endpoint(rule_at(a, i)))
            continue;
        struct alarm *known = table_get(&a->alarms, &key);
        if (known)
            known->leaves = s->gone;
        if (rule_at(a, i)->when == ALERT_FAILING)
            look_at_failing(a, &key, s, facts);
        else
            look_at_missed(a, &key, s, facts);
    }
}

/* ---- groups ---- */

static struct address network_of(const struct address *client)
{
    struct address network = *client;
    bool ipv4 = address_is_ipv4(client);

    memset(network.octet + (ipv4 ? 15 : 8), 0, ipv4 ? 1 : 8);
    return network;
}

static struct alert_cause *cause_of(struct alerts *a, const struct board_failing *f,
                                    const struct address *client)
{
    size_t i = 0;

    while (i < a->n_causes && (a->cause[i].id != f->id || a->cause[i].port != f->port))
        i++;
    if (i == ALERT_CAUSES)
        return NULL;
    if (i == a->n_causes)
        a->cause[a->n_causes++] = (struct alert_cause){ .id = f->id,
                                                        .port = f->port,
                                                        .server = f->server,
                                                        .network = network_of(client),
                                                        .one_network = true,
                                                        .since_ns = f->since_ns };
    return &a->cause[i];
}

/* An endpoint that fails in one way at two servers counts once. */
static bool is_first(const struct board_sight *s, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (s->failing[k].id == s->failing[i].id && s->failing[k].port == s->failing[i].port)
            return false;
    return true;
}

static void count_causes(struct alerts *a, const struct board_sight *s, int64_t now_ns)
{
    struct address network = network_of(&s->client);

    for (size_t i = 0; i < s->n_failing; i++) {
        const struct board_failing *f = &s->failing[i];
        struct alert_cause *c = is_first(s, i) ? cause_of(a, f, &s->client) : NULL;
        if (!c)
            continue;
        c->failing++;
        c->one_network = c->one_network && address_equal(&c->network, &network);
        c->since_ns = f->since_ns < c->since_ns ? f->since_ns : c->since_ns;
        for (size_t k = 0; k < a->rules.n; k++)
            c->recent[k] += now_ns - f->since_ns <= rule_at(a, k)->time_s * second_ns;
    }
}

/* It begins with so many, and is over when half of them are left. */
static void look_at_cause(struct alerts *a, const struct alert_cause *c, size_t rule)
{
    struct alarm_key key = { .id = c->id, .port = c->port, .rule = (uint16_t)rule };
    uint32_t count = rule_at(a, rule)->count;
    struct alarm *known = table_get(&a->alarms, &key);
    bool lasts = known && known->holds && c->failing >= (count + 1) / 2;
    struct alarm *alarm = c->recent[rule] >= count || lasts ? alarm_of(a, &key) : known;

    if (!alarm)
        return;
    if (alarm != known || lasts || c->recent[rule] >= count)
        alarm->look = a->look;
    alarm->endpoints = c->failing;
    if (alarm->told)
        return;
    alarm->id = c->id;
    alarm->port = c->port;
    alarm->server = c->server;
    alarm->network = c->network;
    alarm->one_network = c->one_network;
    alarm->since_ns = c->since_ns;
}

static void look_at_groups(struct alerts *a)
{
    for (size_t i = 0; i < a->alarms.n; i++) /* whoever is not counted below fails no more */
        ((struct alarm *)table_at(&a->alarms, i))->endpoints = 0;
    for (size_t i = 0; i < a->rules.n; i++)
        for (size_t k = 0;
             rule_at(a, i)->when == ALERT_GROUP && rule_at(a, i)->send && k < a->n_causes; k++)
            look_at_cause(a, &a->cause[k], i);
}

/* ---- the capture ---- */

/* F_NONE = it sees. */
static enum finding_id blind_by(struct alerts *a, const struct alert_facts *facts)
{
    if (facts->drops != a->drops) {
        a->drops = facts->drops;
        a->drops_ns = facts->now_ns;
    }
    if (!facts->last_packet_ns || facts->now_ns - facts->last_packet_ns > sightless_ns)
        return F_CAPTURE_NOTHING_RELEVANT;
    if (facts->one_way)
        return F_CAPTURE_ONE_WAY;
    return a->drops_ns && facts->now_ns - a->drops_ns < sightless_ns ? F_CAPTURE_LOSSY : F_NONE;
}

static void look_at_capture(struct alerts *a, const struct alert_facts *facts)
{
    enum finding_id id = blind_by(a, facts);

    if (id == F_NONE || !a->sight_ns || a->sight_ns > facts->now_ns)
        a->sight_ns = facts->now_ns;
    for (size_t i = 0; id != F_NONE && i < a->rules.n; i++) {
        struct alarm_key key = { .rule = (uint16_t)i };
        const struct alert_rule *rule = rule_at(a, i);
        if (rule->when != ALERT_BLIND || !rule->send ||
            facts->now_ns - a->sight_ns < rule->time_s * second_ns)
            continue;
        struct alarm *alarm = alarm_of(a, &key);
        if (!alarm)
            continue;
        alarm->look = a->look;
        if (alarm->told)
            continue;
        alarm->id = id;
        alarm->since_ns = a->sight_ns;
    }
}

/* ---- one look ---- */

static void tell_beyond(struct alerts *a, int64_t now_ns)
{
    if (a->n_beyond && !a->beyond_told && has_room(a)) {
        struct alert *out = enqueue(a);
        *out = (struct alert){ .change = ALERT_BEYOND, .rule = rule_at(a, 0), .time_ns = now_ns };
        snprintf(out->text, sizeof out->text, "%zu more alarms than the %d that are kept",
                 a->n_beyond, ALERTS_OPEN);
        a->beyond_told = true;
    }
    a->beyond_told = a->beyond_told && a->n_beyond;
}

void alerts_look(struct alerts *a, const struct board *board, const struct alert_facts *facts)
{
    struct board_sight sight;

    sweep(a, facts->now_ns);
    a->look++;
    a->n_causes = a->n_beyond = 0;
    for (size_t i = 0; i < board_count(board); i++) {
        board_look(board, i, facts->now_ns, &sight);
        count_causes(a, &sight, facts->now_ns);
        look_at_endpoint(a, &sight, facts);
    }
    look_at_groups(a);
    look_at_capture(a, facts);
    decide_all(a, facts->now_ns, true); /* so that what groups tell is not told again */
    decide_all(a, facts->now_ns, false);
    tell_beyond(a, facts->now_ns);
}

/* ---- over a restart ---- */

bool alerts_keep(const struct alerts *a, size_t *cursor, struct alert_kept *out)
{
    for (; *cursor < a->alarms.n; ++*cursor) {
        const struct alarm_key *key = table_key(&a->alarms, *cursor);
        const struct alarm *alarm = table_at(&a->alarms, *cursor);
        if (!alarm->told && !alarm->held)
            continue;
        *out = (struct alert_kept){ .client = key->client,
                                    .port = alarm->port,
                                    .id = alarm->id,
                                    .told = alarm->told,
                                    .held = alarm->held,
                                    .since_ns = alarm->since_ns };
        text_copy(out->rule, sizeof out->rule, rule_at(a, key->rule)->name);
        memcpy(out->changes_ns, alarm->changes_ns, sizeof out->changes_ns);
        ++*cursor;
        return true;
    }
    return false;
}

bool alerts_resume(struct alerts *a, const struct alert_kept *kept)
{
    const struct alert_rule *rule = alert_find(&a->rules, kept->rule);

    if (!rule || !rule->send)
        return true;
    struct alarm_key key = { .client = kept->client, .rule = (uint16_t)(rule - a->rules.rule) };
    if (rule->when == ALERT_GROUP) {
        key.id = kept->id;
        key.port = kept->port;
    }
    if (table_get(&a->alarms, &key))
        return false;
    struct alarm *alarm = table_put(&a->alarms, &key);
    if (!alarm)
        return false;
    alarm->holds = kept->told;
    alarm->held = kept->held;
    alarm->port = kept->port;
    alarm->id = kept->id;
    alarm->since_ns = kept->since_ns;
    memcpy(alarm->changes_ns, kept->changes_ns, sizeof alarm->changes_ns);
    set_told(a, alarm, kept->told);
    return true;
}
