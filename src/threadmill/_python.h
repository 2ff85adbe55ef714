/* _python.h: the places where the engine needs CPython's C API by hand, for all versions alike. */
#ifndef TM_PYTHON_H
#define TM_PYTHON_H

#include <Python.h>

#ifdef Py_GIL_DISABLED
#define TM_GIL 0
#else
#define TM_GIL 1 /* threads share one lock: give it up before waking one that will want it */
#endif

/* A new reference, for another thread to drop.
 *
 * Without a GIL, an object has two counts: one of the thread that made it, without atomics, and one of
 * all others. A reference counted in the first and dropped by another thread cannot be settled by that
 * thread: the object is left to its maker, which may sleep for hours, and it costs a lock besides. So
 * what is handed to another thread is counted in the second. */
static inline void tm_incref_for_others(PyObject *object) {
#ifdef Py_GIL_DISABLED
  if (_Py_IsOwnedByCurrentThread(object) && !_Py_IsImmortal(object)) {
    _Py_atomic_add_ssize(&object->ob_ref_shared, (Py_ssize_t)1 << _Py_REF_SHARED_SHIFT);
    return;
  }
#endif
  Py_INCREF(object);
}

/* Makes a reference that the caller has one for another thread to drop. */
static inline void tm_hand_over(PyObject *object) {
#ifdef Py_GIL_DISABLED
  if (_Py_IsOwnedByCurrentThread(object)) { /* else it is counted so already */
    tm_incref_for_others(object);
    Py_DECREF(object); /* the last one of its maker's count ends that count */
  }
#else
  (void)object;
#endif
}

/* A reference that a C structure held, for Cython to own: it counts one of its own else. */
static inline void *tm_own(void *object) {
  return object;
}

/* Moves a field of an object out of it: `value = self.field; self.field = None` without counting references,
 * for which threads without a GIL would fight. The caller is the only one that uses the field. */
static inline PyObject *tm_move(PyObject **field) {
  PyObject *value = *field;
  *field = Py_NewRef(Py_None);
  return value;
}

/* The calling thread's contextvars context, borrowed; NULL if it has none yet. */
static inline PyObject *tm_current_context(void) {
  return PyThreadState_Get()->context;
}

/* Takes the raised exception, its traceback attached, as a new reference. */
static inline PyObject *tm_take_exception(void) {
#if PY_VERSION_HEX >= 0x030C0000
  return PyErr_GetRaisedException();
#else
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  if (traceback != NULL) {
    PyException_SetTraceback(value, traceback);
    Py_DECREF(traceback);
  }
  Py_DECREF(type);
  return value;
#endif
}

/* Item i of an exact list as a new reference; IndexError if the list is shorter by now. */
static inline PyObject *tm_list_item(PyObject *list, Py_ssize_t i) {
#if PY_VERSION_HEX >= 0x030D0000
  return PyList_GetItemRef(list, i);
#else
  PyObject *item = PyList_GetItem(list, i); /* before 3.13 there is no build without the GIL */
  Py_XINCREF(item);
  return item;
#endif
}

static inline PyObject *tm_tuple_item(PyObject *tuple, Py_ssize_t i) {
  return Py_NewRef(PyTuple_GET_ITEM(tuple, i));
}

/* Moves item i out of an exact list, which has one there, and which no other thread touches at that place. */
static inline PyObject *tm_list_take(PyObject *list, Py_ssize_t i) {
  PyObject *item = PyList_GET_ITEM(list, i);
  PyList_SET_ITEM(list, i, Py_NewRef(Py_None));
  return item;
}

/* func(*args), args an exact tuple, without another one being built. */
static inline PyObject *tm_call_tuple(PyObject *func, PyObject *args) {
  return PyObject_Vectorcall(func, ((PyTupleObject *)args)->ob_item, (size_t)PyTuple_GET_SIZE(args), NULL);
}

/* func(*args, **kwds) for any iterable and any mapping; kwds may be None. */
static inline PyObject *tm_call_unpacked(PyObject *func, PyObject *args, PyObject *kwds) {
  PyObject *result = NULL, *names = NULL, *tuple = PySequence_Tuple(args);
  if (tuple != NULL && kwds != Py_None) {
    names = PyDict_New();
    if (names == NULL) {
      goto done;
    }
    if (PyDict_Update(names, kwds) < 0) {
      if (PyErr_ExceptionMatches(PyExc_AttributeError)) { /* no keys(): what the interpreter says of it */
        PyErr_Format(PyExc_TypeError, "argument after ** must be a mapping, not %.200s",
                     Py_TYPE(kwds)->tp_name);
      }
      goto done;
    }
  }
  if (tuple != NULL) {
    result = PyObject_Call(func, tuple, names);
  }
done:
  Py_XDECREF(names);
  Py_XDECREF(tuple);
  return result;
}

/* func(item) */
static inline PyObject *tm_call_one(PyObject *func, PyObject *item) {
  PyObject *stack[2] = {NULL, item}; /* the free slot spares bound methods a copy */
  return PyObject_Vectorcall(func, stack + 1, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
}

/* What a weak reference refers to, as a new reference; None if that is gone, or if there is none. */
static inline PyObject *tm_weak_get(PyObject *reference) {
  PyObject *object = NULL;
  if (reference == Py_None) {
    Py_RETURN_NONE;
  }
#if PY_VERSION_HEX >= 0x030D0000
  if (PyWeakref_GetRef(reference, &object) < 0) {
    return NULL;
  }
  if (object == NULL) {
    Py_RETURN_NONE;
  }
  return object;
#else
  object = PyWeakref_GetObject(reference);
  Py_XINCREF(object);
  return object;
#endif
}

/* cls.__new__(cls) for a class that needs no arguments. */
static inline PyObject *tm_new(PyObject *cls) {
  PyObject *none = PyTuple_New(0); /* a constant of the interpreter's */
  PyObject *object = none == NULL ? NULL : ((PyTypeObject *)cls)->tp_new((PyTypeObject *)cls, none, NULL);
  Py_XDECREF(none);
  return object;
}

/* A number that changes when anything about the class does. 0: the interpreter has given it none. */
static inline unsigned tm_type_version(PyObject *cls) {
  return ((PyTypeObject *)cls)->tp_version_tag;
}

/* Takes an exact tuple of atoms off the collector's list, as the collector would when it first came to it. */
static inline void tm_untrack_atoms(PyObject *tuple) {
#ifndef Py_GIL_DISABLED /* there, it would have to stop all threads */
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); i++) {
    if (PyType_IS_GC(Py_TYPE(PyTuple_GET_ITEM(tuple, i)))) {
      return;
    }
  }
  PyObject_GC_UnTrack(tuple);
#else
  (void)tuple;
#endif
}

/* Takes a callback such as `results.append`, of which many programs make one for each task, off the
 * collector's list, for the same reason. The caller's job keeps it alive, and calls tm_track_method when it
 * has let go of it. */
static inline void tm_untrack_method(PyObject *callback) {
#ifndef Py_GIL_DISABLED
  if (PyCFunction_CheckExact(callback)) {
    PyObject_GC_UnTrack(callback);
  }
#else
  (void)callback;
#endif
}

/* Puts it back if anybody but the caller holds it, and so may have it in a cycle. */
static inline void tm_track_method(PyObject *callback) {
#ifndef Py_GIL_DISABLED
  if (PyCFunction_CheckExact(callback) && Py_REFCNT(callback) > 1 && !PyObject_GC_IsTracked(callback)) {
    PyObject_GC_Track(callback);
  }
#else
  (void)callback;
#endif
}

/* Whether an object that refers to this one may be part of a reference cycle through it. Untracked
 * tuples hold atoms only and stay so; an untracked dict may be filled later. */
static inline int tm_may_form_cycles(PyObject *object) {
  return PyObject_IS_GC(object) && (!PyTuple_CheckExact(object) || PyObject_GC_IsTracked(object));
}

#endif
