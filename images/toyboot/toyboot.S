// toyboot: one 512-byte boot sector in real mode. A BIOS loads it at 0000:7C00 and enters
// with the drive number in DL. With a BIOS it prints through INT 10h; without one, when
// that vector is null, it writes to the text screen itself. COM1 gets the line either way.
.intel_syntax noprefix
.code16
.globl _start
_start:
  ljmp 0, offset flush                // some BIOSes enter at 07C0:0000: settle CS
flush:
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7c00                      // the stack grows down below us
  cld
  mov ax, 0xb800
  mov es, ax
  xor di, di                          // ES:DI: the screen's first cell
  mov si, offset message
next:
  lodsb
  test al, al
  jz stop
  call serial
  call screen
  jmp next
stop:
  cli
  hlt
  jmp stop

// AL to COM1.
serial:
  push ax
  mov ah, al
  mov dx, 0x3fd
wait:
  in al, dx
  test al, 0x20                       // transmitter free?
  jz wait
  mov al, ah
  mov dx, 0x3f8
  out dx, al
  pop ax
  ret

// AL to the screen: through the BIOS if its vector is set, straight into memory if not.
screen:
  cmp dword ptr [0x10 * 4], 0
  je direct
  mov ah, 0x0e                        // teletype output, page 0
  xor bx, bx
  int 0x10
  ret
direct:
  cmp al, ' '
  jb skip                             // the screen has no line feed
  mov ah, 0x07
  stosw
skip:
  ret

message:
  .asciz "Hello from real mode\r\n"

  .org 510
  .word 0xaa55                        // the mark of a boot sector
