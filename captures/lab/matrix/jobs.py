"""Runs of the matrix, a few at a time, each in a pair of namespaces of its own."""
import concurrent.futures
import queue

from matrix import wire


def spread(jobs, options, folder):
    """Runs the jobs, each in one of a few labs, in order of their list."""
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        labs = queue.Queue()
        opened = [wire.Lab(n, folder) for n in range(options.jobs)]
        for lab in opened:
            labs.put(lab.__enter__())

        def work(job):
            lab = labs.get()
            try:
                run = job[0](lab, *job[1:], options)
            finally:
                labs.put(lab)
            print(run.line(), flush=True)
            return run
        try:
            return list(pool.map(work, jobs))
        finally:
            for lab in opened:
                lab.__exit__()
