#include "report/shown.h"

static void begin_shown(struct shown *shown, const struct verdict *verdict,
                        const struct shown_key *key)
{
    const struct flow *flow = verdict->flow;
    const struct session *session = flow->session;
    const char *name = session->server_name ? session->server_name : "";

    if (session->tls)
        shown->at = session->tls->certificate[key->side];
    if (!shown->at.frame)
        shown->at = (struct tls_stamp){ .time_ns = flow->first_ns };
    shown->version = session->tls ? tls_version(session->tls) : 0;
    shown->n_chain = session->n_chain[key->side];
    shown->whole = !session->chain_cut[key->side];
    shown->trust = verdict->trust[key->side];
    if (key->position == 0 && shown->whole)
        shown->order = (uint8_t)chain_order(session->chain[key->side], shown->n_chain);
    if (key->side == SERVER && key->position == 0 && name[0])
        shown->name = cert_names_host(key->cert, name) ? SHOWN_NAME_FITS : SHOWN_NAME_OTHER;
}

void shown_note(struct table *places, const struct verdict *verdict)
{
    const struct flow *flow = verdict->flow;
    const struct session *session = flow->session;
    struct shown_key key;

    if (!session || (!session->n_chain[SERVER] && !session->n_chain[CLIENT]))
        return;
    memset(&key, 0, sizeof key);
    key.server = flow->address[SERVER];
    key.port = flow->port[SERVER];
    for (int side = SERVER; side >= CLIENT; side--) {
        key.side = (uint8_t)side;
        for (size_t i = 0; i < session->n_chain[side]; i++) {
            key.position = (uint8_t)i;
            key.cert = session->chain[side][i];
            struct shown *shown = table_put(places, &key);
            if (shown && !shown->connections++)
                begin_shown(shown, verdict, &key);
        }
    }
}
