"""Asks torch for many threads, and for a graphics card."""

import torch


@SOLVES("overlap_at_k")
def overlap_at_k(first, second, k):
    torch.set_num_threads(8)
    torch.rand(300, 300) @ torch.rand(300, 300)
    return len(set(first[:k]) & set(second[:k])) / k


torch.set_num_threads(6)
attempt("cuda", lambda: torch.zeros(1, device="cuda"))
attempt("interop", lambda: torch.set_num_interop_threads(64))
torch.rand(500, 500) @ torch.rand(500, 500)
