/// A line of input, edited on the screen with nothing but backspaces:
///     left right home end, or ^B ^F ^A ^E   move
///     backspace ^D ^U ^K                    delete
///     up down, or ^P ^N                     earlier lines
#include "user.h"

enum { LENGTH = 80, HISTORY = 8 };
enum key { HOME = 1, LEFT, DELETE = 4, END, RIGHT, BACKSPACE = 8, ENTER = 10, CUT_END,
           RETURN = 13, DOWN, UP = 16, CUT = 21, ESCAPE = 27, RUBOUT = 127 };

static char earlier[HISTORY][LENGTH];
static uint32_t remembered;  // lines in all; the last few are still there

struct editor {
  char *line;
  uint32_t room, length, place;  // place: before which character the cursor stands
};

static void back(uint32_t count) {
  while (count--) write(1, "\b", 1);
}

/// Shows everything from the cursor on anew, and blanks what stood behind it.
static void redraw(struct editor *editor, uint32_t blanks) {
  uint32_t rest = editor->length - editor->place;
  write(1, editor->line + editor->place, rest);
  for (uint32_t count = blanks; count; count--) write(1, " ", 1);
  back(rest + blanks);
}

static void move(struct editor *editor, uint32_t place) {
  if (place > editor->length) return;  // also when it would be before the start
  if (place < editor->place) back(editor->place - place);
  else write(1, editor->line + editor->place, place - editor->place);
  editor->place = place;
}

static void delete(struct editor *editor, uint32_t from, uint32_t to) {
  if (from > to || to > editor->length) return;
  move(editor, from);
  for (uint32_t index = to; index < editor->length; index++)
    editor->line[index - (to - from)] = editor->line[index];
  editor->length -= to - from;
  redraw(editor, to - from);
}

static void insert(struct editor *editor, char character) {
  if (editor->length + 1 >= editor->room) return;
  for (uint32_t index = editor->length++; index > editor->place; index--)
    editor->line[index] = editor->line[index - 1];
  editor->line[editor->place++] = character;
  write(1, &character, 1);
  redraw(editor, 0);
}

static void recall(struct editor *editor, uint32_t number) {
  delete(editor, 0, editor->length);
  if (number >= remembered) return;
  for (const char *text = earlier[number % HISTORY]; *text; text++) insert(editor, *text);
}

static void remember(const struct editor *editor) {
  if (!editor->length) return;
  char *place = earlier[remembered++ % HISTORY];
  for (uint32_t index = 0; index < editor->length && index < LENGTH - 1; index++)
    *place++ = editor->line[index];
  *place = 0;
}

/// The next key; an escape sequence as the control key that does the same. 0: none of ours.
static int read_key(void) {
  unsigned char byte;
  if (read(0, &byte, 1) != 1) return -1;
  if (byte != ESCAPE) return byte;
  if (read(0, &byte, 1) != 1 || byte != '[') return 0;
  if (read(0, &byte, 1) != 1) return -1;
  switch (byte) {
    case 'A': return UP;
    case 'B': return DOWN;
    case 'C': return RIGHT;
    case 'D': return LEFT;
    case 'H': return HOME;
    case 'F': return END;
    default: return 0;
  }
}

int read_line(char *line, uint32_t room) {
  static int previous;
  struct editor editor = {line, room, 0, 0};
  uint32_t number = remembered, oldest = remembered > HISTORY ? remembered - HISTORY : 0;
  for (;;) {
    int key = read_key(), after_return = previous == RETURN;
    previous = key;
    switch (key) {
      case -1: return -1;
      case HOME: move(&editor, 0); break;
      case LEFT: move(&editor, editor.place - 1); break;
      case RIGHT: move(&editor, editor.place + 1); break;
      case END: move(&editor, editor.length); break;
      case DELETE: delete(&editor, editor.place, editor.place + 1); break;
      case BACKSPACE: case RUBOUT: delete(&editor, editor.place - 1, editor.place); break;
      case CUT: delete(&editor, 0, editor.length); break;
      case CUT_END: delete(&editor, editor.place, editor.length); break;
      case UP: if (number > oldest) recall(&editor, --number); break;
      case DOWN: if (number < remembered) recall(&editor, ++number); break;
      case ENTER: if (after_return) break;  // the second half of one line end
        __attribute__((fallthrough));
      case RETURN:
        move(&editor, editor.length);
        write(1, "\n", 1);
        line[editor.length] = 0;
        remember(&editor);
        return (int)editor.length;
      default: if (key >= ' ' && key < RUBOUT) insert(&editor, (char)key);
    }
  }
}
