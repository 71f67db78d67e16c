/* The clock was set: what is known moves along, or ages would be wrong by as much. */
#include "live/board_inside.h"

static void move(int64_t *time_ns, int64_t by_ns) { *time_ns += *time_ns ? by_ns : 0; }

void board_move(struct board *b, int64_t by_ns)
{
    move(&b->resumed_ns, by_ns);
    for (size_t i = 0; i < b->endpoints.n; i++) {
        struct endpoint_state *e = table_at(&b->endpoints, i);

        move(&e->last_ns, by_ns);
        for (size_t k = 0; k < e->n_times; k++)
            move(&e->times[k], by_ns);
        for (size_t k = 0; k < e->n_places; k++) {
            move(&e->place[k].since_ns, by_ns);
            move(&e->place[k].failed_ns, by_ns);
            move(&e->place[k].worked_ns, by_ns);
        }
    }
}
