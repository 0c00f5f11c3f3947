"""Scripts in the names and messages of errors, in paths and in function names."""

XSS = "<script>alert('XSS')</script>"
Evil = type(XSS, (Exception,), {"__module__": XSS, "__qualname__": XSS})


def fail(*args):
    raise Evil("<img src=x onerror=alert('XSS')>\x1b]0;x\x07\x1b[31m` <b>")


fail.__name__ = fail.__qualname__ = XSS
sizes = centre = forward = fail
overlap_at_k = lambda *a: XSS
wider_hidden_layer = lambda: "<script>alert('XSS')</script>"
exec(compile("def masked_loss(*a):\n    return 1 / 0", XSS, "exec"))
# %%
"<script>alert('XSS')</script>"; fail()
