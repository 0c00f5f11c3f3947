"""Pictures that are none, and addresses that end early."""

import base64

from IPython.display import publish_display_data

png = b"\x89PNG\r\n\x1a\n"
for data in (base64.b64encode(png).decode() + '"><script>alert(\'XSS\')</script>', "<svg onload=alert('XSS')>", '"onerror="alert(\'XSS\')',
             base64.b64encode(png + b"<script>alert('XSS')</script>").decode(), png + b"<script>alert('XSS')</script>"):
    for kind in ("image/png", "image/jpeg", "image/svg+xml", "image/gif"):
        publish_display_data({kind: data})
