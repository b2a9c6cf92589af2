/// Work on memory: the sieve, sorting, and copying, filling and comparing.
#include "bench.h"
#include "../common/memory.h"

enum { SIZE = 256 << 10 };
static uint8_t bytes[SIZE], others[SIZE];

/// Primes below 256 Ki.
uint32_t sieve(uint32_t count) {
  uint32_t sum = 0;
  while (count--) {
    for (uint32_t n = 2; n < SIZE; n++) bytes[n] = 1;
    for (uint32_t n = 2; n * n < SIZE; n++) {
      if (!bytes[n]) continue;
      for (uint32_t multiple = n * n; multiple < SIZE; multiple += n) bytes[multiple] = 0;
    }
    for (uint32_t n = 2; n < SIZE; n++) {
      if (bytes[n]) sum += n;
    }
  }
  return sum;
}

enum { NUMBERS = 16384 };
static uint32_t numbers[NUMBERS];

static void sift(uint32_t root, uint32_t end) {
  uint32_t value = numbers[root];
  for (uint32_t child; (child = 2 * root + 1) < end; root = child) {
    if (child + 1 < end && numbers[child + 1] > numbers[child]) child++;
    if (numbers[child] <= value) break;
    numbers[root] = numbers[child];
  }
  numbers[root] = value;
}

static void quicksort(int32_t low, int32_t high) {
  while (low < high) {
    uint32_t pivot = numbers[(low + high) / 2];
    int32_t left = low, right = high;
    while (left <= right) {
      while (numbers[left] < pivot) left++;
      while (numbers[right] > pivot) right--;
      if (left > right) break;
      uint32_t value = numbers[left];
      numbers[left++] = numbers[right];
      numbers[right--] = value;
    }
    quicksort(low, right);
    low = left;
  }
}

/// 16 Ki numbers, once with heapsort and once with quicksort.
uint32_t sort(uint32_t count) {
  uint32_t state = 362436069, sum = 0;
  while (count--) {
    for (uint32_t n = 0; n < NUMBERS; n++) numbers[n] = next_random(&state);
    for (uint32_t root = NUMBERS / 2; root--;) sift(root, NUMBERS);
    for (uint32_t end = NUMBERS - 1; end > 0; end--) {
      uint32_t value = numbers[0];
      numbers[0] = numbers[end];
      numbers[end] = value;
      sift(0, end);
    }
    for (uint32_t n = 0; n < NUMBERS; n++) sum = sum * 31 + numbers[n];
    for (uint32_t n = 0; n < NUMBERS; n++) numbers[n] = next_random(&state);
    quicksort(0, NUMBERS - 1);
    for (uint32_t n = 0; n < NUMBERS; n++) sum = sum * 31 + numbers[n];
  }
  return sum;
}

/// String instructions over 256 KiB, and words moved by a loop.
uint32_t memory(uint32_t count) {
  uint32_t sum = 0;
  while (count--) {
    memset(bytes, (int)(count & 0xff), SIZE);
    bytes[count % SIZE] = 0x5a;
    void *to = others, *from = bytes;
    uint32_t words = SIZE / 4;
    __asm__ volatile("rep movsd" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    to = others, from = bytes;
    uint32_t left = SIZE / 4;
    __asm__ volatile("repe cmpsb" : "+D"(to), "+S"(from), "+c"(left) : : "cc", "memory");
    to = others;
    uint32_t rest = SIZE / 4;
    __asm__ volatile("repne scasb" : "+D"(to), "+c"(rest) : "a"(0xee) : "cc", "memory");
    volatile uint32_t *source = (volatile uint32_t *)others, *target = (volatile uint32_t *)bytes;
    for (uint32_t n = 0; n < SIZE / 4; n++) target[n] = source[SIZE / 4 - 1 - n] + n;
    sum = sum * 31 + left + rest + target[count % (SIZE / 4)];
  }
  return sum;
}
