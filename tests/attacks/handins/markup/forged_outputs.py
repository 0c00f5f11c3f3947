"""Outputs written into the journal past every limit: scripts, unknown kinds, and far too much of them."""

for index in range(6):
    for kind in ("display_data", "execute_result", "stream", "error", "update_display_data"):
        script = "<script>alert('XSS')</script><img src=x onerror=alert('XSS')>"
        journal({"event": "cell-end", "index": index, "error": {"type": script, "message": script, "where": script}, "outputs": [
            {"output_type": kind, "data": {"text/html": script, "application/javascript": "alert('XSS')", "image/svg+xml": script, "text/plain": script,
                                           "application/vnd.plotly.v1+json": {"x": script}},
             "metadata": {"text/html": {"isolated": True}}, "text": script, "name": script, "ename": script, "evalue": script,
             "traceback": [script], "execution_count": 1}]})
