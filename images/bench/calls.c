/// Programs that mostly jump: recursion, and an interpreter.
#include "bench.h"

__attribute__((noinline)) static uint32_t fibonacci(uint32_t n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

__attribute__((noinline)) static uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0) return n + 1;
  return ackermann(m - 1, n == 0 ? 1 : ackermann(m, n - 1));
}

uint32_t recursion(uint32_t count) {
  uint32_t sum = 0;
  while (count--) sum = sum * 31 + fibonacci(22 + (count & 1)) + ackermann(2, 60 + (count & 3));
  return sum;
}

enum operation { PUSH, LOAD, STORE, ADD, MULTIPLY, XOR, LESS, JUMP_IF, JUMP, STOP };

/// sum = 0; for (n = 0; n < limit; n++) sum = (sum * 31 + n) ^ 5
static const uint8_t script[] = {
  PUSH, 0, STORE, 0, PUSH, 0, STORE, 1,
  LOAD, 0, PUSH, 31, MULTIPLY, LOAD, 1, ADD, PUSH, 5, XOR, STORE, 0,
  LOAD, 1, PUSH, 1, ADD, STORE, 1, LOAD, 1, LOAD, 2, LESS, JUMP_IF, 8,
  STOP,
};

static uint32_t interpret(uint32_t limit) {
  uint32_t stack[16], variables[4] = {0, 0, limit, 0}, depth = 0;
  for (const uint8_t *next = script;;) {
    switch (*next++) {
      case PUSH: stack[depth++] = *next++; break;
      case LOAD: stack[depth++] = variables[*next++]; break;
      case STORE: variables[*next++] = stack[--depth]; break;
      case ADD: depth--; stack[depth - 1] += stack[depth]; break;
      case MULTIPLY: depth--; stack[depth - 1] *= stack[depth]; break;
      case XOR: depth--; stack[depth - 1] ^= stack[depth]; break;
      case LESS: depth--; stack[depth - 1] = stack[depth - 1] < stack[depth]; break;
      case JUMP_IF: next = stack[--depth] ? script + *next : next + 1; break;
      case JUMP: next = script + *next; break;
      default: return variables[0];
    }
  }
}

uint32_t bytecode(uint32_t count) {
  uint32_t sum = 0;
  while (count--) sum = sum * 31 + interpret(1000 + (count & 7));
  return sum;
}
