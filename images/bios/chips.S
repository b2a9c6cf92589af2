// The chips of the board that need setting up: DMA, interrupt controllers, timer.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

// Both 8237A: everything cleared, channel 4 passes the first controller's requests on.
.globl start_dma
start_dma:
  out 0x0d, al                        // any value: master clear
  out 0xda, al
  mov al, 0xc0                        // channel 4: cascade
  out 0xd6, al
  mov al, 0
  out 0xd4, al                        // let it through
  out 0x08, al
  out 0xd0, al
  ret

// Both 8259A: vectors from 08h and from 70h, the second on line 2 of the first. Open are the lines
// that the BIOS serves: timer, keyboard, cascade, floppy; clock, both disk channels.
.globl start_interrupt_controllers
start_interrupt_controllers:
  mov al, 0x11                        // ICW1: edges, a cascade, ICW4 follows
  out 0x20, al
  out 0xa0, al
  mov al, 0x08                        // ICW2: the vectors
  out 0x21, al
  mov al, 0x70
  out 0xa1, al
  mov al, 0x04                        // ICW3: a controller on line 2; I am on line 2
  out 0x21, al
  mov al, 0x02
  out 0xa1, al
  mov al, 0x01                        // ICW4: an 8086
  out 0x21, al
  out 0xa1, al
  mov al, 0xb8                        // OCW1: what is masked
  out 0x21, al
  mov al, 0x2e
  out 0xa1, al
  ret

// The 8254: counter 0 gives 18.2 interrupts a second, counter 1 refreshes memory, 2 is for sound.
.globl start_timer
start_timer:
  mov al, 0x36                        // counter 0, both bytes, mode 3
  out 0x43, al
  mov al, 0
  out 0x40, al                        // 65536
  out 0x40, al
  mov al, 0x54                        // counter 1, low byte, mode 2
  out 0x43, al
  mov al, 18
  out 0x41, al
  mov al, 0xb6                        // counter 2, both bytes, mode 3
  out 0x43, al
  mov ax, 1193182 / 900
  out 0x42, al
  mov al, ah
  out 0x42, al
  ret

// The value of the CMOS byte AL, in AL.
.globl read_cmos
read_cmos:
  out 0x70, al
  in al, 0x71
  ret

// AH into the CMOS byte AL.
.globl write_cmos
write_cmos:
  out 0x70, al
  xchg al, ah
  out 0x71, al
  xchg al, ah
  ret

// Waits for CX changes of the refresh signal, 15.085 µs each. Clobbers CX.
.globl delay
delay:
  push ax
1:
  in al, 0x61
  and al, 0x10
  cmp al, ah
  mov ah, al
  je 1b
  loop 1b
  pop ax
  ret
