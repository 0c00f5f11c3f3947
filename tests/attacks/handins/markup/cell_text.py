"""Scripts in the first line of a cell, which the page quotes."""

print("x")  # <script>alert('XSS')</script><img src=x onerror=alert('XSS')>
