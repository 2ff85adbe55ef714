# fmt: off
# ruff: noqa: I001
# The imports are those of the guide's example before this one.
from threadmill import ThreadPool
import time

def worker(x):
    time.sleep(1)
    return x * x

def callback(result):
    print(f"Task completed with result: {result}")

with ThreadPool(4) as pool:
    for i in range(10):
        pool.apply_async(worker, (i,), callback=callback)

    pool.close()
    pool.join()
