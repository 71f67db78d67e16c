#include "keys/unsealer.h"

#include "keys/cipher.h"

#include <openssl/crypto.h>

enum { ENCRYPT_THEN_MAC = 22, LOST_MOST = 32 };

enum epoch { EPOCH_NONE, EPOCH_HANDSHAKE, EPOCH_TRAFFIC };

/* One direction of the connection. */
struct lane {
    enum epoch epoch;
    uint64_t base; /* sequence number of the epoch's first record */
    struct direction direction;
    uint32_t n_updates, n_changes; /* KeyUpdate messages, ChangeCipherSpec records */
    unsigned failed;               /* in a row */
    bool opened;                   /* some record was */
    bool pending;                  /* the epoch's secret was not known yet */
};

struct held {
    struct held *next;
    struct tls_record record; /* its body follows */
};

struct unsealer {
    struct arena *arena; /* borrowed */
    struct pool *pool;   /* borrowed */
    struct keys *keys;   /* borrowed */
    enum unsealer_state state;
    uint64_t asked; /* generation of the keys when nothing was found */
    bool has_asked;
    struct key_secrets secrets; /* of this connection */
    struct lane lane[SIDES];
    struct held *first, *last;
    struct tls_record direct; /* not held: borrowed until the next call */
    bool has_direct;
    uint32_t octets, n_held;
};

struct unsealer *unsealer_open(struct arena *arena, struct pool *pool, struct keys *keys)
{
    struct unsealer *u = arena_zalloc(arena, pool, sizeof *u);

    if (!u)
        return NULL;
    u->arena = arena;
    u->pool = pool;
    u->keys = keys;
    return u;
}

static bool is_hopeless(const struct unsealer *u)
{
    return u->state == UNSEALER_CANNOT || u->state == UNSEALER_FOREIGN;
}

/* ---- records that wait ---- */

static void hold(struct unsealer *u, const struct tls_record *record)
{
    size_t n = record->body.left;

    if (is_hopeless(u) || u->n_held >= UNSEALER_RECORDS || u->octets + n > UNSEALER_OCTETS)
        return;
    struct held *h = arena_zalloc_block(u->arena, u->pool, sizeof *h + n);
    if (!h)
        return;
    h->record = *record;
    memcpy(h + 1, record->body.at, n);
    h->record.body = bytes_whole(h + 1, n);
    if (u->last)
        u->last->next = h;
    else
        u->first = h;
    u->last = h;
    u->octets += (uint32_t)n;
    u->n_held++;
}

static void held_drop(struct unsealer *u)
{
    struct held *h = u->first;

    u->first = h->next;
    if (!u->first)
        u->last = NULL;
    u->octets -= (uint32_t)h->record.body.left;
    u->n_held--;
    arena_give_back(u->arena, u->pool, h);
}

void unsealer_take(struct unsealer *u, const struct tls_record *record)
{
    u->direct = *record;
    u->has_direct = !is_hopeless(u);
}

void unsealer_end(struct unsealer *u)
{
    while (u->first)
        held_drop(u);
    u->has_direct = false;
    OPENSSL_cleanse(u->secrets.secret, sizeof u->secrets.secret);
    OPENSSL_cleanse(u->lane, sizeof u->lane);
}

/* ---- secrets ---- */

static bool secrets_ask(struct unsealer *u, const struct tls *t)
{
    if (u->state != UNSEALER_WAITS)
        return !is_hopeless(u);
    if (!t->hello || (u->has_asked && u->asked == keys_generation(u->keys)))
        return false;
    u->has_asked = true;
    u->asked = keys_generation(u->keys);
    const struct key_secrets *found = keys_find(u->keys, t->hello->random);
    if (!found)
        return false;
    u->secrets = *found;
    u->state = UNSEALER_OPENS;
    return true;
}

/* A log that grows tells the secrets of one connection one by one. */
static void secrets_refresh(struct unsealer *u, const struct tls *t)
{
    if (u->asked == keys_generation(u->keys))
        return;
    const struct key_secrets *found = keys_find(u->keys, t->hello->random);
    u->asked = keys_generation(u->keys);
    if (found)
        u->secrets = *found;
}

static bool chose_encrypt_then_mac(struct bytes list)
{

    while (bytes_ok(&list) && list.left) {
        uint16_t type = bytes_u16(&list);
        (void)bytes_vector(&list, 2);
        if (type == ENCRYPT_THEN_MAC && bytes_ok(&list))
            return true;
    }
    return false;
}

static enum key_label label_of(enum epoch epoch, enum side side)
{
    if (epoch == EPOCH_HANDSHAKE)
        return side == CLIENT ? KEY_CLIENT_HANDSHAKE : KEY_SERVER_HANDSHAKE;
    return side == CLIENT ? KEY_CLIENT_TRAFFIC : KEY_SERVER_TRAFFIC;
}

/* The keys of an epoch whose first record has this number. */
static bool epoch_begin(struct unsealer *u, const struct tls *t, enum side side, enum epoch epoch,
                        uint64_t base)
{
    struct lane *lane = &u->lane[side];
    struct direction *d = &lane->direction;

    secrets_refresh(u, t);
    d->version = tls_version(t);
    d->tls13 = tls_is_13(t);
    d->suite = suite_of(t->server_hello.suite, d->tls13);
    d->encrypt_then_mac =
        d->suite.mode == SUITE_CBC && chose_encrypt_then_mac(t->server_hello.extensions);
    lane->base = base;
    lane->epoch = epoch;
    if (d->suite.mode == SUITE_UNREADABLE ||
        (!d->tls13 && (d->version < 0x0301 || t->opened->compressed))) {
        u->state = UNSEALER_CANNOT;
        return false;
    }
    if (!d->tls13)
        return u->secrets.octets[KEY_MASTER] && t->opened->has_server_random &&
               schedule_12(d, side, u->secrets.secret[KEY_MASTER], t->hello->random,
                           t->opened->server_random);
    enum key_label label = label_of(epoch, side);
    return u->secrets.octets[label] &&
           schedule_13(d, u->secrets.secret[label], u->secrets.octets[label]);
}

/* After its Finished a side changes to the secrets of application traffic, after a KeyUpdate to the
 * next of those (RFC 8446 sections 4.4.4, 4.6.3, 7.2). */
static void epoch_follow(struct unsealer *u, struct tls *t, const struct tls_record *record)
{
    enum side side = (enum side)record->from;
    struct lane *lane = &u->lane[side];
    enum key_label label = label_of(EPOCH_TRAFFIC, side);

    if (!lane->direction.tls13)
        return;
    if (lane->epoch == EPOCH_HANDSHAKE && t->opened->finished[side].frame) {
        lane->pending = !epoch_begin(u, t, side, EPOCH_TRAFFIC, record->sequence + 1);
    } else if (lane->n_updates != t->opened->n_updates[side]) {
        lane->n_updates = t->opened->n_updates[side];
        if (schedule_13_update(&lane->direction, u->secrets.secret[label],
                               u->secrets.octets[label]) &&
            schedule_13(&lane->direction, u->secrets.secret[label], u->secrets.octets[label]))
            lane->base = record->sequence + 1;
    }
}

/* Up to TLS 1.2 a renegotiation, read with the keys before it, has secrets of its own. */
static void epoch_again(struct unsealer *u, const struct tls *t, const struct tls_record *record)
{
    enum side side = (enum side)record->from;
    struct lane *lane = &u->lane[side];
    struct direction *d = &lane->direction;
    const struct tls_again *again = &t->opened->again;
    bool first = lane->n_changes == 0;

    lane->n_changes = t->opened->n_key_changes[side];
    if (first || !again->hello[CLIENT] || !again->hello[SERVER])
        return;
    const struct key_secrets *found = keys_find(u->keys, again->random[CLIENT]);
    d->suite = suite_of(again->suite, false);
    d->encrypt_then_mac = d->suite.mode == SUITE_CBC && chose_encrypt_then_mac(again->extensions);
    if (found && found->octets[KEY_MASTER] &&
        schedule_12(d, side, found->secret[KEY_MASTER], again->random[CLIENT],
                    again->random[SERVER]))
        lane->base = record->sequence;
}

/* ---- one record ---- */

/* Records that were missed have taken numbers: the next few are tried. */
static bool record_try(struct lane *lane, const struct tls *t, const struct tls_record *record,
                       uint8_t *out, struct unsealed *unsealed)
{
    unsigned tries = t->half[record->from].lost ? LOST_MOST : 1;

    for (unsigned i = 0; i < tries; i++) {
        struct sealed sealed = { .sequence = record->sequence - lane->base + i,
                                 .type = record->type,
                                 .version = record->version,
                                 .body = record->body };
        if (cipher_open(&lane->direction, &sealed, out, unsealed)) {
            lane->base -= i;
            return true;
        }
    }
    return false;
}

/* Early data has keys of its own, which nobody needs: it is passed over (RFC 8446 section 4.2.10).
 */
static bool is_early_data(const struct lane *lane, const struct tls *t,
                          const struct tls_record *record)
{
    return lane->direction.tls13 && record->from == CLIENT && !lane->opened && t->hello &&
           t->hello->early_data;
}

static void record_failed(struct unsealer *u, struct lane *lane, struct tls *t,
                          const struct tls_record *record)
{
    tls_unopened(t, record);
    if (is_early_data(lane, t, record))
        lane->base = record->sequence + 1;
    else if (++lane->failed >= UNSEALER_PATIENCE && !lane->opened)
        u->state = UNSEALER_FOREIGN;
}

static void record_open(struct unsealer *u, struct tls *t, const struct tls_record *record)
{
    struct lane *lane = &u->lane[record->from];
    struct unsealed unsealed;
    uint8_t *out = keys_scratch(u->keys);
    bool tls13 = tls_is_13(t);

    if (lane->epoch == EPOCH_NONE &&
        !epoch_begin(u, t, (enum side)record->from, tls13 ? EPOCH_HANDSHAKE : EPOCH_TRAFFIC,
                     tls13 ? record->sequence : 0)) {
        lane->epoch = is_hopeless(u) ? EPOCH_TRAFFIC : EPOCH_NONE; /* the log may grow */
        tls_unopened(t, record);
        return;
    }
    if (!tls13 && lane->n_changes != t->opened->n_key_changes[record->from])
        epoch_again(u, t, record);
    if (lane->pending)
        lane->pending = !epoch_begin(u, t, (enum side)record->from, lane->epoch, lane->base);
    if (lane->pending || record->body.left > KEYS_SCRATCH || lane->failed >= UNSEALER_PATIENCE ||
        !record_try(lane, t, record, out, &unsealed)) {
        record_failed(u, lane, t, record);
        return;
    }
    lane->opened = true;
    lane->failed = 0;
    tls_unsealed(t, record, unsealed.type, bytes_whole(out, unsealed.n));
    epoch_follow(u, t, record);
}

/* What is held goes first; what has just come is held when its turn is not yet. */
bool unsealer_next(struct unsealer *u, struct tls *t)
{
    if (is_hopeless(u)) {
        while (u->first)
            held_drop(u);
        return false;
    }
    if (!secrets_ask(u, t)) {
        if (u->has_direct)
            hold(u, &u->direct);
        u->has_direct = false;
        return false;
    }
    if (u->first) {
        record_open(u, t, &u->first->record);
        held_drop(u);
        return true;
    }
    if (!u->has_direct)
        return false;
    u->has_direct = false;
    record_open(u, t, &u->direct);
    return true;
}

enum unsealer_state unsealer_state(const struct unsealer *u) { return u->state; }

enum keys_origin unsealer_origin(const struct unsealer *u)
{
    return u->state == UNSEALER_WAITS ? KEYS_NONE : (enum keys_origin)u->secrets.origin;
}
