/// Sums and ciphers: CRC-32, SHA-256, matrices, 64-bit arithmetic.
#include "bench.h"

static uint8_t data[64 << 10];

static void fill_data(void) {
  uint32_t state = 2463534242;
  for (uint32_t n = 0; n < sizeof data; n++) data[n] = (uint8_t)next_random(&state);
}

/// 64 KiB by way of a table.
uint32_t crc(uint32_t count) {
  static uint32_t table[256];
  for (uint32_t n = 0; n < 256; n++) {
    uint32_t value = n;
    for (uint32_t bit = 0; bit < 8; bit++) value = value >> 1 ^ (value & 1 ? 0xedb88320 : 0);
    table[n] = value;
  }
  fill_data();
  uint32_t sum = 0xffffffff;
  while (count--) {
    for (uint32_t n = 0; n < sizeof data; n++) sum = sum >> 8 ^ table[(sum ^ data[n]) & 0xff];
  }
  return ~sum;
}

static const uint32_t round_constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t value, uint32_t by) {
  return value >> by | value << (32 - by);
}

static void sha_block(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64], s[8];
  for (uint32_t n = 0; n < 16; n++, block += 4)
    w[n] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
  for (uint32_t n = 16; n < 64; n++) {
    uint32_t a = w[n - 15], b = w[n - 2];
    w[n] = w[n - 16] + w[n - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3)
         + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  for (uint32_t n = 0; n < 8; n++) s[n] = state[n];
  for (uint32_t n = 0; n < 64; n++) {
    uint32_t first = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25))
                   + ((s[4] & s[5]) ^ (~s[4] & s[6])) + round_constants[n] + w[n];
    uint32_t second = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22))
                    + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    s[7] = s[6];
    s[6] = s[5];
    s[5] = s[4];
    s[4] = s[3] + first;
    s[3] = s[2];
    s[2] = s[1];
    s[1] = s[0];
    s[0] = first + second;
  }
  for (uint32_t n = 0; n < 8; n++) state[n] += s[n];
}

/// SHA-256 of 64 KiB, without the padding at the end.
uint32_t sha(uint32_t count) {
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  fill_data();
  while (count--) {
    for (uint32_t n = 0; n < sizeof data; n += 64) sha_block(state, data + n);
  }
  return state[0] ^ state[7];
}

enum { SIDE = 64 };
static uint32_t left[SIDE][SIDE], right[SIDE][SIDE], product[SIDE][SIDE];

uint32_t matrix(uint32_t count) {
  uint32_t seed = 88172645, sum = 0;
  for (uint32_t n = 0; n < SIDE * SIDE; n++) {
    left[n / SIDE][n % SIDE] = next_random(&seed);
    right[n / SIDE][n % SIDE] = next_random(&seed);
  }
  while (count--) {
    for (uint32_t row = 0; row < SIDE; row++) {
      for (uint32_t column = 0; column < SIDE; column++) {
        uint32_t cell = 0;
        for (uint32_t n = 0; n < SIDE; n++) cell += left[row][n] * right[n][column];
        product[row][column] = cell;
        sum = sum * 31 + cell;
      }
    }
    left[0][0] = sum;
  }
  return sum;
}

/// 64 by 32 bits, with two DIV.
static uint64_t divide_short(uint64_t value, uint32_t by, uint32_t *rest) {
  uint32_t high = (uint32_t)(value >> 32) / by, low = (uint32_t)value;
  *rest = (uint32_t)(value >> 32) % by;
  __asm__("div %2" : "+a"(low), "+d"(*rest) : "r"(by) : "cc");
  return (uint64_t)high << 32 | low;
}

/// 64 by 64 bits, bit by bit.
static uint64_t divide_long(uint64_t value, uint64_t by) {
  uint64_t rest = 0, quotient = 0;
  for (uint32_t bit = 0; bit < 64; bit++) {
    rest = rest << 1 | value >> 63;
    value <<= 1;
    quotient <<= 1;
    if (rest >= by) {
      rest -= by;
      quotient |= 1;
    }
  }
  return quotient;
}

uint32_t wide(uint32_t count) {
  uint64_t value = 0x9e3779b97f4a7c15, sum = 0;
  while (count--) {
    for (uint32_t n = 0; n < 16; n++) {
      uint32_t rest;
      value = value * 6364136223846793005u + 1442695040888963407u;
      sum += divide_short(value, (uint32_t)(value >> 29) | 1, &rest) * 3 + rest;
      sum ^= (uint64_t)((int64_t)value >> (n & 31)) + (sum << 5);
    }
    sum += divide_long(value, (sum & 0xffffffffff) | 1);
  }
  return (uint32_t)(sum >> 32 ^ sum);
}
