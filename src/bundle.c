#include "bundle.h"

#include "base/newfile.h"
#include "base/text.h"
#include "configure.h"
#include "confine.h"
#include "engine.h"
#include "evidence/hash.h"
#include "evidence/networks.h"
#include "evidence/zip.h"
#include "report/stamp.h"
#include "report/version.h"
#include "run.h"
#include "session/labeller.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { PATH_ROOM = 1024 };

enum file {
    FILE_README,
    FILE_QUALITY,
    FILE_CONFIG,
    FILE_ENVIRONMENT,
    FILE_EVIDENCE,
    FILE_FINDINGS,
    FILE_HANDLING,
    FILE_MANIFEST,
    FILE_REDACTION,
    FILE_REPORT,
    FILE_MARKDOWN,
    FILE_SUMMARY,
    FILES,
};

static const char *const names[FILES] = {
    [FILE_README] = "README.txt",        [FILE_QUALITY] = "capture-quality.txt",
    [FILE_CONFIG] = "config.ini",        [FILE_ENVIRONMENT] = "environment.json",
    [FILE_EVIDENCE] = "evidence.pcapng", [FILE_FINDINGS] = "findings.jsonl",
    [FILE_HANDLING] = "handling.txt",    [FILE_MANIFEST] = "manifest.sha256",
    [FILE_REDACTION] = "redaction.txt",  [FILE_REPORT] = "report.html",
    [FILE_MARKDOWN] = "summary.md",      [FILE_SUMMARY] = "summary.txt",
};

struct original {
    char sha256[HASH_TEXT];
    uint64_t size;
};

struct bundle {
    const struct options *options;
    char root[80]; /* "shakeout-4711" */
    char target[PATH_ROOM], folder[PATH_ROOM];
    const char *level;      /* of redaction */
    struct profile profile; /* with stand-ins for the configured names */
    struct original original[INPUTS_MAX];
    struct carve_counts counts;
    size_t replaced;
    struct same same; /* what was left out */
    char *networks;   /* strict: text that says which addresses are neighbours; owned */
    size_t n_networks;
    int64_t last_ns;
    int code;
};

static const char *path_in(const struct bundle *b, enum file file)
{
    static char path[PATH_ROOM + 64];

    snprintf(path, sizeof path, "%s/%s", b->folder, names[file]);
    return path;
}

static bool failed(struct failure *failure, const char *what, int error)
{
    *failure = (struct failure){ 0 };
    text_printable(what, strlen(what), failure->what, sizeof failure->what);
    snprintf(failure->why, sizeof failure->why, "%s", strerror(error));
    return false;
}

static bool not_written(struct failure *failure, const char *what, int error)
{
    failed(failure, what, error);
    text_copy(failure->remedy, sizeof failure->remedy,
              error == ENOSPC || error == EDQUOT ? "make room, or -o on another disk"
                                                 : newfile_remedy(error));
    return false;
}

/* ---- before ---- */

static bool hash_inputs(struct bundle *b, bool again, struct failure *failure)
{
    for (size_t i = 0; i < b->options->n_inputs; i++) {
        struct original now = { 0 };
        const char *path = b->options->input[i];
        if (!hash_file(path, now.sha256, &now.size))
            return failed(failure, path, errno ? errno : EIO);
        if (again && memcmp(&now, &b->original[i], sizeof now) != 0) {
            *failure = (struct failure){ .why = "changed while it was read",
                                         .remedy = "wait until the capture is complete" };
            text_printable(path, strlen(path), failure->what, sizeof failure->what);
            return false;
        }
        b->original[i] = now;
    }
    return true;
}

static bool open_folder(struct bundle *b, struct failure *failure)
{
    const struct options *o = b->options;
    struct stat there;

    snprintf(b->root, sizeof b->root, "shakeout-%s", o->case_name ? o->case_name : "case");
    if (o->output)
        text_copy(b->target, sizeof b->target, o->output);
    else
        snprintf(b->target, sizeof b->target, "%s.zip", b->root);
    if (!o->force && lstat(b->target, &there) == 0) {
        failed(failure, b->target, EEXIST);
        text_copy(failure->why, sizeof failure->why, "is there already");
        text_copy(failure->remedy, sizeof failure->remedy,
                  "choose another name with -o, or say --force");
        return false;
    }
    snprintf(b->folder, sizeof b->folder, "%.*s.XXXXXX", (int)sizeof b->folder - 8, b->target);
    if (!mkdtemp(b->folder)) {
        b->folder[0] = '\0';
        return not_written(failure, b->target, errno);
    }
    return true;
}

static void remove_folder(const struct bundle *b)
{
    if (!b->folder[0])
        return;
    for (int i = 0; i < FILES; i++)
        unlink(path_in(b, (enum file)i));
    rmdir(b->folder);
}

/* ---- the evidence ---- */

static void judge_inputs(struct bundle *b, struct run_inputs *inputs, struct keeper *keeper)
{
    for (size_t i = 0; i < inputs->n && b->code != 2 && b->code != RUN_INTERRUPTED; i++) {
        int one = run_input(inputs, keeper, i);
        b->code = i ? run_worse(b->code, one) : one;
    }
}

static void list_networks(struct bundle *b, const struct keeper *keeper)
{
    FILE *f = open_memstream(&b->networks, &b->n_networks);

    if (!f)
        return;
    networks_print(redactor_mask(keeper->redactor), f);
    fclose(f);
}

static bool take_evidence(struct bundle *b, struct failure *failure)
{
    static struct run_inputs inputs;
    struct options o = *b->options;
    struct keeper keeper;
    char path[PATH_ROOM + 64];
    FILE *nowhere = fopen("/dev/null", "w");

    text_copy(path, sizeof path, path_in(b, FILE_EVIDENCE));
    o.verb = VERB_ANALYSE;
    o.write = path;
    o.report.quiet = 2;
    o.report.out = nowhere;
    if (!nowhere || !keeper_open(&keeper, &o, failure))
        return false;
    if (run_open(&inputs, &o, failure)) {
        confine(b->options, NULL);
        judge_inputs(b, &inputs, &keeper);
        run_close(&inputs);
    } else {
        b->code = 2;
    }
    fclose(nowhere);
    keeper.failed |= b->code == 2 || b->code == RUN_INTERRUPTED;
    bool fine = !keeper.failed;
    b->profile = o.profile;
    keeper_profile(&keeper, &b->profile);
    b->counts = keeper.counts;
    b->replaced = keeper_replaced(&keeper);
    if (b->options->redaction == REDACT_STRICT)
        list_networks(b, &keeper);
    b->same = keeper.same;
    b->same.left.frame = NULL; /* the keeper's */
    return keeper_close(&keeper, failure) && fine;
}

/* ---- what is made from it ---- */

static FILE *create(const struct bundle *b, enum file file)
{
    return fopen(path_in(b, file), "wx");
}

static bool close_all(FILE **files, size_t n)
{
    bool fine = true;

    for (size_t i = 0; i < n; i++) {
        if (!files[i] || ferror(files[i]) || fflush(files[i]) != 0)
            fine = false;
        if (files[i] && fclose(files[i]) != 0)
            fine = false;
    }
    return fine;
}

static bool judge(struct bundle *b, FILE *const *out, struct failure *failure)
{
    struct capture_config config = { 0 };
    struct report_config report_config = { .format = REPORT_JSONL,
                                           .out = out[0],
                                           .html = out[1],
                                           .summary = out[2],
                                           .markdown = out[3],
                                           .quality = out[4],
                                           .redaction = b->level,
                                           .case_name = b->options->case_name,
                                           .utc = true,
                                           .command = names[FILE_EVIDENCE],
                                           .width = 80 };
    struct engine_config engine = { .profile = &b->profile,
                                    .scope = b->options->scope,
                                    .max_memory = b->options->max_memory,
                                    .input_name = names[FILE_EVIDENCE] };
    struct capture *capture = capture_open_file(path_in(b, FILE_EVIDENCE), &config, failure);
    struct report *report = capture ? report_open(&report_config, failure) : NULL;
    bool fine = report && engine_run(&engine, capture, report, failure) != 2;

    report_free(report);
    capture_close(capture);
    return fine;
}

static bool describe(struct bundle *b, struct failure *failure)
{
    static const enum file made[] = { FILE_FINDINGS, FILE_REPORT, FILE_SUMMARY, FILE_MARKDOWN,
                                      FILE_QUALITY };
    FILE *out[5] = { 0 };
    bool there = true, fine;

    for (size_t i = 0; i < 5; i++)
        there = (out[i] = create(b, made[i])) != NULL && there;
    fine = there && judge(b, out, failure);
    errno = 0;
    if (close_all(out, 5) && fine)
        return true;
    return fine || !there ? not_written(failure, b->target, errno ? errno : EIO) : false;
}

/* ---- the small files ---- */

static void write_readme(const struct bundle *b, FILE *f)
{
    fprintf(
        f,
        "What this is\n"
        "  Evidence of a connection problem between FortiClient endpoints and their EMS server,\n"
        "  made by shakeout " SHAKEOUT_VERSION
        " out of a packet capture. It supports a support case;\n"
        "  it is not a forensic acquisition.\n"
        "\n"
        "Open first\n"
        "  summary.txt         what is wrong, in a minute (summary.md: the same to paste)\n"
        "  report.html         the whole report; any browser, no network\n"
        "  evidence.pcapng     the packets that prove it; Wireshark shows the comments as\n"
        "                      frame.comment; packet numbers everywhere here are its numbers\n"
        "\n"
        "Beside them\n"
        "  findings.jsonl      all of it for programs (JSON Lines)\n"
        "  capture-quality.txt what the capture can and cannot show\n"
        "  environment.json    versions, and the SHA-256 of the original, which its sender holds\n"
        "  redaction.txt       what was replaced and removed: %s\n"
        "  config.ini          the ports and names that were in force\n"
        "  handling.txt        who had it in hands\n"
        "\n"
        "Verify\n"
        "  sha256sum -c manifest.sha256\n"
        "  shakeout --config config.ini evidence.pcapng    the same failures, judged again\n",
        b->level);
}

static void write_config(const struct bundle *b, FILE *f)
{
    fputs("# what was in force; names and addresses as in the evidence\n", f);
    configure_print(f, b->options, &b->profile);
}

/* Everything here is ours or a number: nothing needs escaping. */
static void write_environment(const struct bundle *b, FILE *f)
{
    struct utsname system = { 0 };

    uname(&system);
    fprintf(f,
            "{\n  \"shakeout\": \"" SHAKEOUT_VERSION
            "\",\n  \"libpcap\": \"%s\",\n  \"openssl\": \"%s\",\n"
            "  \"ndpi\": \"%s\",\n  \"system\": \"%s\",\n  \"redaction\": \"%s\",\n",
            capture_library(), cert_library(), labeller_library(), system.sysname, b->level);
    fprintf(f, "  \"clock\": \"as the capturing machine had it; offset unknown\",\n  \"times\": "
               "\"UTC\",\n  \"originals\": [\n");
    for (size_t i = 0; i < b->options->n_inputs; i++)
        fprintf(f, "    {\"size\": %" PRIu64 ", \"sha256\": \"%s\", \"held_by\": \"sender\"}%s\n",
                b->original[i].size, b->original[i].sha256,
                i + 1 < b->options->n_inputs ? "," : "");
    fputs("  ]\n}\n", f);
}

/* What a reader would take for an oversight. */
static void write_kept_words(const struct bundle *b, FILE *f)
{
    const struct profile *profile = &b->options->profile;
    unsigned n = 0;

    if (b->options->redaction < REDACT_STANDARD)
        return;
    fputs("Words of names that stay, for by them a name of the product is known:", f);
    for (size_t i = 0; i < profile->n_patterns; i++) {
        fputs(n++ ? ", " : " ", f);
        for (const char *p = profile->pattern[i]; *p; p++)
            if (*p != '*' && *p != '?')
                fputc(*p, f);
    }
    fputs(n ? "\n" : " none\n", f);
}

static void write_redaction(const struct bundle *b, FILE *f)
{
    fprintf(f, "level     %s\nkept      %" PRIu64 " of %" PRIu64 " packets\n", b->level,
            b->counts.kept, b->counts.frames);
    if (b->options->redaction == REDACT_NONE) {
        fputs("Packets are as they were captured: addresses, names and contents are real.\n"
              "TLS secrets are never copied.\n",
              f);
        return;
    }
    if (b->options->redaction == REDACT_STRICT)
        fprintf(
            f,
            "replaced  %zu names and addresses\n\n"
            "Addresses: at random within their block (private stays private); those that shared a\n"
            "network are listed as N1, N2 ... below. Names: every label, same length, same "
            "equality.\n"
            "MAC addresses and numbers of VLANs: replaced. Certificates, randoms and keys: zero.\n"
            "HTTP: method, status code and lengths alone; the rest, and bodies, are x.\n",
            b->replaced);
    else if (b->options->redaction == REDACT_STANDARD)
        fprintf(
            f,
            "replaced  %zu names and addresses\n\n"
            "Addresses: prefix-preserving (Crypto-PAn, AES-128, a key of this case), private "
            "stays\n"
            "private. This is not strong against somebody who knows some of the real pairs.\n"
            "Names: letter by letter, same length, same equality; public suffixes stay.\n"
            "MAC addresses: the vendor's half stays.\n"
            "Certificates: made anew at the same length: other names, serial numbers and keys.\n"
            "HTTP: known fields, products, dates and words of the protocol stay; all else, and\n"
            "bodies, are x, but for the words by which a page that blocks is known.\n",
            b->replaced);
    fputs("Sealed records and contents: zero, their lengths stay. Credentials: blanked.\n"
          "Session identifiers and tickets: replaced.  TLS secrets: never copied.\n"
          "Still inside: ports, times, lengths, TTL, IP identifications, TCP numbers, options and\n"
          "timestamps, TLS versions and suites, what SSH says before it is sealed (programs and\n"
          "algorithms), words and codes of mail and file transfer.\n",
          f);
    write_kept_words(b, f);
    fputs(
        "Checked after writing: nothing that was replaced is left in the packets, and every\n"
        "connection comes to the same finding, owner and confidence as in the original, but for:\n",
        f);
    same_print(&b->same, f);
    if (!b->same.left_in_all && !b->same.lost_in_all)
        fputs("nothing\n", f);
    if (b->networks && b->n_networks)
        fprintf(f, "\nNeighbours\n%s", b->networks);
}

static void write_handling(const struct bundle *b, FILE *f)
{
    fprintf(f, "case        %s\n", b->options->case_name ? b->options->case_name : "");
    fputs(
        "captured by ____________________  where ____________________  when (UTC) ______________\n"
        "how         ____________________  clock checked against ____________________\n"
        "packed by   ____________________  when (UTC) ______________\n\n"
        "handed from ____________________  to ____________________  when ______________\n"
        "handed from ____________________  to ____________________  when ______________\n",
        f);
}

static bool write_small(const struct bundle *b, struct failure *failure)
{
    static const struct small {
        enum file file;
        void (*write)(const struct bundle *b, FILE *f);
    } small[] = {
        { FILE_README, write_readme },           { FILE_CONFIG, write_config },
        { FILE_ENVIRONMENT, write_environment }, { FILE_REDACTION, write_redaction },
        { FILE_HANDLING, write_handling },
    };
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        FILE *f = create(b, small[i].file);
        if (f)
            small[i].write(b, f);
        errno = 0;
        if (!close_all(&f, 1))
            return not_written(failure, b->target, errno ? errno : EIO);
    }
    return true;
}

static bool write_manifest(const struct bundle *b, struct failure *failure)
{
    char sum[FILES][HASH_TEXT];
    uint64_t size;

    for (int i = 0; i < FILES; i++)
        if (i != FILE_MANIFEST && !hash_file(path_in(b, (enum file)i), sum[i], &size))
            return not_written(failure, b->target, errno ? errno : EIO);
    FILE *f = create(b, FILE_MANIFEST);
    for (int i = 0; f && i < FILES; i++)
        if (i != FILE_MANIFEST)
            fprintf(f, "%s  %s\n", sum[i], names[i]);
    errno = 0;
    return close_all(&f, 1) || not_written(failure, b->target, errno ? errno : EIO);
}

/* ---- the archive ---- */

/* One time for all, and always the same one: the bytes depend on the contents alone. */
static const int64_t any_time_s = 315532800; /* 1980-01-01, where ZIP begins */

static bool pack(const struct bundle *b, struct failure *failure)
{
    struct zip_source source = {
        .folder = b->folder, .root = b->root, .names = names, .n = FILES, .time_s = any_time_s
    };

    return zip_write(b->target, b->options->force, &source, failure);
}

static void say(const struct bundle *b)
{
    char sum[HASH_TEXT] = "", shown[PATH_ROOM];
    uint64_t size = 0;

    hash_file(b->target, sum, &size);
    text_printable(b->target, strlen(b->target), shown, sizeof shown);
    printf("  redaction   %s%s\n", b->level,
           b->options->redaction == REDACT_NONE ? ": addresses, names and contents are real" : "");
    printf("  kept        %" PRIu64 " of %" PRIu64 " packets\n", b->counts.kept, b->counts.frames);
    if (b->options->redaction != REDACT_NONE)
        printf("  checked     none of %zu replaced names and addresses is left; the verdicts are "
               "the same\n",
               b->replaced);
    if (b->same.left_in_all)
        printf("  left out    %" PRIu32 " connections that would have come to another verdict\n",
               b->same.left_in_all);
    if (b->same.lost_in_all)
        printf("  lost        what the certificates of %" PRIu32 " connections told\n",
               b->same.lost_in_all);
    printf("\n  wrote       %s   %" PRIu64 " kB\n", shown, (size + 1023) / 1024);
    if (b->options->map)
        printf("  map         %s   keep it, do not send it\n", b->options->map);
    printf("  sha256      %s\n", sum);
}

int bundle(const struct options *options)
{
    struct bundle b = { .options = options };
    struct failure failure = { 0 };

    b.level = redaction_name(options->redaction);
    bool fine = hash_inputs(&b, false, &failure) && open_folder(&b, &failure) &&
                take_evidence(&b, &failure) && describe(&b, &failure) &&
                write_small(&b, &failure) && write_manifest(&b, &failure) &&
                hash_inputs(&b, true, &failure) && pack(&b, &failure);
    remove_folder(&b);
    free(b.networks);
    if (fine)
        say(&b);
    else if (failure.what[0])
        run_fail(&failure);
    return fine ? 0 : 2;
}
