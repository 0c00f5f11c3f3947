"""Scripts in what a cell shows, in every form that a notebook can show."""

from IPython.display import HTML, SVG, Javascript, Markdown, display, publish_display_data

attacks = ["<script>alert('XSS')</script>", "<img src=x onerror=alert('XSS')>", "<svg/onload=alert('XSS')>", "<a href='javascript:alert(1)'>XSS</a>",
           "<iframe srcdoc='<script>alert(1)</script>'>", "<style>@import 'http://x'</style>", "<math><mtext></table><img src=x onerror=alert('XSS')>",
           "<table background='http://x'><tr onmouseover=alert('XSS')><td style='x:expression(alert(1))'>XSS", "<!--><script>alert('XSS')</script>-->",
           "<scr<script></script>ipt>alert('XSS')</scr<script></script>ipt>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
           "<form action='http://x'><input name=marks autofocus onfocus=alert('XSS')>", "<template><script>alert('XSS')</script></template>"]
for text in attacks:
    display(HTML(text))
    display(Markdown(text))
    print(text)
display(Javascript("alert('XSS')"))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><script>alert('XSS')</script></svg>"))
for kind in ("text/html", "text/markdown", "text/latex", "image/svg+xml", "application/javascript", "application/vnd.jupyter.widget-view+json"):
    publish_display_data({kind: "<script>alert('XSS')</script>", "text/plain": "<script>alert('XSS')</script>"})
