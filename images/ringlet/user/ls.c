/// The files, by reading the directory.
#include "user.h"

int main(void) {
  static const char kinds[] = " -d*";
  struct directory_entry entry;
  int directory = open("/", OPEN_READ);
  while (read(directory, &entry, sizeof entry) == sizeof entry) {
    char name[NAME_LENGTH + 1] = {0};
    struct stat stat;
    if (!entry.inode) continue;
    for (int index = 0; index < NAME_LENGTH; index++) name[index] = entry.name[index];
    int file = open(name, OPEN_READ);
    if (file < 0 || fstat(file, &stat) < 0) continue;
    close(file);
    print("%c %2u %6u %s\n", kinds[stat.type], stat.inode, stat.size, name);
  }
  return 0;
}
