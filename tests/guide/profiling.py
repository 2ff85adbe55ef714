# fmt: off
# ruff: noqa: I001
# The next two imports, `worker` and the body of `main`, which the guide leaves to its reader, are those
# of its first example.
from threadmill import ThreadPool
import time
import cProfile
import pstats
from io import StringIO

def worker(x):
    time.sleep(1)
    return x * x

def profile_function(func):
    def wrapper(*args, **kwargs):
        pr = cProfile.Profile()
        pr.enable()
        result = func(*args, **kwargs)
        pr.disable()
        s = StringIO()
        ps = pstats.Stats(pr, stream=s).sort_stats('cumulative')
        ps.print_stats()
        print(s.getvalue())
        return result
    return wrapper

@profile_function
def main():
    with ThreadPool(4) as pool:
        results = pool.map(worker, range(10))

    print(results)

if __name__ == "__main__":
    main()
