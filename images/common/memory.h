/// The two functions the compiler itself may call, which no library brings here.
#pragma once
#include <stddef.h>

void *memcpy(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
