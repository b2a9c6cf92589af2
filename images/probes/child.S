// Started by the probe of programs: its own segment, its own stack, and a status for the parent.
.intel_syntax noprefix
#include "probe.inc"
.code16
.section .start, "ax"
.globl _start
_start:
  mov ax, cs
  mov bx, ds
  mov cx, ss
  cmp ax, bx
  TELL "child: DS is CS=%Z"
  cmp ax, cx
  TELL "child: SS is CS=%Z"
  mov ax, [0]
  TELL "child: prefix %a"
  mov ax, 0x4c2a
  int 0x21
