/* The only file that knows curses. It draws differences, reads terminfo and decodes keys; all
   policy is in Swift. */
#include "CTerminal.h"
#include "internal.h"

#if __has_include(<ncursesw/curses.h>)
#include <ncursesw/curses.h>
#elif __has_include(<curses.h>)
#include <curses.h>
#else
#error "the ncurses headers are missing: on Debian, `make setup` or `apt-get install libncurses-dev`"
#endif
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* <term.h> defines macros named `lines` and `columns`; these three are all that is needed. */
extern int setupterm(const char *term, int fd, int *error);
extern char *tigetstr(const char *name);
extern int tputs(const char *text, int lines_affected, int (*put)(int));

static SCREEN *screen;
static int charset, colors;
/* What followed an Escape and is read next; the kind is ERR when there is nothing. */
static wint_t pending;
static int pending_kind = ERR;

/* Pairs in use, found by their colours; slot = pair number. */
enum { PAIRS = 1024 };
static struct { int16_t fg, bg; } pairs[PAIRS];
static int pair_count, pair_limit;

static char reset[512];
static int reset_length;

static int collect(int byte) {
  if (reset_length < (int)sizeof reset) reset[reset_length++] = (char)byte;
  return byte;
}

static void collect_reset(void) {
  static const char *names[] = {"sgr0", "op", "cnorm", "rmkx", "rmcup"};
  reset_length = 0;
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    char *text = tigetstr(names[i]);
    if (text && text != (char *)-1) tputs(text, 1, collect);
  }
}

static int choose_charset(int wanted) {
  setlocale(LC_CTYPE, "");
  int utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  if (wanted == CT_CHARSET_AUTO) return utf8;
  if (wanted == CT_CHARSET_UTF8 && !utf8) utf8 = setlocale(LC_CTYPE, "C.UTF-8") != NULL;
  return wanted == CT_CHARSET_UTF8 && utf8;
}

static void start_colors(void) {
  colors = 0;
  pair_count = 1;
  if (!has_colors() || start_color() != OK) return;
  colors = COLORS;
  pair_limit = COLOR_PAIRS < PAIRS ? COLOR_PAIRS : PAIRS;
  use_default_colors();
}

int ct_open(int wanted) {
  if (screen) return CT_OK;
  if (!isatty(0) || !isatty(1)) return CT_NOT_A_TTY;
  int error = 0;
  if (setupterm(NULL, 1, &error) != OK) return error == 1 ? CT_TOO_SIMPLE : CT_UNKNOWN_TERM;
  char *position = tigetstr("cup");
  if (!position || position == (char *)-1) return CT_TOO_SIMPLE;
  charset = choose_charset(wanted);
  collect_reset();
  ct_signals_prepare(reset, reset_length);
  ct_signals_open();
  screen = newterm(NULL, stdout, stdin);
  if (!screen) {
    ct_signals_close();
    return CT_FAILED;
  }
  ct_stderr_hold();
  static int registered;
  if (!registered) registered = atexit(ct_close) == 0;
  set_escdelay(25);
  raw();
  noecho();
  nonl();
  nodelay(stdscr, TRUE);
  keypad(stdscr, TRUE);
  start_colors();
  return CT_OK;
}

void ct_close(void) {
  if (!screen) return;
  if (!isendwin()) endwin();
  ct_signals_close();
  delscreen(screen);
  screen = NULL;
  ct_stderr_release();
}

int ct_charset(void) { return charset ? CT_CHARSET_UTF8 : CT_CHARSET_ASCII; }
int ct_colors(void) { return colors; }

void ct_size(int *width, int *height) { getmaxyx(stdscr, *height, *width); }

static short pair_for(int16_t fg, int16_t bg) {
  if (!colors || (fg < 0 && bg < 0)) return 0;
  for (int i = 1; i < pair_count; i++)
    if (pairs[i].fg == fg && pairs[i].bg == bg) return (short)i;
  if (pair_count >= pair_limit || init_pair((short)pair_count, fg, bg) != OK) return 0;
  pairs[pair_count].fg = fg;
  pairs[pair_count].bg = bg;
  return (short)pair_count++;
}

void ct_put(int x, int y, const ct_cell *cells, int count) {
  for (int i = 0; i < count; i++) {
    const ct_cell *cell = &cells[i];
    if (cell->width == 0) continue;
    attr_t attrs = A_NORMAL;
    if (cell->attrs & CT_BOLD) attrs |= A_BOLD;
    if (cell->attrs & CT_REVERSE) attrs |= A_REVERSE;
    if (cell->attrs & CT_UNDERLINE) attrs |= A_UNDERLINE;
    if (cell->attrs & CT_BLINK) attrs |= A_BLINK;
    wchar_t text[2] = {(wchar_t)cell->scalar, 0};
    cchar_t out;
    setcchar(&out, text, attrs, pair_for(cell->fg, cell->bg), NULL);
    mvadd_wchnstr(y, x + i, &out, 1); /* unlike add_wch it may fill the last corner */
  }
}

void ct_cursor(int x, int y) {
  curs_set(x >= 0);
  if (x >= 0) move(y, x);
}

void ct_flush(void) { refresh(); }
void ct_redraw(void) { clearok(curscr, TRUE); }

static void follow_size(void) {
  struct winsize size;
  if (ioctl(1, TIOCGWINSZ, &size) != 0 || !size.ws_row || !size.ws_col) return;
  resize_term(size.ws_row, size.ws_col);
  ct_redraw();
}

void ct_suspend(void) {
  def_prog_mode();
  endwin();
  ct_stderr_release();
  if (ct_signals_stop()) return; /* ended while stopped: the terminal is the shell's by now */
  ct_stderr_hold();
  reset_prog_mode();
  follow_size();
  ct_redraw();
}

static int drain(int fd) {
  char bytes[256];
  long count, total = 0;
  while ((count = read(fd, bytes, sizeof bytes)) > 0) total += count;
  return total > 0;
}

int ct_wait(int wake_fd, int timeout_ms) {
  struct pollfd fds[3] = {{0, POLLIN, 0}, {ct_signals_fd(), POLLIN, 0}, {wake_fd, POLLIN, 0}};
  int result = 0;
  if (pending_kind != ERR) timeout_ms = 0, result |= CT_INPUT;
  if (poll(fds, 3, timeout_ms) < 0 && errno != EINTR) return SIGHUP << 8;
  result |= ct_signals_take();
  if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) return result | SIGHUP << 8;
  if (fds[0].revents & POLLIN) result |= CT_INPUT;
  if (fds[2].revents & POLLIN && drain(wake_fd)) result |= CT_WAKE;
  if (result & CT_RESUMED) reset_prog_mode(), ct_redraw();
  if (result & CT_RESIZED) follow_size();
  return result;
}

static int next(wint_t *value) {
  int kind = pending_kind;
  if (kind == ERR) return get_wch(value);
  pending_kind = ERR;
  *value = pending;
  return kind;
}

/* After Escape: an unknown control sequence is swallowed whole, so that its letters are not taken
   for commands; anything else stays for the next call. */
static int after_escape(void) {
  wint_t value;
  int kind = get_wch(&value);
  if (kind == OK && value == '[') {
    while (get_wch(&value) == OK && !(value >= 0x40 && value <= 0x7E)) {}
    return CT_NONE;
  }
  if (kind == OK && value == 'O') return get_wch(&value), CT_NONE;
  pending = value;
  pending_kind = kind;
  return CT_ESCAPE;
}

static int named_key(wint_t value) {
  switch (value) {
    case KEY_UP: return CT_UP;
    case KEY_DOWN: return CT_DOWN;
    case KEY_LEFT: return CT_LEFT;
    case KEY_RIGHT: return CT_RIGHT;
    case KEY_HOME: return CT_HOME;
    case KEY_END: return CT_END;
    case KEY_PPAGE: return CT_PAGE_UP;
    case KEY_NPAGE: return CT_PAGE_DOWN;
    case KEY_IC: return CT_INSERT;
    case KEY_DC: return CT_DELETE;
    case KEY_BACKSPACE: return CT_BACKSPACE;
    case KEY_BTAB: return CT_BACK_TAB;
    case KEY_ENTER: return CT_ENTER;
    default: break;
  }
  if (value >= KEY_F(1) && value <= KEY_F(12)) return CT_F1 + (int)(value - KEY_F(1));
  return CT_NONE;
}

int ct_read(uint32_t *scalar) {
  for (;;) {
    wint_t value;
    int kind = next(&value);
    int key = CT_NONE;
    if (kind == ERR) return CT_NONE;
    if (kind == KEY_CODE_YES) {
      key = named_key(value);
    } else if (value == 27) {
      key = after_escape();
    } else if (value == '\r' || value == '\n') {
      key = CT_ENTER;
    } else if (value == '\t') {
      key = CT_TAB;
    } else if (value == 127 || value == 8) {
      key = CT_BACKSPACE;
    } else if (charset || value < 0x80) {
      *scalar = value;
      key = CT_CHARACTER;
    }
    if (key != CT_NONE) return key;
  }
}
