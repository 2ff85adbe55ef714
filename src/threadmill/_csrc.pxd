# The C core as Cython sees it: the only file that names a header of csrc/. The contracts stand there.

from libc.stdint cimport int64_t, uint32_t, uintptr_t


cdef extern from "<stdbool.h>" nogil:
    ctypedef bint cbool "bool"


cdef extern from "atomics.h" nogil:
    ctypedef uint32_t tm_atomic_u32
    ctypedef size_t tm_atomic_size
    ctypedef enum memory_order:
        memory_order_relaxed
        memory_order_acquire
        memory_order_release
        memory_order_acq_rel
    size_t atomic_load_explicit(tm_atomic_size *word, memory_order order)
    void atomic_store_explicit(tm_atomic_size *word, size_t value, memory_order order)
    size_t atomic_fetch_add_explicit(tm_atomic_size *word, size_t value, memory_order order)
    size_t atomic_fetch_sub_explicit(tm_atomic_size *word, size_t value, memory_order order)
    bint atomic_compare_exchange_weak_explicit(
        tm_atomic_size *word, size_t *expected, size_t value, memory_order yes, memory_order no)
    uint32_t load_u32 "atomic_load_explicit"(tm_atomic_u32 *word, memory_order order)
    void store_u32 "atomic_store_explicit"(tm_atomic_u32 *word, uint32_t value, memory_order order)
    size_t atomic_exchange_explicit(tm_atomic_size *word, size_t value, memory_order order)


cdef extern from "os_wait.h" nogil:
    ctypedef enum tm_wait_result:
        TM_WAIT_OK
        TM_WAIT_AGAIN
        TM_WAIT_TIMEOUT
        TM_WAIT_INTR
    cbool tm_os_interrupts
    int64_t TM_FOREVER
    int64_t tm_os_now()
    tm_wait_result tm_os_wait(tm_atomic_u32 *word, uint32_t expected, int64_t deadline)


cdef extern from "spin.h" nogil:
    ctypedef struct tm_spin:
        pass
    void tm_spin_init(tm_spin *spin, int64_t limit)
    void tm_spin_set_limit(tm_spin *spin, int64_t limit)


cdef extern from "latch.h" nogil:
    ctypedef struct tm_latch:
        tm_atomic_u32 word
    cbool tm_latch_claim(tm_latch *latch)
    cbool tm_latch_claimed(tm_latch *latch)
    cbool tm_latch_finishing(tm_latch *latch)
    void tm_latch_put(tm_latch *latch, cbool claimed, cbool done)
    cbool tm_latch_done(tm_latch *latch)
    void tm_latch_set(tm_latch *latch)
    cbool tm_latch_watch(tm_latch *latch)
    cbool tm_latch_finish(tm_latch *latch)
    cbool tm_latch_claim_to_finish(tm_latch *latch)
    cbool tm_latch_hold_waiters(tm_latch *latch)
    tm_wait_result tm_latch_wait(tm_latch *latch, int64_t deadline, tm_spin *spin)


cdef extern from "item.h" nogil:
    ctypedef struct tm_item:
        tm_item *next
        tm_item *next_due
        tm_latch latch
        uint32_t shared
    void tm_item_init(tm_item *item, cbool shared)


cdef extern from "serial.h" nogil:
    ctypedef struct tm_serial:
        pass
    void tm_serial_init(tm_serial *serial)
    void tm_serial_destroy(tm_serial *serial)
    tm_item *tm_serial_after_fork(tm_serial *serial, tm_item **current)
    cbool tm_serial_enter(tm_serial *serial, tm_item *item)
    tm_item *tm_serial_next(tm_serial *serial)


cdef extern from "idle.h" nogil:
    ctypedef struct tm_workq:
        pass
    ctypedef struct tm_nested:
        tm_item *item
        size_t place
        tm_serial *serial
        tm_nested *outer
    ctypedef struct tm_worker:
        tm_workq *queue
        tm_worker *next_worker
        tm_item *running
        size_t place
        tm_nested *nested
        cbool lends


cdef extern from "workq.h" nogil:
    ctypedef enum tm_push_result:
        TM_PUSHED
        TM_START
        TM_REFUSED
    void tm_workq_init(tm_workq *queue, unsigned max_workers, tm_spin *spin, tm_atomic_size *yielded)
    tm_push_result tm_workq_push(tm_workq *queue, tm_item *item)
    tm_push_result tm_workq_put_back(tm_workq *queue, tm_item *item)
    tm_item *tm_workq_take(tm_workq *queue)
    void tm_workq_give_up_search(tm_workq *queue, cbool *start)
    cbool tm_workq_take_this(tm_workq *queue, tm_item *item)
    void tm_workq_forget(tm_workq *queue)
    size_t tm_workq_length(tm_workq *queue)
    cbool tm_workq_reserve(tm_workq *queue)
    void tm_workq_destroy(tm_workq *queue)
    tm_item *tm_workq_after_fork(tm_workq *queue, tm_worker **lost)
    void tm_workq_enter(tm_workq *queue, tm_worker *worker, cbool searching)
    void tm_workq_ended(tm_worker *worker)
    void tm_workq_pay(tm_workq *queue, tm_latch **owed)
    tm_worker *tm_worker_self()
    tm_item *tm_workq_pop(tm_workq *queue, tm_worker *worker, cbool *start)
    void tm_workq_look_around(tm_workq *queue, int64_t now)
    cbool tm_workq_crowded(tm_workq *queue)
    cbool tm_workq_step_aside(tm_worker *worker)
    void tm_workq_gets_on(tm_workq *queue, size_t count)
    cbool tm_workq_wait(tm_workq *queue, tm_worker *worker)
    cbool tm_workq_lend(tm_worker *worker, cbool *start)
    void tm_workq_return(tm_worker *worker)
    cbool tm_workq_start_failed(tm_workq *queue, cbool searching, tm_item **stranded)
    void tm_workq_close(tm_workq *queue)
    tm_item *tm_workq_drain(tm_workq *queue)
    void tm_workq_count(tm_workq *queue, unsigned *workers, unsigned *idle)
    unsigned tm_workq_running(tm_workq *queue)
    int64_t tm_workq_nap(tm_workq *queue, uintptr_t who, int64_t now)


cdef extern from "readers.h" nogil:
    void tm_readers_init(tm_atomic_size *readers)
    cbool tm_readers_enter(tm_atomic_size *readers)
    cbool tm_readers_leave(tm_atomic_size *readers)


cdef extern from "outbox.h" nogil:
    ctypedef enum tm_out_result:
        TM_OUT_VALUE
        TM_OUT_EMPTY
        TM_OUT_END
    ctypedef enum tm_reserve_result:
        TM_RESERVED
        TM_FULL
        TM_FULL_AWAITED
        TM_NO_MEMORY
    ctypedef struct tm_outbox:
        pass
    void tm_outbox_init(tm_outbox *box, size_t limit)
    void tm_outbox_free(tm_outbox *box)
    tm_reserve_result tm_outbox_reserve(tm_outbox *box, size_t *index)
    cbool tm_outbox_reserve_all(tm_outbox *box, size_t count)
    void tm_outbox_cut(tm_outbox *box, size_t count)
    cbool tm_outbox_put(tm_outbox *box, size_t index, void *value)
    cbool tm_outbox_put_next(tm_outbox *box, void *value)
    void tm_outbox_notify(tm_outbox *box)
    cbool tm_outbox_gap(tm_outbox *box, cbool ordered, size_t *index)
    void tm_outbox_end(tm_outbox *box, cbool unreserve)
    cbool tm_outbox_unlimit(tm_outbox *box)
    tm_out_result tm_outbox_take(tm_outbox *box, void **value, cbool *unblocked)
    cbool tm_outbox_next_value(const tm_outbox *box, size_t *index, void **value)
    void tm_outbox_let_others_reserve(tm_outbox *box)
    uint32_t tm_outbox_epoch(tm_outbox *box)
    tm_wait_result tm_outbox_wait(tm_outbox *box, uint32_t since, int64_t deadline, tm_spin *spin)
    void tm_outbox_count_helper(tm_outbox *box, int change)
    cbool tm_outbox_has_helpers(tm_outbox *box)
    void tm_outbox_tell_helpers(tm_outbox *box)


cdef extern from "waits.h" nogil:
    ctypedef struct tm_waiting:
        pass
    cbool tm_waits_begin(tm_waiting *waiting, tm_worker *worker, tm_item *item, tm_outbox *box,
                         cbool ordered)
    void tm_waits_end(tm_waiting *waiting)
    void tm_waits_after_fork()
