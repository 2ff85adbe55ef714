# fmt: off
# ruff: noqa: I001
from threadmill import ThreadPool
import time

def worker(x):
    time.sleep(1)
    return x * x

with ThreadPool(4) as pool:
    results = []
    for i in range(10):
        result = pool.apply_async(worker, (i,))
        results.append(result)

    # Do other work here...

    # Collect results
    final_results = [r.get() for r in results]

print(final_results)
