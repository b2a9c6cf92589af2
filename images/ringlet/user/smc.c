/// Code that changes itself: one instruction, MOV EAX with a number, is given another number
/// each time before it runs. The processor, or whoever plays it, must notice.
#include "user.h"

/// On the data pages, which may be written; in this processor what may be read may be run.
static uint8_t code[] = {0xb8, 0, 0, 0, 0, 0xc3};  // mov eax, 0; ret

int main(void) {
  uint32_t right = 0;
  for (uint32_t number = 1; number <= 100; number++) {
    *(volatile uint32_t *)(code + 1) = number;
    if (((uint32_t(*)(void))(uintptr_t)code)() == number) right++;
  }
  print("%u of 100 changes were seen\n", right);
  return 0;
}
