/// The clock: works a little in every second and shows how far it came, then sleeps.
#include "user.h"

static uint32_t primes, candidate = 2;

static int is_prime(uint32_t number) {
  for (uint32_t divisor = 2; divisor * divisor <= number; divisor++)
    if (number % divisor == 0) return 0;
  return 1;
}

int main(void) {
  for (uint32_t second = 0;; second++) {
    char text[20];
    uint32_t length = format_text(text, sizeof text, "%5u s %5u primes", second, primes);
    ask(SYS_TITLE, (uint32_t)text, length);
    for (uint32_t step = 0; step < 100; step++) primes += is_prime(candidate++);
    ask(SYS_SLEEP, 100, 0);
  }
}
