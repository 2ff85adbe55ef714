/* workq.pml: the work queue of ../src/workq.c, with the parkers that its workers sleep on.
 *
 * A section under the queue's lock is one step here: that is what the lock is for. What a thread does without it
 * is a step of its own: the look before the sleep, the unparks, the start of a thread, the sleep. Each producer
 * pushes an item, and one of them may push a shared one, which is put back once; somebody closes or drains the
 * queue at any moment; FAILS starts of threads may fail; with LEND, a worker may lend its place while it is at an
 * item; with LIMIT, fewer workers than there are may be at work at first, then all, then fewer again; with COME, one that was
 * started to search may have something else to do first. Which item or sleeper comes first is not modelled: all that
 * is claimed holds in any order.
 *
 * The numbers are those of the rules in ../PROTOCOL.md; -DMUTANT_... breaks the rule of that number. */

#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef PRODUCERS
#define PRODUCERS 3
#endif
#ifndef SHARED
#define SHARED 1
#endif
#ifndef FAILS
#define FAILS 0
#endif
#ifdef LEND
#define MAX (WORKERS - 1)
#else
#define MAX WORKERS
#endif

/* The queue: items, and whether the shared one is among them; sleepers, as a set. */
byte plain, idle, workers, lent, at_work, coming;
bit shared, held, searching, closed, drained, guarded;
#define ALL (WORKERS + 1)
byte limit = ALL;
/* The workers' parkers, and who of them searches, as sets. */
byte token, search;
#ifdef MUTANT_P1
byte parked;
#endif
byte up, begun; /* threads started; those of them that run or have run */

/* For the claims: what has become of the items; starts that failed; threads that have ended. */
byte ran, given_out, refused, fails, left, finished, pushed;
bit came_back, over;
byte shared_ends;

#ifdef MUTANT_Q10 /* a shared item that is out does not count */
#define worked_off (closed && no_items)
#else
#define worked_off (closed && no_items && !held)
#endif
#define admits (at_work < limit + counted)
#define no_items (plain == 0 && !shared)
#define may_start (workers < MAX + lent)
#define enough_come (plain + shared <= coming)
#define too_many (workers > MAX + lent)
#define one_at_most(set) ((set) == 0 || (set) == 1 || (set) == 2 || (set) == 4)

/* True whenever the lock is free. (After a failed start, the next push tries again.) */
#define LAW (no_items || searching || guarded || (idle == 0 && (!may_start || enough_come || fails > 0)))

inline unlock() {
  assert(LAW);
  assert(!drained || no_items);
  assert(one_at_most(search))
}

inline pick_idle() { /* who: one of the sleepers */
  who = 1;
  do
  :: idle & who -> break
  :: else -> who = who << 1
  od;
  idle = idle & ~who
}

/* wake: whom to unpark, a set; start: whether a place was reserved. */
inline recruit() {
  if
  :: worked_off ->
#ifndef MUTANT_Q9 /* nobody is told of the end */
    wake = wake | idle;
    idle = 0
#else
    skip
#endif
#ifdef MUTANT_Q2 /* somebody is woken though one searches */
  :: !worked_off && !no_items ->
#elif defined(MUTANT_Q16) /* a limit counts though nobody guards */
  :: !worked_off && !no_items && !searching && at_work < limit ->
#else
  :: !worked_off && !no_items && !searching && !(guarded && at_work >= limit) ->
#endif
    if
    :: idle != 0 ->
      pick_idle();
      wake = wake | who;
      search = search | who;
      searching = 1;
      who = 0
    :: idle == 0 && may_start && !enough_come ->
      workers++;
      start = 1;
      searching = 1
    :: else
    fi
  :: else
  fi
}

inline search_ends() {
  if
  :: search & me ->
    search = search & ~me;
#ifndef MUTANT_Q3 /* who stops searching does not say so */
    searching = 0
#else
    skip
#endif
  :: else
  fi
}

/* Without the lock, after a section that has recruited. */
inline after() {
  if
  :: wake == 0 && !start
  :: atomic {
      (wake != 0 || start) ->
      unpark();
      if
      :: start -> up++
      :: start && fails < FAILS -> /* tm_workq_start_failed */
        fails++;
        workers--;
#ifndef MUTANT_Q8 /* the place is given back, the search is not */
        searching = 0;
#endif
        start = 0;
        if
        :: idle != 0 -> recruit()
        :: else
        fi;
        assert(!start);
        if
#ifndef MUTANT_Q21 /* nobody is left for what waits */
        :: workers == 0 -> give_all_out()
#endif
        :: else
        fi;
        unlock();
        unpark()
      :: else
      fi;
      start = 0
    };
    forget_given()
  fi
}

inline unpark() {
#if defined(MUTANT_Q6) /* who popped a sleeper forgets the unpark */
  wake = 0;
#elif defined(MUTANT_P1) /* an unpark that comes before the park is lost */
  token = token | (wake & parked);
#else
  token = token | wake;
#endif
  wake = 0
}

inline give_all_out() {
  given_out = given_out + plain;
  plain = 0;
  if
  :: shared -> shared = 0; held = 1; shared_out = 1; shared_ends++
  :: else
  fi
}

/* tm_workq_forget, for a shared item that will not be put back. */
inline forget() {
  atomic {
    held = 0;
#ifndef MUTANT_Q11 /* the sleepers are not told that it was the last */
    if
    :: worked_off -> recruit()
    :: else
    fi;
#endif
    unlock()
  };
  unpark()
}

inline forget_given() {
  if
  :: shared_out -> shared_out = 0; forget()
  :: else
  fi
}

proctype Worker(byte number, me) {
  byte wake, who;
  bit start, shared_out, at_shared, at_item, leaving, sleeps, counted, refused_me, guards, comes;

start_of_thread: /* of as many as are started, one after the other */
  atomic {
    if
    :: up > begun -> begun++; search = search | me /* on whose behalf recruit searches */
    :: over -> goto gone
    fi
  };
#ifdef COME
  if
  :: atomic { /* tm_workq_give_up_search */
      search = search & ~me;
      searching = 0;
      coming++;
      comes = 1;
#ifndef MUTANT_Q20 /* what was pushed since waits for it */
      recruit();
#endif
      unlock()
    };
    after()
  :: true
  fi;
#endif
pop:
  atomic {
    coming = coming - comes;
    comes = 0;
    leaving = too_many;
    at_item = 0;
    at_shared = 0;
    refused_me = !admits;
    if
    :: leaving || refused_me || no_items ->
      at_work = at_work - counted;
      counted = 0;
      if
      :: refused_me && !no_items ->
        search_ends();
        if
#ifndef MUTANT_Q17 /* who is sent away does not guard */
        :: !guarded -> guarded = 1; guards = 1
#endif
        :: else
        fi
      :: else ->
        if
        :: searching
        :: else -> search = search | me; searching = 1
        fi
      fi
    :: else ->
      at_work = at_work + !counted;
      counted = 1;
      if
      :: plain > 0 -> plain--; ran++
      :: shared -> shared = 0; held = 1; at_shared = 1
      fi;
      at_item = 1;
      if
      :: (search & me) || closed ->
        search_ends();
#ifndef MUTANT_Q4 /* the search is not passed on */
        recruit()
#else
        skip
#endif
      :: else
      fi
    fi;
    unlock()
  };
  after();
  if
  :: at_shared && !came_back ->
    atomic { /* tm_workq_put_back */
      came_back = 1;
      at_shared = 0;
      if
#ifndef MUTANT_Q13 /* what comes back after a drain is taken */
      :: drained -> shared_out = 1; shared_ends++
#endif
      :: else ->
        shared = 1;
        held = 0;
        recruit()
      fi;
      unlock()
    };
    after();
    forget_given()
  :: at_shared && came_back -> at_shared = 0; shared_ends++; forget()
  :: else
  fi;
#ifdef LEND
  if
  :: atomic { /* tm_workq_lend, tm_workq_return */
      at_item && lent == 0 ->
      lent = 1;
      at_work = at_work - counted;
      counted = 0;
      recruit();
      unlock()
    };
    after();
    atomic {
      lent = 0;
      if
#ifndef MUTANT_Q15 /* the one too many goes on sleeping */
      :: too_many && idle != 0 -> pick_idle(); wake = who; who = 0
#endif
      :: else
      fi;
      assert(!too_many || wake != 0 || idle == 0);
      unlock()
    };
    after()
  :: true
  fi;
#endif
  if
  :: at_item -> goto pop
  :: else
  fi;
  /* The look without the lock is left out: all that it does is to try a pop sooner. */
wait:
  atomic { /* tm_workq_wait */
    if
    :: sleeps && admits -> sleeps = 0; goto pop /* it was woken */
    :: else
    fi;
    if
#ifdef MUTANT_Q18 /* who finds on its way to sleep that nobody guards sleeps */
    :: guards ->
#else
    :: guards || (!guarded && !admits) ->
#endif
      search_ends();
      guarded = 1;
      guards = 1;
      unlock();
      /* It dozes, and looks: here the others go on. */
      no_items || too_many || (admits && !searching);
      if
#ifndef MUTANT_Q19 /* who has guarded does not search */
      :: !no_items && !too_many -> search = search | me; searching = 1
#endif
      :: else
      fi;
      guards = 0;
      guarded = 0
    :: else
    fi;
    leaving = 0;
    sleeps = 0;
    if
#ifndef MUTANT_Q5 /* there is no look under the lock */
    :: !no_items && !too_many && admits -> goto pop
#endif
    :: else ->
      search_ends();
      if
      :: too_many || worked_off ->
        assert(too_many || !held);
        workers--;
#ifndef MUTANT_Q14 /* one too many leaves with the search */
        recruit();
#endif
        assert(!start)
      :: else ->
        sleeps = 1;
        idle = idle | me
      fi
    fi;
    unlock()
  };
  after();
  if
  :: sleeps ->
#ifdef MUTANT_P1
    parked = parked | me;
#endif
    atomic { token & me -> token = token & ~me };
#ifdef MUTANT_P1
    parked = parked & ~me;
#endif
    goto wait
  :: else -> left++; goto start_of_thread
  fi;
gone:
  skip
}

inline push() {
  atomic {
    pushed == number; /* they are all alike, so one order is as good as any */
    pushed++;
    if
    :: closed -> refused++
    :: else -> plain++; recruit()
    fi;
    unlock()
  };
  after()
}

proctype Producer(byte number) {
  byte wake, who;
  bit start, shared_out;
  push();
  if
  :: SHARED && number == 0 ->
    atomic {
      if
      :: closed -> shared_ends++
      :: else -> shared = 1; recruit()
      fi;
      unlock()
    };
    after()
  :: else
  fi;
  finished++
}

proctype Closer() {
  byte wake, who;
  bit start, shared_out;
  atomic {
    if
    :: give_all_out(); drained = 1 /* tm_workq_drain */
    :: true /* tm_workq_close */
    fi;
    closed = 1;
    if
#ifndef MUTANT_Q12 /* a close does not look whether it is the end */
    :: worked_off -> recruit()
#endif
    :: else
    fi;
    unlock()
  };
  after();
  forget_given();
  finished++
}

#ifdef LIMIT
#define ENDS (PRODUCERS + 2)
#else
#define ENDS (PRODUCERS + 1)
#endif

/* At any moments. */
proctype Limiter() {
  limit = 1;
  limit = ALL;
  limit = 1;
  finished++
}

/* That it gets to its end is the claim that nobody sleeps for ever: if not, spin reports an invalid end state. */
init {
  byte n;
  atomic {
    do
    :: n < WORKERS -> run Worker(n, 1 << n); n++
    :: else -> break
    od;
    n = 0;
    do
    :: n < PRODUCERS -> run Producer(n); n++
    :: else -> break
    od;
    run Closer();
#ifdef LIMIT
    run Limiter();
#endif
    n = 0
  };
  atomic {
    finished == ENDS && workers == 0 && left == up;
    over = 1;
    assert(no_items && idle == 0 && !held && lent == 0 && coming == 0 && at_work == 0 && !guarded);
    assert(ran + given_out + refused == PRODUCERS);
    assert(shared_ends == SHARED)
  }
}
