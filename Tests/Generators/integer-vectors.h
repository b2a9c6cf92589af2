/* What the parts of the generator of integer vectors share: the case being put together, and
 * the calls that add operands to it. integer-vectors.c executes cases, the other files list them. */
#include <stdbool.h>
#include <stdint.h>

enum { eax, ecx, edx, ebx, esp, ebp, esi, edi };
enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, TF = 0x100, DF = 0x400, OF = 0x800,
       NT = 0x4000, RF = 0x10000, VM = 0x20000, ARITHMETIC = CF | PF | AF | ZF | SF | OF };

enum { es, cs, ss, ds, fs, gs };

/* Memory that cases may use: 16-bit addresses, code, data, stack. Everything is zero at first. */
enum { LOW = 0x8000, CODE = 0x30000, DATA = 0x40000, STACK = 0x60000, REGION = 0x1000 };
/* From here the upper part of a 64 KB segment is in the stack region and the lower in its own. */
enum { WRAP = 0x50800 };

struct testcase {
  uint8_t code[40];
  int length;
  uint32_t reg[8];
  uint32_t flags;
  uint16_t selector[6];
  /* Where the code begins, and EIP with it when CS has another base than 0. */
  uint32_t start, eip;
  /* A load of SS: the processor steps over the next instruction as well. */
  bool shadows;
  /* Flags that the manual leaves undefined after this instruction. */
  uint32_t undefined;
  /* A string instruction with REP: a step is one repetition. */
  bool repeats;
  /* Registers that have their value, one bit each. */
  unsigned pinned;
  /* Memory before: (address, byte). */
  struct { uint32_t at; uint8_t value; } memory[160];
  int memories;
};
extern struct testcase c;

uint32_t rnd(void);
/* A random number below n. */
uint32_t below(uint32_t n);
/* True once in n times. */
bool once(uint32_t n);
/* A value of 8, 16 or 32 bits, often one at the edge of something. */
uint32_t value(int width);

/* Opens a list of cases under a name, and tells whether it is wanted. */
bool group(const char *format, ...);
/* Starts a case with the operand size prefix that the width needs. */
void begin(int width);
void code(int count, ...);
void immediate(int width, uint32_t v);
void set(int reg, uint32_t v);
/* Gives a register operand a value; 8-bit registers 4-7 are AH CH DH BH. */
void setPart(int reg, int width, uint32_t v);
/* Picks a register operand and gives it a random value. */
int pick(int width);
void poke(uint32_t at, int width, uint32_t v);
/* Adds ModR/M, SIB and displacement; gives the operand the value. In memory, returns its address. */
uint32_t modrm(int reg, bool memory, int width, uint32_t v);
/* The same without setting the operand. */
uint32_t address(int reg, int width);
/* Executes the case and prints it. */
void execute(void);

/* A descriptor in the LDT, as modify_ldt(2) takes it; gives the selector. */
uint16_t describe(
  int index, uint32_t base, uint32_t limit, bool big, int contents, bool plain, bool pages,
  bool present);
/* Describes the segments of the LDT; before the child is made. */
void describeSegments(void);

void listForms(int count);
