# fmt: off
# ruff: noqa: I001, RUF010
import requests
from threadmill import ThreadPool
import time
import sys

def fetch_url(url):
    try:
        response = requests.get(url)
        return f"URL: {url}, Status: {response.status_code}, Content Length: {len(response.content)}"
    except requests.RequestException as e:
        return f"URL: {url}, Error: {str(e)}"

urls = sys.argv[1:]  # a list of public APIs in the guide, which a test must not depend on

def main():
    with ThreadPool(4) as pool:
        results = pool.map(fetch_url, urls)

    for result in results:
        print(result)

if __name__ == "__main__":
    start_time = time.time()
    main()
    print(f"Execution time: {time.time() - start_time:.2f} seconds")
