/* latch.pml: the word of ../src/latch.c: two threads that may complete a job, two that wait for it, of whom one or both
 * may be interrupted or have a deadline, and one that watches. Each step of the word is one step here; what is between is not.
 * The job goes when nobody waits for it any more: who touches the word after that has lost.
 *
 * The numbers are those of the rules in ../PROTOCOL.md; -DMUTANT_... breaks the rule of that number. */

bit done, claimed, finishing, watched;
byte counted;
byte sleepers; /* waiters in the OS's wait, a set */

/* For the claims. */
byte runs, told, holders, ended;
bit watches, gone;
#define touch() assert(!gone)

inline wake_all() { sleepers = 0 }

/* tm_latch_set, by who is alone with the job. */
inline set() {
  atomic {
    touch();
    assert(!done);
    done = 1;
#ifdef MUTANT_L2 /* who sets does not wake */
    wakes = 0
#else
    wakes = counted > 0
#endif
  };
  if /* only the address is used from here */
  :: wakes -> wake_all()
  :: else
  fi
}

proctype Completer() {
  bit mine, wakes, held, by_hand;
  atomic {
    touch();
#ifdef MUTANT_L1 /* both run the job */
    mine = 1;
#else
    mine = !claimed;
#endif
    claimed = 1
  };
  if
  :: !mine -> goto end
  :: else -> runs++; assert(runs == 1)
  fi;
  if
  :: atomic { /* tm_latch_hold_waiters: with the GIL to give up first */
#ifdef MUTANT_L5 /* held though nobody is there to be held */
      !watched ->
#else
      counted > 0 && !watched ->
#endif
      touch();
      finishing = 1;
      held = 1
    };
    /* the worker's own reference to the job is dropped here */
    holders--;
    set()
  :: atomic { /* tm_latch_finish */
      touch();
#ifdef MUTANT_L6 /* watchers are passed over */
      by_hand = 0;
#else
      by_hand = watched;
#endif
      if
      :: by_hand
      :: else -> assert(!done); done = 1; wakes = counted > 0
      fi
    };
    if
    :: by_hand -> told = watches; set()
    :: !by_hand && wakes -> wake_all()
    :: else
    fi;
    holders--
  fi;
  goto out;
end:
  holders--;
out:
  ended++
}

proctype Waiter(byte me; bit may_leave) {
  bit seen_done, out;
  byte seen;
  touch();
  atomic {
#ifndef MUTANT_L3 /* who waits is not counted */
    counted++;
#endif
    seen_done = done
  };
  do
  :: seen_done -> break
  :: out -> break
  :: !seen_done && !out ->
    /* the OS compares and sleeps in one step; any change of the word since, a count too, would be seen */
    if
    :: atomic { !done -> sleepers = sleepers | me };
      if
      :: !(sleepers & me)
      :: may_leave -> /* the deadline, or a signal; leave() */
        atomic {
          sleepers = sleepers & ~me;
          touch();
          if
#ifdef MUTANT_L4 /* who is held leaves */
          :: !done ->
#else
          :: !done && !finishing ->
#endif
            counted = (counted > 0 -> counted - 1 : 0);
            out = 1
          :: else -> may_leave = 0
          fi
        }
      fi
    :: done
    fi;
    if
    :: !out -> touch(); seen_done = done
    :: else
    fi
  od;
  holders--;
  ended++
}

proctype Watcher() {
  bit too_late;
  atomic { /* tm_latch_watch, and what the watcher leaves to be told, under one lock with who completes by hand */
    touch();
#ifdef MUTANT_L7 /* who comes while it is being finished watches */
    too_late = done;
#else
    too_late = done || finishing;
#endif
    if
    :: !too_late -> watched = 1; watches = 1
    :: else
    fi
  };
  holders--;
  ended++
}

init {
  atomic {
    holders = 5;
    run Completer();
    run Completer();
    if
    :: run Waiter(1, 0)
    :: run Waiter(1, 1)
    fi;
    run Waiter(2, 1);
    run Watcher()
  };
  /* The job goes with its last holder. One that waits holds it; who completes it counts on that (L4, L5). */
  do
  :: atomic { holders == 0 && !gone -> gone = 1 }
  :: atomic { ended == 5 && done ->
      assert(runs == 1 && sleepers == 0);
      assert(!watches || told);
      break
    }
  od
}
