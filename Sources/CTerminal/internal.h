/* What the two halves share: terminal.c speaks curses, signals.c must not. */
#ifndef CTERMINAL_INTERNAL_H
#define CTERMINAL_INTERNAL_H

/* Remembers how to restore the terminal from a signal handler: bytes to write, and its modes. */
void ct_signals_prepare(const char *reset, int length);
void ct_signals_open(void);
void ct_signals_close(void);
/* The pipe a signal handler writes to, for poll. */
int ct_signals_fd(void);
/* Pending CT_RESIZED | CT_RESUMED | CT_SUSPEND and a fatal signal's number << 8; clears them. */
int ct_signals_take(void);
/* Stops the process group; returns when it continues, with the signal that ends it if one came. */
int ct_signals_stop(void);
/* Standard error: set aside into a file without a name, or back with everything it collected. */
void ct_stderr_hold(void);
void ct_stderr_release(void);

#endif
