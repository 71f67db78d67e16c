/* scene.c - how long the capture watched. */
#include "verdict/verdict.h"

int64_t scene_watched_until(const struct scene *scene, uint64_t frame)
{
    uint32_t n = scene->n_breaks < CLOCK_BREAKS ? scene->n_breaks : CLOCK_BREAKS;

    for (uint32_t i = 0; i < n; i++)
        if (scene->breaks[i].frame > frame)
            return scene->breaks[i].before_ns;
    if (scene->n_breaks > CLOCK_BREAKS) /* behind more leaps than are kept nobody knows */
        return INT64_MIN;
    bool gone = scene->unwatched_ns && scene->unwatched_ns < scene->last_ns;
    return gone ? scene->unwatched_ns : scene->last_ns;
}

bool scene_missed(const struct scene *scene, uint64_t first_frame, int64_t last_ns)
{
    uint32_t n = scene->n_breaks < CLOCK_BREAKS ? scene->n_breaks : CLOCK_BREAKS;

    for (uint32_t i = 0; i < n; i++)
        if (scene->breaks[i].partly && scene->breaks[i].frame > first_frame &&
            scene->breaks[i].before_ns < last_ns)
            return true;
    return scene->unwatched_ns && scene->unwatched_ns < last_ns;
}

bool scene_lost(const struct scene *scene, int64_t from_ns, int64_t to_ns)
{
    for (size_t i = 0; i < scene->n_losses; i++)
        if (scene->losses[i].from_ns <= to_ns && scene->losses[i].to_ns >= from_ns)
            return true;
    return false;
}
