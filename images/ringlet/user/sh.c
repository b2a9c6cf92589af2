/// The shell, and the first process: reads a line, starts the programs it names, waits.
///     program argument ... < input > output | program ... &
#include "user.h"

enum { LINE = 80, WORDS = LINE };

static char *words[WORDS + 1];

/// Cuts a line into words; the signs are words even without spaces around them.
static int split(char *line) {
  static char buffer[2 * LINE];
  char *to = buffer;
  int count = 0;
  while (*line) {
    if (*line == ' ') {
      line++;
      continue;
    }
    words[count++] = to;
    if (*line == '|' || *line == '<' || *line == '>' || *line == '&') {
      *to++ = *line++;
    } else {
      while (*line && *line != ' ' && *line != '|' && *line != '<' && *line != '>' && *line != '&')
        *to++ = *line++;
    }
    *to++ = 0;
  }
  words[count] = NULL;
  return count;
}

/// Makes number `place` stand for a file: closes what it was, and dup takes the lowest free.
static void become(int place, int file) {
  if (file == place) return;
  close(place);
  dup(file);
  close(file);
}

/// File 1 may be a pipe by now; messages go where the shell's own do.
static _Noreturn void fail(const char *what, const char *why) {
  become(1, dup(2));
  print("%s: %s\n", what, why);
  exit(127);
}

/// In the child: takes < and > out of the words, then turns into the program.
static _Noreturn void run(char **command) {
  char *arguments[WORDS + 1];
  int count = 0;
  for (; *command; command++) {
    int to_file = equal(*command, ">");
    if (!to_file && !equal(*command, "<")) {
      arguments[count++] = *command;
      continue;
    }
    if (!*++command) fail("sh", "a file's name is missing");
    int file = open(*command, to_file ? OPEN_WRITE | OPEN_CREATE : OPEN_READ);
    if (file < 0) fail(*command, "cannot open");
    become(to_file, file);
  }
  arguments[count] = NULL;
  if (count == 0) fail("sh", "a program's name is missing");
  exec(arguments[0], arguments);
  fail(arguments[0], "no such program; try ls");
}

/// Starts all parts of a pipeline, each reading what the one before it writes.
/// Returns the last one's number.
static int start(char **command) {
  int from_left = -1, pid = -1;
  while (*command) {
    char **end = command;
    while (*end && !equal(*end, "|")) end++;
    int is_last = !*end, between[2] = {-1, -1};
    *end = NULL;
    if (!is_last && pipe(between)) break;
    pid = fork();
    if (pid == 0) {
      if (from_left >= 0) become(0, from_left);
      if (!is_last) {
        close(between[0]);
        become(1, between[1]);
      }
      run(command);
    }
    if (from_left >= 0) close(from_left);
    if (!is_last) close(between[1]);
    from_left = between[0];
    if (is_last || pid < 0) break;
    command = end + 1;
  }
  if (pid < 0) print("sh: no more processes\n");
  return pid;
}

/// Waits for one child, and also buries all others that end meanwhile.
static void wait_for(int pid) {
  int status;
  for (int ended = 0; ended != pid && ended >= 0;) ended = wait(&status);
}

static void obey(int count) {
  if (count == 0) return;
  if (equal(words[0], "exit")) exit(count > 1 ? (int)number_in(words[1]) : 0);
  int in_background = equal(words[count - 1], "&");
  if (in_background) words[count - 1] = NULL;
  int pid = start(words);
  if (pid > 0 && !in_background) wait_for(pid);
  if (pid > 0 && in_background) print("~ [%d]\n", pid);
}

int main(void) {
  char line[LINE];
  print("shell ready, try help\n");
  for (;;) {
    print("$ ");
    if (read_line(line, sizeof line) < 0) break;
    obey(split(line));
  }
  print("\n");
  return 0;
}
