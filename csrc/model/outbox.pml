/* outbox.pml: ../src/outbox.c between those who read an input and bring values, and the one who takes them. A section under
 * the box's lock is one step here. The job that reads the input is in the work queue, or out. With HELP, there is one
 * worker, its first item waits for the second one, and the consumer is a worker too, which does that item if it
 * finds the job. Else there are two workers, and room for ROOM values. A consumer waits for one value or two; its time
 * for two may end at any moment. With LOOP, the input gives an item when the one before has been taken.
 *
 * The numbers are those of the rules in ../PROTOCOL.md; -DMUTANT_... breaks the rule of that number. */

#define ITEMS 2
#ifdef HELP
#define ROOM 3
#elif !defined(ROOM)
#define ROOM 1
#endif

bit queued = 1, ended, blocked, sleeps;
bit there[ITEMS], taken_out[ITEMS];
byte read, reserved, taken, waiters, wanted = 1, epoch, helpers, done;
byte brought;

#define has_value (taken < reserved && taken < ITEMS && there[taken])
#define at_end (ended && taken == reserved)

/* Under the lock. */
inline change_epoch() {
  awaited = waiters != 0;
  if
  :: awaited ->
    waiters = 0;
#ifndef MUTANT_O2 /* who is on its way to the wait does not see that it need not go */
    epoch++
#else
    skip
#endif
  :: else
  fi
}

inline notify() {
  if
  :: awaited -> awaited = 0; sleeps = 0
  :: else
  fi
}

inline put_back() {
  queued = 1;
  if
  :: helpers != 0 ->
    atomic { /* tm_outbox_tell_helpers */
      awaited = waiters != 0;
      waiters = 0;
#ifdef MUTANT_O3 /* only those are told who wait already */
      epoch = (awaited -> epoch + 1 : epoch)
#else
      epoch++
#endif
    };
    notify()
  :: else
  fi
}

/* One turn of the job, by who has it out. */
inline turn() {
  atomic { /* tm_outbox_reserve */
    if
    :: reserved - taken >= ROOM ->
#ifndef MUTANT_O4 /* who makes room is not told that somebody waits for it */
      blocked = 1;
#endif
      awaited = 0;
      if
      :: has_value -> change_epoch()
      :: else
      fi;
      no_room = 1
    :: else -> no_room = 0; index = reserved; reserved++
    fi
  };
  if
  :: no_room -> notify()
  :: !no_room && read == ITEMS ->
    atomic { reserved--; ended = 1; change_epoch() };
    notify()
  :: !no_room && read < ITEMS ->
#ifdef LOOP
    taken == read; /* the input */
#endif
    read++;
    put_back();
#ifdef HELP
    index != 0 || there[1]; /* the task */
#endif
    atomic { /* tm_outbox_put */
      assert(!there[index]);
      there[index] = 1;
      brought++;
      awaited = 0;
      if
      :: has_value && (brought - taken >= wanted || blocked || ended && brought == reserved) -> change_epoch()
      :: else
      fi
    };
    notify()
  fi
}

proctype Worker() {
  bit no_room, awaited;
  byte index;
  do
  :: atomic { queued -> queued = 0 }; turn()
  :: done && !queued -> break
  od
}

proctype Consumer() {
  bit no_room, awaited, room, nothing, waits;
  byte index, since, several;
  do
  :: since = epoch;
    atomic { /* tm_outbox_take */
      room = 0;
      nothing = 0;
      if
      :: has_value ->
        assert(!taken_out[taken]);
        taken_out[taken] = 1;
        taken++;
        room = blocked;
        blocked = 0
      :: !has_value && at_end -> break
      :: else -> nothing = 1
      fi
    };
    if
    :: room -> put_back()
    :: else
    fi;
    if
    :: nothing ->
#ifdef HELP
      helpers++;
      if
      :: atomic { queued -> queued = 0 }; helpers--; turn(); goto again
      :: !queued
      fi;
#endif
      atomic { /* tm_outbox_wait */
#ifdef MUTANT_O5 /* what it was told since it looked does not count */
        waits = !has_value && !at_end;
        since = epoch;
#else
        waits = epoch == since && !has_value && !at_end;
#endif
#ifndef MUTANT_O1 /* who waits is not counted */
        waiters = waiters + waits;
#endif
        if
        :: wanted = 1
        :: wanted = 2
        fi;
        several = waits && wanted > 1
      };
      if
      :: several ->
        if
        :: atomic { epoch == since -> sleeps = 1 };
          if
          :: !sleeps -> waits = 0
          :: atomic { /* its time is over */
              sleeps = 0;
              if
              :: epoch != since -> waits = 0
              :: epoch == since && has_value -> waits = 0; waiters--
              :: else ->
#ifndef MUTANT_O6 /* it goes on waiting for two */
                wanted = 1
#else
                skip
#endif
              fi
            }
          fi
        :: epoch != since -> waits = 0
        fi
      :: else
      fi;
      if
      :: waits ->
        if
        :: atomic { epoch == since -> sleeps = 1 }; !sleeps
        :: epoch != since
        fi
      :: else
      fi;
#ifdef HELP
      helpers--;
#endif
    :: else
    fi;
again:
  od;
  done = 1
}

init {
  atomic {
    run Worker();
#ifndef HELP
    run Worker();
#endif
    run Consumer()
  };
  done;
  assert(taken == ITEMS && brought == ITEMS)
}
