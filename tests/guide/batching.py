# fmt: off
# ruff: noqa: I001
# The import is that of an earlier example.
from threadmill import ThreadPool

def worker(batch):
    return [x * x for x in batch]

data = range(1000000)
batch_size = 1000

with ThreadPool(4) as pool:
    results = pool.map(worker, (data[i:i+batch_size] for i in range(0, len(data), batch_size)))

final_results = [item for batch in results for item in batch]

# The guide's example ends above, without showing its results.
print(len(final_results), final_results == [x * x for x in data])
