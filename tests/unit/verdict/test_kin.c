/* What other connections of the capture tell about one: told packet by packet through the table. */
#include "../flow/wire.h"
#include "verdict/kin.h"
#include "verdict/served.h"

static struct wire w;
static struct kin kin;
static struct scene scene;
static struct profile profile;

static void begin(void)
{
    w = wire_open();
    kin = (struct kin){ .flows = w.flows };
    scene = (struct scene){ .scope = SCOPE_ALL, .kin = &kin, .profile = &profile };
    scene.hosts = hosts_open(16);
    scene.names = names_open();
    scene.served = served_open();
}

static void over(void)
{
    hosts_close((struct hosts *)scene.hosts);
    names_close((struct names *)scene.names);
    served_close((struct served *)scene.served);
    flows_close(w.flows);
}

static struct flow *sends(enum side from, uint8_t flags, uint32_t seq, uint32_t ack, size_t n)
{
    struct packet p = wire_segment(&w, from, flags, seq, ack, n);
    w.now_ns += 10 * MS;
    return wire_take(&w, &p);
}

static struct flow *opens(void)
{
    sends(CLIENT, TCP_SYN, 0, 0, 0);
    sends(SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
    return sends(CLIENT, TCP_ACK, 1, 1, 0);
}

/* 100 octets each way. */
static struct flow *exchanges(void)
{
    struct flow *flow = opens();
    sends(CLIENT, TCP_ACK, 1, 1, 100);
    sends(SERVER, TCP_ACK, 1, 101, 100);
    sends(CLIENT, TCP_ACK, 101, 101, 0);
    return flow;
}

static void closes(void)
{
    sends(SERVER, TCP_FIN | TCP_ACK, 101, 101, 0);
    sends(CLIENT, TCP_FIN | TCP_ACK, 101, 102, 0);
    sends(SERVER, TCP_ACK, 102, 102, 0);
}

static struct raised judged(const struct flow *flow)
{
    struct verdict v;

    scene.last_ns = w.now_ns;
    scene.last_frame = w.frame;
    scene.connections = 2;
    verdict_of(&scene, flow, &v);
    return v.primary;
}

/* A segment of the client, sent three times and never acknowledged. */
static struct flow *repeats(struct flow *flow)
{
    for (int i = 0; i < 3; i++) {
        sends(CLIENT, TCP_ACK, 1, 1, 100);
        w.now_ns += 2 * SECOND;
    }
    w.now_ns += 4 * SECOND;
    return flow;
}

/* The same ports again, `pause` after a connection that ended if `ended`. */
static enum finding_id reused(int64_t pause, bool ended)
{
    begin();
    exchanges();
    if (ended)
        closes();
    w.now_ns += pause;
    w.isn[CLIENT] += 1000000;
    w.isn[SERVER] += 1000000;
    struct raised r = judged(repeats(opens()));
    over();
    return r.id;
}

Test(kin, a_port_used_again_at_once_and_then_silence)
{
    cr_assert_eq(reused(100 * MS, true), F_TCP_PORT_REUSE_CONFLICT);
}

Test(kin, not_when_the_port_had_rested_a_second)
{
    cr_assert_neq(reused(1500 * MS, true), F_TCP_PORT_REUSE_CONFLICT);
}

Test(kin, not_when_the_earlier_connection_had_not_ended)
{
    cr_assert_neq(reused(100 * MS, false), F_TCP_PORT_REUSE_CONFLICT);
}

Test(kin, a_reuse_that_is_answered_is_no_conflict)
{
    begin();
    exchanges();
    closes();
    w.isn[CLIENT] += 1000000;
    w.isn[SERVER] += 1000000;
    cr_assert_neq(judged(exchanges()).id, F_TCP_PORT_REUSE_CONFLICT);
    over();
}

/* From another port, with these numbers, and reset by the server. */
static struct raised goes_on(uint32_t seq, uint32_t ack)
{
    w.now_ns += 5 * SECOND;
    w.port[CLIENT] = 61234;
    sends(CLIENT, TCP_ACK, seq, ack, 50);
    return judged(sends(SERVER, TCP_RST, ack, 0, 0));
}

Test(kin, a_connection_that_goes_on_from_another_port_and_is_reset)
{
    begin();
    const struct flow *old = exchanges();
    uint64_t last = old->last_frame;
    struct raised r = goes_on(101, 101);
    over();

    cr_assert_eq(r.id, F_TCP_NAT_REBIND);
    cr_assert_eq(r.fact, POSSIBLE);
    cr_assert_eq(r.frames[0], last);
    cr_assert_not_null(strstr(r.owner_reason, "port 50001"));
}

Test(kin, both_numbers_must_fit)
{
    static const uint32_t numbers[][2] = { { 101, 5000 }, { 5000, 101 }, { 99, 99 } };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        begin();
        exchanges();
        cr_assert_eq(goes_on(numbers[i][0], numbers[i][1]).id, F_CANNOT_TELL_MID_STREAM);
        over();
    }
}

Test(kin, alone_in_the_capture_it_is_only_in_mid_stream)
{
    begin();
    cr_assert_eq(goes_on(101, 101).id, F_CANNOT_TELL_MID_STREAM);
    over();
}

Test(kin, searching_ends_when_it_has_cost_too_much)
{
    begin();
    exchanges();
    kin.visits = KIN_VISITS;
    cr_assert_eq(goes_on(101, 101).id, F_CANNOT_TELL_MID_STREAM);
    over();
}

/* ---- the data connection of a file server ---- */

enum data { DATA_NOT_TRIED, DATA_REFUSED, DATA_SILENT, DATA_OPEN, DATA_REFUSED_THEN_DONE };

static void goes_for_data(enum data data)
{
    sends(CLIENT, TCP_SYN, 0, 0, 0);
    for (int i = 0; i < 3 && data == DATA_SILENT; i++) {
        w.now_ns += (1 << i) * SECOND;
        sends(CLIENT, TCP_SYN, 0, 0, 0);
    }
    if (data == DATA_REFUSED || data == DATA_REFUSED_THEN_DONE)
        sends(SERVER, TCP_RST | TCP_ACK, 0, 1, 0);
    if (data == DATA_OPEN) {
        sends(SERVER, TCP_SYN | TCP_ACK, 0, 1, 0);
        sends(CLIENT, TCP_ACK, 1, 1, 0);
    }
}

/* What a control connection is found to be whose server named port 60100. */
static struct raised ftp_with(enum data data)
{
    struct session session = { .protocol = "ftp", .server_name = "" };
    struct talk talk = { .target = "" };

    begin();
    w.port[SERVER] = 21;
    struct flow *control = exchanges();
    session.opening[CLIENT].line = session.opening[SERVER].line = "";
    session.flow = control;
    session.talk = &talk;
    control->session = &session;
    talk.rendezvous.at = (struct tls_stamp){ w.frame, w.now_ns };
    talk.rendezvous.port = 60100;
    w.port[CLIENT] = 50002;
    w.port[SERVER] = 60100;
    w.isn[CLIENT] = 77000;
    if (data != DATA_NOT_TRIED)
        goes_for_data(data);
    if (data == DATA_REFUSED_THEN_DONE)
        talk.remark[talk.n++] =
            (struct remark){ .said = SAID_FTP_DONE, .last = { w.frame + 1, w.now_ns }, .text = "" };
    w.now_ns += 40 * SECOND;
    struct raised r = judged(control);
    control->session = NULL;
    over();
    return r;
}

Test(kin, a_data_connection_that_is_refused_or_dropped_fails_its_control_connection)
{
    struct raised refused = ftp_with(DATA_REFUSED), silent = ftp_with(DATA_SILENT);

    cr_assert_eq(refused.id, F_APP_FTP_PASSIVE_FAILED);
    cr_assert_eq(refused.fact, CERTAIN);
    cr_assert_geq(refused.n_frames, 3);
    cr_assert_eq(silent.id, F_APP_FTP_PASSIVE_FAILED);
}

Test(kin, a_data_connection_that_nobody_tried_or_that_opens_fails_nothing)
{
    cr_assert_neq(ftp_with(DATA_NOT_TRIED).id, F_APP_FTP_PASSIVE_FAILED);
    cr_assert_neq(ftp_with(DATA_OPEN).id, F_APP_FTP_PASSIVE_FAILED);
    cr_assert_neq(ftp_with(DATA_REFUSED_THEN_DONE).id, F_APP_FTP_PASSIVE_FAILED);
}
