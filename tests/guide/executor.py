# fmt: off
# ruff: noqa: I001
from threadmill import ThreadPoolExecutor

def worker(x):
    return x * x

with ThreadPoolExecutor(max_workers=4) as executor:
    results = list(executor.map(worker, range(10)))

print(results)
