/* generate.c - makes captures of known content for the benchmarks.
 *
 *     generate KIND FLOWS OPEN CERTIFICATES CAPTURE TRUTH [CLIENTS]
 *
 * KIND is handshakes (TLS 1.2 and 1.3, one in twenty refused, one in twenty reset), sessions (the
 * same with two further exchanges), certificates (TLS 1.2 only), bulk, half_open or established.
 * OPEN connections are under way at any time, and any of them may be next: the same flows with
 * another OPEN differ in nothing but their order.
 * CERTIFICATES server certificates are made, signed by one authority.  CLIENTS addresses open the
 * connections by turns, 60000 unless said.
 * CAPTURE is a classic pcap of Ethernet frames; TRUTH says as JSON what is in it.
 * The same arguments give the same packets, certificates excepted. */
#include "script.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 60000, CERTIFICATES_MAX = 2000, HEADERS_MAX = 14 + 20 + 40, BUFFER = 1 << 20 };
enum { PORTS = 60000, BULK_RECORDS = 64, FURTHER_EXCHANGES = 2 };

struct truth {
    uint64_t packets, connections, names, server_hellos, alerts;
};

struct slot {
    uint32_t flow;
    uint16_t step, loop;
};

struct generator {
    FILE *out;
    const char *kind;
    uint32_t flows, next_flow, clients;
    struct slot *slots; /* owned */
    uint32_t n_slots;
    struct script *scripts; /* owned */
    unsigned n_scripts, n_certificates;
    uint64_t time_us, round_us, open, random;
    struct truth truth;
};

/* --- certificates ----------------------------------------------------------------------------- */

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

static X509 *certificate_make(const struct authority *authority, EVP_PKEY *key, const char *name,
                              long serial)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_get_subject_name(x);

    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -86400);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400 * 365L);
    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, (const uint8_t *)"Corp", -1, -1, 0);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const uint8_t *)name, -1, -1, 0);
    X509_set_issuer_name(x, authority->certificate ? X509_get_subject_name(authority->certificate)
                                                   : subject);
    X509_set_pubkey(x, key);
    if (X509_sign(x, authority->key, EVP_sha256()) <= 0)
        exit(2);
    return x;
}

static size_t der_of(X509 *x, uint8_t **out)
{
    int length = i2d_X509(x, out);

    X509_free(x);
    return length > 0 ? (size_t)length : 0;
}

/* --- scripts ---------------------------------------------------------------------------------- */

static bool is_kind(const struct generator *g, const char *kind) { return !strcmp(g->kind, kind); }

static bool shakes_hands(const struct generator *g)
{
    return is_kind(g, "handshakes") || is_kind(g, "sessions");
}

/* Which script a flow plays. */
static const struct script *script_of(const struct generator *g, uint32_t flow)
{
    if (!shakes_hands(g))
        return &g->scripts[flow % g->n_scripts];
    unsigned which = flow % 20 == 0 ? 2 : flow % 20 == 1 ? 3 : flow % 2; /* refused, reset, good */
    return &g->scripts[4 * (flow / 20 % g->n_certificates) + which];
}

static bool scripts_for_chain(struct generator *g, const struct chain *chain)
{
    struct script *s = &g->scripts[g->n_scripts];

    if (shakes_hands(g)) {
        unsigned further = is_kind(g, "sessions") ? FURTHER_EXCHANGES : 0;
        g->n_scripts += 4;
        return script_tls12(&s[0], chain, further) && script_tls13(&s[1], chain, further) &&
               script_refused(&s[2], chain) && script_reset(&s[3]);
    }
    g->n_scripts++;
    if (is_kind(g, "certificates"))
        return script_tls12(s, chain, 0);
    if (is_kind(g, "bulk"))
        return script_bulk(s, chain, BULK_RECORDS);
    return is_kind(g, "half_open") ? script_half_open(s)
                                   : is_kind(g, "established") && script_established(s);
}

static bool scripts_make(struct generator *g)
{
    struct authority authority = { EVP_EC_gen("P-256"), NULL };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    bool made = true;
    uint8_t *issuer = NULL;

    authority.certificate = certificate_make(&authority, authority.key, "Corp Root", 1);
    X509_up_ref(authority.certificate);
    size_t issuer_length = der_of(authority.certificate, &issuer);
    for (unsigned i = 0; i < g->n_certificates && made; i++) {
        char name[32];
        uint8_t *leaf = NULL;
        snprintf(name, sizeof name, "ems%u.corp.example", i);
        size_t length = der_of(certificate_make(&authority, key, name, 1000 + (long)i), &leaf);
        made = scripts_for_chain(g, &(struct chain){ leaf, issuer, length, issuer_length });
        OPENSSL_free(leaf);
    }
    OPENSSL_free(issuer);
    X509_free(authority.certificate);
    EVP_PKEY_free(authority.key);
    EVP_PKEY_free(key);
    return made;
}

/* --- packets ---------------------------------------------------------------------------------- */

static void store(uint8_t *p, uint32_t v, unsigned width)
{
    while (width-- > 0)
        *p++ = (uint8_t)(v >> 8 * width);
}

static uint32_t mixed(uint32_t x)
{
    x = (x ^ x >> 16) * 0x45d9f3bu;
    x = (x ^ x >> 16) * 0x45d9f3bu;
    return x ^ x >> 16;
}

static uint32_t sum_of(const uint8_t *p, size_t n, uint32_t sum)
{
    for (size_t i = 0; i + 1 < n; i += 2)
        sum += (uint32_t)(p[i] << 8 | p[i + 1]);
    return n % 2 ? sum + (uint32_t)(p[n - 1] << 8) : sum;
}

static uint16_t folded(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static void ip_write(uint8_t *ip, uint32_t client, const struct step *step, size_t length,
                     uint16_t identification)
{
    uint32_t address[2] = { 0x0a000001u + client, 0x0afa000au };

    memset(ip, 0, 20);
    ip[0] = 0x45;
    store(ip + 2, (uint32_t)length, 2);
    store(ip + 4, identification, 2);
    ip[6] = 0x40;
    ip[8] = step->from ? 61 : 128;
    ip[9] = 6;
    store(ip + 12, address[step->from], 4);
    store(ip + 16, address[!step->from], 4);
    store(ip + 10, folded(sum_of(ip, 20, 0)), 2);
}

/* Options as Linux sends them: MSS, SACK, timestamps, window scale on a SYN; timestamps after it.
 */
static size_t tcp_options(uint8_t *p, const struct step *step, uint32_t now)
{
    static const uint8_t on_syn[] = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0,
                                      0, 0, 0,    0,    0, 0, 1, 3,  3, 7 };
    static const uint8_t later[] = { 1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0 };
    bool syn = step->flags & SYN;

    memcpy(p, syn ? on_syn : later, syn ? sizeof on_syn : sizeof later);
    store(p + (syn ? 8 : 4), now, 4);
    if (step->flags & ACK)
        store(p + (syn ? 12 : 8), now - 1, 4);
    return syn ? sizeof on_syn : sizeof later;
}

static size_t tcp_write(uint8_t *tcp, uint16_t client_port, const struct slot *slot,
                        const struct script *script, const struct step *step, uint32_t now)
{
    uint32_t flow = slot->flow;
    bool looped = slot->step >= script->loop_from && script->loops;
    uint32_t isn[2] = { mixed(flow), mixed(~flow) };
    uint32_t shift[2] = { 0, 0 };
    uint16_t port[2] = { client_port, flow % 2 ? 8013 : 443 };

    for (unsigned side = 0; side < 2 && looped; side++)
        shift[side] = slot->loop * script->loop_bytes[side];
    memset(tcp, 0, 20);
    store(tcp, port[step->from], 2);
    store(tcp + 2, port[!step->from], 2);
    store(tcp + 4, isn[step->from] + step->seq + shift[step->from], 4);
    if (step->flags & ACK)
        store(tcp + 8, isn[!step->from] + step->ack + shift[!step->from], 4);
    size_t header = 20 + tcp_options(tcp + 20, step, now);
    tcp[12] = (uint8_t)(header / 4 << 4);
    tcp[13] = step->flags;
    store(tcp + 14, 64240, 2);
    return header;
}

static void payload_write(uint8_t *p, uint32_t flow, const struct script *script,
                          const struct step *step)
{
    memcpy(p, script->octets + step->payload, step->length);
    for (unsigned i = 0; i < RANDOM_BYTES && step->random_at; i += 4)
        store(p + step->random_at + i, mixed(flow + i * 0x1000193u + step->from), 4);
    if (step->name_at) {
        char digits[NAME_DIGITS + 4];
        snprintf(digits, sizeof digits, "c%07u", flow % 10000000u);
        memcpy(p + step->name_at, digits, NAME_DIGITS);
    }
}

static void packet_emit(struct generator *g, const struct slot *slot, const struct script *script)
{
    static const uint8_t ethernet[2][14] = { { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 },
                                             { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 } };
    const struct step *step = &script->step[slot->step];
    uint8_t frame[16 + HEADERS_MAX + MSS], *ip = frame + 30, *tcp = ip + 20;
    uint32_t now = (uint32_t)(g->time_us / 1000);

    memcpy(frame + 16, ethernet[step->from], 14);
    uint16_t client_port = (uint16_t)(1024 + slot->flow / g->clients);
    size_t header = tcp_write(tcp, client_port, slot, script, step, now);
    payload_write(tcp + header, slot->flow, script, step);
    size_t length = header + step->length;
    ip_write(ip, slot->flow % g->clients, step, 20 + length, (uint16_t)g->truth.packets);
    uint32_t sum = sum_of(ip + 12, 8, 6 + (uint32_t)length);
    store(tcp + 16, folded(sum_of(tcp, length, sum)), 2);
    uint32_t record[4] = { (uint32_t)(g->time_us / 1000000), (uint32_t)(g->time_us % 1000000),
                           (uint32_t)(34 + length), (uint32_t)(34 + length) };
    memcpy(frame, record, 16);
    fwrite(frame, 1, 16 + 34 + length, g->out);
    g->truth.packets++;
}

/* --- flows ------------------------------------------------------------------------------------ */

static void flow_begin(struct generator *g, struct slot *slot)
{
    const struct script *script = script_of(g, g->next_flow);

    *slot = (struct slot){ .flow = g->next_flow++ };
    g->truth.connections++;
    g->truth.names += script->n_names;
    g->truth.server_hellos += script->n_server_hellos;
    g->truth.alerts += script->n_alerts;
}

/* False when the script has been played to its end. */
static bool slot_step(struct slot *slot, const struct script *script)
{
    slot->step++;
    if (script->loops && slot->step == script->loop_to && slot->loop + 1u < script->loops) {
        slot->loop++;
        slot->step = (uint16_t)script->loop_from;
    }
    return slot->step < script->n_steps;
}

static uint32_t random_below(struct generator *g, uint32_t n)
{
    g->random ^= g->random << 13;
    g->random ^= g->random >> 7;
    g->random ^= g->random << 17;
    return (uint32_t)((g->random >> 32) * n >> 32);
}

static void play(struct generator *g)
{
    uint64_t fraction = 0;

    for (uint32_t i = 0; i < g->n_slots; i++)
        flow_begin(g, &g->slots[i]);
    while (g->n_slots > 0) {
        struct slot *slot = &g->slots[random_below(g, g->n_slots)];
        const struct script *script = script_of(g, slot->flow);
        packet_emit(g, slot, script);
        fraction += g->round_us;
        g->time_us += fraction / g->open;
        fraction %= g->open;
        if (slot_step(slot, script))
            continue;
        if (g->next_flow < g->flows)
            flow_begin(g, slot);
        else
            *slot = g->slots[--g->n_slots];
    }
}

static bool truth_write(const struct generator *g, const char *path)
{
    FILE *out = fopen(path, "w");

    if (!out)
        return false;
    fprintf(out,
            "{\"packets\": %llu, \"connections\": %llu, \"names\": %llu, \"server_hellos\": %llu, "
            "\"alerts\": %llu, \"certificates\": %u}\n",
            (unsigned long long)g->truth.packets, (unsigned long long)g->truth.connections,
            (unsigned long long)g->truth.names, (unsigned long long)g->truth.server_hellos,
            (unsigned long long)g->truth.alerts, g->n_certificates);
    return fclose(out) == 0;
}

static bool generate(struct generator *g, const char *path)
{
    static const uint32_t header[6] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262144, 1 };
    static char buffer[BUFFER];

    g->out = fopen(path, "wb");
    if (!g->out)
        return false;
    setvbuf(g->out, buffer, _IOFBF, sizeof buffer);
    fwrite(header, sizeof header, 1, g->out);
    play(g);
    bool written = !ferror(g->out);
    return fclose(g->out) == 0 && written;
}

static bool number_read(const char *text, uint32_t least, uint32_t most, uint32_t *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    *out = (uint32_t)n;
    return *end == '\0' && n >= least && n <= most;
}

/* `clients` is NULL when nobody said how many. */
static bool generator_open(struct generator *g, char **argv, const char *clients)
{
    uint32_t open, certificates;

    g->kind = argv[1];
    g->clients = CLIENTS;
    if ((clients && !number_read(clients, 1, CLIENTS, &g->clients)) ||
        !number_read(argv[2], 1, g->clients * PORTS, &g->flows) ||
        !number_read(argv[3], 1, g->flows, &open) ||
        !number_read(argv[4], 1, CERTIFICATES_MAX, &certificates))
        return false;
    g->n_slots = open;
    g->open = open;
    g->n_certificates = certificates;
    g->slots = calloc(open, sizeof *g->slots);
    g->scripts = calloc((size_t)certificates * 4, sizeof *g->scripts);
    g->time_us = 1700000000000000u;
    g->round_us = is_kind(g, "half_open") || is_kind(g, "established") ? 1000000 : 20000;
    g->random = 88172645463325252u;
    return g->slots && g->scripts && scripts_make(g);
}

int main(int argc, char **argv)
{
    struct generator g = { 0 };

    if (argc < 7 || argc > 8 || !generator_open(&g, argv, argv[7])) {
        fprintf(stderr, "generate KIND FLOWS OPEN CERTIFICATES CAPTURE TRUTH [CLIENTS]\n");
        return 2;
    }
    bool made = generate(&g, argv[5]) && truth_write(&g, argv[6]);
    for (unsigned i = 0; i < g.n_scripts; i++)
        script_close(&g.scripts[i]);
    free(g.scripts);
    free(g.slots);
    return made ? 0 : 1;
}
