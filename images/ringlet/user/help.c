/// What there is.
#include "user.h"

int main(void) {
  print("ls cat echo wc rm ps kill   as usual\n"
        "exit N    end the shell: with the\n"
        "          first one, the machine\n"
        "halt N    stop with a status\n"
        "\n"
        "getpid N  system calls\n"
        "ctxsw N   two processes take turns\n"
        "forks N   children, copy on write\n"
        "pages N   touch fresh memory\n");
  print("divide    by zero\n"
        "illegal   memory that is not ours\n"
        "port      ports from ring 3\n"
        "cli       privileged instructions\n"
        "rings     what ring 3 can see\n");
  print("cpuid     processor and time stamp\n"
        "timer N   sleep, N times\n"
        "diskcopy N  blocks to a file\n"
        "puts N    lines on the console\n"
        "smc       code that changes itself\n"
        "spin N    work for N ticks\n"
        "abuse     all that is forbidden\n");
  return 0;
}
