/// Pipes: one page of memory, filled at one end and emptied at the other. Who finds it full or
/// empty sleeps until the other side has done something about it.
#include "kernel.h"

struct pipe {
  struct lock lock;
  int has_reader, has_writer;
  unsigned head, tail;
  char data[2048];
};

int pipe_create(struct file *ends[2]) {
  struct pipe *pipe = frame_allocate();
  ends[0] = file_allocate();
  ends[1] = file_allocate();
  if (!pipe || !ends[0] || !ends[1]) {
    if (pipe) frame_free(pipe);
    if (ends[0]) ends[0]->references = 0;
    if (ends[1]) ends[1]->references = 0;
    return -1;
  }
  pipe->has_reader = pipe->has_writer = 1;
  for (int end = 0; end < 2; end++) {
    ends[end]->kind = PIPE;
    ends[end]->pipe = pipe;
  }
  ends[0]->readable = ends[1]->writable = 1;
  return 0;
}

void pipe_close(struct pipe *pipe, int writer) {
  lock(&pipe->lock);
  if (writer) pipe->has_writer = 0; else pipe->has_reader = 0;
  int is_used = pipe->has_reader || pipe->has_writer;
  unlock(&pipe->lock);
  if (is_used) wakeup(pipe); else frame_free(pipe);
}

/// Returns 0 when the pipe is empty and nobody is left to fill it.
int pipe_read(struct pipe *pipe, char *to, uint32_t count) {
  uint32_t done = 0;
  lock(&pipe->lock);
  while (pipe->head == pipe->tail && pipe->has_writer && !current->is_killed)
    sleep(pipe, &pipe->lock);
  while (done < count && pipe->head != pipe->tail)
    to[done++] = pipe->data[pipe->head++ % sizeof pipe->data];
  unlock(&pipe->lock);
  wakeup(pipe);
  return (int)done;
}

/// Returns -1 when nobody is left to read.
int pipe_write(struct pipe *pipe, const char *from, uint32_t count) {
  uint32_t done = 0;
  lock(&pipe->lock);
  while (done < count && pipe->has_reader && !current->is_killed) {
    if (pipe->tail - pipe->head < sizeof pipe->data) {
      pipe->data[pipe->tail++ % sizeof pipe->data] = from[done++];
    } else {
      wakeup(pipe);
      sleep(pipe, &pipe->lock);
    }
  }
  int has_reader = pipe->has_reader;
  unlock(&pipe->lock);
  wakeup(pipe);
  return has_reader ? (int)done : -1;
}
