"""What all tests share: one torch thread, so that timings and results do not depend on the machine's load."""

import torch

torch.set_num_threads(1)
