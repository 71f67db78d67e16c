#include "engine.h"
#include "forge/forge.h"
#include "packet/packet.h"
#include "unit/frame/image.h"

static struct profile profile;
static struct forged forged;
static char *said; /* by the report */

static void forget(void)
{
    free(said);
    said = NULL;
}

TestSuite(engine, .fini = forget);

/* Writes what was forged as a record, `copies` times, each 100 us after the one before. */
static void put_forged(int64_t ms, unsigned copies)
{
    for (unsigned i = 0; i < copies; i++) {
        put32((uint64_t)(1763553600 + ms / 1000));
        put32((uint64_t)(ms % 1000 * 1000 + 100 * i));
        put32(forged.n);
        put32(forged.n);
        put(forged.octets, forged.n);
    }
}

static void put_segment(int64_t ms, unsigned copies, bool client, uint8_t flags, uint32_t seq,
                        uint32_t ack, const char *payload)
{
    static uint16_t id = 100;
    const char *ends[] = { "10.0.0.10", "10.20.40.17" };
    forge_tcp(&forged,
              &(struct forge_tcp){
                  .ip = { .source = ends[client], .destination = ends[!client], .id = id++ },
                  .source_port = client ? 50001 : 8013,
                  .destination_port = client ? 8013 : 50001,
                  .seq = (client ? 1000 : 5000) + seq,
                  .ack = flags & TCP_ACK ? (client ? 5000 : 1000) + ack : 0,
                  .window = 64000,
                  .flags = flags,
                  .payload = { payload, strlen(payload) } });
    put_forged(ms, copies);
}

/* A whole conversation in plain text: seven packets. */
static void put_conversation(unsigned copies)
{
    put_pcap_header(0xa1b2c3d4, 1);
    put_segment(0, copies, true, TCP_SYN, 0, 0, "");
    put_segment(10, copies, false, TCP_SYN | TCP_ACK, 0, 1, "");
    put_segment(20, copies, true, TCP_ACK, 1, 1, "");
    put_segment(30, copies, true, TCP_ACK, 1, 1, "hello");
    put_segment(40, copies, false, TCP_ACK, 1, 6, "welcome");
    put_segment(50, copies, true, TCP_FIN | TCP_ACK, 6, 8, "");
    put_segment(60, copies, false, TCP_FIN | TCP_ACK, 8, 7, "");
}

/* Runs the image through all stages; what the report says is in `said`. */
static int analyse(enum report_format format, size_t max_memory)
{
    static const struct capture_config plain;
    size_t n;
    forget();
    FILE *out = open_memstream(&said, &n);
    struct report_config face = {
        .format = format, .out = out, .utc = true, .width = 100, .command = "capture", .input = 1
    };
    struct engine_config config = {
        .profile = &profile, .scope = SCOPE_ALL, .max_memory = max_memory, .input_name = "capture"
    };

    cr_assert(profile_open_default(&profile, &failure));
    struct report *report = report_open(&face, &failure);
    struct capture *capture = capture_open_memory(image.bytes, image.n, &plain, &failure);
    cr_assert(report && capture);
    int code = engine_run(&config, capture, report, &failure);
    capture_close(capture);
    report_free(report);
    fclose(out);
    return code;
}

static void expect_said(const char *words) { cr_expect(strstr(said, words), "no %s", words); }

Test(engine, copies_of_a_mirror_port_are_removed_before_anything_is_counted)
{
    for (unsigned copies = 1; copies <= 3; copies++) {
        char duplicates[64];
        image.n = 0;
        put_conversation(copies);

        analyse(REPORT_JSONL, 0);

        expect_said("\"source\":{\"ip\":\"10.20.40.17\",\"port\":50001,\"packets\":4,\"bytes\":5}");
        expect_said(
            "\"destination\":{\"ip\":\"10.0.0.10\",\"port\":8013,\"packets\":3,\"bytes\":7}");
        expect_said("\"syn_sent\":1");
        snprintf(duplicates, sizeof duplicates, "\"duplicates\":%u", 7 * (copies - 1));
        expect_said(duplicates);
    }
}

Test(engine, connections_given_up_for_memory_are_counted_and_said)
{
    put_pcap_header(0xa1b2c3d4, 1);
    for (int i = 0; i < 6000; i++) {
        char source[32];
        snprintf(source, sizeof source, "10.1.%d.%d", i / 250, i % 250 + 1);
        forge_tcp(&forged,
                  &(struct forge_tcp){ .ip = { .source = source, .destination = "10.0.0.10" },
                                       .source_port = 40000,
                                       .destination_port = 8013,
                                       .flags = TCP_SYN });
        put_forged(i / 10, 1);
    }

    analyse(REPORT_JSONL, 1 << 20);
    expect_said("\"code\":\"capture.lossy\"");
    cr_expect_null(strstr(strstr(said, "shakeout.summary"), "\"evicted_flows\":0,"));
    analyse(REPORT_TEXT, 1 << 20);

    expect_said("connections given up for memory (--max-memory)");
}

Test(engine, frames_are_told_by_the_numbers_they_have_in_the_whole_file)
{
    put_pcap_header(0xa1b2c3d4, 1);
    for (int i = 0; i < 100; i++) { /* of no interest, more than a batch of them */
        forge_arp(&forged, &(struct forge_arp){ "10.20.40.17", "10.0.0.10", 1 });
        put_forged(i, 1);
    }
    put_segment(1000, 1, true, TCP_SYN, 0, 0, "");
    put_segment(1001, 1, false, TCP_RST | TCP_ACK, (uint32_t)-5000, 1, "");

    int code = analyse(REPORT_JSONL, 0);

    cr_assert_eq(code, 1);
    expect_said("\"frames\":[101,102]");
}
