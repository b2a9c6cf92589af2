/// Stops the machine, with a status.
#include "user.h"

int main(int count, char **arguments) { halt((int)argument_number(count, arguments, 0)); }
