/* lock.pml: the word of ../src/lock.c, and three threads that take the lock twice each. Each step of the word is one step
 * here; the OS compares and sleeps in one step, and wakes any one that sleeps.
 *
 * The numbers are those of the rules in ../PROTOCOL.md; -DMUTANT_... breaks the rule of that number. */

byte word;     /* 0: free, 1: held, 2: held and perhaps waited for */
byte sleepers; /* a set */
byte inside, ended;

#define THREADS 3
#define TIMES 2

inline wake_one() {
  if
  :: sleepers & 1 -> sleepers = sleepers & ~1
  :: sleepers & 2 -> sleepers = sleepers & ~2
  :: sleepers & 4 -> sleepers = sleepers & ~4
  :: sleepers == 0
  fi
}

proctype Thread(byte me) {
  byte times;
  bit was_two, is_free;
  do
  :: times == TIMES -> break
  :: times < TIMES ->
    times++;
    if
    :: atomic { word == 0 -> word = 1 } /* the quick way, or one of the looks */
    :: true ->
      do
      :: true ->
        atomic {
          is_free = word == 0;
          word = 2;
#ifdef MUTANT_K1 /* who comes from the slow way leaves 1 */
          word = (is_free -> 1 : 2)
#endif
        };
        if
        :: is_free -> break
        :: else
        fi;
        if
        :: atomic { word == 2 -> sleepers = sleepers | me }; !(sleepers & me)
        :: word != 2
        fi
      od
    fi;
    inside++;
    assert(inside == 1);
    inside--;
    atomic { was_two = word == 2; word = 0 };
    if
#ifndef MUTANT_K2 /* who releases wakes nobody */
    :: was_two -> atomic { wake_one() }
#endif
    :: else
    fi
  od;
  ended++
}

init {
  atomic {
    run Thread(1);
    run Thread(2);
    run Thread(4)
  };
  ended == THREADS;
  assert(word == 0 && sleepers == 0)
}
