/* The terminal, with no curses type in sight: Swift sees these functions and nothing else.
   One terminal per process; all calls from one thread except ct_guard_thread. */
#ifndef CTERMINAL_H
#define CTERMINAL_H

#include <stdint.h>

/* One character as it goes to the screen. Colours are palette numbers, -1 the terminal's own. */
typedef struct {
  uint32_t scalar;
  int16_t fg, bg;
  uint8_t attrs; /* CT_BOLD | CT_REVERSE | CT_UNDERLINE | CT_BLINK */
  uint8_t width; /* columns; 0 = right half of the character before */
} ct_cell;

enum { CT_BOLD = 1, CT_REVERSE = 2, CT_UNDERLINE = 4, CT_BLINK = 8 };
enum { CT_CHARSET_AUTO = -1, CT_CHARSET_ASCII = 0, CT_CHARSET_UTF8 = 1 };
enum { CT_OK, CT_NOT_A_TTY, CT_UNKNOWN_TERM, CT_TOO_SIMPLE, CT_FAILED };

/* Why ct_wait returned: a set, with the number of a fatal signal above bit 8. */
enum { CT_INPUT = 1, CT_WAKE = 2, CT_RESIZED = 4, CT_RESUMED = 8, CT_SUSPEND = 16 };

/* What ct_read returns: nothing, a character, or one of these keys; CT_F1 + n is F(n+1). */
enum {
  CT_NONE, CT_CHARACTER, CT_UP, CT_DOWN, CT_LEFT, CT_RIGHT, CT_HOME, CT_END, CT_PAGE_UP,
  CT_PAGE_DOWN, CT_INSERT, CT_DELETE, CT_BACKSPACE, CT_BACK_TAB, CT_ENTER, CT_ESCAPE, CT_TAB,
  CT_F1 = 64
};

/* Takes the terminal. Signals that kill or stop are ours from here to ct_close, and messages on
   standard error wait until then. */
int ct_open(int charset);
/* Gives the terminal back as it was. Safe to call twice. */
void ct_close(void);
/* Stops the process group as Ctrl-Z does; returns when it continues. */
void ct_suspend(void);
/* CT_CHARSET_ASCII or CT_CHARSET_UTF8. */
int ct_charset(void);
/* Number of colours; 0 on a monochrome terminal. */
int ct_colors(void);
void ct_size(int *width, int *height);
void ct_put(int x, int y, const ct_cell *cells, int count);
/* Places the cursor, or hides it for a negative x. */
void ct_cursor(int x, int y);
/* Sends what changed. */
void ct_flush(void);
/* Has the next ct_flush send everything. */
void ct_redraw(void);
/* Sleeps until a key, a byte on wake_fd (read away here), a signal, or timeout_ms (-1: forever). */
int ct_wait(int wake_fd, int timeout_ms);
/* The next key, without waiting. */
int ct_read(uint32_t *scalar);
/* For every other thread, first thing: leaves signals to the terminal's thread, and gives crashes
   a stack to be reported on. */
void ct_guard_thread(void);

#endif
