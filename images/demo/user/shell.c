/// The prompt.
#include "user.h"

static int equal(const char *left, const char *right) {
  while (*left && *left == *right) left++, right++;
  return *left == *right;
}

/// Splits a line at its first space: cuts it there and returns what follows.
static char *cut(char *line) {
  while (*line && *line != ' ') line++;
  if (!*line) return line;
  *line++ = 0;
  while (*line == ' ') line++;
  return line;
}

static uint32_t number(const char *text) {
  uint32_t value = 0;
  for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (uint32_t)(*text - '0');
  return value;
}

static void read_line(char *line, uint32_t room) {
  static int previous;
  for (uint32_t length = 0;;) {
    int key = ask(SYS_READ, 0, 0);
    int half = key == '\n' && previous == '\r';  // the second half of one line end
    previous = key;
    if (half) continue;
    if (key == '\r' || key == '\n') {
      print("\n");
      line[length] = 0;
      return;
    }
    if (key == '\b' || key == 127) {
      if (length == 0) continue;
      length--;
      print("\b \b");
    } else if (key >= ' ' && key < 127 && length + 1 < room) {
      line[length++] = (char)key;
      ask(SYS_WRITE, (uint32_t)&line[length - 1], 1);
    }
  }
}

static void show_help(void) {
  print("help      this text\n"
        "ps        the programs\n"
        "ticks     timer ticks so far\n");
  print("rings     what ring 3 can see\n"
        "fault     what ring 3 is refused\n"
        "divide    by zero, unprepared\n");
  print("spin      work for 20 ticks\n"
        "halt      stop the processor\n"
        "exit N    leave with status N\n");
}

static void show_programs(void) {
  struct task_info list[4];
  int count = ask(SYS_TASKS, (uint32_t)list, 4);
  print("pid name    state   ticks  calls\n");
  for (int index = 0; index < count; index++) {
    const struct task_info *task = &list[index];
    print("%3u %8s%8s%5u%7u\n", task->pid, task->name, task->state, task->ticks, task->calls);
  }
}

/// Runs without a single system call in the loop but the question for the time: whoever
/// else gets a turn meanwhile got it from the timer.
static void spin(void) {
  uint32_t rounds = 0, end = (uint32_t)ask(SYS_TICKS, 0, 0) + 20;
  while ((int32_t)((uint32_t)ask(SYS_TICKS, 0, 0) - end) < 0) {
    for (volatile uint32_t step = 0; step < 1000; step++) {}
    rounds++;
  }
  print("~ %u thousand steps\n", rounds);
}

static void obey(const char *command, const char *argument) {
  if (equal(command, "help")) show_help();
  else if (equal(command, "ps")) show_programs();
  else if (equal(command, "ticks")) print("~ %u ticks\n", ask(SYS_TICKS, 0, 0));
  else if (equal(command, "rings")) show_rings();
  else if (equal(command, "fault")) show_faults();
  else if (equal(command, "divide")) divide_by_zero();
  else if (equal(command, "spin")) spin();
  else if (equal(command, "halt")) ask(SYS_POWER, POWER_HALT, 0);
  else if (equal(command, "exit")) ask(SYS_POWER, number(argument) & 63, 0);
  else if (*command) print("%s: no such command; try help\n", command);
}

int main(void) {
  char line[20];
  print("shell ready, type help\n");
  for (;;) {
    print("$ ");
    read_line(line, sizeof line);
    const char *argument = cut(line);
    obey(line, argument);
  }
}
