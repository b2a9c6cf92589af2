/// What no program should do to a kernel: pointers that are not its own, more processes, files and
/// memory than there are. The kernel refuses, and goes on.
#include "user.h"

enum { PAGE = 4096, WHOLE_MEMORY = 256 << 20 };

/// System calls that want pointers. Each is asked with one that it must not follow.
static int ask(uint32_t call, uintptr_t bad) {
  int out[2];
  if (pipe(out) < 0) return 0;  // something to read and write; a pipe never waits here
  write(out[1], "x", 1);
  char *const none[] = {NULL}, *const arguments[] = {(char *)bad, NULL};
  int answer = 0;
  switch (call) {
    case 0: answer = read(out[0], (void *)bad, 1); break;
    case 1: answer = write(out[1], (void *)bad, 1); break;
    case 2: answer = open((char *)bad, OPEN_READ); break;
    case 3: answer = unlink((char *)bad); break;
    case 4: answer = exec((char *)bad, none); break;
    case 5: answer = exec("echo", (char *const *)bad); break;
    case 6: answer = exec("echo", arguments); break;
    case 7: answer = wait((int *)bad); break;
    case 8: answer = fstat(0, (struct stat *)bad); break;
    case 9: answer = pipe((int *)bad); break;
    case 10: answer = times((struct times *)bad); break;
    case 11: answer = ps((struct process_info *)bad, 1); break;
  }
  close(out[0]);
  close(out[1]);
  return answer;
}

static void bad_pointers(void) {
  static const uintptr_t places[] = {4, 0x100000, 0x3fffffff, 0x70000000, 0x80000000, 0xfffffffc};
  enum { CALLS = 12, PLACES = sizeof places / sizeof *places };
  uint32_t refused = 0;
  for (uint32_t call = 0; call < CALLS; call++)
    for (uint32_t place = 0; place < PLACES; place++)
      if (ask(call, places[place]) < 0) refused++;
  print("%u of %u bad pointers refused\n", refused, CALLS * PLACES);
}

/// Children until there are no more; they wait to be killed.
static void processes(void) {
  int children[64], count = 0, killed = 0;
  while (count < 64 && (children[count] = fork()) > 0) count++;
  if (count < 64 && children[count] == 0) sleep(1000000);
  for (int index = 0; index < count; index++) killed += kill(children[index]) == 0;
  for (int index = 0; index < count; index++) wait(NULL);
  print("~ %d processes, then no more\n", count);
  print("%s\n", killed == count ? "all killed and buried" : "some could not be killed");
}

static void files(void) {
  int last = -1;
  for (int file; (file = dup(1)) >= 0;) last = file;
  print("files up to %d, then no more\n", last);
  while (last > 2) close(last--);
}

/// In a child, for it will not survive.
static void memory(void) {
  int status = 0;
  if (fork() == 0) {
    uint32_t start = brk(0);
    brk(start + WHOLE_MEMORY);
    for (uint32_t page = 0; page < WHOLE_MEMORY; page += PAGE) *(volatile char *)(start + page) = 1;
    exit(0);
  }
  wait(&status);
  print("no memory: vector %d\n", status - STATUS_FAULT);
}

int main(void) {
  bad_pointers();
  processes();
  files();
  memory();
  return 0;
}
