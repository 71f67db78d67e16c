#define NCURSES_WIDECHAR 1
#include "live/terminal.h"

#include "base/text.h"
#include "live/view.h"

#include <fcntl.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#undef columns /* term.h takes this word, and others, for itself */

#define N(array) (sizeof(array) / sizeof *(array))

static const int fatal[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGSYS };

static struct terminal {
    volatile sig_atomic_t open, resized, stop, gone;
    SCREEN *screen;
    struct termios before;
    bool colour;
    char leave[256]; /* what puts it back, for a signal handler */
    size_t n_leave;
    FILE *error; /* the real stderr */
    char said[TERMINAL_SAID];
} terminal;

/* ---- leaving ---- */

static void write_all(int fd, const char *s, size_t n)
{
    while (n) {
        ssize_t done = write(fd, s, n);
        if (done <= 0)
            return;
        s += done;
        n -= (size_t)done;
    }
}

/* What was said meanwhile: a failed assertion, for example. */
static void say_kept(void)
{
    write_all(STDERR_FILENO, terminal.said, strnlen(terminal.said, sizeof terminal.said));
    terminal.said[0] = '\0';
}

/* Only calls that a signal handler may make. */
static void die(int number)
{
    struct sigaction usual = { .sa_handler = SIG_DFL };

    if (terminal.open) {
        terminal.open = false;
        write_all(STDOUT_FILENO, terminal.leave, terminal.n_leave);
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
        say_kept();
    }
    (void)sigaction(number, &usual, NULL);
    (void)raise(number);
}

static void note_signal(int number)
{
    if (number == SIGTSTP)
        terminal.stop = true;
    else if (number == SIGHUP)
        terminal.gone = true;
    else /* SIGWINCH, SIGCONT */
        terminal.resized = true;
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler };

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

/* ncurses installs handlers of its own where there are none. */
static void handle_signals(void)
{
    handle(SIGTSTP, note_signal);
    handle(SIGCONT, note_signal);
    handle(SIGWINCH, note_signal);
    handle(SIGHUP, note_signal);
    for (size_t i = 0; i < N(fatal); i++)
        handle(fatal[i], die);
}

static void usual_signals(void)
{
    static const int used[] = { SIGTSTP, SIGCONT, SIGWINCH, SIGHUP };

    for (size_t i = 0; i < N(used); i++)
        handle(used[i], SIG_DFL);
    for (size_t i = 0; i < N(fatal); i++)
        handle(fatal[i], SIG_DFL);
}

/* Without the delays that old terminals need. */
static void add_capability(const char *name)
{
    const char *s = tigetstr((char *)(uintptr_t)name);

    if (!s || s == (char *)-1)
        return;
    while (*s && terminal.n_leave < sizeof terminal.leave) {
        if (s[0] == '$' && s[1] == '<') {
            s += strcspn(s, ">");
            s += *s == '>';
            continue;
        }
        terminal.leave[terminal.n_leave++] = *s++;
    }
}

/* ---- opening ---- */

/* What others say on stderr would be written across the screen.  glibc lets the stream be another.
 */
static void keep_errors(void)
{
    FILE *kept = fmemopen(terminal.said, sizeof terminal.said, "w");

    if (!kept)
        return;
    (void)setvbuf(kept, NULL, _IONBF, 0);
    terminal.error = stderr;
    stderr = kept;
}

static void give_errors_back(void)
{
    if (!terminal.error)
        return;
    (void)fclose(stderr);
    stderr = terminal.error;
    terminal.error = NULL;
    say_kept();
}

static void choose_colours(bool colour)
{
    terminal.colour = colour && has_colors();
    if (!terminal.colour)
        return;
    start_color();
    use_default_colors();
    init_pair(INK_RED, COLOR_RED, -1);
    init_pair(INK_YELLOW, COLOR_YELLOW, -1);
    init_pair(INK_GREEN, COLOR_GREEN, -1);
}

/* Does terminfo know it?  newterm, asked for one that nobody knows, leaks memory. */
static bool is_known(void)
{
    int found = 0;

    if (!getenv("TERM") || setupterm(NULL, STDOUT_FILENO, &found) != OK)
        return false;
    (void)del_curterm(cur_term);
    return true;
}

bool terminal_open(bool colour, struct failure *failure)
{
    static bool at_exit;

    *failure = (struct failure){ .what = "terminal", .why = "not known here; --plain needs none" };
    if (!is_known() || tcgetattr(STDIN_FILENO, &terminal.before) != 0)
        return false;
    handle_signals();
    terminal.screen = newterm(NULL, stdout, stdin);
    if (!terminal.screen) {
        usual_signals();
        return false;
    }
    terminal.n_leave = 0;
    add_capability("sgr0");
    add_capability("cnorm");
    add_capability("rmkx");
    add_capability("rmcup");
    at_exit = at_exit || atexit(terminal_close) == 0;
    terminal.open = true;
    terminal.resized = true;
    keep_errors();
    cbreak();
    noecho();
    set_escdelay(50);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    choose_colours(colour);
    return true;
}

void terminal_close(void)
{
    if (!terminal.open)
        return;
    terminal.open = false;
    curs_set(1);
    endwin();
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal.before);
    delscreen(terminal.screen);
    terminal.screen = NULL;
    usual_signals();
    give_errors_back();
}

/* ---- the screen ---- */

void terminal_size(unsigned *rows, unsigned *columns)
{
    struct winsize size;

    *rows = (unsigned)LINES;
    *columns = (unsigned)COLS;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_row || !size.ws_col)
        return;
    *rows = size.ws_row < CANVAS_ROWS_MAX ? size.ws_row : CANVAS_ROWS_MAX;
    *columns = size.ws_col < CANVAS_COLUMNS_MAX ? size.ws_col : CANVAS_COLUMNS_MAX;
}

/* Gives the terminal back, stops, and takes it again when it is continued. */
static void pause_here(void)
{
    terminal.stop = false;
    endwin();
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal.before);
    handle(SIGTSTP, SIG_DFL);
    (void)raise(SIGTSTP);
    handle(SIGTSTP, note_signal);
    terminal.resized = true;
}

bool terminal_is_stale(void)
{
    unsigned rows, columns;

    if (terminal.stop)
        pause_here();
    if (!terminal.resized)
        return false;
    terminal.resized = false;
    terminal_size(&rows, &columns);
    reset_prog_mode();
    resizeterm((int)rows, (int)columns);
    clearok(curscr, TRUE);
    return true;
}

static attr_t attributes_of(const struct canvas_cell *cell)
{
    attr_t a = cell->reversed ? A_REVERSE : A_NORMAL;

    if (cell->ink == INK_BOLD)
        return a | A_BOLD;
    if (cell->ink == INK_DIM)
        return cell->reversed ? a : a | A_DIM;
    return cell->ink == INK_RED && !terminal.colour ? a | A_BOLD : a;
}

void terminal_paint(const struct canvas *c)
{
    for (unsigned row = 0; row < c->rows; row++)
        for (unsigned column = 0; column < c->columns; column++) {
            const struct canvas_cell *cell = &c->cell[row * c->columns + column];
            wchar_t text[2] = { (wchar_t)cell->code, L'\0' };
            short pair = terminal.colour && cell->ink >= INK_RED ? (short)cell->ink : 0;
            cchar_t complex;
            if (cell->code && setcchar(&complex, text, attributes_of(cell), pair, NULL) == OK)
                (void)mvadd_wch((int)row, (int)column, &complex);
        }
    refresh();
}

/* ---- keys ---- */

static uint32_t key_of_code(wint_t code)
{
    static const struct {
        wint_t code;
        uint32_t key;
    } keys[] = {
        { KEY_UP, VIEW_UP },           { KEY_DOWN, VIEW_DOWN },        { KEY_PPAGE, VIEW_PAGE_UP },
        { KEY_NPAGE, VIEW_PAGE_DOWN }, { KEY_HOME, VIEW_FIRST },       { KEY_END, VIEW_LAST },
        { KEY_ENTER, VIEW_ENTER },     { KEY_RIGHT, VIEW_ENTER },      { KEY_LEFT, VIEW_ESCAPE },
        { KEY_DC, VIEW_RUBOUT },       { KEY_BACKSPACE, VIEW_RUBOUT },
    };

    for (size_t i = 0; i < N(keys); i++)
        if (keys[i].code == code)
            return keys[i].key;
    return 0;
}

static uint32_t key_of_character(wint_t character)
{
    switch (character) {
    case '\r':
    case '\n':
        return VIEW_ENTER;
    case 0x1b:
        return VIEW_ESCAPE;
    case 0x7f:
    case '\b':
        return VIEW_RUBOUT;
    default:
        return (uint32_t)character;
    }
}

uint32_t terminal_key(void)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    wint_t key = 0;

    if (poll(&input, 1, 0) > 0 && input.revents & (POLLHUP | POLLERR | POLLNVAL))
        terminal.gone = true;
    int kind = get_wch(&key);
    if (kind == ERR)
        return 0;
    return kind == KEY_CODE_YES ? key_of_code(key) : key_of_character(key);
}

bool terminal_is_gone(void) { return terminal.gone != 0; }
