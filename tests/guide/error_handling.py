# fmt: off
# ruff: noqa: I001
# The first import is that of an earlier example.
from threadmill import ThreadPool
import random

def worker(x):
    if random.random() < 0.5:
        raise ValueError(f"Error processing {x}")
    return x * x

def error_callback(error):
    print(f"An error occurred: {error}")

with ThreadPool(4) as pool:
    results = []
    for i in range(10):
        result = pool.apply_async(worker, (i,), error_callback=error_callback)
        results.append(result)

    final_results = []
    for r in results:
        try:
            final_results.append(r.get())
        except ValueError:
            pass

print(final_results)
