/* talk_scene.h - one TCP conversation in clear, fed to a dissector as the session would feed it.
 *
 * What it is: lines of a script in the order of the wire; each side keeps what was not understood,
 * and a cut may fall behind any octet of the script. */
#pragma once

#include "session/dissector.h"

#include <criterion/criterion.h>
#include <string.h>

struct script {
    enum side from;
    const char *text;
    size_t n; /* 0 = to the NUL */
};

struct talk_scene {
    struct flow flow;
    struct session_world world;
    struct session session;
    struct {
        uint8_t octets[1 << 16];
        size_t n;
        uint64_t pass;
    } side[SIDES];
    enum step last;
};

static inline void scene_open(struct talk_scene *t, const struct dissector *d)
{
    memset(t, 0, sizeof *t);
    t->flow.protocol = 6;
    t->flow.port[CLIENT] = 50000;
    t->flow.port[SERVER] = d->ports[0];
    t->world.pool = pool_open(1 << 22);
    t->session.flow = &t->flow;
    t->session.world = &t->world;
    t->session.dissector = d;
    t->session.protocol = t->session.server_name = "";
    t->session.opening[CLIENT].line = t->session.opening[SERVER].line = "";
    t->session.state = arena_zalloc(&t->flow.arena, t->world.pool, d->state_size + 1);
    t->session.now = (struct tls_stamp){ 1, 1000 };
}

static inline void scene_close(struct talk_scene *t)
{
    arena_release(&t->flow.arena, t->world.pool);
    pool_close(t->world.pool);
}

static inline void scene_read(struct talk_scene *t, enum side from)
{
    struct session *s = &t->session;

    while (t->side[from].n && t->last != STEP_DONE && t->last != STEP_ALIEN) {
        if (t->side[from].pass) {
            size_t n =
                t->side[from].n < t->side[from].pass ? t->side[from].n : (size_t)t->side[from].pass;
            t->side[from].pass -= n;
            t->side[from].n -= n;
            memmove(t->side[from].octets, t->side[from].octets + n, t->side[from].n);
            continue;
        }
        struct bytes in = bytes_whole(t->side[from].octets, t->side[from].n);
        t->last = s->dissector->feed(s, s->state, from, &in);
        size_t used = t->side[from].n - in.left;
        memmove(t->side[from].octets, t->side[from].octets + used, in.left);
        t->side[from].n = in.left;
        t->side[from].pass = s->pass;
        s->pass = 0;
        if (!used)
            return;
    }
}

static inline void scene_say(struct talk_scene *t, enum side from, const void *p, size_t n)
{
    memcpy(t->side[from].octets + t->side[from].n, p, n);
    t->side[from].n += n;
    scene_read(t, from);
    t->session.now.frame++;
    t->session.now.time_ns += 1000000;
}

static inline void scene_end(struct talk_scene *t)
{
    t->session.ending = true;
    scene_read(t, CLIENT);
    scene_read(t, SERVER);
}

static inline size_t script_size(const struct script *script)
{
    return script->n ? script->n : strlen(script->text);
}

/* The whole script, cut in two at each octet of it; `check` must hold every time. */
static inline void at_every_cut(const struct dissector *d, const struct script *script, size_t n,
                                void (*check)(const struct talk *talk))
{
    static struct talk_scene t;
    size_t octets = 0;

    for (size_t i = 0; i < n; i++)
        octets += script_size(&script[i]);
    for (size_t cut = 0; cut <= octets; cut++) {
        size_t at = 0;
        scene_open(&t, d);
        for (size_t i = 0; i < n; at += script_size(&script[i]), i++) {
            size_t size = script_size(&script[i]);
            size_t first = cut > at && cut < at + size ? cut - at : size;
            scene_say(&t, script[i].from, script[i].text, first);
            if (first < size)
                scene_say(&t, script[i].from, script[i].text + first, size - first);
        }
        scene_end(&t);
        check(t.session.talk);
        scene_close(&t);
    }
    for (size_t i = 0; i < 1; i++) { /* and octet by octet */
        scene_open(&t, d);
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < script_size(&script[j]); k++)
                scene_say(&t, script[j].from, script[j].text + k, 1);
        scene_end(&t);
        check(t.session.talk);
        scene_close(&t);
    }
}

#define AT_EVERY_CUT(d, script, check) \
    at_every_cut(&(d), script, sizeof(script) / sizeof *(script), check)

static inline bool said(const struct talk *talk, enum said what, uint16_t code)
{
    for (unsigned i = 0; talk && i < talk->n; i++)
        if (talk->remark[i].said == what && talk->remark[i].code == code)
            return true;
    return false;
}
