# Included in _core.pyx: what a forked child does first.

cdef list left_by_fork(Engine engine):
    """In a forked child: as if new. Gives what was queued or under way, for lose_all(): it stands on the
    stacks of threads that are gone, which new ones may be given, so all engines are asked for it before
    any code of others runs."""
    cdef tm_worker *lost = NULL
    cdef tm_item *item = tm_workq_after_fork(&engine.queue, &lost)
    cdef tm_item *current = NULL
    cdef tm_item *due = tm_serial_after_fork(&engine.callbacks, &current)
    cdef tm_item *next
    cdef tm_nested *nested
    cdef Doomed **link = &engine.doomed
    cdef list jobs = []
    engine.snapshot = None
    here = PyThread_get_thread_ident()
    engine.starters = [starter for starter in engine.starters if starter == here]
    while lost != NULL:                         # the first member of a Shift, on a stack that is left
        if (<Shift *>lost).owed_latch != NULL:
            tm_latch_set((<Shift *>lost).owed_latch)
        if lost.running != NULL:
            jobs.append(job_of(lost.running))   # its worker's reference is lost with the stack
        nested = lost.nested
        while nested != NULL:
            if nested.item != NULL:
                jobs.append(job_of(nested.item))
            nested = nested.outer
        lost = lost.next_worker
    while item != NULL:
        next = item.next
        job = job_of(item)
        Py_DECREF(job)
        jobs.append(job)
        item = next
    while link[0] != NULL:
        if link[0].thread == <unsigned long>here:   # goes on with it
            link = &link[0].next
            continue
        item = link[0].items
        while item != NULL:
            next = item.next
            job = job_of(item)
            Py_DECREF(job)
            jobs.append(job)
            item = next
        link[0] = link[0].next
    if current != NULL:
        jobs.append(job_of(current))
    while due != NULL:
        next = due.next_due
        job = job_of(due)
        Py_DECREF(job)
        jobs.append(job)
        due = next
    return jobs


def lose_all(jobs, error):
    """In a forked child: what after_fork() has given ends with the error, for the parent does it."""
    cdef Job job
    for job in jobs:
        try:
            job.lose(error)
        except BaseException as raised:             # of a callback: the others end too
            report(job, raised)


def _after_fork():
    """In a forked child, first of all."""
    _find_main_thread()
    tm_spin_init(&spin, SPIN_NS)
    tm_waits_after_fork()
    atomic_store_explicit(&yielded, 0, memory_order_relaxed)
