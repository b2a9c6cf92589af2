/* The way out: whatever ends or stops the process, the terminal is whole again. Handlers use
   nothing but async-signal-safe calls; endwin is not one of them. */
#include "CTerminal.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
static const int endings[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT};
static const int notices[] = {SIGWINCH, SIGCONT, SIGTSTP};
enum {
  CRASHES = sizeof crashes / sizeof *crashes,
  ENDINGS = sizeof endings / sizeof *endings,
  NOTICES = sizeof notices / sizeof *notices
};

static struct sigaction before_crash[CRASHES], before_ending[ENDINGS], before_notice[NOTICES];
static struct termios modes;
static char reset_bytes[512];
static int reset_length;
static volatile sig_atomic_t active, resized, resumed, suspend, fatal;
static int pipe_fds[2] = {-1, -1};
static int held = -1, real_stderr = -1;

static void write_all(int fd, const char *bytes, long length) {
  while (length > 0) {
    long written = write(fd, bytes, (size_t)length);
    if (written < 0 && errno != EINTR) return;
    if (written > 0) bytes += written, length -= written;
  }
}

void ct_stderr_hold(void) {
  if (!isatty(2)) return;
  char name[] = "/tmp/ringside-stderr-XXXXXX";
  held = mkstemp(name);
  if (held < 0) return;
  unlink(name);
  fcntl(held, F_SETFD, FD_CLOEXEC);
  real_stderr = dup(2);
  dup2(held, 2);
}

void ct_stderr_release(void) {
  if (held < 0) return;
  int from = held;
  held = -1;
  dup2(real_stderr, 2);
  close(real_stderr);
  char bytes[1024];
  long count;
  lseek(from, 0, SEEK_SET);
  while ((count = read(from, bytes, sizeof bytes)) > 0) write_all(2, bytes, count);
  close(from);
}

static void restore_now(void) {
  if (!active) return;
  active = 0;
  write_all(1, reset_bytes, reset_length);
  tcsetattr(0, TCSANOW, &modes);
  ct_stderr_release();
}

static void put_back(const int *numbers, const struct sigaction *actions, int count) {
  for (int i = 0; i < count; i++) sigaction(numbers[i], &actions[i], NULL);
}

/* A fault happens again on return, at the same address, for whoever handled it before us. What the
   program sent to itself has to be sent again. What somebody else sent just ends it: whoever reports
   crashes would find none, and go on. */
static void on_crash(int number, siginfo_t *info, void *context) {
  (void)context;
  restore_now();
  put_back(crashes, before_crash, CRASHES);
  if (info->si_code == SI_USER) signal(number, SIG_DFL);
  if (info->si_code <= 0) raise(number);
}

static void notify(void) {
  int saved = errno;
  char byte = 0;
  if (write(pipe_fds[1], &byte, 1) < 0) errno = saved;
}

/* The first request is served by the loop; a second one means that the loop is stuck. */
static void on_ending(int number) {
  if (fatal) {
    restore_now();
    put_back(endings, before_ending, ENDINGS);
    raise(number);
    return;
  }
  fatal = number;
  notify();
}

static void on_notice(int number) {
  if (number == SIGWINCH) resized = 1;
  if (number == SIGCONT) resumed = 1;
  if (number == SIGTSTP) suspend = 1;
  notify();
}

static void alternate_stack(void) {
  enum { SIZE = 64 * 1024 };
  stack_t stack = {0};
  if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE)) return;
  stack.ss_sp = malloc(SIZE); /* lives as long as the thread may crash: for good */
  stack.ss_size = SIZE;
  stack.ss_flags = 0;
  if (stack.ss_sp) sigaltstack(&stack, NULL);
}

void ct_guard_thread(void) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < ENDINGS; i++) sigaddset(&set, endings[i]);
  for (int i = 0; i < NOTICES; i++) sigaddset(&set, notices[i]);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  alternate_stack();
}

void ct_signals_prepare(const char *reset, int length) {
  if (length > (int)sizeof reset_bytes) length = sizeof reset_bytes;
  memcpy(reset_bytes, reset, (size_t)length);
  reset_length = length;
  tcgetattr(0, &modes);
}

static void install(const int *numbers, struct sigaction *before, int count,
                    void (*handler)(int)) {
  struct sigaction action = {0};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (int i = 0; i < count; i++) sigaction(numbers[i], &action, &before[i]);
}

void ct_signals_open(void) {
  alternate_stack();
  if (pipe(pipe_fds) == 0) {
    for (int i = 0; i < 2; i++) {
      fcntl(pipe_fds[i], F_SETFL, O_NONBLOCK);
      fcntl(pipe_fds[i], F_SETFD, FD_CLOEXEC);
    }
  }
  resized = resumed = suspend = fatal = 0;
  active = 1;
  struct sigaction action = {0};
  action.sa_sigaction = on_crash;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < CRASHES; i++) sigaction(crashes[i], &action, &before_crash[i]);
  install(endings, before_ending, ENDINGS, on_ending);
  install(notices, before_notice, NOTICES, on_notice);
  /* nohup and its kind keep their wish. */
  for (int i = 0; i < ENDINGS; i++)
    if (before_ending[i].sa_handler == SIG_IGN) sigaction(endings[i], &before_ending[i], NULL);
}

void ct_signals_close(void) {
  active = 0;
  put_back(crashes, before_crash, CRASHES);
  put_back(endings, before_ending, ENDINGS);
  put_back(notices, before_notice, NOTICES);
  for (int i = 0; i < 2; i++) {
    close(pipe_fds[i]);
    pipe_fds[i] = -1;
  }
}

int ct_signals_fd(void) { return pipe_fds[0]; }

int ct_signals_take(void) {
  char bytes[64];
  while (read(pipe_fds[0], bytes, sizeof bytes) > 0) {}
  int result = fatal << 8;
  if (resized) resized = 0, result |= CT_RESIZED;
  if (resumed) resumed = 0, result |= CT_RESUMED;
  if (suspend) suspend = 0, result |= CT_SUSPEND;
  return result;
}

int ct_signals_stop(void) {
  struct sigaction ours, standard = {0};
  standard.sa_handler = SIG_DFL;
  active = 0;
  sigaction(SIGTSTP, &standard, &ours);
  kill(0, SIGTSTP);
  sigaction(SIGTSTP, &ours, NULL);
  active = !fatal;
  return fatal;
}
