/// The Mandelbrot set on the x87.
#include "bench.h"

uint32_t mandelbrot(uint32_t count) {
  enum { WIDTH = 48, HEIGHT = 32, LIMIT = 100 };
  uint32_t sum = 0;
  while (count--) {
    for (int32_t y = 0; y < HEIGHT; y++) {
      for (int32_t x = 0; x < WIDTH; x++) {
        double real = (x - 32) / 16.0, imaginary = (y - 16) / 16.0, a = 0, b = 0;
        uint32_t steps = 0;
        while (steps < LIMIT && a * a + b * b < 4) {
          double next = a * a - b * b + real;
          b = 2 * a * b + imaginary;
          a = next;
          steps++;
        }
        sum = sum * 31 + steps;
      }
    }
  }
  return sum;
}
