/// Open files: what a number that a program holds stands for. After a fork, and after dup, two
/// numbers stand for the same open file and share its offset.
#include "kernel.h"

enum { COUNT = 64 };
enum device { CONSOLE = 1, NOTHING, DISK };  // a device inode's first block is one of these

static struct file files[COUNT];

struct file *file_allocate(void) {
  for (struct file *file = files; file < files + COUNT; file++) {
    if (file->references) continue;
    memset(file, 0, sizeof *file);
    file->references = 1;
    return file;
  }
  return NULL;
}

struct file *file_open(const char *name, uint32_t mode) {
  struct inode *inode = directory_find(name);
  if (!inode && mode & OPEN_CREATE) inode = directory_create(name);
  struct file *file = inode ? file_allocate() : NULL;
  int may_write = inode && inode->disk.type != TYPE_DIRECTORY;
  if (!file || (mode & OPEN_WRITE && !may_write)) {
    if (file) file->references = 0;
    if (inode) inode_put(inode);
    return NULL;
  }
  if (mode & OPEN_CREATE && may_write) inode_truncate(inode);
  file->kind = ON_DISK;
  file->inode = inode;
  file->readable = (mode & OPEN_READ) != 0;
  file->writable = (mode & OPEN_WRITE) != 0;
  return file;
}

void file_share(struct file *file) { file->references++; }

void file_close(struct file *file) {
  if (--file->references) return;
  if (file->kind == PIPE) {
    pipe_close(file->pipe, file->writable);
  } else {
    inode_put(file->inode);
  }
}

/// The disk as one long file, in whole blocks. Only to be read: who could write here could make
/// the file system say anything, and the kernel believes it.
static int disk_read(struct file *file, char *to, uint32_t count) {
  uint32_t done = 0;
  if (file->offset % BLOCK) return -1;
  for (; done + BLOCK <= count; done += BLOCK, file->offset += BLOCK)
    if (block_read(file->offset / BLOCK, to + done)) break;
  return (int)done;
}

static int device_of(struct file *file) {
  return file->inode->disk.type == TYPE_DEVICE ? file->inode->disk.blocks[0] : 0;
}

int file_read(struct file *file, char *to, uint32_t count) {
  if (file->kind == PIPE) return pipe_read(file->pipe, to, count);
  switch (device_of(file)) {
    case CONSOLE: return console_read(to, count);
    case NOTHING: return 0;
    case DISK: return disk_read(file, to, count);
  }
  int done = inode_read(file->inode, to, file->offset, count);
  if (done > 0) file->offset += (uint32_t)done;
  return done;
}

int file_write(struct file *file, const char *from, uint32_t count) {
  if (file->kind == PIPE) return pipe_write(file->pipe, from, count);
  switch (device_of(file)) {
    case CONSOLE: return console_write(from, count);
    case NOTHING: return (int)count;
    case DISK: return -1;
  }
  int done = inode_write(file->inode, from, file->offset, count);
  if (done > 0) file->offset += (uint32_t)done;
  return done;
}
