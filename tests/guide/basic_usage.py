# fmt: off
# ruff: noqa: I001
from threadmill import ThreadPool
import time

def worker(x):
    # Simulate some work
    time.sleep(1)
    return x * x

def main():
    # Create a ThreadPool with 4 worker threads
    with ThreadPool(4) as pool:
        # Map the worker function to a list of inputs
        results = pool.map(worker, range(10))

    print(results)

if __name__ == "__main__":
    start_time = time.time()
    main()
    print(f"Execution time: {time.time() - start_time:.2f} seconds")
